"""Which forms can be made of which; that functions stay the same is law L5 (`test_laws.py`)."""

import pytest

from harmonic.network.deploy import fuse, without_biases
from making import fresh


def test_a_deploy_form_is_not_fused_again():
    with pytest.raises(ValueError, match="already in deploy form"):
        fuse(fuse(fresh("tiny", 1)))


def test_a_training_form_keeps_its_biases():
    with pytest.raises(ValueError, match="training form"):
        without_biases(fresh("tiny", 1))
