"""Write model cards and manifest of `src/harmonic/assets`: `python benchmarks/cards.py`. Nothing is measured here.

A card is made of what the weights say of themselves, of `results/quality-NAME.json` and `results/verify.json`, and of
what `cards.yaml` adds; weights that generate texture are another model's with a head, whose figures are in
`results/texture.json`. The fields of its first table are those that darktable asks of a model. A model without an
entry, or whose figures are of older weights, is refused.
"""

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import page
import yaml
from pydantic import BaseModel, ConfigDict

from harmonic.assets import SUFFIX, card_path, manifest_path
from harmonic.assets.manifest import Entry, Manifest, described, dump_manifest
from harmonic.measure.markdown import markdown_table
from harmonic.measure.table import number
from harmonic.network.checkpoint import Card, load_network
from harmonic.network.config import NetworkConfig
from harmonic.network.harmonic import Harmonic

ROOT = Path(__file__).parents[1]
ASSETS, RESULTS, FACTS = ROOT / "src" / "harmonic" / "assets", ROOT / "results", ROOT / "benchmarks" / "cards.yaml"
DIGITS = 12
UNSEEN = "the test sets were used for nothing else. More figures, and published rows beside them: `docs/benchmarks.md`."
LOOKED_AT = (
    "form and strength of the head were chosen with an eye on these pictures too (docs/decisions/0010). Without "
    "texture the figures are those of the model that the head stands on."
)
PURPOSE = "photographs; nothing is generated that resembles a person"


class Pictures(BaseModel):
    """What a model was trained on. licences: pictures by SPDX name. attribution: Markdown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str
    licences: Mapping[str, int]
    origin: str
    attribution: str = ""


class Facts(BaseModel):
    """One entry of `models:`. cards.yaml says what stands in each field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str
    recipe: str
    run: str
    curve: str
    data: tuple[str, ...]
    limits: tuple[str, ...]
    measured: str


