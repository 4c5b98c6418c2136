import json

import numpy as np
import pytest
from PIL import Image

from harmonic.measure.clouds import FD_NSS, P63
from harmonic.measure.measures import measure_named
from harmonic.measure.score import bench_quality
from harmonic.measure.table import as_json, content_of, markdown


def found(suites, folder):
    return content_of(bench_quality(None, suites, folder, model="fast"))


def test_markdown_has_one_row_per_setting_with_two_decimals(folder):
    content = found(["hmix", "clean"], folder)
    head, rule, *rows, blank, note, colours, ssim, high, low = markdown(content).splitlines()
    assert len(rows) == 5
    severities = [score["before"]["psnr"] for score in content["scores"][:3]]
    assert rows[3].startswith(f"| hmix | HMIX-1 | mean | {folder.name} | 3 | {sum(severities) / 3:.2f} |")
    assert (ssim[:9], high[:9], low[:8]) == ("SSIM: 11x", "high band", "1/4 size")
    assert blank == ""
    assert {line.count("|") for line in (head, rule, *rows)} == {16}
    first = content["scores"][0]["before"]["psnr"]
    assert rows[0].startswith(f"| hmix | HMIX-1 | mild | {folder.name} | 3 | {first:.2f} | {first:.2f} | +0.00 |")
    assert note.startswith("fast; code ")
    assert "3 outputs equal the clean picture, each counted as 100 dB" in note
    assert colours.rstrip() == "RGB, nothing shaved: HMIX-1; P-CL-1"


def test_the_mean_over_severities_takes_psnr_of_tiles_in_and_distances_of_clouds_out(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (70, 130, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    content = content_of(bench_quality(None, ["hmix"], tmp_path, set_measures=[FD_NSS, P63]))
    tiles = np.mean([score["sets"]["p63"]["before"] for score in content["scores"]])
    (mean,) = (line for line in markdown(content).splitlines() if "| mean |" in line)
    assert mean.endswith(f"| – | – | {tiles:.2f} | {tiles:.2f} | 0.00 |")


def test_settings_with_other_figures_have_a_table_of_their_own_and_say_what_they_are(folder):
    text = markdown(found(["jpeg", "sr"], folder))
    assert text.count("| suite |") == 3
    assert "| psnr_b_channels in | psnr_b_channels out | psnr_b_luma in |" in text
    assert "psnr_b_real: PSNR-B, grey, real-valued numbers of borders (P-JP-3, FBCNN)" in text
    assert "Y of RGB, as many pixels shaved as the scale: P-SR-5" in text


def test_measures_say_which_way_is_better(folder):
    measures = [measure_named("gmsd"), measure_named("psnr_y")]
    content = content_of(bench_quality(None, ["clean"], folder, measures=measures))
    assert content["measures"]["gmsd"] == "GMSD of luma; lower is better"
    assert "better" not in content["measures"]["psnr_y"]


def test_json_holds_every_picture_and_more_than_four_decimals(folder):
    report = bench_quality(None, ["hmix"], folder, model="fast")
    content = json.loads(as_json(content_of(report)))
    assert content["model"] == "fast"
    score = content["scores"][0]
    assert (score["suite"], score["protocol"], score["setting"]) == ("hmix", "HMIX-1", "mild")
    assert (score["colour"], score["shave"]) == ("RGB", 0)
    assert (score["set"], score["count"]) == (folder.name, 3)
    assert score["randomness"] == "Philox keyed by picture name and severity"
    assert score["before"]["psnr"] == pytest.approx(report.scores[0].before.psnr, abs=1e-6)
    assert [p["picture"] for p in score["pictures"]] == ["Arcs", "bars", "dots"]
    assert {"psnr", "ssim", "high", "low"} == set(score["pictures"][0]["after"])
    assert len(score["pictures"][0]["input_sha256"]) == 64


def test_infinite_figures_are_text_so_that_any_reader_takes_the_file(folder):
    content = json.loads(as_json(found(["clean"], folder)), parse_constant=pytest.fail)
    assert content["scores"][0]["pictures"][0]["after"]["psnr"] == "inf"
    assert content["scores"][0]["after"]["psnr"] == 100
    assert content["scores"][0]["equal_pictures"] == 3
