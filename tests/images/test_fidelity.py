"""Nothing is lost in silence: each file of the corpus is read and written as it is, or refused by name."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from corpus import Case, converted, kept, refused
from harmonic.errors import PictureError
from harmonic.images.folder import output_path
from harmonic.images.picture import Metadata, Picture, joined
from harmonic.images.read import read_picture
from harmonic.images.write import write_picture

CASES, REFUSED = [*kept(), *converted()], list(refused())


def place(case: Case, folder: Path) -> Path:
    (path := folder / case.name).write_bytes(case.data)
    return path


def metadata_faults(found: Metadata, case: Case) -> Iterator[str]:
    """What differs from what the case states; a resolution may differ by a thousandth."""
    for field in Metadata.__dataclass_fields__:
        got, wanted = getattr(found, field), case.metadata.get(field, () if field in ("texts", "png_colour") else None)
        same = got == pytest.approx(wanted, rel=1e-3) if field == "dpi" and got else got == wanted
        if not (same or (field == "exif" and _told(got) == _told(wanted))):
            yield f"{field}: {got!r}, not {wanted!r}"


def _told(exif: bytes | None) -> dict[int, object]:
    """EXIF tags, less the resolution, which is compared apart, and an upright orientation, which says nothing."""
    found = Image.Exif()
    found.load(exif or b"")
    return {tag: value for tag, value in found.items() if tag not in (282, 283, 296) and (tag, value) != (274, 1)}


def assert_is(picture: Picture, case: Case) -> None:
    pixels = joined(picture.colour, picture.alpha)
    assert case.pixels is not None and picture.colour.dtype == case.pixels.dtype
    assert (picture.alpha is not None) == case.alpha and pixels.shape == case.pixels.shape
    assert np.abs(pixels.astype(np.float64) - case.pixels).max() <= case.worst


def test_the_corpus_is_large_and_covers_the_kinds():
    every = [*CASES, *REFUSED]
    assert len(every) >= 60
    # C25: a flipped bit of a JPEG cannot be seen. C33 and C35 are about folders, not files: test_read, test_folder.
    assert {case.kind for case in every} == {f"C{n}" for n in range(1, 35)} - {"C25", "C33"}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_read_is_written_again_without_loss(tmp_path, case):
    source = place(case, tmp_path)
    picture = read_picture(source)
    assert_is(picture, case)
    assert not list(metadata_faults(picture.metadata, case))
    assert case.said in "; ".join(picture.notes) and bool(picture.notes) == bool(case.said)

    target = output_path(source, tmp_path, tmp_path / "out", "auto" if case.worst == 0 else "png")
    notes = write_picture(target, picture, format=None if case.worst == 0 else "png")
    back = read_picture(target)
    assert back.colour.dtype == picture.colour.dtype and back.colour.shape == picture.colour.shape
    assert np.array_equal(joined(back.colour, back.alpha), joined(picture.colour, picture.alpha))
    assert len(list(metadata_faults(back.metadata, case))) <= len(notes), "what is lost is said"


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_what_cannot_be_kept_is_refused_by_name(tmp_path, case):
    with pytest.raises(PictureError) as caught:
        read_picture(place(case, tmp_path))
    message = str(caught.value)
    assert case.said in message and message.isprintable() and ";" in message and case.name in message
