"""docs/commands.md says what --help says."""

from pathlib import Path

from harmonic.cli.reference import WIDTH, reference

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"


def test_the_command_reference_is_current():
    hint = "run: python -m harmonic.cli.reference > docs/commands.md"
    assert PAGE.read_text(encoding="utf-8") == reference(), hint


def test_the_reference_does_not_depend_on_the_terminal(monkeypatch):
    plain = reference()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERMINAL_WIDTH", "50")
    assert reference() == plain
    assert "\x1b" not in plain
    assert all(len(line) <= WIDTH for line in plain.splitlines() if not line.startswith("    harmonic "))
