"""Run a restorer over the suites and score what it returns."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter

import numpy as np
from PIL import __version__ as pillow_version
from PIL import features

from harmonic.errors import UsageError
from harmonic.measure.sets import find_set, read_clean
from harmonic.measure.suites import Setting, Suite, suite_named
from harmonic.ops.eight_bit import to_uint8
from harmonic.ops.quality import high_band_psnr, low_band_psnr, psnr, ssim

Restore = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Quality:
    """Closeness of one picture to the clean one: PSNR in dB (inf if equal), SSIM.

    high: PSNR of the detail that a quarter-size picture cannot hold. low: PSNR of the quarter-size pictures.
    """

    psnr: float
    ssim: float
    high: float
    low: float


@dataclass(frozen=True)
class PictureScore:
    """One picture before and after. seconds: the restorer's own time, without reading, damage or scoring."""

    picture: str
    before: Quality
    after: Quality
    seconds: float


@dataclass(frozen=True)
class SettingScore:
    """One setting of one suite on one set of pictures, with what a reader needs to repeat it (protocol C8)."""

    suite: str
    protocol: str
    randomness: str
    setting: str
    data: str
    pictures: tuple[PictureScore, ...]
    identical: float | None

    @property
    def before(self) -> Quality:
        return self._mean([score.before for score in self.pictures])

    @property
    def after(self) -> Quality:
        return self._mean([score.after for score in self.pictures])

    @property
    def equal_pictures(self) -> int:
        """Outputs equal to the clean picture: counted as `identical` dB, or left out of the means of PSNR."""
        return sum(math.isinf(score.after.psnr) for score in self.pictures)

    @property
    def seconds(self) -> float:
        return sum(score.seconds for score in self.pictures)

    def _mean(self, qualities: Sequence[Quality]) -> Quality:
        """Mean over pictures, never the PSNR of the mean error (C2)."""
        return Quality(
            psnr=mean_decibel((q.psnr for q in qualities), self.identical),
            ssim=sum(q.ssim for q in qualities) / len(qualities),
            high=mean_decibel((q.high for q in qualities), self.identical),
            low=mean_decibel((q.low for q in qualities), self.identical),
        )


@dataclass(frozen=True)
class Report:
    """All figures of one run. Printed and written by `table.py`."""

    model: str
    code: str
    encoder: str
    scores: tuple[SettingScore, ...]


def bench_quality(
    restore: Restore | None,
    suites: Sequence[str],
    data: Path,
    *,
    model: str = "",
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Score `restore` on each named suite; None measures the degraded inputs themselves.

    restore: (H, W, 3) uint8, or float32 that may leave [0, 1] (suite `denoise`)  ->  same shape, uint8 or float.
    data: as in `find_set`. limit: only the first so many pictures of a set. progress: (pictures done, of all).
    Raises UsageError for an unknown suite or a limit below 1, PictureError for missing or unreadable pictures.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"limit {limit}: at least one picture is needed; give 1 or more")
    plan = []
    for suite in map(suite_named, suites):
        pictures = find_set(data, suite.published_set)
        plan.append((suite, pictures.name, pictures.files[:limit]))
    done, total = 0, sum(len(suite.settings) * len(files) for suite, _, files in plan)
    scores: list[SettingScore] = []
    for suite, name, files in plan:
        columns: dict[Setting, list[PictureScore]] = {setting: [] for setting in suite.settings}
        for setting, score in _score_suite(restore, suite, files):
            columns[setting].append(score)
            done += 1
            if progress:
                progress(done, total)
        scores += [
            SettingScore(suite.name, suite.protocol, suite.randomness, s.name, name, tuple(c), suite.identical)
            for s, c in columns.items()
        ]
    return Report(model, code_version(), jpeg_encoder(), tuple(scores))


def quality(picture: np.ndarray, clean: np.ndarray) -> Quality:
    """(H, W, 3) uint8 or float about [0, 1], against uint8. Floats: PSNR as they are, the rest of the 8-bit picture."""
    shown = as_uint8(picture)
    exact = shown if picture.dtype == np.uint8 else picture.astype(np.float64) * 255
    return Quality(psnr(exact, clean), ssim(shown, clean), high_band_psnr(shown, clean), low_band_psnr(shown, clean))


def as_uint8(picture: np.ndarray) -> np.ndarray:
    """The 8-bit picture that would be written (C1)."""
    return picture if picture.dtype == np.uint8 else to_uint8(picture)


def mean_decibel(values: Iterable[float], identical: float | None) -> float:
    """Mean of dB figures, infinite ones counted as `identical` or left out; inf if nothing else is there."""
    counted = [identical if math.isinf(v) and identical is not None else v for v in values]
    finite = [v for v in counted if not math.isinf(v)]
    return sum(finite) / len(finite) if finite else math.inf


def code_version() -> str:
    """Version of the installed distribution."""
    try:
        return version("harmonic-ir")
    except PackageNotFoundError:
        return "not installed"


def jpeg_encoder() -> str:
    """The codec behind the JPEG inputs."""
    turbo = features.version_feature("libjpeg_turbo")
    return f"Pillow {pillow_version}, " + (f"libjpeg-turbo {turbo}" if turbo else f"libjpeg {features.version('jpg')}")


def _score_suite(
    restore: Restore | None, suite: Suite, files: Sequence[Path]
) -> Iterator[tuple[Setting, PictureScore]]:
    for file in files:
        clean = read_clean(file)
        for setting in suite.settings:
            yield setting, _score(restore, setting.damage(clean, file.stem.lower()), clean, file.stem)


def _score(restore: Restore | None, degraded: np.ndarray, clean: np.ndarray, picture: str) -> PictureScore:
    before = quality(degraded, clean)
    start = perf_counter()
    output = degraded if restore is None else restore(degraded.copy())
    seconds = perf_counter() - start
    if output.shape != clean.shape:
        raise ValueError(f"{picture}: the restorer returned {output.shape}, expected {clean.shape}")
    result = as_uint8(output)
    after = before if result is degraded else quality(result, clean)
    return PictureScore(picture, before, after, seconds)
