"""OpenVINO without its telemetry.

Importing openvino 2026.4 starts a process that reports to Google Analytics and writes files into the user's home by the
package openvino-telemetry. Where that is absent it does without, so it is made absent.
"""

import sys
from typing import Any


def import_openvino() -> Any:
    """The package openvino. Raises ModuleNotFoundError where it is not installed."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # makes importing it fail
    import openvino

    return openvino
