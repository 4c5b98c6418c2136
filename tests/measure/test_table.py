import json

import pytest

from harmonic.measure.score import bench_quality
from harmonic.measure.table import as_json, markdown


def test_markdown_has_one_row_per_setting_with_two_decimals(folder):
    report = bench_quality(None, ["jpeg", "clean"], folder, model="fast")
    head, rule, *rows, blank, note = markdown(report).splitlines()
    assert len(rows) == 5
    assert blank == ""
    assert {line.count("|") for line in (head, rule, *rows)} == {16}
    first = report.scores[0].before.psnr
    assert rows[0].startswith(
        f"| jpeg | P-JP-2, 4:2:0 | quality 10 | {folder.name} | 3 | {first:.2f} | {first:.2f} | +0.00 |"
    )
    assert note.startswith("fast; RGB, no shaving; code ")
    assert "3 outputs equal the clean picture, each counted as 100 dB" in note


def test_json_holds_every_picture_and_more_than_four_decimals(folder):
    report = bench_quality(None, ["hmix"], folder, model="fast")
    content = json.loads(as_json(report))
    assert (content["model"], content["colour"], content["shave"]) == ("fast", "RGB", 0)
    score = content["scores"][0]
    assert (score["suite"], score["protocol"], score["setting"]) == ("hmix", "HMIX-1", "mild")
    assert (score["set"], score["count"]) == (folder.name, 3)
    assert score["randomness"] == "Philox keyed by picture name and severity"
    assert score["before"]["psnr"] == pytest.approx(report.scores[0].before.psnr, abs=1e-6)
    assert [p["picture"] for p in score["pictures"]] == ["Arcs", "bars", "dots"]
    assert {"psnr", "ssim", "high", "low"} == set(score["pictures"][0]["after"])


def test_infinite_figures_are_text_so_that_any_reader_takes_the_file(folder):
    content = json.loads(as_json(bench_quality(None, ["clean"], folder)), parse_constant=pytest.fail)
    assert content["scores"][0]["pictures"][0]["after"]["psnr"] == "inf"
    assert content["scores"][0]["after"]["psnr"] == 100
    assert content["scores"][0]["equal_pictures"] == 3
