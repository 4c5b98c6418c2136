from collections import Counter

import numpy as np
import pytest
from pydantic import ValidationError

from harmonic.degrade.apply import degrade
from harmonic.degrade.kinds import Jpeg, Noise, Round
from harmonic.degrade.mixtures import Mixture, sample_classic, sample_hmix, sample_jpeg, sample_mixture, sample_noise


def philox(key: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=key))


def family(chain) -> str:
    kinds = tuple(step.kind for step in chain if step.kind != "round")
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
    families = Counter(family(sample_classic(rng)) for _ in range(400))
    assert set(families) == {"clean", "blur", "noise", "jpeg"}


def test_half_of_the_noise_is_unclipped_float_as_published_tests_have_it():
    rng = philox()
    chains = [sample_noise(rng) for _ in range(1000)]
    raw = [c for c in chains if len(c) == 1]
    assert len(raw) == pytest.approx(500, abs=60)
    assert not any(c[0].clip for c in raw)
    assert all(c[0].clip and c[1] == Round() for c in chains if len(c) == 2)
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
