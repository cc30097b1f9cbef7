"""One answer of a vendor, given on loopback to the real client of that vendor: what comes of it, and everything that was written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from marketdata_assets.sources.answer import Answer, RequestRecord
from marketdata_assets.sources.errors import VendorFault
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.source import Source
from marketdata_tests.support.loopback import Answering, Asked, Loopback, Reply
from marketdata_tests.support.virtual_time import VirtualTime, run

KINDS = {
    ".json": "application/json",
    ".csv": "application/x-download",
    ".txt": "text/plain",
    ".html": "text/html",
    ".xml": "application/xml",
}


@dataclass
class Told:
    """How one request went: the answers in order or the fault, what the vendor was asked, and what was archived."""

    answers: list[Answer] = field(default_factory=list)
    fault: VendorFault | None = None
    asked: list[Asked] = field(default_factory=list)
    written: list[tuple[bytes, RequestRecord]] = field(default_factory=list)


def recorded(path: Path, status: int = 200) -> Reply:
    """A recorded body as an answer of this status."""
    return Reply(path.read_bytes(), status, {"Content-Type": KINDS[path.suffix]})


def told(
    source: Source,
    request: Request,
    *answers: Answering,
    credentials: Mapping[str, str] | None = None,
    plan: str | None = None,
    state: Path | None = None,
    attempts: int = 1,
) -> Told:
    """What comes of `request` when the vendor answers it, whatever its path, with `answers` in turn; nothing is tried again."""
    found = Told()

    async def scene() -> None:
        async with Loopback() as server:
            server.on(request.url("http://h").removeprefix("http://h").partition("?")[0], *answers)
            api = next(api for api in source.apis_for(plan, server.url) if any(e.name == request.endpoint for e in api.endpoints))
            api = replace(api, limits=replace(api.limits, attempts=attempts))
            secrets = {name: SecretStr(value) for name, value in (credentials or {}).items()}
            keep = lambda data, record: found.written.append((data, record))  # noqa: E731
            async with Client(api, credentials=secrets, state=state, on_payload=keep, time=VirtualTime()) as client:
                try:
                    async for answer in client.pages(request):
                        found.answers.append(answer)
                except VendorFault as fault:
                    found.fault = fault
            found.asked = server.asked

    run(scene())
    return found


def everything(found: Told) -> str:
    """All that was written down or said, as one text in which a secret can be looked for."""
    parts: list[Any] = [repr(found.fault), str(found.fault), found.fault and found.fault.as_dict()]
    parts += [(data.decode(errors="replace"), record) for data, record in found.written]
    parts += [(answer.data, answer.record) for answer in found.answers]
    return " ".join(map(str, parts))
