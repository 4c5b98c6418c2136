"""Tensors by name against those that are expected: the one check of weights that come from elsewhere."""

from collections.abc import Mapping

from torch import Tensor

from harmonic.errors import shown


def fault(tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> str | None:
    """What keeps these tensors from being the expected ones, the first fault by name; None if nothing does.

    Names and shapes must be the same, floats where floats are expected, all of them finite.
    """
    for name in sorted(expected.keys() - tensors.keys()):
        return f"tensor {name} is missing"
    for name in sorted(tensors.keys() - expected.keys()):
        return f"tensor {shown(name)} is unknown"
    for name, value in tensors.items():
        if value.shape != expected[name].shape:
            return f"tensor {name} has shape {tuple(value.shape)}, expected {tuple(expected[name].shape)}"
        floats = value.is_floating_point()
        if floats != expected[name].is_floating_point():
            return f"tensor {name} holds {value.dtype}, expected {expected[name].dtype}"
        if floats and not value.isfinite().all():
            return f"tensor {name} holds values that are not finite"
    return None
