"""Where the server listens, what address it tells, and what it says when it cannot."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest

from cropdash.dashboard.serving import serve

_LINE = re.compile(r"cropdash is at http://([\w.]+):(\d+) \(Ctrl-C stops it\)")


@contextmanager
def served(folder: Path, *options: str) -> Iterator[tuple[str, int, psutil.Process]]:
    """The server as a process of its own; yields the host and port that it tells, and the process."""
    command = [sys.executable, "-m", "cropdash.cli", "serve", "--data", str(folder), *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        try:
            assert server.stdout is not None
            found = next(match for line in server.stdout if (match := _LINE.search(line)))
            yield found[1], int(found[2]), psutil.Process(server.pid)
        finally:
            # As Ctrl-C does; it must end by itself, or the test fails.
            server.send_signal(signal.SIGINT)
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                raise


def listening(process: psutil.Process) -> set[tuple[str, int]]:
    return {
        (connection.laddr.ip, connection.laddr.port)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }


def test_port_0_takes_a_free_port_of_localhost_alone_and_tells_it(tmp_path: Path) -> None:
    with served(tmp_path, "--port", "0") as (host, port, process):
        assert host == "localhost"
        assert port > 0
        with urlopen(f"http://{host}:{port}/", timeout=60) as page:
            assert page.status == 200
            assert "cropdash" in page.read().decode()
        sockets = listening(process)
        assert sockets
        assert {ip for ip, _ in sockets} <= {"127.0.0.1", "::1"}
        assert {number for _, number in sockets} == {port}


def test_sessions_at_another_address_open_from_its_own_pages_alone(tmp_path: Path) -> None:
    with served(tmp_path, "--port", "0", "--address", "127.0.0.1") as (host, port, _):
        assert host == "127.0.0.1"
        assert _handshake(host, port, f"http://{host}:{port}").startswith("HTTP/1.1 101 ")
        assert _handshake(host, port, "http://example.org").startswith("HTTP/1.1 403 ")


def _handshake(host: str, port: int, origin: str) -> str:
    """The first line of the answer to a websocket that a page of ``origin`` asks for."""
    request = (
        f"GET /ws HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {origin}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: bokeh, none\r\n\r\n"
    )
    with socket.create_connection((host, port), timeout=60) as connection:
        connection.sendall(request.encode())
        return connection.recv(64).decode()


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=rf"port {port} is taken, .*--port 0 for any free one"):
            serve([tmp_path], tmp_path / "runs", port=port)


def test_an_address_that_is_not_this_machine_s_is_named(tmp_path: Path) -> None:
    # 192.0.2.0/24 is set aside for documentation and belongs to no machine.
    with pytest.raises(OSError, match=r"cannot serve at 192\.0\.2\.1, port 0: "):
        serve([tmp_path], tmp_path / "runs", port=0, address="192.0.2.1")
