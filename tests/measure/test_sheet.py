import numpy as np
import pytest
from PIL import Image

from harmonic.measure.score import bench_quality
from harmonic.measure.sheet import SIDE, Sheet, busiest, draw, save_output


def test_a_sheet_holds_the_first_pictures_of_every_setting(folder, tmp_path):
    sheet = Sheet(each=2)
    bench_quality(lambda x: x, ["jpeg"], folder, look=sheet.add)
    assert len(sheet.strips) == 2 * (4 + 4)
    assert sheet.strips[0].caption.startswith(f"jpeg quality 10, {folder.name} Arcs: psnr ")
    assert all(len(strip.crops) == 3 and strip.crops[0].shape == (48, 56, 3) for strip in sheet.strips)
    sheet.write(tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as file:
        drawn = np.asarray(file)
    np.testing.assert_array_equal(drawn, draw(sheet.strips))
    shown = sheet.strips[0].crops[0].repeat(2, 0).repeat(2, 1)
    assert any((drawn[y : y + 96, 8:120] == shown).all() for y in range(40))


def test_pictures_without_a_clean_one_are_shown_without_it(folder):
    sheet = Sheet()
    bench_quality(lambda x: x, ["real"], folder, look=sheet.add)
    assert {len(strip.crops) for strip in sheet.strips} == {2}


def test_the_crop_is_where_the_detail_is():
    picture = np.full((400, 500, 3), 90, np.uint8)
    picture[200:300, 330:430] = np.random.default_rng(0).integers(0, 256, (100, 100, 3))
    y, x = busiest(picture, SIDE)
    assert y <= 200 and y + SIDE >= 300 and x <= 330 and x + SIDE >= 430
    assert busiest(picture[:20, :30], SIDE) == (0, 0)


def test_outputs_are_saved_by_suite_set_and_setting(folder, tmp_path):
    bench_quality(lambda x: 255 - x, ["clean"], folder, limit=1, look=lambda sight: save_output(sight, tmp_path))
    (file,) = tmp_path.rglob("*.png")
    assert file.relative_to(tmp_path).as_posix() == f"clean-{folder.name}-undamaged/Arcs.png"
    with Image.open(file) as saved, Image.open(folder / "Arcs.png") as clean:
        np.testing.assert_array_equal(np.asarray(saved), 255 - np.asarray(clean))


def test_an_empty_sheet_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        draw([])
