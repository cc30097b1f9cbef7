"""Asks the sandbox as plainly as possible: sockets and the standard library, no client of ours."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any, NamedTuple
from urllib.parse import urlsplit

KEYS = {"APCA-API-KEY-ID": "k", "APCA-API-SECRET-KEY": "s", "Authorization": "Bearer k", "User-Agent": "Simulation desk@example.com"}


class Got(NamedTuple):
    """An answer as it came, not unpacked."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def get(url: str, path: str, **headers: str) -> Got:
    """A GET; header names with underscores for dashes, on top of keys that every vendor takes."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("GET", path, headers={**KEYS, **{name.replace("_", "-"): value for name, value in headers.items()}})
        answer = connection.getresponse()
        return Got(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


def raw(url: str, path: str, *, most: int = 1 << 24) -> tuple[bytes, bool]:
    """Everything that arrives on the socket up to `most` bytes, and whether the connection was reset rather than closed."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as wire:
        lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "sandbox", "Accept-Encoding": "gzip", **KEYS}.items())
        wire.sendall(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode())
        got = b""
        try:
            while len(got) < most and (part := wire.recv(1 << 16)):
                got += part
        except ConnectionResetError:
            return got, True
        return got, False
