"""What a vendor's protocol is: its routes over the book, its spellings, its refusals, its limit, and where its pages link on."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import orjson
from aiohttp import web

from marketdata_assets.core.faults import Fault
from marketdata_assets.core.spellings import guesses
from marketdata_assets.sandbox.wire.faults import FaultRule

if TYPE_CHECKING:
    from marketdata_assets.sandbox.wire.book import Book
    from marketdata_assets.sandbox.wire.limits import Meter, Verdict


STREAM_FAULT: ContextVar[FaultRule | None] = ContextVar("stream_fault", default=None)  # the rule that hits the WebSocket at hand


@dataclass(frozen=True)
class Tape:
    """Whose bars a vendor sends: by bar length the name of the simulated market's source, for shares and for pairs.

    Lengths that are not named are made of shorter ones. `noise` is the standard deviation of its volumes around that source's;
    a `share` is its part of them.
    """

    shares: Mapping[str, str] = field(default_factory=dict)
    coins: Mapping[str, str] = field(default_factory=dict)
    noise: float = 0.0
    share: float = 1.0


class Refused(Exception):
    """A handler's way to answer early with an error of the vendor's own."""

    def __init__(self, answer: web.Response) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Protocol(ABC):
    """One vendor on the wire. The frame asks `refused`, counts with `meter`, calls the route's handler and adds `stamps`.

    Handlers answer with a plain `web.Response` that has a body; the frame compresses it, damages it and sends it. The market they
    speak of is the book at the moment of the request: a vendor's "now" is `book.at`.
    """

    name: ClassVar[str]
    tape: ClassVar[Tape]
    # One group: the link or token of the next page, in a body; the name of the header that has it otherwise.
    cursor: ClassVar[re.Pattern[bytes] | None] = None
    cursor_header: ClassVar[str | None] = None
    # What the fault `renamed_field` replaces by what, everywhere in a body.
    renamed: ClassVar[tuple[bytes, bytes]] = (b'"close"', b'"last"')

    @abstractmethod
    def routes(self, book: Book) -> Iterable[web.RouteDef]:
        """The vendor's paths."""

    def streams(self, book: Book) -> Iterable[web.RouteDef]:  # noqa: ARG002 - a hook
        """Paths that upgrade to WebSockets; the frame leaves them alone."""
        return ()

    def spelled(self, symbol: str) -> str:
        """The vendor's spelling of a canonical symbol."""
        return symbol

    def canonical(self, spelling: str, asset_class: str, known: Iterable[str]) -> str | None:
        """Which of the `known` canonical symbols the vendor means by `spelling`."""
        by_name = {self.spelled(symbol): symbol for symbol in known}
        return by_name.get(spelling) or next((s for s in guesses(spelling, asset_class) if s in by_name.values()), None)

    def refused(self, request: web.Request) -> web.Response | None:  # noqa: ARG002 - a hook
        """The error for a request without good credentials; None lets it pass. Any key but an empty one and `wrong` is good."""
        return None

    def meter(self, rate: int | None) -> Meter | None:  # noqa: ARG002 - a hook
        """A fresh count of the vendor's own limit, with `rate` in place of its number of requests; None for a vendor without one."""
        return None

    def stamps(self, verdict: Verdict) -> dict[str, str]:  # noqa: ARG002 - a hook
        """The headers about the limit that go with every answer."""
        return {}

    def over_limit(self, verdict: Verdict) -> web.Response:  # noqa: ARG002 - a hook
        """The answer to a request beyond the limit."""
        return self.trouble(429, {})

    @abstractmethod
    def trouble(self, status: int, headers: Mapping[str, str]) -> web.Response:
        """An error in the vendor's own words: 401, 404, 418, 429 and 5xx; `headers` go with it."""

    def notice(self) -> web.Response:
        """Something that is no data, with status 200."""
        return js({"message": "We are down for maintenance."})


def good(key: str | None) -> bool:
    """Whether the sandbox takes a key: any text but an empty one and `wrong`."""
    return bool(key) and key != "wrong"


def js(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer; bytes pass as they are."""
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    return web.Response(body=body, status=status, headers=headers, content_type="application/json", charset="utf-8")


def text(body: str, status: int = 200, *, kind: str = "text/plain", headers: Mapping[str, str] | None = None) -> web.Response:
    """A text answer of a media type."""
    return web.Response(body=body.encode(), status=status, headers=headers, content_type=kind, charset="utf-8")


class SandboxFault(Fault):
    """The sandbox cannot serve as asked."""

    code = "sandbox"
