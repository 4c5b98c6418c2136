"""Figures of specialisation mean what they say."""

import numpy as np
import pytest
import torch

from harmonic.measure.specialisation import (
    expert_use,
    mutual_information,
    routing_picture,
    routings,
    with_experts_turned,
)
from harmonic.nn.routing import EXPERTS
from making import fresh, randomised


def test_mutual_information_of_strangers_and_of_perfect_specialists():
    alike = {name: np.full(4, 0.25) for name in "abcd"}
    perfect = {name: np.eye(4)[i] for i, name in enumerate("abcd")}
    assert mutual_information(alike) == pytest.approx(0) and mutual_information(perfect) == pytest.approx(2)
    assert 0 < mutual_information({"a": np.array([0.7, 0.3]), "b": np.array([0.3, 0.7])}) < 1


@pytest.fixture(scope="module")
def network():
    return randomised(fresh("base", 1)).eval()


def pictures(seed=0):
    return [np.random.default_rng(seed).random((70, 90, 3), np.float32)]


def test_shares_add_up_to_one_and_depend_on_the_picture(network):
    use = expert_use(network, {"noise": pictures(), "grey": [np.full((70, 90, 3), 0.5, np.float32)]})
    assert all(len(share) == len(EXPERTS) and share.sum() == pytest.approx(1) for share in use.values())
    assert not np.allclose(use["noise"], use["grey"])


def test_turned_experts_get_the_decisions_of_their_neighbours(network):
    straight, turned = (routings(n, pictures()[0])[0] for n in (network, with_experts_turned(network)))
    assert torch.equal(turned.gates, straight.gates.roll(1, 1))
    x = torch.from_numpy(pictures()[0]).permute(2, 0, 1)[None]
    with torch.inference_mode():
        assert (with_experts_turned(network)(x) - network(x)).abs().max() > 1e-4


def test_a_routing_picture_has_the_size_of_the_picture(network):
    picture = pictures()[0]
    shown = routing_picture(picture, routings(network, picture)[0])
    assert shown.shape == picture.shape and shown.dtype == np.uint8 and len(np.unique(shown)) > 10
