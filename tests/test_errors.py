"""Foreign text in our messages: printable, one line, never empty."""

from pathlib import Path

from harmonic.errors import reason, shown


def test_plain_names_are_shown_plainly_and_odd_ones_escaped():
    assert shown(Path("Fotos/Grüße 写真.jpg")) == str(Path("Fotos/Grüße 写真.jpg"))
    for name in ("a\nb.png", "a\x1b[31m.png", "\udcff.png", "a\u202eb.png"):
        assert shown(name).isprintable()


def test_reasons_are_one_short_line_and_never_empty():
    assert reason(ValueError("two\nlines \x00 here")) == "two lines  here"
    assert len(reason(ValueError("x" * 5_000))) == 160
    assert reason(ValueError()) == "ValueError"
    assert reason(PermissionError(13, "Permission denied", "secret/path")) == "Permission denied"
