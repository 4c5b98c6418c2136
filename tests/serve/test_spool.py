"""Uploads and results on disk: nothing is left behind, whatever fails, and a folder that was taken away comes back."""

import errno
import io
import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harmonic.serve import spool as module
from harmonic.serve.spool import Spool
from uploads import picture


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    "write", [lambda spool: spool.take(io.BytesIO(picture())), lambda spool: spool.keep(b"a", ".png")]
)
def test_a_full_disk_leaves_no_half_file(monkeypatch: pytest.MonkeyPatch, write: Callable[[Spool], Any]):
    class Full(io.FileIO):
        write = full  # type: ignore[assignment]

    spool = Spool()
    try:
        monkeypatch.setattr(os, "fdopen", lambda number, mode: Full(number, mode))
        with pytest.raises(OSError, match="No space"):
            write(spool)
        assert not list(spool.folder.iterdir())
    finally:
        spool.close()


@pytest.mark.parametrize("path, step", [("/v1/restore", "take"), ("/v1/restore", "keep"), ("/v1/jobs", "keep")])
def test_a_full_disk_is_told_as_one(
    running: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, path: str, step: str
):
    monkeypatch.setattr(running.service.spool, step, full)
    answer = running.post(path, picture())
    if path == "/v1/jobs":
        place = f"/v1/jobs/{answer.json()['id']}"
        running.client.get(f"{place}/events")
        assert running.client.get(place).json()["error"]["code"] == "out_of_resources"
    else:
        assert (answer.status_code, answer.json()["code"]) == (503, "out_of_resources")
        assert answer.json()["request_id"] in caplog.text
    assert "No space left" in caplog.text
    assert running.service.queue.jobs == 0


def test_a_folder_that_was_taken_away_comes_back(running: Any):
    begun = running.post("/v1/jobs", picture()).json()["id"]
    running.client.get(f"/v1/jobs/{begun}/events")
    shutil.rmtree(running.service.spool.folder)
    assert running.post("/v1/restore", picture()).status_code == 200
    assert running.service.spool.folder.stat().st_mode & 0o777 == 0o700
    running.jobs.sweep()  # with a result that is not there any more
    assert running.client.delete(f"/v1/jobs/{begun}").status_code == 204


def test_an_answer_waits_on_disk_and_goes_when_its_client_leaves(serving: Any):
    part = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n'
    body = part + picture(630, 630) + b"\r\n--x--\r\n"
    head = b"POST /v1/parts HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    with serving() as running, socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(running.address)
        line.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        folder = running.service.spool.folder
        wait(lambda: [path.suffix for path in folder.iterdir()] == [".parts"] and not running.service.queue.jobs)
        (file,) = folder.iterdir()
        assert file.stat().st_size > 4_000_000
        line.close()
        wait(lambda: not list(folder.iterdir()))
        assert running.service.spool._untaken == 0


def wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_untaken_answers_are_bounded(running: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_MOST_UNTAKEN", -1)
    answer = running.post("/v1/restore", picture())
    assert (answer.status_code, answer.json()["code"]) == (429, "busy") and answer.headers["retry-after"] == "5"


def test_files_are_for_the_service_alone():
    spool = Spool()
    try:
        assert Path(spool.keep(b"a", ".png")).stat().st_mode & 0o777 == 0o600
    finally:
        spool.close()
