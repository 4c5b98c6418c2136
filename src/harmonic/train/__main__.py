"""`python -m harmonic.train RECIPE --data DIR --out DIR`: training without the command line's dependencies.

`torchrun --nproc-per-node N -m harmonic.train …` trains with N processes.
"""

import argparse
import os
import sys
from pathlib import Path

from harmonic.errors import HarmonicError


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0, or that of the error (see harmonic.errors); 130 when interrupted."""
    parser = argparse.ArgumentParser(prog="python -m harmonic.train", description=__doc__)
    parser.add_argument("recipe", type=Path, nargs="?", help="a recipe file, such as recipes/restore_fast.yaml")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="changes, such as schedule.steps=2000")
    parser.add_argument("--data", type=Path, action="append", default=[], help="pictures: a folder, or a packed file")
    parser.add_argument("--inputs", type=Path, help="folder of the degraded partners, for data in pairs")
    parser.add_argument("--pairs", type=Path, help="which belong together: lines `input target`; default: by name")
    parser.add_argument("--strict-data", action="store_true", help="refuse to start when a picture cannot be used")
    parser.add_argument("--out", type=Path, help="folder of the run; the same command again resumes it")
    parser.add_argument("--max-minutes", type=float, help="end, cooled down, after so many minutes of training in all")
    parser.add_argument("--no-resume", dest="resume", action="store_false", help="start anew even if the run exists")
    parser.add_argument("--init", type=Path, help="weights to start from: a bundled name or a file; what fits is taken")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--check", action="store_true", help="rehearse everything in a minute, then stop")
    parser.add_argument("--plan", action="store_true", help="measure a few steps, print time and memory, then stop")
    parser.add_argument("--schema", action="store_true", help="print the JSON schema of recipes, for editors")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="play a bad step of a run's folder again")
    args = parser.parse_intermixed_args(arguments)
    first = os.environ.get("RANK", "0") == "0"  # of torchrun's processes one speaks, but for errors
    try:
        from harmonic.train.commands import Wanted, answer
        from harmonic.train.ranks import left

        for text in answer(
            Wanted(**vars(args)), lambda text: print(text, file=sys.stderr, flush=True) if first else None
        ):
            if first:
                print(text, flush=True)
        left()
    except HarmonicError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from the last saved state", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
