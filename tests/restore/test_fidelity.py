"""The corpus of `images` through the whole way: at strength 0 a file comes out as it went in, or is refused by name."""

import numpy as np
import pytest

from corpus import converted, kept, refused
from harmonic.errors import PictureError
from harmonic.images.folder import output_path
from harmonic.images.picture import joined
from harmonic.images.read import read_picture
from harmonic.restore.restorer import Restorer


@pytest.fixture
def restorer(stand_in) -> Restorer:
    return Restorer(stand_in(), device="cpu", precision="fp32")


@pytest.mark.parametrize("part", [kept, converted, refused], ids=["kept", "converted", "refused"])
def test_strength_0_returns_the_file_or_its_refusal(tmp_path, restorer, part):
    for number, case in enumerate(part()):
        (folder := tmp_path / str(number)).mkdir()
        (source := folder / case.name).write_bytes(case.data)
        target = output_path(source, folder, folder / "out", "auto" if case.worst == 0 else "png")
        if case.pixels is None:
            with pytest.raises(PictureError, match=case.said):
                restorer.restore_file(source, target, strength=0)
            assert not target.exists()
            continue
        report = restorer.restore_file(source, target, strength=0)
        picture, back = read_picture(source), read_picture(target)
        assert report.size == picture.colour.shape[1::-1] and set(picture.notes) <= set(report.notes)
        assert back.colour.dtype == picture.colour.dtype
        assert np.array_equal(joined(back.colour, back.alpha), joined(picture.colour, picture.alpha)), str(case)


def test_deep_pictures_come_out_deep_and_restored(tmp_path, restorer):
    for case in kept():
        if case.kind in ("C2", "C5", "C21") and case.pixels is not None and case.pixels.dtype != np.uint8:
            (source := tmp_path / case.name).write_bytes(case.data)
            restorer.restore_file(source, target := tmp_path / f"out-{case.name}")
            picture, back = read_picture(source), read_picture(target)
            assert back.colour.dtype == picture.colour.dtype and not np.array_equal(back.colour, picture.colour)
            assert (back.alpha is None) == (picture.alpha is None)
