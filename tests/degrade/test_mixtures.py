from collections import Counter
from hashlib import sha256

import numpy as np
import pytest
from pydantic import ValidationError

from harmonic.degrade.apply import degrade
from harmonic.degrade.kinds import CHAIN, Bicubic, Jpeg, Noise, PoissonNoise, Round, Speckle
from harmonic.degrade.mixtures import (
    CLASSIC,
    PRESETS,
    Mixture,
    greyed,
    sample_hmix,
    sample_jpeg,
    sample_mixture,
    sample_noise,
)


def philox(key: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=key))


def family(chain) -> str:
    kinds = tuple(step.kind for step in chain if step.kind not in ("round", "bicubic"))
    if "to-scale" in kinds:
        return "real"
    return {(): "clean", ("blur", "noise", "jpeg"): "hmix"}.get(kinds, kinds[0] if kinds else "")


def test_shares_follow_the_weights():
    rng = philox()
    counts = Counter(family(sample_mixture(rng)) for _ in range(4000))
    for name, weight in Mixture().model_dump(exclude={"grey"}).items():
        assert counts[name] / 4000 == pytest.approx(weight, abs=0.03)


def test_a_weight_of_zero_is_never_drawn():
    rng = philox()
    only = Mixture(clean=0, blur=0, noise=0, jpeg=1e-9, hmix=0)
    assert {family(sample_mixture(rng, only)) for _ in range(200)} == {"jpeg"}


def test_a_mixture_without_any_weight_is_refused():
    with pytest.raises(ValidationError, match="at least one weight"):
        Mixture(clean=0, blur=0, noise=0, jpeg=0, hmix=0)


def test_classic_damages_one_way_at_a_time():
    rng = philox()
    families = Counter(family(sample_mixture(rng, CLASSIC)) for _ in range(400))
    assert set(families) == {"clean", "blur", "noise", "jpeg"}


def test_half_of_the_noise_is_unclipped_float_as_published_tests_have_it():
    rng = philox()
    chains = [sample_noise(rng) for _ in range(1000)]
    raw = [c for c in chains if len(c) == 1]
    assert len(raw) == pytest.approx(500, abs=60)
    assert all(isinstance(c[0], Noise) and not c[0].clip for c in raw)
    assert all(isinstance(c[0], Noise) and c[0].clip and c[1] == Round() for c in chains if len(c) == 2)
    sigmas = [c[0].sigma for c in chains if isinstance(c[0], Noise)]
    assert 0 <= min(sigmas) < 2
    assert 53 < max(sigmas) < 55


def test_jpeg_qualities_reach_from_5_to_95_and_favour_the_low_end():
    rng = philox()
    qualities = [c[0].quality for c in (sample_jpeg(rng) for _ in range(4000)) if isinstance(c[0], Jpeg)]
    assert (min(qualities), max(qualities)) == (5, 95)
    assert np.median(qualities) == pytest.approx(27, abs=3)


@pytest.mark.parametrize("rng", [philox(), np.random.RandomState(0)], ids=["generator", "random-state"])
def test_every_drawn_chain_can_be_applied(rng):
    crop = np.random.default_rng(1).random((16, 16, 3), dtype=np.float32)
    for draw in [sample_mixture, sample_hmix] * 40:
        result = degrade(crop, draw(rng), rng)
        assert result.dtype == np.float32
        assert np.isfinite(result).all()


def test_the_same_key_draws_the_same_chains():
    first, again = philox(5), philox(5)
    assert [sample_mixture(first) for _ in range(50)] == [sample_mixture(again) for _ in range(50)]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_have_their_shares_and_always_some_clean_pictures(name):
    rng, mixture = philox(), PRESETS[name]
    counts = Counter(family(sample_mixture(rng, mixture)) for _ in range(3000))
    weights = mixture.model_dump(exclude={"grey"})
    for kind, weight in weights.items():
        assert counts[kind] / 3000 == pytest.approx(weight / sum(weights.values()), abs=0.03)
    assert counts["clean"] > 0


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_enlargement_starts_from_the_exact_bicubic_or_from_its_own_way_down(scale):
    rng, same = philox(), philox()
    mixture = Mixture(clean=1, blur=1, noise=1, jpeg=1, hmix=1, real=1)
    for _ in range(100):
        chain, plain = sample_mixture(rng, mixture, scale), sample_mixture(same, mixture)
        assert family(chain) == family(plain)
        if family(chain) != "real":
            assert chain == (Bicubic(scale=scale), *plain)
        crop = np.zeros((8 * scale, 12 * scale, 3), np.float32)
        assert degrade(crop, chain, philox()).shape == (8, 12, 3)


def test_noise_of_grey_pictures_is_grey_and_all_else_stays():
    chain = (Noise(sigma=3), Jpeg(quality=9), PoissonNoise(scale=1), Speckle(sigma=2), Round())
    grey = {"grey": True}
    expected = tuple(s.model_copy(update=grey) if "grey" in type(s).model_fields else s for s in chain)
    assert greyed(chain) == expected and greyed(chain) != chain


def test_the_draws_of_a_recipe_stay_what_they_were():
    """A run that goes on after an update, and a figure that is made again, see the same damage."""
    rng = philox()
    told = sha256(b"".join(CHAIN.dump_json(sample_mixture(rng)) for _ in range(200)))
    assert told.hexdigest()[:16] == "baed0538978b26e0"
