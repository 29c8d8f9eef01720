"""StyleGAN2 in pure torch: tensors in, tensors out, no files, no HTTP.

Written from "Analyzing and Improving the Image Quality of StyleGAN" (Karras et al., CVPR 2020), with the
parameter names of NVIDIA's networks, so that a state dict of theirs fits as it is.
"""

from .config import DiscriminatorConfig, GeneratorConfig
from .delta import LowRank, WeightDelta
from .discriminator import Discriminator
from .generator import Generator
from .latent import z_from_seed
from .synthesis import NoiseMode
from .windowed import FeatureWindows, Window
from .windows import Box
from .work import Work, features_work

__all__ = [
    "Box",
    "Discriminator",
    "DiscriminatorConfig",
    "FeatureWindows",
    "Generator",
    "GeneratorConfig",
    "LowRank",
    "NoiseMode",
    "WeightDelta",
    "Window",
    "Work",
    "features_work",
    "z_from_seed",
]
