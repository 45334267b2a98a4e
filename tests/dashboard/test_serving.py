"""Where the server listens, what address it tells, and what it says when it cannot."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener, urlopen

import psutil
import pytest

from cropdash.dashboard.authentication import basic_auth_options
from cropdash.dashboard.serving import serve

_LINE = re.compile(r"cropdash is at http://([\w.]+):(\d+) \(Ctrl-C stops it\)")


def started(folder: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cropdash.cli", "serve", "--data", str(folder), *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@contextmanager
def served(folder: Path, *options: str) -> Iterator[tuple[str, int, psutil.Process]]:
    """The server as a process of its own; yields the host and port that it tells, and the process."""
    with started(folder, *options) as server:
        try:
            assert server.stdout is not None
            found = next(match for line in server.stdout if (match := _LINE.search(line)))
            yield found[1], int(found[2]), psutil.Process(server.pid)
        finally:
            # As Ctrl-C does; it must end by itself, or the test fails.
            server.send_signal(signal.SIGINT)
            try:
                server.wait(60)
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
        with urlopen(f"http://{host}:{port}/", timeout=180) as page:
            assert page.status == 200
            assert "cropdash" in page.read().decode()
        sockets = listening(process)
        assert sockets
        assert {ip for ip, _ in sockets} <= {"127.0.0.1", "::1"}
        assert {number for _, number in sockets} == {port}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to answer")
def test_sigterm_ends_the_server_though_nobody_reads_what_it_prints_any_more(tmp_path: Path) -> None:
    with started(tmp_path, "--port", "0") as server:
        try:
            assert server.stdout is not None
            assert any(_LINE.search(line) for line in server.stdout)
            server.stdout.close()
            server.terminate()
            assert server.wait(60) == 0
        finally:
            server.kill()


def test_sessions_at_another_address_open_from_its_own_pages_alone(tmp_path: Path) -> None:
    with served(tmp_path, "--port", "0", "--address", "127.0.0.1") as (host, port, _):
        assert host == "127.0.0.1"
        assert _handshake(host, port, f"http://{host}:{port}").startswith("HTTP/1.1 101 ")
        assert _handshake(host, port, "http://example.org").startswith("HTTP/1.1 403 ")


def _handshake(host: str, port: int, origin: str, token: str = "none", headers: str = "") -> str:
    """The first line of the answer to a websocket that a page of ``origin`` asks for."""
    request = (
        f"GET /ws HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {origin}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: bokeh, "
        f"{token}\r\n{headers}\r\n"
    )
    with socket.create_connection((host, port), timeout=180) as connection:
        connection.sendall(request.encode())
        return connection.recv(64).decode()


def test_with_basic_authentication_nothing_is_seen_before_a_name_and_its_password(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords.json"
    passwords.write_text(json.dumps({"anna": "correct horse"}))
    with served(tmp_path, "--port", "0", "--basic-auth", str(passwords)) as (host, port, _):
        home = f"http://{host}:{port}/"
        with urlopen(f"{home}?page=map", timeout=180) as asked:
            assert "/login" in asked.url, "whoever has not signed in is led to the form"
            form = asked.read().decode()
        assert "Sign in to see this dashboard" in form
        assert not re.findall(r"""(?:src|href)=["'](?!data:)""", form), (
            "the form asks nothing of another host"
        )
        assert _handshake(host, port, home.rstrip("/")).startswith("HTTP/1.1 403 ")

        visitor = build_opener(HTTPCookieProcessor())

        def sign_in(name: str, password: str) -> str:
            sent = urlencode({"username": name, "password": password}).encode()
            with visitor.open(f"{home}login", sent, timeout=180) as answer:
                return str(answer.read().decode())

        for wrong in (("anna", "wrong"), ("otto", "correct horse"), ("anna", "")):
            assert "Invalid username or password" in sign_in(*wrong)
            with visitor.open(home, timeout=180) as still:
                assert "/login" in still.url
        assert "Sign in" not in sign_in("anna", "correct horse")
        with visitor.open(home, timeout=180) as page:
            assert "/login" not in page.url
            token = re.search(r'"token":\s*"([^"]+)"', page.read().decode())
        assert token is not None
        cookies = next(handler for handler in visitor.handlers if isinstance(handler, HTTPCookieProcessor))
        cookie = "; ".join(f"{one.name}={one.value}" for one in cookies.cookiejar)
        opened = _handshake(host, port, home.rstrip("/"), token[1], f"Cookie: {cookie}\r\n")
        assert opened.startswith("HTTP/1.1 101 ")
        # A forged cookie is none.
        forged = "Cookie: user=anna\r\n"
        assert _handshake(host, port, home.rstrip("/"), token[1], forged).startswith("HTTP/1.1 403 ")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", r"passwords\.json: not valid JSON"),
        ("[]", r"passwords\.json: must be an object of passwords by name"),
        ("{}", r"passwords\.json: must be an object of passwords by name"),
        ('{"anna": ""}', r"passwords\.json: anna: must have a password"),
        ('{"": "x"}', r"passwords\.json: a name: must have a password"),
        (None, r"passwords\.json: no such file"),
    ],
)
def test_passwords_that_cannot_be_read_let_nobody_start_an_open_server(
    tmp_path: Path, content: str | None, sentence: str
) -> None:
    path = tmp_path / "passwords.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValueError, match=sentence):
        serve([tmp_path], tmp_path / "runs", port=0, basic_auth=str(path))


def test_an_empty_password_is_refused() -> None:
    with pytest.raises(ValueError, match="password of --basic-auth is empty"):
        basic_auth_options(" ")


def test_a_proxy_s_host_is_let_in_by_name(tmp_path: Path) -> None:
    with served(tmp_path, "--port", "0", "--origin", "maps.example.org") as (host, port, _):
        assert _handshake(host, port, "http://maps.example.org").startswith("HTTP/1.1 101 ")
        assert _handshake(host, port, f"http://{host}:{port}").startswith("HTTP/1.1 101 ")
        assert _handshake(host, port, "http://example.org").startswith("HTTP/1.1 403 ")


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
