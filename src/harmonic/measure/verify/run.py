"""All checks, group by group, in the order of the report."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from harmonic.errors import HarmonicError
from harmonic.measure.lpips import LPIPS, load_lpips
from harmonic.measure.origin import code, machine
from harmonic.measure.verify import bounds
from harmonic.measure.verify.agreement import check_agreement
from harmonic.measure.verify.balance import check_experts
from harmonic.measure.verify.check import Bound, Check, Report, broken_off
from harmonic.measure.verify.expense import check_expense
from harmonic.measure.verify.extremes import check_extremes
from harmonic.measure.verify.fidelity import check_bands, check_fidelity, check_smoothing
from harmonic.measure.verify.laws import check_laws
from harmonic.measure.verify.passes import Pass, all_passes
from harmonic.measure.verify.probes import check_checkerboard, check_drift, check_ringing, check_text
from harmonic.measure.verify.realism import check_realism
from harmonic.measure.verify.subject import Subject, load_subject
from harmonic.measure.verify.texture import check_texture

Progress = Callable[[int, int], None]


def verify(
    model: str | Path,
    data: Path,
    *,
    quick: bool = False,
    perceptual: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check weights, a bundled name or a file, on a folder of clean pictures.

    perceptual: weights of LPIPS, if there are any. progress: called with (passes done, all). Raises as `load_subject`
    and `load_lpips` do.
    """
    measure = None if perceptual is None else load_lpips(perceptual)
    subject = load_subject(model, data, quick)
    shape = subject.crops[0].shape
    crops = f"{len(subject.crops)} of up to {shape[1]}x{shape[0]} pixels, from {data}"
    described = (
        ("model", f"{subject.name}, {subject.network.form} form, scale {subject.scale}"),
        ("crops", crops),
        ("run", "quick" if quick else "full"),
        ("code", f"harmonic {code()}; {machine()}"),
    )
    return Report(described, tuple(all_checks(subject, measure, progress)))


def all_checks(subject: Subject, perceptual: LPIPS | None = None, progress: Progress | None = None) -> list[Check]:
    """In the order of the groups."""
    passes = all_passes(subject, progress)
    checks = [check for group in _groups(subject, passes, perceptual) for check in group]
    return sorted(checks, key=lambda check: bounds.GROUPS.index(check.group))


def _groups(subject: Subject, passes: Sequence[Pass], perceptual: LPIPS | None) -> Iterator[Iterator[Check]]:
    yield _guarded(check_laws(subject), bounds.TILES)
    yield _guarded(check_extremes(subject), bounds.EXTREME_FINITE)
    yield _guarded(check_fidelity(subject, passes), bounds.GAIN_WORST)
    yield _guarded(check_bands(subject, passes), bounds.LF_GAIN)
    yield _guarded(check_realism(subject, passes, perceptual), bounds.HF_NATURAL)
    yield _guarded(check_experts(subject), bounds.USED)
    yield _guarded(check_smoothing(subject, passes), bounds.SMOOTHING)
    yield _guarded(check_ringing(subject), bounds.RINGING_BLUR)
    yield _guarded(check_drift(subject), bounds.DRIFT_CLEAN)
    yield _guarded(check_text(subject), bounds.TEXT_GAIN)
    yield _guarded(check_checkerboard(subject), bounds.CHECKERBOARD)
    yield _guarded(check_texture(subject), bounds.TEXTURE_SEEDS)
    yield _guarded(check_expense(subject), bounds.PURE_MACS)
    yield _guarded(check_agreement(subject), bounds.BF16_PSNR)


def _guarded(checks: Iterator[Check], bound: Bound) -> Iterator[Check]:
    """A picture or a memory limit that stops a group fails it, and the others go on."""
    try:
        yield from checks
    except HarmonicError as error:
        yield broken_off(bound, f"this group of checks broke off: {error}")
