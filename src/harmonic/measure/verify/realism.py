"""Do restored pictures look like photographs? Statistics of scenes, features, colours (seed §14), from the passes."""

from collections.abc import Iterator, Sequence

import numpy as np

from harmonic.degrade.levels import SEVERITIES
from harmonic.measure.lpips import LPIPS, lpips
from harmonic.measure.natural import fd_nss
from harmonic.measure.verify import bounds
from harmonic.measure.verify.check import Check, judge, not_applicable
from harmonic.measure.verify.passes import ENLARGED, GENTLE, Pass, mean
from harmonic.measure.verify.subject import Subject
from harmonic.ops.colour_difference import colour_shift
from harmonic.ops.quality import luma
from harmonic.ops.scene_statistics import PATCH, scene_features

PATCHES = 100  # below this a Fréchet distance in 36 dimensions is noise


def check_realism(subject: Subject, passes: Sequence[Pass], perceptual: LPIPS | None) -> Iterator[Check]:
    """perceptual: with weights that a user gives; None = it is left out."""
    damaged = [one for one in passes if one.case in (*SEVERITIES, *ENLARGED)]
    clean, before, after = (
        scenes([picture(subject, one) for one in damaged])
        for picture in (lambda s, one: s.crops[one.crop], lambda s, one: one.start, lambda s, one: one.output)
    )
    if min(len(clean), len(before), len(after)) < PATCHES:
        yield not_applicable(bounds.HF_NATURAL, f"needs {PATCHES} patches of {PATCH} pixels; these crops have fewer")
    else:
        ours, given = fd_nss(after, clean), fd_nss(before, clean)
        yield judge(bounds.HF_NATURAL, ours / given, f"{ours:.2f} against {given:.2f}, {len(after)} patches")
    if perceptual is None:
        yield not_applicable(bounds.HF_PERCEIVED, "no weights of LPIPS were given")
    else:
        yield _perceived(subject, damaged, perceptual)
    # Of faint damage: strong blur moves light between the areas that are compared, and no restorer moves it all back.
    faint = [one for one in passes if one.case in (*GENTLE, *ENLARGED)]
    shift = mean(faint, lambda one: colour_shift(one.output, subject.crops[one.crop]))
    start = mean(faint, lambda one: colour_shift(one.start, subject.crops[one.crop]))
    yield judge(bounds.DRIFT_PICTURES, shift, f"the input has {start:.2f}")


def scenes(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Features of all patches of all pictures that are large enough. (N, 36)"""
    found = [scene_features(luma(picture))[0] for picture in pictures if min(picture.shape[:2]) >= PATCH]
    return np.concatenate(found) if found else np.zeros((0, 36))


def _perceived(subject: Subject, damaged: Sequence[Pass], network: LPIPS) -> Check:
    """One damage is enough: the network behind it is ten times heavier than ours."""
    chosen = [one for one in damaged if one.case == damaged[-1].case]
    ours, given = (
        float(np.mean([lpips(network, p, subject.crops[one.crop]) for p, one in zip(pictures, chosen, strict=True)]))
        for pictures in ([one.output for one in chosen], [one.start for one in chosen])
    )
    return judge(bounds.HF_PERCEIVED, ours / given, f"{ours:.3f} against {given:.3f}, {chosen[0].case}")
