"""The process that `harmonic bench speed` measures one picture in: arguments of `picture`, JSON on stdout."""

import json
import sys

from harmonic.cli.allocator import keep_freed_memory
from harmonic.cli.text import tell

WORKER = (sys.executable, "-P", "-m", "harmonic.cli.peak")


if __name__ == "__main__":
    keep_freed_memory()
    from harmonic.measure.peak_memory import picture

    _model, _width, _height, _precision, _tile, _device, _threads = sys.argv[1:]
    tell(json.dumps(picture(_model, int(_width), int(_height), _precision, _tile, _device, int(_threads))))
