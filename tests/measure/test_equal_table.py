"""Tables of equal budget: what is compared with what."""

import re

import pytest

from harmonic.measure.equal_table import common_steps, equal_tables, of_pictures, seeds_of


def run(network: str, seed: int, *figures: float, steps: int = 4) -> dict:
    tests = {"column": {f"picture {i}": figure for i, figure in enumerate(figures)}}
    return {"network": network, "steps": steps, "seed": seed, "rate": 1e-3, "validation": {"mean": 20.0},
            "tests": tests}  # fmt: skip


def brackets(table: str, network: str) -> str:
    """What ours is ahead of a network, as its row says."""
    found = re.search(rf"\| {network} \|.*\((.*)\)", table)
    return found[1] if found else ""


def test_a_peer_is_compared_by_the_seeds_that_ours_has_too():
    """Another seed has other crops: here they are worth 9 dB to everybody, and tell nothing of the networks."""
    runs = [run("fast", 0, 31, 32), run("fast", 1, 40, 41), run("one seed", 0, 30, 32), run("both", 0, 30, 31)]
    runs += [run("both", 1, 39, 38), run("another", 2, 50, 50)]
    (table,) = equal_tables({"runs": runs, "costs": {}})
    assert brackets(table, "one seed") == "+0.50 [+0.00, +1.00], median +0.50, 1/2"
    assert brackets(table, "both") == "+1.50 [+1.00, +2.00], median +1.50, 2/2"
    assert brackets(table, "another") == ""
    assert "seed by seed: both +1.00, +2.00." in table
    assert "| **fast** | 4 | 2 | 0.001 | – | – | – | – | 20.00 | 36.00 |" in table
    assert of_pictures(runs, "fast", 4, seeds_of(runs, "fast", 4)) == {"column": {"picture 0": 35.5, "picture 1": 36.5}}


def test_tables_compare_at_equal_steps_and_are_sorted():
    runs = [run("fast", 0, 30, 31), run("fast", 0, 33, 34, steps=10), run("fast", 1, 33, 36, steps=10),
            run("peer", 0, 29, 30), run("best", 0, 36, 37, steps=10), run("best", 0, 30, 31)]  # fmt: skip
    costs = {"peer": {"parameters": 2_500_000, "gmac": 12.3, "fp32": 1.05, "bf16": 0.9}}
    common, longest = equal_tables({"runs": runs, "costs": costs})
    assert common_steps(runs) == 4
    assert [line.split(" | ")[0] for line in longest.splitlines()[4:7]] == ["| best", "| **fast**", "| peer"]
    assert "| peer | 4 | 1 | 0.001 | 2.50 | 12.3 | 1.05 | 0.90 | 20.00 | 29.50 (" in longest
    assert brackets(longest, "peer") == "+1.00 [+1.00, +1.00], median +1.00, 2/2"
    assert "| best | 10 | 1 | 0.001 | – | – | – | – | 20.00 | 36.50 (" in longest
    assert brackets(longest, "best") == "-3.00 [-3.00, -3.00], median -3.00, 0/2"
    assert common.startswith("All after 4 steps")
    assert "| **fast** | 4 | 1 |" in common


def test_what_was_trained_in_fp32_is_told():
    runs = [run("fast", 0, 30, 31), run("peer", 0, 29, 30) | {"precision": "fp32"}]
    assert equal_tables({"runs": runs, "costs": {}})[-1] == "Trained in fp32, the rest in bf16: peer (4 steps, seed 0)."


def test_there_is_no_table_without_runs():
    assert equal_tables({"runs": [], "costs": {}}) == []


def test_the_picture_shows_the_seeds_that_all_have():
    pareto = pytest.importorskip("harmonic.measure.pareto", reason="matplotlib is missing")
    costs = {name: {"fp32": 1.0, "parameters": 1, "gmac": 1.0} for name in ("fast", "peer")}
    runs = [run("fast", 0, 31), run("peer", 0, 30)]
    content = {"table": "toy", "costs": costs, "runs": runs}
    more = {**content, "runs": [*runs, run("fast", 1, 99)]}
    pictures = {re.sub(rb"Source\x00.*?IDAT", b"", pareto.draw_pareto(c), flags=re.DOTALL) for c in (content, more)}
    assert len(pictures) == 1
