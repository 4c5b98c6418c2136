"""Every loss of the recipe is known, weighted, and absent when its weight is 0."""

import pytest
import torch
from safetensors.torch import save_file

from harmonic.losses.features import FeatureExtractor
from harmonic.nn.routing import Routing
from harmonic.train.objective import TERMS, losses, routing_losses
from harmonic.train.recipe import Losses
from toys import recipe, rows, train

ROUTING = {"balance", "router_z", "entropy", "supervision"}
PICTURES = set(Losses.model_fields) - ROUTING - {"features", "features_file"}
NOTHING = dict.fromkeys(PICTURES, 0.0)


def test_every_picture_loss_of_the_recipe_is_known():
    assert set(TERMS) == PICTURES


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_a_term_is_weighted_and_alone(name):
    x, y = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32)
    one, two = (losses(x, y, Losses(**{**NOTHING, name: weight})) for weight in (1.0, 2.0))
    assert set(one) == {name} and one[name] > 0
    torch.testing.assert_close(two[name], 2 * one[name])
    assert losses(x, y, Losses(**NOTHING)) == {}


def test_without_routers_there_are_no_terms_about_them():
    assert routing_losses((), torch.rand(2, 4), Losses(entropy=1)) == {}


def test_without_labels_nothing_supervises_the_routers():
    routing = Routing(logits=torch.randn(2, 4, 3, 3), gates=torch.rand(2, 4, 3, 3))
    with_labels = routing_losses((routing,), torch.rand(2, 4), Losses())
    assert set(with_labels) == {"balance", "router_z", "supervision"}
    assert set(routing_losses((routing,), None, Losses())) == {"balance", "router_z"}


@pytest.fixture
def features_file(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "features.safetensors"
    save_file(FeatureExtractor(4).layers.state_dict(), path)
    return path


def test_features_come_from_the_file_and_are_never_trained(tmp_path, features_file):
    config = recipe(3, losses={"features": 0.1, "features_file": str(features_file)})
    train(config, tmp_path / "run")
    assert all(row["features"] > 0 for row in rows(tmp_path / "run"))
    names = (tmp_path / "run" / "state-00000003.safetensors").read_bytes()
    assert b"conv5_4" not in names and b"features" not in names.split(b"recipe")[0]
