"""A local HTTP server of a folder: range requests as COGs need them, a STAC search, and faults on demand."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

_CONFORMANCE = [
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/collections",
    "https://api.stacspec.org/v1.0.0/item-search",
    "https://api.stacspec.org/v1.0.0/item-search#query",
]
_PAGE = 50


class CatalogueServer(ThreadingHTTPServer):
    """Serves ``folder``, and at ``/api`` a STAC API over ``items``.

    Attributes:
        faults: by part of a path, what happens instead: ``500``, ``hang`` or ``truncate``.
        requests: paths asked for.
    """

    daemon_threads = True

    def __init__(self, folder: Path, items: list[dict[str, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.items = items
        self.faults: dict[str, str] = {}
        self.requests: list[str] = []
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body in one packet, or each answer waits 40 ms for the other side's acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: CatalogueServer

    def log_message(self, *_: object) -> None: ...

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self._answer(posted=json.loads(self.rfile.read(length)))

    def _answer(self, *, body: bool = True, posted: dict[str, Any] | None = None) -> None:
        path = urlsplit(self.path)
        self.server.requests.append(self.path)
        fault = next((what for part, what in self.server.faults.items() if part in self.path), None)
        if fault == "hang":
            self.server.released.wait(60)
            self.close_connection = True
            return
        if fault == "500":
            self._send(500, b"out of order", body=body)
            return
        if path.path == "/api":
            self._send_json(self._landing())
        elif path.path == "/api/search":
            asked = posted or {key: values[0] for key, values in parse_qs(path.query).items()}
            self._send_json(self._search(asked))
        else:
            self._send_file(self.server.folder / path.path.lstrip("/"), body=body, cut=fault == "truncate")

    def _landing(self) -> dict[str, Any]:
        url = self.server.url
        return {
            "type": "Catalog",
            "id": "flanders",
            "stac_version": "1.0.0",
            "description": "test",
            "conformsTo": _CONFORMANCE,
            "links": [
                {"rel": "self", "href": f"{url}/api"},
                {"rel": "root", "href": f"{url}/api"},
                {
                    "rel": "search",
                    "href": f"{url}/api/search",
                    "type": "application/geo+json",
                    "method": "POST",
                },
            ],
        }

    def _search(self, asked: dict[str, Any]) -> dict[str, Any]:
        west, south, east, north = asked["bbox"]
        start, end = (datetime.fromisoformat(part) for part in asked["datetime"].split("/"))
        found = [
            self._absolute(item)
            for item in self.server.items
            if item["collection"] in asked["collections"]
            and start <= datetime.fromisoformat(item["properties"]["datetime"]) <= end
            and item["bbox"][0] <= east
            and west <= item["bbox"][2]
            and item["bbox"][1] <= north
            and south <= item["bbox"][3]
            and all(
                item["properties"].get(name, 0) < condition["lt"]
                for name, condition in (asked.get("query") or {}).items()
            )
        ]
        first = int(asked.get("token", 0))
        links = []
        if first + _PAGE < len(found):
            following = {**asked, "token": str(first + _PAGE)}
            links = [
                {"rel": "next", "href": f"{self.server.url}/api/search", "method": "POST", "body": following}
            ]
        return {"type": "FeatureCollection", "features": found[first : first + _PAGE], "links": links}

    def _absolute(self, item: dict[str, Any]) -> dict[str, Any]:
        assets = {
            name: {**asset, "href": f"{self.server.url}/{asset['href']}"}
            for name, asset in item["assets"].items()
        }
        return {**item, "assets": assets}

    def _send_json(self, content: dict[str, Any]) -> None:
        self._send(200, json.dumps(content).encode(), kind="application/json")

    def _send_file(self, path: Path, *, body: bool, cut: bool) -> None:
        if not path.is_file():
            self._send(404, b"", body=body)
            return
        data = path.read_bytes()
        if cut:
            data = data[: len(data) // 3]
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked is None:
            self._send(200, data, body=body)
            return
        first, last = int(asked[1]), min(int(asked[2] or len(data) - 1), len(data) - 1)
        if first >= len(data):
            self._send(416, b"", body=body)
            return
        part = f"bytes {first}-{last}/{len(data)}"
        self._send(206, data[first : last + 1], body=body, headers={"Content-Range": part})

    def _send(
        self,
        status: int,
        data: bytes,
        *,
        body: bool = True,
        kind: str = "application/octet-stream",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(data)),
            "Accept-Ranges": "bytes",
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)


@contextmanager
def serving(folder: Path, items: list[dict[str, Any]]) -> Iterator[CatalogueServer]:
    """The server, running as long as the context is open."""
    server = CatalogueServer(folder, items)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
