"""Every way of paging against a small vendor in memory that really pages."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from marketdata_assets.sources.answer import Answer, RequestRecord
from marketdata_assets.sources.api import Endpoint
from marketdata_assets.sources.errors import Diverted, PagingBroken, SchemaChanged, Truncated
from marketdata_assets.sources.paging import AfterLast, CountPaging, LastPaging, LinkPaging, Paging, TokenPaging, walk
from marketdata_assets.sources.request import Request

BASE = "https://vendor.test"
Serve = Callable[[Request], Any]


def answer(request: Request, document: Any, headers: dict[str, str] | None = None) -> Answer:
    sha = hashlib.sha256(json.dumps(document).encode()).hexdigest()
    record = RequestRecord("toy", "rows", request.url(BASE), 200, datetime(2025, 1, 1, tzinfo=UTC), 1, 0, sha)
    return Answer(request, headers or {}, document, record)


def read(paging: Paging, serve: Serve, params: dict[str, Any] | None = None, max_pages: int = 50) -> list[Answer]:
    async def fetch(request: Request) -> Answer:
        found = serve(request)
        return found if isinstance(found, Answer) else answer(request, found)

    async def all_of_it() -> list[Answer]:
        request = Endpoint("rows", "/rows").request(params or {})
        return [page async for page in walk(request, paging, fetch, max_pages=max_pages)]

    return asyncio.run(all_of_it())


def numbers(pages: list[Answer], selector: str = "rows") -> list[int]:
    return [row["id"] for page in pages for row in page.rows(selector)]


def rows(*ids: int) -> list[dict[str, int]]:
    return [{"id": number} for number in ids]


def test_tokens_are_followed_until_there_is_none() -> None:
    tokens = {None: ("AA==", 1), "AA==": ("b", 2), "b": (None, 3)}

    def serve(request: Request) -> Any:
        following, number = tokens[request.params.get("page_token")]
        return {"rows": rows(number), "next_page_token": following}

    assert numbers(read(TokenPaging("page_token", "next_page_token"), serve)) == [1, 2, 3]


def test_an_empty_page_with_a_token_is_not_the_end() -> None:
    """One vendor's limit counts rows before its filter, so a page may be empty although more exist."""
    tokens: dict[Any, tuple[Any, list[Any]]] = {None: ("a", []), "a": ("b", []), "b": ("", rows(1))}

    def serve(request: Request) -> Any:
        following, found = tokens[request.params.get("t")]
        return {"rows": found, "next": following}

    assert numbers(read(TokenPaging("t", "next", rows="rows"), serve)) == [1]


def test_a_token_may_come_in_a_header() -> None:
    def serve(request: Request) -> Any:
        after = int(str(request.params.get("after", 7)))
        found = rows(*range(after - 1, max(0, after - 4), -1))
        return answer(request, {"rows": found}, {"CB-AFTER": str(found[-1]["id"])} if found else {})

    assert numbers(read(TokenPaging("after", header="CB-AFTER"), serve)) == [6, 5, 4, 3, 2, 1]


def test_links_are_followed_on_the_vendors_own_host_only() -> None:
    def serve(request: Request) -> Any:
        if request.link is None:
            return {"rows": rows(1), "next_url": "https://renamed.test:443/rows?cursor=2"}
        assert request.url(BASE) == "https://vendor.test/rows?cursor=2"
        return {"rows": rows(2)}

    assert numbers(read(LinkPaging("next_url", ("renamed.test",)), serve)) == [1, 2]
    with pytest.raises(Diverted):
        read(LinkPaging("next_url"), serve)


@pytest.mark.parametrize(("by", "first", "expected"), [("page", 1, [1, 2, 3]), ("page", 0, [0, 1, 2]), ("row", 0, [0, 2, 4])])
def test_pages_are_counted_by_number_or_by_rows(by: Any, first: int, expected: list[int]) -> None:
    asked: list[int] = []

    def serve(request: Request) -> Any:
        at = int(request.params.get("p", first))
        asked.append(at)
        start = (at - first) * (2 if by == "page" else 1)
        return {"rows": rows(*range(start, min(start + 2, 5)))}

    assert numbers(read(CountPaging("p", "rows", 2, first, by), serve)) == [0, 1, 2, 3, 4]
    assert asked == expected


def test_an_announced_total_ends_the_pages_and_must_be_reached() -> None:
    def serve(request: Request) -> Any:
        start = int(request.params.get("offset", 0))
        return {"rows": rows(*range(start, min(start + 2, 4))), "total": total}

    paging = CountPaging("offset", "rows", 2, first=0, by="row", total="total")
    total = 4
    pages = read(paging, serve)
    assert (numbers(pages), len(pages)) == ([0, 1, 2, 3], 2)
    total = 9
    with pytest.raises(Truncated, match="4 of 9"):
        read(paging, serve)


def klines(request: Request) -> Any:
    start, end = int(request.params["startTime"]), int(request.params["endTime"])
    return {"rows": [{"id": t} for t in range(0, 1_000, 60) if start <= t <= end][:4]}


