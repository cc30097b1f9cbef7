"""A dataset fetched over HTTP from a vendor that is played by the tests: page after page, through the one client, on a virtual clock."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import polars as pl
from pydantic import SecretStr

from marketdata_assets.sources.api import Api, Endpoint
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.paging import AfterLast, CountPaging, LastPaging, LinkPaging, Paging, SinglePage, TokenPaging
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.source import Source
from marketdata_tests.conformance.sources.case import Case, rows_of
from marketdata_tests.conformance.sources.containers import put
from marketdata_tests.support.loopback import Answering, Asked, Loopback, Reply
from marketdata_tests.support.virtual_time import VirtualTime, run

CANARY = "canary/9f8e+7d6c5b4a=="
TYPES = {"json": "application/json", "csv": "text/csv", "bytes": "application/octet-stream"}


def secrets(source: Source) -> dict[str, SecretStr]:
    """A credential for every name the vendor knows; all hold the canary."""
    return {credential.name: SecretStr(f"{CANARY}{credential.name}") for credential in source.credentials}


def api_at(source: Source, endpoint: Endpoint, url: str, **limits: Any) -> Api:
    """The vendor's interface that has an endpoint, served elsewhere, with single limits replaced."""
    (found,) = (api for api in source.apis if endpoint in api.endpoints)
    endpoints = tuple(replace(e, limits=replace(e.limits, **limits)) if e.limits else e for e in found.endpoints)
    return found.at(url, endpoints=endpoints, limits=replace(found.limits, **limits))


def with_page_size(api: Api, name: str, size: int) -> Api:
    """The interface with pages of so many rows at one endpoint, where its paging counts them."""
    endpoint = api.endpoint(name)
    if not isinstance(endpoint.paging, (AfterLast, CountPaging, LastPaging)) or not endpoint.paging.size:
        return api
    small = replace(endpoint, paging=replace(endpoint.paging, size=size))
    return replace(api, endpoints=tuple(small if e.name == name else e for e in api.endpoints))


def pages_of(case: Case, parts: Sequence[Sequence[int]], url: str, path: str, *, stuck: bool = False) -> list[Reply]:
    """The answer in pages with these rows each, every one pointing to the next; `stuck` ones all point to the same page."""
    replies = []
    for number, part in enumerate(parts):
        follows = stuck or number + 1 < len(parts)
        data, headers = _pointing(case, case.keeping(part), "same" if stuck else f"p{number + 1}", follows, url + path)
        replies.append(Reply(data, headers={"Content-Type": TYPES[case.dataset.endpoint.form], **headers}))
    return replies


def _pointing(case: Case, body: bytes, name: str, follows: bool, here: str) -> tuple[bytes, dict[str, str]]:
    paging = case.dataset.endpoint.paging
    if isinstance(paging, TokenPaging) and paging.header:
        return body, {paging.header: name} if follows else {}
    if isinstance(paging, TokenPaging):
        return _put(body, paging.token, name if follows else None), {}
    if isinstance(paging, LinkPaging):
        return _put(body, paging.link, f"{here}?cursor={name}" if follows else None), {}
    if isinstance(paging, LastPaging):
        return _put(body, paging.last, "1000" if name == "same" else "10" + name.removeprefix("p")), {}
    return body, {}


def _put(body: bytes, selector: Any, value: str | None) -> bytes:
    assert isinstance(selector, str), "a cursor that only a function finds cannot be set by a test"
    return json.dumps(put(json.loads(body), selector, value)).encode()


def pages_on(paging: Paging) -> bool:
    """Whether an endpoint's answers come in pages."""
    return not isinstance(paging, SinglePage)


@dataclass(frozen=True)
class Served:
    """What came of a question, and what the vendor was asked for it."""

    frame: pl.DataFrame
    asked: list[Asked]


def first_request(case: Case) -> Request:
    """The first request of those that answer the case's question."""
    return case.dataset.ask(case.question)[0]


def path_of(request: Request) -> str:
    """The path of a request as it goes over the wire."""
    return urlsplit(request.url("https://vendor")).path


def fetch(case: Case, answers: Callable[[str, str], Sequence[Answering]], *, page_size: int = 0, also: str = "") -> Served:
    """The rows of every page that the vendor gives to the case's first request; `answers` makes its replies from address and path.

    They are given at the path `also` as well.
    """

    async def scene() -> Served:
        request, endpoint = first_request(case), case.dataset.endpoint
        async with Loopback() as server:
            api = api_at(case.source, endpoint, server.url, attempts=1)
            api = with_page_size(api, endpoint.name, page_size) if page_size else api
            replies = answers(server.url, path_of(request))
            server.on(path_of(request), *replies).on(also or path_of(request), *replies)
            async with Client(api, credentials=secrets(case.source), time=VirtualTime()) as client:
                documents = [answer.data async for answer in client.pages(request)]
            frames = [rows_of(case.dataset, case.question, document) for document in documents]
            return Served(pl.concat([frame for frame in frames if frame.height] or frames[:1]), server.asked)

    return run(scene())


def fetch_pages(case: Case, parts: Sequence[Sequence[int]]) -> Served:
    """The rows of the recorded answer, served in pages with these rows each."""
    return fetch(case, lambda url, path: pages_of(case, parts, url, path), page_size=len(parts[0]))
