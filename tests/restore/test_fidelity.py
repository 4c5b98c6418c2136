"""The corpus of `images` through the whole way: at strength 0, and through a network that returns its input at strength
1, a file comes out as it went in, or is refused by name.
"""

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


@pytest.mark.parametrize("strength", [0, 1])
@pytest.mark.parametrize("part", [kept, converted, refused], ids=["kept", "converted", "refused"])
def test_a_file_comes_back_or_is_refused_by_name(tmp_path, stand_in, identity, part, strength):
    """At strength 0 by bypass of a network that changes much; at 1 through every stage of the engine."""
    restorer = Restorer(identity if strength else stand_in(), device="cpu", precision="fp32")
    for number, case in enumerate(part()):
        (folder := tmp_path / str(number)).mkdir()
        (source := folder / case.name).write_bytes(case.data)
        target = output_path(source, folder, folder / "out", "auto" if case.worst == 0 else "png")
        if case.pixels is None:
            with pytest.raises(PictureError, match=case.said):
                restorer.restore_file(source, target, strength=strength)
            assert not target.exists()
            continue
        report = restorer.restore_file(source, target, strength=strength)
        picture, back = read_picture(source), read_picture(target)
        assert report.size == picture.colour.shape[1::-1] and set(picture.notes) <= set(report.notes)
        assert back.colour.dtype == picture.colour.dtype
        found, given = (joined(p.colour, p.alpha) for p in (back, picture))
        worst = 2e-7 if strength and found.dtype == np.float32 else 0  # floats lie beside [0, 1] too
        off = np.abs(found.astype(np.float64) - given)
        if strength and picture.alpha is not None:  # colours that nobody sees are made anew
            off[..., :-1][picture.alpha == 0] = 0
        assert off.max() <= worst, str(case)


def test_deep_pictures_come_out_deep_and_restored(tmp_path, restorer):
    for case in kept():
        if case.kind in ("C2", "C5", "C21") and case.pixels is not None and case.pixels.dtype != np.uint8:
            (source := tmp_path / case.name).write_bytes(case.data)
            restorer.restore_file(source, target := tmp_path / f"out-{case.name}")
            picture, back = read_picture(source), read_picture(target)
            assert back.colour.dtype == picture.colour.dtype and not np.array_equal(back.colour, picture.colour)
            assert (back.alpha is None) == (picture.alpha is None)
