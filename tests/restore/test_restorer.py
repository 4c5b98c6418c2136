"""One result from every kind of picture, the same kind back, files complete or untouched."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image

from harmonic.errors import PictureError, UsageError, WeightsError
from harmonic.images.picture import Picture
from harmonic.restore.restorer import Restorer


@pytest.fixture(scope="module")
def restorer(tiny_weights):
    return Restorer(tiny_weights, device="cpu", precision="fp32")


@pytest.fixture
def pixels():
    return np.random.default_rng(1).integers(0, 256, (33, 47, 3), np.uint8)


def test_every_kind_gives_the_same_result_in_its_own_kind(restorer, pixels, tmp_path):
    expected = restorer.restore(pixels)
    assert expected.dtype == np.uint8 and not np.array_equal(expected, pixels)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    for source in (tmp_path / "a.png", str(tmp_path / "a.png"), Image.fromarray(pixels)):
        result = restorer.restore(source)
        assert isinstance(result, Image.Image) and np.array_equal(np.asarray(result), expected)
    floats = pixels.astype(np.float32) / 255
    exact = restorer.restore(floats)
    assert exact.dtype == np.float32 and np.array_equal(np.floor(exact.clip(0, 1) * 255 + 0.5), expected)
    assert restorer.restore(floats.astype(np.float64)).dtype == np.float32
    tensor = torch.from_numpy(floats).permute(2, 0, 1)
    assert np.array_equal(restorer.restore(tensor).permute(1, 2, 0).numpy(), exact)
    batch = restorer.restore(torch.stack([tensor, tensor.flip(2)]))
    assert batch.shape == (2, 3, 33, 47) and torch.equal(batch[0], restorer.restore(tensor))


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 1), (1, 1, 3), (1, 40, 3)])
def test_shapes_are_kept(restorer, shape):
    assert restorer.restore(np.full(shape, 99, np.uint8)).shape == shape


@pytest.mark.parametrize("shape", [(20,), (20, 30, 2), (20, 30, 4), (0, 5, 3), (2, 20, 30, 3)])
def test_other_shapes_are_refused(restorer, shape):
    with pytest.raises(ValueError, match=r"\(H, W"):
        restorer.restore(np.zeros(shape, np.uint8))


def test_other_types_are_refused(restorer):
    for wrong in (np.zeros((5, 5), np.int32), torch.zeros(3, 5, 5, dtype=torch.uint8)):
        with pytest.raises(ValueError, match="float"):
            restorer.restore(wrong)


def test_values_beyond_the_range_go_through_and_the_input_is_not_changed(restorer):
    wide = np.random.default_rng(0).normal(0.5, 1, (20, 24, 3)).astype(np.float32)
    wide.flags.writeable = False
    result = restorer.restore(wide)
    assert result.min() < -0.5 and result.max() > 1.5
    assert np.array_equal(restorer.restore(wide, strength=0), wide)


def test_strength_leads_from_the_input_to_the_result_in_a_straight_line(restorer, pixels):
    source = pixels.astype(np.float32) / 255
    full, half = restorer.restore(source), restorer.restore(source, strength=0.5)
    assert np.allclose(half, (source + full) / 2, atol=1e-5)


def test_detail_scales_texture_alone(restorer, pixels):
    source = pixels[:32, :44].astype(np.float32) / 255
    with_detail, without = restorer.restore(source), restorer.restore(source, detail=0)
    assert not np.allclose(with_detail, without)
    cells = (with_detail - without).reshape(8, 4, 11, 4, 3).mean((1, 3))
    assert np.abs(cells).max() < 1e-5


@pytest.mark.parametrize("wrong", [{"strength": 1.1}, {"strength": -1}, {"strength": float("nan")}, {"detail": 3}])
def test_strengths_out_of_range_name_the_range(restorer, wrong):
    with pytest.raises(UsageError, match="must be 0"):
        restorer.restore(np.zeros((4, 4), np.uint8), **wrong)


def test_alpha_and_metadata_stay(restorer, pixels):
    alpha = pixels[..., 0].copy()
    result = restorer.restore_picture(Picture(pixels, alpha, "PNG"))
    assert np.array_equal(result.alpha, alpha) and not np.array_equal(result.colour, pixels)


def test_colours_under_full_transparency_do_not_touch_seen_ones(restorer, pixels):
    alpha = np.full(pixels.shape[:2], 255, np.uint8)
    alpha[:, 20:] = 0
    other = pixels.copy()
    other[:, 20:] ^= 255
    one, two = (restorer.restore_picture(Picture(colour, alpha)) for colour in (pixels, other))
    assert np.array_equal(one.colour[:, :20], two.colour[:, :20])


def test_alpha_is_enlarged_with_the_picture(stand_in, pixels):
    restorer = Restorer(stand_in(2), device="cpu", precision="fp32")
    result = restorer.restore_picture(Picture(pixels, np.full((33, 47), 255, np.uint8)))
    assert result.colour.shape == (66, 94, 3) and (result.alpha == 255).all()


@pytest.mark.parametrize("opaque", [np.uint16(65535), np.float32(1)])
def test_deep_alpha_is_enlarged_and_opaque_stays_opaque(stand_in, opaque):
    restorer = Restorer(stand_in(2), device="cpu", precision="fp32")
    colour = np.zeros((9, 12, 3), opaque.dtype)
    result = restorer.restore_picture(Picture(colour, np.full((9, 12), opaque)))
    assert result.colour.dtype == result.alpha.dtype == opaque.dtype
    assert result.alpha.shape == (18, 24) and (result.alpha == opaque).all()


def test_16_bit_is_restored_as_8_bit_is_and_finer(restorer, pixels):
    coarse, fine = restorer.restore(pixels), restorer.restore(pixels.astype(np.uint16) * 257)
    assert fine.dtype == np.uint16
    assert np.abs(fine / 257 - coarse).max() <= 0.51 and len(np.unique(fine % 257)) > 2


def test_a_file_is_restored_with_a_report(restorer, pixels, tmp_path):
    Image.fromarray(pixels).save(tmp_path / "a.png")
    report = restorer.restore_file(tmp_path / "a.png", tmp_path / "b.png")
    assert (report.size, report.tile, report.precision, report.device) == ((47, 33), None, "fp32", "cpu")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "b.png")), restorer.restore(pixels))


def test_an_existing_file_is_refused_before_any_work(restorer, tmp_path):
    (tmp_path / "b.png").write_bytes(b"precious")
    with pytest.raises(PictureError, match="exists already; use --overwrite"):
        restorer.restore_file(tmp_path / "missing.png", tmp_path / "b.png")
    assert (tmp_path / "b.png").read_bytes() == b"precious"


@pytest.mark.parametrize("mode, name, complaint", [("RGBA", "b.jpg", "transparency"), ("RGB", "b.webp", "16,383")])
def test_what_the_format_cannot_hold_is_said_before_any_work(restorer, tmp_path, monkeypatch, mode, name, complaint):
    Image.new(mode, (16_384, 1)).save(source := tmp_path / "a.png")
    monkeypatch.setattr(restorer, "run_picture", lambda *_: pytest.fail("worked for nothing"))
    with pytest.raises(PictureError, match=complaint):
        restorer.restore_file(source, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_texture_and_budget_are_refused_by_networks_without_them(tiny_network, pixels):
    with pytest.raises(UsageError, match="generates no texture"):
        Restorer(tiny_network, device="cpu").restore(pixels, texture=0.5)
    with pytest.raises(UsageError, match=r"--budget 0\.5: this network has no experts"):
        Restorer(tiny_network, device="cpu", budget=0.5)


def test_the_given_network_is_not_changed(tiny_network, pixels):
    before = {name: value.clone() for name, value in tiny_network.state_dict().items()}
    Restorer(tiny_network, device="cpu").restore(pixels)
    after = tiny_network.state_dict()
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)
    assert tiny_network.form == "train" and all(p.requires_grad for p in tiny_network.parameters())


def test_bf16_is_close_to_fp32(tiny_weights, pixels):
    source = pixels.astype(np.float32) / 255
    exact, rough = (Restorer(tiny_weights, device="cpu", precision=p).restore(source) for p in ("fp32", "bf16"))
    assert 0 < np.abs(exact - rough).max() < 0.05


def test_a_scale_that_the_weights_do_not_have_is_refused(tiny_weights):
    with pytest.raises(WeightsError, match="enlarges by 1"):
        Restorer(tiny_weights, scale=2)


def test_an_unknown_model_is_refused():
    with pytest.raises(WeightsError, match="is not bundled"):
        Restorer("nonsense")


def test_parts_of_a_cut_out_add_up_to_its_result(restorer):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 48, 4), np.uint8)
    pixels[:, :24, 3], pixels[:, 24:, 3] = 0, 255
    cut_out = Picture(pixels[..., :3], pixels[..., 3])
    mixed = restorer.decompose(cut_out).mix()
    result = restorer.restore_picture(cut_out).colour
    assert np.abs(255 * mixed.clip(0, 1) - result)[:, 24:].max() <= 0.51


def test_threads_may_share_one(restorer):
    """Pictures of several sizes at once, as a program with a queue asks for them."""
    pictures = [np.random.default_rng(i).integers(0, 256, (40 + 8 * i, 60, 3), np.uint8) for i in range(4)]
    expected = [restorer.restore(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        for found, wanted in zip(pool.map(restorer.restore, pictures * 3), expected * 3, strict=True):
            assert np.array_equal(found, wanted)
