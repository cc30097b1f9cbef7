from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date

import pytest

from marketdata_assets.sandbox.market import Market
from marketdata_assets.sandbox.wire.server import serving
from marketdata_tests.unit.sandbox.sent import rows as file_rows
from marketdata_tests.unit.sandbox.wire_client import Got, get


@pytest.fixture(scope="module")
def url(market: Market) -> Iterator[str]:
    with serving(market, ["alphavantage"], limits=False) as server:
        yield server.urls["alphavantage"]


def ask(url: str, function: str, key: str = "k", **params: str) -> Got:
    query = "&".join(f"{name}={value}" for name, value in params.items())
    return get(url, f"/query?function={function}&apikey={key}&{query}")


def table(got: Got) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(got.body.decode(), newline="")))


def test_the_csv_is_what_the_vendors_file_holds_doubled_rows_included(market: Market, url: str) -> None:
    got = table(ask(url, "TIME_SERIES_DAILY", symbol="CORDEL-B", outputsize="full", datatype="csv"))
    filed = file_rows(market.deliveries()[1], "alphavantage", "1d", "CORDEL.B")
    assert [row["timestamp"] for row in got] == [f"{stamp:%Y-%m-%d}" for stamp in filed["timestamp"]]
    assert [float(row["close"]) for row in got] == filed["close"].to_list()
    assert len({row["timestamp"] for row in got}) == len(got) - 1


def test_json_has_numbered_keys_texts_and_a_hundred_rows_newest_first(url: str) -> None:
    document = ask(url, "TIME_SERIES_DAILY", symbol="BRAVEN").json
    series = document["Time Series (Daily)"]
    assert document["Meta Data"]["5. Time Zone"] == "US/Eastern"
    assert len(series) == 100
    assert list(series) == sorted(series, reverse=True)
    newest = series["2025-06-30"]
    assert list(newest) == ["1. open", "2. high", "3. low", "4. close", "5. volume"]
    assert len(newest["1. open"].partition(".")[2]) == 4


def test_only_the_adjusted_close_is_adjusted(market: Market, url: str) -> None:
    got = ask(url, "TIME_SERIES_DAILY_ADJUSTED", symbol="HELIOX", outputsize="full", datatype="csv")
    rows = {row["timestamp"]: row for row in table(got)}
    (paid,) = (row for row in rows.values() if row["timestamp"].startswith("2025-05") and float(row["dividend_amount"]) > 0)
    before = max(day for day in rows if day < paid["timestamp"])
    expected = float(rows[before]["close"]) - float(paid["dividend_amount"])
    assert float(rows[before]["adjusted_close"]) == pytest.approx(expected)
    assert rows["2025-06-30"]["adjusted_close"] == rows["2025-06-30"]["close"]


def test_intraday_is_told_by_new_yorks_clock_for_a_month(url: str) -> None:
    got = table(ask(url, "TIME_SERIES_INTRADAY", symbol="ALDERA", interval="60min", month="2024-12", outputsize="full", datatype="csv"))
    assert got[-1]["timestamp"] == "2024-12-02 09:00:00"
    assert got[0]["timestamp"] == "2024-12-31 15:00:00"
    assert "Error Message" in ask(url, "TIME_SERIES_INTRADAY", symbol="ALDERA", interval="7min").json


def test_reference_functions_answer_in_both_forms(url: str) -> None:
    assert table(ask(url, "SPLITS", symbol="DELTOR", datatype="csv")) == [{"effective_date": "2024-09-27", "split_factor": "0.1250"}]
    assert ask(url, "SPLITS", symbol="DELTOR").json["data"] == [{"effective_date": "2024-09-27", "split_factor": "0.1250"}]
    paid = ask(url, "DIVIDENDS", symbol="HELIOX").json["data"]
    assert [row["ex_dividend_date"] for row in paid] == sorted((row["ex_dividend_date"] for row in paid), reverse=True)
    gone = table(ask(url, "LISTING_STATUS", state="delisted"))
    assert [(row["symbol"], row["delistingDate"], row["status"]) for row in gone] == [("FERNOX", "2025-02-13", "Delisted")]
    then = {row["symbol"] for row in table(ask(url, "LISTING_STATUS", date="2023-06-01"))}
    assert {"ELMORE", "FERNOX", "CORDEL-B"} <= then
    assert not {"ELMARK", "NORVEX"} & then
    quote = ask(url, "GLOBAL_QUOTE", symbol="ALDERA").json["Global Quote"]
    assert date.fromisoformat(quote["07. latest trading day"]) == date(2025, 6, 30)
    overview = ask(url, "OVERVIEW", symbol="ALDERA").json
    assert all(isinstance(value, str) for value in overview.values())


def test_complaints_come_with_status_200_even_where_csv_was_asked(url: str) -> None:
    for got in (
        ask(url, "TIME_SERIES_DAILY", symbol="NOBODY", datatype="csv"),
        ask(url, "TIME_SERIES_DAILY", symbol="BRAVEN", outputsize="huge"),
        ask(url, "NOTHING"),
    ):
        assert got.status == 200
        assert got.json["Error Message"].startswith("Invalid API call.")
    assert "apikey is invalid or missing" in ask(url, "SPLITS", key="wrong", symbol="ALDERA").json["Error Message"]
    assert ask(url, "OVERVIEW", symbol="NOBODY").json == {}
    assert ask(url, "GLOBAL_QUOTE", symbol="NOBODY").json == {"Global Quote": {}}
    premium = ask(url, "TIME_SERIES_DAILY", key="free1", symbol="BRAVEN", outputsize="full", datatype="csv").json
    assert "premium feature for the TIME_SERIES_DAILY endpoint" in premium["Information"]
