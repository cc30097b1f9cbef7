from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from marketdata_assets.sandbox.market import Market
from marketdata_assets.sandbox.wire.server import serving
from marketdata_tests.unit.sandbox.wire_client import get


@pytest.fixture(scope="module")
def url(market: Market) -> Iterator[str]:
    with serving(market, ["polygon"], limits=False) as server:
        yield server.urls["polygon"]


def pages(url: str, path: str) -> list[dict[str, Any]]:
    """The rows of every page, links followed by path and query."""
    found: list[dict[str, Any]] = []
    while path:
        document = get(url, path).json
        found += document.get("results", [])
        link = urlsplit(document.get("next_url", ""))
        path = f"{link.path}?{link.query}" if link.path else ""
    return found


def test_prices_are_adjusted_for_splits_unless_raw_ones_are_asked(market: Market, url: str) -> None:
    path = "/v2/aggs/ticker/ALDERA/range/1/day/2024-05-14/2024-05-15"
    adjusted, raw = get(url, path).json, get(url, f"{path}?adjusted=false").json
    truth = market.daily["ALDERA"].filter(session=datetime(2024, 5, 14).date()).row(0, named=True)
    assert (adjusted["adjusted"], raw["adjusted"]) == (True, False)
    assert raw["results"][0]["c"] == truth["close"]
    assert [row["c"] for row in adjusted["results"]] == [raw["results"][0]["c"] / 2, raw["results"][1]["c"]]
    assert datetime.fromtimestamp(raw["results"][0]["t"] / 1000, UTC) == datetime(2024, 5, 14, 4, tzinfo=UTC)
    assert 0 < abs(raw["results"][0]["v"] / truth["volume"] - 1) < 0.02


def test_the_limit_counts_minutes_and_links_lead_through_all_hours(url: str) -> None:
    path = "/v2/aggs/ticker/ALDERA/range/1/hour/2024-12-02/2024-12-03?adjusted=false"
    whole = get(url, path).json
    assert (whole["resultsCount"], whole["queryCount"], "next_url" in whole) == (14, 14, False)
    small = get(url, f"{path}&limit=100").json
    assert small["resultsCount"] == 2  # half an hour, a whole one, and ten minutes that are left to the next page
    assert small["next_url"].startswith("https://api.massive.com/")
    assert pages(url, f"{path}&limit=100") == whole["results"]
    assert pages(url, f"{path}&limit=100&sort=desc") == whole["results"][::-1]


def test_days_page_by_link_and_nothing_has_no_results_at_all(url: str) -> None:
    path = "/v2/aggs/ticker/BRAVEN/range/1/day/2025-05-01/2025-06-30?adjusted=false"
    assert pages(url, f"{path}&limit=7") == get(url, path).json["results"]
    none = get(url, "/v2/aggs/ticker/NOBODY/range/1/day/2025-05-01/2025-06-30").json
    assert "results" not in none
    assert none["resultsCount"] == 0


def test_a_renamed_company_has_its_rows_under_both_tickers(url: str) -> None:
    def days(ticker: str) -> int:
        return int(get(url, f"/v2/aggs/ticker/{ticker}/range/1/day/2024-03-28/2024-04-03").json["resultsCount"])

    assert (days("ELMORE"), days("ELMARK")) == (2, 2)
    events = get(url, "/vX/reference/tickers/ELMARK/events").json["results"]["events"]
    assert (events[0]["ticker_change"]["ticker"], events[0]["date"]) == ("ELMARK", "2024-04-02")
    assert events[1]["ticker_change"]["ticker"] == "ELMORE"
    assert get(url, "/v3/reference/tickers/ELMORE").status == 404
    assert get(url, "/v3/reference/tickers/ELMORE?date=2023-05-01").json["results"]["name"] == "Elmark Inc."


def test_grouped_days_hold_every_share_and_holidays_nothing(url: str) -> None:
    day = get(url, "/v2/aggs/grouped/locale/us/market/stocks/2024-03-20?adjusted=false").json
    assert {row["T"] for row in day["results"]} >= {"ALDERA", "ELMORE", "CORDEL.B"}
    assert "results" not in get(url, "/v2/aggs/grouped/locale/us/market/stocks/2024-07-04").json
    assert get(url, "/v1/open-close/ALDERA/2024-07-04").json["status"] == "NOT_FOUND"


def test_trades_come_newest_first_in_nanoseconds_and_page_without_loss(url: str) -> None:
    span = "timestamp.gte=1733149800000000000&timestamp.lt=1733150100000000000"
    whole = pages(url, f"/v3/trades/ALDERA?{span}")
    assert len(whole) == 5 * 8
    stamps = [row["sip_timestamp"] for row in whole]
    assert stamps == sorted(stamps, reverse=True)
    assert all(stamp > 2**53 for stamp in stamps)
    assert pages(url, f"/v3/trades/ALDERA?{span}&limit=7") == whole
    assert pages(url, f"/v3/trades/ALDERA?{span}&limit=7&order=asc") == whole[::-1]
    assert len(pages(url, f"/v3/quotes/ALDERA?{span}&limit=9")) == 40


def test_lists_filter_sort_and_page(url: str) -> None:
    active = pages(url, "/v3/reference/tickers?limit=5")
    assert [row["ticker"] for row in active] == sorted(row["ticker"] for row in active)
    assert "FERNOX" not in {row["ticker"] for row in active}
    assert [row["delisted_utc"] for row in pages(url, "/v3/reference/tickers?active=false")] == ["2025-02-13T00:00:00Z"]
    paid = pages(url, "/v3/reference/dividends?ticker=HELIOX&limit=3&ex_dividend_date.gte=2024-01-01")
    assert [row["ex_dividend_date"] for row in paid] == sorted((row["ex_dividend_date"] for row in paid), reverse=True)
    assert {row["ticker"] for row in paid} == {"HELIOX"}
    assert min(row["ex_dividend_date"] for row in paid) >= "2024-01-01"
    (reverse,) = pages(url, "/stocks/v1/splits?ticker=DELTOR")
    assert (reverse["split_from"], reverse["split_to"], reverse["historical_adjustment_factor"]) == (8.0, 1.0, 8.0)


def test_errors_come_in_the_vendors_words(url: str) -> None:
    path = "/v2/aggs/ticker/ALDERA/range/1/day/2024-05-14/2024-05-15"
    missing = get(url, path, Authorization="")
    assert (missing.status, missing.json["error"]) == (401, "API Key was not provided")
    assert get(url, path, Authorization="Bearer wrong").json["error"] == "Unknown API Key"
    assert get(url, f"{path}?apiKey=k", Authorization="").status == 200
    assert get(url, f"{path}?limit=50001").json["status"] == "ERROR"
    assert get(url, "/v2/aggs/ticker/ALDERA/range/1/fortnight/2024-05-14/2024-05-15").status == 400
    assert get(url, "/v3/reference/tickers?limit=1001").status == 400
