"""Procedural cars in side view with known factors and known landmarks: the second bundled model's teacher."""

from .factors import FACTOR_INDEX, FACTORS
from .landmarks import LANDMARK_INDEX, LANDMARKS, landmark_visibility, landmarks
from .renderer import render

__all__ = [
    "FACTORS",
    "FACTOR_INDEX",
    "LANDMARKS",
    "LANDMARK_INDEX",
    "landmark_visibility",
    "landmarks",
    "render",
]
