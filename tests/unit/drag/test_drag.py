"""What a drag promises: ends, references, pins, the latent's moving part, and clear refusals."""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace

import pytest
import torch

from draggan_server.drag import (
    MAX_POINTS,
    DragDivergedError,
    DragEnd,
    DragInputError,
    DragPoint,
    DragSettings,
    LatentSpace,
    Norm,
    Point,
    drag,
)
from draggan_server.drag.feature_map import FeatureMap
from draggan_server.drag.points import Reference
from draggan_server.drag.supervision import direction, disc_offsets
from draggan_server.drag.tracking import Tracker, square_offsets
from draggan_server.stylegan2 import Box, FeatureWindows, Generator, Window

SETTINGS = DragSettings(feature_resolution=32, step_size=0.02, max_steps=40)
START, TARGET = Point(30.0, 30.0), Point(36.0, 30.0)
ONE = [DragPoint(START, TARGET)]


class TestEnds:
    def test_step_limit(self, generator, ws):
        steps = list(drag(generator, ws, ONE, None, replace(SETTINGS, max_steps=3)))
        assert [step.step for step in steps] == [0, 1, 2, 3]
        assert [step.end for step in steps] == [None, None, None, DragEnd.STEP_LIMIT]

    def test_reached(self, generator, ws):
        near = [DragPoint(START, Point(32.5, 30.0))]
        steps = list(drag(generator, ws, near, None, replace(SETTINGS, max_steps=300)))
        assert steps[-1].end is DragEnd.REACHED
        assert steps[-1].distances[0] <= 1.0 < steps[-2].distances[0]
        assert not torch.equal(steps[-1].ws, ws)

    def test_stalled(self, generator, ws):
        settings = replace(SETTINGS, step_size=1e-6, patience_steps=5, max_steps=100)
        steps = list(drag(generator, ws, ONE, None, settings))
        assert (steps[-1].end, steps[-1].step) == (DragEnd.STALLED, 5)

    def test_a_drag_of_pins_alone_has_nothing_to_do(self, generator, ws):
        steps = list(drag(generator, ws, [DragPoint(START, START)], None, SETTINGS))
        assert [step.end for step in steps] == [DragEnd.REACHED]
        assert torch.equal(steps[0].ws, ws)

    @pytest.mark.parametrize("count, tolerance", [(1, 1.0), (5, 1.0), (6, 2.0)])
    def test_tolerance_is_the_papers(self, count, tolerance):
        assert DragSettings().tolerance(count) == tolerance
        assert DragSettings(tolerance_px=0.5).tolerance(count) == 0.5

    def test_diverged(self, generator, ws):
        with pytest.raises(DragDivergedError, match="smaller step size"):
            list(drag(generator, ws * 1e308, ONE, None, replace(SETTINGS, step_size=1.0)))

    def test_the_consumer_may_close_it(self, generator, ws):
        steps = drag(generator, ws, ONE, None, SETTINGS)
        next(steps)
        steps.close()
        assert list(steps) == []


