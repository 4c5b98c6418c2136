"""The page in a real browser, on the fake service: what a person does with it, and what goes wrong."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from serve.page.hand import SAMPLE, SIZE, decoded, distance, drop, pixels, restored, settle, turn, until

pytestmark = pytest.mark.long


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


def test_a_large_picture_is_previewed_where_one_looks_and_said_so(page, fake):
    fake.preview = 50_000
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
    path, told = fake.requests[-1]
    x, y, width, height = (int(told[name]) for name in ("x", "y", "width", "height"))
    assert path == "/v1/parts" and 45_000 < width * height <= 50_000 and x % 8 == y % 8 == 0
    assert "frame" in page.text_content("#note")
    inside = slice(y + 4, y + height - 4), slice(x + 4, x + width - 4)  # less the frame
    whole = np.asarray(fake.models["restore-fast"].restore(SAMPLE))
    assert distance(pixels(page, SIZE)[inside], whole[inside]) <= 1
    page.click("#reduced")
    until(page, "document.getElementById('note').textContent.startsWith('Reduced to 61 %')")
    assert fake.requests[-1][1]["shrink"] == "true"


def test_a_job_tells_its_progress_and_cancel_stops_it(page, fake):
    restored(page)
    fake.slow = 0.3
    page.click("#save")
    until(page, "Number(document.querySelector('progress').value) > 0.2")
    assert re.search(r"about .* left", page.text_content("#doing"))
    page.click("#cancel")
    page.wait_for_selector("#progress", state="hidden")
    page.wait_for_timeout(800)
    assert list(fake.jobs.values())[-1].state == "cancelled"
    assert page.get_attribute("body", "data-phase") == "restored", "what was there is still there"


def test_without_an_event_stream_it_asks(page, fake):
    fake.streams = False
    restored(page)
    with page.expect_download():
        page.click("#save")


def test_a_busy_service_is_asked_again_and_one_sees_it(page, fake):
    drop(page, SAMPLE.read_bytes(), "cat.jpg")
    page.wait_for_selector("body[data-phase=opened]")
    fake.busy = 2
    page.click("#restore")
    until(page, "document.getElementById('doing').textContent.includes('busy')")
    page.wait_for_selector("body[data-phase=restored]")


@pytest.mark.parametrize("status", [413, 415, 422, 500])
def test_a_refusal_is_one_clear_line_and_nothing_is_lost(page, fake, status):
    restored(page)
    turn(page, strength=0.5)
    fake.fault = (status, "no", "picture: this cannot be; use another")
    page.click("#save")
    page.wait_for_selector("#error:not([hidden])")
    assert page.text_content("#error p") == "picture: this cannot be; use another"
    assert page.get_attribute("body", "data-phase") == "restored"
    fake.fault = None
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


def test_a_click_on_the_drop_zone_asks_for_a_file(page):
    with page.expect_file_chooser() as coming:
        page.click("#drop")
    coming.value.set_files(SAMPLE)
    page.wait_for_selector("body[data-phase=opened]")


def test_a_page_that_is_left_ends_its_job(page, fake):
    restored(page)
    fake.slow = 0.3
    page.click("#save")
    until(page, "Number(document.querySelector('progress').value) > 0.2")
    page.goto("about:blank")
    for _ in range(100):
        page.wait_for_timeout(100)
        if (state := list(fake.jobs.values())[-1].state) != "running":
            break
    assert state == "cancelled"


def test_a_result_that_breaks_off_is_said_plainly(page):
    restored(page)
    page.evaluate("() => { Response.prototype.arrayBuffer = () => Promise.reject(new TypeError('network error')) }")
    page.click("#save")
    page.wait_for_selector("#error:not([hidden])")
    assert "broke off" in page.text_content("#error p")


def test_a_picture_that_is_opened_anew_ends_the_look_at_the_last_one(page):
    seen = []
    page.on("requestfailed", lambda asked: seen.append(asked.url))
    page.route("**/v1/inspect", lambda route: None, times=1)
    drop(page, SAMPLE.read_bytes(), "first.jpg")
    page.wait_for_timeout(300)
    drop(page, SAMPLE.read_bytes(), "second.jpg")
    page.wait_for_selector("body[data-phase=opened]")
    assert "second.jpg" in page.text_content("#file") and len(seen) == 1 and seen[0].endswith("/v1/inspect")


def test_models_that_could_not_be_told_at_first_are_asked_for_again(page):
    page.route("**/v1/models", lambda route: route.abort(), times=1)
    page.reload()
    page.wait_for_selector("#error:not([hidden])")
    restored(page)


def test_a_locked_service_says_where_the_token_goes_and_the_page_keeps_it(page, fake):
    fake.token = "sesame"
    page.reload()
    page.wait_for_selector("#error:not([hidden])")
    assert "#token=" in page.text_content("#error p")
    page.goto(f"{fake.url}/#token=sesame")
    page.wait_for_selector("#error", state="hidden")
    assert "sesame" not in page.url
    page.reload()
    page.wait_for_selector("#samples button")
    assert page.is_hidden("#error") and page.locator("#model option").count() == 3


def test_where_nothing_can_be_copied_the_line_is_selected(page):
    restored(page)
    page.evaluate("() => { Object.defineProperty(navigator, 'clipboard', { value: undefined }) }")
    page.click("#copy")
    assert "by hand" in page.text_content("#error p")
    assert page.evaluate("getSelection().toString()").startswith("harmonic restore")


def test_the_keyboard_keeps_its_place_and_what_happens_is_said(page, fake):
    drop(page, SAMPLE.read_bytes(), "cat.jpg")
    page.wait_for_selector("body[data-phase=opened]")
    fake.slow = 0.1
    page.locator("#restore").focus()
    page.keyboard.press("Enter")
    until(page, "document.activeElement.id === 'cancel'")
    assert page.text_content("#said") == "Restoring"
    page.wait_for_selector("body[data-phase=restored]")
    until(page, "document.activeElement.id === 'save'")
    assert page.text_content("#said") == "Restored"


def test_after_a_click_the_keys_are_the_pictures(page):
    restored(page)
    assert page.evaluate("document.activeElement.id") == "stage"
    page.keyboard.press(" ")
    assert page.get_attribute("#peek", "aria-pressed") == "true"


def test_keys_beside_the_picture_do_nothing_to_it(page):
    restored(page)
    place = page.get_attribute("#canvas", "data-place")
    page.locator("[name=look]").first.focus()
    for key in (" ", "l", "1", "+", "-"):
        page.keyboard.press(key)
    settle(page)
    assert page.get_attribute("#peek", "aria-pressed") == page.get_attribute("#lens", "aria-pressed") == "false"
    assert page.get_attribute("#canvas", "data-place") == place


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


def test_a_picture_for_which_another_model_is_suggested_does_not_keep_the_dial_of_the_last(page):
    restored(page, model="toy-texture")
    turn(page, texture=0.8)
    assert "--texture" in page.text_content("#command code")
    drop(page, SAMPLE.read_bytes(), "another.jpg")
    until(page, "document.querySelector('#command code').textContent.includes('another')")
    told = page.text_content("#command code")
    assert "restore-fast" in told and "--texture" not in told


def test_everything_that_can_be_used_has_a_name(page):
    restored(page, model="toy-texture")
    nameless = page.evaluate(
        """() => {
            const name = (one) => one.ariaLabel || one.labels?.[0]?.textContent.trim() || one.textContent.trim();
            const usable = [...document.querySelectorAll("button, input, select")].filter((one) => one.offsetParent);
            return usable.filter((one) => !name(one)).map((one) => one.id);
        }"""
    )
    assert not nameless
