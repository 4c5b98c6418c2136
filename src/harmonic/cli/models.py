"""`harmonic models`: which models there are, whether they are what they should be, and more of them."""

import json
import re
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import unquote, urlsplit

import typer

from harmonic.cli.text import examples, say, tell
from harmonic.errors import UsageError, WeightsError

app = typer.Typer(
    help="Models by name: list (default), verify, pull, path, card.",
    rich_markup_mode=None,
    epilog=examples("harmonic models", "harmonic models verify", "harmonic models card restore-fast"),
)

Json = Annotated[bool, typer.Option("--json", help="One JSON object per model.")]
Name = Annotated[str, typer.Argument(help="A bundled or pulled model.", metavar="NAME")]

_DIGEST = re.compile(r"[0-9A-Fa-f]{64}")


@app.callback(invoke_without_command=True)
def models(context: typer.Context, as_json: Json = False) -> None:
    if context.invoked_subcommand is None:
        listing(as_json)


@app.command("list", epilog=examples("harmonic models list", "harmonic models list --json"))
def listing(as_json: Json = False) -> None:
    """List the models at hand: name, enlargement, task, size, SHA-256, licence.

    Those of the release that are not here yet are marked; `pull` gets them.
    """
    from harmonic.assets import bundled_names, model_names
    from harmonic.assets.manifest import entries, read_manifest

    names, bundled = model_names(), set(bundled_names())
    rows = [(entry, "bundled" if entry.name in bundled else "pulled") for entry in entries()]
    rows += [(entry, "not pulled") for entry in read_manifest().released if entry.name not in names]
    for name in sorted(set(names) - {entry.name for entry, _ in rows}):
        say(f"{name}: has no record of its digest; harmonic models verify says more")
    if not rows and not names:
        say("no models are bundled in this installation; name a weights file with --model")
    for entry, where in rows:
        if as_json:
            tell(json.dumps({**asdict(entry), "where": where}))
        else:
            facts = f"{entry.name}  x{entry.scale}  {entry.task}  {entry.size / 2**20:.1f} MiB  {entry.sha256[:12]}"
            tell(f"{facts}  ({entry.licence})" + ("" if where == "bundled" else f"  {where}"))


@app.command("verify", epilog=examples("harmonic models verify", "harmonic models verify restore-fast"))
def verify(
    names: Annotated[list[str] | None, typer.Argument(help="Models; default: all at hand.", metavar="NAME")] = None,
) -> None:
    """Compare weights files with the SHA-256 that is written down for them. Exit code 3 when one differs."""
    from harmonic.assets import model_names
    from harmonic.assets.manifest import fault, read_manifest

    every = sorted({*model_names(), *(entry.name for entry in read_manifest().bundled)})
    faults = {name: fault(name) for name in dict.fromkeys(names or every)}
    for name, wrong in faults.items():
        tell(f"{name}  {'wrong' if wrong else 'ok'}")
    for name, wrong in faults.items():
        if wrong:
            say(f"error: {name}: {wrong}; install the package or pull the model again")
    if any(faults.values()):
        raise typer.Exit(WeightsError.exit_code)


@app.command("path", epilog=examples("harmonic models path restore-fast"))
def path(name: Name) -> None:
    """Print where the weights file of a model is."""
    from harmonic.assets import weights_path

    tell(weights_path(name))


@app.command("card", epilog=examples("harmonic models card restore-fast | less"))
def card(name: Name) -> None:
    """Print the model card of a bundled model: data and their licences, how it was trained, figures, limits."""
    from harmonic.assets import bundled_names, card_path, weights_path

    file = weights_path(name)
    if name not in bundled_names():
        raise UsageError(f"{name}: was pulled, and has no card here; harmonic info {file} shows what it says of itself")
    try:
        tell(card_path(name).read_text(encoding="utf-8").rstrip("\n"))
    except OSError as error:
        raise WeightsError(f"{card_path(name)}: cannot be read ({error.strerror}); install the package again") from None


@app.command(
    "pull",
    epilog=examples(
        "harmonic models pull https://example.org/sr4-real.safetensors --sha256 9f86d081...",
        "harmonic models pull file:///mirror/mine.safetensors --sha256 9f86d081... --as mine",
    ),
)
def pull(
    what: Annotated[str, typer.Argument(help="A model of the release, or where a file is.", metavar="NAME|URL")],
    sha256: Annotated[
        str | None, typer.Option(help="What the file must have; needed for a URL.", metavar="64-HEX-DIGITS")
    ] = None,
    name_as: Annotated[
        str | None, typer.Option("--as", help="Name to keep it by; default: that of the file.", metavar="NAME")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace another model of that name.")] = False,
) -> None:
    """Get a weights file over https, check its SHA-256, and keep it under a name that every --model takes.

    The only command that opens a connection. Files go to $XDG_DATA_HOME/harmonic/models (~/.local/share if unset);
    nothing is kept that breaks off or has another digest. Prints the path.
    """
    from harmonic.assets import bundled_names, model_names, weights_path
    from harmonic.assets.fetch import expect, fetch
    from harmonic.assets.manifest import described, entry_of, fault, keep

    name, url, digest = _wanted(what, sha256, name_as)
    if name in bundled_names():
        raise UsageError(f"{name}: is bundled, and a pulled one would never be used; give another name with --as")
    here = name in model_names()
    same = here and (entry := entry_of(name)) is not None and entry.sha256 == digest
    if here and not same and not overwrite:
        raise UsageError(f"{name}: another file has that name; add --overwrite, or give another name with --as")
    if same and fault(name) is None:
        say(f"{name}: is here already")
    else:
        data = fetch(url)
        expect(data, digest, url)
        try:
            keep(data, described(data, name, url))
        except ValueError as error:
            raise WeightsError(f"{name}: is no weights file of HARMONIC ({error}); nothing is kept") from None
    tell(weights_path(name))


def _wanted(what: str, sha256: str | None, name_as: str | None) -> tuple[str, str, str]:
    """Name, URL and digest of what is to be pulled. Raises UsageError."""
    from harmonic.assets.manifest import read_manifest

    if sha256 is not None and not _DIGEST.fullmatch(sha256):
        raise UsageError("--sha256: must be 64 hex digits, as sha256sum prints them")
    if "://" in what:
        if sha256 is None:
            raise UsageError("--sha256: is missing; take it from where the file is announced")
        try:
            name = PurePosixPath(unquote(urlsplit(what).path)).stem
        except ValueError as error:
            raise UsageError(f"{what!r}: is not a URL ({error}); give one of https://") from None
        url, digest = what, sha256.lower()
    else:
        released = {entry.name: entry for entry in read_manifest().released}
        if what not in released:
            listing = ", ".join(released) or "none in this version"
            raise UsageError(f"{what}: is not a model of the release ({listing}); give a URL with --sha256")
        name, url, digest = what, released[what].url, released[what].sha256
        if sha256 not in (None, digest):
            raise UsageError(f"--sha256: {what} has {digest}; leave the option out")
    from harmonic.network.checkpoint import MODEL_NAME

    name = name_as or name
    if not re.fullmatch(MODEL_NAME, name):
        raise UsageError(f"{name!r}: cannot be the name of a model; give one of letters, digits, . _ - with --as")
    return name, url, digest
