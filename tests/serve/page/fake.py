"""The service as the page sees it, on the standard library alone: real results, no limits, and faults on request.

    PYTHONPATH=src:tests python -m serve.page.fake

serves the page for whoever works on it; its tests start the same in a thread.
"""

import json
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

import harmonic
from harmonic.errors import HarmonicError
from harmonic.images.read import read_picture
from harmonic.network.checkpoint import Card, dump_network
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import tiny
from harmonic.restore.restorer import Restorer
from serve.page.fake_parts import moved, parts_of, texture_network

STATIC = Path(harmonic.__file__).parent / "serve" / "static"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".jpg": "image/jpeg"}
POLICY = "default-src 'self'; img-src 'self' blob: data:"
PREVIEW = 2_000_000


@dataclass
class Job:
    id: str
    total: int
    state: str = "queued"
    done: int = 0
    started: float = field(default_factory=time.monotonic)
    error: dict[str, str] | None = None
    result: tuple[str, bytes] | None = None

    def told(self) -> dict[str, Any]:
        seconds = time.monotonic() - self.started
        eta = seconds * (self.total - self.done) / self.done if self.done else None
        shown = {"id": self.id, "state": self.state, "done": self.done, "total": self.total, "error": self.error}
        return {**shown, "seconds": round(seconds, 2), "eta": eta}


