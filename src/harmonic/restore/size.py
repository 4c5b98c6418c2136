"""Which size the result gets, and what enlargement of a network that takes. Names and numbers only."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite, sqrt

from harmonic.errors import PictureError, UsageError, WeightsError

LARGEST_SCALE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """The size wanted; exactly one of scale, width and height (one or both), min_side and megapixels.

    scale: of both sides, above 0 to 4, 1.5 for instance. width, height: pixels; the other one follows. min_side: pixels
    of the shorter side. megapixels: of the area. Raises UsageError.
    """

    scale: float | None = None
    width: int | None = None
    height: int | None = None
    min_side: int | None = None
    megapixels: float | None = None

    def __post_init__(self) -> None:
        kinds = [("--scale", self.scale), ("--width/--height", self.width or self.height)]
        kinds += [("--min-side", self.min_side), ("--megapixels", self.megapixels)]
        given = [name for name, value in kinds if value is not None]
        for name, side in (("--width", self.width), ("--height", self.height), ("--min-side", self.min_side)):
            if side is not None and side < 1:
                raise UsageError(f"{name} {side}: must be 1 pixel or more")
        if self.scale is not None and not 0 < self.scale <= LARGEST_SCALE:
            raise UsageError(f"--scale {self.scale:g}: must be above 0, and {LARGEST_SCALE} at most")
        if self.megapixels is not None and not (self.megapixels > 0 and isfinite(self.megapixels)):
            raise UsageError(f"--megapixels {self.megapixels:g}: must be above 0")
        if len(given) != 1:
            raise UsageError(f"{' and '.join(given) or 'size'}: one of them says the size; give exactly one")

    @property
    def asked(self) -> str:
        """As the user wrote it."""
        told = ("scale", "width", "height", "min_side", "megapixels")
        values = ((name.replace("_", "-"), getattr(self, name)) for name in told)
        return " ".join(f"--{name} {value:g}" for name, value in values if value is not None)


@dataclass(frozen=True, slots=True)
class SizePlan:
    """scale: of the network. width, height: of the result, at most `scale` times those of the picture."""

    scale: int
    width: int
    height: int


def wanted_size(size: Size, width: int, height: int) -> tuple[int, int]:
    """Width and height that a picture of (width, height) shall get; the sides' ratio stays, but for rounding.

    Raises PictureError where a given width and height would distort it.
    """
    if size.width is not None and size.height is not None:
        fitting = (
            _scaled(Fraction(size.width, width), width, height)[1],
            _scaled(Fraction(size.height, height), width, height)[0],
        )
        if abs(size.height - fitting[0]) > 1 and abs(size.width - fitting[1]) > 1:
            wanted = f"{size.width}x{size.height}"
            raise PictureError(f"{size.asked}: {wanted} would distort {width}x{height}; give one of both, or cut first")
        return size.width, size.height
    if size.width is not None:
        return size.width, _scaled(Fraction(size.width, width), width, height)[1]
    if size.height is not None:
        return _scaled(Fraction(size.height, height), width, height)[0], size.height
    if size.min_side is not None:
        return _scaled(Fraction(size.min_side, min(width, height)), width, height)
    if size.megapixels is not None:
        return _scaled(sqrt(size.megapixels * 1e6 / (width * height)), width, height)
    assert size.scale is not None
    return _scaled(size.scale, width, height)


def plan_size(size: Size, width: int, height: int, scales: Iterable[int], whose: str = "no model here") -> SizePlan:
    """The smallest of the networks' `scales` that reaches the size; what is more is reduced afterwards.

    whose: of which model or models the scales are, for the message. Raises WeightsError when none reaches it, and
    PictureError as `wanted_size` does.
    """
    across, down = wanted_size(size, width, height)
    known = sorted(scales)
    for scale in known:
        if across <= scale * width and down <= scale * height:
            return SizePlan(scale, across, down)
    most = known[-1] if known else 0
    told = f"{size.asked}: {whose} enlarges by {most}" + ("" if size.scale else f", and {width}x{height} needs more")
    raise WeightsError(f"{told}; name other weights with --model")


def size_of_result(size: Size | None, width: int, height: int, scale: int, whose: str) -> tuple[int, int]:
    """Width and height that one network's result gets. Raises as `plan_size` does."""
    if size is None:
        return scale * width, scale * height
    plan = plan_size(size, width, height, [scale], whose)
    return plan.width, plan.height


def _scaled(factor: Fraction | float, width: int, height: int) -> tuple[int, int]:
    """Both sides, rounded half up, exactly for fractions."""
    half = Fraction(1, 2)
    return max(1, int(factor * width + half)), max(1, int(factor * height + half))
