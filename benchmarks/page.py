"""Write docs/benchmarks.md, and the table in README.md, from results/*.json: `python benchmarks/page.py`. Nothing is
measured here.

Each file of results is one section and holds the command that made it and its date.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goals import goals
from headline import headline, with_headline

from harmonic.measure.equal_table import equal_tables
from harmonic.measure.form_tables import form_tables
from harmonic.measure.markdown import markdown_table
from harmonic.measure.published import beside_published, read_published, reproduced
from harmonic.measure.speed_report import speed_tables
from harmonic.measure.table import markdown, number

ROOT = Path(__file__).parents[1]
RESULTS, PAGE, PUBLISHED = ROOT / "results", ROOT / "docs" / "benchmarks.md", ROOT / "results" / "published.csv"
README = ROOT / "README.md"

HEAD = """# Benchmarks

Made by `python benchmarks/page.py` from `results/*.json`; a test fails when it is old. Protocols: `P-SR` bicubic
enlargement, `P-DN` Gaussian noise, `P-JP` JPEG, `P-DB` Gaussian blur, `HMIX-1` all three after each other, `P-AIO`
noise as tables of all-in-one networks have it, `P-CL` clean pictures handed in, `P-RW` real ones without a truth; how
exactly, `src/harmonic/measure/suites.py` says.
"""


@dataclass(frozen=True)
class Section:
    """file: in results/. text: what a reader must know beside the tables. tables: of the file's content, Markdown."""

    title: str
    file: str
    text: str
    tables: Callable[[dict[str, Any]], Sequence[str]]


def page() -> str:
    """The whole page, from the files of results as they are; what has not been measured yet has no section."""
    there = [section for section in SECTIONS if (RESULTS / section.file).exists()]
    return "\n".join([HEAD, goals(RESULTS), *map(_section, there)])


def _section(section: Section) -> str:
    content = json.loads((RESULTS / section.file).read_text())
    tables = "\n\n".join(table.rstrip("\n") for table in section.tables(content))
    made = f"```sh\n{content['command']}\n```\n\n{content['date']}, `results/{section.file}`"
    return f"## {section.title}\n\n{section.text}\n\n{made}\n\n{tables}\n"


def restored(content: dict[str, Any]) -> list[str]:
    beside = beside_published(content, read_published(PUBLISHED))
    return [markdown(content), "### Beside published rows", BESIDE, beside]


def inputs(content: dict[str, Any]) -> list[str]:
    head = ["set", "protocol", "setting", "row", "PSNR here", "published", "difference", "SSIM here", "published"]
    rows = []
    for score, row in reproduced(content, read_published(PUBLISHED)):
        here = score["before"]
        ssim = "–" if row.ssim is None else f"{row.ssim:g}"
        cells = [
            score["set"],
            score["protocol"],
            score["setting"],
            row.method,
            f"{here['psnr']:.4f}",
            f"{row.psnr:.2f}",
        ]
        rows.append([*cells, f"{here['psnr'] - row.psnr:+.4f}", f"{here['ssim']:.4f}", ssim])
    return [markdown_table(head, "llllrrrrr", rows), markdown(content)]


def equal_budget(content: dict[str, Any]) -> list[str]:
    about = (
        f"{content['crop']}² crops, {content['batch']} a step; training: {content['machine']}; times at "
        f"{content['side']}²: {content['timed_on'] or 'not measured'}"
    )
    table = content["table"]
    return [f"![PSNR over time, parameters and multiply-adds](../results/equal-budget-{table}.png)", about,
            *equal_tables(content)]  # fmt: skip


def peers(content: dict[str, Any]) -> list[str]:
    head = ["from", "network", "parameters, M", "precision", "ms", "ratio", "to"]
    rows = [[f"{r['side']}²", r["network"], f"{r['parameters'] / 1e6:.2f}", r["precision"], str(r["ms"]),
             str(r["ratio"]), r["reference"]] for r in content["rows"]]  # fmt: skip
    return [content["machine"], markdown_table(head, "llrlrrl", rows)]


def failures(found: dict[str, Any]) -> str:
    """What `harmonic verify` finds wrong with one model."""
    rows = [[check["group"], check["name"], number(check["value"], 3), f"{check['bound']} {check['unit']}".rstrip(),
             check["remark"]] for check in found["failed"]]  # fmt: skip
    return markdown_table(["checks of", "which", "is", "should be", ""], "llrll", rows) if rows else ""


