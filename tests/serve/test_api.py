"""What clients get: the engine's own result, or one line that says why not."""

import io
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from harmonic.errors import WeightsError
from harmonic.restore.restorer import Restorer
from uploads import bomb, decoded, encoded, picture


def answer_of(address: tuple[str, int], data: bytes) -> str:
    """What comes back for these very bytes."""
    with socket.create_connection(address, 10) as line:
        line.sendall(data)
        line.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := line.recv(65536):
            received += chunk
    return received.decode()


def files_left(running: Any) -> list[Path]:
    """In the spool, a moment after the answer has come: its own file goes when it was sent."""
    end = time.monotonic() + 5
    while (files := list(running.service.spool.folder.iterdir())) and time.monotonic() < end:
        time.sleep(0.01)
    return files


def test_the_answer_is_what_the_engine_writes(running: Any, tiny: Path, tmp_path: Path):
    data = picture(50, 33)
    (tmp_path / "a.png").write_bytes(data)
    Restorer(tiny, device="cpu", precision="fp32").restore_file(
        tmp_path / "a.png", tmp_path / "b.png", strength=0.7, detail=0.5
    )
    answer = running.post("/v1/restore", data, metadata="keep", strength=0.7, detail=0.5)
    assert answer.status_code == 200 and answer.content == (tmp_path / "b.png").read_bytes()
    assert answer.headers["content-type"] == "image/png"
    assert json.loads(answer.headers["x-harmonic-notes"]) == [] and float(answer.headers["x-harmonic-seconds"]) > 0


def test_a_folder_that_may_not_be_written_to_is_no_hindrance(running: Any, monkeypatch: Any):
    """A service in a container runs in one."""
    monkeypatch.setattr("os.access", lambda *_, **__: False)
    assert running.post("/v1/restore", picture()).status_code == 200


@pytest.mark.parametrize(
    "form, kind", [("jpg", "JPEG"), ("webp", "WEBP"), ("tiff", "TIFF"), ("avif", "AVIF"), ("bmp", "BMP")]
)
def test_every_format_is_written_with_its_own_type(running: Any, form: str, kind: str):
    answer = running.post("/v1/restore", picture(), format=form)
    assert Image.open(io.BytesIO(answer.content)).format == kind
    assert answer.headers["content-type"] == f"image/{kind.lower()}"


@pytest.mark.parametrize(
    "wish, texts, places", [("strip", False, False), ("strip-gps", True, False), ("keep", True, True)]
)
def test_metadata_go_out_only_when_asked_for(running: Any, wish: str, texts: bool, places: bool):
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "Ann"
    exif[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitudeRef: "N"}
    answer = running.post("/v1/restore", encoded(Image.new("RGB", (9, 9)), exif=exif), metadata=wish)
    found = Image.open(io.BytesIO(answer.content)).getexif()
    assert (ExifTags.Base.Artist in found, bool(found.get_ifd(ExifTags.IFD.GPSInfo))) == (texts, places)


@pytest.mark.parametrize("data, fields, status, code, said", [
    (None, {}, 400, "bad_parameter", "picture"),
    (b"", {}, 400, "bad_parameter", "empty"),
    (picture(), {"strenght": 1}, 400, "bad_parameter", "did you mean 'strength'"),
    (picture(), {"strength": "nan"}, 400, "bad_parameter", "strength"),
    (picture(), {"texture": 1}, 400, "bad_parameter", "generates no texture"),
    (picture(), {"model": "x"}, 400, "bad_parameter", "use one of tiny"),
    (picture(), {"format": "exe"}, 400, "bad_parameter", "format"),
    (b"hello", {}, 415, "unsupported_type", "a text"),
    (b"<svg onload=alert(1)>", {}, 415, "unsupported_type", "SVG"),
    (b"%PDF-1.7", {}, 415, "unsupported_type", "PDF"),
    (picture()[:300], {}, 422, "decode_failed", "damaged or cut short"),
    (bomb(9, 9, stated=(30_000, 30_000)), {}, 422, "image_too_large", "over the limit of 0.4 megapixels"),
    (bomb(10_000, 41), {}, 422, "image_too_large", "10000x41"),
    (encoded(Image.new("RGBA", (9, 9))), {"format": "jpg"}, 422, "picture_refused", "transparency; use format png"),
])  # fmt: skip
def test_what_is_refused_is_refused_in_a_line(
    running: Any, data: bytes | None, fields: dict[str, Any], status: int, code: str, said: str
):
    started = time.monotonic()
    answer = running.post("/v1/restore", data, **fields)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code)
    assert said in told["message"] and "\n" not in told["message"] and "/" not in told["message"]
    assert told["request_id"] == answer.headers["x-request-id"]
    assert time.monotonic() - started < 5


def test_a_name_in_place_of_a_picture_is_answered_with_what_to_send(running: Any):
    told = running.client.post("/v1/restore", data={"picture": "photo.jpg"}).json()
    assert told["code"] == "bad_parameter" and "curl -F picture=@photo.jpg" in told["message"]


