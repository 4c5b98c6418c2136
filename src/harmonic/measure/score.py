"""Run a restorer over the suites and score what it returns."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from time import perf_counter

import numpy as np

from harmonic.errors import PictureError, UsageError
from harmonic.measure.clouds import SetMeasure, TileMeasure
from harmonic.measure.measures import Measure, Seen, measure_named
from harmonic.measure.origin import code, jpeg_encoder, machine
from harmonic.measure.report import PictureScore, Quality, Report, SettingScore
from harmonic.measure.sets import SMALLEST, find_sets, read_clean, read_grey
from harmonic.measure.suites import Setting, Suite, suites_named
from harmonic.ops.cells import cut_to_centre, whole_cells
from harmonic.ops.eight_bit import to_float, to_uint8
from harmonic.ops.quality import high_band_psnr, low_band_psnr, luma, psnr, shave, ssim
from harmonic.ops.resize import imresize

Restore = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Sight:
    """One picture as it went through, all uint8. before: what was given, enlarged to the output's size; clean: or None.

    data: name of the set.
    """

    suite: Suite
    setting: Setting
    data: str
    score: PictureScore
    before: np.ndarray
    after: np.ndarray
    clean: np.ndarray | None


def bench_quality(
    restore: Restore | None,
    suites: Sequence[str | Suite],
    data: Path,
    *,
    scale: int = 1,
    model: str = "",
    trained_on: str = "",
    measures: Sequence[Measure] = (),
    set_measures: Sequence[SetMeasure | TileMeasure] = (),
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    look: Callable[[Sight], None] | None = None,
) -> Report:
    """Score `restore` on each suite; None measures the inputs themselves, enlarged by bicubic above scale 1.

    suites: names, then all settings that fit `scale` count; or suites as they are.
    restore: (H, W, 3) or, in grey suites, (H, W); uint8, or float32 (suites `denoise`, where it may leave [0, 1], and
    `all-in-one`) -> `scale` times the size, uint8 or float. data: as in `find_set`. measures: beyond what each suite
    takes by itself.
    limit: only the first so many pictures of a set. progress: (pictures done, of all). look: gets every picture.
    Raises UsageError for a suite that is unknown or does not fit the scale, or a limit below 1, PictureError for
    missing or unreadable pictures.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"limit {limit}: at least one picture is needed; give 1 or more")
    fitting = None if restore is None else scale
    chosen = [s for given in suites for s in ([given] if isinstance(given, Suite) else suites_named(given, fitting))]
    plan = [(suite, found.name, found.files[:limit]) for suite in chosen for found in find_sets(data, suite.sets)]
    taken = {suite: tuple(dict.fromkeys((*map(measure_named, suite.measures), *measures))) for suite in chosen}
    done, total = 0, sum(len(suite.settings) * len(files) for suite, _, files in plan)
    scores: list[SettingScore] = []
    for suite, name, files in plan:
        columns: dict[Setting, list[PictureScore]] = {setting: [] for setting in suite.settings}
        clouds = {s: [m.gather() for m in set_measures if suite.reference] for s in suite.settings}
        for sight in _sights(restore, suite, name, files, taken[suite]):
            columns[sight.setting].append(sight.score)
            for cloud in clouds[sight.setting]:
                assert sight.clean is not None
                cloud.add(sight.before, sight.after, sight.clean)
            done += 1
            if look:
                look(sight)
            if progress:
                progress(done, total)
        for s, rows in columns.items():
            of_sets = {cloud.measure.name: cloud.figures() for cloud in clouds[s]}
            scores.append(SettingScore(suite, s.name, s.published, _border(s), name, tuple(rows), of_sets))
    protocols = {m.name: m.protocol for m in (*(m for found in taken.values() for m in found), *set_measures)}
    return Report(model, code(), jpeg_encoder(), machine(), tuple(scores), trained_on, protocols=protocols)


