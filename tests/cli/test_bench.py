"""`harmonic bench quality`: which suites run, what is written, what is refused."""

import hashlib
import json

import numpy as np
import pytest
from PIL import Image

PUBLISHED = "task,dataset,setting,metric,method,value,ssim,params_M,train_data,source\n"


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    y, x = np.mgrid[:40, :52]
    Image.fromarray(np.stack([120 + 90 * np.sin(x / (4 + c) + y / 7) for c in range(3)], 2).astype(np.uint8)).save(
        folder / "waves.png"
    )
    return folder


def test_all_suites_that_fit_the_model_run_and_the_others_are_named(harmonic, weights, pictures, tmp_path):
    answer = harmonic("bench", "quality", "--data", pictures, "-m", weights, "--json", tmp_path / "f.json")
    assert answer.code == 0
    assert "left out: sr, second-order, which a model that enlarges by 1 does not fit" in answer.err
    content = json.loads((tmp_path / "f.json").read_text())
    assert list(dict.fromkeys(s["suite"] for s in content["scores"])) == [
        *("denoise", "jpeg", "deblur", "hmix", "all-in-one", "clean", "real")
    ]
    assert content["command"] == "harmonic bench quality --data DATA --model tiny.safetensors --json f.json"
    assert content["date"].count("-") == 2
    assert content["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()


def test_a_suite_that_does_not_fit_is_refused(harmonic, weights, pictures):
    answer = harmonic("bench", "quality", "--data", pictures, "-m", weights, "--suite", "sr")
    assert answer.code == 2
    assert answer.err.splitlines()[-1].startswith("error: suite sr: needs a model that enlarges by 2 or 3 or 4")


def test_files_that_cannot_be_written_are_told_before_the_work(harmonic, weights, pictures, tmp_path, monkeypatch):
    """Hours of measuring would end in a refusal."""
    (tmp_path / "file").write_text("")
    bench = ("bench", "quality", "--data", pictures, "-m", weights)
    monkeypatch.setattr("harmonic.measure.score.bench_quality", None)
    monkeypatch.setattr("harmonic.measure.verify.run.verify", None)
    for command, told in (
        ((*bench, "--json", tmp_path), "is a folder; name a file"),
        ((*bench, "--json", tmp_path / "file" / "a.json"), "file is no folder"),
        ((*bench, "--json", "/dev/null"), "is no regular file"),
        ((*bench, "--sheet", tmp_path / "s.jpg"), "is written as PNG"),
        (("verify", weights, "--data", pictures, "-o", tmp_path / "file"), "file is no folder"),
        (("bench", "speed", "-m", "tiny", "-m", "tiny"), "rename one of the files"),
        (("bench", "speed", "--runtime", "auto"), "name onnx or openvino"),
    ):
        answer = harmonic(*command)
        assert answer.code in (1, 2) and told in answer.err and answer.err.count("error:") == 1


def test_the_ensemble_has_a_name_and_figures_of_its_own(harmonic, pictures, tmp_path):
    """Eight passes of a network that is not symmetric: other outputs than one, better ones on noise."""
    found = {}
    for options in ((), ("--ensemble",)):
        file = tmp_path / f"f{len(options)}.json"
        command = ("bench", "quality", "--data", pictures, "--suite", "denoise", "--precision", "fp32", "--json", file)
        assert harmonic(*command, *options).code == 0
        content = json.loads(file.read_text())
        assert ("--ensemble" in content["command"]) == bool(options)
        found[content["model"]] = content["scores"][1]["after"]["psnr"]
    assert found["restore-fast+, cpu fp32"] > found["restore-fast, cpu fp32"]


def test_inputs_are_measured_without_a_model(harmonic, pictures):
    answer = harmonic("bench", "quality", "--data", pictures, "--inputs", "--suite", "sr", "-m", "no-such-model")
    assert answer.code == 0
    assert "P-SR-8, luma alone" in answer.out
    assert "no model: the inputs themselves" in answer.out


def test_sheet_pictures_and_published_rows_are_written(harmonic, weights, pictures, tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text(f"{PUBLISHED}jpeg-color,pictures,q10,PSNR-RGB,FBCNN,27.77,0.803,71.9,,table 1\n")
    answer = harmonic(
        *("bench", "quality", "--data", pictures, "-m", weights, "--suite", "jpeg", "--measure", "gmsd"),
        *("--sheet", tmp_path / "s.png", "--save", tmp_path / "out", "--published", table),
    )
    assert answer.code == 0
    assert "gmsd: GMSD of luma; lower is better" in answer.out
    assert "| FBCNN | not said | 71.9 | – | confirmed | 27.77 / 0.803 | – | – | – |" in answer.out
    with Image.open(tmp_path / "s.png") as sheet:
        assert sheet.width > 700
    assert len(list((tmp_path / "out").rglob("waves.png"))) == 8


@pytest.mark.parametrize(
    "options, words",
    [
        (["--measure", "vmaf"], "vmaf: no such measure"),
        (["--inputs", "--ensemble"], "no model to run eight times"),
        (["--lpips", "none.safetensors"], "make it where torchvision and lpips are installed"),
        (["--inception", "none.safetensors"], "make it from pytorch-fid's file"),
        (["--published", "none.csv"], "none.csv: this table cannot be read"),
    ],
)
def test_wrong_options_are_said_in_one_line_before_any_work(harmonic, pictures, options, words):
    answer = harmonic("bench", "quality", "--data", pictures, "-m", "no-such-model", *options)
    assert answer.code != 0
    assert answer.out == ""
    assert words in answer.err
    assert answer.err.count("\n") == 1
