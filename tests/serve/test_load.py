"""`harmonic serve` as a process under many clients: all answered, slow ones cut, and an end that loses nothing."""

import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from uploads import picture

pytestmark = pytest.mark.long
HEAD = b"POST /v1/restore HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"


def resident(pid: int) -> int:
    """Megabytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 >> 20


def at_once(count: int, call: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


def test_forty_uploads_at_once_are_all_answered_and_memory_stays(process: Any):
    data = picture(256, 192, "JPEG")
    with process("--queue", "8", "--max-pixels", "1000000") as running:

        def send(_: int) -> httpx.Response:
            with httpx.Client(base_url=running.url, timeout=120, verify=False) as client:
                return client.post("/v1/restore", files={"picture": ("a.jpg", data)})

        expected = running.post("/v1/restore", data).content
        rounds, sizes = [], []
        for _ in range(4):
            rounds.append(at_once(40, send))
            sizes.append(resident(running.process.pid))
        for answers in rounds:
            assert {answer.status_code for answer in answers} == {200, 429}
            assert all(answer.content == expected for answer in answers if answer.status_code == 200)
            assert all(int(answer.headers["retry-after"]) > 0 for answer in answers if answer.status_code == 429)
        assert sizes[-1] <= sizes[0] + 20, sizes


def test_two_hundred_slow_clients_are_cut_while_a_good_one_is_served(process: Any):
    data = picture(64, 64)
    with process("--queue", "4", "--max-pixels", "1000000") as running:

        def good() -> float:
            started = time.monotonic()
            assert running.post("/v1/restore", data).status_code == 200
            return time.monotonic() - started

        alone = statistics.median(good() for _ in range(5))
        begun = time.monotonic()
        lines = [socket.create_connection(running.address) for _ in range(200)]
        for place, line in enumerate(lines):
            line.sendall(HEAD[:40] if place % 2 else HEAD + b"Content-Length: 100000\r\n\r\n--x\r\n")
            line.setblocking(False)
        ends: dict[int, float] = {}
        with ThreadPoolExecutor(1) as pool:  # beside the watching, so that it is not late
            served = pool.submit(lambda: [good() for _ in range(5)])
            while len(ends) < 200 and time.monotonic() - begun < 30:
                for place, line in enumerate(lines):
                    if place not in ends and _ended(line):
                        ends[place] = time.monotonic() - begun
                time.sleep(0.1)
            besides = served.result()
        for line in lines:
            line.close()
        headers, bodies = ([ends[place] for place in range(first, 200, 2)] for first in (1, 0))
        assert len(ends) == 200 and max(headers) <= 10.5 and max(bodies) <= 7, (max(headers), max(bodies))
        assert statistics.median(besides) <= 2 * alone + 0.1


def _ended(line: socket.socket) -> bool:
    try:
        while line.recv(4096):
            pass
        return True
    except BlockingIOError:
        line.send(b"a")
        return False
    except OSError:
        return True


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_running_work_end_and_refuses_new_work(process: Any, sig: signal.Signals):
    data = picture(500, 400)
    with process("--queue", "4") as running, ThreadPoolExecutor(3) as pool:

        def send() -> httpx.Response:
            with httpx.Client(base_url=running.url, timeout=60, verify=False) as client:
                return client.post("/v1/restore", files={"picture": ("a.png", data)})

        work = [pool.submit(send) for _ in range(3)]
        while "harmonic_queue_jobs 3" not in running.client.get("/metrics").text:
            time.sleep(0.02)
        running.process.send_signal(sig)
        told = time.monotonic()
        assert running.client.get("/readyz").json()["code"] == "draining"
        assert running.client.post("/v1/restore").json()["code"] == "draining"
        answers = [one.result() for one in work]
        assert [answer.status_code for answer in answers] == [200] * 3
        assert len({answer.content for answer in answers}) == 1
        assert running.process.wait(30) == 0
        assert time.monotonic() - told < 25


def test_a_result_that_is_not_fetched_yet_is_waited_for_at_the_end(process: Any):
    with process() as running:
        place = f"/v1/jobs/{running.post('/v1/jobs', picture(300, 200)).json()['id']}"
        running.process.send_signal(signal.SIGTERM)
        running.client.get(f"{place}/events")
        time.sleep(1.5)  # a client that asks once a second
        result = running.client.get(f"{place}/result")
        assert result.status_code == 200 and result.headers["content-type"] == "image/png"
        assert running.process.wait(30) == 0


def test_memory_and_files_do_not_grow_over_hundreds_of_requests(process: Any):
    """One in twenty is broken; the bound is a megabyte a minute at a hundred requests a minute."""
    good, broken = picture(32, 32), picture(32, 32)[:300]
    with process("--max-pixels", "1000000") as running:
        pid, sizes, files = running.process.pid, [], []
        for turn in range(400):
            answer = running.post("/v1/restore", broken if turn % 20 == 7 else good)
            assert answer.status_code == (422 if turn % 20 == 7 else 200)
            if turn % 100 == 99:
                sizes.append(resident(pid))
                files.append(len(list(Path(f"/proc/{pid}/fd").iterdir())))
        assert sizes[-1] <= sizes[0] + 10 and files[-1] <= files[0] + 2, (sizes, files)


def test_no_request_that_a_fuzzer_makes_of_the_description_is_answered_5xx(process: Any):
    pytest.importorskip("schemathesis")
    with process("--max-pixels", "100000") as running:
        checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
        command = [Path(sys.executable).with_name("schemathesis"), "run", f"{running.url}/openapi.json"]
        options = ["--checks", checks, "-n", "40", "--phases", "examples,coverage,fuzzing", "--seed", "1"]
        done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=170)
        assert done.returncode == 0, done.stdout[-3000:]
