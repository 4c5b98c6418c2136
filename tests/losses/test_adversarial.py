"""Adversarial losses by cases with known answers: who is pulled where, and what gets no gradient."""

import math

import pytest
import torch

from harmonic.losses.adversarial import (
    feature_matching,
    hinge_discriminator,
    hinge_generator,
    r1_penalty,
    relativistic_discriminator,
    relativistic_generator,
)


def scores(*values: float) -> torch.Tensor:
    return torch.tensor(values).reshape(1, 1, 1, -1).requires_grad_()


def test_hinge_pulls_real_up_to_one_and_fake_down_to_minus_one_and_no_further():
    real, fake = scores(-1.0, 0.5, 2.0), scores(1.0, -0.5, -2.0)
    value = hinge_discriminator(real, fake)
    assert value.item() == pytest.approx((2 + 0.5 + 0) / 3 * 2)
    a, b = torch.autograd.grad(value, (real, fake))
    assert a.flatten().tolist() == pytest.approx([-1 / 3, -1 / 3, 0])
    assert b.flatten().tolist() == pytest.approx([1 / 3, 1 / 3, 0])


def test_hinge_lifts_every_generated_score_alike():
    fake = scores(-3.0, 0.0, 3.0)
    (pull,) = torch.autograd.grad(hinge_generator(fake), fake)
    assert pull.flatten().tolist() == pytest.approx([-1 / 3] * 3)


def test_relativistic_losses_are_log_two_when_nothing_tells_the_two_apart_and_mirror_each_other():
    same = scores(0.3, 0.3)
    assert relativistic_discriminator(same, same).item() == pytest.approx(math.log(2))
    real, fake = scores(2.0, 1.0), scores(-1.0, 0.0)
    assert relativistic_discriminator(real, fake) < math.log(2) < relativistic_generator(real, fake)
    assert relativistic_generator(real, fake).item() == pytest.approx(relativistic_discriminator(fake, real).item())


def test_relativistic_is_the_cross_entropy_of_the_papers():
    generator = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(2, 1, 4, 4, generator=generator) for _ in range(2))
    cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits
    yes, no = torch.ones_like(real), torch.zeros_like(real)
    expected = (cross_entropy(real - fake.mean(), yes) + cross_entropy(fake - real.mean(), no)) / 2
    torch.testing.assert_close(relativistic_discriminator(real, fake), expected)
    expected = (cross_entropy(real - fake.mean(), no) + cross_entropy(fake - real.mean(), yes)) / 2
    torch.testing.assert_close(relativistic_generator(real, fake), expected)


def test_moving_all_scores_alike_changes_no_relativistic_loss_and_gets_no_gradient():
    real, fake = scores(0.7, -0.4), scores(0.2, 1.0)
    value = relativistic_discriminator(real, fake)
    torch.testing.assert_close(relativistic_discriminator(real + 5, fake + 5), value)
    a, b = torch.autograd.grad(value, (real, fake))
    assert abs(float(a.sum() + b.sum())) < 1e-6 < a.abs().max()


def test_the_generator_moves_generated_scores_alone_also_through_their_mean():
    real, fake = scores(0.7, -0.4), scores(0.2, 1.0)
    a, b = torch.autograd.grad(relativistic_generator(real, fake), (real, fake), allow_unused=True)
    assert a is None
    real_term = torch.sigmoid(real - fake.mean()).mean() / 4  # each fake score's half share through the mean
    own = torch.sigmoid(real.mean() - fake) / 4
    torch.testing.assert_close(b, -(own + real_term))


def test_feature_matching_moves_generated_maps_to_real_ones_and_weighs_layers_alike():
    fake = [torch.zeros(2, 4, 8, 8, requires_grad=True), torch.zeros(2, 8, 4, 4, requires_grad=True)]
    real = [torch.full((2, 4, 8, 8), 0.5, requires_grad=True), torch.full((2, 8, 4, 4), 2.0, requires_grad=True)]
    value = feature_matching(fake, real)
    assert value.item() == pytest.approx((0.5 + 2) / 2)
    value.backward()
    assert all(x.grad is not None and (x.grad < 0).all() for x in fake)
    assert all(y.grad is None for y in real)
    with pytest.raises(ValueError):
        feature_matching(fake, real[:1])


def test_r1_is_half_the_squared_slope_at_real_pictures_and_does_not_hang_on_their_size():
    weight = torch.tensor([1.0, -2.0, 2.0], requires_grad=True)
    values = []
    for side in (4, 16):
        x = torch.rand(2, 3, side, side, requires_grad=True)
        values.append(r1_penalty((x * weight[:, None, None]).sum(1, keepdim=True), x))
    assert [v.item() for v in values] == pytest.approx([4.5, 4.5])
    values[0].backward()
    assert weight.grad is not None and weight.grad.tolist() == pytest.approx([1.0, -2.0, 2.0])


def test_all_compute_in_fp32():
    low = torch.full((1, 1, 2, 2), 100.0, dtype=torch.bfloat16)
    for value in (
        hinge_discriminator(low, low), hinge_generator(low), relativistic_discriminator(low, low),
        relativistic_generator(low, low), feature_matching([low], [low]),
    ):  # fmt: skip
        assert value.dtype == torch.float32
