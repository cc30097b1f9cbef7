from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from marketdata_assets.sandbox.market import Market
from marketdata_assets.sandbox.wire.server import serving
from marketdata_tests.unit.sandbox.wire_client import Got, get

MAY = "&timeframe=1Day&start=2024-05-13&end=2024-05-17"


@pytest.fixture(scope="module")
def url(market: Market) -> Iterator[str]:
    with serving(market, ["alpaca"], limits=False) as server:
        yield server.urls["alpaca"]


def pages(url: str, path: str, word: str) -> list[tuple[str, dict[str, Any]]]:
    """Every row with its label, over all pages, as they came."""
    found, token = [], ""
    while True:
        document = get(url, f"{path}&page_token={token}").json
        found += [(label, row) for label, rows in document[word].items() for row in rows]
        token = document["next_page_token"]
        if not token:
            return found


def message(got: Got) -> tuple[int, str]:
    return got.status, got.json["message"]


def test_days_are_stamped_midnight_in_new_york_and_both_ends_are_included(url: str) -> None:
    rows = get(url, "/v2/stocks/bars?symbols=BRAVEN&timeframe=1Day&start=2024-03-07&end=2024-03-12").json["bars"]["BRAVEN"]
    assert [row["t"] for row in rows] == ["2024-03-07T05:00:00Z", "2024-03-08T05:00:00Z", "2024-03-11T04:00:00Z", "2024-03-12T04:00:00Z"]
    assert set(rows[0]) == {"t", "o", "h", "l", "c", "v", "n", "vw"}
    assert isinstance(rows[0]["v"], int)
    exact = get(url, "/v2/stocks/bars?symbols=BRAVEN&timeframe=1Day&start=2024-03-08T05:00:00Z&end=2024-03-11T04:00:00Z").json
    assert [row["t"] for row in exact["bars"]["BRAVEN"]] == ["2024-03-08T05:00:00Z", "2024-03-11T04:00:00Z"]


def test_pages_fill_up_symbol_by_symbol_and_together_are_everything_once(url: str) -> None:
    path = f"/v2/stocks/bars?symbols=BRAVEN,ALDERA,NOBODY{MAY}"
    first = get(url, f"{path}&limit=4").json
    assert list(first["bars"]) == ["ALDERA"]
    rows = pages(url, f"{path}&limit=4", "bars")
    whole = get(url, f"{path}&limit=10000").json["bars"]
    assert rows == [("ALDERA", row) for row in whole["ALDERA"]] + [("BRAVEN", row) for row in whole["BRAVEN"]]
    assert len(rows) == 10


def test_a_page_that_ends_between_two_rows_of_one_day_loses_none(url: str) -> None:
    path = "/v2/stocks/bars?symbols=CORDEL.B&timeframe=1Day&start=2023-01-01&end=2025-07-01"
    whole = get(url, f"{path}&limit=10000").json["bars"]["CORDEL.B"]
    stamps = [row["t"] for row in whole]
    double = next(at for at in range(1, len(stamps)) if stamps[at] == stamps[at - 1])
    for limit in (double, double + 1):
        assert [row for _, row in pages(url, f"{path}&limit={limit}", "bars")] == whole
    newest_first = [row for _, row in pages(url, f"{path}&limit={len(whole) - double}&sort=desc", "bars")]
    assert newest_first == whole[::-1]


def test_raw_is_the_default_and_a_split_can_be_adjusted_away(url: str) -> None:
    raw = get(url, f"/v2/stocks/bars?symbols=ALDERA{MAY}").json["bars"]["ALDERA"]
    split = get(url, f"/v2/stocks/bars?symbols=ALDERA{MAY}&adjustment=split").json["bars"]["ALDERA"]
    assert raw[1]["c"] / raw[2]["c"] > 1.8
    assert [row["c"] for row in split] == [row["c"] / 2 if at < 2 else row["c"] for at, row in enumerate(raw)]
    assert split[0]["v"] == 2 * raw[0]["v"]


def test_a_ticker_means_the_company_that_had_it_on_the_day_asked_about(url: str) -> None:
    def days(label: str, asof: str) -> tuple[str, ...]:
        path = f"/v2/stocks/bars?symbols={label}&timeframe=1Day&start=2024-03-28&end=2024-04-03&asof={asof}"
        return tuple(row["t"][:10] for row in get(url, path).json["bars"].get(label, []))

    before, after = ("2024-03-28", "2024-04-01"), ("2024-04-02", "2024-04-03")
    assert days("ELMARK", "") == before + after
    assert days("ELMARK", "2024-04-02") == before + after
    assert days("ELMORE", "2024-04-01") == before + after
    assert days("ELMORE", "2024-04-02") == before
    assert days("ELMARK", "-") == after
    assert days("ELMORE", "-") == before


def test_errors_come_in_the_vendors_words(url: str) -> None:
    bars = "/v2/stocks/bars?symbols=ALDERA&timeframe=1Day"
    assert message(get(url, f"{bars}&start=2024-02-01&end=2024-01-01")) == (400, "end should not be before start")
    assert message(get(url, "/v2/stocks/bars?symbols=TAOP:NASDAQ&timeframe=1Day")) == (400, "invalid symbol: TAOP:NASDAQ")
    assert get(url, f"{bars}&adjustment=raw&adjustment=split").status == 400
    assert get(url, f"{bars}&limit=10001").status == 400
    assert get(url, f"{bars}&page_token=rubbish").status == 400
    assert message(get(url, "/v1beta3/crypto/loc/bars?symbols=SIMA/USDT&timeframe=1Day")) == (400, "Invalid location: loc")
    assert get(url, bars, APCA_API_KEY_ID="wrong").status == 401
    assert get(url, bars, APCA_API_SECRET_KEY="").status == 401
    young = get(url, f"{bars}&start=2025-06-30", APCA_API_KEY_ID="free1")
    assert message(young) == (403, "subscription does not permit querying recent SIP data")
    assert get(url, f"{bars}&start=2025-06-01&end=2025-06-30", APCA_API_KEY_ID="free1").status == 200


