"""StyleGAN2's synthesis written as plainly as possible: slow, whole, and by other arithmetic than ours.

Weights are modulated and demodulated for each picture, as the paper describes it; resampling inserts zeros and
convolves with the full filter. It reads the parameters of our `Generator` by name, and is what the fast paths are
compared with. It is also the plain side of the benchmarks, since it does the work that a usual step does.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from draggan_server.stylegan2 import Generator

SQRT_2 = 2.0**0.5


def insert_zeros(x: Tensor) -> Tensor:
    """[N, C, H, W] -> [N, C, 2H, 2W]: every sample followed by a zero, in rows and in columns."""
    n, c, h, w = x.shape
    spread = x.new_zeros(n, c, 2 * h, 2 * w)
    spread[:, :, ::2, ::2] = x
    return spread


def fir(x: Tensor, kernel: Tensor, pad: tuple[int, int]) -> Tensor:
    """True convolution of every channel with `kernel`; `pad` zeros before and after, in both directions."""
    n, c, h, w = x.shape
    x = F.pad(x, (pad[0], pad[1], pad[0], pad[1])).reshape(n * c, 1, h + sum(pad), w + sum(pad))
    y = F.conv2d(x, kernel.flip(0, 1)[None, None])
    return y.reshape(n, c, *y.shape[2:])


def affine(layer: dict[str, Tensor], w: Tensor) -> Tensor:
    """The style: [N, w_dim] -> [N, I]."""
    weight, bias = layer["affine.weight"], layer["affine.bias"]
    return w @ (weight / weight.shape[1] ** 0.5).t() + bias


def modulated_conv(x: Tensor, layer: dict[str, Tensor], w: Tensor, up: bool) -> Tensor:
    """StyleGAN2, Eq. 1 and 3: scale the weights by the style, normalise them, convolve picture by picture."""
    styles = affine(layer, w)
    results = []
    for picture, style in zip(x, styles, strict=True):
        weight = layer["weight"] * style[None, :, None, None]
        weight = weight / (weight.square().sum(dim=[1, 2, 3], keepdim=True) + 1e-8).sqrt()
        if up:
            # Convolution of the picture with zeros inserted, then the low-pass with gain 4.
            spread = insert_zeros(picture[None])
            wide = F.conv2d(F.pad(spread, (2, 1, 2, 1)), weight.flip(2, 3))
            results.append(fir(wide, layer["resample_filter"] * 4, (1, 1)))
        else:
            results.append(F.conv2d(picture[None], weight, padding=1))
    return torch.cat(results)


def layers_of(generator: Generator, prefix: str) -> dict[str, Tensor]:
    """The parameters below a name, with the rest of their names."""
    state = generator.state_dict(keep_vars=True)
    return {name[len(prefix) :]: value for name, value in state.items() if name.startswith(prefix)}


def synthesis_layer(generator: Generator, name: str, x: Tensor, w: Tensor, up: bool) -> Tensor:
    layer = layers_of(generator, f"synthesis.{name}.")
    y = modulated_conv(x, layer, w, up) + layer["noise_const"] * layer["noise_strength"]
    y = y + layer["bias"][None, :, None, None]
    y = torch.where(y > 0, y, 0.2 * y) * SQRT_2
    clamp = generator.config.conv_clamp
    return y if clamp is None else y.clamp(-clamp, clamp)


def to_rgb(generator: Generator, name: str, x: Tensor, w: Tensor) -> Tensor:
    layer = layers_of(generator, f"synthesis.{name}.")
    styles = affine(layer, w) / layer["weight"].shape[1] ** 0.5
    y = torch.einsum("nchw,nc,oc->nohw", x, styles, layer["weight"][:, :, 0, 0])
    y = y + layer["bias"][None, :, None, None]
    clamp = generator.config.conv_clamp
    return y if clamp is None else y.clamp(-clamp, clamp)


def draw(generator: Generator, ws: Tensor) -> tuple[Tensor, dict[int, Tensor]]:
    """The whole picture [N, 3, R, R], and every block's features on the way."""
    maps: dict[int, Tensor] = {}
    picture = None
    x = generator.state_dict(keep_vars=True)["synthesis.b4.const"].expand(ws.shape[0], -1, -1, -1)
    next_w = 0
    for resolution in generator.config.block_resolutions:
        block = f"b{resolution}"
        if resolution > 4:
            x = synthesis_layer(generator, f"{block}.conv0", x, ws[:, next_w], up=True)
            next_w += 1
        x = synthesis_layer(generator, f"{block}.conv1", x, ws[:, next_w], up=False)
        next_w += 1
        maps[resolution] = x
        rgb = to_rgb(generator, f"{block}.torgb", x, ws[:, next_w])
        if picture is not None:
            kernel = layers_of(generator, f"synthesis.{block}.")["resample_filter"]
            rgb = rgb + fir(insert_zeros(picture), kernel * 4, (2, 1))
        picture = rgb
    assert picture is not None
    return picture, maps
