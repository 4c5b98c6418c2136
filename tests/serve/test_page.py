"""The page in a real browser, on the fake service: what a person does with it, and that its pixels are the engine's."""

import base64
import io
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake import STATIC, FakeService
from PIL import Image

playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright, to drive the page")
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
SAMPLE = STATIC / "samples" / "cat.jpg"  # 451 x 300: the whole of it is seen at 1:1

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}"),
    pytest.mark.filterwarnings("default"),
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeService]:
    with FakeService(tmp_path_factory.mktemp("weights")) as service:
        yield service


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def faults() -> list[str]:
    return []


@pytest.fixture
def page(browser: Any, service: FakeService, faults: list[str]) -> Iterator[Any]:
    yield from opened(browser, service, faults, viewport={"width": 1280, "height": 800})


@pytest.fixture
def phone(browser: Any, service: FakeService, faults: list[str]) -> Iterator[Any]:
    size = {"width": 375, "height": 740}
    yield from opened(browser, service, faults, viewport=size, has_touch=True, is_mobile=True, device_scale_factor=2)


def opened(browser: Any, service: FakeService, faults: list[str], **options: Any) -> Iterator[Any]:
    """A fresh page. What it throws, what its policy forbids, and what it asks of others are faults."""
    service.forgive()
    context = browser.new_context(accept_downloads=True, **options)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
    page.on("request", lambda asked: faults.append(asked.url) if not asked.url.startswith(own(service)) else None)
    page.goto(service.url)
    page.wait_for_selector("#samples button")
    yield page
    context.close()
    assert not faults


def own(service: FakeService) -> tuple[str, ...]:
    return (service.url, f"blob:{service.url}", "data:")