def test_a_strip_is_a_picture_too(running: Any):
    answer = running.post("/v1/restore", picture(10_000, 1))
    assert Image.open(io.BytesIO(answer.content)).size == (10_000, 1)


def test_a_clients_file_name_reaches_no_disk_and_comes_back_harmless(running: Any):
    for name in ("../../etc/passwd.png", "..\\..\\boot.png", "a\x01b\u202e.png", "/", "x" * 3000):
        answer = running.post("/v1/restore", picture(), name=name)
        told = answer.headers["content-disposition"]
        assert answer.status_code == 200 and "/" not in told and ".." not in told and len(told) < 140
        assert not files_left(running)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the framework's file, closed late
def test_an_upload_that_is_cut_short_is_no_picture(running: Any):
    part = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n' + picture()[:500]
    head = "POST /v1/restore HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    told = answer_of(running.address, f"{head}Content-Length: {len(part)}\r\nConnection: close\r\n\r\n".encode() + part)
    assert told.startswith("HTTP/1.1 400 ") and "bad_" in told
    told = answer_of(
        running.address, f"{head}Content-Length: {len(part) + 9}\r\nConnection: close\r\n\r\n".encode() + part
    )
    assert "200" not in told.partition("\r\n")[0]
    assert running.client.get("/healthz").status_code == 200


def test_a_body_over_the_limit_is_refused_whatever_its_length_claims(running: Any):
    part = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n'

    def endless():
        yield part
        for _ in range(60):
            yield bytes(50_000)

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = running.client.post("/v1/restore", content=endless(), headers=kind)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    answer = running.client.post("/v1/restore", content=bytes(2_000_001), headers=kind)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_job_is_watched_fetched_and_forgotten(running: Any):
    data = picture(50, 33)
    begun = running.post("/v1/jobs", data)
    assert begun.status_code == 202 and begun.json()["pixels"] == 50 * 33
    place = f"/v1/jobs/{begun.json()['id']}"
    events = [json.loads(line[6:]) for line in running.client.get(f"{place}/events").text.split("\n\n") if line]
    assert events[-1]["state"] == "done" and events[-1]["done"] == events[-1]["total"] == 50 * 33
    result = running.client.get(f"{place}/result")
    assert result.content == running.post("/v1/restore", data).content
    assert running.client.delete(place).status_code == 204
    assert (
        running.client.get(place).json()["code"] == running.client.get(f"{place}/result").json()["code"] == "not_found"
    )
    assert not files_left(running)


def test_a_failed_job_says_why(running: Any):
    id = running.post("/v1/jobs", picture()[:300]).json()["id"]
    running.client.get(f"/v1/jobs/{id}/events")
    told = running.client.get(f"/v1/jobs/{id}").json()
    assert (told["state"], told["error"]["code"]) == ("failed", "decode_failed")
    assert running.client.get(f"/v1/jobs/{id}/result").status_code == 409


def test_a_cancelled_job_stops_between_two_tiles(serving: Any):
    with serving(tile="64") as running:
        id = running.post("/v1/jobs", picture(600, 600)).json()["id"]
        while running.client.get(f"/v1/jobs/{id}").json()["done"] == 0:
            time.sleep(0.01)
        assert running.client.get(f"/v1/jobs/{id}/result").json()["code"] == "not_done"
        running.client.delete(f"/v1/jobs/{id}")
        running.client.get(f"/v1/jobs/{id}/events")
        told = running.client.get(f"/v1/jobs/{id}").json()
        assert told["state"] == "cancelled" and told["done"] < told["total"]
        assert running.service.queue.jobs == 0


def test_results_are_forgotten_after_their_time(serving: Any):
    with serving(keep_seconds=0.0) as running:
        id = running.post("/v1/jobs", picture()).json()["id"]
        running.client.get(f"/v1/jobs/{id}/events")
        end = time.monotonic() + 10
        while running.client.get(f"/v1/jobs/{id}").status_code != 404:
            assert time.monotonic() < end
        assert not files_left(running)


def test_a_client_that_leaves_ends_its_work(serving: Any):
    with serving(tile="64") as running:
        running.client.timeout = 0.7
        with pytest.raises(Exception, match="timed out"):
            running.post("/v1/restore", picture(620, 620))
        running.client.timeout = 30
        end = time.monotonic() + 10
        while running.service.queue.jobs:
            assert time.monotonic() < end
        assert 'stage="encode"' not in running.client.get("/metrics").text


