"""The bar is for people: it is not there where nobody looks, and results never go through it into a pipe."""

import os
import sys
from types import SimpleNamespace

from harmonic.cli.allocator import keep_freed_memory
from harmonic.cli.progress import progress_bar


class Terminal:
    def __init__(self, stream):
        self.stream = stream

    def isatty(self):
        return True

    def __getattr__(self, name):
        return getattr(self.stream, name)


def test_without_a_terminal_there_is_no_bar():
    with progress_bar("working") as advance:
        assert advance is None


def test_quiet_has_no_bar(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal(sys.stderr))
    with progress_bar("working", quiet=True) as advance:
        assert advance is None


def test_results_go_to_a_redirected_stdout_while_the_bar_is_on_the_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", Terminal(sys.stderr))
    with progress_bar("working") as advance:
        assert advance is not None
        advance(1, 2)
        sys.stdout.write("result\n")
        advance(2, 2)
    shown = capsys.readouterr()
    assert shown.out == "result\n" and "working" in shown.err


def test_the_allocator_is_tuned_where_it_can_be_and_otherwise_left_alone(monkeypatch):
    told = {}
    monkeypatch.setenv("THP_MEM_ALLOC_ENABLE", "0")  # of the user, who is obeyed
    monkeypatch.setattr("ctypes.CDLL", lambda name: SimpleNamespace(mallopt=told.__setitem__))
    keep_freed_memory()
    assert told == {-3: 1 << 30, -1: (1 << 31) - 1} and os.environ["THP_MEM_ALLOC_ENABLE"] == "0"
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    keep_freed_memory()
