"""Our synthesis against the plain one, which modulates weights and inserts zeros."""

import pytest
import torch

from draggan_server.stylegan2 import Generator, GeneratorConfig, ops, z_from_seed
from tests.reference import plain_stylegan2


@pytest.fixture(scope="module", params=[None, 0.8], ids=["no clamp", "clamp 0.8"])
def generator(request):
    torch.manual_seed(11)
    config = GeneratorConfig(
        z_dim=24, w_dim=24, img_resolution=32, channel_base=512, channel_max=24, mapping_layers=2,
        conv_clamp=request.param,
    )  # fmt: skip
    generator = Generator(config)
    for name, parameter in generator.named_parameters():
        if name.endswith(("bias", "noise_strength")):
            torch.nn.init.normal_(parameter, std=0.3)
    return generator.double().freeze()


def test_picture_and_features(generator):
    ws = generator.mapping(torch.cat([z_from_seed(seed, 24) for seed in (1, 2)]).double())
    ws = ws + 0.3 * torch.randn(ws.shape, generator=torch.Generator().manual_seed(3), dtype=ws.dtype)
    picture, maps = plain_stylegan2.draw(generator, ws)
    torch.testing.assert_close(generator.image(ws), picture, rtol=0, atol=1e-10)
    for resolution, features in maps.items():
        torch.testing.assert_close(generator.features(ws, resolution), features, rtol=0, atol=1e-10)


def test_a_smaller_picture_is_the_lower_blocks_picture(generator):
    ws = generator.mapping(z_from_seed(4, 24).double())
    torch.testing.assert_close(generator.image(ws, resolution=32), generator.image(ws))
    low = generator.image(ws, resolution=8)
    assert low.shape == (1, 3, 8, 8)
    changed = ws.clone()
    changed[:, 4:] += 1
    assert torch.equal(generator.image(changed, resolution=8), low)


def test_one_pass_gives_every_blocks_features_and_picture(generator):
    ws = generator.mapping(z_from_seed(4, 24).double())
    top = generator.config.block_resolutions[-2]
    blocks = list(generator.blocks(ws, top))
    assert [r for r, _, _ in blocks] == list(generator.config.block_resolutions[:-1])
    for r, features, picture in blocks:
        torch.testing.assert_close(features, generator.features(ws, r), rtol=0, atol=1e-12)
        torch.testing.assert_close(picture, generator.image(ws, resolution=r), rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match="no block at 48 px"):
        list(generator.blocks(ws, 48))


def test_truncation_and_w_avg(generator):
    z = z_from_seed(5, 24).double()
    generator.w_avg.copy_(torch.linspace(-1, 1, 24))
    full, half, none = (generator.mapping(z, psi=psi) for psi in (1.0, 0.5, 0.0))
    torch.testing.assert_close(none, generator.w_avg.expand_as(none))
    torch.testing.assert_close(half, (full + none) / 2)
    generator.w_avg.zero_()


def test_class_condition():
    torch.manual_seed(0)
    config = GeneratorConfig(z_dim=8, w_dim=8, c_dim=3, img_resolution=8, channel_base=64, mapping_layers=2)
    mapping = Generator(config).mapping
    z, c = torch.randn(4, 8), torch.eye(3)[[0, 1, 2, 0]]
    w = mapping(z, c)[:, 0]

    def unit(x):
        return x / (x.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()

    def dense(x, layer, gain):
        return x @ layer.weight.t() * (gain / layer.weight.shape[1] ** 0.5) + layer.bias * gain

    x = torch.cat([unit(z), unit(dense(c, mapping.embed, 1.0))], dim=1)
    for layer in (mapping.fc0, mapping.fc1):
        x = dense(x, layer, 0.01)
        x = torch.where(x > 0, x, 0.2 * x) * 2**0.5
    torch.testing.assert_close(w, x)
    with pytest.raises(ValueError, match=r"class condition must be \[N, 3\], not missing"):
        mapping(z)


def test_low_pass_and_its_gain():
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    torch.testing.assert_close(ops.low_pass_filter(), taps[:, None] * taps[None, :])
    flat = torch.ones(1, 2, 8, 8)
    inside = ops.upsample2d(flat, ops.low_pass_filter())[:, :, 2:-2, 2:-2]
    torch.testing.assert_close(inside, torch.ones_like(inside))


def test_downsampling_by_hand():
    x = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    kernel = ops.low_pass_filter().double()
    weight = torch.randn(5, 3, 3, 3, dtype=torch.float64)
    wide = plain_stylegan2.fir(x, kernel, (2, 2))
    by_hand = torch.nn.functional.conv2d(wide, weight)[:, :, ::2, ::2]
    torch.testing.assert_close(ops.downsampling_conv3x3(x, weight, kernel), by_hand)
    torch.testing.assert_close(ops.downsample2d(x, kernel), plain_stylegan2.fir(x, kernel, (1, 1))[:, :, ::2, ::2])


def test_minibatch_std_by_hand():
    x = torch.randn(6, 2, 4, 4, dtype=torch.float64)
    y = ops.minibatch_std(x, group_size=3, num_channels=1)
    assert torch.equal(y[:, :2], x)
    for i in range(6):
        group = x[[i % 2, i % 2 + 2, i % 2 + 4]]
        expected = (group.var(dim=0, unbiased=False) + 1e-8).sqrt().mean()
        torch.testing.assert_close(y[i, 2], expected.expand(4, 4))
    with pytest.raises(ValueError, match="5 pictures"):
        ops.minibatch_std(x[:5], group_size=4, num_channels=1)


def test_wrong_latents_are_refused(generator):
    with pytest.raises(ValueError, match=r"z must be \[N, 24\], not \[1, 7\]"):
        generator.mapping(torch.zeros(1, 7).double())
    with pytest.raises(ValueError, match=r"ws must be \[N, 8, 24\], not \[1, 8, 23\]"):
        generator.image(torch.zeros(1, 8, 23).double())
    with pytest.raises(ValueError, match=r"seed must be in 0 \.\. 4294967295, not -1"):
        z_from_seed(-1, 24)


def test_gradients_reach_the_latent_but_never_the_weights(generator):
    ws = generator.mapping(z_from_seed(6, 24).double()).requires_grad_()
    generator.features(ws, 16).square().sum().backward()
    assert ws.grad is not None and ws.grad[:, :5].abs().min() > 0
    assert all(parameter.grad is None for parameter in generator.parameters())
    assert torch.autograd.gradcheck(
        lambda first: generator.features(torch.cat([first, ws.detach()[:, 1:]], dim=1), 8),
        (ws.detach()[:, :1].requires_grad_(),),
    )
