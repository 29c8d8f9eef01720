"""StyleGAN2 by the names, layouts and arithmetic of TensorFlow's variables, in numpy: nothing of ours is used.

Written from the papers (StyleGAN2; for classes also StyleGAN2-ADA) and the format's facts: kernels are [k, k, I, O],
dense layers [I, O], modulation has a bias around 0, convolutions are correlations. Layers that double a map insert
zeros, convolve, and only then filter. Arrays are [N, C, H, W], in doubles.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Variables = Mapping[str, np.ndarray]

TAPS = np.array([1.0, 3.0, 3.0, 1.0])
FILTER = np.outer(TAPS, TAPS) / TAPS.sum() ** 2
ROOT_2 = 2.0**0.5


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + 1e-8)


def lrelu(x: np.ndarray, gain: float = ROOT_2) -> np.ndarray:
    return np.maximum(x, 0.2 * x) * gain


def dense(x: np.ndarray, v: Variables, name: str, lrmul: float = 1.0, weight: str = "weight", bias: str = "bias"):
    w = v[f"{name}/{weight}"].astype(float)
    return x @ (w * lrmul / np.sqrt(w.shape[0])) + v[f"{name}/{bias}"] * lrmul


def correlate(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """[N, I, H, W] and [k, k, I, O] or, another for each picture, [N, k, k, I, O]; only where all of w lies inside."""
    w = np.broadcast_to(w, (len(x), *w.shape[-4:]))
    k = w.shape[1]
    height, width = x.shape[2] - k + 1, x.shape[3] - k + 1
    y = np.zeros((len(x), w.shape[-1], height, width))
    for i in range(k):
        for j in range(k):
            y += np.einsum("nchw,nco->nohw", x[:, :, i : i + height, j : j + width], w[:, i, j])
    return y


def padded(x: np.ndarray, before: int, after: int) -> np.ndarray:
    return np.pad(x, ((0, 0), (0, 0), (before, after), (before, after)))


def filtered(x: np.ndarray, before: int, after: int, gain: float = 1.0) -> np.ndarray:
    x = padded(x, before, after)
    y = np.zeros((*x.shape[:2], x.shape[2] - 3, x.shape[3] - 3))
    for i in range(4):
        for j in range(4):
            y += FILTER[i, j] * gain * x[:, :, i : i + y.shape[2], j : j + y.shape[3]]
    return y


def spread(x: np.ndarray) -> np.ndarray:
    """A zero after each number, in both directions."""
    y = np.zeros((*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3]))
    y[:, :, ::2, ::2] = x
    return y


def upsampled(x: np.ndarray) -> np.ndarray:
    return filtered(spread(x), 2, 1, gain=4)


def mapping(v: Variables, z: np.ndarray, label: np.ndarray | None, lrmul: float = 0.01) -> np.ndarray:
    """w [N, w_dim]."""
    if "LabelConcat/weight" in v:
        x = unit(np.concatenate([z, label @ v["LabelConcat/weight"]], axis=1))
    elif "LabelEmbed/weight" in v:
        x = np.concatenate([unit(z), unit(dense(label, v, "LabelEmbed"))], axis=1)
    else:
        x = unit(z)
    i = 0
    while f"Dense{i}/weight" in v:
        x = lrelu(dense(x, v, f"Dense{i}", lrmul))
        i += 1
    return x


def modulated(v: Variables, name: str, x: np.ndarray, w: np.ndarray, *, up: bool, demodulate: bool) -> np.ndarray:
    kernel = v[f"{name}/weight"].astype(float)
    kernel = kernel / np.sqrt(np.prod(kernel.shape[:3]))
    style = dense(w, v, name, weight="mod_weight", bias="mod_bias") + 1
    kernels = kernel[None] * style[:, None, None, :, None]
    if demodulate:
        kernels = kernels / np.sqrt(np.sum(kernels**2, axis=(1, 2, 3), keepdims=True) + 1e-8)
    if up:
        return filtered(correlate(padded(spread(x), 2, 1), kernels), 1, 1, gain=4)
    around = kernel.shape[0] // 2
    return correlate(padded(x, around, around), kernels)


def layer(v: Variables, name: str, noise: int, x: np.ndarray, w: np.ndarray, *, up: bool = False) -> np.ndarray:
    y = modulated(v, name, x, w, up=up, demodulate=True)
    if f"noise{noise}" in v:
        y = y + v[f"noise{noise}"] * v[f"{name}/noise_strength"]
    return lrelu(y + v[f"{name}/bias"][:, None, None])


def synthesis(v: Variables, w: np.ndarray, architecture: str = "skip") -> np.ndarray:
    """The picture that w draws in every layer, [N, 3, H, W]."""
    x = np.repeat(v["4x4/Const/const"].astype(float), len(w), axis=0)
    x = layer(v, "4x4/Conv", 0, x, w)
    picture, resolution, noise = None, 4, 1
    while True:
        size = f"{resolution}x{resolution}"
        if f"{size}/ToRGB/weight" in v:
            colours = modulated(v, f"{size}/ToRGB", x, w, up=False, demodulate=False)
            colours = colours + v[f"{size}/ToRGB/bias"][:, None, None]
            picture = colours if picture is None else upsampled(picture) + colours
        resolution *= 2
        size = f"{resolution}x{resolution}"
        if f"{size}/Conv1/weight" not in v:
            return picture
        below = x
        x = layer(v, f"{size}/Conv0_up", noise, x, w, up=True)
        x = layer(v, f"{size}/Conv1", noise + 1, x, w)
        noise += 2
        if architecture == "resnet":
            kernel = v[f"{size}/Skip/weight"].astype(float)
            x = (x + correlate(upsampled(below), kernel / np.sqrt(kernel.shape[2]))) / ROOT_2


def critic(
    v: Variables, picture: np.ndarray, label: np.ndarray | None, architecture: str = "resnet", lrmul: float = 0.1
) -> np.ndarray:
    """The logits [N, 1]; N at most 4, the group of the minibatch's statistics."""

    def conv(x: np.ndarray, name: str, *, down: bool = False) -> np.ndarray:
        kernel = v[f"{name}/weight"].astype(float)
        k = kernel.shape[0]
        kernel = kernel / np.sqrt(np.prod(kernel.shape[:3]))
        if down:
            around = (k + 1) // 2
            return correlate(filtered(x, around, around), kernel)[:, :, ::2, ::2]
        return correlate(padded(x, k // 2, k // 2), kernel)

    def active(x: np.ndarray, name: str, *, down: bool = False) -> np.ndarray:
        return lrelu(conv(x, name, down=down) + v[f"{name}/bias"][:, None, None])

    x = None
    resolution = picture.shape[2]
    while resolution > 4:
        size = f"{resolution}x{resolution}"
        if x is None or architecture == "skip":
            seen = active(picture, f"{size}/FromRGB")
            x = seen if x is None else x + seen
        above = x
        x = active(active(x, f"{size}/Conv0"), f"{size}/Conv1_down", down=True)
        if architecture == "resnet":
            x = (x + conv(above, f"{size}/Skip", down=True)) / ROOT_2
        picture = filtered(picture, 1, 1)[:, :, ::2, ::2]
        resolution //= 2
    if architecture == "skip":
        x = x + active(picture, "4x4/FromRGB")
    deviation = np.sqrt(x.var(axis=0) + 1e-8).mean()
    x = np.concatenate([x, np.full((len(x), 1, *x.shape[2:]), deviation)], axis=1)
    x = active(x, "4x4/Conv")
    x = lrelu(dense(x.reshape(len(x), -1), v, "4x4/Dense0"))
    x = dense(x, v, "Output")
    if "LabelEmbed/weight" in v:
        y = unit(dense(label, v, "LabelEmbed"))
        i = 0
        while f"Mapping{i}/weight" in v:
            y = lrelu(dense(y, v, f"Mapping{i}", lrmul))
            i += 1
        return np.sum(x * y, axis=1, keepdims=True) / np.sqrt(y.shape[1])
    return x if label is None else np.sum(x * label, axis=1, keepdims=True)
