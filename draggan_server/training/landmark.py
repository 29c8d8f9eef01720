"""A named point on a feature of a drawn picture: what every domain says of its landmarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Landmark:
    """A named point on a visible feature.

    ``moved_by`` maps the factors that move the point to how far it goes when the factor runs from 0 to 1,
    in picture widths (an average over random pictures), the strongest factor first.
    """

    name: str
    kind: str
    moved_by: Mapping[str, float]
