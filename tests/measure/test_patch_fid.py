import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from harmonic.errors import WeightsError
from harmonic.measure import patch_fid as module
from harmonic.measure.clouds import patch_fid_measure
from harmonic.measure.inception import Inception
from harmonic.measure.patch_fid import load_inception, patch_features
from harmonic.measure.score import bench_quality
from harmonic.ops.frechet import frechet_distance


@pytest.fixture(scope="module")
def network() -> Inception:
    torch.manual_seed(0)
    return Inception(narrow=16).requires_grad_(False).eval()


def test_the_network_has_the_published_size_and_names():
    with torch.device("meta"):
        network = Inception()
    assert sum(p.numel() for p in network.parameters()) == 21_785_568  # of 23,834,568 less the classifier
    state = network.state_dict()
    assert state["Mixed_7c.branch3x3dbl_3b.conv.weight"].shape == (384, 384, 3, 1)
    assert state["Mixed_6b.branch7x7dbl_2.conv.weight"].shape == (128, 128, 7, 1)
    assert not [name for name in state if name.endswith("num_batches_tracked")]


def test_the_maps_have_the_published_sizes(network):
    sizes = {}
    for name in ("Conv2d_4a_3x3", "Mixed_5d", "Mixed_6a", "Mixed_6e", "Mixed_7a", "Mixed_7c"):
        network.get_submodule(name).register_forward_hook(lambda m, i, o, name=name: sizes.update({name: o.shape[-1]}))
    assert network(torch.rand(1, 3, 128, 128)).shape == (1, 2048 // 16)
    assert list(sizes.values()) == [71, 35, 17, 17, 8, 8]


def test_patches_are_whole_and_from_the_top_left(network):
    picture = np.random.default_rng(2).integers(0, 256, (150, 270, 3), dtype=np.uint8)
    features = patch_features(network, picture)
    assert len(features) == 2
    np.testing.assert_allclose(features[1:], patch_features(network, picture[:128, 128:256]), rtol=1e-4, atol=1e-6)
    assert len(patch_features(network, picture[:127])) == 0
    assert frechet_distance(features, features[::-1]) == pytest.approx(0, abs=1e-6)


def test_in_the_suites_it_compares_all_patches_of_a_set_and_says_how_many(network, tmp_path):
    rng = np.random.default_rng(5)
    for name in "ab":
        Image.fromarray(rng.integers(0, 256, (130, 260, 3), np.uint8)).save(tmp_path / f"{name}.png")
    measure = patch_fid_measure(network)
    (clean,) = bench_quality(lambda x: 255 - x, ["clean"], tmp_path, set_measures=[measure]).scores
    figures = clean.sets["patch_fid"]
    assert figures["patches"] == 4
    assert figures["before"] == pytest.approx(0, abs=1e-6)
    assert figures["after"] > 100 * figures["before"]


def test_a_file_fills_it_and_a_wrong_one_says_how_to_make_it(network, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "Inception", lambda: Inception(narrow=16))
    file = tmp_path / "inception-2015.safetensors"
    save_file(network.state_dict(), file)
    x = torch.rand(1, 3, 128, 128)
    assert torch.equal(load_inception(file)(x), network(x))
    save_file({**network.state_dict(), "fc.weight": torch.zeros(2)}, file)
    with pytest.raises(WeightsError, match=r"fc\.weight is unknown; make it from pytorch-fid's file"):
        load_inception(file)
