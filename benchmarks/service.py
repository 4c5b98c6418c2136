"""What `harmonic serve` costs beside the engine alone: paired CPU time and latency on one picture.

    python benchmarks/service.py --picture photo.jpg --pairs 5

Each pair restores the picture once by `Restorer.restore_file` in this process and once by a request to a service of its
own, in turn. CPU time of the service is that of its process and of its decoders.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import torch

from harmonic.cli.allocator import keep_freed_memory
from harmonic.restore.restorer import Restorer

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Of a process and its children, from Linux's /proc."""
    spent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (int(spent[11]) + int(spent[12])) / _TICKS + sum(cpu_seconds(int(child)) for child in children)


def post(url: str, picture: bytes) -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a"\r\n\r\n'
    meta = b'\r\n--x\r\nContent-Disposition: form-data; name="metadata"\r\n\r\nkeep\r\n--x--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    request = urllib.request.Request(f"{url}/v1/restore", head + picture + meta, kind)
    with urllib.request.urlopen(request, timeout=300) as answer:
        return answer.read()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    wanted = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(wanted.threads)
    restorer, picture = Restorer(), wanted.picture.read_bytes()
    command = [sys.executable, "-m", "harmonic", "serve", "--port", "0", "--threads", str(wanted.threads)]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as service,
    ):
        assert service.stderr
        url = next(found[1] for line in service.stderr if (found := re.search(r"running on (http://\S+)", line)))
        target = Path(folder) / f"result{wanted.picture.suffix}"

        def alone() -> bytes:
            restorer.restore_file(wanted.picture, target, overwrite=True)
            return target.read_bytes()

        same = alone() == post(url, picture)  # both warm after this
        rows = []
        for _ in range(wanted.pairs):
            clock, cpu = time.perf_counter(), time.process_time()
            alone()
            engine = time.process_time() - cpu, time.perf_counter() - clock
            clock, cpu = time.perf_counter(), cpu_seconds(service.pid)
            post(url, picture)
            served = cpu_seconds(service.pid) - cpu, time.perf_counter() - clock
            rows.append((engine, served))
            print(f"engine {engine[0]:.2f} s CPU, {engine[1]:.2f} s; service {served[0]:.2f} s CPU, {served[1]:.2f} s")
        service.terminate()
    for name, place in (("CPU time", 0), ("latency", 1)):
        ratios = sorted(served[place] / engine[place] for engine, served in rows)
        print(f"{name}: service / engine, median {statistics.median(ratios):.3f}, {ratios[0]:.3f} to {ratios[-1]:.3f}")
    for name, place in (("engine", 0), ("service", 1)):
        waits = sorted(row[place][1] for row in rows)
        print(f"latency of the {name}: p50 {statistics.median(waits):.2f} s, p95 {waits[int(0.95 * len(waits))]:.2f} s")
    print("the same bytes" if same else "DIFFERENT bytes")


if __name__ == "__main__":
    main()