def drop(page: Any, data: bytes, name: str, kind: str = "drop") -> None:
    """Files arrive as a browser delivers them: in an event with a DataTransfer."""
    page.evaluate(
        """([bytes, name, kind]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], name, { type: "image/" + name.split(".").pop() }));
            const made = kind === "drop" ? new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true })
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
    page.select_option("#model", model)
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


SIZE = (451, 300)


@pytest.mark.parametrize(
    "model, dials",
    [
        ("restore-fast", {"strength": 0.6, "detail": 1.4}),
        ("restore-fast", {"strength": 1.0, "detail": 0.0}),
        ("toy-texture", {"strength": 0.8, "detail": 1.2, "texture": 0.7}),
    ],
)
def test_the_dials_of_the_page_are_those_of_the_engine(page, service, model, dials):
    restored(page, model=model)
    page.keyboard.press("Home")
    turn(page, divide=0, **dials)
    shown = pixels(page, SIZE)
    expected = np.asarray(service.models[model].restore(SAMPLE, **dials))
    assert distance(shown, expected) <= 1


def test_strength_nothing_is_the_input_and_back_is_back_to_the_bit(page):
    restored(page)
    turn(page, divide=0)
    first = pixels(page, SIZE)
    turn(page, strength=0)
    assert np.array_equal(pixels(page, SIZE), decoded(SAMPLE))
    turn(page, strength=0.4, detail=1.7)
    assert distance(pixels(page, SIZE), first) > 3
    page.click("#reset")
    settle(page)
    assert np.array_equal(pixels(page, SIZE), first)


def test_both_mixers_mix_alike_in_every_look(page):
    """The loop, and WebGL even where it is drawn in software."""
    differences = page.evaluate(
        """async () => {
            const { GlMixer, LoopMixer } = await import("/mix.js");
            const { weights } = await import("/parts.js");
            const [width, height] = [203, 97];
            const plane = (low, span, step) => ({ low, span,
                data: Uint16Array.from({ length: 3 * width * height }, (_, i) => (i * step) & 65535) });
            const planes = { base: plane(0, 1, 7919), lf: plane(-0.3, 0.5, 104729), hf: plane(-0.2, 0.4, 15485863) };
            const differences = [];
            for (const texture of [undefined, plane(-0.1, 0.2, 611953)]) {
                const parts = { width, height, planes: texture ? { ...planes, texture } : planes };
                const mixers = [new GlMixer(parts), new LoopMixer(parts)];
                for (const look of ["picture", "structure", "texture"]) {
                    const [a, b] = mixers.map((mixer) => {
                        mixer.draw(weights({ strength: 0.7, detail: 1.6, texture: 0.9 }), look);
                        while (mixer.step());
                        const copy = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
                        copy.drawImage(mixer.canvas, 0, 0);
                        return copy.getImageData(0, 0, width, height).data;
                    });
                    differences.push(Math.max(...a.map((value, i) => Math.abs(value - b[i]))), new Set(a).size);
                }
            }
            return differences;
        }"""
    )
    assert max(differences[::2]) <= 1
    assert min(differences[1::2]) > 50, "the pictures say something"


def test_the_divide_moves_by_hand_by_arrows_and_by_space(page):
    restored(page)
    handle = page.locator("#handle i")
    box = handle.bounding_box()
    stage = page.locator("#stage").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(stage["x"] + 0.25 * stage["width"], box["y"] + 20, steps=4)
    page.mouse.up()
    assert float(page.input_value("#divide")) == pytest.approx(0.25, abs=0.02)
    page.locator("#stage").focus()
    page.keyboard.press("ArrowRight")
    assert float(page.input_value("#divide")) == pytest.approx(0.27, abs=0.02)
    after = pixels(page, SIZE)
    page.locator("#stage").focus()
    page.keyboard.press(" ")
    assert np.array_equal(pixels(page, SIZE), decoded(SAMPLE))
    page.keyboard.press(" ")
    assert np.array_equal(pixels(page, SIZE), after)


def test_zoom_by_wheel_keys_and_buttons_and_pan(page):
    restored(page)
    page.locator("#stage").focus()
    page.keyboard.press("1")
    settle(page)
    assert page.text_content("#zoom") == "100 %"
    page.keyboard.press("+")
    settle(page)
    assert page.text_content("#zoom") == "150 %"
    for _ in range(4):
        page.click("#zoom-in")
    settle(page)
    place = page.get_attribute("#canvas", "data-place")
    page.mouse.move(500, 300)
    page.mouse.down()
    page.mouse.move(450, 260)
    page.mouse.up()
    settle(page)
    assert page.get_attribute("#canvas", "data-place") != place
    page.mouse.wheel(0, -300)
    settle(page)
    assert int(page.text_content("#zoom").split()[0]) > 800
    page.keyboard.press("0")
    settle(page)
    assert int(page.text_content("#zoom").split()[0]) < 400


def test_the_lens_comes_with_l_and_goes_when_a_held_key_is_let_go(page):
    restored(page)
    page.locator("#stage").focus()
    page.keyboard.press("l")
    assert page.get_attribute("#lens", "aria-pressed") == "true"
    page.keyboard.press("l")
    assert page.get_attribute("#lens", "aria-pressed") == "false"
    page.keyboard.down("l")
    page.wait_for_timeout(500)
    page.keyboard.up("l")
    assert page.get_attribute("#lens", "aria-pressed") == "false"


def test_every_overlay_shows_something_else_and_leaves_no_trace(page):
    restored(page, model="toy-texture")
    turn(page, divide=0)
    first, seen = pixels(page, SIZE), []
    for look in ("structure", "texture", "invented", "experts"):
        page.check(f"[name=look][value={look}]", force=True)
        settle(page)
        assert page.text_content("#legend")
        seen.append(pixels(page, SIZE).tobytes())
    assert len({first.tobytes(), *seen}) == 5
    assert re.search(r"denoise \d+ %", page.text_content("#legend"))
    page.check("[name=look][value=picture]", force=True)
    settle(page)
    assert np.array_equal(pixels(page, SIZE), first)


def test_what_is_saved_is_what_the_command_line_writes(page, tmp_path):
    restored(page)
    turn(page, strength=0.6, detail=1.4)
    with page.expect_download() as coming:
        page.click("#save")
    assert coming.value.suggested_filename == "my cat-restored.jpg"
    told = page.text_content("#command code")
    assert told == "harmonic restore 'my cat.jpg' --model restore-fast --strength 0.6 --detail 1.4"
    shutil.copy(SAMPLE, tmp_path / "my cat.jpg")
    program, *arguments = shlex.split(told)
    assert program == "harmonic"
    subprocess.run([sys.executable, "-m", program, *arguments, "--precision", "fp32"], cwd=tmp_path, check=True)
    assert Path(coming.value.path()).read_bytes() == (tmp_path / "my cat-restored.jpg").read_bytes()
    page.click("#copy")
    assert page.evaluate("navigator.clipboard.readText()") == told


@pytest.mark.parametrize("name", ["plain.jpg", "it's $HOME.jpg", "-rf.jpg", "a b;c.png"])
def test_a_name_is_quoted_as_the_shell_reads_it(page, name):
    quoted = page.evaluate("async (name) => (await import('/command.js')).quoted(name)", name)
    assert shlex.split(quoted)[0].removeprefix("./") == name
    assert not quoted.startswith("-")


def test_a_pasted_picture_opens_and_a_sample_too(page):
    drop(page, SAMPLE.read_bytes(), "pasted.jpg", "paste")
    page.wait_for_selector("body[data-phase=opened]")
    assert "451 × 300" in page.text_content("#file")
    page.reload()
    page.click("#samples button:nth-child(2)")
    page.wait_for_selector("body[data-phase=opened]")
    assert "coffee.jpg" in page.text_content("#file")


def test_a_large_picture_is_previewed_where_one_looks_and_said_so(page, service):
    service.preview = 50_000
    page.reload()
    drop(page, SAMPLE.read_bytes(), "large.jpg")
    page.wait_for_selector("body[data-phase=opened]")
    settle(page)
    assert page.text_content("#restore") == "Restore what you see"
    page.locator("#stage").focus()
    page.keyboard.press("1")
    settle(page)
    turn(page, divide=0)
    page.click("#restore")
    page.wait_for_selector("body[data-phase=restored]")
    path, told = service.requests[-1]
    x, y, width, height = (int(told[name]) for name in ("x", "y", "width", "height"))
    assert path == "/v1/parts" and 45_000 < width * height <= 50_000 and x % 8 == y % 8 == 0
    assert "frame" in page.text_content("#note")
    inside = slice(y + 4, y + height - 4), slice(x + 4, x + width - 4)  # less the frame
    whole = np.asarray(service.models["restore-fast"].restore(SAMPLE))
    assert distance(pixels(page, SIZE)[inside], whole[inside]) <= 1
    page.click("#reduced")
    until(page, "document.getElementById('note').textContent.startsWith('Reduced to 61 %')")
    assert service.requests[-1][1]["shrink"] == "true"


def test_a_larger_model_shows_before_and_after_at_its_size(page, service):
    small = io.BytesIO()
    Image.open(SAMPLE).crop((100, 50, 301, 203)).save(small, "PNG")
    restored(page, small.getvalue(), "small.png", model="toy-x2")
    turn(page, divide=0)
    expected = np.asarray(service.models["toy-x2"].restore(Image.open(small)))
    assert expected.shape == (306, 402, 3)
    assert distance(pixels(page, (402, 306)), expected) <= 1


def test_a_job_tells_its_progress_and_cancel_stops_it(page, service):
    restored(page)
    service.slow = 0.3
    page.click("#save")
    until(page, "Number(document.querySelector('progress').value) > 0.2")
    assert re.search(r"about .* left", page.text_content("#doing"))
    page.click("#cancel")
    page.wait_for_selector("#progress", state="hidden")
    page.wait_for_timeout(800)
    assert list(service.jobs.values())[-1].state == "cancelled"
    assert page.get_attribute("body", "data-phase") == "restored", "what was there is still there"


def test_without_an_event_stream_it_asks(page, service):
    service.streams = False
    restored(page)
    with page.expect_download():
        page.click("#save")


def test_a_busy_service_is_asked_again_and_one_sees_it(page, service):
    drop(page, SAMPLE.read_bytes(), "cat.jpg")
    page.wait_for_selector("body[data-phase=opened]")
    service.busy = 2
    page.click("#restore")
    until(page, "document.getElementById('doing').textContent.includes('busy')")
    page.wait_for_selector("body[data-phase=restored]")


@pytest.mark.parametrize("status", [413, 415, 422, 500])
def test_a_refusal_is_one_clear_line_and_nothing_is_lost(page, service, status):
    restored(page)
    turn(page, strength=0.5)
    service.fault = (status, "no", "picture: this cannot be; use another")
    page.click("#save")
    page.wait_for_selector("#error:not([hidden])")
    assert page.text_content("#error p") == "picture: this cannot be; use another"
    assert page.get_attribute("body", "data-phase") == "restored"
    service.fault = None
    with page.expect_download():
        page.click("#again")
    assert page.is_hidden("#error")


def test_what_is_no_picture_leaves_the_open_one_alone(page):
    restored(page)
    drop(page, b"no picture at all", "notes.png")
    page.wait_for_selector("#error:not([hidden])")
    assert "no picture" in page.text_content("#error p")
    assert page.get_attribute("body", "data-phase") == "restored"
    assert "my cat.jpg" in page.text_content("#file")


def test_a_service_that_is_gone_is_said(page):
    drop(page, SAMPLE.read_bytes(), "cat.jpg")
    page.wait_for_selector("body[data-phase=opened]")
    page.route("**/v1/parts", lambda route: route.abort())
    page.click("#restore")
    page.wait_for_selector("#error:not([hidden])")
    assert "does not answer" in page.text_content("#error p")


def test_on_a_phone_it_is_one_column_with_a_sheet_and_fingers_work(phone):
    restored(phone)
    assert phone.evaluate("document.documentElement.scrollWidth") == 375
    assert phone.is_hidden("#controls")
    phone.click("#sheet")
    assert phone.is_visible("#strength")
    turn(phone, strength=0.5)
    phone.click("#sheet")
    settle(phone)
    before = float(phone.get_attribute("#canvas", "data-place").split()[2])
    touches = phone.context.new_cdp_session(phone)
    for apart, kind in ((30, "touchStart"), (60, "touchMove"), (90, "touchMove"), (None, "touchEnd")):
        points = [{"x": 187 + side * apart, "y": 250, "id": side} for side in (-1, 1)] if apart else []
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    settle(phone)
    assert float(phone.get_attribute("#canvas", "data-place").split()[2]) > 2 * before


def test_everything_that_can_be_used_has_a_name(page):
    restored(page, model="toy-texture")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select")].filter((one) => one.offsetParent
            && !(one.ariaLabel || one.labels?.[0]?.textContent.trim() || one.textContent.trim())).map((one) => one.id)"""
    )
    assert not nameless


