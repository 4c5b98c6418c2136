"""docs/page-desktop.webp and docs/page-phone.webp, as the page looks now.

PYTHONPATH=src:tests python -m serve.page.screenshots
"""

import io
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from serve.page.conftest import ARGUMENTS, CHROMIUM
from serve.page.fake import STATIC, FakeService
from serve.page.hand import restored, settle, turn

DOCS = Path(__file__).parents[3] / "docs"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, FakeService(Path(folder)) as fake, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        desktop = browser.new_page(viewport={"width": 1180, "height": 740}, color_scheme="light")
        shoot(desktop, fake, "coffee.jpg", "page-desktop.webp", detail=1.2)
        phone = browser.new_page(
            viewport={"width": 375, "height": 720},
            color_scheme="dark",
            has_touch=True,
            is_mobile=True,
            device_scale_factor=2,
        )
        shoot(phone, fake, "portrait.jpg", "page-phone.webp", sheet=True, strength=0.8)
        browser.close()


def shoot(page: Any, fake: FakeService, sample: str, target: str, sheet: bool = False, **dials: float) -> None:
    page.goto(fake.url)
    page.wait_for_selector("#samples button")
    restored(page, (STATIC / "samples" / sample).read_bytes(), sample)
    if sheet:
        page.click("#sheet")
    turn(page, **dials)
    settle(page)
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(DOCS / target, quality=88, method=6)


if __name__ == "__main__":
    main()
