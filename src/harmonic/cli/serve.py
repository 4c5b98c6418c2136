"""`harmonic serve`: the page and the HTTP service."""

from importlib.util import find_spec
from typing import Annotated

import typer

from harmonic.cli.options import Device, Precision, PrecisionOption, TileOption
from harmonic.cli.text import examples, say
from harmonic.errors import UsageError

EXAMPLES = examples(
    "harmonic serve                                     # the page at http://127.0.0.1:8000",
    "harmonic serve --model restore-fast --queue 4 --max-pixels 12000000",
    "HARMONIC_TOKEN=secret harmonic serve --host 0.0.0.0",
)
_NEEDED = ("fastapi", "uvicorn", "python_multipart")


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.", metavar="ADDRESS")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.", metavar="N")] = 8000,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "-m",
            "--model",
            metavar="NAME|FILE",
            help="May be repeated, the first is the default; default: all at hand.",
        ),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(envvar="HARMONIC_TOKEN", help="What clients must bear; better given as HARMONIC_TOKEN."),
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A further name of the service behind a proxy; repeatable.")
    ] = None,
    max_pixels: Annotated[int, typer.Option(min=1, metavar="N", help="Of one picture.")] = 50_000_000,
    max_bytes: Annotated[int, typer.Option(min=1, metavar="N", help="Of one upload.")] = 64 << 20,
    queue: Annotated[int, typer.Option(min=1, metavar="N", help="Pictures that wait or run at once.")] = 16,
    timeout: Annotated[
        float, typer.Option(min=1, metavar="S", help="Seconds for one request; jobs have an hour.")
    ] = 120,
    threads: Annotated[int | None, typer.Option(min=1, metavar="N", help="Of the network; default: all cores.")] = None,
    device: Device = "auto",
    precision: PrecisionOption = Precision.auto,
    tile: TileOption = "auto",
) -> None:
    """Serve a page for the browser and an HTTP API. Stops at Ctrl-C or SIGTERM, when running work is done."""
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise UsageError(f"serve: {missing[0]} is not installed; pip install 'harmonic-ir[serve]'")

    from harmonic.assets import find_weights, model_names
    from harmonic.cli.allocator import keep_freed_memory
    from harmonic.restore.restorer import DEFAULT_MODEL
    from harmonic.serve.server import serve as run
    from harmonic.serve.settings import Settings

    models = tuple(model or sorted(model_names(), key=lambda name: name != DEFAULT_MODEL))
    for name in models:
        find_weights(name)
    settings = Settings(
        models=models, host=host, port=port, token=token, hosts=tuple(allow_host or ()), max_pixels=max_pixels,
        max_bytes=max_bytes, queue=queue, timeout=timeout, threads=threads, device=device, precision=precision,
        tile=tile,
    )  # fmt: skip
    if not settings.loopback:
        locked = "with the token" if token else "without a token: anybody may use it; set HARMONIC_TOKEN"
        say(f"warning: {host} is open to the network, {locked}")
    keep_freed_memory()
    run(settings)