class Everything(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    models: Mapping[str, Facts]
    data: Mapping[str, Pictures]
    released: tuple[dict[str, Any], ...] = ()


def read_facts(path: Path = FACTS) -> Everything:
    return Everything.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def names() -> list[str]:
    return sorted(path.stem for path in ASSETS.glob(f"*{SUFFIX}"))


def manifest(everything: Everything) -> Manifest:
    """What `models.json` says: of the bundled files as they are, of the release as `released:` says."""
    bundled = []
    for name in names():
        entry = described((ASSETS / f"{name}{SUFFIX}").read_bytes(), name)
        bundled.append(Entry(**{**vars(entry), "description": everything.models[name].description}))
    return Manifest(tuple(bundled), tuple(Entry(**values) for values in everything.released))


def card(name: str, everything: Everything) -> str:
    """The card of a bundled model, Markdown. Raises ValueError for missing or old facts and figures."""
    path = ASSETS / f"{name}{SUFFIX}"
    if name not in everything.models:
        raise ValueError(f"{name}: has no entry in {FACTS.name}; add one under models")
    facts, digest = everything.models[name], hashlib.sha256(path.read_bytes()).hexdigest()
    if facts.measured != digest[:DIGITS]:
        raise ValueError(f"{name}: figures are of {facts.measured}, the weights are {digest[:DIGITS]}; measure again")
    network, says = load_network(path)
    if says.name != name:
        raise ValueError(f"{name}: the weights call themselves {says.name}; rename the file")
    results = "texture.json" if network.config.generates else f"quality-{name}.json"
    content = json.loads((RESULTS / results).read_text())
    if content.get("sha256", digest) != digest:
        raise ValueError(f"{name}: results/{results} is of other weights; run `{content['command']}`")
    data = [everything.data[key] for key in facts.data]
    parts = [
        f"# {name}\n\n{facts.description}",
        "Made by `python benchmarks/cards.py`; a test fails when it is older than the weights or the figures.",
        _table(["", ""], _properties(facts, data, says, network, path, digest)),
        "## Training",
        facts.run,
        f"Validation (val.txt, PSNR in dB): {facts.curve}",
        f"Began with `{facts.recipe}`; what was changed stands above. The last run ended at step {says.step:,}; hash "
        f"of its recipe, all values filled in: {says.recipe}.",
        "## Data",
        *map(_pictures, data),
        "## Figures",
        f"{content['model']}, {content['date']}, `results/{results}`. PSNR in dB; 8-bit outputs; "
        + (LOOKED_AT if network.config.generates else UNSEEN),
        f"```sh\n{content['command']}\n```",
        *([*page.texture(content), page.RUNG] if network.config.generates else [_figures(content)]),
        "## Checks that fail",
        *_failures(name, digest),
        "## Limits",
        "\n".join(f"- {limit}" for limit in facts.limits),
        "## Attribution",
        *(pictures.attribution.rstrip("\n") for pictures in data if pictures.attribution),
    ]
    return "\n\n".join(parts) + "\n"


def _failures(name: str, digest: str) -> list[str]:
    """What `harmonic verify` finds, Markdown. Raises ValueError where that is of other weights."""
    content = json.loads((RESULTS / "verify.json").read_text())
    found = content["models"].get(name, {})
    if found.get("sha256") != digest:
        raise ValueError(f"{name}: results/verify.json is of other weights; run `{content['command']}`")
    told = f"`harmonic verify {name} --data DATA/train`, {found['date']}: {found['passed']} checks pass"
    return [f"{told}, {len(found['failed'])} fail.", page.failures(found)]


def _properties(
    facts: Facts, data: list[Pictures], says: Card, network: Harmonic, path: Path, digest: str
) -> list[list[str]]:
    licences = dict.fromkeys(licence for pictures in data for licence in pictures.licences)
    size = f"{path.stat().st_size:,} bytes, {sum(p.numel() for p in network.parameters()):,} parameters"
    return [
        ["File", f"`{path.name}`, {size}"],
        ["SHA-256", f"`{digest}`"],
        ["Network", _network(says.config)],
        ["Task", f"{says.task}, x{says.scale}; RGB pictures of any size, values in [0, 1] in their own encoding"],
        [
            "Tiling",
            f"exact: an output pixel sees {network.reach} input pixels; tiles start on multiples of {network.grid}",
        ],
        ["Licence of the weights", says.licence],
        ["OSAID 1.0", "Open Source AI by our own reading: code, parameters and information on all data are given"],
        ["MOF", "Class II, Open Tooling, by our own reading: code, weights, evaluation and documents are open"],
        ["Licences of the data", ", ".join(licences)],
        ["Provenance of the data", "stated per picture in the manifest of the data; summed up below"],
        ["Code of the training", f"`harmonic train`, Apache-2.0; beginning with `{facts.recipe}`, see Training"],
        ["Inference", "local only, opens no connection; the file holds numbers and JSON, no code"],
        ["Purpose", PURPOSE + (", but fine texture on request, on faces too" if network.config.generates else "")],
    ]


def _network(config: NetworkConfig) -> str:
    beyond = f", filters see {config.hf.beyond} around the picture (decision 0011)" if config.hf else ""
    beyond += f", {config.mirror} mirrored pixels around it (decision 0012)" if config.mirror else ""
    widths = "/".join(map(str, config.channels))
    return f"widths {widths}; output gates from {config.floor:g} to {2 - config.floor:g} (decision 0008){beyond}"


def _pictures(pictures: Pictures) -> str:
    rows = [[licence, str(count)] for licence, count in pictures.licences.items()]
    rows.append(["together", str(sum(pictures.licences.values()))])
    return f"{pictures.what}.\n\n{pictures.origin.rstrip()}\n\n{_table(['licence', 'pictures'], rows)}"


def _figures(content: Mapping[str, Any]) -> str:
    head = ["suite", "protocol", "setting", "set", "pictures", "PSNR in", "PSNR out", "SSIM in", "SSIM out"]
    rows = []
    for score in content["scores"]:
        cells = [str(score[key]) for key in ("suite", "protocol", "setting", "set", "count")]
        cells += [number(score[side].get("psnr")) for side in ("before", "after")]
        rows.append([*cells, *(number(score[side].get("ssim"), 4) for side in ("before", "after"))])
    return _table(head, [row for row in rows if any(cell != "–" for cell in row[5:])])


def _table(head: list[str], rows: list[list[str]]) -> str:
    return markdown_table(head, "l" * len(head), rows)


def main() -> None:
    everything = read_facts()
    targets = {card_path(name): card(name, everything) for name in names()}
    for path, text in {manifest_path(): dump_manifest(manifest(everything)), **targets}.items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"error: {error}")