def verified(content: dict[str, Any]) -> list[str]:
    tables = []
    for name, found in content["models"].items():
        told = f"{name}, {found['date']}: {found['passed']} pass, {len(found['failed'])} fail; {found['machine']}"
        tables.append(f"{told}\n\n{failures(found)}".rstrip())
    return tables


def throughput(content: dict[str, Any]) -> list[str]:
    head, rows = ["form", "precision", "ms a step", "for data", "ratio of steps/s", "rounds", "to"], []
    for r in content["rows"]:
        ratio = [str(r["ratio"]), ", ".join(map(str, r["ratios"])), r["against"]] if "ratio" in r else ["", "", ""]
        rows.append([r["form"], r["precision"], str(r["ms"]), f"{r['data']:.1%}", *ratio])
    return [content["machine"], markdown_table(head, "llrrrll", rows)]


def overlap(content: dict[str, Any]) -> list[str]:
    head = ["form", "pictures a minute", "time, ratio to `batch`", "rounds"]
    rows = [[r["form"], str(r["per_minute"]), str(r["time"]), ", ".join(map(str, r["ratios"]))]
            for r in content["rows"]]  # fmt: skip
    return [content["machine"], markdown_table(head, "lrrl", rows)]


def mini_runs(content: dict[str, Any]) -> list[str]:
    tables = []
    for family, runs in content["runs"].items():
        names = list(dict.fromkeys(name for figures in runs.values() for name in figures))
        rows = [[run, *(f"{figures[n]:.3f}" for n in names)] for run, figures in runs.items()]
        tables.append(markdown_table([family, *names], "l" + "r" * len(names), rows))
    return tables


def experts(content: dict[str, Any]) -> list[str]:
    tables, names = [], content["experts"]
    for network, found in content["networks"].items():
        head = [network, *names, "PSNR", "every decision to the next expert"]
        rows = [[damage, *(f"{share:.2f}" for share in shares), f"{found['psnr'][damage]:.2f}",
                 f"{found['turned'][damage]:.2f}"] for damage, shares in found["shares"].items()]  # fmt: skip
        usage = [f"{use:.2f}" for use in found["usage"]]
        rows.append(["share of cells", *usage, f"{found['psnr']['mean']:.2f}", f"{found['turned']['mean']:.2f}"])
        about = f"Entropy of the gates {found['entropy']:.2f} nats; mutual information {found['information']:.2f} bits."
        tables.append(f"{markdown_table(head, 'l' + 'r' * (len(names) + 2), rows)}\n\n{about}")
    return tables


def texture(content: dict[str, Any]) -> list[str]:
    head = ["restored", "PSNR", "4x-down-sampled", "high-band energy", "texture distance", "FD-NSS", "added"]
    model = f"{content['model']} after {content['steps']:,} steps"
    tables = [f"{model}, {content['pictures']} pictures of {content['set']}"]
    for damage, found in content["damages"].items():
        rows = [[row, f"{f['psnr']:.2f}", f"{f['low']:.2f}", f"{f['energy']:.2f}", f"{f['texture']:.2f}",
                 f"{f['fd_nss']:.2f}", "" if row == "input" else f"{f['added']:.2f}"]
                for row, f in found["rows"].items()]  # fmt: skip
        patches = f"{found['patches']:,} clean patches. " if "patches" in found else ""
        about = (f"{patches}Two seeds differ by {found['seeds_apart']:.2f} grey levels in the mean; LF and HF by "
                 f"{found['structure_moved']:.1g}.")  # fmt: skip
        tables.append(f"{damage}\n\n{markdown_table(head, 'lrrrrrr', rows)}\n\n{about}")
    return tables


RUNG = """One network and its switches, so structure is the same in all rows but the input's. PSNR in dB; high-band
energy as a share of the clean pictures'; texture distance: sliced-Wasserstein over Laplacian levels, grey levels;
FD-NSS: statistics of natural scenes over all patches; the lower, the closer to the clean pictures. Added: root mean
square of what the head added to the 8-bit picture. It costs PSNR by its nature: it is not the texture
that was lost."""

BESIDE = """PSNR in dB / SSIM. Ours is one network for all rows of its scale, trained on what the row says. Others saw
DIV2K, DF2K, WED, BSD or ImageNet, most of them with one network a level: for orientation, not for ranking.
In `all-in-one`, where there is one, all are blind, SSIM is of boxes (P-AIO-4), and theirs mend haze and rain too.
Class: blind; told the level; or one network per sigma, quality or scale. Source: confirmed where a stored copy of the
table prints the value. Rows and sources: `results/published.csv`."""

