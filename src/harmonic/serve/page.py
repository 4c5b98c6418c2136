"""The page and its samples: files that ship with the package. Names come from a list, never from a path."""

import json
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from harmonic.serve.answers import refusals
from harmonic.serve.refusal import Refusal

_STATIC = Path(__file__).parent / "static"
_SAMPLES = _STATIC / "samples"
# Read once: the style sheet and the modules, each under its own name.
_FILES = {"/": "index.html"} | {f"/{path.name}": path.name for path in sorted(_STATIC.glob("*.*s"))}

router = APIRouter()


def _serve(path: str, file: str) -> None:
    async def answer() -> FileResponse:
        return FileResponse(_found(_STATIC / file), headers={"Cache-Control": "no-cache"})

    router.add_api_route(path, answer, methods=["GET", "HEAD"], include_in_schema=False)


for _path, _file in _FILES.items():
    _serve(_path, _file)


@router.get("/samples", tags=["page"])
async def samples() -> list[dict[str, str]]:
    """Pictures to try: name, title, credit, url."""
    listing = _SAMPLES / "samples.json"
    told: list[dict[str, str]] = json.loads(listing.read_text()) if listing.exists() else []
    return [{**sample, "url": f"/samples/{sample['name']}"} for sample in told]


@router.get("/samples/{name}", tags=["page"], response_class=FileResponse, responses=refusals(404))
async def sample(name: str) -> FileResponse:
    if name not in {told["name"] for told in await samples()}:
        raise Refusal(404, "not_found", "there is no sample of this name; GET /samples lists them")
    return FileResponse(_found(_SAMPLES / name), headers={"Cache-Control": "max-age=3600"})


def _found(path: Path) -> Path:
    if not path.is_file():
        raise Refusal(404, "not_found", "there is nothing here")
    return path
