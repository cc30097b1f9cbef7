"""Polygon's recorded trades, quotes, snapshots, actions and reference data: expected values are those in the recordings' own text."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.errors import SchemaChanged
from marketdata_assets.sources.page import page_rows
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.registry import vendor

pytestmark = pytest.mark.realdata
SOURCE = vendor("polygon")
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def told(dataset: str, document: Any, *symbols: str) -> pl.DataFrame:
    """The rows that the dataset makes of a document, held to its table."""
    found = SOURCE.dataset(dataset)
    length = timeframe("1d") if found.data is Data.BARS else None
    frame = page_rows(found, Question(dataset, symbols, None, length, SOURCE.chosen({}), symbols), document, NOW, "a" * 64)
    if found.data is not Data.BARS or symbols:
        found.table.validate(found.table.conform(frame))
    return frame


def recorded(shared: Path, fixture: str) -> Any:
    return json.loads((shared / "fixtures" / "polygon" / f"{fixture}.json").read_text())


def rows(shared: Path, dataset: str, fixture: str, *symbols: str) -> pl.DataFrame:
    return told(dataset, recorded(shared, fixture), *symbols)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


BAR = ("vendor_symbol", "timestamp", "open", "high", "low", "close", "volume", "vwap", "trade_count")


def test_days_stamped_at_their_close_are_read_by_their_session(shared: Path) -> None:
    # 1602705600000 is 2020-10-14 20:00Z, 1651003200000 is 2022-04-26 20:00Z: four in the afternoon in New York
    everything = {**recorded(shared, "grouped__stocks"), "adjusted": False}
    assert told("grouped_daily", everything).select(BAR).rows() == [
        ("GIK", at("2020-10-14T00:00:00Z"), 9.99, 10.02, 9.9, 10.02, 895345.0, 9.9979, 96)
    ]
    newest = {**recorded(shared, "aggs_prev__AAPL"), "adjusted": False}
    assert told("previous_day", newest, "AAPL").select(BAR).rows() == [
        ("AAPL", at("2022-04-26T00:00:00Z"), 162.25, 162.34, 156.72, 156.8, 95595226.0, 158.6074, 899965)
    ]


@pytest.mark.parametrize(("dataset", "fixture"), [("grouped_daily", "grouped__stocks"), ("previous_day", "aggs_prev__AAPL")])
def test_days_that_are_adjusted_are_refused(shared: Path, dataset: str, fixture: str) -> None:
    with pytest.raises(SchemaChanged, match="adjusted"):
        rows(shared, dataset, fixture, "AAPL")


def test_a_holiday_has_no_grouped_days() -> None:
    assert told("grouped_daily", {"queryCount": 0, "resultsCount": 0, "adjusted": False, "status": "OK"}).height == 0


def test_open_and_close_of_one_day_are_read(shared: Path) -> None:
    assert rows(shared, "open_close", "open_close__AAPL", "AAPL").select(BAR).rows() == [
        ("AAPL", at("2021-04-01T00:00:00Z"), 123.66, 124.18, 122.49, 123.0, 75089134.0, None, None)
    ]


TRADE = ("vendor_symbol", "timestamp", "price", "quantity", "exchange", "trade_id", "conditions", "tape")


def test_trades_are_timed_by_the_tape_to_the_microsecond(shared: Path) -> None:
    # 1517562000016036600 ns is 2018-02-02 09:00:00.016036600 UTC
    assert rows(shared, "trades", "trades__AAPL_oas", "AAPL").select(TRADE).rows() == [
        ("AAPL", at("2018-02-02T09:00:00.016036Z"), 171.55, 100.0, "11", "1", "12,41", "consolidated"),
        ("AAPL", at("2018-02-02T09:00:00.016038Z"), 171.55, 100.0, "11", "2", "12,41", "consolidated"),
    ]
    # 1651181822461979400 ns is 2022-04-28 21:37:02.461979400 UTC
    assert rows(shared, "trades", "trades__AAPL_limit2", "AAPL").select(TRADE).rows() == [
        ("AAPL", at("2022-04-28T21:37:02.461979Z"), 156.43, 10.0, "11", "183276", "12,37,correction=1", "consolidated"),
        ("AAPL", at("2022-04-28T21:37:02.461979Z"), 157.43, 10.0, "12", "183276", "12,37,correction=1", "consolidated"),
    ]


def test_the_newest_trade_and_quote_are_read(shared: Path) -> None:
    assert rows(shared, "latest_trades", "last_trade__AAPL", "AAPL").select(TRADE).rows() == [
        ("AAPL", at("2022-04-28T20:55:19.310617Z"), 166.25, 2.0, "4", "237688", "12,37", "consolidated")
    ]
    order = ("vendor_symbol", "timestamp", "bid_price", "bid_size", "bid_exchange", "ask_price", "ask_size", "ask_exchange")
    assert rows(shared, "latest_quotes", "last_nbbo__AAPL", "AAPL").select(order).rows() == [
        ("AAPL", at("2022-05-10T14:25:54.171838Z"), 155.65, 1.0, "19", 155.66, 14.0, "11")
    ]


def test_quotes_of_two_pages_are_read_newest_first_as_they_came(shared: Path) -> None:
    for page in (1, 2):
        document = recorded(shared, f"quotes__AAPL_page{page}")
        seen = told("quotes", document, "AAPL")
        for name in ("bid_price", "bid_size", "ask_price", "ask_size"):
            assert seen[name].to_list() == [row[name] for row in document["results"]]
        stamps = [row["sip_timestamp"] // 1000 for row in document["results"]]
        assert seen["timestamp"].dt.epoch("us").to_list() == stamps
        assert seen["ask_exchange"].to_list() == [str(row["ask_exchange"]) for row in document["results"]]
    first = rows(shared, "quotes", "quotes__AAPL_page1", "AAPL")
    assert first["timestamp"][0] == at("2022-05-10T14:11:12.800638Z")


def test_a_side_without_a_price_is_empty() -> None:
    quote = {"sip_timestamp": 1652191872800638700, "bid_price": 10.5, "bid_size": 2, "ask_price": 0, "ask_size": 0}
    seen = told("quotes", {"results": [quote]}, "A").select("bid_price", "bid_size", "ask_price", "ask_size", "conditions")
    assert seen.rows() == [(10.5, 2.0, None, None, None)]
    assert told("quotes", {"results": []}, "A").height == 0
    assert told("trades", {"status": "OK"}, "A").height == 0


STATE = (
    *("vendor_symbol", "timestamp", "last_price", "last_size", "bid_price", "bid_size", "ask_price", "ask_size"),
    *("open", "high", "low", "volume", "previous_close"),
)


def test_snapshots_of_many_kinds_leave_out_what_is_not_found(shared: Path) -> None:
    seen = rows(shared, "snapshots", "snapshot_universal", "O:NCLH221014C00005000", "AAPL", "TSLAAPL")
    assert seen.select(STATE).rows() == [
        (
            *("O:NCLH221014C00005000", at("2023-02-01T19:49:18.783136Z"), 0.05, 2.0, 20.9, 172.0, 21.25, 110.0),
            *(6.7, 7.01, 5.42, 67.0, 6.71),
        ),
        (
            *("AAPL", at("2023-02-01T19:49:18.783136Z"), 0.05, 2.0, 20.9, 172.0, 21.25, 110.0),
            *(22.49, 22.49, 21.35, 37.0, 22.45),
        ),
    ]


def test_the_snapshot_of_a_stock_is_read(shared: Path) -> None:
    # 1651251948407646487 ns, the quote's, is the newest: 2022-04-29 17:05:48.407646487 UTC
    assert rows(shared, "stock_snapshot", "snapshot_ticker__AAPL", "AAPL").select(STATE).rows() == [
        (
            *("AAPL", at("2022-04-29T17:05:48.407646Z"), 159.99, 200.0, 159.98, 3.0, 159.99, 5.0),
            *(161.84, 166.2, 159.8, 68840127.0, 163.64),
        )
    ]


ACTION = ("vendor_symbol", "kind", "vendor_kind", "ex_date", "ratio")


def test_splits_are_new_shares_for_one_old(shared: Path) -> None:
    assert rows(shared, "splits", "stocks_v1_splits__AAPL_page1", "AAPL").select(ACTION).rows() == [
        ("AAPL", "split", "forward_split", date(2020, 8, 31), 4.0),
        ("AAPL", "split", "forward_split", date(2014, 6, 9), 7.0),
    ]
    assert rows(shared, "splits", "splits__AAPL_oas", "AAPL").select(ACTION).rows() == [
        ("AAPL", "split", None, date(2020, 8, 31), 4.0),
        ("AAPL", "split", None, date(2005, 2, 28), 2.0),
    ]
    several = rows(shared, "splits", "splits__multi_GOOGL_2022")
    assert several.select("vendor_symbol", "ratio").rows() == [
        *(("GOOGL", 20.0), ("GOOG", 20.0), ("CTO", 3.0), ("SHOP", 10.0), ("SHOP", 10.0)),
        *(("DXCM", 4.0), ("AMZN", 20.0), ("BRW", 0.5), ("CM", 2.0), ("CIG.C", 4 / 3)),
    ]
    assert several["ex_date"].to_list()[-3:] == [date(2022, 5, 20), date(2022, 5, 16), date(2022, 5, 2)]
    assert rows(shared, "splits", "stocks_v1_splits__empty", "AAPL").height == 0


def test_dividends_are_as_declared(shared: Path) -> None:
    order = ("vendor_symbol", "vendor_kind", "declared_on", "ex_date", "record_date", "payable_date", "amount", "currency", "note")
    assert rows(shared, "dividends", "stocks_v1_dividends__AAPL_page1", "AAPL").select(order).rows() == [
        ("AAPL", "unknown", None, date(2012, 8, 9), date(2012, 8, 13), date(2012, 8, 16), 2.65, "USD", "frequency=0"),
        ("AAPL", "unknown", date(2012, 10, 25), date(2012, 11, 7), date(2012, 11, 12), date(2012, 11, 15), 2.65, "USD", "frequency=0"),
    ]
    older = rows(shared, "dividends", "dividends__multi")
    assert older["amount"].to_list() == [*[0.59375] * 7, 0.5, 0.59375, 0.5]
    assert older["vendor_symbol"].to_list() == [*["CSSEN"] * 7, "AIRTP", "CSSEN", "AIRTP"]
    assert older.select(order).row(7) == (
        *("AIRTP", "CD", date(2022, 2, 10), date(2023, 11, 13), date(2023, 11, 14), date(2023, 11, 15)),
        *(0.5, None, "frequency=4"),
    )


@pytest.mark.parametrize(("fixture", "day"), [("ticker_events__META", date(2022, 6, 11)), ("ticker_events__META_oas", date(2022, 6, 9))])
def test_the_tickers_of_a_company_are_renames_after_its_listing(shared: Path, fixture: str, day: date) -> None:
    order = ("vendor_symbol", "kind", "vendor_kind", "ex_date", "old_symbol", "new_symbol")
    assert rows(shared, "ticker_events", fixture, "META").select(order).rows() == [
        ("META", "rename", "ticker_change", day, "FB", "META"),
        ("META", "listing", "ticker_change", date(2012, 5, 18), None, "FB"),
    ]


def test_a_company_without_events_has_no_rows() -> None:
    assert told("ticker_events", {"results": {"name": "X", "events": []}, "status": "OK"}, "X").height == 0


def test_listings_of_two_pages_are_read(shared: Path) -> None:
    order = ("vendor_symbol", "name", "kind", "exchange", "currency", "active", "delisted_on", "identifiers")
    pages = [rows(shared, "listings", f"reference_tickers__page{n}").select(order).rows() for n in (1, 2)]
    assert pages[0] == [
        (
            *("A", "Agilent Technologies Inc.", "CS", "XNYS", "USD", True, None),
            "cik=0001090872,composite_figi=BBG000C2V3D6,share_class_figi=BBG001SCTQY4",
        ),
        (
            *("AA", "Alcoa Corporation", "CS", "XNYS", "USD", True, None),
            "cik=0001675149,composite_figi=BBG00B3T3HD3,share_class_figi=BBG00B3T3HF1",
        ),
    ]
    assert [(row[0], row[2], row[3], row[7]) for row in pages[1]] == [
        ("AAA", "ETF", "ARCX", "composite_figi=BBG00X5FSP48,share_class_figi=BBG00X5FSPZ4"),
        ("AAAU", "ETF", "BATS", "cik=0001708646,composite_figi=BBG00LPXX872,share_class_figi=BBG00LPXX8Z1"),
    ]


def test_a_ticker_was_delisted_the_day_after_its_last_one() -> None:
    gone = {
        "ticker": "TWTR",
        "name": "Twitter, Inc.",
        "market": "stocks",
        "locale": "us",
        "active": False,
        "delisted_utc": "2022-10-31T00:00:00Z",
    }
    assert told("listings", {"results": [gone]}).select("active", "delisted_on").rows() == [(False, date(2022, 11, 1))]


def test_what_is_known_of_a_company_is_a_row_a_field(shared: Path) -> None:
    seen = dict(rows(shared, "profiles", "reference_ticker_details__AAPL", "AAPL").select("name", "value").rows())
    document = recorded(shared, "reference_ticker_details__AAPL")["results"]
    assert seen["name"] == "Apple Inc."
    assert seen["address.postal_code"] == "95014"
    assert seen["market_cap"] == "2488795282370"
    assert seen["active"] == "true"
    assert seen["list_date"] == "1980-12-12"
    assert len(seen) == len(document) - 2 + len(document["address"]) + len(document["branding"])


STORY = (
    "https://www.marketwatch.com/story/"
    "theres-a-big-hole-in-the-feds-theory-of-inflationincomes-are-falling-at-a-record-10-9-rate-11651165705"
)


def test_news_name_their_publisher_and_every_ticker(shared: Path) -> None:
    order = ("article_id", "published_at", "author", "publisher", "symbols", "url")
    assert rows(shared, "news", "news__NFLX", "NFLX").select(order).rows() == [
        (
            *(
                "JeJEhAVoKaqJ2zF9nzQYMg07UlEeWlis6Dsop33TPQY",
                at("2022-04-28T17:08:00Z"),
                "MarketWatch",
                "MarketWatch",
                "MSFT,TSN,NFLX,AMZN",
            ),
            STORY,
        )
    ]
    assert told("news", {"results": [], "status": "OK"}).height == 0


def test_contracts_of_two_pages_are_read(shared: Path) -> None:
    pages = [rows(shared, "option_contracts", f"options_contracts__page{n}", "A") for n in (1, 2)]
    assert pages[0]["strike"].to_list() == [65, 70, 75, 80, 85, 90, 95, 100, 105, 110]
    assert pages[1]["strike"].to_list() == [115, 120, 125, 130, 135, 140, 145, 150, 155, 160]
    order = ("vendor_symbol", "underlying", "kind", "style", "expires_on", "multiplier")
    assert pages[0].select(order).row(0) == ("O:A220520C00065000", "A", "call", "american", date(2022, 5, 20), 100.0)


def test_a_chain_is_read(shared: Path) -> None:
    order = (
        *("vendor_symbol", "underlying", "timestamp", "bid_price", "bid_size", "ask_price", "ask_size", "last_price"),
        *("volume", "open_interest", "implied_volatility", "delta", "gamma", "theta", "vega", "rho"),
    )
    # the trade's stamp, 1678718527714665700 ns, is the newest: 2023-03-13 14:42:07.714665700 UTC
    assert rows(shared, "option_chain", "options_chain__AAPL", "AAPL").select(order).rows() == [
        (
            *("O:AAPL230616C00150000", "AAPL", at("2023-03-13T14:42:07.714665Z"), 28.9, 294.0, 29.25, 209.0, 29.25),
            *(8.0, 8133.0, 0.3570277203465058, 0.6436614934293701, 0.0061735291012820675),
            *(-0.028227189324641973, 0.6381159723175714, None),
        )
    ]


def test_a_part_without_a_price_is_refused() -> None:
    with pytest.raises(SchemaChanged, match="price"):
        told("snapshots", {"results": [{"ticker": "A", "last_trade": {"prize": 1, "size": 1}}]}, "A")


def test_spans_are_asked_for_by_expiry() -> None:
    window = Window(datetime(2022, 5, 1, tzinfo=UTC), datetime(2022, 6, 1, tzinfo=UTC))
    asked = SOURCE.dataset("option_contracts").ask(Question("option_contracts", ("A",), window))
    assert [request.params["expired"] for request in asked] == [False, True]
    assert asked[0].url("https://h") == (
        "https://h/v3/reference/options/contracts?sort=ticker&order=asc&limit=1000&underlying_ticker=A&expired=false"
        "&expiration_date.gte=2022-05-01&expiration_date.lte=2022-05-31"
    )
