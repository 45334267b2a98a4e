"""A Dask scheduler and its workers as separate processes, started from the command line as users start them."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]


def wait_until(condition: Callable[[], object], seconds: float = 180) -> None:
    """Fails when the condition never holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition never held"
        time.sleep(0.1)


class DaskProcesses:
    """A scheduler on a port of its own, and workers of one thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self._port}"
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []

    def start_scheduler(self) -> None:
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", str(self._port), "--no-dashboard", "--no-jupyter",
            "--dashboard-address", "127.0.0.1:0",
        )  # fmt: skip

    def start_worker(self, *options: str) -> subprocess.Popen[bytes]:
        worker = self._start(
            "worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0",
            "--host", "127.0.0.1", "--local-directory", str(self._folder), "--death-timeout", "60", *options,
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    def start_worker_as_in_readme(self, *, gpu: bool) -> subprocess.Popen[bytes]:
        """By the command of the README as it stands there, but for the address."""
        readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
        lines = re.findall(
            r"^(?:CUDA_VISIBLE_DEVICES=0 )?dask (worker tcp://HOST:8786 .*)$", readme, re.MULTILINE
        )
        (line,) = (line for line in lines if ("GPU=1" in line) == gpu)
        worker = self._start(*shlex.split(line.replace("tcp://HOST:8786", self.address)))
        self.workers.append(worker)
        return worker

    def close(self) -> None:
        processes = [*self.workers, *([self.scheduler] if self.scheduler else [])]
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        log = self._folder / f"{words[0]}-{len(self.workers)}.log"
        with log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *words],
                cwd=CHECKOUT,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
