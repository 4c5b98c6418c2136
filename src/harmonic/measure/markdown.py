"""Tables in Markdown."""

from collections.abc import Iterable, Sequence


def markdown_table(head: Sequence[str], align: str, rows: Iterable[Sequence[str]]) -> str:
    """align: a letter for each column, l or r. Cells stand as they are, but for bars, which would end them."""
    sides = "".join("---|" if side == "l" else "--:|" for side in align)
    return "\n".join([_line(head), f"|{sides}", *map(_line, rows)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
