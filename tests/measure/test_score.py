import math
from hashlib import sha256

import numpy as np
import pytest
from PIL import Image

from harmonic.errors import UsageError
from harmonic.measure.clouds import FD_NSS
from harmonic.measure.measures import MEASURES, measure_named
from harmonic.measure.report import mean_decibel
from harmonic.measure.score import bench_quality
from harmonic.measure.sets import read_clean
from harmonic.measure.suites import NAMES, SUITES, suites_named
from harmonic.ops.box_similarity import box_ssim
from harmonic.ops.cells import cut_to_centre
from harmonic.ops.eight_bit import to_uint8
from harmonic.ops.quality import luma, psnr, ssim
from harmonic.ops.resize import imresize


def test_none_measures_the_inputs_themselves(folder):
    report = bench_quality(None, NAMES, folder)
    assert [(s.suite, s.setting) for s in report.scores] == [(s, t.name) for s in SUITES for t in s.settings]
    for score in report.scores:
        assert len(score.pictures) == 3
        if score.suite.name == "real":  # pictures this small have no figure
            assert score.before.figures() == score.after.figures() == {}
        elif score.suite.name == "denoise":  # the input is scored unclipped, the output as the 8-bit picture it becomes
            assert score.after.psnr > score.before.psnr
        else:
            assert score.after == score.before


def test_figures_are_means_of_the_pictures_own(folder):
    (score, *_) = bench_quality(lambda x: x, ["denoise"], folder).scores
    files = sorted(folder.glob("*.png"))
    clean = [read_clean(file) for file in files]
    noisy = [suites_named("denoise", 1)[0].settings[0].damage(c, "any") for c in clean]
    assert [p.picture for p in score.pictures] == [file.stem for file in files]
    pairs = list(zip(noisy, clean, strict=True))
    assert score.before.psnr == pytest.approx(np.mean([psnr(n.astype(float) * 255, c) for n, c in pairs]))
    assert score.after.psnr == pytest.approx(np.mean([psnr(to_uint8(n), c) for n, c in pairs]))
    assert score.after.ssim == pytest.approx(np.mean([ssim(to_uint8(n), c) for n, c in pairs]))


def test_8_bit_and_float_outputs_count_alike(folder):
    as_float, as_bytes = (
        bench_quality(restore, ["jpeg"], folder) for restore in (lambda x: (x / 255).astype(np.float32), np.copy)
    )
    for a, b in zip(as_float.scores, as_bytes.scores, strict=True):
        assert a.after == b.after


def test_all_in_one_takes_floats_cut_around_the_middle_and_scores_them_unrounded_within_the_range(folder):
    seen = []

    def restore(picture):
        seen.append(picture)
        return picture + np.float32(0.3 / 255)

    (score, *_) = bench_quality(restore, ["all-in-one"], folder).scores
    first = seen[0]
    clean = cut_to_centre(read_clean(sorted(folder.glob("*.png"))[0]), 16)
    assert first.dtype == np.float32 and first.shape == clean.shape and all(side % 16 == 0 for side in first.shape[:2])
    exact = (first * 255 + 0.3).clip(0, 255)
    assert score.pictures[0].after.psnr == pytest.approx(psnr(exact, clean), abs=1e-4)
    assert abs(psnr(to_uint8(exact / 255), clean) - psnr(exact, clean)) > 1e-3
    similar = score.pictures[0].after.more["ssim_box"]
    assert similar == pytest.approx(box_ssim(exact, clean), abs=1e-6)
    assert abs(similar - box_ssim(to_uint8(exact / 255), clean)) > 1e-5


def test_the_restorer_gets_float32_for_noise_and_8_bit_otherwise(folder):
    seen = []

    def restore(picture):
        seen.append((picture.dtype, picture.shape))
        picture[:] = 0  # in place: this must count for the output, and only for it
        return picture

    report = bench_quality(restore, ["denoise", "clean"], folder, limit=1)
    assert seen == [(np.float32, (48, 56, 3))] * 3 + [(np.uint8, (48, 56, 3))]
    assert report.scores[0].before.psnr == pytest.approx(24.6, abs=0.2)
    assert report.scores[-1].before.psnr == 100
    assert report.scores[-1].after.psnr < 10


