"""The command `harmonic`: its commands, and the one place where errors become a line on stderr and an exit code.

Exit codes: 0 all done; 1 some inputs failed, the others are done; 2 wrong usage; 3 weights missing or wrong; 4 out of
memory, disk or permission; 5 a training that went wrong; 130 interrupted, 143 by SIGTERM. Results go to stdout,
everything else to stderr. Nothing heavy is imported here: `--help` must answer at once, so the commands import what
they need when they run.
"""

import io
import os
import signal
import sys
from typing import Annotated

import typer

from harmonic.cli import (
    bench,
    compare,
    data,
    degrade,
    doctor,
    export,
    info,
    inspect,
    models,
    restore,
    serve,
    train,
    verify,
)
from harmonic.cli.text import examples, say, tell
from harmonic.errors import HarmonicError, ResourceError

INTERRUPTED, TERMINATED = 130, 143

app = typer.Typer(
    name="harmonic",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: the same everywhere, quoted in docs/commands.md
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        "harmonic restore photo.jpg                 # writes photo-restored.jpg",
        "harmonic restore scans/ -o restored/       # a folder; run again to go on",
        "harmonic COMMAND --help                    # more on one command",
    ),
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from harmonic.version import package_version

        tell(f"harmonic {package_version()}")
        raise typer.Exit()


@app.callback()
def harmonic(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Restore degraded photographs: noise, JPEG artefacts, blur."""


app.command("restore", epilog=restore.EXAMPLES)(restore.restore)
app.command("compare", epilog=compare.EXAMPLES)(compare.compare)
app.command("inspect", epilog=inspect.EXAMPLES)(inspect.inspect)
app.add_typer(bench.app, name="bench")
app.add_typer(models.app, name="models")
app.command("info", epilog=info.EXAMPLES)(info.info)
app.command("export", epilog=export.EXAMPLES)(export.export)
app.command("doctor", epilog=doctor.EXAMPLES)(doctor.doctor)
app.command("degrade", epilog=degrade.EXAMPLES)(degrade.degrade)
app.command("train", epilog=train.EXAMPLES)(train.train)
app.add_typer(data.app, name="data")
app.command("serve", epilog=serve.EXAMPLES)(serve.serve)
app.command("verify", epilog=verify.EXAMPLES)(verify.verify)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code (SystemExit)."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # file names are bytes, and come out as they are
    terminated = False

    def terminate(*_: object) -> None:
        nonlocal terminated
        terminated = True
        raise KeyboardInterrupt  # so that what is being written is finished or removed, as with Ctrl-C

    signal.signal(signal.SIGTERM, terminate)
    code = run(arguments)
    sys.exit(TERMINATED if terminated and code == INTERRUPTED else code)


def run(arguments: list[str] | None = None) -> int:
    """Run the command line -> exit code. arguments: without the program's name; None = those of the process."""
    try:
        code = app(arguments, prog_name="harmonic", standalone_mode=False) or 0
        sys.stdout.flush()
    except HarmonicError as error:
        code = _complain(error, error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:  # the reader of our output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError:
        code = _complain("memory: not enough; use a smaller --tile, or close other programs", ResourceError.exit_code)
    except OSError as error:  # of files that no room reports by name, such as the target of --json
        where = f"{error.filename}: " if error.filename else ""
        code = _complain(f"{where}{error.strerror or error}; check the path", ResourceError.exit_code)
    except Exception as error:
        # Wrong options: typer brings its own copy of click in some versions and uses the package in others, so its
        # exceptions are known by what they can do.
        if not hasattr(error, "format_message"):
            raise
        code = _complain_usage(error)
    if code == INTERRUPTED:
        say("interrupted; all that is finished is valid, run the same command again to go on")
    return code


def _complain(error: object, code: int) -> int:
    say(f"error: {error}")
    return code


def _complain_usage(error: Exception) -> int:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "harmonic"
    message = error.format_message()  # type: ignore[attr-defined]
    if context and message.startswith(context.get_usage()):  # `harmonic` alone: the message is its whole help
        sys.stderr.write(f"{message}\n")
        return 2
    return _complain(f"{message.rstrip('.')}; see {command} --help", 2)