def test_a_time_cursor_moves_past_the_last_bar() -> None:
    paging = AfterLast("startTime", "rows", "id", step=1, until="endTime")
    assert numbers(read(paging, klines, {"startTime": 0, "endTime": 599})) == list(range(0, 600, 60))
    assert numbers(read(paging, klines, {"startTime": 30, "endTime": 50})) == []


def test_a_short_page_saves_the_last_request_where_the_vendor_fills_its_pages() -> None:
    pages = read(AfterLast("startTime", "rows", "id", size=4), klines, {"startTime": 0, "endTime": 350})
    assert [len(page.rows("rows")) for page in pages] == [4, 2]


def test_an_id_cursor_walks_forward_and_a_newest_first_one_backward() -> None:
    def forward(request: Request) -> Any:
        return {"rows": rows(*[i for i in range(1, 8) if i >= int(request.params["fromId"])][:3])}

    def backward(request: Request) -> Any:
        return {"rows": rows(*[i for i in range(7, 0, -1) if i < int(request.params.get("after", 99))][:3])}

    assert numbers(read(AfterLast("fromId", "rows", "id"), forward, {"fromId": 1})) == [1, 2, 3, 4, 5, 6, 7]
    assert numbers(read(AfterLast("after", "rows", "id", step=0, forward=False), backward)) == [7, 6, 5, 4, 3, 2, 1]


def test_the_point_an_answer_reaches_to_is_given_back_and_pages_may_overlap_by_a_row() -> None:
    trades = [(i, 1_000 + i) for i in range(10)]

    def serve(request: Request) -> Any:
        page = [(i, at) for i, at in trades if at >= int(str(request.params["since"]))][:4]
        return {"result": {"X": [{"id": i} for i, _ in page], "last": str(page[-1][1])}}

    pages = read(LastPaging("since", "result.last", "result.X", 4), serve, {"since": 0})
    assert numbers(pages, "result.X") == [0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 9]


@pytest.mark.parametrize(
    ("paging", "document", "params"),
    [
        (TokenPaging("t", "next"), {"rows": rows(1), "next": "same"}, {}),
        (LinkPaging("next"), {"rows": rows(1), "next": "/rows?cursor=1"}, {}),
        (AfterLast("from", "rows", "id", step=0), {"rows": rows(5, 5)}, {"from": 5}),
        (AfterLast("from", "rows", "id"), {"rows": rows(1, 2)}, {"from": 5}),
        (AfterLast("to", "rows", "id", forward=False), {"rows": rows(9, 8)}, {"to": 5}),
        (LastPaging("since", "last", "rows", 2), {"rows": rows(1, 2), "last": "7"}, {"since": "7"}),
        (LastPaging("since", "last", "rows", 2), {"rows": rows(1, 2)}, {"since": "7"}),
        (CountPaging("page", "rows", 2), {"rows": rows(1, 2)}, {}),
        (TokenPaging("t", "next", rows="rows"), None, {}),
    ],
    ids=["token", "link", "exclusive bound", "behind the cursor", "backward", "last", "no last", "page ignored", "rows repeat"],
)
def test_a_cursor_that_does_not_move_is_an_error(paging: Paging, document: Any, params: dict[str, Any]) -> None:
    asked: list[str] = []

    def serve(request: Request) -> Any:
        asked.append(request.url(BASE))
        return document if document is not None else {"rows": rows(1), "next": f"t{len(asked)}"}

    with pytest.raises(PagingBroken):
        read(paging, serve, params)
    assert len(asked) <= (1 if isinstance(paging, AfterLast | LastPaging) else 3), "noticed at once, not at the page cap"


def test_a_loop_over_several_pages_is_noticed_when_it_closes() -> None:
    def serve(request: Request) -> Any:
        at = str(request.params.get("t", "a"))
        return {"rows": rows(ord(at)), "next": {"a": "b", "b": "c", "c": "b"}[at]}

    with pytest.raises(PagingBroken, match="read already"):
        read(TokenPaging("t", "next"), serve)


def test_pages_without_end_stop_at_the_cap() -> None:
    def serve(request: Request) -> Any:
        number = int(str(request.params.get("t", 0))) + 1
        return {"rows": rows(number), "next": str(number)}

    with pytest.raises(PagingBroken, match="more after 5 pages"):
        read(TokenPaging("t", "next"), serve, max_pages=5)


def test_rows_whose_cursor_was_renamed_are_a_changed_schema() -> None:
    with pytest.raises(SchemaChanged, match="KeyError"):
        read(AfterLast("from", "rows", "tradeId"), lambda request: {"rows": rows(1, 2)}, {"from": 0})


def test_last_ends_at_the_point_where_the_request_does_without_sending_it() -> None:
    def serve(request: Request) -> Any:
        assert "until" not in request.url(BASE)
        first = int(request.params["since"])
        return {"rows": rows(*range(first, first + 4)), "last": str(first + 3)}

    async def fetch(request: Request) -> Answer:
        return answer(request, serve(request))

    async def all_of_it() -> list[Answer]:
        request = replace(Endpoint("rows", "/rows").request({"since": 0}), until=7)
        return [page async for page in walk(request, LastPaging("since", "last", "rows", 4), fetch, max_pages=50)]

    assert numbers(asyncio.run(all_of_it())) == [0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9]