SHRUNK = """Pictures shrunk by the exact bicubic (MATLAB's `imresize`), enlarged in colour, 8-bit outputs, PSNR and SSIM
of luma without a border as wide as the scale; "in" is bicubic enlargement. The test sets were used for nothing else."""

EQUAL = """Same losses and schedule, and, seed by seed, the same crops (precisions stand below the tables); for each
network the best of three learning rates, chosen on the validation crops after a tenth of the steps: all chose the
highest, 2.5e-3, so none is known to be best. Sizes such that all take about the time of `fast` in fp32, so most are
narrower than as published; in bf16 ratios differ, as the columns say. A run of fewer steps is a run of its own, cooled
down. PSNR in dB, means over the seeds; in brackets what ours is ahead with the seeds that both have, after as many
steps: mean, the paired bootstrap's 95 % interval over pictures, median, and on how many pictures ours is better. Read
differences smaller than that between seeds as none. Time: ratio to ours, fused, two threads. Networks with global
pooling see larger maps in testing than in training, as in their papers. Where sides are no multiples of what a network
wants, theirs repeat the last pixels or zeros, as their code does; ours had zeros around the picture (decision 0011).
The picture shows the common number of steps, with the seeds that all have, and the Pareto front: nothing cheaper is
better."""

FORMS = """PSNR in dB on the validation crops, means over the seeds; high band: texture; 1/4 size: PSNR of the
4x-down-sampled outputs, structure; mean: of the four damages. Time: ratio to NAFNet-w32 at 256², fused, two threads.
Rows of AdamW: `--optimizer adamw`."""

