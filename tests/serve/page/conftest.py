"""The page in a real browser, on the fake service."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serve.page.fake import FakeService

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="session")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeService]:
    with FakeService(tmp_path_factory.mktemp("weights")) as fake:
        yield fake


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    driver = pytest.importorskip("playwright.sync_api", reason="pip install playwright, to drive the page")
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}")
    with driver.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def faults() -> list[str]:
    return []


@pytest.fixture
def page(browser: Any, fake: FakeService, faults: list[str]) -> Iterator[Any]:
    yield from opened(browser, fake, faults, viewport={"width": 1280, "height": 800})


@pytest.fixture
def phone(browser: Any, fake: FakeService, faults: list[str]) -> Iterator[Any]:
    size = {"width": 375, "height": 740}
    yield from opened(browser, fake, faults, viewport=size, has_touch=True, is_mobile=True, device_scale_factor=2)


def opened(browser: Any, fake: FakeService, faults: list[str], **options: Any) -> Iterator[Any]:
    """A fresh page. What it throws, what its policy forbids, and what it asks of others are faults."""
    fake.forgive()
    context = browser.new_context(accept_downloads=True, **options)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
    page.on("request", lambda asked: faults.append(asked.url) if not asked.url.startswith(own(fake)) else None)
    page.goto(fake.url)
    page.wait_for_selector("#samples button")
    yield page
    context.close()
    assert not faults


def own(fake: FakeService) -> tuple[str, ...]:
    return (fake.url, f"blob:{fake.url}", "data:")
