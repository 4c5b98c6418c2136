"""How fast a network is, and how time and memory grow with the picture: the report of `harmonic bench speed`.

Protocol P-EF-4: one process, deploy form unless said, channels-last, batch 1, calls in turn, medians of all rounds and
ratios within them; decoding and encoding are left out. The yardstick is NAFNet-w32 (random weights), at scale 1.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from harmonic.measure.costs import PRECISIONS, call_of, gmac_per_megapixel, parameters_of
from harmonic.measure.line_ups import ready
from harmonic.measure.markdown import markdown_table
from harmonic.measure.origin import machine
from harmonic.measure.peak_memory import measured
from harmonic.measure.peers.nafnet import NAFNet
from harmonic.measure.speed import Call, Latency, growth_exponent, latencies
from harmonic.measure.verify.laws import thread_count
from harmonic.network.harmonic import Harmonic
from harmonic.restore.restorer import Restorer
from harmonic.restore.runtimes.choice import PRECISIONS_OF

YARDSTICK = "NAFNet-w32"


def fused(network: Harmonic, x: torch.Tensor, precision: str) -> Call:
    """One pass of a network in training form over x (1, 3, H, W), for repeated calls; as it is used."""
    return call_of(ready(network).to(x.device), x, precision)


def unfused(network: Harmonic, x: torch.Tensor, precision: str) -> Call:
    """The same in the form that is trained."""
    plain = copy.deepcopy(network).eval().requires_grad_(False).to(x.device)
    return call_of(plain.to(memory_format=torch.channels_last), x, precision)  # type: ignore[call-overload]


def speed_report(
    networks: Mapping[str, Harmonic], device: torch.device, *, sides: Sequence[int], growth: Sequence[int],
    rounds: int = 20, threads: int = 2, say: Callable[[str], None] = lambda _: None, runtimes: Sequence[str] = (),
    precisions: Sequence[str] = PRECISIONS,
) -> dict[str, Any]:  # fmt: skip
    """Costs, latencies at `sides` and growth over the sides `growth`, input pixels, of networks in training form.

    runtimes: beside torch, onnx or openvino, each in those of `precisions` that it has; a file of each network is made
    once.
    """
    with thread_count(threads):
        rows: list[dict[str, Any]] = []
        for side in sides:
            for precision in precisions:
                say(f"{side}², {precision}")
                rows += _compared(networks, device, side, precision, rounds, runtimes)
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
    """Time over pixels, whole squares in one pass, medians of 3: exponent of the fitted power, and seconds by side."""
    seconds = {}
    for side in sides:
        x = torch.rand(1, 3, side, side, device=device).to(memory_format=torch.channels_last)
        call = fused(network, x, precision)
        seconds[side] = latencies(call, {}, rounds=3, warmup=1)["reference"].milliseconds / 1000
    exponent = growth_exponent([side**2 for side in sides], list(seconds.values()))
    return {"exponent": round(exponent, 3), "seconds": {str(s): round(t, 4) for s, t in seconds.items()}}


def whole_pictures(
    worker: Sequence[str], model: str, device: str, sizes: Sequence[tuple[int, int]], threads: int,
    say: Callable[[str], None], precisions: Sequence[str] = PRECISIONS,
) -> list[dict[str, Any]]:  # fmt: skip
    """Pictures of growing size with tiles, and the smallest whole beside them: what tiling costs, and peak memory."""
    plan = [(size, precision, tile) for precision in precisions for size in sizes for tile in ("auto", "512")]
    plan += [(sizes[0], precision, "off") for precision in precisions]
    rows = []
    for (width, height), precision, tile in plan:
        say(f"{width}x{height}, {precision}, tile {tile}")
        rows.append(measured(worker, model, width, height, precision, tile, device, threads))
    return rows


def tiled_overhead(pictures: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Time of tiled passes over that of the whole one, less 1, where a picture was restored both ways."""
    whole = {(p["width"], p["height"], p["precision"]): p["s_per_mp"] for p in pictures if p["tile"] == "off"}
    return [
        {"width": p["width"], "height": p["height"], "precision": p["precision"], "tile": p["tile"],
         "overhead": round(p["s_per_mp"] / whole[key] - 1, 3)}
        for p in pictures
        if p["tile"] != "off" and (key := (p["width"], p["height"], p["precision"])) in whole
    ]  # fmt: skip