def test_pictures_left_alone_count_100_dB_in_the_clean_suite(folder):
    (score,) = bench_quality(lambda x: x, ["clean"], folder).scores
    assert score.after.psnr == 100
    assert score.equal_pictures == 3


def test_equal_pictures_are_kept_out_of_means_elsewhere():
    assert mean_decibel([30, math.inf, 40], None) == 35
    assert mean_decibel([30, math.inf, 50], 100) == 60
    assert mean_decibel([math.inf], None) == math.inf


def test_progress_counts_every_picture_of_every_setting(folder):
    calls = []
    bench_quality(None, ["jpeg", "clean"], folder, limit=2, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(i, 18) for i in range(1, 19)]


def test_the_report_says_what_is_needed_to_repeat_it(folder):
    report = bench_quality(None, ["hmix"], folder, model="fast", limit=1)
    assert report.model == "fast"
    assert report.code
    assert report.encoder.startswith("Pillow ")
    assert "libjpeg" in report.encoder
    assert {s.suite.protocol for s in report.scores} == {"HMIX-1"}


def test_wrong_use_is_said_before_any_work(folder):
    with pytest.raises(UsageError, match="no such suite"):
        bench_quality(None, ["denoise", "typo"], folder)
    with pytest.raises(UsageError, match="limit 0"):
        bench_quality(None, ["denoise"], folder, limit=0)


def test_an_output_of_another_size_is_refused(folder):
    with pytest.raises(ValueError, match="expected"):
        bench_quality(lambda x: x[1:], ["clean"], folder)


def test_a_grey_suite_restores_grey_pictures(folder):
    shapes = set()

    def restore(picture):
        shapes.add(picture.shape)
        return picture

    report = bench_quality(restore, ["jpeg"], folder)
    assert shapes == {(48, 56, 3), (48, 56)}
    assert {s.suite.colour for s in report.scores} == {"RGB", "grey"}


