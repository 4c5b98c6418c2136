"""The pixels that the page mixes are those of the engine; in a real browser, on the fake service."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from harmonic.restore.dials import Dials
from harmonic.restore.maps import provenance
from serve.page.hand import SAMPLE, SIZE, decoded, distance, pixels, restored, settle, turn

pytestmark = pytest.mark.long


@pytest.mark.parametrize(
    "model, dials",
    [
        ("restore-fast", {"strength": 0.6, "detail": 1.4}),
        ("restore-fast", {"strength": 1.0, "detail": 0.0}),
        ("toy-texture", {"strength": 0.8, "detail": 1.2, "texture": 0.7}),
    ],
)
def test_the_dials_of_the_page_are_those_of_the_engine(page, fake, model, dials):
    restored(page, model=model)
    turn(page, divide=0, **dials)
    shown = pixels(page, SIZE)
    expected = np.asarray(fake.models[model].restore(SAMPLE, **dials))
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
                for (const look of ["picture", "structure", "texture", ...(texture ? ["generated"] : [])]) {
                    const [a, b] = mixers.map((mixer) => {
                        mixer.draw(weights({ strength: 0.7, detail: 1.6, texture: 0.9 }), look);
                        while (mixer.step());
                        const canvas = Object.assign(document.createElement("canvas"), { width, height });
                        const copy = canvas.getContext("2d");
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


def test_every_overlay_shows_something_else_and_leaves_no_trace(page):
    restored(page, model="toy-texture")
    turn(page, divide=0, texture=1)
    first, seen = pixels(page, SIZE), []
    for look in ("structure", "texture", "generated", "invented", "experts"):
        page.check(f"[name=look][value={look}]", force=True)
        settle(page)
        assert page.text_content("#legend")
        seen.append(pixels(page, SIZE))
    assert len({shown.tobytes() for shown in (first, *seen)}) == 6
    assert len(np.unique(seen[2])) > 3 and abs(float(seen[2].mean()) - 127.5) < 3, "generated: about grey"
    assert re.search(r"denoise \d+ %", page.text_content("#legend"))
    page.check("[name=look][value=picture]", force=True)
    settle(page)
    assert np.array_equal(pixels(page, SIZE), first)


def test_a_larger_model_shows_before_and_after_at_its_size(page, fake):
    small = io.BytesIO()
    Image.open(SAMPLE).crop((100, 50, 301, 203)).save(small, "PNG")
    restored(page, small.getvalue(), "small.png", model="toy-x2")
    turn(page, divide=0)
    expected = np.asarray(fake.models["toy-x2"].restore(Image.open(small)))
    assert expected.shape == (306, 402, 3)
    assert distance(pixels(page, (402, 306)), expected) <= 1


def test_a_dial_costs_a_frame_little(page, record_property):
    """2 megapixels, script alone: the work of one frame, median over a hand that goes on moving the dial."""
    times = page.evaluate(
        """async () => {
            const { LoopMixer } = await import("/mix.js");
            const { weights } = await import("/parts.js");
            const [width, height] = [1632, 1225];
            const plane = { low: -0.2, span: 0.4, data: new Uint16Array(3 * width * height).fill(30000) };
            const planes = { base: { ...plane, low: 0, span: 1 }, lf: plane, hf: plane, texture: plane };
            const parts = { width, height, planes };
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


@pytest.mark.parametrize("dials", [{"strength": 1.0}, {"strength": 0.7, "detail": 1.6, "texture": 0.8}])
def test_what_the_page_calls_invented_is_what_the_package_calls_so(page, fake, dials):
    dials = {"strength": 1.0, "detail": 1.0, "texture": 0.0, **dials}
    told = page.evaluate(
        """async (dials) => {
            const api = await import("/api.js");
            const { decode } = await import("/parts.js");
            const { energies, inventedShares } = await import("/invented.js");
            const picture = await api.sample("/samples/cat.jpg");
            const how = { onProgress: () => {} };
            const answer = await api.parts(picture, { model: "toy-texture", seed: 0 }, null, how);
            return [...inventedShares(energies(decode(answer.bytes)), dials)];
        }""",
        dials,
    )
    model = fake.models["toy-texture"]
    shares = provenance(model.decompose(decoded(SAMPLE), seed=0), Dials(**dials), model.network.config.cell)
    assert shares.std() > 0.02, "the map says something"
    assert np.abs(np.reshape(told, shares.shape) - shares).max() < 0.01