def test_a_dial_costs_a_frame_little(page, record_property):
    """2 megapixels, script alone: the work of one frame, median over a hand that goes on moving the dial."""
    times = page.evaluate(
        """async () => {
            const { LoopMixer } = await import("/mix.js");
            const { weights } = await import("/parts.js");
            const [width, height] = [1632, 1225];
            const plane = { low: -0.2, span: 0.4, data: new Uint16Array(3 * width * height).fill(30000) };
            const parts = { width, height, planes: { base: { ...plane, low: 0, span: 1 }, lf: plane, hf: plane, texture: plane } };
            const mixer = new LoopMixer(parts);
            const frames = [], wholes = [];
            for (let round = 0; round < 12; round++) {
                mixer.draw(weights({ strength: round / 12, detail: 1, texture: 0.5 }), "picture");
                const started = performance.now();
                for (let more = true; more; ) {
                    const frame = performance.now();
                    more = mixer.step();
                    frames.push(performance.now() - frame);
                }
                wholes.push(performance.now() - started);
            }
            const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
            return [median(frames), median(wholes)];
        }"""
    )
    record_property("milliseconds a frame, and for the whole picture", times)
    print(f"script: {times[0]:.1f} ms a frame, {times[1]:.0f} ms for 2 megapixels")  # noqa: T201
    assert times[0] <= 16
