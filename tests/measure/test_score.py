import math

import numpy as np
import pytest

from harmonic.errors import UsageError
from harmonic.measure.score import bench_quality, mean_decibel
from harmonic.measure.sets import read_clean
from harmonic.measure.suites import SUITES, suite_named
from harmonic.ops.eight_bit import to_uint8
from harmonic.ops.quality import psnr, ssim

ALL = [suite.name for suite in SUITES]


def test_none_measures_the_inputs_themselves(folder):
    report = bench_quality(None, ALL, folder)
    assert [(s.suite, s.setting) for s in report.scores] == [(s.name, t.name) for s in SUITES for t in s.settings]
    for score in report.scores:
        assert len(score.pictures) == 3
        if score.suite == "denoise":  # the input is scored unclipped, the output as the 8-bit picture it becomes
            assert score.after.psnr > score.before.psnr
        else:
            assert score.after == score.before


def test_figures_are_means_of_the_pictures_own(folder):
    (score, *_) = bench_quality(lambda x: x, ["denoise"], folder).scores
    files = sorted(folder.glob("*.png"))
    clean = [read_clean(file) for file in files]
    noisy = [suite_named("denoise").settings[0].damage(c, "any") for c in clean]
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
    assert calls == [(i, 10) for i in range(1, 11)]


def test_the_report_says_what_is_needed_to_repeat_it(folder):
    report = bench_quality(None, ["hmix"], folder, model="fast", limit=1)
    assert report.model == "fast"
    assert report.code
    assert report.encoder.startswith("Pillow ")
    assert "libjpeg" in report.encoder
    assert {s.protocol for s in report.scores} == {"HMIX-1"}


def test_wrong_use_is_said_before_any_work(folder):
    with pytest.raises(UsageError, match="no such suite"):
        bench_quality(None, ["denoise", "typo"], folder)
    with pytest.raises(UsageError, match="limit 0"):
        bench_quality(None, ["denoise"], folder, limit=0)


def test_an_output_of_another_size_is_refused(folder):
    with pytest.raises(ValueError, match="expected"):
        bench_quality(lambda x: x[1:], ["clean"], folder)


@pytest.mark.long
@pytest.mark.parametrize(
    "suite, expected",
    [
        ("denoise", [24.618759, 20.181784, 14.161184]),
        ("jpeg", [25.692512, 28.060706, 29.365857, 30.280349]),
        ("deblur", [28.187965, 25.594008, 24.656230, 23.229708]),
        ("hmix", [22.028869, 21.070619, 19.299993]),
        ("clean", [100]),
    ],
)
def test_golden_report_of_the_published_sets(data, suite, expected):
    report = bench_quality(None, [suite], data)
    assert [score.before.psnr for score in report.scores] == pytest.approx(expected, abs=1e-4)