class TestLatent:
    def test_w_plus_moves_the_first_six_each_its_own_way(self, generator, ws):
        *_, last = drag(generator, ws, ONE, None, SETTINGS)
        change = last.ws - ws
        assert torch.equal(change[:, 6:], torch.zeros_like(change[:, 6:]))
        assert change[:, :6].abs().amin(dim=2).min() > 0
        assert not torch.allclose(change[:, 0], change[:, 1])

    def test_w_moves_them_all_alike(self, generator, ws):
        *_, last = drag(generator, ws, ONE, None, replace(SETTINGS, latent_space=LatentSpace.W))
        change = last.ws - ws
        torch.testing.assert_close(change[:, :6], change[:, :1].expand(-1, 6, -1))
        assert change[:, 0].abs().min() > 0 and change[:, 6:].abs().max() == 0

    @pytest.mark.parametrize("resolution, moving", [(4, 1), (8, 2), (16, 4), (32, 6), (256, 10)])
    def test_moving_resolution(self, resolution, moving):
        assert DragSettings(moving_resolution=resolution).moving_ws(10) == moving

    def test_nothing_is_written_to_the_generator_nor_to_the_start(self, generator, ws):
        generator.requires_grad_(True)
        before, start = {k: v.clone() for k, v in generator.state_dict().items()}, ws.clone()
        list(drag(generator, ws, ONE, None, SETTINGS))
        assert all(parameter.grad is None for parameter in generator.parameters())
        assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())
        assert torch.equal(ws, start)

    def test_it_works_where_gradients_are_off(self, generator, ws):
        with torch.no_grad():
            *_, last = drag(generator, ws, ONE, None, SETTINGS)
        assert not torch.equal(last.ws, ws)

    def test_steps_are_their_own(self, generator, ws):
        """A consumer that keeps a step must not see it change."""
        kept = []
        for step in drag(generator, ws, ONE, None, replace(SETTINGS, max_steps=3)):
            kept.append((step.ws, step.ws.clone()))
        assert all(torch.equal(now, then) for now, then in kept)


class TestReferences:
    def test_adding_a_point_does_not_rebase_the_others(self, generator, ws):
        *_, first = drag(generator, ws, ONE, None, SETTINGS)
        (moved,) = first.points
        assert moved.reference.position == START
        again = [
            replace(moved, target=Point(moved.handle.x, moved.handle.y + 5)),
            DragPoint(Point(50, 50), Point(50, 50)),
        ]
        second = next(iter(drag(generator, first.ws, again, None, SETTINGS)))
        assert torch.equal(second.points[0].reference.feature, moved.reference.feature)
        new = second.points[1].reference
        features = FeatureMap.of_whole(generator.features(first.ws, 32)[0], 64)
        torch.testing.assert_close(new.feature, features.read(torch.tensor([[[50.0, 50.0]]]).double())[0, 0])

    def test_a_reference_of_another_block_is_refused(self, generator, ws):
        point = DragPoint(START, TARGET, Reference(START, torch.zeros(24).double(), resolution=16))
        with pytest.raises(DragInputError, match="point 1 was put on features of the 16 px block"):
            next(drag(generator, ws, [point], None, SETTINGS))

    def test_a_reference_of_another_model_is_refused(self, generator, ws):
        channels = generator.config.channels(32)
        point = DragPoint(START, TARGET, Reference(START, torch.zeros(channels + 1).double(), resolution=32))
        with pytest.raises(DragInputError, match=rf"point 2 .* shape \[{channels + 1}\] .* has {channels} channels"):
            next(drag(generator, ws, [*ONE, point], None, SETTINGS))

    def test_tracking_finds_a_planted_feature(self):
        features = torch.zeros(3, 32, 32, dtype=torch.float64)
        features[:, 12, 17] = torch.tensor([1.0, 2.0, 3.0])
        reference = Reference(Point(0, 0), features[:, 12, 17].clone(), 32)
        for norm in Norm:
            # Feature pixel (17, 12) of 32 has its centre at (35, 25) of 64 px.
            point = DragPoint(Point(33.0, 22.5), Point(0, 0), reference)
            found = Tracker(4.0, norm, 64, 64)(FeatureMap.of_whole(features, 64), [point])
            assert found == [Point(35.0, 25.0)]

    def test_of_equal_features_the_nearest_is_taken(self):
        features = torch.ones(3, 32, 32)
        point = DragPoint(Point(20.25, 9.75), Point(0, 0), Reference(Point(0, 0), torch.ones(3), 32))
        assert Tracker(4.0, Norm.L2, 64, 64)(FeatureMap.of_whole(features, 64), [point]) == [point.handle]