SECTIONS = (
    Section(
        "Quality of `restore-fast`",
        "quality-restore-fast.json",
        """One blind network for all rows, 8-bit outputs. The test sets were used for nothing else: no training, no
choosing. CBSD68 is the 68-picture set in colour, noise unclipped and blind; LIVE1 in colour, JPEG 4:2:0, and grey. Grey
pictures go through the network in three equal channels. In `clean` (P-CL-1) the picture itself goes in, and "PSNR out"
says how little is changed. `real` has no clean pictures, so its one figure cannot tell whether the result resembles the
scene. Seconds are those of a busy machine: speed stands below. In bf16 another processor moves single pictures by some
0.003 dB, and the figure of `clean`, which hangs on single grey levels, by 0.05 dB.""",
        restored,
    ),
    Section(
        "Quality of `restore-base`",
        "quality-restore-base.json",
        """As above, of the network with attention, experts and context.""",
        restored,
    ),
    Section(
        "Quality of `sr2-fast`",
        "quality-sr2-fast.json",
        SHRUNK,
        restored,
    ),
    Section(
        "Quality of `sr4-fast`",
        "quality-sr4-fast.json",
        SHRUNK,
        restored,
    ),
    Section(
        "Quality of `sr4-real`",
        "quality-sr4-real.json",
        """For damaged small pictures, so it is softer than `sr4-fast` on clean ones (`sr`). `second-order`:
Real-ESRGAN's ranges, drawn by each picture's name, 8-bit inputs, RGB; "in" is bicubic enlargement.""",
        restored,
    ),
    Section(
        "Checks that fail",
        "verify.json",
        """Of all that `harmonic verify` asks of the bundled weights. Bounds are of 2026-11-26, before the runs that
finished these weights, and none was loosened since; on 2026-11-27 those of exported runtimes, of structure without
LF at scales above 1 and of noise in texture were added or raised, and since 2026-11-28 the worst of clean texts and
crops counts, not their mean, and grids are looked for at all strides. What was tried against each stands in the
[log](log.md).""",
        verified,
    ),
    Section(
        "Inputs alone, beside published rows",
        "quality-inputs.json",
        """Measured alike, the rows of the input itself must come out as published. The published bicubic row is made of
luma alone (P-SR-8), JPEG as stated: all within 0.01 dB. Networks get 8-bit colour (P-SR-5); that enlargement scores a
little higher, 0.08 dB on Set14, where the grey picture is repeated to colour (P-SR-9): compare networks with it.""",
        inputs,
    ),
    Section(
        "Speed",
        "speed.json",
        """Interleaved with NAFNet-w32 in one process, fused, channels-last, bf16 weights cast once; then whole
pictures, automatic tiles and tiles of 512, each in a process of its own: at a fixed tile, memory grows with the number
of shapes that tiles have up to 12 MP, then by the picture itself alone ([log](log.md)). Design §3 grants 4 GB at 12 MP,
which automatic tiles miss in fp32. It grants tiles a quarter more time, too, which single pictures, as here, do not
tell; the command times tiles and whole pictures in turn by now, but was not run on such a processor since.""",
        speed_tables,
    ),
    Section(
        "Beside published networks",
        "peers-speed.json",
        """Random weights, interleaved in one process, two threads; restoration from 256² as ratio to NAFNet-w32,
enlargement by 4 from 128² as ratio to SPAN-48. Configurations as published (spandrel's classes; NAFNet and Restormer
ours). Design §3 asks `fast` for 0.33 of NAFNet-w32's time and for SPAN-48's: at the limit in fp32 at scale 1 (0.329
below, 0.336 above), missed in bf16 there and at x4, where large networks between the calls cost it more than SPAN-48;
timed beside that alone it took 0.94 to 1.00 of its time in fp32 and 1.44 to 1.58 in bf16
([0006](decisions/0006-enlarging-works-on-the-inputs-grid.md)). Its frame
([0012](decisions/0012-a-frame-around-pictures-that-are-enlarged.md)) is younger and adds 0.07 at 128²; products in the
place of 1x1 convolutions ([0013](decisions/0013-products-instead-of-1x1-convolutions.md)) are younger too.""",
        peers,
    ),
    Section(
        "Trained for the same budget: restoration",
        "equal-budget-restoration.json",
        EQUAL,
        equal_budget,
    ),
    Section(
        "Trained for the same budget: enlargement by 4",
        "equal-budget-x4.json",
        f"""{EQUAL}

PLKSR's published initial weights keep its GELUs in their linear range, and 4,000 steps do not lead out of it
([log](log.md)); it was timed with its own enlargement, which repeats pixels, and trained with the bicubic one.""",
        equal_budget,
    ),
    Section(
        "Each module of `base` left out in turn",
        "ablation.json",
        f"""A narrow `base` of 10.4 GMAC/MP, trained alike in every form; then forms of the whole network (seed
§0.5), and every choice that no preset has, tried once. {FORMS} A difference from the reference below the spread of its
seeds is none.""",
        form_tables,
    ),
    Section(
        "Do the experts specialise?",
        "experts.json",
        """Share of the gates by expert and damage, on the validation crops; the last row counts the cells that each
expert works on, and gives means of the damages. The second network had no supervision by known damages.

![A picture with five damages, and which expert works where](routing.webp)

Blue: denoise, orange: deblur, green: decompress, pink: texture; the stronger, the more of it.""",
        experts,
    ),
    Section(
        "The ladder: from a plain U-Net to `fast`",
        "ladder.json",
        f"""Each rung adds one part; `plain-wide`, `+hf-wide` and `nafnet` spend the time of the whole network on a
broader one without it. {FORMS}""",
        form_tables,
    ),
    Section(
        "The generative rung: without texture head, with it, and with its noise",
        "texture.json",
        f"""{RUNG} Form and strength of the head were chosen with an eye on these pictures too. How it came about, and
what its pictures look like: [0010](decisions/0010-where-texture-is-missing.md).""",
        texture,
    ),
    Section(
        "Training, steps per second",
        "throughput.json",
        """Beside a loop in traiNNer-redux's manner (`benchmarks/redux_manner.py` says how it works, and where each of
its choices comes from): same network, losses, crops and precision, two cores. `pairs` reads degraded and clean
sub-images that were made before; ours degrades on the fly all the same. On two cores the workers' decoding shows as
slower steps rather than as waiting, so their share for data understates it. `second order` is Real-ESRGAN's chain,
made on the fly by both.""",
        throughput,
    ),
    Section(
        "Folders, pictures per minute",
        "overlap.json",
        """JPEG in, PNG out, one process. `batch` decodes the next picture and encodes the last one while it computes;
`one by one` does not; `simple` works in Real-ESRGAN's manner (fp32, not fused, tiles with 10 pixels around them), the
others in what `auto` chooses. Same weights. The network computes on both cores of a quiet machine, so nothing is left
for `batch` to decode and encode on, and it gains nothing; with one thread, and other work on the machine, `one by one`
took 1.18 of its time ([log](log.md)).""",
        overlap,
    ),
    Section(
        "What the losses move",
        "mini-runs.json",
        """Short runs, one family of terms each; curves are in the runs' folders. energy: high band of the outputs as a
share of the targets'; low_psnr: of the 4x-down-sampled outputs; load_spread: deviation over mean of the experts' load;
information: bits between damage and expert; low_drift: what generated texture costs the 4x-down-sampled picture.""",
        mini_runs,
    ),
)

if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    README.write_text(with_headline(README.read_text(encoding="utf-8"), headline(RESULTS)), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n{README}\n")
