"""What validation restores with is what users restore with."""

import numpy as np

from harmonic.restore import engine
from harmonic.train.weights import restoring
from toys import recipe, train


def test_large_validation_pictures_are_restored_in_tiles(tmp_path, monkeypatch):
    """Else a whole photograph among them, or a held-out pair, ends the run for want of memory."""
    weights = train(recipe(2), tmp_path)
    picture = np.random.default_rng(0).random((300, 200, 3), np.float32)
    whole = restoring(weights)(picture)
    counts, true_restore = [], engine.restore_tiled

    def counting(function, target, tiles, *more):
        counts.append(len(tiles))
        return true_restore(function, target, tiles, *more)

    monkeypatch.setattr(engine, "restore_tiled", counting)
    monkeypatch.setattr(engine, "free_memory", lambda _: 1)
    np.testing.assert_allclose(restoring(weights)(picture), whole, atol=1e-5)
    assert counts[0] > 1
