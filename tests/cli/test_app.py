"""The command as a whole: quick help, version, other commands, errors of any kind."""

import json
import subprocess
import sys
import time

import pytest

COMMANDS = (
    [],
    ["restore"],
    ["bench"],
    ["bench", "quality"],
    ["models"],
    ["models", "pull"],
    ["models", "verify"],
    ["info"],
    ["train"],
    ["verify"],
    ["data"],
    ["data", "check"],
    ["data", "pack"],
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(harmonic, command):
    answer = harmonic(*command, "--help")
    assert answer.code == 0 and answer.out.startswith(f"Usage: {' '.join(['harmonic', *command])} ")
    assert answer.err == "" and harmonic(*command, "-h") == answer
    if command not in (["bench"], ["data"]):
        assert answer.out.rstrip().splitlines()[-1].strip().startswith("harmonic ")  # ends with examples


def test_help_needs_no_torch_and_is_quick():
    code = "import sys; from harmonic.cli import main; sys.argv = ['harmonic', 'restore', '--help']\n"
    code += (
        "try: main()\nfinally: print([m for m in ('torch', 'numpy', 'PIL', 'harmonic.network') if m in sys.modules])"
    )
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        seconds.append(time.perf_counter() - start)
        assert shown.splitlines()[-1] == "[]"
    assert min(seconds) < 1  # 0.2 s on an idle machine; the bound of 0.4 s is for `make bench`, not a busy test machine


def test_importing_the_package_imports_no_torch():
    code = "import sys, harmonic; print('torch' in sys.modules, harmonic.Restorer.__name__, 'torch' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.split() == ["False", "Restorer", "True"]


def test_public_names_exist():
    import harmonic as package

    assert all(getattr(package, name) for name in package.__all__) and set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = package.nonsense


def test_version(harmonic):
    answer = harmonic("--version")
    assert answer.code == 0 and answer.out.startswith("harmonic ") and len(answer.out.split()) == 2


def test_no_command_shows_the_help_as_wrong_usage(harmonic):
    answer = harmonic()
    assert answer.code == 2 and answer.out == "" and answer.err.startswith("Usage: harmonic ")


@pytest.mark.parametrize("arguments", [["paint"], ["--nonsense"], ["bench", "nonsense"]])
def test_wrong_usage_is_one_line(harmonic, arguments):
    answer = harmonic(*arguments)
    assert answer.code == 2 and answer.err.count("\n") == 1 and answer.err.startswith("error: ")
    assert arguments[-1] in answer.err and "--help" in answer.err


def test_bench_quality_prints_a_table_and_writes_figures(harmonic, weights, photo, tmp_path):
    target = tmp_path / "figures.json"
    answer = harmonic("bench", "quality", "--data", photo.parent, "--suite", "clean", "-m", weights, "--json", target)
    assert answer.code == 0 and answer.out.startswith("| suite |") and "P-CL-1" in answer.out
    assert json.loads(target.read_text())["scores"]


def test_an_unknown_suite_is_refused(harmonic, weights, photo):
    answer = harmonic("bench", "quality", "--data", photo.parent, "--suite", "paint", "-m", weights)
    assert answer.code == 2 and answer.err.count("\n") == 1 and "denoise" in answer.err


def test_train_refuses_a_missing_recipe_in_one_line(harmonic, tmp_path):
    answer = harmonic("train", tmp_path / "none.yaml", "--data", tmp_path, "--out", tmp_path / "run")
    assert answer.code == 2 and answer.err.startswith("error: ") and answer.err.count("\n") == 1


@pytest.mark.parametrize(
    "error, code, line",
    [
        (MemoryError(), 4, "error: memory: not enough"),
        (PermissionError(13, "Permission denied", "here.json"), 4, "error: here.json: Permission denied; check"),
        (KeyboardInterrupt(), 130, "interrupted; "),
    ],
)
def test_errors_of_the_system_are_one_line(harmonic, monkeypatch, error, code, line):
    def fail():
        raise error

    monkeypatch.setattr("harmonic.assets.manifest.read_manifest", fail)
    answer = harmonic("models")
    assert answer.code == code and answer.err.startswith(line) and answer.err.count("\n") == 1


def test_a_reader_who_leaves_is_no_error():
    command = f"{sys.executable} -m harmonic --help | true"
    for _ in range(3):
        shown = subprocess.run(command, shell=True, capture_output=True, text=True)
        assert shown.stderr == ""
