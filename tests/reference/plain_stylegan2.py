"""StyleGAN2's networks written as plainly as possible: slow, whole, and by other arithmetic than ours.

Weights are modulated and demodulated for each picture, as the paper describes it; resampling inserts zeros and
convolves with the full filter. It reads the parameters of our `Generator` by name, and is what the fast paths are
compared with. It is also the plain side of the benchmarks, since it does the work that a usual step does.

All three architectures of StyleGAN2's Fig. 7 are here, for the generator (`draw`) and the discriminator (`judge`), and
whatever shape the learned constant has is the picture's.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from draggan_server.stylegan2 import Discriminator, Generator

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


def lrelu(y: Tensor, clamp: float | None, gain: float = SQRT_2) -> Tensor:
    y = torch.where(y > 0, y, 0.2 * y) * gain
    return y if clamp is None else y.clamp(-clamp * gain / SQRT_2, clamp * gain / SQRT_2)


def synthesis_layer(generator: Generator, name: str, x: Tensor, w: Tensor, up: bool, gain: float = SQRT_2) -> Tensor:
    layer = layers_of(generator, f"synthesis.{name}.")
    y = modulated_conv(x, layer, w, up) + layer["noise_const"] * layer["noise_strength"]
    return lrelu(y + layer["bias"][None, :, None, None], generator.config.conv_clamp, gain)


def to_rgb(generator: Generator, name: str, x: Tensor, w: Tensor) -> Tensor:
    layer = layers_of(generator, f"synthesis.{name}.")
    styles = affine(layer, w) / layer["weight"].shape[1] ** 0.5
    y = torch.einsum("nchw,nc,oc->nohw", x, styles, layer["weight"][:, :, 0, 0])
    y = y + layer["bias"][None, :, None, None]
    clamp = generator.config.conv_clamp
    return y if clamp is None else y.clamp(-clamp, clamp)


def draw(generator: Generator, ws: Tensor) -> tuple[Tensor, dict[int, Tensor]]:
    """The whole picture [N, 3, H, W], and every block's features on the way."""
    architecture = generator.config.architecture
    maps: dict[int, Tensor] = {}
    picture = None
    x = generator.state_dict(keep_vars=True)["synthesis.b4.const"].expand(ws.shape[0], -1, -1, -1)
    next_w = 0
    for resolution in generator.config.block_resolutions:
        block = f"b{resolution}"
        shortcut, gain = None, SQRT_2
        if resolution > 4:
            if architecture == "resnet":
                weight = layers_of(generator, f"synthesis.{block}.skip.")["weight"]
                kernel = layers_of(generator, f"synthesis.{block}.skip.")["resample_filter"]
                wide = fir(insert_zeros(x), kernel * 4, (2, 1))
                shortcut = torch.einsum("nchw,oc->nohw", wide, weight[:, :, 0, 0] / weight.shape[1] ** 0.5) / SQRT_2
                gain = 1.0
            x = synthesis_layer(generator, f"{block}.conv0", x, ws[:, next_w], up=True)
            next_w += 1
        x = synthesis_layer(generator, f"{block}.conv1", x, ws[:, next_w], up=False, gain=gain)
        next_w += 1
        if shortcut is not None:
            x = x + shortcut
        maps[resolution] = x
        if architecture != "skip" and resolution != generator.config.img_resolution:
            continue
        rgb = to_rgb(generator, f"{block}.torgb", x, ws[:, next_w])
        if picture is not None:
            kernel = layers_of(generator, f"synthesis.{block}.")["resample_filter"]
            rgb = rgb + fir(insert_zeros(picture), kernel * 4, (2, 1))
        picture = rgb
    assert picture is not None
    return picture, maps


def judge(discriminator: Discriminator, picture: Tensor, c: Tensor | None = None) -> Tensor:
    """The logits [N, 1] of pictures [N, 3, H, W]; c [N, c_dim] for a model with classes."""
    state = discriminator.state_dict(keep_vars=True)
    config = discriminator.config
    clamp, architecture = config.conv_clamp, config.architecture

    def conv(x: Tensor, name: str, clamp: float | None = clamp, gain: float = SQRT_2, down: bool = False) -> Tensor:
        weight, bias = state[f"{name}.weight"], state.get(f"{name}.bias")
        size = weight.shape[2]
        weight = weight / (weight.shape[1] * size * size) ** 0.5
        if down:
            x = fir(x, state[f"{name}.resample_filter"], (2, 2) if size == 3 else (1, 1))
            x = F.conv2d(x, weight)[:, :, ::2, ::2]
        else:
            x = F.conv2d(x, weight, padding=size // 2)
        return x * gain if bias is None else lrelu(x + bias[:, None, None], clamp, gain)

    def dense(x: Tensor, name: str, lr: float = 1.0) -> Tensor:
        weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
        return x @ (weight * lr / weight.shape[1] ** 0.5).t() + bias * lr

    x = None
    resolution = config.img_resolution
    while resolution > 4:
        block = f"b{resolution}"
        if x is None or architecture == "skip":
            seen = conv(picture, f"{block}.fromrgb")
            x = seen if x is None else x + seen
            picture = fir(picture, state[f"{block}.resample_filter"], (1, 1))[:, :, ::2, ::2]
        y = conv(x, f"{block}.conv0")
        if architecture == "resnet":
            shortcut = conv(x, f"{block}.skip", gain=1 / SQRT_2, down=True)
            x = conv(y, f"{block}.conv1", gain=1.0, down=True) + shortcut
        else:
            x = conv(y, f"{block}.conv1", down=True)
        resolution //= 2
    assert x is not None
    if architecture == "skip":
        x = x + conv(picture, "b4.fromrgb", clamp=None)
    x = with_statistics(x, config.mbstd_group_size, config.mbstd_num_channels)
    x = conv(x, "b4.conv")
    logits = dense(lrelu(dense(x.flatten(1), "b4.fc"), None), "b4.out")
    if c is None:
        return logits
    if config.condition == "plain":
        return (logits * c).sum(dim=1, keepdim=True)
    y = dense(c, "mapping.embed")
    y = y / (y.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()
    for i in range(config.mapping_layers):
        y = lrelu(dense(y, f"mapping.fc{i}", config.mapping_lr_multiplier), None)
    return (logits * y).sum(dim=1, keepdim=True) / y.shape[1] ** 0.5


def with_statistics(x: Tensor, group_size: int | None, channels: int) -> Tensor:
    """x [N, C, H, W] with the minibatch's standard deviation in so many more channels, picture by picture."""
    if not channels:
        return x
    count, _, height, width = x.shape
    group = min(group_size or count, count)
    planes = []
    for i in range(count):
        others = x[i % (count // group) :: count // group]
        parts = others.reshape(group, channels, -1)
        planes.append((parts.var(dim=0, unbiased=False) + 1e-8).sqrt().mean(dim=1))
    return torch.cat([x, torch.stack(planes)[:, :, None, None].expand(-1, -1, height, width)], dim=1)
