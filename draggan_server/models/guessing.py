"""What a model draws, and where it expects eyes and mouth, as far as its file's name tells."""

from __future__ import annotations

import re
from dataclasses import dataclass

from draggan_server.checkpoints import Alignment, AlignmentPoint

UNKNOWN = "unknown"
"""What a file says of which nothing is known."""

_FFHQ = Alignment(
    (
        AlignmentPoint("eye_left", 0.375, 0.473),
        AlignmentPoint("eye_right", 0.625, 0.473),
        AlignmentPoint("mouth_left", 0.405, 0.735),
        AlignmentPoint("mouth_right", 0.595, 0.735),
    )
)
"""From the rule by which CelebA-HQ, FFHQ and MetFaces were cut (Karras et al. 2018, appendix C): the side of a picture
is 4 times the distance of the eyes or 3.6 times that from eyes to mouth, whichever is more, and the middle lies a tenth
of the latter below the eyes. For a face whose mouth is 1.05 eye distances below its eyes, and 0.76 of one wide."""

ALIGNMENTS = {"ffhq": _FFHQ}
"""The known ones by name."""


@dataclass(frozen=True)
class Guess:
    """What a name tells. `alignment`: a name in ALIGNMENTS, or None."""

    domain: str = UNKNOWN
    alignment: str | None = None


_WORDS: tuple[tuple[str, Guess], ...] = (
    (r"met-?faces-?u", Guess("faces in paintings")),
    (r"met-?faces", Guess("faces in paintings", "ffhq")),
    (r"ffhq-?u", Guess("photographs of faces")),
    (r"ffhq|celeba-?hq", Guess("photographs of faces", "ffhq")),
    (r"faces?", Guess("faces")),
    (r"shhq|humans?", Guess("photographs of people, full length")),
    (r"afhq-?(v2)?-?cats?|cats?", Guess("cats")),
    (r"afhq-?(v2)?-?dogs?|dogs?", Guess("dogs")),
    (r"afhq-?(v2)?-?wild|wild", Guess("wild animals")),
    (r"afhq(v2)?", Guess("cats, dogs and wild animals")),
    (r"lions?", Guess("lions")),
    (r"elephants?", Guess("elephants")),
    (r"giraffes?", Guess("giraffes")),
    (r"parrots?", Guess("parrots")),
    (r"horses?", Guess("horses")),
    (r"bicycles?", Guess("bicycles")),
    (r"cars?", Guess("cars")),
    (r"church(es)?", Guess("churches")),
    (r"bedrooms?", Guess("bedrooms")),
    (r"wiki-?art|paintings?", Guess("paintings")),
    (r"landscapes?|lhq", Guess("landscapes")),
    (r"anime|danbooru", Guess("anime")),
    (r"(micro)?scopy|brecahad", Guess("microscope pictures")),
)
"""The first that is found as a word of its own, or as one with a number behind it, tells."""


def guess(name: str) -> Guess:
    """From a file's name: "stylegan2-ffhq-config-f" is of faces, and aligned as FFHQ is."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower())
    for words, found in _WORDS:
        if re.search(rf"(?<![a-z])({words})(?![a-z])", plain):
            return found
    return Guess()
