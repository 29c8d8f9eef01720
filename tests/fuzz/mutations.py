"""Files that differ a little from good ones: without a guide, for systems where atheris does not exist."""

from __future__ import annotations

import random
from collections.abc import Sequence


def mutated(data: bytes, words: Sequence[bytes], others: Sequence[bytes], chosen: random.Random) -> bytes:
    """The file with bits flipped, bytes set, words put in or over, pieces doubled, cut, or taken from another."""
    file = bytearray(data)
    for _ in range(chosen.choice((1, 1, 1, 2, 4, 8))):
        if not file:
            break
        place, length = chosen.randrange(len(file)), chosen.choice((1, 2, 4, 8, 32, 256))
        kind = chosen.randrange(7)
        if kind == 0:
            file[place] ^= 1 << chosen.randrange(8)
        elif kind == 1:
            file[place] = chosen.choice((0, 1, 0x7F, 0x80, 0xFF, chosen.randrange(256)))
        elif kind == 2:
            file[place:place] = chosen.choice(words)
        elif kind == 3:
            word = chosen.choice(words)
            file[place : place + len(word)] = word
        elif kind == 4:
            file[place:place] = file[place : place + length]
        elif kind == 5:
            del file[place : place + length]
        else:
            other = chosen.choice(others)
            start = chosen.randrange(len(other))
            file[place : place + length] = other[start : start + length]
    return bytes(file)
