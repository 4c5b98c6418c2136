import numpy as np
import pytest
from PIL import Image

from harmonic.errors import PictureError
from harmonic.measure.sets import find_set, find_sets, read_clean, read_grey


def test_a_folder_of_pictures_is_a_set_by_its_own_name(folder):
    pictures = find_set(folder, "LIVE1")
    assert pictures.name == folder.name
    assert [file.name for file in pictures.files] == ["Arcs.png", "bars.png", "dots.png"]


def test_a_list_file_names_its_pictures_in_its_order(folder):
    listed = folder / "two.txt"
    listed.write_text("dots.png\n\nArcs.png\n")
    pictures = find_set(listed, "CBSD68")
    assert pictures.name == "two"
    assert pictures.files == (folder / "dots.png", folder / "Arcs.png")


def test_a_folder_with_the_test_sets_gives_the_published_ones(tmp_path, folder):
    live = tmp_path / "test" / "LIVE1"
    live.mkdir(parents=True)
    (live / "a.png").write_bytes((folder / "bars.png").read_bytes())
    (tmp_path / "test" / "CBSD68.txt").write_text("LIVE1/a.png\n")
    for name in ("LIVE1", "CBSD68"):
        pictures = find_set(tmp_path, name)
        assert (pictures.name, pictures.files) == (name, (live / "a.png",))


@pytest.mark.parametrize("make", ["missing.txt", "empty.txt", "nowhere", "bare"])
def test_a_set_without_pictures_is_an_error_of_one_line(tmp_path, make):
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "bare").mkdir()
    with pytest.raises(PictureError) as error:
        find_set(tmp_path / make, "LIVE1")
    assert make in str(error.value)
    assert "\n" not in str(error.value)


def test_grey_pictures_are_read_as_three_equal_channels(folder):
    clean = read_clean(folder / "dots.png")
    assert clean.shape == (48, 56, 3)
    np.testing.assert_array_equal(clean[..., 0], clean[..., 2])


def test_pictures_too_small_for_ssim_are_refused_by_name(tmp_path):
    Image.new("RGB", (40, 10)).save(tmp_path / "flat.png")
    with pytest.raises(PictureError, match=r"flat\.png"):
        read_clean(tmp_path / "flat.png")


def test_the_published_sets_hold_as_many_pictures_as_published(data):
    assert len(find_set(data, "CBSD68").files) == 68
    assert len(find_set(data, "LIVE1").files) == 29
    sizes = {"Set5": 5, "Set14": 14, "B100": 100, "Classic5": 5, "RealSRSet": 20}
    assert {found.name: len(found.files) for found in find_sets(data, tuple(sizes))} == sizes


def test_of_a_folder_of_ones_own_there_is_one_set_however_many_are_published(folder):
    assert [found.name for found in find_sets(folder, ("Set5", "Set14"))] == [folder.name]


def test_grey_is_the_picture_itself_or_its_rounded_studio_luma(folder, tmp_path):
    np.testing.assert_array_equal(read_grey(folder / "dots.png"), read_clean(folder / "dots.png")[..., 0])
    Image.new("RGB", (12, 12), (0, 255, 0)).save(tmp_path / "green.png")
    assert (read_grey(tmp_path / "green.png") == 145).all()  # 16 + 128.553