def quality(picture: np.ndarray, clean: np.ndarray) -> Quality:
    """uint8 or float about [0, 1], against uint8, (H, W, 3) or (H, W).

    Floats: PSNR as they are, the rest of the 8-bit picture.
    """
    shown = as_uint8(picture)
    exact = shown if picture.dtype == np.uint8 else picture.astype(np.float64) * 255
    return _compared(exact, shown, clean)


def as_uint8(picture: np.ndarray) -> np.ndarray:
    """The 8-bit picture that would be written (C1)."""
    return picture if picture.dtype == np.uint8 else to_uint8(picture)


def _sights(
    restore: Restore | None, suite: Suite, data: str, files: Sequence[Path], measures: Sequence[Measure]
) -> Iterator[Sight]:
    """Every picture at every setting; pictures outside, so that each is read once."""
    damages = {setting: setting.begin() for setting in suite.settings}
    for file in files:
        read = read_grey(file) if suite.colour == "grey" else read_clean(file)
        if min(read.shape[:2]) < max(SMALLEST + 2 * max(_border(setting) for setting in suite.settings), suite.sides):
            raise PictureError(f"{file}: too small for suite {suite.name}; leave the picture out")
        for setting in suite.settings:
            clean = np.ascontiguousarray(whole_cells(cut_to_centre(read, suite.sides), setting.scale or 1))
            given = damages[setting](clean, file.stem.lower())
            own = given.copy() if suite.rounded or given.dtype != np.uint8 else to_float(given)
            start = perf_counter()
            output = None if restore is None else restore(own)
            seconds = perf_counter() - start
            before = _enlarged(given, setting, output)
            if output is not None and output.shape != before.shape:
                raise ValueError(f"{file.stem}: the restorer returned {output.shape}, expected {before.shape}")
            after = _result(before if output is None else output, suite)
            truth = clean if suite.reference else None
            first = _judged(before, None, truth, suite, setting, measures)
            last = first if after is before else _judged(after, as_uint8(given), truth, suite, setting, measures)
            score = PictureScore(file.stem, first, last, seconds, sha256(given.tobytes()).hexdigest())
            yield Sight(suite, setting, data, score, as_uint8(before), as_uint8(after), truth)


def _result(output: np.ndarray, suite: Suite) -> np.ndarray:
    """What is judged: the 8-bit picture, or floats within its range."""
    exact = not suite.rounded and output.dtype != np.uint8
    return output.clip(0, 1) if exact else as_uint8(output)


def _enlarged(given: np.ndarray, setting: Setting, output: np.ndarray | None) -> np.ndarray:
    """The input at the output's size (P-SR-7). A restorer of any scale may be tried on real pictures."""
    scale = setting.scale or (1 if output is None else output.shape[0] // given.shape[0])
    return given if scale == 1 else as_uint8(imresize(given, scale))


def _judged(
    picture: np.ndarray,
    given: np.ndarray | None,
    clean: np.ndarray | None,
    suite: Suite,
    setting: Setting,
    measures: Sequence[Measure],
) -> Quality:
    """given: the input of an output, None for the input itself."""
    whole, border = as_uint8(picture), _border(setting)
    shown, truth = shave(whole, border), None if clean is None else shave(clean, border)
    exact = shown if suite.rounded or picture.dtype == np.uint8 else 255 * shave(picture, border).astype(np.float64)
    more = {measure.name: measure.take(Seen(shown, truth, whole, given, exact)) for measure in measures}
    if truth is None:
        return Quality(more=more)
    if suite.colour == "Y of RGB":
        y = luma(shown)
        return replace(_compared(y, y, luma(truth)), more=more)
    return replace(quality(shave(picture, border), truth), more=more)


def _compared(exact: np.ndarray, shown: np.ndarray, clean: np.ndarray) -> Quality:
    """exact: before rounding, where PSNR is taken so; all on the 0–255 scale."""
    return Quality(psnr(exact, clean), ssim(shown, clean), high_band_psnr(shown, clean), low_band_psnr(shown, clean))


def _border(setting: Setting) -> int:
    """C5: the scale in super-resolution, nothing elsewhere."""
    return setting.scale if setting.scale and setting.scale > 1 else 0
