"""What a vendor's HTTP interface is, as values: where it lives, how it knows us, what it allows, what it answers, what its errors mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.sources.budget import UNLIMITED, Budget
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.paging import ONE_PAGE, Paging
from marketdata_assets.sources.request import Param, Request
from marketdata_assets.sources.select import Selector

MIB = 1 << 20
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Limits:
    """How much of an answer is accepted, in bytes, seconds and tries."""

    deadline: float = 30.0  # seconds for one attempt, from connecting to the last byte
    connect: float = 10.0  # seconds of it for the connection
    wire_bytes: int = 32 * MIB  # as received, perhaps compressed
    body_bytes: int = 256 * MIB  # decompressed
    ratio: float = 200.0  # decompressed to compressed, judged beyond the first MiB
    depth: int = 64  # levels of JSON
    pages: int = 10_000  # of one request
    attempts: int = 5  # of one page, the first included
    backoff: float = 0.5  # seconds; the k-th pause is random between 0 and backoff * 2**(k-1)
    longest_backoff: float = 30.0
    connections: int = 64  # open at once
    patience: float = 900.0  # longest wait for the budget, at the head of the queue
    outage_patience: float = 60.0  # how long many requests together wait for a source that is down


@dataclass(frozen=True)
class Auth:
    """Where the secrets go, as templates over the names of credentials: `{"Authorization": "Bearer {api_key}"}`.

    `query` is for vendors that have no other way. Where `optional`, requests go out without what is not configured.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False


@dataclass(frozen=True)
class Claim:
    """An answer says at `count` how many rows stand at `rows`; both missing is no claim."""

    count: Selector
    rows: Selector


@dataclass(frozen=True)
class Endpoint:
    """One question the vendor answers.

    `path` may hold `{names}` to be filled; `params` are sent with every request. `weight` is what a request costs in weighted quotas,
    a number or a function of its parameters. `form` is how the answer is read: `json` strictly; `csv` and `bytes` as they come, if
    the transport announced their end; a `csv` may turn out to be a JSON notice, and with `final_newline` it ends its last line.
    """

    name: str
    path: str
    params: Mapping[str, Param] = field(default_factory=dict)
    paging: Paging = ONE_PAGE
    form: Literal["json", "csv", "bytes"] = "json"
    weight: int | Callable[[Mapping[str, Param]], int] = 1
    budget: str = "default"
    claims: tuple[Claim, ...] = ()
    errors: tuple[ErrorRule, ...] = ()
    final_newline: bool = False
    limits: Limits | None = None

    def request(self, params: Mapping[str, Param | None] | None = None, /, **path: str) -> Request:
        """A request to this endpoint: query parameters by their names at the vendor (None: left out), path values by keyword."""
        given = {name: value for name, value in (params or {}).items() if value is not None}
        return Request(self.name, self.path, path, {**self.params, **given})

    def cost(self, request: Request) -> int:
        """The weight of one request."""
        return self.weight(request.params) if callable(self.weight) else self.weight


@dataclass(frozen=True)
class Api:
    """One vendor's HTTP interface.

    `also_hosts` are other names of the same host: a next-page link to one of them is followed on `base_url`. `messages` says
    where its errors carry words. `errors` go before the meaning of the HTTP status, and apply to answers with status 200 too.
    """

    name: str
    base_url: str
    endpoints: tuple[Endpoint, ...]
    auth: Auth = Auth()
    budgets: Mapping[str, Budget] = field(default_factory=lambda: {"default": UNLIMITED})
    errors: tuple[ErrorRule, ...] = ()
    messages: tuple[Selector, ...] = ("message", "error.message", "error", "msg")
    also_hosts: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise self._mistake(f"base URL {self.base_url!r} is not https", "give the https address; plain http is for loopback only")
        if parts.query or parts.fragment or "@" in parts.netloc or not parts.hostname:
            raise self._mistake(f"base URL {self.base_url!r} holds more than host and path", "write https://host/path")
        names = [endpoint.name for endpoint in self.endpoints]
        if len(set(names)) < len(names):
            raise self._mistake(f"two endpoints share a name: {sorted(names)}", "name each endpoint once")
        if stray := {endpoint.budget for endpoint in self.endpoints} - set(self.budgets):
            raise self._mistake(f"no budget is called {', '.join(sorted(stray))}", "add it to `budgets`, or name one that is there")

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint called `name`; `ConfigFault` for any other text."""
        for endpoint in self.endpoints:
            if endpoint.name == name:
                return endpoint
        raise self._mistake(f"no endpoint is called {name!r}", f"use one of {', '.join(e.name for e in self.endpoints)}")

    def at(self, base_url: str, **changes: Any) -> Api:
        """The same interface served elsewhere: the vendor's other region, a sandbox on loopback."""
        return replace(self, base_url=base_url, **changes)

    def _mistake(self, found: str, remedy: str) -> ConfigFault:
        return ConfigFault(f"describing the API of {self.name}", found, remedy, source=self.name)
