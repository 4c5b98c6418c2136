"""harmonic verify: three reports, an exit code, and one line for every trouble."""

import json

import numpy as np
import pytest
from PIL import Image

from harmonic.measure.verify import bounds, run
from harmonic.measure.verify.check import judge


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (80, 72, 3), np.uint8)).save(folder / "a.png")
    return folder


@pytest.fixture
def one_check(monkeypatch):
    """Checks take seconds; the command is the same with one."""

    def answer(value):
        monkeypatch.setattr(run, "all_checks", lambda *_: [judge(bounds.CLEAN_MEAN, value)])

    return answer


def test_three_reports_are_written_and_a_failure_is_the_exit_code(harmonic, weights, photos, tmp_path, one_check):
    one_check(60)
    answer = harmonic("verify", weights, "--data", photos, "-o", tmp_path / "report")
    assert answer.code == 0 and answer.out.splitlines()[-1].endswith("1 passed, 0 failed, 0 not applicable")
    assert answer.err == f"written: {tmp_path / 'report' / 'report.html'}\n"
    assert {p.name for p in (tmp_path / "report").iterdir()} == {"report.html", "report.md", "report.json"}
    one_check(30)
    answer = harmonic("verify", weights, "--data", photos, "-o", tmp_path / "report", "--json", "--quiet")
    assert answer.code == 1 and answer.err == "" and json.loads(answer.out)["failed"] == 1
    assert answer.out == (tmp_path / "report" / "report.json").read_text()


def test_the_folder_is_named_after_the_model(harmonic, weights, photos, tmp_path, one_check, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one_check(60)
    harmonic("verify", weights, "--data", photos)
    assert (tmp_path / "tiny-verify" / "report.html").exists()


@pytest.mark.parametrize(
    "arguments, code, part",
    [
        (("none", "--data", "{photos}"), 3, "is not bundled"),
        (("{weights}", "--data", "nowhere"), 1, "no such file or folder"),
        (("{weights}", "--data", "{photos}", "--lpips", "none.safetensors"), 3, "none.safetensors"),
    ],
)
def test_trouble_is_one_line(harmonic, weights, photos, arguments, code, part):
    answer = harmonic("verify", *(a.format(weights=weights, photos=photos) for a in arguments))
    assert answer.code == code and answer.err.count("\n") == 1 and part in answer.err
