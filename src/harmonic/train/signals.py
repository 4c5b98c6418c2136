"""SIGINT and SIGTERM ask a run to end; the step in hand is finished and saved first."""

import signal
import threading
from types import FrameType
from typing import Any


class Interruption:
    """`with Interruption() as interruption:` then look at `interruption.wanted` between steps.

    A second SIGINT ends the process at once, as usual. Outside the main thread, where Python cannot catch signals,
    nothing is ever wanted.
    """

    def __init__(self):
        self.wanted = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        if self.wanted and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.wanted = True