def test_an_unknown_symbol_is_absent_or_null(url: str) -> None:
    assert get(url, "/v2/stocks/bars?symbols=NOBODY&timeframe=1Day").json == {"bars": {}, "next_page_token": None}
    assert get(url, "/v2/stocks/NOBODY/bars?timeframe=1Day").json == {"symbol": "NOBODY", "bars": None, "next_page_token": None}
    assert get(url, "/v2/stocks/snapshots?symbols=NOBODY").json == {"NOBODY": None}
    assert get(url, "/v2/stocks/trades/latest?symbols=NOBODY").json == {"trades": {}}


def test_trades_and_quotes_page_without_loss_in_both_directions(url: str) -> None:
    span = "symbols=ALDERA,BRAVEN&start=2024-12-02T14:30:00Z&end=2024-12-02T14:34:59Z"
    for word in ("trades", "quotes"):
        whole = pages(url, f"/v2/stocks/{word}?{span}&limit=10000", word)
        assert len(whole) == 2 * 5 * 8
        assert pages(url, f"/v2/stocks/{word}?{span}&limit=7", word) == whole
        newest = pages(url, f"/v2/stocks/{word}?{span}&limit=7&sort=desc", word)
        assert newest == whole[39::-1] + whole[:39:-1]


def test_minutes_of_a_pair_and_of_a_share_are_asked_alike(url: str) -> None:
    coin = get(url, "/v1beta3/crypto/us/bars?symbols=SIMA/USDT,XXX/USD&timeframe=1Hour&start=2025-06-30T22:00:00Z").json["bars"]
    assert [row["t"] for row in coin["SIMA/USDT"]] == ["2025-06-30T22:00:00Z", "2025-06-30T23:00:00Z"]
    share = get(url, "/v2/stocks/ALDERA/bars?timeframe=15Min&start=2024-12-02T14:30:00Z&end=2024-12-02T14:59:59Z").json["bars"]
    assert [row["t"] for row in share] == ["2024-12-02T14:30:00Z", "2024-12-02T14:45:00Z"]


def test_corporate_actions_are_todays_unless_asked_and_sorted_by_processing(market: Market, url: str) -> None:
    assert get(url, "/v1/corporate-actions").json == {"corporate_actions": {}, "next_page_token": None}
    path = "/v1/corporate-actions?start=2023-01-01&end=2025-06-30"
    found = get(url, f"{path}&types=forward_split,reverse_split,name_change&limit=1000").json["corporate_actions"]
    assert [(row["symbol"], row["new_rate"], row["old_rate"], row["ex_date"]) for row in found["forward_splits"]] == [
        ("ALDERA", 2.0, 1, "2024-05-15"),
        ("GALVEN", 3.0, 1, "2025-02-13"),
    ]
    assert [(row["new_rate"], row["old_rate"]) for row in found["reverse_splits"]] == [(1, 8.0)]
    assert [(row["old_symbol"], row["new_symbol"], row["process_date"]) for row in found["name_changes"]] == [
        ("ELMORE", "ELMARK", "2024-04-02")
    ]
    count, token = 0, ""
    while True:
        page = get(url, f"{path}&limit=7&page_token={token}").json
        count += sum(len(rows) for rows in page["corporate_actions"].values())
        if not (token := page["next_page_token"]):
            break
    whole = get(url, f"{path}&limit=1000").json["corporate_actions"]
    events = market.truth.events
    paid = events.filter(pl.col("kind") == "dividend", pl.col("session") + timedelta(days=21) <= date(2025, 6, 30))
    assert len(whole["cash_dividends"]) == paid.height > 30
    assert count == paid.height + 3 + 1


def test_reference_lists_are_those_of_the_trading_host(url: str) -> None:
    assets = get(url, "/v2/assets").json
    by_symbol = {row["symbol"]: row for row in assets}
    assert by_symbol["FERNOX"]["status"] == "inactive"
    assert by_symbol["SIMA/USDT"]["class"] == "crypto"
    assert get(url, f"/v2/assets/{by_symbol['ALDERA']['id']}").json == by_symbol["ALDERA"]
    half = get(url, "/v2/calendar?start=2024-11-29&end=2024-11-29").json[0]
    assert (half["close"], half["session_close"]) == ("13:00", "1300")
    assert get(url, "/v2/clock").json["next_open"] == "2025-07-01T09:30:00-04:00"


def test_option_lists_hide_far_expiries_and_page_by_token(url: str) -> None:
    near = get(url, "/v2/options/contracts?underlying_symbols=ALDERA").json
    assert near["option_contracts"] == []
    path = "/v1beta1/options/snapshots/ALDERA?limit=3"
    symbols, token = [], ""
    while True:
        page = get(url, f"{path}&page_token={token}").json
        symbols += list(page["snapshots"])
        if not (token := page["next_page_token"]):
            break
    assert len(symbols) == len(set(symbols)) == 20
    assert symbols == sorted(symbols)
    assert get(url, "/v2/options/contracts/NOPE").json["code"] == 40410000
