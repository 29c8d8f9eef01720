"""Which PyTorch is taken: decided by a real pip, from real answers."""

from __future__ import annotations

import functools
import http.server
import threading
from pathlib import Path

import pytest

from install import torch_build
from install.environment import Environment
from install.errors import InstallError
from install.torch_build import (
    AS_PIP_IS_CONFIGURED,
    CONSTRAINTS,
    Computer,
    Gpu,
    Source,
    choose,
    find_nvidia_gpu,
    sources,
)
from tests.unit.install.wheels import write_wheel

CHECKOUT = Path(__file__).resolve().parents[3]
NO_GPU = Computer("Linux", "x86_64", None)
WITH_GPU = Computer("Linux", "x86_64", Gpu("NVIDIA GeForce RTX 4090", 581))
TORCH = CONSTRAINTS.read_text().split("torch==")[1].strip()


def test_without_a_gpu_the_plan_holds_no_package_for_gpus(bare_environment: Environment):
    choice = choose(bare_environment, (str(CHECKOUT),), NO_GPU, print)
    names = {package.name.lower() for package in choice.plan.packages}
    assert {"draggan-server", "torch", "numpy", "flask", "msgpack"} <= names
    assert not [name for name in names if name.startswith(("nvidia", "cuda", "triton"))]


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What pip is configured with: a registry whose only PyTorch is for NVIDIA's cards."""
    folder = tmp_path / "registry"
    write_wheel(folder, "torch", TORCH, requires=("nvidia-cudnn-cu13", "triton"))
    write_wheel(folder, "nvidia-cudnn-cu13", "9.20")
    write_wheel(folder, "triton", "3.7")
    for variable in ("PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def pytorch_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """PyTorch's server, on this computer: one index for the processor, one for each CUDA release."""
    folder = tmp_path / "pytorch"
    for build in ("cpu", "cu126", "cu130"):
        wheel = write_wheel(folder / build / "torch", "torch", f"{TORCH}+{build}")
        (wheel.parent / "index.html").write_text(f'<a href="{wheel.name.replace("+", "%2B")}">{wheel.name}</a>')
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        monkeypatch.setattr(torch_build, "PYTORCH_SERVER", address)
        yield address
        server.shutdown()


@pytest.fixture
def no_pytorch_server(monkeypatch: pytest.MonkeyPatch):
    """Nothing listens on this port."""
    monkeypatch.setattr(torch_build, "PYTORCH_SERVER", "http://127.0.0.1:9/")
    monkeypatch.setenv("PIP_NO_INDEX", "1")


def test_without_a_gpu_gigabytes_for_one_are_refused(bare_environment, registry, no_pytorch_server):
    with pytest.raises(InstallError, match="nvidia-cudnn-cu13") as refused:
        choose(bare_environment, ("torch",), NO_GPU, print)
    assert "nothing was installed" in str(refused.value)
    assert "no answer" in str(refused.value)


def test_with_a_gpu_they_are_taken(bare_environment, registry, no_pytorch_server):
    choice = choose(bare_environment, ("torch",), WITH_GPU, print)
    assert choice.source == AS_PIP_IS_CONFIGURED
    assert {package.name for package in choice.plan.gpu_packages} == {"nvidia-cudnn-cu13", "triton"}


@pytest.mark.parametrize(
    ("gpu", "build"),
    [
        (None, "cpu"),
        (Gpu("NVIDIA H200", 580), "cu130"),
        (Gpu("NVIDIA GeForce GTX 1080", 550), "cu126"),
        (Gpu("NVIDIA GeForce GTX 780", 470), "cpu"),
    ],
)
def test_pytorchs_own_server_is_preferred(bare_environment, registry, pytorch_server, gpu, build):
    choice = choose(bare_environment, ("torch",), Computer("Linux", "x86_64", gpu), print)
    (torch,) = choice.plan.packages
    assert torch.version == f"{TORCH}+{build}"
    assert torch.url.startswith(f"{pytorch_server}{build}/")
    assert (
        torch.size()
        == (registry.parent / "pytorch" / build / "torch")
        .joinpath(f"torch-{TORCH}+{build}-py3-none-any.whl")
        .stat()
        .st_size
    )


def test_a_server_that_answers_without_a_build_is_passed_over(bare_environment, registry, pytorch_server):
    write_wheel(registry, "torch", f"{TORCH}+local")
    for page in (registry.parent / "pytorch").rglob("index.html"):
        page.write_text("")
    choice = choose(bare_environment, ("torch",), NO_GPU, print)
    assert choice.plan.packages[0].version == f"{TORCH}+local"


def test_a_mac_takes_the_one_build_there_is():
    assert list(sources(Computer("Darwin", "arm64", None))) == [AS_PIP_IS_CONFIGURED]


def test_a_silent_server_is_asked_once_and_briefly():
    assert not Source("nobody", "http://127.0.0.1:9/whl/cpu").answers()


@pytest.mark.parametrize(
    ("script", "gpu"),
    [
        ("echo '581.10.02, NVIDIA GeForce RTX 4090'", Gpu("NVIDIA GeForce RTX 4090", 581)),
        ("echo '550.54, NVIDIA A100'; echo '550.54, NVIDIA A100'", Gpu("NVIDIA A100", 550)),
        ("echo 'NVIDIA-SMI has failed because it could not communicate with the driver'; exit 9", None),
        ("echo 'No devices were found'; exit 6", None),
        ("exit 0", None),
    ],
)
def test_the_driver_is_asked_for_a_gpu(programs, script, gpu):
    tool = programs / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    assert find_nvidia_gpu() == gpu


def test_without_a_driver_there_is_no_gpu(programs):
    assert find_nvidia_gpu() is None


def test_the_graphics_card_can_be_left_out(programs):
    tool = programs / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho '581.10.02, NVIDIA GeForce RTX 4090'\n")
    tool.chmod(0o755)
    assert Computer.this_one().gpu
    assert Computer.this_one(ignore_gpu=True).build == "cpu"
