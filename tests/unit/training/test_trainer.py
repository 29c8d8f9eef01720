"""The training on a recipe of seconds: it learns, it is seeded, and a kill costs nothing."""

from __future__ import annotations

import dataclasses
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from draggan_server.checkpoints import load_checkpoint
from draggan_server.stylegan2 import DiscriminatorConfig, GeneratorConfig
from draggan_server.training.data import mixed_factors, sample_batch, sample_z, ws_count
from draggan_server.training.export import export
from draggan_server.training.losses import contrast_weights, focus_weights, psnr
from draggan_server.training.portraits import FACTORS, FactorGroup, factors_from_z
from draggan_server.training.recipe import PORTRAITS, AdversarialFinish, Recipe, Stage
from draggan_server.training.trainer import Progress, Trainer, mixed_ws

TINY = dataclasses.replace(
    PORTRAITS,
    generator=GeneratorConfig(
        z_dim=len(FACTORS), w_dim=16, img_resolution=32, channel_base=256, channel_max=16, mapping_layers=2
    ),
    discriminator=DiscriminatorConfig(img_resolution=32, channel_base=256, channel_max=16),
    stages=(Stage(resolution=16, pictures=64, batch=8, learning_rate=5e-3), Stage(32, 32, 8, 5e-3)),
    finish=AdversarialFinish(
        pictures=32,
        batch=8,
        generator_learning_rate=1e-3,
        discriminator_learning_rate=1e-3,
        warm_up_pictures=8,
        weight=0.01,
        r1_gamma=1.0,
        r1_interval=2,
    ),
    layer_groups=tuple(
        dataclasses.replace(layers, end=8) if layers.group is FactorGroup.APPEARANCE else layers
        for layers in PORTRAITS.layer_groups
    ),
    ema_pictures=40.0,
)
CPU = torch.device("cpu")


class KilledError(Exception):
    pass


def run(folder: Path, recipe: Recipe = TINY, kill_at: int | None = None, compiled: bool = False) -> list[Progress]:
    """Train, saving after every step; `kill_at`: drop everything at the n-th report."""
    seen: list[Progress] = []

    def report(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) == kill_at:
            raise KilledError

    Trainer(recipe, folder, CPU, compiled=compiled).run(report, save_every_seconds=0)
    return seen


def state(folder: Path) -> dict[str, torch.Tensor]:
    trained = Trainer(TINY, folder, CPU)
    return {**trained.average.state_dict(), **{f"D.{k}": v for k, v in trained.discriminator.state_dict().items()}}


def test_it_goes_through_all_phases_and_reports(tmp_path):
    seen = run(tmp_path)
    phases = [(progress.phase, progress.pictures) for progress in seen]
    assert phases == [
        *(("16 px", 8 * i) for i in range(1, 9)),
        *(("32 px", 8 * i) for i in range(1, 5)),
        *(("finish", 8 * i) for i in range(1, 5)),
    ]
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == len(seen)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A training that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    run(folder)
    return folder


@pytest.mark.parametrize("kill_at", [3, 8, 10, 14])
def test_killed_and_resumed_is_the_same_as_never_killed(whole, tmp_path, kill_at):
    with pytest.raises(KilledError):
        run(tmp_path, kill_at=kill_at)
    run(tmp_path)
    expected, resumed = state(whole), state(tmp_path)
    assert all(torch.equal(expected[name], resumed[name]) for name in expected)


def test_another_seed_is_another_model(whole, tmp_path):
    run(tmp_path, dataclasses.replace(TINY, seed=2))
    name = "synthesis.b8.conv0.weight"
    assert not torch.equal(state(whole)[name], state(tmp_path)[name])


@pytest.mark.skipif(not any(map(shutil.which, ("g++", "clang++"))), reason="torch compiles with a C++ compiler")
def test_compiled_is_the_same_training(tmp_path):
    recipe = dataclasses.replace(
        TINY, stages=(Stage(8, 64, 8, 5e-3),), finish=dataclasses.replace(TINY.finish, pictures=0)
    )
    eager, compiled = (run(tmp_path / str(c), recipe, compiled=c) for c in (False, True))
    assert [progress.loss for progress in compiled] == pytest.approx([progress.loss for progress in eager], rel=1e-3)
    assert eager[0].loss != pytest.approx(eager[-1].loss, rel=1e-2), "so that equal losses say something"


