"""A network as a picture: its parts with the values of its configuration, and how data flow between them.

Rows are resolutions, finest at the top; columns follow the data. The decoder's two streams end at the right: texture in
orange, structure in green.
"""

from dataclasses import replace
from itertools import groupby

from harmonic.network.config import AttentionFusionSpec, FusionSpec, NetworkConfig, StateSpaceFusionSpec
from harmonic.network.harmonic import Harmonic
from harmonic.network.specs import (
    BlockSpec,
    BudgetedWindowSpec,
    ChannelWindowSpec,
    ConvSpec,
    DeformableSpec,
    ExpertsSpec,
    HybridSpec,
    LargeKernelSpec,
    OverlapSpec,
    PartialKernelSpec,
    RectangleSpec,
    StateSpaceSpec,
    TextureBlockSpec,
    WindowSpec,
)
from harmonic.network.svg import BOX_WIDTH, Box, across, arrow, box, corner, document, text

MARGIN, GAP_X, GAP_Y, HEADING = 28, 24, 34, 52
COLUMN = BOX_WIDTH + GAP_X
ROWS = (
    ("picture", "high_pass", "texture"),
    ("embed",),
    ("enc0", "dec0", "hf", "tail"),
    ("enc1", "dec1"),
    ("bottleneck", "fusion1", "fusion0", "head"),
    ("context", "lf", "output"),
)
COLUMNS = (
    ("picture", "embed", "enc0"),
    ("high_pass", "enc1"),
    ("bottleneck", "context"),
    ("dec1", "lf"),
    ("dec0", "fusion1"),
    ("hf", "fusion0"),
    ("texture", "tail", "head", "output"),
)


def draw(network: Harmonic, name: str) -> str:
    """The SVG file. name: stands in its heading."""
    parts, bottom = _placed(_parts(network.config))
    width = 2 * MARGIN + len(COLUMNS) * COLUMN - GAP_X
    heading = f"{name}, {'restoration' if network.scale == 1 else f'enlargement x{network.scale}'}"
    millions = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    facts = f"{millions:.2f} M parameters, reach {network.reach} pixels, grid {network.grid} pixels"
    words = [
        text((MARGIN, 24), f"HARMONIC {heading}", weight=600, anchor="start", size=15),
        text((width - MARGIN, 24), facts, anchor="end"),
    ]
    skip = bottom + 18
    content = [*words, *_flow(parts, width, skip), *map(box, parts.values())]
    return document(f"HARMONIC {heading}", width, skip + 16, content)


def _parts(config: NetworkConfig) -> dict[str, Box]:
    """Every part of the network, still without a place."""
    c0, c1, c2 = config.channels
    f, lf, hf = config.factor, config.lf, config.hf
    cells = f"cells of {config.cell} x {config.cell} pixels"
    parts = {
        "picture": _part("picture", "picture x", "3 channels"),
        "embed": _part("trunk", "InputEmbed", f"3x3, stride {config.stride}"),
        "enc0": _part("trunk", "StageEnc 0", _map(c0, f), *_blocks(config.encoder[0])),
        "enc1": _part("trunk", "StageEnc 1", _map(c1, 2 * f), *_blocks(config.encoder[1])),
        "bottleneck": _part("trunk", "Bottleneck", _map(c2, 4 * f), *_blocks(config.bottleneck)),
        "dec1": _part("high", "StageDec 1", _map(c1, 2 * f), *_blocks(config.decoder[1])),
        "dec0": _part("high", "StageDec 0", _map(c0, f), *_blocks(config.decoder[0])),
        "tail": _part("high", "PlainTail", "3x3 to pixels"),
        "head": _part("meet", "OutputHead", cells, "LF = S(…)", "HF = (I - P)(…)"),
        "output": _part("picture", "y = base + LF + HF", "base: x" if config.scale == 1 else "base: bicubic of x"),
    }
    if config.context:
        parts["context"] = _part("trunk", "Context", f"16 tokens of {config.context}", "of the whole picture")
    if lf:
        lines = _map(lf.channels, config.cell), "+ cell means of x", *_blocks(lf.blocks)
        parts["lf"] = _part("low", "LFBranch", *lines)
    if config.fusion:
        for level in (0, 1):
            parts[f"fusion{level}"] = _part("meet", f"FreqFusion {level}", _fusion(config.fusion[level]), "LF ↔ HF")
    if hf:
        parts["high_pass"] = _part("high", "HighPass", f"{hf.high_pass} channels")
        parts["hf"] = _part("high", "HFBranch", _map(c0, f), *_blocks(hf.blocks))
        form = "gains of local filters" if hf.tail_form == "product" else "plus local filters"
        parts["tail"] = _part("high", "Tail", _map(hf.tail, config.scale), form, "sees x")
        if hf.texture:
            layers = f"{hf.texture.layers} modulated, noise"
            parts["texture"] = _part("high", "TextureHead", _map(hf.texture.channels, 1), layers)
            parts["output"] = replace(parts["output"], lines=(*parts["output"].lines, "+ T on request"))
    return parts