@pytest.mark.parametrize("dials", [{}, {"strength": 0.6, "detail": 1.7}])
def test_parts_mix_to_the_restored_picture(running: Any, dials: dict[str, float]):
    data = picture(60, 45)
    heading, parts = decoded(running.post("/v1/parts", data, x=7, y=3, width=40, height=30).content)
    assert heading["region"] == [7, 3, 40, 30] and heading["input"] == [60, 45] and heading["shrunk"] == 1
    strength, detail = dials.get("strength", 1), dials.get("detail", 1)
    mixed = parts["base"] + strength * parts["lf"] + strength * detail * parts["hf"]
    levels = np.floor(mixed.clip(0, 1) * 255 + 0.5)
    restored = np.asarray(Image.open(io.BytesIO(running.post("/v1/restore", data, **dials).content)))
    assert np.abs(levels - restored[3:33, 7:47]).max() <= 1


def test_previews_are_bounded_and_shrunk_on_request(running: Any):
    refused = running.post("/v1/parts", picture(60, 45), preview=1000)
    assert (refused.status_code, refused.json()["code"]) == (422, "region_too_large")
    heading, _ = decoded(running.post("/v1/parts", picture(60, 45), preview=1000, shrink="true").content)
    assert heading["width"] * heading["height"] <= 1000 and heading["region"] == [0, 0, 60, 45]
    assert heading["shrunk"] == pytest.approx((1000 / 2700) ** 0.5)


def test_inspection_tells_damage_and_what_helps(running: Any):
    told = running.post("/v1/inspect", picture(64, 64, "JPEG", quality=30)).json()
    assert told["jpeg_quality"] == 30 and told["noise"] > 4 and "quality 30" in told["suggestion"]["reason"]


def test_inspection_tells_size_and_kind(running: Any):
    told = running.post("/v1/inspect", encoded(Image.new("LA", (20, 10)))).json()
    assert {"width": 20, "height": 10, "mode": "LA", "depth": 8}.items() <= told.items()


def test_the_pace_is_learnt_from_restoring_alone(serving: Any):
    with serving() as running:

        def told() -> float:
            return running.client.get("/v1/models").json()[0]["seconds_per_megapixel"]

        before = told()
        running.post("/v1/inspect", picture())
        running.post("/v1/parts", picture())
        running.post("/v1/restore", picture(), strength=0)
        assert told() == before
        running.post("/v1/restore", picture())
        running.post("/v1/inspect", picture())  # what was learnt is written once the result is out
        assert told() != before


def test_looks_at_hostile_headers_hold_up_neither_the_page_nor_the_threads(
    serving: Any, monkeypatch: pytest.MonkeyPatch
):
    """More of them than the framework has threads."""
    with serving(queue=4) as running, ThreadPoolExecutor(50) as pool:
        go, look, data = threading.Event(), running.service.looker.look, picture()
        monkeypatch.setattr(running.service.looker, "look", lambda *about: (go.wait(60), look(*about))[1])
        answers = [pool.submit(running.post, "/v1/restore", data) for _ in range(50)]
        try:
            end = time.monotonic() + 20
            while sum(answer.done() for answer in answers) < 46 and time.monotonic() < end:
                time.sleep(0.01)
            for path in ("/", "/v1/models", "/healthz"):
                assert running.client.get(path, timeout=5).status_code == 200
        finally:
            go.set()
        assert sorted(answer.result().status_code for answer in answers) == [200] * 4 + [429] * 46


def test_a_wrong_method_is_told_the_right_ones_and_probes_may_ask_for_the_head(running: Any):
    answer = running.client.get("/v1/restore")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    for path in ("/healthz", "/readyz", "/"):
        assert running.client.head(path).status_code == 200


def test_what_goes_wrong_inside_is_logged_with_the_requests_number(
    running: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def broken(_: str | None) -> None:
        raise WeightsError("the weights are damaged")

    monkeypatch.setattr(running.service.models, "get", broken)
    answer = running.post("/v1/restore", picture())
    assert answer.status_code == 500 and "damaged" not in answer.json()["message"]
    assert answer.json()["request_id"] in caplog.text and "the weights are damaged" in caplog.text


def test_a_full_queue_refuses_at_once_and_says_when_to_come_back(running: Any):
    with ExitStack() as held:
        for _ in range(running.service.settings.queue):
            held.enter_context(running.service.queue.place())
        started = time.monotonic()
        answer = running.post("/v1/restore", picture())
        assert time.monotonic() - started < 1
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) >= 1


def test_metrics_count_what_happened(running: Any):
    running.post("/v1/restore", picture())
    running.post("/v1/restore", b"hello")
    text = running.client.get("/metrics").text
    for line in ('harmonic_requests_total{route="/v1/restore",status="200"}', 'code="unsupported_type"',
                 'harmonic_stage_seconds_total{stage="restore"}', "process_resident_memory_bytes"):  # fmt: skip
        assert line in text
    assert all(len(line.split(" ")) == 2 for line in text.splitlines() if not line.startswith("#"))


def test_readiness_ends_when_the_service_drains(serving: Any):
    with serving() as running:
        assert running.client.get("/readyz").status_code == 200
        running.service.draining = True
        assert running.client.get("/readyz").json()["code"] == "draining"
        assert running.post("/v1/restore", picture()).json()["code"] == "draining"
        assert running.client.get("/healthz").status_code == 200
