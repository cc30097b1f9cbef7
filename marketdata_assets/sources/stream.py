"""What a real-time feed is, as a value: where it lives, how it knows us, how symbols are subscribed, and how its frames are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, Literal
from urllib.parse import urlsplit

import polars as pl

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.core.timeframes import TIMEFRAMES
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.schemas.table import Table
from marketdata_assets.sources.api import LOOPBACK, MIB
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.select import Selector
from marketdata_assets.sources.spelling import Spelling


class Says(StrEnum):
    """What a message says that holds no data."""

    CONNECTED = "connected"
    AUTHENTICATED = "authenticated"
    SUBSCRIBED = "subscribed"
    ALIVE = "alive"  # a heartbeat: kept nowhere
    REFUSED = "refused"  # the error table tells what is wrong
    LEAVING = "leaving"  # the vendor announces that it will hang up
    CORRECTED = "corrected"  # what was sent earlier was wrong; asking again gives the right tape
    OTHER = "other"


@dataclass(frozen=True)
class Control:
    """A message that holds no data; `topics` are those that an acknowledgement names, `about` what a correction speaks of."""

    says: Says
    topics: frozenset[str] = frozenset()
    about: str = ""


@dataclass(frozen=True)
class Subscription:
    """The JSON values to send, and the topics whose acknowledgement makes the subscription complete (none: it needs none)."""

    frames: tuple[Any, ...]
    topics: frozenset[str] = frozenset()


@dataclass(frozen=True)
class StreamLimits:
    """How much of a feed is accepted and kept, in bytes, frames, seconds and tries."""

    frame_bytes: int = 16 * MIB
    depth: int = 32  # levels of JSON in a frame
    buffer_frames: int = 20_000  # received and not yet taken by the consumer; what comes beyond them is dropped and told
    buffer_bytes: int = 64 * MIB
    batch_frames: int = 5_000
    batch_bytes: int = 4 * MIB
    linger: float = 0.5  # seconds that a batch waits for more after its first row
    connect: float = 10.0
    handshake: float = 10.0  # for each of: greeting, login, all acknowledgements
    attempts: int = 10  # failed connections in a row
    backoff: float = 0.5  # the k-th pause is random between 0 and backoff * 2**(k-1)
    longest_backoff: float = 30.0
    steady: float = 60.0  # a connection that lived this long was no failure
    unreadable: int = 20  # frames in a row that cannot be read, until the feed counts as changed


Finality = Literal["stated", "succession"]


@dataclass(frozen=True)
class Stream:
    """What a vendor pushes of one kind of data in one asset class over one WebSocket.

    `base_url` and `path` (with `{options}`) make the address. `login` is the first frame as templates over credentials' names, sent
    after the greeting where there is one (`greets`); `headers` are sent with the upgrade. `subscribe` gives the frames for a question's
    symbols. Every frame is one message or an array of them: `control` says what one without data means and None for the others, `pick`
    cuts the records of this stream out of a data message, and `rows` makes table columns of many records, one row each, as
    `Dataset.read` does: `vendor_symbol` and `line` always; a null `timestamp` stands for the instant of receipt. All four are pure.

    `finality` of bars: `stated`, each record is a finished bar; `succession`, a record is the running bar, and the last one
    before a later bar's first is final. `series` numbers what the vendor counts without holes (series, number); a jump is a gap.
    """

    name: str
    data: Data
    asset_class: str
    base_url: str
    path: str
    table: Table
    subscribe: Callable[[Question], Subscription]
    control: Callable[[Any], Control | None]
    pick: Callable[[Any], Sequence[Any]]
    rows: Callable[[Sequence[Any], Question], pl.DataFrame]
    timeframes: tuple[str, ...] = ()
    spelling: Spelling | None = None  # of symbols, where it is not the source's
    hosts: Mapping[str, str] = field(default_factory=dict)  # other base URLs, by the plan that they serve
    defaults: Mapping[str, str] = field(default_factory=dict)  # of the options in `path`
    greets: bool = False
    login: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[ErrorRule, ...] = ()
    messages: tuple[Selector, ...] = ("msg", "message", "error")
    symbols: int | None = None  # that one connection may carry; None: any number
    frames_per_second: float = 5.0  # that we may send
    ping: float | None = 20.0  # seconds between our own ping frames; unanswered, they end the connection
    silence: float | None = None  # seconds without any frame after which the connection counts as dead
    lifetime: float | None = None  # seconds after which the vendor hangs up
    finality: Finality = "stated"
    series: Callable[[Any], Sequence[tuple[str, int]]] | None = None
    plans: tuple[str, ...] = ()  # that include it; empty: all
    tape: str | Callable[[Mapping[str, str]], str] = "consolidated"
    limits: StreamLimits = StreamLimits()
    unverified: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme != "wss" and not (parts.scheme == "ws" and parts.hostname in LOOPBACK):
            raise self._mistake(f"base URL {self.base_url!r} is not wss", "give the wss address; plain ws is for loopback only")
        if parts.query or parts.fragment or "@" in parts.netloc or not parts.hostname:
            raise self._mistake(f"base URL {self.base_url!r} holds more than host and path", "write wss://host")

    def read(self, document: Any, question: Question) -> pl.DataFrame:
        """The rows of one frame, running bars among them; an empty frame of the right columns where it holds none."""
        records = [r for message in messages_of(document) if self.control(message) is None for r in self.pick(message)]
        return self.rows(records, question)

    def url(self, options: Mapping[str, str]) -> str:
        """The address under these options, without secrets."""
        return self.base_url.rstrip("/") + self.path.format_map({**self.defaults, **options})

    def at(self, base_url: str) -> Stream:
        """The same feed served elsewhere; an http(s) address stands for the ws(s) one of the same host."""
        scheme, colon, rest = base_url.partition("://")
        return replace(self, base_url={"http": "ws", "https": "wss"}.get(scheme, scheme) + colon + rest)

    def tape_of(self, options: Mapping[str, str]) -> str:
        """Where the trades were seen under these options."""
        return self.tape({**self.defaults, **options}) if callable(self.tape) else self.tape

    def require(self, question: Question) -> None:
        """`ConfigFault` for a question that one connection of this feed cannot answer."""
        if self.symbols is not None and len(question.symbols) > self.symbols:
            raise self._mistake(
                f"{len(question.symbols)} symbols, one connection carries {self.symbols}", "listen to fewer, or on several connections"
            )
        if not question.symbols:
            raise self._mistake("no symbol is given", "name the symbols to listen to")
        if self.timeframes and (question.timeframe is None or question.timeframe.name not in self.timeframes):
            raise self._mistake(f"no bars of {question.timeframe}", f"use one of {', '.join(self.timeframes)}")

    def lead(self, question: Question) -> timedelta:
        """How much older than its receipt a bar may be: a bar is sent after its end. Nothing for other data."""
        return question.length.duration if self.table is RAW_BARS else timedelta(0)

    def _mistake(self, found: str, remedy: str) -> ConfigFault:
        return ConfigFault(f"listening to {self.name}", found, remedy)


def messages_of(document: Any) -> Sequence[Any]:
    """The messages of a frame: the items of an array, else the frame itself."""
    return document if isinstance(document, list) else [document]


def shortest(timeframes: Sequence[str]) -> str:
    """The name of the shortest of these bar lengths: what is listened to when nobody says otherwise."""
    return min(timeframes, key=lambda name: TIMEFRAMES[name].duration)
