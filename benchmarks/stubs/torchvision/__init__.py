"""Stands in for torchvision, of which no CPU build exists for our torch: names that spandrel imports, none called."""

import sys
import types


def _module(name: str, **names: object) -> types.ModuleType:
    module = types.ModuleType(f"torchvision.{name}")
    vars(module).update(names)
    sys.modules[module.__name__] = module
    return module


transforms = _module("transforms")
transforms.functional = _module(  # type: ignore[attr-defined]
    "transforms.functional", InterpolationMode=object, rotate=None, normalize=None
)
