"""Forms beside their reference: means, differences and the floor of noise are those of the runs."""

from harmonic.measure.form_tables import form_tables, noise_floor


def run(form: str, seed: int, mean: float, steps: int = 8000, optimizer: str = "muon") -> dict:
    figures = dict.fromkeys(("noise25", "jpeg10", "blur2", "mix", "clean", "high", "low"), 30.0)
    return {
        "form": form,
        "steps": steps,
        "crop": 128,
        "batch": 2,
        "optimizer": optimizer,
        "seed": seed,
        "parameters": 1_500_000,
        "mean": mean,
        **figures,
    }


CONTENT = {
    "reference": "whole",
    "forms": ["whole", "less", "untried"],
    "costs": {"whole": {"gmac": 9.96, "fp32": 0.5, "bf16": 0.25}},
    "runs": [run("less", 0, 24.5), run("whole", 0, 25.0), run("whole", 1, 25.5), run("whole", 0, 24.0, steps=4000)],
}


def test_one_table_for_each_budget_the_longest_first():
    tables = form_tables(CONTENT)
    assert [table.split(" ")[0] for table in tables] == ["8,000", "4,000"]
    assert "seeds differ by 0.50 dB" in tables[0] and "differ" not in tables[1]


def test_a_form_stands_beside_the_mean_of_the_reference_and_what_was_not_tried_is_absent():
    rows = form_tables(CONTENT)[0].splitlines()
    assert [row.split(" | ")[0] for row in rows[4:]] == ["| whole", "| less"]
    assert rows[4].endswith("| 25.25 | – | 2 |") and "| 1.50 | 10.0 | 0.50 | 0.25 |" in rows[4]
    assert rows[5].endswith("| 24.50 | -0.75 | 1 |") and "| 1.50 | – | – | – |" in rows[5]


def test_the_floor_is_the_spread_of_the_reference_at_that_budget():
    assert noise_floor(CONTENT, (8000, 128, 2, "muon")) == 0.5
    assert noise_floor(CONTENT, (4000, 128, 2, "muon")) is None
    assert noise_floor(CONTENT, (8000, 128, 2, "adamw")) is None