class TestPinsAndMask:
    def test_a_pin_holds_its_place(self, generator, ws):
        pin = Point(33.0, 33.0)

        def drift(points):
            *_, last = drag(generator, ws, points, None, SETTINGS)
            at = torch.tensor([[[pin.x, pin.y]]]).double()
            before, after = (FeatureMap.of_whole(generator.features(w, 32)[0], 64).read(at) for w in (ws, last.ws))
            return (after - before).abs().mean()

        assert drift([*ONE, DragPoint(pin, pin)]) < 0.5 * drift(ONE)

    def test_the_mask_holds_what_it_does_not_select(self, generator, ws):
        mask = torch.zeros(64, 64)
        mask[20:44, 20:50] = 1
        outside = (mask == 0).double()

        def change(used):
            *_, last = drag(generator, ws, ONE, used, SETTINGS)
            return ((generator.image(last.ws) - generator.image(ws)).abs() * outside).mean()

        held, free = change(mask), change(None)
        assert held < 0.5 * free
        assert change(1 - mask) > held, "an inverted mask must not do the same"

    def test_a_mask_of_ones_is_no_mask(self, generator, ws):
        *_, with_ones = drag(generator, ws, ONE, torch.ones(64, 64), SETTINGS)
        *_, without = drag(generator, ws, ONE, None, SETTINGS)
        torch.testing.assert_close(with_ones.ws, without.ws)


class TestRefusals:
    """All at the call, before anything is computed."""

    @pytest.mark.parametrize(
        "points, message",
        [
            ([], "no points"),
            (
                [DragPoint(Point(-0.5, 3), START)],
                r"handle of point 1, \(-0\.5, 3\), lies outside the picture of 64 x 64",
            ),
            ([*ONE, DragPoint(START, Point(3, 64.5))], r"target of point 2, \(3, 64\.5\), lies outside"),
            ([DragPoint(Point(math.nan, 3), START)], "handle of point 1 is not a number"),
            ([DragPoint(START, Point(3, math.inf))], "target of point 1 is not a number"),
            (ONE * (MAX_POINTS + 1), "101 points are more than the 100"),
        ],
    )
    def test_points(self, generator, ws, points, message):
        with pytest.raises(DragInputError, match=message):
            drag(generator, ws, points, None, SETTINGS)

    @pytest.mark.parametrize(
        "mask, message",
        [
            (torch.ones(32, 64), r"mask must be \[64, 64\] like the model's picture, not \[32, 64\]"),
            (torch.zeros(64, 64), "0 everywhere, so nothing may change"),
            (torch.full((64, 64), 1.5), "numbers from 0"),
            (torch.full((64, 64), math.nan), "numbers from 0"),
        ],
    )
    def test_mask(self, generator, ws, mask, message):
        with pytest.raises(DragInputError, match=message):
            drag(generator, ws, ONE, mask, SETTINGS)

    def test_latent(self, generator, ws):
        with pytest.raises(DragInputError, match=r"\[1, 10, 24\] for this model, not \[1, 9, 24\]"):
            drag(generator, ws[:, 1:], ONE)
        with pytest.raises(DragInputError, match="must be finite"):
            drag(generator, ws * math.nan, ONE)

    def test_feature_resolution_that_the_model_lacks(self, generator, ws):
        with pytest.raises(DragInputError, match="no block at 128 px to read features from; it has 4, 8, 16, 32, 64"):
            drag(generator, ws, ONE, None, DragSettings(feature_resolution=128))

    @pytest.mark.parametrize(
        "change",
        [
            {"step_size": 0.0},
            {"step_size": math.nan},
            {"max_steps": 0},
            {"mask_weight": -1.0},
            {"supervision_radius_fraction": 0.5},
            {"tolerance_px": 0.0},
            {"feature_resolution": 100},
            {"moving_resolution": 2},
        ],
    )
    def test_settings(self, change):
        (name,) = change
        with pytest.raises(DragInputError, match=f"{name} must"):
            DragSettings(**change)


