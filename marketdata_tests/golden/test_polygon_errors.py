"""Polygon's recorded refusals, each the fault it means; and pages followed on the host that is configured, wherever a link points."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.answer import Answer, RequestRecord
from marketdata_assets.sources.error_rules import verdict
from marketdata_assets.sources.errors import (
    BadCredentials,
    Diverted,
    NotEntitled,
    NotFound,
    RateLimited,
    Rejected,
    Truncated,
    Unavailable,
    VendorFault,
)
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.registry import vendor
from marketdata_tests.support.loopback import Loopback, Reply, js
from marketdata_tests.support.virtual_time import VirtualTime, run

pytestmark = pytest.mark.realdata
SOURCE = vendor("polygon")
(REST,) = SOURCE.apis
CREDENTIALS = {"api_key": SecretStr("key-0123456789abcdef")}
WINDOW = Window(datetime(2020, 1, 2, tzinfo=UTC), datetime(2020, 1, 11, tzinfo=UTC))


def judged(status: int, text: str) -> tuple[type[VendorFault], str]:
    document = json.loads(text) if text else None
    found = verdict(REST.errors, REST.messages, status, document, text)
    assert found is not None
    return found.raises, found.message


@pytest.mark.parametrize(
    ("name", "status", "fault", "words"),
    [
        ("error__401_no_key", 401, BadCredentials, "API Key was not provided"),
        ("error__401_no_key", 400, BadCredentials, "API Key was not provided"),
        ("error__401_unknown_key", 401, BadCredentials, "Unknown API Key"),
        ("error__403_timeframe", 403, NotEntitled, "NOT_AUTHORIZED: Your plan doesn't include this data timeframe."),
        ("error__429", 429, RateLimited, "You've exceeded the maximum requests per minute"),
    ],
)
def test_a_recorded_refusal_is_the_fault_it_means(shared: Path, name: str, status: int, fault: type[VendorFault], words: str) -> None:
    raises, message = judged(status, (shared / "fixtures" / "polygon" / f"{name}.json").read_text())
    assert raises is fault
    assert words in message


@pytest.mark.parametrize(
    ("status", "text", "fault"),
    [
        (400, '{"status":"ERROR","request_id":"x","error":"Invalid timespan"}', Rejected),
        (200, '{"status":"ERROR","request_id":"x","error":"Something failed"}', Rejected),
        (200, '{"status":"NOT_AUTHORIZED","request_id":"x","message":"You are not entitled to this data."}', NotEntitled),
        (404, '{"status":"NOT_FOUND","request_id":"x","message":"Ticker not found."}', NotFound),
        (429, "", RateLimited),
        (413, "", Unavailable),
        (499, "", Unavailable),
        (502, "", Unavailable),
    ],
)
def test_a_refusal_without_a_recording_goes_by_its_status_and_words(status: int, text: str, fault: type[VendorFault]) -> None:
    assert judged(status, text)[0] is fault


@pytest.mark.parametrize("status", ["OK", "DELAYED"])
def test_an_answer_under_a_delayed_plan_is_none(status: str) -> None:
    assert verdict(REST.errors, REST.messages, 200, {"status": status, "results": []}, "") is None


def page(link: str) -> Answer:
    """An answer of the configured host that leads on to `link`."""
    (request,) = SOURCE.dataset("bars").ask(Question("bars", ("AAPL",), WINDOW, timeframe("1d")))
    url = request.url(REST.base_url)
    record = RequestRecord("polygon", "aggregates", url, 200, WINDOW.end, 1, 0, "a" * 64, "application/json", scrubbed=False)
    return Answer(request, {}, {"next_url": link, "results": []}, record)


@pytest.mark.parametrize("host", ["api.massive.com", "api.massive.com:443", "api.polygon.io"])
def test_a_link_to_either_name_of_the_host_is_followed_on_the_configured_one(shared: Path, host: str) -> None:
    link = json.loads((shared / "fixtures" / "polygon" / "aggs__AAPL_paginated_oas.json").read_text())["next_url"]
    following = REST.endpoint("aggregates").paging.advance(page(link.replace("api.massive.com", host)))
    assert following is not None
    assert following.url(REST.base_url) == (
        "https://api.massive.com/v2/aggs/ticker/AAPL/range/1/day/1578114000000/2020-01-10?cursor=bGltaXQ9MiZzb3J0PWFzYw"
    )


@pytest.mark.parametrize("link", ["https://evil.example/v2", "http://api.massive.com/v2", "https://api.massive.com:444/v2"])
def test_a_link_that_leaves_the_vendor_is_not_followed(link: str) -> None:
    with pytest.raises(Diverted):
        REST.endpoint("aggregates").paging.advance(page(link))


def test_bars_are_fetched_page_by_page_with_the_key_in_a_header(shared: Path) -> None:
    first = json.loads((shared / "fixtures" / "polygon" / "aggs__AAPL_paginated_oas.json").read_text())
    last = {"ticker": "AAPL", "queryCount": 0, "resultsCount": 0, "adjusted": False, "status": "OK", "request_id": "x"}
    onward = "/v2/aggs/ticker/AAPL/range/1/day/1578114000000/2020-01-10"

    async def scene() -> tuple[list[Answer], list[dict[str, str]], list[str]]:
        async with Loopback() as server:
            leading = {**first, "adjusted": False, "next_url": f"{server.url}{onward}?cursor=bGltaXQ9MiZzb3J0PWFzYw"}
            server.on("/v2/aggs/ticker/AAPL/range/1/day/2020-01-02/2020-01-10", js(leading)).on(onward, js(last))
            (request,) = SOURCE.dataset("bars").ask(Question("bars", ("AAPL",), WINDOW, timeframe("1d")))
            async with Client(REST.at(server.url), credentials=CREDENTIALS, time=VirtualTime()) as client:
                answers = [answer async for answer in client.pages(request)]
            return answers, [asked.query for asked in server.asked], [asked.headers["Authorization"] for asked in server.asked]

    answers, queries, keys = run(scene())
    assert len(answers) == 2
    assert queries == [{"adjusted": "false", "sort": "asc", "limit": "50000"}, {"cursor": "bGltaXQ9MiZzb3J0PWFzYw"}]
    assert keys == ["Bearer key-0123456789abcdef"] * 2


def test_fewer_bars_than_announced_are_a_torn_answer() -> None:
    short = {"ticker": "AAPL", "resultsCount": 2, "adjusted": False, "status": "OK", "results": [{}]}

    async def scene() -> None:
        async with Loopback().on("/v2/aggs/ticker/AAPL/range/1/day/2020-01-02/2020-01-10", js(short)) as server:
            (request,) = SOURCE.dataset("bars").ask(Question("bars", ("AAPL",), WINDOW, timeframe("1d")))
            async with Client(REST.at(server.url), credentials=CREDENTIALS, time=VirtualTime()) as client:
                await client.fetch(request)

    with pytest.raises(Truncated, match="announces 2 rows, 1 came"):
        run(scene())


def test_a_refusal_for_too_many_requests_is_waited_out(shared: Path) -> None:
    refused = Reply((shared / "fixtures" / "polygon" / "error__429.json").read_bytes(), 429)

    async def scene() -> tuple[int, float]:
        time = VirtualTime()
        async with Loopback(time).on("/v2/last/trade/AAPL", refused, js({"status": "OK", "results": {}})) as server:
            (request,) = SOURCE.dataset("latest_trades").ask(Question("latest_trades", ("AAPL",)))
            async with Client(REST.at(server.url), credentials=CREDENTIALS, time=time) as client:
                await client.fetch(request)
            return len(server.asked), server.asked[1].at - server.asked[0].at

    asked, waited = run(scene())
    assert asked == 2
    assert waited >= 12.0
