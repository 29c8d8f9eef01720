"""Procedural portrait illustrations with known factors and known landmarks: the bundled model's teacher."""

from ..factors import Factor, FactorGroup, factors_from_z
from .factors import FACTOR_INDEX, FACTORS
from .landmarks import LANDMARK_INDEX, LANDMARKS, landmark_visibility, landmarks
from .renderer import render

__all__ = [
    "FACTORS",
    "FACTOR_INDEX",
    "LANDMARKS",
    "LANDMARK_INDEX",
    "Factor",
    "FactorGroup",
    "factors_from_z",
    "landmark_visibility",
    "landmarks",
    "render",
]