def _part(colour: str, title: str, *lines: str) -> Box:
    return Box(0, 0, colour, title, lines)


def _placed(parts: dict[str, Box]) -> tuple[dict[str, Box], float]:
    """Parts in their rows and columns, rows as high as their highest part; and where the last row ends."""
    placed, y = {}, HEADING
    for names in ROWS:
        height = max((parts[name].height for name in names if name in parts), default=0)
        for name in names:
            if name in parts:
                column = next(i for i, members in enumerate(COLUMNS) if name in members)
                x = MARGIN + column * COLUMN
                placed[name] = replace(parts[name], x=x, y=y + (height - parts[name].height) / 2)
        y += height + GAP_Y
    return placed, y - GAP_Y


def _flow(p: dict[str, Box], width: float, skip: float) -> list[str]:
    """All arrows. skip: y of the long skip from the picture to the result."""
    gap = GAP_X / 2
    lines = [
        arrow(p["picture"].bottom(), p["embed"].top()),
        arrow(p["embed"].bottom(), p["enc0"].top()),
        arrow(p["enc0"].bottom(), (p["enc0"].bottom()[0], p["enc1"].left()[1]), p["enc1"].left()),
        arrow(p["enc1"].bottom(), (p["enc1"].bottom()[0], p["bottleneck"].left()[1]), p["bottleneck"].left()),
        corner(p["bottleneck"].right(0.4), p["dec1"].bottom()),
        arrow(p["enc0"].right(), p["dec0"].left()),
        arrow(p["enc1"].right(), p["dec1"].left()),
        arrow(p["head"].bottom(), p["output"].top()),
        arrow(p["tail"].bottom(), p["head"].top()),
        arrow(
            p["picture"].left(),
            (gap, p["picture"].left()[1]),
            (gap, skip),
            (p["output"].bottom()[0], skip),
            p["output"].bottom(),
            dashed=True,
        ),
        text((p["enc0"].bottom()[0] + 6, p["enc0"].bottom()[1] + 24), "Downsample", anchor="start"),
        text((p["enc1"].bottom()[0] + 6, p["enc1"].bottom()[1] + 24), "Downsample", anchor="start"),
        text((p["dec1"].bottom()[0] + 6, p["dec1"].bottom()[1] + 24), "Upsample", anchor="start"),
        text((p["enc1"].right()[0] + COLUMN / 2 + gap, p["enc1"].right()[1] - 6), "skip"),
        text((p["enc0"].right()[0] + 1.5 * COLUMN, p["enc0"].right()[1] - 6), "skip"),
    ]
    if "context" in p:
        lines.append(arrow(p["context"].top(), p["bottleneck"].bottom()))
    if "lf" in p:
        lines.append(across(p["bottleneck"].right(0.6), p["lf"].left(), p["lf"].x - gap))
    lines += _streams(p, gap)
    if "high_pass" in p:
        lines += [
            arrow(p["picture"].right(), p["high_pass"].left()),
            corner(p["high_pass"].right(), p["hf"].top()),
        ]
        q = p["high_pass"].right()
        if "texture" in p:
            t = p["texture"]
            lines += [
                arrow(q, (t.x, q[1])),
                arrow(p["hf"].top(0.8), (p["hf"].top(0.8)[0], t.left(0.8)[1]), t.left(0.8)),
                across(t.right(), p["output"].right(), width - gap),
                across(q, p["tail"].left(0.2), t.x - gap),
            ]
        else:
            lines.append(corner(q, p["tail"].top()))
    return lines


