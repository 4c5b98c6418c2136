"""How fast a network is, and how time and memory grow with the picture: the report of `harmonic bench speed`.

Protocol P-EF-4: one process, deploy form unless said, channels-last, batch 1, calls in turn, medians of all rounds and
ratios within them; decoding and encoding are left out. The yardstick (random weights) is NAFNet-w32 on the same input,
at scale 4 SPAN-48 where spandrel is installed.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import nn

from harmonic.measure.costs import PRECISIONS, call_of, gmac_per_megapixel, parameters_of
from harmonic.measure.line_ups import ready
from harmonic.measure.markdown import markdown_table
from harmonic.measure.origin import machine
from harmonic.measure.peak_memory import measured
from harmonic.measure.peers import enlarging
from harmonic.measure.peers.nafnet import NAFNet
from harmonic.measure.speed import Call, Latency, growth_exponent, latencies
from harmonic.measure.verify.laws import thread_count
from harmonic.network.harmonic import Harmonic
from harmonic.restore.restorer import Restorer
from harmonic.restore.runtimes.choice import PRECISIONS_OF

Size = tuple[int, int]
"""Width and height in pixels."""

WHOLE = "off"
"""What `tile` is where a picture goes through in one pass."""


def fused(network: Harmonic, x: torch.Tensor, precision: str) -> Call:
    """One pass of a network in training form over x (1, 3, H, W), for repeated calls; as it is used."""
    return call_of(ready(network).to(x.device), x, precision)


def unfused(network: Harmonic, x: torch.Tensor, precision: str) -> Call:
    """The same in the form that is trained."""
    plain = copy.deepcopy(network).eval().requires_grad_(False).to(x.device)
    return call_of(plain.to(memory_format=torch.channels_last), x, precision)  # type: ignore[call-overload]


def speed_report(
    networks: Mapping[str, Harmonic], device: torch.device, *, sizes: Callable[[int], Sequence[Size]],
    growth: Sequence[int],
    rounds: int = 20, threads: int = 2, say: Callable[[str], None] = lambda _: None, runtimes: Sequence[str] = (),
    precisions: Sequence[str] = PRECISIONS,
) -> dict[str, Any]:  # fmt: skip
    """Costs, latencies and growth of networks in training form.

    sizes: of inputs that are timed, by scale. growth: sides of square outputs. runtimes: beside torch, onnx or
    openvino, each in those of `precisions` that it has; a file of each network is made once.
    """
    with thread_count(threads):
        rows: list[dict[str, Any]] = []
        for scale in dict.fromkeys(network.scale for network in networks.values()):
            alike = {name: network for name, network in networks.items() if network.scale == scale}
            for size, precision in product(sizes(scale), precisions):
                say(f"{size[0]}x{size[1]}, {precision}")
                rows += _compared(alike, device, size, precision, rounds, runtimes)
        grown = []
        for name, network in networks.items():
            for precision in precisions:
                say(f"{name}, {precision}, growth")
                grown.append({"network": name, "precision": precision, **grows(network, device, growth, precision)})
        return {
            "machine": machine(device), "rounds": rounds, "costs": list(_costs(networks)),
            "latency": rows, "growth": grown,
        }  # fmt: skip


def grows(network: Harmonic, device: torch.device, sides: Sequence[int], precision: str) -> dict[str, Any]:
    """Time over pixels, whole squares in one pass, medians of 3: exponent of the fitted power, and seconds by side of
    the output."""
    seconds = {}
    for side in sides:
        x = torch.rand(1, 3, side // network.scale, side // network.scale, device=device).to(
            memory_format=torch.channels_last
        )
        call = fused(network, x, precision)
        seconds[side] = latencies(call, {}, rounds=3, warmup=1)["reference"].milliseconds / 1000
    exponent = growth_exponent([side**2 for side in sides], list(seconds.values()))
    return {"exponent": round(exponent, 3), "seconds": {str(s): round(t, 4) for s, t in seconds.items()}}


def whole_pictures(
    worker: Sequence[str], model: str, device: str, sizes: Sequence[Size], threads: int,
    say: Callable[[str], None], precisions: Sequence[str] = PRECISIONS,
) -> list[dict[str, Any]]:  # fmt: skip
    """Pictures of growing size with tiles, and the smallest whole beside them: peak memory, and time with it."""
    plan = [(size, precision, tile) for precision in precisions for size in sizes for tile in ("auto", "512")]
    plan += [(sizes[0], precision, WHOLE) for precision in precisions]
    rows = []
    for (width, height), precision, tile in plan:
        say(f"{width}x{height}, {precision}, tile {tile}")
        rows.append(measured(worker, model, width, height, precision, tile, device, threads))
    return rows


def tiling(
    model: str, device: str, sizes: Sequence[Size], threads: int, say: Callable[[str], None],
    precisions: Sequence[str] = PRECISIONS, rounds: int = 5,
) -> list[dict[str, Any]]:  # fmt: skip
    """What tiles cost: pictures restored with tiles and whole in turn, in one process; medians."""
    rows = []
    with thread_count(threads):
        for precision, (width, height) in product(precisions, sizes):
            say(f"{width}x{height}, {precision}, tiles and whole in turn")
            picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
            calls: dict[str, Call] = {
                tile: partial(Restorer(model, device=device, precision=precision, tile=tile).restore, picture)
                for tile in (WHOLE, "auto", "512")
            }
            found = latencies(calls.pop(WHOLE), calls, rounds=rounds, warmup=1)
            whole = round(found.pop("reference").milliseconds)
            rows += [{"width": width, "height": height, "precision": precision, "tile": tile, "whole_ms": whole,
                      "ratio": round(latency.ratio, 3)} for tile, latency in found.items()]  # fmt: skip
    return rows


def speed_tables(content: Mapping[str, Any]) -> list[str]:
    """Markdown, a table for each part that the content has."""
    tables = [content["machine"]]
    if costs := content.get("costs"):
        head = ["network", "parameters, M", "fused", "GMAC/output MP", "fused"]
        rows = [[c["network"], f"{c['parameters'] / 1e6:.2f}", f"{c['fused_parameters'] / 1e6:.2f}",
                 f"{c['gmac']:.1f}", f"{c['fused_gmac']:.1f}"] for c in costs]  # fmt: skip
        tables.append(markdown_table(head, "lrrrr", rows))
    per_second = [f"{r['width'] * r['height'] / 1000 / r['ms']:.2f}" for r in content["latency"]]
    timed = [[f"{r['width']}x{r['height']}", r["precision"], r["network"], str(r["ms"]),
              f"{r['low']} to {r['high']}" if "low" in r else "–", str(r["ratio"]), rate]
             for r, rate in zip(content["latency"], per_second, strict=True)]  # fmt: skip
    head = ["size", "precision", "network", "ms", "10 to 90 %", "ratio", "input MP/s"]
    tables.append(markdown_table(head, "lllrrrr", timed))
    if growth := content.get("growth"):
        sides = list(growth[0]["seconds"])
        head = ["network", "precision", "exponent", *(f"s at {side}²" for side in sides)]
        rows = [[g["network"], g["precision"], f"{g['exponent']:.2f}", *(f"{g['seconds'][s]:.3f}" for s in sides)]
                for g in growth]  # fmt: skip
        tables.append(markdown_table(head, "ll" + "r" * (1 + len(sides)), rows))
    if pictures := content.get("pictures"):
        rows = [[f"{p['width']}x{p['height']}", p["precision"], p["tile"], str(p["s_per_mp"]), str(p["peak_mib"]),
                 str(p["growth_mib"])] for p in pictures]  # fmt: skip
        head = ["picture", "precision", "tile", "s/MP", "peak MiB", "more than loaded, MiB"]
        tables.append(markdown_table(head, "lllrrr", rows))
    if tiled := content.get("tiling"):
        rows = [[f"{t['width']}x{t['height']}", t["precision"], t["tile"], f"{t['whole_ms'] / 1000:.2f}",
                 f"{t['ratio']:.2f}"] for t in tiled]  # fmt: skip
        tables.append(
            markdown_table(["picture", "precision", "tile", "whole, s", "time, ratio to whole"], "lllrr", rows)
        )
    return tables


def exported(network: Harmonic, x: torch.Tensor, precision: str, runtime: str) -> Call:
    """The same pass by another runtime on the CPU, from array to array."""
    restorer = Restorer(network, device="cpu", precision=precision, runtime=runtime, tile="off", fallback=False)
    picture = x[0].permute(1, 2, 0).contiguous().numpy()
    return lambda: restorer.restore(picture)


def _compared(
    networks: Mapping[str, Harmonic], device: torch.device, size: Size, precision: str, rounds: int,
    runtimes: Sequence[str],
) -> list[dict[str, Any]]:  # fmt: skip
    """Networks of one scale."""
    x = torch.rand(1, 3, *reversed(size), device=device).to(memory_format=torch.channels_last)
    against, yardstick = _yardstick(next(iter(networks.values())).scale)
    calls = {}
    for name, network in networks.items():
        calls[name] = fused(network, x, precision)
        calls[f"{name}, unfused"] = unfused(network, x, precision)
        for runtime in runtimes:
            if precision in PRECISIONS_OF[runtime]:
                calls[f"{name}, {runtime}"] = exported(network, x, precision, runtime)
    found = latencies(call_of(yardstick.to(device), x, precision), calls, rounds=rounds)
    found[against] = found.pop("reference")
    return [_row(size, precision, name, latency) for name, latency in found.items()]


def _yardstick(scale: int) -> tuple[str, nn.Module]:
    """Name, and network in the form that is timed."""
    if scale == enlarging.SCALE and find_spec("spandrel"):
        return "SPAN-48", ready(enlarging.published_span())
    return "NAFNet-w32", ready(NAFNet())


def _row(size: Size, precision: str, network: str, latency: Latency) -> dict[str, Any]:
    return {"width": size[0], "height": size[1], "precision": precision, "network": network,
            "ms": round(latency.milliseconds, 1), "low": round(latency.low, 1), "high": round(latency.high, 1),
            "ratio": round(latency.ratio, 3)}  # fmt: skip


def _costs(networks: Mapping[str, Harmonic]) -> Iterator[dict[str, Any]]:
    for name, network in networks.items():
        deploy, plain, side = ready(network), copy.deepcopy(network).eval(), -(-256 // network.grid) * network.grid
        yield {
            "network": name, "parameters": parameters_of(plain), "fused_parameters": parameters_of(deploy),
            "gmac": round(gmac_per_megapixel(plain, side), 2), "fused_gmac": round(gmac_per_megapixel(deploy, side), 2),
        }  # fmt: skip
