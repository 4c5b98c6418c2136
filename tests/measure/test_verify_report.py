"""Reports of `harmonic verify`: verdicts, bounds, and that every check is told in every form."""

import json
import math
import re

import numpy as np
import pytest
import torch
from PIL import Image

from harmonic.measure.verify import bounds, text
from harmonic.measure.verify.check import Bound, Picture, Report, broken_off, judge, not_applicable
from harmonic.measure.verify.page import page
from harmonic.measure.verify.passes import BINS, all_passes, damages, spectrum
from harmonic.measure.verify.probes import check_drift
from harmonic.measure.verify.realism import check_realism
from harmonic.measure.verify.run import all_checks
from harmonic.measure.verify.subject import load_subject, read_crops, subject
from harmonic.network.checkpoint import Card, dump_network
from harmonic.network.config import HFSpec, TextureSpec, variant
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import tiny
from harmonic.network.specs import ExpertsSpec
from harmonic.train.synthetic import synthetic_picture
from making import randomised

TABLE = [value for value in vars(bounds).values() if isinstance(value, Bound)]


def crops(count: int = 2, side: int = 64) -> list[np.ndarray]:
    return [synthetic_picture(np.random.default_rng(i), side, side, "leaves") for i in range(count)]


def network(scale: int = 1, **changes: object) -> Harmonic:
    torch.manual_seed(0)
    return randomised(Harmonic(variant(tiny(scale), **changes)))


def test_every_bound_has_a_group_a_section_and_a_limit():
    assert len(TABLE) > 50
    assert all(b.group in bounds.GROUPS and b.section.startswith("§") and b.meaning.endswith(".") for b in TABLE)
    assert all(math.isfinite(b.least) or math.isfinite(b.most) for b in TABLE)


@pytest.mark.parametrize(
    "least, most, value, passed",
    [(1, 2, 1, True), (1, 2, 2.1, False), (-math.inf, 2, -5, True), (1, math.inf, 0.9, False), (0, 2, math.nan, False)],
)
def test_a_value_is_judged_by_its_bound_and_no_number_never_passes(least, most, value, passed):
    assert judge(Bound("g", "n", "§1", "", "m.", least, most), value).passed is passed


def test_bounds_read_as_people_write_them():
    kinds = [Bound("g", "n", "§1", "", "m.", *ends) for ends in ((0, 0), (50,), (-math.inf, 1e-5), (1 / 3, 1.1))]
    assert [str(bound) for bound in kinds] == ["= 0", "≥ 50", "≤ 1e-05", "0.333 to 1.1"]


@pytest.mark.parametrize("scale", [1, 2])
def test_each_check_of_the_table_is_in_the_report_once(scale):
    parts = {"blocks": (ExpertsSpec(),), "side": 8, "texture": TextureSpec(channels=4)}
    model = network(scale, hf=HFSpec(high_pass=4, tail=4, **parts), mirror=0)
    checks = all_checks(subject("all parts", model, crops(1), quick=True))
    names = [check.name for check in checks]
    assert len(set(names)) == len(names)
    missing = {bound.name for bound in TABLE} - set(names)
    of_enlargers = {bounds.GAIN_ENLARGED.name, bounds.WITHOUT_LF_ENLARGED.name}
    assert missing == (of_enlargers if scale == 1 else {bounds.WITHOUT_LF.name})
    assert all(check.passed is None or check.value is not None for check in checks)
    skipped = {check.group for check in checks if check.passed is None}
    assert bounds.EXPERTS not in skipped and bounds.TEXTURE not in skipped
    # For want of LPIPS' weights and of patches; and a quick run leaves exported runtimes out.
    assert scale > 1 or skipped == {bounds.HF, bounds.AGREEMENT}


def report() -> Report:
    picture = np.zeros((8, 8, 3), np.uint8)
    checks = (
        judge(bounds.TILES, 1e-7, "a <remark>"),
        judge(bounds.CLEAN_MEAN, math.nan, "", [Picture("Look & see", picture), Picture("Drawn", svg="<svg></svg>")]),
        not_applicable(bounds.USED, "this network has no experts"),
        broken_off(bounds.LF_GAIN, "it broke off"),
    )
    return Report((("model", "mine <&>"),), checks)


