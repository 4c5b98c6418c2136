"""`harmonic bench peers`: our network beside others, trained for the same budget."""

from pathlib import Path
from typing import Annotated

import typer

from harmonic.cli.options import Data, Quiet
from harmonic.cli.repeatable import check_target
from harmonic.cli.text import examples, say, tell

EXAMPLES = examples(
    "harmonic bench peers --data DIR --train --only fast --steps 4000      # a run; again: goes on",
    "harmonic bench peers --data DIR --train --table x4 --max-minutes 30",
    "harmonic bench peers --data DIR --time                               # on a quiet machine",
    "harmonic bench peers --data DIR                                      # tables of what there is",
    "harmonic bench peers --data DIR --pretrained weights.pth",
)


def peers(
    data: Data,
    table: Annotated[str, typer.Option(help="Which networks.", metavar="restoration|x4")] = "restoration",
    train: Annotated[bool, typer.Option("--train", help="Train and score what is not finished.")] = False,
    timing: Annotated[bool, typer.Option("--time", help="Count and time the networks beside ours.")] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="This network alone; repeatable.", metavar="NAME")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Of each run.", metavar="N")] = 4000,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each network: seeds 0 to N - 1.", metavar="N")] = 1,
    max_minutes: Annotated[
        float | None, typer.Option(min=0, help="Pause by then; the same command goes on.", metavar="M")
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder of the runs.", metavar="RUNS")] = Path("runs/peers"),
    results: Annotated[
        Path | None, typer.Option(help="Add to the tables' figures and their picture there.", metavar="DIR")
    ] = None,
    precision: Annotated[
        str, typer.Option(help="Of training; fp32 where bf16 is slower.", metavar="bf16|fp32")
    ] = "bf16",
    pretrained: Annotated[
        Path | None, typer.Option(help="Score these weights instead; spandrel loads them.", metavar="FILE")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Train networks for an equal budget, score them, and print tables with 95 % intervals.

    Same crops, steps, losses and schedule for all; for each the best of three learning rates, chosen on the crops of
    val.txt after a tenth of the steps. DIR holds train/ and test/, or everything. Sizes are such that all take the
    time of ours. Without --train and --time, the tables of what is there. Runs that --results holds already, from this
    machine or another, are kept and not made again.
    """
    from harmonic.cli.allocator import keep_freed_memory
    from harmonic.errors import UsageError
    from harmonic.measure.equal_budget import run_entrants
    from harmonic.measure.equal_results import collected, measure_costs, read_results, results_file, write_results
    from harmonic.measure.equal_table import equal_tables
    from harmonic.measure.equal_training import Clock, OutOfTime
    from harmonic.measure.line_ups import line_up_named

    line_up = line_up_named(table, precision)
    keep_freed_memory()
    if pretrained is not None:
        if train or timing or only or results:
            raise UsageError("--pretrained: scores that file alone; leave out --train, --time, --only and --results")
        _score(pretrained, data)
        return
    if results is not None:
        check_target(results_file(line_up.name, results))
    names = only or list(line_up.entrants)
    note = (lambda _: None) if quiet else say
    earlier = read_results(line_up, results)
    if train:
        try:
            run_entrants(line_up, names, steps, seeds, data, out, Clock.minutes(max_minutes), note,
                         earlier["runs"])  # fmt: skip
        except OutOfTime:
            note(f"{out}: paused after {max_minutes:g} minutes, all saved; the same command goes on")
    if timing:
        measure_costs(line_up, names, out, note)
    earlier = read_results(line_up, results)  # again: others may have added to it meanwhile
    content = collected(line_up, out, earlier)
    tell("\n\n".join(equal_tables(content)) or "no finished runs yet; make some with --train")
    if results is not None and content["runs"]:
        for path in write_results(content, results, _pencil() if content["costs"] else None):
            note(f"written: {path}")


def _pencil():
    """What draws the picture, or None without matplotlib."""
    try:
        from harmonic.measure.pareto import draw_pareto
    except ImportError:
        say("matplotlib is missing, so there is no picture; install the extra `bench`")
        return None
    return draw_pareto


def _score(file: Path, data: Path) -> None:
    from harmonic.measure.pretrained import load_pretrained, suites_for
    from harmonic.measure.score import bench_quality
    from harmonic.measure.table import content_of, markdown
    from harmonic.restore.device import pick_device

    model = load_pretrained(file, pick_device("cpu"))
    report = bench_quality(
        model.restore, suites_for(model.scale), data, scale=model.scale, model=f"{model.name}, {file.name}"
    )
    tell(markdown(content_of(report)).rstrip("\n"))
