import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from harmonic.errors import WeightsError
from harmonic.measure import lpips as module
from harmonic.measure.lpips import LPIPS, load_lpips, lpips
from harmonic.measure.measures import Seen, lpips_measure

A, B = np.random.default_rng(1).integers(0, 256, (2, 32, 48, 3), dtype=np.uint8)


@pytest.fixture
def network() -> LPIPS:
    """Random weights, narrow; those of the judgements are positive as in the published ones."""
    torch.manual_seed(0)
    network = LPIPS(width=4).requires_grad_(False).eval()
    for name, weight in network.named_parameters():
        if name.startswith("lin"):
            weight.abs_()
    return network


def test_equal_pictures_are_at_no_distance_and_order_does_not_count(network):
    assert lpips(network, A, A) == 0
    assert lpips(network, A, B) > 0
    assert lpips(network, A, B) == pytest.approx(lpips(network, B, A))


def test_it_is_the_weighted_distance_of_unit_features_after_each_blocks_last_relu(network):
    def features(picture):
        x = torch.from_numpy(picture / 127.5 - 1).float().permute(2, 0, 1)[None]
        x = (x - torch.tensor([-0.030, -0.088, -0.188])[:, None, None]) / torch.tensor([0.458, 0.448, 0.450])[
            :, None, None
        ]
        maps = []
        for index, layer in enumerate(network.features):
            x = layer(x)
            if index in (3, 8, 15, 22, 29):  # relu1_2, 2_2, 3_3, 4_3, 5_3 of torchvision's vgg16
                maps.append(F.normalize(x, dim=1))
        return maps

    weights = [getattr(network, f"lin{i}").model[1].weight for i in range(5)]
    expected = sum(
        ((w * (p - q) ** 2).sum(1)).mean() for w, p, q in zip(weights, features(A), features(B), strict=True)
    )
    assert lpips(network, A, B) == pytest.approx(float(expected), rel=1e-4)


def test_in_the_suites_it_takes_grey_pictures_too_and_nothing_without_a_clean_one(network):
    measure = lpips_measure(network)
    grey_a, grey_b = A[..., 0], B[..., 0]
    expected = lpips(network, np.repeat(grey_a[..., None], 3, 2), np.repeat(grey_b[..., None], 3, 2))
    assert measure.take(Seen(grey_a, grey_b, grey_a, None, grey_a)) == expected
    assert np.isnan(measure.take(Seen(A, None, A, None, A)))


def test_the_published_shape_is_that_of_vgg16():
    with torch.device("meta"):
        state = LPIPS().state_dict()
    assert sum(v.numel() for k, v in state.items() if k.startswith("features.")) == 14_714_688
    assert state["features.28.weight"].shape == (512, 512, 3, 3)
    assert state["lin4.model.1.weight"].shape == (1, 512, 1, 1)


def test_a_file_fills_it_and_a_wrong_one_says_how_to_make_it(network, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LPIPS", lambda: LPIPS(width=4))
    file = tmp_path / "lpips-vgg.safetensors"
    save_file(network.state_dict(), file)
    assert lpips(load_lpips(file), A, B) == lpips(network, A, B)
    state = network.state_dict()
    del state["lin2.model.1.weight"]
    save_file(state, file)
    with pytest.raises(WeightsError, match=r"lin2\.model\.1\.weight is missing; make it where torchvision and lpips"):
        load_lpips(file)
    with pytest.raises(WeightsError, match="cannot be read"):
        load_lpips(tmp_path / "none.safetensors")
