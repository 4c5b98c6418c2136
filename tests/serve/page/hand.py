"""What a hand does with the page, and what an eye sees of it."""

import base64
import io
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from serve.page.fake import STATIC

SAMPLE = STATIC / "samples" / "cat.jpg"
SIZE = (451, 300)  # of the sample: the whole of it is seen at 1:1


def drop(page: Any, data: bytes, name: str, kind: str = "drop") -> None:
    """Files arrive as a browser delivers them: in an event with a DataTransfer."""
    page.evaluate(
        """([bytes, name, kind]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], name, { type: "image/" + name.split(".").pop() }));
            const made = kind === "drop" ? new DragEvent(kind, { dataTransfer: transfer, bubbles: true })
                                         : new ClipboardEvent(kind, { clipboardData: transfer, bubbles: true });
            document.querySelector("#stage").dispatchEvent(made);
        }""",
        [list(data), name, kind],
    )


def restored(
    page: Any, data: bytes = SAMPLE.read_bytes(), name: str = "my cat.jpg", model: str = "restore-fast"
) -> None:
    drop(page, data, name)
    page.wait_for_selector("body[data-phase=opened]")
    page.select_option("#model", model, force=True)  # on a phone it is in the sheet
    page.click("#restore")
    page.wait_for_selector("body[data-phase=restored]")


def turn(page: Any, **dials: float) -> None:
    """Move sliders as a hand does: value, then event."""
    for name, value in dials.items():
        page.evaluate(
            "([id, value]) => { const dial = document.getElementById(id); dial.value = value;"
            " dial.dispatchEvent(new Event('input', { bubbles: true })) }",
            [name, value],
        )
    settle(page)


def until(page: Any, condition: str, seconds: float = 30) -> None:
    """Not `wait_for_function`, which evaluates text in the page; its policy forbids that."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"never came: {condition}"
        page.wait_for_timeout(50)


def settle(page: Any) -> None:
    """Long enough for the slices of a small picture."""
    page.wait_for_timeout(400)


def pixels(page: Any, size: tuple[int, int]) -> np.ndarray:
    """What the stage shows at 1:1 of a picture of `size` (width, height). -> (H, W, 3) uint8"""
    page.locator("#stage").focus()
    page.keyboard.press("1")
    settle(page)
    left, top, zoom = map(float, page.get_attribute("#canvas", "data-place").split())
    assert zoom == 1
    data = page.evaluate(
        "([x, y, w, h]) => { const box = document.getElementById('canvas').getContext('2d').getImageData(x, y, w, h);"
        " let text = ''; for (const v of box.data) text += String.fromCharCode(v); return btoa(text) }",
        [left, top, *size],
    )
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(size[1], size[0], 4)[..., :3]


def decoded(source: Path | bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(source) if isinstance(source, bytes) else source).convert("RGB"))


def distance(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.abs(a.astype(int) - b).max())
