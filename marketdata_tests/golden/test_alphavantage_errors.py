"""Every refusal that Alpha Vantage was seen to give, all with status 200, is the right fault; the key it repeats is nowhere."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.errors import BadCredentials, NotEntitled, NotFound, RateLimited, Rejected, VendorFault
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.vendors.alphavantage import SOURCE, api
from marketdata_tests.support.loopback import js
from marketdata_tests.support.vendor_answers import everything, recorded, told

KEY = "CANARY0123456789"
DAILY = SOURCE.dataset("daily").ask(
    Question("daily", ("IBM",), Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)), timeframe("1d"))
)[0]
SPLITS = api.SPLITS.request({"symbol": "IBM"})
KEYS = {"api_key": KEY}


@pytest.mark.realdata
@pytest.mark.parametrize("request_", [DAILY, SPLITS], ids=["json", "csv"])
@pytest.mark.parametrize(
    ("name", "fault", "words", "wait"),
    [
        ("error__invalid_api_call.json", NotFound, "Invalid API call", None),
        ("error__invalid_apikey.json", BadCredentials, "apikey is invalid or missing", None),
        ("notice__burst_1_per_second.json", RateLimited, "1 request per second", 1.5),
        ("notice__daily_quota.json", RateLimited, "25 requests per day", 86_400.0),
        ("notice__daily_quota_key_echo.json", RateLimited, "25 requests per day", 86_400.0),
        ("notice__premium_outputsize_full.json", NotEntitled, "outputsize=full parameter value is a premium feature", None),
        ("REALTIME_OPTIONS__premium_sample.json", NotEntitled, "ARTIFICIAL", None),
        ("REALTIME_BULK_QUOTES__premium_sample.json", NotEntitled, "ARTIFICIAL", None),
    ],
)
def test_a_recorded_notice_is_its_fault_in_place_of_json_and_of_csv(
    shared: Path, request_: Request, name: str, fault: type[VendorFault], words: str, wait: float | None
) -> None:
    found = told(SOURCE, request_, recorded(shared / "fixtures" / "alphavantage" / name), credentials=KEYS)
    assert type(found.fault) is fault
    assert words in found.fault.found
    assert found.fault.wait == wait
    assert not found.answers


@pytest.mark.realdata
def test_an_unknown_symbol_is_an_empty_object(shared: Path) -> None:
    quote = recorded(shared / "fixtures/alphavantage/GLOBAL_QUOTE__unknown_symbol.json")
    for request, reply in ((api.QUOTE.request({"symbol": "NOPE"}), quote), (api.OVERVIEW.request({"symbol": "NOPE"}), js({}))):
        assert type(told(SOURCE, request, reply, credentials=KEYS).fault) is NotFound


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ({"Note": "Our standard API call frequency is 5 calls per minute and 500 calls per day."}, RateLimited),
        ({"Information": "Thank you for using Alpha Vantage! This is a premium endpoint."}, NotEntitled),
        ({"Information": "The **demo** API key is for demo purposes only."}, BadCredentials),
        ({"Information": "something nobody has seen"}, Rejected),
        ({"Error Message": "something nobody has seen"}, Rejected),
    ],
)
def test_older_and_unknown_wordings_are_faults_too(document: dict[str, str], fault: type[VendorFault]) -> None:
    assert type(told(SOURCE, DAILY, js(document), credentials=KEYS).fault) is fault


def test_the_key_that_the_vendor_repeats_is_found_nowhere(tmp_path: Path) -> None:
    notice = {"Information": f"We have detected your API key as {KEY} and our standard API rate limit is 25 requests per day."}
    found = told(SOURCE, DAILY, js(notice), credentials=KEYS, state=tmp_path)
    assert found.asked[0].query["apikey"] == KEY
    assert type(found.fault) is RateLimited
    assert found.written[0][1].scrubbed
    assert KEY not in everything(found)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert all(KEY not in path.name and KEY.encode() not in path.read_bytes() for path in files)


def test_a_day_that_is_used_up_is_not_waited_for_and_a_second_is() -> None:
    burst = {"Information": "Please consider spreading out your free API requests more sparingly (1 request per second)."}
    good = {"Meta Data": {"2. Symbol": "IBM", "5. Time Zone": "US/Eastern"}, "Time Series (Daily)": {}}
    found = told(SOURCE, DAILY, js(burst), js(good), credentials=KEYS, attempts=3)
    assert len(found.answers) == 1
    assert found.asked[1].at >= found.asked[0].at
    spent = told(SOURCE, DAILY, js({"Information": "Our standard API rate limit is 25 requests per day."}), credentials=KEYS, attempts=3)
    assert len(spent.asked) == 1
    assert spent.fault is not None
    assert spent.fault.final


def test_the_free_plan_sends_no_more_than_25_requests_a_day_and_the_smallest_premium_plan_does() -> None:
    free, premium = (SOURCE.plan(name).budgets["default"] for name in ("free", "premium_75"))
    assert [(quota.limit, quota.per, quota.burst) for quota in free.quotas] == [(25, 86_400.0, 25), (1, 1.0, 1)]
    assert [(quota.limit, quota.per) for quota in premium.quotas] == [(75, 60.0)]
