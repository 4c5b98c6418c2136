"""Maps do not depend on how they are cut up, and tell removal from invention."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from harmonic.images.picture import Picture
from harmonic.ops.band import low_band
from harmonic.restore import maps
from harmonic.restore.dials import Dials
from harmonic.restore.parts import PictureParts, Region
from harmonic.restore.restorer import Restorer

SIDE = 64


def noise(seed):
    return np.random.default_rng(seed).normal(0, 0.1, (SIDE, SIDE, 3)).astype(np.float32)


def high(x):
    planes = torch.from_numpy(x).permute(2, 0, 1)[None]
    return (planes - low_band(planes, 4))[0].permute(1, 2, 0).numpy()


def parts(base, hf, texture=None):
    return PictureParts(base, np.zeros_like(base), hf, texture, None, 0, Region(0, 0, SIDE, SIDE))


def provenance(made, dials):
    return maps.provenance(made, dials, 4)


def test_what_is_taken_away_is_not_invented_what_is_added_is():
    base = 0.5 + noise(0)
    for share in (0.0, 0.5, 1.0):
        assert provenance(parts(base, -np.float32(share) * high(base)), Dials()).max() < 1e-3
    assert provenance(parts(base, high(base)), Dials()).mean() == pytest.approx(0.5, abs=0.01)
    flat = np.full_like(base, 0.5)
    assert provenance(parts(flat, high(noise(1))), Dials()).min() > 0.9
    assert provenance(parts(flat, 0 * base, high(noise(1))), Dials()).max() == 0
    assert provenance(parts(flat, 0 * base, high(noise(1))), Dials(texture=1)).min() > 0.9
    assert provenance(parts(base, high(noise(1))), Dials(strength=0)).max() == 0


def test_maps_do_not_depend_on_the_regions_that_they_are_made_in(stand_in, monkeypatch):
    restorer = Restorer(stand_in(), device="cpu", precision="fp32")
    picture = np.random.default_rng(0).integers(0, 256, (75, 53, 3), np.uint8)
    whole = maps.picture_maps(restorer, picture, Dials())
    monkeypatch.setattr(maps, "_SIDE", 24)
    cut = maps.picture_maps(restorer, picture, Dials())
    assert whole.keys() == cut.keys() == {"lf-x8", "hf-x4", "provenance"}
    for name, values in whole.items():
        difference = np.abs(values.astype(int) - cut[name])
        assert values.shape[:2] == (75, 53) and difference.max() <= 1 and difference.mean() < 1e-3, name


def test_experts_and_texture_have_maps_where_a_network_has_them(hybrid_network):
    restorer = Restorer(hybrid_network, device="cpu", precision="fp32")
    made = maps.picture_maps(restorer, np.full((70, 90, 3), 99, np.uint8), Dials(texture=1))
    assert {name: values.shape for name, values in made.items()} == dict.fromkeys(
        ("lf-x8", "hf-x4", "texture-x4", "provenance", "routing"), (70, 90, 3)
    ) | {"provenance": (70, 90, 1)}


def test_the_colour_of_a_cell_is_that_of_its_experts():
    gates = np.zeros((2, 4, 1, 3), np.float32)
    gates[0, 0, 0, 0], gates[1, 2, 0, 1] = 1, 0.5
    colours = maps.routing_colours(replace(parts(noise(0), noise(0)), routing=gates, cell=32))
    assert np.allclose(colours[0], [maps.EXPERT_COLOURS[0], 0.5 * maps.EXPERT_COLOURS[2], (0, 0, 0)])


def test_the_page_has_the_same_colours():
    page = Path(maps.__file__).parents[1] / "serve" / "static" / "overlay.js"
    (line,) = re.findall(r"^export const EXPERT_COLOURS = (.*);$", page.read_text(), re.MULTILINE)
    assert [tuple(bytes.fromhex(colour[1:])) for colour in json.loads(line)] == [
        tuple(colour) for colour in np.rint(255 * maps.EXPERT_COLOURS).astype(int)
    ]


def test_what_lies_hidden_under_transparency_changes_no_map(stand_in, tmp_path):
    rng, restorer = np.random.default_rng(0), Restorer(stand_in(), device="cpu", precision="fp32")
    colour, alpha = rng.integers(0, 256, (32, 32, 3), np.uint8), np.full((32, 32), 255, np.uint8)
    alpha[:, 16:] = 0
    other = np.where(alpha[..., None] > 0, colour, 255 - colour)
    for name, samples in (("a", colour), ("b", other)):
        maps.write_maps(restorer, Picture(samples, alpha), Dials(), tmp_path / name, False)
    here, there = ({p.name[2:]: p.read_bytes() for p in tmp_path.glob(f"{name}.*")} for name in "ab")
    assert here == there and len(here) >= 3