def test_the_page_stands_alone_and_holds_its_pictures():
    html = page(report())
    assert "mine &lt;&amp;&gt;: 1 passed, 2 failed, 1 not applicable" in html and "a &lt;remark&gt;" in html
    assert html.count('src="data:image/jpeg;base64,') == 1 and "<svg></svg>" in html
    assert not re.search(r"<script|https?://(?!www\.w3\.org/2000/svg)|<link", html)
    assert all(group.replace("&", "&amp;") in html for group in bounds.GROUPS)


def test_json_and_markdown_say_the_same():
    content = json.loads(text.as_json(report()))
    assert (content["passed"], content["failed"], content["not_applicable"]) == (1, 2, 1)
    assert [check["passed"] for check in content["checks"]] == [True, False, None, False]
    assert content["checks"][1]["value"] == "nan"
    rows = [line for line in text.markdown(report()).splitlines() if re.match(r"\| (pass|FAIL|n/a)", line)]
    assert [row.split("|")[1].strip() for row in rows] == ["pass", "FAIL", "FAIL", "n/a"]  # by group
    assert text.lines(report()).splitlines()[-1] == "mine <&>: 1 passed, 2 failed, 1 not applicable"


def test_crops_are_the_middles_of_pictures_and_evenly_picked(folder, tmp_path):
    for i in range(8):
        Image.fromarray(np.full((200, 150 + i, 3), 10 * i, np.uint8)).save(tmp_path / f"{i}.png")
    taken = read_crops(tmp_path, quick=True)
    assert [crop.shape for crop in taken] == [(128, 128, 3)] * 6
    assert [int(crop[0, 0, 0]) // 10 for crop in taken] == [0, 1, 2, 4, 5, 6]
    (tmp_path / "val.txt").write_text("3.png 10 20 100 90\n")
    assert [crop.shape for crop in read_crops(tmp_path, quick=True)] == [(90, 100, 3)]


def test_a_folder_of_stamps_is_refused(folder):
    with pytest.raises(Exception, match="sides of 64 pixels or more"):
        read_crops(folder, quick=True)


def test_damage_depends_on_the_number_of_a_crop_alone():
    clean = crops(1)[0]
    for damage in damages(1).values():
        assert np.array_equal(damage(clean, 3), damage(clean, 3)) and damage(clean, 3).dtype == np.uint8
    assert not np.array_equal(damages(1)["severe"](clean, 3), damages(1)["severe"](clean, 4))


def test_an_enlarger_of_clean_pictures_is_not_judged_by_damage_that_it_does_not_promise_to_mend(tmp_path):
    assert set(damages(2, blind=False)) == {"bicubic"} < set(damages(2)) and set(damages(1, blind=False)) == set(
        damages(1)
    )
    Image.fromarray(crops(1)[0]).save(tmp_path / "a.png")
    for task, blind in (("enlarge", False), ("restore", True)):
        card = Card(name="it", task=task, config=tiny(2))
        (tmp_path / f"{task}.safetensors").write_bytes(dump_network(Harmonic(card.config), card))
        one = load_subject(tmp_path / f"{task}.safetensors", tmp_path, quick=True)
        assert one.blind is blind
        checks = {check.name: check for check in check_drift(one)}
        assert (checks[bounds.DRIFT_NOISE.name].passed is None) is not blind


@pytest.mark.parametrize("frequency", [0.1, 0.4])
def test_a_wave_is_found_at_its_frequency(frequency):
    wave = (127 + 100 * np.sin(2 * np.pi * frequency * np.arange(128))).astype(np.uint8)
    power = spectrum(np.broadcast_to(wave[:, None, None], (128, 128, 3)))
    assert abs((power.argmax() + 0.5) / (2 * BINS) - frequency) < 1 / BINS


def test_statistics_of_scenes_need_enough_patches():
    few = subject("few", network(), crops(2, 96))
    checks = {check.name: check for check in check_realism(few, all_passes(few), None)}
    assert checks[bounds.HF_NATURAL.name].passed is None and "100 patches" in checks[bounds.HF_NATURAL.name].remark
