"""One training sample: a pure function of (seed, turn, step, index)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harmonic.degrade.apply import degrade
from harmonic.degrade.kinds import Bicubic
from harmonic.degrade.labels import strengths, texture_lost
from harmonic.degrade.mixtures import Chain, Mixture, greyed, sample_mixture
from harmonic.ops.eight_bit import to_float
from harmonic.train.synthetic import synthetic_picture

MARGIN = 16
"""Input pixels around a crop that are degraded with it, for the taps of blur; also the size of a 4:2:0 JPEG block."""

LUMA = np.array([[0.299], [0.587], [0.114]], np.float32)
"""Weights of R, G, B in a grey picture made of a colour one."""

ALIGNED = 0.75
"""Share of samples whose JPEG blocks start at the crop's corner, as they do in files that nobody has cropped."""

CONTEXT = 0.8
"""Share of samples that come with the thumbnail of their picture; the others teach the network to do without."""


@dataclass(frozen=True)
class Stream:
    """What samples are drawn from. pictures: (H, W, 3) uint8 each; crops are counted in input pixels.

    inputs: the degraded partner of each picture, 1/scale of its size, where the data come in pairs; else None.
    thumbnails: (32, 32, 3) float32 of each picture, in pairs of its degraded partner, for networks with a context; else
    None. synthetic: share of samples from drawn pictures. detailed: share of crops of photographs that are the more
    detailed of two. turn: raised when a run returns to an earlier state, so that it meets other samples.
    """

    pictures: Sequence[np.ndarray]
    mixture: Mixture
    seed: int
    scale: int = 1
    thumbnails: Sequence[np.ndarray] | None = None
    inputs: Sequence[np.ndarray] | None = None
    synthetic: float = 0.0
    detailed: float = 0.0
    turn: int = 0

    @cached_property
    def areas(self) -> np.ndarray:
        """Pixels of each picture and all before it; with thousands of pictures, too much to count for every sample."""
        return np.cumsum([picture.shape[0] * picture.shape[1] for picture in self.pictures])

    @cached_property
    def digest(self) -> str:
        """Of sides and middle rows: pictures that were added, changed or put in another order are noticed."""
        seen = hashlib.sha256()
        for picture in (*self.pictures, *(self.inputs or ())):
            seen.update(repr(picture.shape).encode() + picture[len(picture) // 2].tobytes())
        return f"{len(self.pictures)} of digest {seen.hexdigest()[:8]}"


@dataclass(frozen=True)
class Draft:
    """A sample before its damage: a window of a clean picture, and what will be done to it.

    clean (H, W, 3) float32 in [0, 1], sides multiples of scale, with a margin around the crop. given: its degraded
    partner of a pair, 1/scale of that size, or None. top, left, crop: of the crop in input pixels. turns, flip: applied
    at the end, so that borders look as they do inside a picture. rng: goes on where the drawing of the draft stopped.
    """

    clean: np.ndarray
    given: np.ndarray | None
    chain: Chain
    top: int
    left: int
    crop: int
    scale: int
    turns: int
    flip: bool
    thumbnail: np.ndarray | None
    present: bool
    key: int
    rng: np.random.Generator


@dataclass(frozen=True)
class Sample:
    """A training pair in [0, 1]: lq (crop, crop, 3) float32, gt (scale·crop, scale·crop, 3) float32.

    labels (4,): noise, blur, compression and lost texture, 0 to 1 (`degrade.labels`); None for pairs, whose damage
    nobody knows. thumbnail (32, 32, 3) of the whole picture, grey and turned as the crop is, or None; without its
    damage, which means of areas hardly show. present: whether the network may see it. chain: the damage.
    key: a random number of the sample's own.
    """

    lq: np.ndarray
    gt: np.ndarray
    labels: np.ndarray | None
    thumbnail: np.ndarray | None
    present: bool
    chain: Chain
    key: int


def sample(stream: Stream, crop: int, step: int, index: int) -> Sample:
    """One training pair, damaged on the CPU."""
    draft = drafted(stream, crop, step, index)
    shrunk = (Bicubic(scale=draft.scale),) if draft.scale > 1 else ()
    small = degrade(draft.clean, shrunk, draft.rng)
    if draft.given is not None:
        lq = draft.given
    elif draft.chain[: len(shrunk)] == shrunk:  # most chains begin with it, and it is not cheap
        lq = degrade(small, draft.chain[len(shrunk) :], draft.rng)
    else:
        lq = degrade(draft.clean, draft.chain, draft.rng)
    rows, columns = slice(draft.top, draft.top + crop), slice(draft.left, draft.left + crop)
    lq, small = lq[rows, columns], small[rows, columns]
    known = draft.given is None
    labels = np.array([*strengths(draft.chain), texture_lost(lq, small)], np.float32) if known else None
    return Sample(turned(lq, draft), turned(target(draft), draft), labels, draft.thumbnail, draft.present, draft.chain,
                  draft.key)  # fmt: skip


def drafted(stream: Stream, crop: int, step: int, index: int) -> Draft:
    """Draw the window, the chain and the turn of one sample. Pictures are drawn by their area."""
    scale = stream.scale
    rng = np.random.Generator(
        np.random.Philox(key=np.array([stream.seed, index], np.uint64), counter=[0, 0, stream.turn, step])
    )
    number = int(np.searchsorted(stream.areas, rng.random() * stream.areas[-1], side="right"))
    picture = stream.pictures[number]
    drawn = rng.random() < stream.synthetic and stream.inputs is None
    if drawn:
        side = scale * (crop + 2 * MARGIN)
        picture = synthetic_picture(rng, side, side)
    offset = (MARGIN, MARGIN) if rng.random() < ALIGNED else tuple(rng.integers(MARGIN // 2, MARGIN, 2))
    corner = _corner(rng, picture, scale * crop)
    if stream.detailed and not drawn and rng.random() < stream.detailed:
        corner = max(corner, _corner(rng, picture, scale * crop), key=lambda c: _detail(picture, c, scale * crop))
    if stream.inputs is not None:
        corner = [c - c % scale for c in corner]  # pairs fit on whole input pixels only
    # Near the top and left border there is no room for the margin: such crops move to the border itself.
    (y, top), (x, left) = ((c, int(o)) if c >= scale * o else (0, 0) for c, o in zip(corner, offset, strict=True))
    (height, width), size = picture.shape[:2], scale * (crop + MARGIN)
    bottom, right = (min(start + size, side) for start, side in ((y, height), (x, width)))
    bottom, right = bottom - (bottom - y) % scale, right - (right - x) % scale  # whole input pixels
    rows, columns = slice(y - scale * top, bottom), slice(x - scale * left, right)
    clean, given, chain, grey = to_float(picture[rows, columns]), None, (), False
    if stream.inputs is not None:
        rows, columns = (slice(part.start // scale, part.stop // scale) for part in (rows, columns))
        given = to_float(stream.inputs[number][rows, columns])
    else:
        chain = sample_mixture(rng, stream.mixture, scale)
        grey = rng.random() < stream.mixture.grey
        if grey:
            clean, chain = _grey(clean), greyed(chain)
    turns, flip, present = int(rng.integers(4)), bool(rng.integers(2)), bool(rng.random() < CONTEXT)
    key = int(rng.integers(1 << 62))
    draft = Draft(clean, given, chain, top, left, crop, scale, turns, flip, None, present and not drawn, key, rng)
    if stream.thumbnails is None:
        return draft
    thumbnail = _grey(stream.thumbnails[number]) if grey else stream.thumbnails[number]
    return Draft(**{**vars(draft), "thumbnail": turned(thumbnail, draft)})


def _corner(rng: np.random.Generator, picture: np.ndarray, side: int) -> list[int]:
    return [int(rng.integers(length - side + 1)) for length in picture.shape[:2]]


def _detail(picture: np.ndarray, corner: list[int], side: int) -> float:
    """Mean step between neighbours of a window, in levels of green."""
    (y, x), green = corner, picture[..., 1]
    window = green[y : y + side, x : x + side].astype(np.int16)
    return float(np.abs(np.diff(window, axis=0)).mean() + np.abs(np.diff(window, axis=1)).mean())


def _grey(picture: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.broadcast_to(picture @ LUMA, picture.shape))


def target(draft: Draft) -> np.ndarray:
    """The clean crop. (scale·crop, scale·crop, 3), not yet turned"""
    scale, side = draft.scale, draft.scale * draft.crop
    top, left = scale * draft.top, scale * draft.left
    return draft.clean[top : top + side, left : left + side]


def turned(picture: np.ndarray, draft: Draft) -> np.ndarray:
    """(H, W, C) as the draft's flip and quarter turns leave it."""
    return np.rot90(picture[:, ::-1] if draft.flip else picture, draft.turns)
