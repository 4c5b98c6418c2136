"""`harmonic restore --dry-run`: what would be done, and in what time."""

import json
from collections import Counter
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from harmonic.cli.text import say, tell
from harmonic.errors import shown

if TYPE_CHECKING:
    from harmonic.restore.batch import Pair
    from harmonic.restore.file import Settings
    from harmonic.restore.fleet import Fleet

_WORDS = {
    "restore": "to be restored",
    "done": "done before",
    "exists": "there already, and in the way without --overwrite",
    "unreadable": "no picture, or of no size that can be reached",
}


def tell_forecast(
    fleet: "Fleet", pairs: list["Pair"], settings: "Settings", folder: Path | None, retry: bool, as_json: bool
) -> None:
    """A line per picture on stdout, the sum on stderr. folder: that of the ledger, if there is one. Writes nothing."""
    from harmonic.restore.forecast import forecast
    from harmonic.restore.ledger import LEDGER_NAME, Ledger

    known = folder is not None and (folder / LEDGER_NAME).exists()
    tally: Counter[str] = Counter()
    seconds = 0.0
    with Ledger(folder) if known and folder else nullcontext() as ledger:
        if retry and ledger:
            pairs = [pair for pair in pairs if ledger.failed_before(pair[1])]
        for restorer, group in fleet.groups(pairs, settings.size, settings.page):
            for one in forecast(restorer, group, settings, ledger):
                tally[one.status] += 1
                seconds += one.seconds
                if as_json:
                    tell(json.dumps(asdict(one), default=str))
                else:
                    size = f"{one.size[0]}x{one.size[1]}, " if one.size else ""
                    what = f"{one.seconds:.1f} s" if one.status == "restore" else _WORDS[one.status]
                    tell(f"{shown(one.source)} -> {shown(one.target)} ({size}{what})")
    told = ", ".join(f"{tally[status]} {words}" for status, words in _WORDS.items() if tally[status])
    say(f"{told or 'nothing to do'}; {_spoken(seconds)} of computing")


def _spoken(seconds: float) -> str:
    if seconds < 90:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"
