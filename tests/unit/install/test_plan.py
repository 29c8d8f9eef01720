"""What the artist is told of the plan."""

from __future__ import annotations

import pytest

from install.plan import Package, Plan, Sizes

TORCH = Package("torch", "2.13.0", "https://example.org/torch-2.13.0-py3-none-any.whl")
FLASK = Package("flask", "3.1.3", "https://example.org/flask-3.1.3-py3-none-any.whl")


@pytest.mark.parametrize(
    "name",
    [
        "nvidia-cublas",
        "nvidia_cudnn_cu13",
        "NVIDIA-NCCL-cu13",
        "cuda-toolkit",
        "triton",
        "pytorch-triton-rocm",
    ],
)
def test_packages_for_gpus_are_recognised(name):
    assert Plan((Package(name, "1", ""),)).gpu_packages


@pytest.mark.parametrize("name", ["torch", "numpy", "tritonclient", "pycuda-not", "draggan-server"])
def test_others_are_not(name):
    assert not Plan((Package(name, "1", ""),)).gpu_packages


def test_the_download_is_told_with_its_large_parts():
    told = Sizes({TORCH: 191_794_682, FLASK: 103_424}).described()
    assert "2 packages, 192 MB" in told
    assert "torch 2.13.0: 192 MB" in told
    assert "flask" not in told


def test_sizes_that_nobody_tells_are_not_hidden():
    assert "not told: flask" in Sizes({TORCH: 191_794_682, FLASK: None}).described()


def test_files_of_this_computer_are_no_download_but_need_room(tmp_path):
    wheel = tmp_path / "torch 2é.whl"
    wheel.write_bytes(b"x" * 1234)
    sizes = Plan((Package("torch", "2", wheel.as_uri()),)).sizes()
    assert sizes.described() == "Nothing is to be downloaded."
    assert sizes.known_bytes == 1234


def test_a_size_that_cannot_be_asked_for_is_unknown():
    assert Package("x", "1", "http://127.0.0.1:9/x-1-py3-none-any.whl").size() is None
