"""A sandbox of some vendors on loopback, asked with nothing but the standard library."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from marketdata_assets.sandbox.wire.server import WireServer


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Venue:
    """One vendor of a running sandbox."""

    server: WireServer
    name: str

    def get(self, path: str, headers: dict[str, str] | None = None, **query: object) -> Answer:
        asked = f"{self.server.urls[self.name]}{path}" + (f"?{urlencode(query)}" if query else "")
        request = urllib.request.Request(asked, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Answer(answer.status, answer.read(), {name.lower(): value for name, value in answer.headers.items()})
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(), {name.lower(): value for name, value in error.headers.items()})
