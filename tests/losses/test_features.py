"""The feature loss on a small random backbone: what it sees, what it is blind to, and which files it takes."""

from dataclasses import asdict

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from harmonic.errors import WeightsError
from harmonic.losses.bands import CELL
from harmonic.losses.feature_file import load_features
from harmonic.losses.features import FeatureExtractor, LayerWeights, feature_loss
from harmonic.ops.band import enlarge_cells
from textures import blurred, sample

NAMES = tuple(asdict(LayerWeights()))


def backbone(width: int = 4) -> FeatureExtractor:
    torch.manual_seed(0)
    return FeatureExtractor(width).requires_grad_(False).eval()


def pair(side: int = 32):
    generator = torch.Generator().manual_seed(0)
    return (torch.rand(2, 3, side, side, generator=generator) for _ in range(2))


def test_layers_have_torchvisions_names_and_shapes_at_full_width():
    with torch.device("meta"):
        shapes = {name: tuple(value.shape) for name, value in FeatureExtractor().layers.state_dict().items()}
    places = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34]
    channels = [3, 64, 64, 128, 128, *[256] * 4, *[512] * 8]
    for place, inputs, outputs in zip(places, channels[:-1], channels[1:], strict=True):
        assert shapes.pop(f"{place}.weight") == (outputs, inputs, 3, 3)
        assert shapes.pop(f"{place}.bias") == (outputs,)
    assert not shapes


def test_maps_are_those_of_a_plain_loop_before_relu_of_pictures_normalised_once():
    extractor, (x, _) = backbone(), pair()
    maps = extractor(x, NAMES)
    y = (x - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    for block, count in enumerate((2, 2, 4, 4, 4), 1):
        for place in range(1, count + 1):
            index = next(i for i, name in extractor.names.items() if name == f"conv{block}_{place}")
            weights = extractor.layers.get_submodule(str(index)).state_dict()
            y = F.conv2d(y, weights["weight"], weights["bias"], padding=1)
            if (name := f"conv{block}_{place}") in maps:
                torch.testing.assert_close(maps[name], y)
                assert (maps[name] < 0).any()
            y = y.relu()
        y = F.max_pool2d(y, 2)
    assert [maps[name].shape[1:] for name in NAMES] == [(4, 32, 32), (8, 16, 16), (16, 8, 8), (32, 4, 4), (32, 2, 2)]


def test_nothing_beyond_the_last_layer_asked_for_is_computed():
    extractor, (x, y) = backbone(), pair()
    calls = []
    for place, layer in enumerate(extractor.layers):
        layer.register_forward_hook(lambda *_, place=place: calls.append(place))
    feature_loss(y, x, extractor, LayerWeights(conv3_4=0, conv4_4=0, conv5_4=0))
    assert max(calls) == 7  # conv2_2
    feature_loss(y, x, extractor)
    assert max(calls) == 34  # conv5_4


def test_the_low_band_neither_counts_nor_gets_a_gradient():
    extractor, (x, y) = backbone(), pair()
    cells = torch.zeros(2, 3, 8, 8, requires_grad=True)
    before = feature_loss(y, x, extractor)
    torch.testing.assert_close(feature_loss(y + enlarge_cells(cells + 0.3, CELL), x, extractor), before)
    p = y.clone().requires_grad_()
    loss = feature_loss(p + enlarge_cells(cells, CELL), x, extractor)
    pixels, structure = torch.autograd.grad(loss, (p, cells))
    assert pixels.abs().max() > 1e-5
    assert structure.abs().max() < 1e-4 * pixels.abs().max()


def test_equal_pictures_cost_nothing_and_more_blur_costs_more():
    extractor, x = backbone(), sample(0, 64)
    values = [feature_loss(blurred(x, sigma), x, extractor) for sigma in (0.4, 0.6, 1.0)]
    assert feature_loss(x, x, extractor) == 0
    assert 0 < values[0] < values[1] < values[2]


def test_the_file_gives_the_extractor_back_frozen(tmp_path):
    saved, (x, _) = backbone(), pair()
    save_file(saved.layers.state_dict(), tmp_path / "vgg.safetensors")
    loaded = load_features(tmp_path / "vgg.safetensors")
    for name, values in loaded(x, NAMES).items():
        assert torch.equal(values, saved(x, [name])[name])
    assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())


def damage(name: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    match name:
        case "missing":
            del tensors["19.bias"]
        case "no first layer":
            del tensors["0.weight"]
        case "unknown":
            tensors["classifier.0.bias"] = torch.zeros(3)
        case "misshapen":
            tensors["7.weight"] = torch.zeros(8, 8, 5, 5)
        case "not finite":
            tensors["7.bias"][3] = torch.inf
        case "whole numbers":
            tensors["7.bias"] = torch.zeros(8, dtype=torch.int64)
    return tensors


@pytest.mark.parametrize(
    "name, fault",
    [
        ("missing", "tensor 19.bias is missing"),
        ("no first layer", "tensor 0.weight is missing"),
        ("unknown", "tensor classifier.0.bias is unknown"),
        ("misshapen", "tensor 7.weight has shape (8, 8, 5, 5), expected (8, 8, 3, 3)"),
        ("not finite", "tensor 7.bias holds values that are not finite"),
        ("whole numbers", "tensor 7.bias holds torch.int64, expected torch.float32"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_one_line_that_says_how_to_make_it(name, fault, tmp_path):
    save_file(damage(name, backbone().layers.state_dict()), tmp_path / "vgg.safetensors")
    with pytest.raises(WeightsError) as error:
        load_features(tmp_path / "vgg.safetensors")
    message = str(error.value)
    assert message.startswith(f"{tmp_path}/vgg.safetensors: ") and fault in message
    assert "save_file(vgg19(" in message and "\n" not in message


def test_a_file_that_is_missing_or_cut_short_is_refused_the_same_way(tmp_path):
    path = tmp_path / "vgg.safetensors"
    with pytest.raises(WeightsError, match=r"cannot be read \(No such file or directory\); make it where torchvision"):
        load_features(path)
    save_file(backbone().layers.state_dict(), path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(WeightsError, match=r"not a complete safetensors file.*make it where torchvision"):
        load_features(path)
