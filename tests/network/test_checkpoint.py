"""A weights file explains itself, and damage of any kind is refused by name (law L9)."""

import struct

import pytest
import torch
from safetensors.torch import load as load_bytes
from safetensors.torch import save as save_bytes

from harmonic.errors import WeightsError
from harmonic.network.checkpoint import Card, dump_network, load_network, pack_metadata, read_metadata
from harmonic.network.deploy import fuse
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import tiny


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(3)
    return Harmonic(tiny()).eval()


@pytest.fixture(scope="module")
def whole(network):
    return dump_network(network, Card(name="t", task="restore", config=network.config, step=7, recipe="abc"))


def rewritten(data, change_tensors=None, change_metadata=None, metadata=None):
    tensors, metadata = load_bytes(data), read_metadata(data) if metadata is None else metadata
    if change_tensors:
        change_tensors(tensors)
    if change_metadata:
        change_metadata(metadata)
    return save_bytes(tensors, pack_metadata(metadata))


def card_with(metadata, **changes):
    metadata["card"].update(changes)


def test_a_network_comes_back_equal_with_its_card(network, whole, tmp_path):
    path = tmp_path / "t.safetensors"
    path.write_bytes(whole)
    loaded, card = load_network(path)
    assert (card.name, card.task, card.step, card.recipe, card.scale) == ("t", "restore", 7, "abc", 1)
    assert loaded.config == network.config and not loaded.training
    x = torch.rand(1, 3, 20, 20)
    assert torch.equal(loaded(x), network(x))


def test_bf16_files_are_half_the_size_and_load_as_fp32(network, whole, tmp_path):
    path = tmp_path / "t.safetensors"
    card = Card(name="t", task="restore", config=network.config)
    path.write_bytes(dump_network(network, card, torch.bfloat16))
    assert path.stat().st_size < 0.75 * len(whole)
    assert next(load_network(path)[0].parameters()).dtype == torch.float32


FIRST = "embed.conv.weight"
EVEN = [{"kind": "experts", "kernel": 4}]
DAMAGE = {
    "truncated": (lambda d: d[: len(d) // 2], "not a complete safetensors"),
    "empty": (lambda d: b"", "not a complete safetensors"),
    "text": (lambda d: b"hello, this is not a weights file", "not a complete safetensors"),
    "huge header": (lambda d: struct.pack("<Q", 1 << 40) + d[8:], "not a complete safetensors"),
    "flipped bit": (lambda d: d[:-3] + bytes([d[-3] ^ 1]) + d[-2:], "differs from its digest"),
    "foreign": (lambda d: save_bytes({"w": torch.ones(2)}), "format is none"),
    "missing tensor": (lambda d: rewritten(d, lambda t: t.pop(FIRST)), f"{FIRST} is missing"),
    "unknown tensor": (lambda d: rewritten(d, lambda t: t.update(extra=torch.ones(1))), "extra is unknown"),
    "misshapen": (lambda d: rewritten(d, lambda t: t.update({FIRST: torch.ones(2, 2)})), f"{FIRST} has shape"),
    "not finite": (lambda d: rewritten(d, lambda t: t[FIRST].fill_(float("nan"))), f"{FIRST} holds values"),
    "deploy form": (lambda d: rewritten(d, None, lambda m: card_with(m, form="deploy")), "holds the deploy form"),
    "unknown key": (lambda d: rewritten(d, None, lambda m: card_with(m, colour="red")), "description"),
    "no table": (lambda d: rewritten(d, metadata=[]), "not a complete safetensors"),
    "odd format": (lambda d: rewritten(d, None, lambda m: m.update(format="\x1b[31m")), "format is '.x1b.31m'"),
    "odd tensor": (lambda d: rewritten(d, lambda t: t.update({"\x1b[31m": torch.ones(1)})), "tensor '.x1b"),
    "odd network": (
        lambda d: rewritten(d, None, lambda m: m["card"]["config"]["hf"].update(blocks=EVEN)),
        "description",
    ),
    "no card": (lambda d: rewritten(d, None, lambda m: m.pop("card")), "description"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_refused_by_name_in_one_line(kind, whole, tmp_path):
    change, message = DAMAGE[kind]
    path = tmp_path / "t.safetensors"
    path.write_bytes(change(whole))
    with pytest.raises(WeightsError, match=message) as caught:
        load_network(path)
    assert str(path) in str(caught.value) and str(caught.value).isprintable()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(WeightsError, match=r"nothing\.safetensors: cannot be read"):
        load_network(tmp_path / "nothing.safetensors")


def test_a_card_of_another_form_is_not_written(network):
    with pytest.raises(ValueError, match="another network"):
        dump_network(fuse(network), Card(name="t", task="restore", config=network.config))


def test_equal_weights_give_equal_files(network, whole):
    card = Card(name="t", task="restore", config=network.config, step=7, recipe="abc")
    assert all(dump_network(network, card) == whole for _ in range(5))


@pytest.mark.parametrize("field, text", [
    ("name", "../../evil"), ("name", "/etc/evil"), ("name", "a/b"), ("name", ""), ("name", ".."),
    ("name", "\x1b[31m"), ("task", "\x1b[31m"), ("data", "a\nb"), ("licence", "\u202emoc.elpmaxe"),
])  # fmt: skip
def test_names_that_lead_elsewhere_and_texts_that_steer_a_terminal_are_refused(whole, tmp_path, field, text):
    path = tmp_path / "t.safetensors"
    path.write_bytes(rewritten(whole, change_metadata=lambda metadata: card_with(metadata, **{field: text})))
    with pytest.raises(WeightsError, match="description inside the file is damaged"):
        load_network(path)
