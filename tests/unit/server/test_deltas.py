"""What tuning adds to a model's weights, in bytes: the same after the way through them, and refused when damaged."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import msgpack
import pytest
import torch

from draggan_client.errors import EditStateError
from draggan_server.server import deltas
from draggan_server.stylegan2 import Generator, GeneratorConfig, LowRank, WeightDelta

NAME = "synthesis.b8.conv0.weight"


@pytest.fixture(scope="module")
def generator() -> Generator:
    torch.manual_seed(0)
    return Generator(GeneratorConfig(z_dim=8, w_dim=8, img_resolution=16, channel_base=128, channel_max=8))


@pytest.fixture
def delta(generator: Generator) -> WeightDelta:
    out, *rest = generator.get_parameter(NAME).shape
    columns = rest[0] * rest[1] * rest[2]
    return WeightDelta({NAME: LowRank(torch.randn(out, 2), torch.randn(2, columns))})


def test_it_comes_back_in_half_precision(generator: Generator, delta: WeightDelta):
    packed = deltas.pack(delta)
    again = deltas.unpack(packed, generator)
    assert deltas.pack(again) == packed
    for part, other in (
        (delta.parts[NAME].left, again.parts[NAME].left),
        (delta.parts[NAME].right, again.parts[NAME].right),
    ):
        assert torch.equal(other, part.half().float())
    changed = generator.tuned(again).get_parameter(NAME) - generator.get_parameter(NAME)
    assert changed.abs().max() > 0


def broken(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    def damage(packed: bytes) -> bytes:
        plain = copy.deepcopy(msgpack.unpackb(packed))
        change(plain)
        return msgpack.packb(plain)

    return damage


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "noise": lambda _: b"\xc1" * 50,
    "cut": lambda packed: packed[:-1],
    "a list": lambda _: msgpack.packb([1, 2]),
    "no parts": broken(lambda plain: plain["parts"].clear()),
    "no version": broken(lambda plain: plain.pop("version")),
    "another version": broken(lambda plain: plain.update(version=2)),
    "another model's weight": broken(lambda plain: plain["parts"].update(other=plain["parts"].pop(NAME))),
    "a weight of the mapping": broken(
        lambda plain: plain["parts"].update({"mapping.fc0.weight": plain["parts"].pop(NAME)})
    ),
    "one matrix": broken(lambda plain: plain["parts"][NAME].pop()),
    "a side of text": broken(lambda plain: plain["parts"][NAME][0][0].__setitem__(0, "8")),
    "a negative side": broken(lambda plain: plain["parts"][NAME][0][0].__setitem__(0, -8)),
    "an endless side": broken(lambda plain: plain["parts"][NAME][0][0].__setitem__(1, 2**62)),
    "too few numbers": broken(lambda plain: plain["parts"][NAME][0].__setitem__(1, b"\0\0")),
    "text for numbers": broken(lambda plain: plain["parts"][NAME][0].__setitem__(1, "x" * 32)),
    "NaN": broken(lambda plain: plain["parts"][NAME][0].__setitem__(1, b"\x00\x7e" * 16)),
    "infinity": broken(lambda plain: plain["parts"][NAME][0].__setitem__(1, b"\x00\x7c" * 16)),
    "other rows": broken(lambda plain: plain["parts"].update({NAME: [[[4, 2], bytes(16)], plain["parts"][NAME][1]]})),
    "two ranks": broken(lambda plain: plain["parts"][NAME].__setitem__(0, [[8, 1], bytes(16)])),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_told(generator: Generator, delta: WeightDelta, damage: str):
    packed = DAMAGES[damage](deltas.pack(delta))
    with pytest.raises(EditStateError, match="damaged"):
        deltas.tuned(generator, packed)


def test_too_large_a_one_is_not_even_read(generator: Generator):
    with pytest.raises(EditStateError):
        deltas.tuned(generator, bytes(deltas.MAX_DELTA_BYTES + 1))
