"""The description of an invented vendor, served by `Loopback`: what tests of the client ask."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from marketdata_assets.sources.api import Api, Auth, Claim, Endpoint, Limits
from marketdata_assets.sources.budget import UNLIMITED, Budget
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.errors import NotEntitled, RateLimited
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.paging import LinkPaging, TokenPaging
from marketdata_tests.support.loopback import Loopback
from marketdata_tests.support.virtual_time import VirtualTime

KEY = "canary-0123456789abcdef"
CREDENTIALS = {"api_key": SecretStr(KEY)}
IN_HEADER = Auth(headers={"X-Api-Key": "{api_key}"})
IN_QUERY = Auth(query={"apikey": "{api_key}"})

BARS = Endpoint("bars", "/bars/{symbol}", {"adjusted": False}, TokenPaging("page_token", "next_page_token", rows="bars"))
LINKED = Endpoint("linked", "/linked", paging=LinkPaging("next_url"))
COUNTED = Endpoint("counted", "/counted", claims=(Claim("count", "results"),))
LISTING = Endpoint("listing", "/listing", form="csv", final_newline=True)
DUMP = Endpoint("dump", "/dump", form="bytes")
ERRORS = (
    ErrorRule(RateLimited, at="Note", wait=60.0),
    ErrorRule(NotEntitled, at="Information", matches="premium"),
)


def toy(server: Loopback, *, budget: Budget = UNLIMITED, auth: Auth = IN_HEADER, **limits: Any) -> Api:
    """The toy vendor's API as served by `server`; `limits` replace single limits."""
    return Api(
        "toy",
        server.url,
        (BARS, LINKED, COUNTED, LISTING, DUMP),
        auth=auth,
        budgets={"default": budget},
        errors=ERRORS,
        also_hosts=("api.renamed.test",),
        limits=Limits(**{"deadline": 5.0, **limits}),
    )


def client(server: Loopback, time: VirtualTime | None = None, *, options: dict[str, Any] | None = None, **api: Any) -> Client:
    """A client for the toy vendor on a clock that tests move."""
    return Client(toy(server, **api), time=time or VirtualTime(), **{"credentials": CREDENTIALS, **(options or {})})