def test_it_learns(tmp_path):
    no_finish = dataclasses.replace(TINY.finish, pictures=0)
    recipe = dataclasses.replace(TINY, stages=(Stage(16, 6000, 32, 1e-2),), finish=no_finish, ema_pictures=500.0)
    trainer = Trainer(recipe, tmp_path, CPU)
    before = trainer.validation_psnr(16)
    trainer.run(lambda progress: None)
    assert trainer.validation_psnr(16) > before + 6


def test_a_real_kill_leaves_a_state_that_loads(tmp_path):
    """SIGKILL at a moment of its own choosing, while the command line trains the real recipe."""
    command = [sys.executable, "-m", "draggan_server.training", "train", "portraits", "--threads", "1"]
    command += ["--out", str(tmp_path), "--save-every", "0.2"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (tmp_path / "state.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.37)
    process.send_signal(signal.SIGKILL)
    process.wait()
    trainer = Trainer(PORTRAITS, tmp_path, CPU)
    assert trainer._pictures > 0


class TestData:
    def test_mixing_takes_each_group_from_its_own_z(self):
        z = sample_z(64, dataclasses.replace(PORTRAITS, mixing=1.0), torch.Generator().manual_seed(0))
        factors = mixed_factors(z, PORTRAITS, 128)
        for g, layers in enumerate(PORTRAITS.layer_groups):
            columns = [i for i, factor in enumerate(FACTORS) if factor.group is layers.group]
            torch.testing.assert_close(factors[:, columns], factors_from_z(z[:, g])[:, columns])
        different = (z[:, 0] != z[:, 1]).any(dim=1).float().mean()
        assert 0.25 < different < 0.75

    def test_without_mixing_one_z_draws_the_whole_picture(self):
        z = sample_z(16, dataclasses.replace(PORTRAITS, mixing=0.0), torch.Generator().manual_seed(0))
        assert torch.equal(z[:, 0], z[:, 1]) and torch.equal(z[:, 0], z[:, 2])

    def test_colours_wait_for_the_blocks_that_carry_them(self):
        z = sample_z(4, PORTRAITS, torch.Generator().manual_seed(0))
        colours = [i for i, factor in enumerate(FACTORS) if factor.group is FactorGroup.APPEARANCE]
        assert (mixed_factors(z, PORTRAITS, 16)[:, colours] == 0.5).all()
        assert (mixed_factors(z, PORTRAITS, 32)[:, colours] != 0.5).all()
        assert (ws_count(16), ws_count(32), ws_count(128)) == (6, 8, 12)

    def test_layers_take_the_w_of_their_group(self, tmp_path):
        trainer = Trainer(TINY, tmp_path, CPU)
        batch = sample_batch(3, 32, TINY, torch.Generator().manual_seed(1), CPU)
        ws = mixed_ws(trainer.generator, batch.z, TINY)
        for g, layers in enumerate(TINY.layer_groups):
            expected = trainer.generator.mapping(batch.z[:, g])[:, layers.first : layers.end]
            torch.testing.assert_close(ws[:, layers.first : layers.end], expected)


class TestLosses:
    def test_edges_weigh_more(self):
        picture = torch.zeros(1, 3, 16, 16)
        picture[..., 8:] = 1
        weights = contrast_weights(picture, 1.0)
        assert weights[0, 0, 8, 8] > 2 * weights[0, 0, 8, 1]

    def test_the_focus_weighs_more_and_the_mean_stays(self):
        weights = focus_weights(64, PORTRAITS.domain.focus, 4.0)[0, 0]
        assert weights.mean() == pytest.approx(1, abs=1e-5)
        assert weights[37, 32] > 3 * weights[2, 2]
        assert (focus_weights(64, PORTRAITS.domain.focus, 0.0) == 1).all()

    def test_psnr_by_hand(self):
        a, b = torch.zeros(2, 3, 4, 4), torch.full((2, 3, 4, 4), 0.2)
        torch.testing.assert_close(psnr(a, b), torch.full((2,), 20.0))


def test_export_is_a_model_file_that_draws_the_same(whole, tmp_path):
    file = tmp_path / "tiny.safetensors"
    export(TINY, whole, file)
    loaded = load_checkpoint(file)
    trained = Trainer(TINY, whole, CPU)
    ws = trained.average.mapping(torch.randn(2, len(FACTORS)))
    assert (loaded.generator.image(ws) - trained.average.image(ws)).abs().max() < 0.02
    assert loaded.discriminator is not None
    assert {point.name for point in loaded.card.alignment.points} == {
        "eye_left",
        "eye_right",
        "mouth_left",
        "mouth_right",
    }
    assert loaded.generator.w_avg.abs().max() > 0