class FakeService:
    """Models by name: the bundled one and two toys, whose weights lie in `folder` for the command line.

    busy: so many requests are answered 429 first. fault: (status, code, message) of every request for work. token: what
    reading anything of `/v1` takes. preview: most output pixels of parts. slow: seconds that each tenth of a job takes
    beside the work. streams: whether events are answered at all.
    """

    def __init__(self, folder: Path):
        self.forgive()
        self.jobs: dict[str, Job] = {}
        self.workers: list[threading.Thread] = []
        self.weights = {name: folder / f"{name}.safetensors" for name in ("toy-texture", "toy-x2")}
        for (name, path), network in zip(
            self.weights.items(), (texture_network(), moved(Harmonic(tiny(2)))), strict=True
        ):
            path.write_bytes(dump_network(network, Card(name=name, task="test", config=network.config)))
        self.models = {"restore-fast": Restorer("restore-fast", precision="fp32")}
        self.models |= {name: Restorer(path, precision="fp32") for name, path in self.weights.items()}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def forgive(self) -> None:
        """No faults any more, nothing remembered."""
        self.busy, self.slow, self.streams, self.preview = 0, 0.0, True, PREVIEW
        self.fault: tuple[int, str, str] | None = None
        self.token: str | None = None
        self.requests: list[tuple[str, dict[str, str]]] = []

    def __enter__(self) -> "FakeService":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        for worker in self.workers:
            worker.join()

    def listed(self) -> list[dict[str, Any]]:
        return [
            {"name": name, "scale": model.scale, "title": name, "default": name == "restore-fast",
             "texture": name == "toy-texture", "experts": name == "toy-texture",
             "limits": {"pixels": 64_000_000, "preview": self.preview}}
            for name, model in self.models.items()
        ]  # fmt: skip

    def work(self, fields: dict[str, str], data: bytes, job: Job | None = None) -> tuple[str, bytes]:
        """(content type, body) of a restored picture or of its parts."""

        def progress(done: int, total: int) -> None:
            for tenth in range(10 if self.slow else 0):
                if job and job.state == "cancelled":
                    raise HarmonicError("cancelled")
                if job:
                    job.done = job.total * tenth // 10
                time.sleep(self.slow)
            if job:
                job.done = job.total * done // total

        restorer = self.models[fields["model"]]
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "picture"
            source.write_bytes(data)
            if "strength" not in fields:
                progress(1, 1)
                return "application/octet-stream", parts_of(restorer, source, fields, self.preview)
            ending = fields.get("format", "auto")
            suffix = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "TIFF": "tiff", "BMP": "bmp"}
            ending = suffix[read_picture(source).format] if ending == "auto" else ending
            target = Path(folder) / f"result.{ending}"
            dials: dict[str, Any] = {name: float(fields[name]) for name in ("strength", "detail", "texture")}
            dials |= {"seed": int(fields["seed"]), "metadata": fields["metadata"]}
            restorer.restore_file(source, target, progress=progress, **dials)
            return f"image/{ending.replace('jpg', 'jpeg')}", target.read_bytes()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, service: FakeService, *arguments: Any):
        self.service = service
        super().__init__(*arguments)

    def log_message(self, format: str, *_: object) -> None:
        pass

    def handle(self) -> None:
        with suppress(ConnectionError):  # a page that is closed or cancels
            super().handle()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        match path.strip("/").split("/"):
            case ["v1", *_] if self.service.token and self.headers["Authorization"] != f"Bearer {self.service.token}":
                self.answer_json({"code": "unauthorized", "message": "send the header Authorization"}, 401)
            case ["v1", "models"]:
                self.answer_json(self.service.listed())
            case ["samples"]:
                listed = json.loads((STATIC / "samples" / "samples.json").read_text())
                self.answer_json([{**sample, "url": f"/samples/{sample['name']}"} for sample in listed])
            case ["v1", "jobs", id, *kind]:
                self.tell(self.service.jobs.get(id), kind)
            case _:
                file = STATIC / (path.strip("/") or "index.html")
                if file.is_file():
                    self.answer(200, TYPES.get(file.suffix, "image/png"), file.read_bytes())
                else:
                    self.answer_json({"code": "not_found", "message": "there is nothing here"}, 404)

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        fields, picture = multipart(self.headers["Content-Type"], data)
        self.service.requests.append((self.path, fields))
        if self.service.busy:
            self.service.busy -= 1
            return self.answer_json({"code": "busy", "message": "the queue is full"}, 429, {"Retry-After": "1"})
        if self.path == "/v1/inspect":
            return self.inspect(picture)
        if self.service.fault:
            status, code, message = self.service.fault
            return self.answer_json({"code": code, "message": message}, status)
        if self.path == "/v1/parts":
            try:
                return self.answer(200, *self.service.work(fields, picture))
            except HarmonicError as error:
                return self.answer_json({"code": "region", "message": str(error)}, 422)
        job = Job(f"job{len(self.service.jobs)}", 1_000_000)
        self.service.jobs[job.id] = job
        worker = threading.Thread(target=self.run, args=(job, fields, picture))
        self.service.workers.append(worker)
        worker.start()
        return self.answer_json({"id": job.id, "pixels": job.total, "predicted_seconds": 2.0}, 202)

    def do_DELETE(self) -> None:
        self.service.jobs[self.path.rpartition("/")[2]].state = "cancelled"
        self.answer(204, "text/plain", b"")

    def run(self, job: Job, fields: dict[str, str], picture: bytes) -> None:
        job.state = "running"
        try:
            job.result = self.service.work(fields, picture, job)
            job.done, job.state = job.total, "done"
        except HarmonicError as error:
            if job.state != "cancelled":
                job.state, job.error = "failed", {"code": "picture", "message": str(error)}

    def inspect(self, picture: bytes) -> None:
        try:
            with Image.open(BytesIO(picture)) as image:
                size, mode, kind = image.size, image.mode, image.format
        except OSError:
            self.answer_json({"code": "unsupported", "message": "this is no picture of a known format"}, 415)
            return
        reason = f"{kind} with noise: restore-fast removes noise, blocks and blur"
        self.answer_json({
            "width": size[0], "height": size[1], "mode": mode, "depth": 8, "noise": 12.0, "sharpness": 0.4,
            "blockiness": 1.1, "jpeg_quality": 40 if kind == "JPEG" else None,
            "suggestion": {"model": "restore-fast", "reason": reason, "command": "harmonic restore"},
        })  # fmt: skip

    def tell(self, job: Job | None, kind: list[str]) -> None:
        if job is None:
            self.answer_json({"code": "gone", "message": "this job is not known here any more"}, 404)
        elif kind == ["result"] and job.result:
            self.answer(200, *job.result, {"X-Harmonic-Notes": "[]", "X-Harmonic-Seconds": "1.0"})
        elif kind == ["events"] and not self.service.streams:
            self.answer_json({"code": "busy", "message": "no streams now"}, 503)
        elif kind == ["events"]:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            while True:
                told = job.told()
                self.wfile.write(f"data: {json.dumps(told)}\n\n".encode())
                if told["state"] in ("done", "failed", "cancelled"):
                    break
                time.sleep(0.05)
        else:
            self.answer_json(job.told())

    def answer_json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.answer(status, "application/json", json.dumps(value).encode(), headers)

    def answer(self, status: int, kind: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), "Content-Security-Policy": POLICY,
                            "Cache-Control": "no-store", **(headers or {})}.items():  # fmt: skip
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def multipart(kind: str, data: bytes) -> tuple[dict[str, str], bytes]:
    """Text fields, and the bytes of `picture`."""
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + data)
    fields: dict[str, str] = {}
    picture = b""
    for part in message.iter_parts():  # type: ignore[attr-defined]
        name, body = part.get_param("name", header="content-disposition"), bytes(part.get_payload(decode=True))
        if name == "picture":
            picture = body
        else:
            fields[name] = body.decode()
    return fields, picture


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, FakeService(Path(folder)) as service:
        print(service.url, flush=True)  # noqa: T201
        threading.Event().wait()