@pytest.mark.parametrize("scale", [2, 3])
def test_super_resolution_is_scored_on_the_luma_within_the_border(folder, scale):
    clean = [read_clean(file) for file in sorted(folder.glob("*.png"))]
    clean = [c[: 48 // scale * scale, : 56 // scale * scale] for c in clean]
    truth = iter(clean)

    def restore(small):
        result = next(truth).copy()
        assert (scale * small.shape[0], scale * small.shape[1]) == result.shape[:2]
        result[:scale] = 0  # the border does not count
        result[scale:-scale, scale:-scale] += np.uint8(1)
        return result

    (score,) = bench_quality(restore, ["sr"], folder, scale=scale).scores
    y = [(luma(c + np.uint8(1)), luma(c)) for c in clean]
    inner = [tuple(p[scale:-scale, scale:-scale] for p in pair) for pair in y]
    assert score.shave == scale
    assert score.after.psnr == pytest.approx(np.mean([psnr(*pair) for pair in inner]))
    assert score.after.ssim == pytest.approx(np.mean([ssim(*pair) for pair in inner]))


def test_what_is_before_super_resolution_is_the_bicubic_enlargement(folder):
    scores = bench_quality(lambda x: imresize(x, 2), ["sr"], folder, scale=2).scores
    (inputs, *_) = bench_quality(None, ["sr"], folder).scores
    assert scores[0].before == scores[0].after == inputs.before == inputs.after


def test_the_manifest_is_the_digest_of_what_the_restorer_gets(folder):
    seen = []

    def restore(picture):
        seen.append(sha256(picture.tobytes()).hexdigest())
        return picture

    report = bench_quality(restore, ["denoise", "hmix"], folder, limit=1)
    assert sorted(seen) == sorted(picture.digest for score in report.scores for picture in score.pictures)
    assert len(set(seen)) == 6


def test_more_measures_are_taken_where_they_apply_and_named(folder, tmp_path):
    rng = np.random.default_rng(0)
    for name in "ab":
        Image.fromarray(rng.integers(0, 256, (200, 210, 3), np.uint8)).save(tmp_path / f"{name}.png")
    report = bench_quality(None, ["jpeg"], tmp_path, measures=MEASURES, set_measures=[FD_NSS])
    colour, grey = report.scores[0], report.scores[-1]
    assert {"psnr_b_channels", "colour_shift", "ms_ssim"} <= colour.after.figures().keys()
    assert {"psnr_b", "psnr_b_real", "ms_ssim", "niqe_free"} <= grey.after.figures().keys()
    assert "colour_shift" not in grey.after.figures()
    assert set(report.protocols) == {*(m.name for m in MEASURES), "fd_nss"}
    assert colour.sets["fd_nss"]["patches"] == 8
    assert colour.sets["fd_nss"]["before"] == colour.sets["fd_nss"]["after"] > 0


def test_pictures_without_a_figure_are_left_out_of_its_mean(folder, tmp_path):
    small = bench_quality(None, ["clean"], folder, measures=[measure_named("ms_ssim")])
    assert "ms_ssim" not in small.scores[0].after.figures()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 210, 3), np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((folder / "bars.png").read_bytes())
    mixed = bench_quality(None, ["clean"], tmp_path, measures=[measure_named("ms_ssim")])
    assert mixed.scores[0].after.more["ms_ssim"] == pytest.approx(1)


def test_an_unknown_measure_is_told_the_known_ones():
    with pytest.raises(UsageError, match="no such measure; choose from all, psnr_y, psnr_b"):
        measure_named("vmaf")


def test_whoever_looks_sees_every_picture_as_it_went_through(folder):
    sights = []
    bench_quality(lambda x: np.repeat(np.repeat(x, 2, 0), 2, 1), ["sr", "real"], folder, scale=2, look=sights.append)
    assert [sight.suite.name for sight in sights] == ["sr"] * 3 + ["real"] * 3
    for sight in sights:
        assert sight.before.shape == sight.after.shape
        assert (sight.clean is None) == (sight.suite.name == "real")
    assert sights[3].after.shape == (96, 112, 3)


GOLDEN = {
    "denoise": [24.618759, 20.181784, 14.161184],
    "jpeg": [
        *(25.692512, 28.060706, 29.365857, 30.280349),  # colour
        *(27.769810, 30.072003, 31.407437, 32.354795),  # grey, LIVE1
        *(27.821092, 30.123334, 31.483953, 32.428386),  # grey, Classic5
    ],
    "deblur": [28.187965, 25.594008, 24.656230, 23.229708],
    "hmix": [22.028869, 21.070619, 19.299993],
    "clean": [100],
    "sr": [
        *(33.673410, 30.403312, 28.429017, 30.324579, 27.631108, 26.088401, 29.559937, 27.209045, 25.961331),
        *(33.661410, 30.392202, 28.420680, 30.231802, 27.540532, 26.000141, 29.557937, 27.207200, 25.960616),
    ],
}


@pytest.mark.long
@pytest.mark.parametrize("suite, expected", GOLDEN.items(), ids=GOLDEN)
def test_golden_report_of_the_published_sets(data, suite, expected):
    report = bench_quality(None, [suite], data)
    assert [score.before.psnr for score in report.scores] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    "place, expected_psnr, expected_ssim",
    [(0, [33.673410, 30.403312, 28.429017], [0.930287, 0.868906, 0.811135]),
     (3, [33.661410, 30.392202, 28.420680], [0.929884, 0.868206, 0.810374])],
)  # fmt: skip
def test_golden_bicubic_of_set5_in_both_chains(data, place, expected_psnr, expected_ssim):
    scores = bench_quality(None, ["sr"], data / "test" / "Set5").scores[place : place + 3]
    assert [score.before.psnr for score in scores] == pytest.approx(expected_psnr, abs=1e-4)
    assert [score.before.ssim for score in scores] == pytest.approx(expected_ssim, abs=1e-5)
