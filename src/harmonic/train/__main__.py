"""`python -m harmonic.train RECIPE --data DIR --out DIR`: training without the command line's dependencies."""

import argparse
import sys
from pathlib import Path

from harmonic.errors import HarmonicError
from harmonic.train.loop import run


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0, or that of the error (see harmonic.errors); 130 when interrupted."""
    parser = argparse.ArgumentParser(prog="python -m harmonic.train", description=__doc__)
    parser.add_argument("recipe", type=Path, help="a recipe file, such as recipes/restore_fast.yaml")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="changes to the recipe, such as steps=2000")
    parser.add_argument("--data", type=Path, required=True, help="folder of pictures (lists train.txt, val.txt obeyed)")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; the same command again resumes it")
    parser.add_argument("--max-minutes", type=float, help="end, cooled down, after this time")
    parser.add_argument("--no-resume", action="store_true", help="start anew even if the run exists")
    parser.add_argument("--init", type=Path, help="weights file to start from")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    args = parser.parse_intermixed_args(arguments)
    try:
        weights = run(args.recipe, args.data, args.out, overrides=args.overrides, max_minutes=args.max_minutes,
                      resume=not args.no_resume, device=args.device, init=args.init, report=print_row,
                      say=lambda text: print(text, file=sys.stderr))  # fmt: skip
    except HarmonicError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from the last saved state", file=sys.stderr)
        return 130
    print(weights)
    return 0


def print_row(row: dict[str, float]) -> None:
    """One line per report on stderr."""
    left = f"  {row['left'] / 60:.0f} min left" if "left" in row else ""
    loss = f"  loss {row['loss']:.5f}" if "loss" in row else ""
    quality = "".join(f"  {k} {row[k]:.2f}" for k in ("mean", "noise25", "jpeg10", "blur2", "mix", "clean") if k in row)
    print(f"step {row['step']:.0f}{loss}{quality}{left}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