def speed_tables(content: Mapping[str, Any]) -> list[str]:
    """Markdown, a table for each part that the content has."""
    tables = [content["machine"]]
    if costs := content.get("costs"):
        head = ["network", "parameters, M", "fused", "GMAC/output MP", "fused"]
        rows = [[c["network"], f"{c['parameters'] / 1e6:.2f}", f"{c['fused_parameters'] / 1e6:.2f}",
                 f"{c['gmac']:.1f}", f"{c['fused_gmac']:.1f}"] for c in costs]  # fmt: skip
        tables.append(markdown_table(head, "lrrrr", rows))
    per_second = [f"{r['side'] ** 2 / 1000 / r['ms']:.2f}" for r in content["latency"]]
    timed = [[f"{r['side']}²", r["precision"], r["network"], str(r["ms"]),
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
        over = {(o["width"], o["height"], o["precision"], o["tile"]): f"{o['overhead']:+.1%}"
                for o in tiled_overhead(pictures)}  # fmt: skip
        rows = [[f"{p['width']}x{p['height']}", p["precision"], p["tile"], str(p["s_per_mp"]), str(p["peak_mib"]),
                 over.get((p["width"], p["height"], p["precision"], p["tile"]), "–")] for p in pictures]  # fmt: skip
        head = ["picture", "precision", "tile", "s/MP", "peak MiB", "over whole"]
        tables.append(markdown_table(head, "lllrrr", rows))
    return tables


def exported(network: Harmonic, x: torch.Tensor, precision: str, runtime: str) -> Call:
    """The same pass by another runtime on the CPU, from array to array."""
    restorer = Restorer(network, device="cpu", precision=precision, runtime=runtime, tile="off", fallback=False)
    picture = x[0].permute(1, 2, 0).contiguous().numpy()
    return lambda: restorer.restore(picture)


def _compared(
    networks: Mapping[str, Harmonic], device: torch.device, side: int, precision: str, rounds: int,
    runtimes: Sequence[str],
) -> list[dict[str, Any]]:  # fmt: skip
    x = torch.rand(1, 3, side, side, device=device).to(memory_format=torch.channels_last)
    yardstick: nn.Module = NAFNet().eval().requires_grad_(False).to(device)
    calls = {}
    for name, network in networks.items():
        calls[name] = fused(network, x, precision)
        calls[f"{name}, unfused"] = unfused(network, x, precision)
        for runtime in runtimes:
            if precision in PRECISIONS_OF[runtime]:
                calls[f"{name}, {runtime}"] = exported(network, x, precision, runtime)
    found = latencies(call_of(yardstick, x, precision), calls, rounds=rounds)
    found[YARDSTICK] = found.pop("reference")
    return [_row(side, precision, name, latency) for name, latency in found.items()]


def _row(side: int, precision: str, network: str, latency: Latency) -> dict[str, Any]:
    return {"side": side, "precision": precision, "network": network, "ms": round(latency.milliseconds, 1),
            "low": round(latency.low, 1), "high": round(latency.high, 1), "ratio": round(latency.ratio, 3)}  # fmt: skip


def _costs(networks: Mapping[str, Harmonic]) -> Iterator[dict[str, Any]]:
    for name, network in networks.items():
        deploy, plain, side = ready(network), copy.deepcopy(network).eval(), -(-256 // network.grid) * network.grid
        yield {
            "network": name, "parameters": parameters_of(plain), "fused_parameters": parameters_of(deploy),
            "gmac": round(gmac_per_megapixel(plain, side), 2), "fused_gmac": round(gmac_per_megapixel(deploy, side), 2),
        }  # fmt: skip