def _streams(p: dict[str, Box], gap: float) -> list[str]:
    """The two streams of the decoder, from StageDec 1 and the LF branch to the tail and the head."""
    if "fusion1" in p:
        one, zero, f = p["fusion1"], p["fusion0"], p["dec0"].x - gap
        up = text((p["dec0"].bottom()[0] + 6, p["dec0"].bottom()[1] + 24), "Upsample", anchor="start")
        lines = [
            across(p["dec1"].right(), one.left(0.3), f),
            across(p["lf"].right(), one.left(0.7), f),
            arrow(one.top(), p["dec0"].bottom()),
            up,
            across(p["dec0"].right(), zero.left(0.3), zero.x - gap),
            arrow(one.right(0.7), zero.left(0.7)),
            arrow(zero.right(0.7), (p["head"].x, zero.right(0.7)[1])),
        ]
        if "hf" in p:
            return [*lines, arrow(zero.top(), p["hf"].bottom()), _to_tail(p["hf"], p)]
        return [*lines, across(zero.right(0.3), p["tail"].left(), p["tail"].x - gap)]
    lines = [corner(p["dec1"].right(), p["dec0"].bottom())]
    if "lf" in p:
        lines.append(across(p["lf"].right(), p["head"].left(), p["head"].x - gap))
    if "hf" in p:
        return [*lines, arrow(p["dec0"].right(), (p["hf"].x, p["dec0"].right()[1])), _to_tail(p["hf"], p)]
    return [*lines, _to_tail(p["dec0"], p)]


def _to_tail(last: Box, p: dict[str, Box]) -> str:
    return arrow(last.right(), (p["tail"].x, last.right()[1]))


def _map(channels: int, stride: int) -> str:
    """stride: in output pixels."""
    return f"{channels} channels, {f'1/{stride}' if stride > 1 else 'full size'}"


def _blocks(blocks: tuple[BlockSpec | TextureBlockSpec, ...]) -> list[str]:
    """One line for each run of equal blocks."""
    runs = ((words, len(list(run))) for words, run in groupby(map(_words, blocks)))
    return [words if count == 1 else f"{count} x {words}" for words, count in runs]


def _words(spec: BlockSpec | TextureBlockSpec) -> str:
    match spec:
        case ConvSpec():
            return "conv block"
        case WindowSpec(dilation=1) | OverlapSpec():
            return f"{spec.kind} {spec.window}x{spec.window}"
        case HybridSpec(dilation=1):
            return f"hybrid {spec.window}x{spec.window}, near"
        case HybridSpec() | WindowSpec():
            return f"{spec.kind} {spec.window}x{spec.window}, lattice"
        case RectangleSpec():
            return f"rectangles {spec.window[0]}x{spec.window[1]}"
        case StateSpaceSpec():
            return f"state space, strip {spec.strip}"
        case DeformableSpec():
            return f"deformable {spec.kernel}x{spec.kernel}"
        case LargeKernelSpec() | PartialKernelSpec():
            return f"{spec.kind.replace('-', ' ')} {spec.kernel}x{spec.kernel}"
        case ExpertsSpec():
            return f"{spec.selected} of 4 experts"
        case ChannelWindowSpec() | BudgetedWindowSpec():
            return f"{spec.kind.replace('-', ' ')} {spec.window}x{spec.window}"
        case _:
            return spec.kind.replace("-", " ")


def _fusion(spec: FusionSpec) -> str:
    match spec:
        case AttentionFusionSpec():
            return f"attention {spec.window}x{spec.window}"
        case StateSpaceFusionSpec():
            return f"state space, strip {spec.strip}"
        case _:
            return "gated 1x1"
