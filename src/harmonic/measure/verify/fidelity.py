"""Is the picture better afterwards, and a good one no worse? Seed §14 and §15, from the passes."""

from collections.abc import Iterator, Sequence

import numpy as np

from harmonic.degrade.levels import SEVERITIES
from harmonic.measure.verify import bounds
from harmonic.measure.verify.check import Check, judge, not_applicable
from harmonic.measure.verify.drawing import (
    input_and_output,
    parts_sheet,
    spectra_plot,
)
from harmonic.measure.verify.passes import ENLARGED, GENTLE, Pass, best_factor, energy_left, mean
from harmonic.measure.verify.subject import Subject

_ENLARGES = "the network enlarges, so no input is clean"
_NEVER_GENTLE = "the network enlarges, and shrinking is never gentle"


def check_fidelity(subject: Subject, passes: Sequence[Pass]) -> Iterator[Check]:
    """Clean pictures, damaged pictures, and the worst of both to look at."""
    damaged = [one for one in passes if one.case in (*SEVERITIES, *ENLARGED)]
    worst = min(damaged, key=lambda one: one.gain)
    if subject.scale > 1:
        for bound in (bounds.CLEAN_MEAN, bounds.CLEAN_WORST):
            yield not_applicable(bound, _ENLARGES)
        for bound in (bounds.GAIN_MILD, bounds.GAIN_MODERATE, bounds.GAIN_SEVERE):
            yield not_applicable(bound, "the network enlarges; see the gain over bicubic enlargement")
        yield _gain(bounds.GAIN_ENLARGED, damaged)
    else:
        clean = [one for one in passes if one.case == "clean"]
        least = min(clean, key=lambda one: one.after)
        equal = sum(one.before == one.after for one in clean)
        yield judge(bounds.CLEAN_MEAN, mean(clean, lambda one: one.after), f"{equal} of {len(clean)} come back equal")
        yield judge(bounds.CLEAN_WORST, least.after, f"crop {least.crop}", input_and_output(subject, [least]))
        for bound, severity in zip(
            (bounds.GAIN_MILD, bounds.GAIN_MODERATE, bounds.GAIN_SEVERE), SEVERITIES, strict=True
        ):
            yield _gain(bound, [one for one in damaged if one.case == severity])
    sheet = input_and_output(subject, sorted(damaged, key=lambda one: one.gain)[:4])
    yield judge(bounds.GAIN_WORST, worst.gain, f"crop {worst.crop}, {worst.case}; the four worst below", sheet)


def check_bands(subject: Subject, passes: Sequence[Pass]) -> Iterator[Check]:
    """Structure and texture apart (seed §14), and what is lost without either."""
    damaged = [one for one in passes if one.case in (*SEVERITIES, *ENLARGED)]
    mild = [one for one in passes if one.case in ("mild", *ENLARGED)]
    before, after = (mean(damaged, lambda one, n=name: getattr(one, n)) for name in ("low_before", "low_after"))
    yield judge(bounds.LF_GAIN, after - before, f"from {before:.2f} to {after:.2f} dB", parts_sheet(subject, damaged))
    if subject.scale > 1:
        yield not_applicable(bounds.LF_CLEAN, _ENLARGES)
    else:
        clean = [one for one in passes if one.case == "clean"]
        least = min(clean, key=lambda one: one.low_kept)
        yield judge(bounds.LF_CLEAN, least.low_kept, f"the worst: crop {least.crop}")
    change = sum(one.low_change for one in damaged)
    share = sum(one.low_by_lf for one in damaged) / change if change else float("nan")
    where = f"of the change of the picture at 1/{subject.network.config.cell} of its size, by inner product"
    yield judge(bounds.LF_SHARE, share, where)
    yield judge(bounds.LF_REMIX, float(np.max([one.remix for one in passes])))
    if subject.scale > 1:
        remark = f"{_NEVER_GENTLE}; the input has {energy_left(mild, 1):.2f}, the output {energy_left(mild):.2f}"
        yield not_applicable(bounds.HF_ENERGY, remark)
    else:
        yield judge(bounds.HF_ENERGY, energy_left(mild), f"the input has {energy_left(mild, 1):.2f}")
    power = np.mean([one.spectra for one in damaged], 0)
    excess = power[2] / power[0]
    where = f"at {(int(excess.argmax()) + 0.5) / (2 * len(excess)):.2f} cycles per pixel"
    yield judge(bounds.HF_EXCESS, float(excess.max()), where, [spectra_plot(power)])
    before, after = (mean(damaged, lambda one, n=name: getattr(one, n)) for name in ("high_before", "high_after"))
    yield judge(bounds.HF_GAIN, after - before, f"from {before:.2f} to {after:.2f} dB")
    yield judge(bounds.WITHOUT_HF, mean(damaged, lambda one: one.after - one.without_hf), "by mixing the parts anew")
    lost = mean(damaged, lambda one: one.after - one.without_lf)
    if subject.scale > 1:
        lost_low = mean(damaged, lambda one: one.low_after - one.low_without_lf)
        yield judge(
            bounds.WITHOUT_LF_ENLARGED, lost_low, f"by mixing the parts anew; of the whole picture {lost:.2f} dB"
        )
    else:
        yield judge(bounds.WITHOUT_LF, lost, "by mixing the parts anew")


def check_smoothing(subject: Subject, passes: Sequence[Pass]) -> Iterator[Check]:
    """The failure hypothesis of over-smoothing, on damage that is hardly seen and on damage that is."""
    damaged = [one for one in passes if one.case in (*SEVERITIES, *ENLARGED)]
    cases = dict.fromkeys(one.case for one in damaged)
    factors = {case: best_factor([one for one in damaged if one.case == case]) for case in cases}
    remark = ", ".join(f"{case} {factor:.2f}" for case, factor in factors.items())
    yield judge(bounds.FACTOR, max(factors.values(), key=lambda f: abs(f - 1)), f"the farthest from 1 of: {remark}")
    gentle = [one for one in passes if one.case in GENTLE]
    if not gentle:
        yield not_applicable(bounds.SMOOTHING, _NEVER_GENTLE)
        return
    left = {case: energy_left([one for one in gentle if one.case == case]) for case in GENTLE}
    remark = ", ".join(f"{case} {energy:.2f}" for case, energy in left.items())
    yield judge(bounds.SMOOTHING, min(left.values()), f"the least of: {remark}")


def _gain(bound: bounds.Bound, passes: Sequence[Pass]) -> Check:
    before, after = mean(passes, lambda one: one.before), mean(passes, lambda one: one.after)
    return judge(bound, after - before, f"from {before:.2f} to {after:.2f} dB, {len(passes)} crops")