class TestWindows:
    """A drag reads windows; its path must be the one that the whole map gives."""

    POINTS = (
        DragPoint(START, TARGET),
        DragPoint(Point(2.0, 60.0), Point(8.0, 57.0)),
        DragPoint(Point(50.0, 13.5), Point(50.0, 13.5)),
        DragPoint(Point(52.0, 20.0), Point(46.0, 26.0)),
    )

    @pytest.mark.parametrize("masked", [False, True])
    @pytest.mark.parametrize("count", [1, 4])
    @pytest.mark.parametrize("resolution", [16, 32, 64])
    def test_fifty_steps_give_the_same_handles(self, generator, ws, monkeypatch, count, resolution, masked):
        settings = replace(SETTINGS, feature_resolution=resolution, max_steps=50, tolerance_px=0.01)
        points, sizes = self.POINTS[:count], set()
        mask = torch.zeros(64, 64).index_fill(1, torch.arange(20, 50), 1.0) if masked else None

        def paths():
            return [[point.handle for point in step.points] for step in drag(generator, ws, points, mask, settings)]

        real = Generator.feature_windows

        def windowed(self, ws, resolution, boxes, noise, whole_at, moving):
            found = real(self, ws, resolution, boxes, noise, whole_at, moving)
            sizes.update((window.box.height, window.box.width) for window in found.windows)
            return found

        def whole(self, ws, resolution, boxes, noise, whole_at, moving):
            held = None if whole_at is None else self.features(ws, whole_at, noise)[0]
            return FeatureWindows(
                (Window(Box.whole(resolution, resolution), self.features(ws, resolution, noise)[0]),), held
            )

        monkeypatch.setattr(Generator, "feature_windows", windowed)
        by_windows = paths()
        monkeypatch.setattr(Generator, "feature_windows", whole)
        assert by_windows == paths()
        assert len(by_windows) == 51 or (resolution, count) == (16, 1), "this one arrives early"
        if count == 1 and not masked:
            assert len(sizes) == 1, "one window keeps its size"
            assert (resolution, resolution) not in sizes or resolution == 16, "no windows were used"


class TestSettingsOf:
    def test_later_layers_win_and_none_is_no_wish(self):
        settings = DragSettings.of({"step_size": 0.01, "latent_space": "w"}, {"step_size": 0.02, "latent_space": None})
        assert settings == DragSettings(step_size=0.02, latent_space=LatentSpace.W)
        assert DragSettings.of({}, {"max_steps": None}) == DragSettings()

    def test_values_that_are_not_allowed_are_named(self):
        with pytest.raises(DragInputError, match=r"latent_space must be one of 'w', 'w\+', not 'z'"):
            DragSettings.of({"latent_space": "z"})
        with pytest.raises(DragInputError, match="step_size must lie in"):
            DragSettings.of({"step_size": -1})


class TestPieces:
    def test_direction_is_a_pixel_long_and_shorter_near_the_target(self):
        assert direction(Point(0, 0), Point(30, 40)) == pytest.approx((0.6, 0.8))
        assert direction(Point(0, 0), Point(0.3, 0.4)) == pytest.approx((0.3, 0.4))
        assert direction(Point(5, 5), Point(5, 5)) == (0, 0)

    def test_offsets(self):
        assert len(disc_offsets(3.0)) == 29
        assert len(disc_offsets(0.75)) == 5
        square = square_offsets(3.0, 1.0)
        assert len(square) == 49 and square[0].tolist() == [0, 0] and square.abs().max() == 3

    def test_sampling_at_centres_between_and_outside(self):
        features = torch.arange(16.0).reshape(1, 4, 4)
        places = torch.tensor([[1.0, 1.0], [2.0, 1.0], [2.0, 2.0], [-9.0, 99.0]]).double()[None]
        assert FeatureMap.of_whole(features, 8).read(places)[0, :, 0].tolist() == [0.0, 0.5, 2.5, 12.0]


def test_the_parts_of_a_step_can_be_watched(generator, ws):
    entered = []

    @contextlib.contextmanager
    def watch(part):
        entered.append(part)
        yield

    steps = list(drag(generator, ws, ONE, None, replace(SETTINGS, max_steps=2), watch=watch))
    assert steps[-1].step == 2
    step = ["features", "tracking", "loss"]
    assert entered == ["features", "loss", "gradient", *step, "gradient", *step]
