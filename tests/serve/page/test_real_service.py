"""The page on the service itself, as it is delivered: its policy, its routes, its answers."""

from pathlib import Path
from typing import Any

import pytest

from serve.page.hand import SAMPLE, restored

pytestmark = pytest.mark.long


def test_a_photograph_is_restored_and_saved(browser: Any, running: Any, faults: list[str]):
    context = browser.new_context(accept_downloads=True)
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
    own = (running.url, f"blob:{running.url}", "data:")
    page.on("request", lambda asked: faults.append(asked.url) if not asked.url.startswith(own) else None)
    assert page.goto(running.url).headers["content-security-policy"].startswith("default-src 'self'")
    page.wait_for_selector("#samples button")
    restored(page, name="cat.jpg", model="tiny")
    assert page.text_content("#command code") == "harmonic restore cat.jpg --model tiny.safetensors"
    with page.expect_download() as coming:
        page.click("#save")
    expected = running.post("/v1/restore", SAMPLE.read_bytes(), metadata="keep").content
    assert Path(coming.value.path()).read_bytes() == expected
    context.close()
    assert not faults
