"""Alpaca's recorded refusals, each the fault it means; and a company's history fetched page by page across a rename."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.answer import Answer
from marketdata_assets.sources.error_rules import verdict
from marketdata_assets.sources.errors import BadCredentials, NotEntitled, NotFound, RateLimited, Rejected, Unavailable, VendorFault
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.page import page_series
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.registry import vendor
from marketdata_tests.support.loopback import Loopback, Reply
from marketdata_tests.support.virtual_time import VirtualTime, run

pytestmark = pytest.mark.realdata
SOURCE = vendor("alpaca")
DATA, COINS, TRADING = SOURCE.apis
CREDENTIALS = {"key_id": SecretStr("key-0123456789"), "secret_key": SecretStr("secret-0123456789")}


def judged(status: int, text: str) -> tuple[type[VendorFault], str]:
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    found = verdict(DATA.errors, DATA.messages, status, document, text)
    assert found is not None
    return found.raises, found.message


@pytest.mark.parametrize(
    ("name", "status", "fault", "message"),
    [
        ("error__400_end_before_start", 400, Rejected, "end should not be before start"),
        ("error__400_invalid_location", 400, Rejected, "Invalid location: loc"),
        ("error__400_invalid_symbol", 400, Rejected, "invalid symbol: TAOP:NASDAQ"),
        ("error__400_invalid_symbol", 422, Rejected, "invalid symbol: TAOP:NASDAQ"),
        ("error__403_recent_sip", 403, NotEntitled, "subscription does not permit querying recent SIP data"),
        ("error__404_trading_option_contract", 404, NotFound, "option contract TSLA231110C00021000 not found"),
        ("trading_error__code_message", 422, Rejected, "custom error message"),
    ],
)
def test_a_recorded_refusal_is_the_fault_it_means(shared: Path, name: str, status: int, fault: type[VendorFault], message: str) -> None:
    assert judged(status, (shared / "fixtures" / "alpaca" / f"{name}.json").read_text()) == (fault, message)


@pytest.mark.parametrize(
    ("status", "text", "fault"),
    [
        (401, "", BadCredentials),
        (403, '{"message":"forbidden."}', BadCredentials),
        (403, '{"message":"your subscription does not permit querying data from the past 15 minutes"}', NotEntitled),
        (403, "", NotEntitled),
        (404, "Not Found", NotFound),
        (429, "", RateLimited),
        (500, "", Unavailable),
        (504, "", Unavailable),
    ],
)
def test_a_refusal_without_a_recording_goes_by_its_status_and_words(status: int, text: str, fault: type[VendorFault]) -> None:
    assert judged(status, text)[0] is fault


def fetched(server_pages: list[Reply]) -> tuple[list[Answer], list[dict[str, str]], list[dict[str, str]]]:
    """The answers to one question about META, the queries and the keys they came with."""
    window = Window(datetime(2022, 6, 8, tzinfo=UTC), datetime(2022, 6, 14, tzinfo=UTC))
    question = Question("bars", ("META",), window, timeframe("1d"), SOURCE.chosen({"asof": "2022-06-10"}))

    async def scene() -> tuple[list[Answer], list[dict[str, str]], list[dict[str, str]]]:
        async with Loopback().on("/v2/stocks/bars", *server_pages) as server:
            async with Client(DATA.at(server.url), credentials=CREDENTIALS, time=VirtualTime()) as client:
                (request,) = SOURCE.dataset("bars").ask(question)
                answers = [answer async for answer in client.pages(request)]
            return answers, [asked.query for asked in server.asked], [dict(asked.headers) for asked in server.asked]

    return run(scene())


def test_a_company_is_fetched_under_its_new_ticker_page_by_page(shared: Path) -> None:
    pages = [json.loads((shared / "fixtures" / "alpaca" / f"stocks_bars__META_asof_rename_page{n}.json").read_text()) for n in (1, 2)]
    last = {"bars": {}, "next_page_token": None}
    answers, queries, headers = fetched([Reply(json.dumps(page).encode()) for page in (*pages, last)])
    assert queries[0] == {
        "limit": "10000",
        "symbols": "META",
        "timeframe": "1Day",
        "start": "2022-06-08T00:00:00Z",
        "end": "2022-06-13T05:00:00Z",
        "adjustment": "raw",
        "feed": "sip",
        "asof": "2022-06-10",
    }
    assert [query.get("page_token") for query in queries] == [None, *(page["next_page_token"] for page in pages)]
    assert headers[0]["APCA-API-KEY-ID"] == "key-0123456789"
    assert headers[0]["APCA-API-SECRET-KEY"] == "secret-0123456789"
    window = Window(datetime(2022, 6, 8, tzinfo=UTC), datetime(2022, 6, 14, tzinfo=UTC))
    question = Question("bars", ("META",), window, timeframe("1d"), SOURCE.chosen({}))
    now = datetime(2026, 11, 1, tzinfo=UTC)
    bars = [s.bars for a in answers for s in page_series(SOURCE.dataset("bars"), question, a.data, now)]
    closes = [close for frame in bars for close in frame["close"]]
    assert closes == [196.64, 184.0, 175.57, 164.26]
    assert {tape for frame in bars for tape in frame["tape"]} == {"alpaca sip"}


def test_a_refusal_for_too_many_requests_is_waited_out_until_the_quota_changes() -> None:
    refused = Reply(b'{"message":"too many requests."}', 429, {"X-RateLimit-Limit": "200", "X-RateLimit-Remaining": "0"})
    served = Reply(b'{"bars":{},"next_page_token":null}')
    answers, queries, _ = fetched([refused, served])
    assert len(answers) == 1
    assert len(queries) == 2


def test_coins_can_be_asked_for_without_a_key() -> None:
    async def scene() -> list[set[str]]:
        async with Loopback().on("/v1beta3/crypto/us/latest/trades", Reply(b'{"trades":{}}')) as server:
            async with Client(COINS.at(server.url), time=VirtualTime()) as client:
                (request,) = SOURCE.dataset("latest_crypto_trades").ask(Question("latest_crypto_trades", ("BTC/USD",)))
                await client.fetch(request)
            return [{name.lower() for name in asked.headers} for asked in server.asked]

    assert not any("apca-api-key-id" in names for names in run(scene()))
