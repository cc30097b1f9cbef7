"""Alpaca's recorded corporate actions, listings, sessions, news and options: expected values are those in the recordings' own text."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.sources.errors import SchemaChanged
from marketdata_assets.sources.page import page_rows
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.registry import vendor

pytestmark = pytest.mark.realdata
SOURCE = vendor("alpaca")
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def told(dataset: str, document: Any, *symbols: str) -> pl.DataFrame:
    """The rows that the dataset makes of a document, held to its table."""
    found = SOURCE.dataset(dataset)
    frame = page_rows(found, Question(dataset, symbols, options=SOURCE.chosen({})), document, NOW, "a" * 64)
    found.table.validate(found.table.conform(frame))
    return frame


def rows(shared: Path, dataset: str, fixture: str, *symbols: str) -> pl.DataFrame:
    return told(dataset, json.loads((shared / "fixtures" / "alpaca" / f"{fixture}.json").read_text()), *symbols)


def test_every_kind_of_corporate_action_has_its_place(shared: Path) -> None:
    seen = rows(shared, "corporate_actions", "corporate_actions__synthetic_cusips")
    order = ("vendor_kind", "kind", "vendor_symbol", "ratio", "amount", "old_symbol", "new_symbol", "note")
    assert seen.select(order).rows() == [
        ("reverse_split", "split", "MNTS", 1 / 50, None, None, None, None),
        ("forward_split", "split", "SRE", 2.0, None, None, None, None),
        ("unit_split", "other", "TPBAU", 1.0, None, None, "LVRO", "and 0.3333 LVROW"),
        ("stock_dividend", "stock_dividend", "MSBC", 1.05, None, None, None, None),
        ("cash_dividend", "cash_dividend", "FCF", None, 0.125, None, None, None),
        ("spin_off", "spin_off", "JUPW", 1 / 19.35, None, None, "SRM", None),
        ("cash_merger", "merger", "GLOP", None, 5.37, None, None, None),
        ("stock_merger", "merger", "LSI", 0.895, None, None, "EXR", None),
        ("stock_and_cash_merger", "merger", "MLVF", 0.7733, 7.8, None, "FRBA", None),
        ("redemption", "other", "ORPHY", None, 0.141134, None, None, None),
        ("name_change", "rename", "VFS", None, None, "BSAQ", "VFS", None),
        ("worthless_removal", "delisting", "ATNXQ", None, None, None, None, None),
        ("rights_distribution", "other", "IFN", 1.0, None, None, "IFN.RTWI", None),
    ]
    assert seen["event_id"][0] == "a7932b15-f816-4f83-921e-998b524487b0"


def test_the_ex_date_of_an_action_is_never_its_payable_date(shared: Path) -> None:
    seen = rows(shared, "corporate_actions", "corporate_actions__synthetic_cusips")
    dates = {row["vendor_kind"]: (row["ex_date"], row["payable_date"], row["process_date"]) for row in seen.iter_rows(named=True)}
    assert dates["forward_split"] == (date(2023, 8, 22), date(2023, 8, 21), date(2023, 8, 22))
    assert dates["cash_dividend"] == (date(2023, 5, 4), date(2023, 5, 19), date(2023, 5, 19))
    assert dates["stock_merger"] == (date(2023, 7, 20), date(2023, 7, 20), date(2023, 7, 20))
    assert dates["name_change"] == (None, None, date(2023, 8, 15))
    assert dates["redemption"] == (None, date(2023, 6, 13), date(2023, 6, 13))


def test_actions_recorded_before_ids_existed_are_read(shared: Path) -> None:
    seen = rows(shared, "corporate_actions", "corporate_actions__all_kinds_2024-03")
    splits = seen.filter(pl.col("kind") == "split").select("vendor_symbol", "ratio", "ex_date", "record_date", "event_id").rows()
    assert splits == [
        ("FBL", 5.0, date(2024, 3, 13), date(2024, 3, 11), None),
        ("NVDL", 6.0, date(2024, 3, 13), date(2024, 3, 11), None),
    ]
    renames = seen.filter(pl.col("kind") == "rename").select("old_symbol", "new_symbol").rows()
    assert renames == [
        ("ESAC", "ZEO"),
        ("ESACW", "ZEOWW"),
        ("INPX", "XTIA"),
        ("IRRX.WS", "IRRXW"),
        ("LBBB", "NMHI"),
        ("LBBBW", "NMHIW"),
        ("POLC", "POLCQ"),
        ("RIDEQ", "NRDE"),
        ("SASI", "NTRP"),
    ]
    assert seen.filter(pl.col("kind") == "merger").select("vendor_symbol", "new_symbol", "ratio").rows() == [
        ("FAZE", "GAME", 0.13091),
        ("LBBBR", "NMHI", 0.1),
    ]
    assert seen.filter(pl.col("kind") == "delisting")["vendor_symbol"].to_list() == ["EACPW", "ZSANQ"]
    assert seen.height == 15


def test_flags_of_a_dividend_stand_in_its_note_and_a_new_kind_is_kept_as_other() -> None:
    dividend = {"symbol": "A", "rate": 1, "special": True, "foreign": False, "sub_type": "return_of_capital", "process_date": "2026-01-05"}
    spin = {"symbol": "B", "process_date": "2026-01-06"}
    seen = told(
        "corporate_actions", {"corporate_actions": {"cash_dividends": [dividend], "metamorphoses": [spin]}, "next_page_token": None}
    )
    assert seen.select("kind", "vendor_kind", "vendor_symbol", "amount", "note").rows() == [
        ("cash_dividend", "cash_dividend", "A", 1.0, "special, return_of_capital"),
        ("other", "metamorphose", "B", None, None),
    ]
    assert told("corporate_actions", {"corporate_actions": {}, "next_page_token": None}).height == 0


def test_a_split_without_its_rates_is_refused() -> None:
    with pytest.raises(SchemaChanged, match="new_rate"):
        told("corporate_actions", {"corporate_actions": {"forward_splits": [{"symbol": "A", "process_date": "2026-01-05"}]}})


def test_actions_are_asked_for_with_both_dates() -> None:
    window = Window(datetime(2024, 3, 11, tzinfo=UTC), datetime(2024, 3, 15, tzinfo=UTC))
    (request,) = SOURCE.dataset("corporate_actions").ask(Question("corporate_actions", ("AAPL", "BRK.B"), window))
    assert dict(request.params) == {"limit": 1000, "symbols": "AAPL,BRK.B", "start": "2024-03-11", "end": "2024-03-14"}


def test_assets_are_read(shared: Path) -> None:
    seen = rows(shared, "listings", "trading_assets__AAPL")
    order = ("vendor_symbol", "name", "kind", "exchange", "active", "base", "identifiers")
    identifiers = "alpaca=904837e3-3b76-47ec-b432-046db621571b"
    assert seen.select(order).rows() == [("AAPL", "Apple Inc. Common Stock", "us_equity", "NASDAQ", True, None, identifiers)]
    coin = {"id": "x", "class": "crypto", "exchange": "CRYPTO", "symbol": "BTC/USD", "name": "Bitcoin", "status": "inactive", "cusip": "1"}
    row = told("crypto_listings", [coin]).row(0, named=True)
    assert (row["base"], row["currency"], row["active"], row["identifiers"]) == ("BTC", "USD", False, "alpaca=x,cusip=1")
    assert told("listings", []).height == 0


def test_sessions_are_read_in_new_york_time(shared: Path) -> None:
    seen = rows(shared, "market_calendar", "trading_calendar__sample").select("exchange", "session", "opens_at", "closes_at").rows()
    assert seen == [
        ("XNYS", date(2022, 5, d), datetime(2022, 5, d, 13, 30, tzinfo=UTC), datetime(2022, 5, d, 20, tzinfo=UTC)) for d in (16, 17)
    ]
    short = {"date": "2024-11-29", "open": "09:30", "close": "13:00", "session_open": "0400", "session_close": "1700"}
    (half,) = told("market_calendar", [short]).select("opens_at", "closes_at").rows()
    assert half == (datetime(2024, 11, 29, 14, 30, tzinfo=UTC), datetime(2024, 11, 29, 18, tzinfo=UTC))
    assert told("market_calendar", []).height == 0


def test_news_keep_every_symbol(shared: Path) -> None:
    order = ("article_id", "published_at", "updated_at", "headline", "author", "symbols")
    first = rows(shared, "news", "news__page1").select(order).rows()
    second = rows(shared, "news", "news__page2").select(order).rows()
    assert [row[0] for row in (*first, *second)] == ["20472678", "20472512", "20471562"]
    assert first[0][3:] == ("CEO John Krafcik Leaves Waymo", "Bibhu Pattnaik", "GOOG,GOOGL,TSLA")
    assert second[0][1:3] == (datetime(2021, 4, 3, 12, 31, 15, tzinfo=UTC), datetime(2021, 4, 3, 12, 31, 16, tzinfo=UTC))
    assert first[1][5] == "AAPL,ARKX,BMY,CS,GM,JBLU,JCI,LULU,NIO,TSLA,XPEV"
    assert told("news", {"news": [], "next_page_token": None}).height == 0


@pytest.mark.parametrize("name", ["trading_option_contracts__AAPL", "trading_option_contracts__page1_token"])
def test_contracts_are_read_and_their_size_is_no_multiplier(shared: Path, name: str) -> None:
    order = ("vendor_symbol", "underlying", "kind", "style", "strike", "expires_on", "multiplier", "open_interest", "active")
    assert rows(shared, "option_contracts", name, "AAPL").select(order).rows() == [
        ("AAPL231103C00170000", "AAPL", "call", "american", 170.0, date(2023, 11, 3), None, 0.0, True)
    ]


def test_contracts_are_asked_for_beyond_the_next_weekend() -> None:
    dataset = SOURCE.dataset("option_contracts")
    (request,) = dataset.ask(Question("option_contracts", ("AAPL",)))
    assert (request.params["expiration_date_lte"], request.params["status"]) == ("2100-01-01", "active")
    window = Window(datetime(2023, 11, 1, tzinfo=UTC), datetime(2023, 12, 1, tzinfo=UTC))
    asked = dataset.ask(Question("option_contracts", ("AAPL",), window))
    assert [r.params["status"] for r in asked] == ["active", "inactive"]
    assert {(r.params["expiration_date_gte"], r.params["expiration_date_lte"]) for r in asked} == {("2023-11-01", "2023-11-30")}


STATE = (
    "vendor_symbol",
    "underlying",
    "timestamp",
    "bid_price",
    "bid_size",
    "ask_price",
    "ask_size",
    "last_price",
    "implied_volatility",
    "delta",
)


def test_a_chain_is_read_with_what_each_contract_has(shared: Path) -> None:
    assert rows(shared, "option_chain", "options_chain__AAPL_filtered_page1", "AAPL").select(STATE).rows() == [
        (
            *("AAPL240426C00152500", "AAPL", datetime(2024, 4, 24, 19, 59, 59, 782060, tzinfo=UTC)),
            *(16.25, 80.0, 17.0, 91.0, 15.87, None, None),
        )
    ]
    page = rows(shared, "option_chain", "options_chain__AAPL_filtered_page2", "AAPL")
    assert page.select("last_price", "implied_volatility", "delta", "gamma", "theta", "vega", "rho").rows() == [
        (
            *(14.28, 0.9871160931510816, 0.9567110374646104, 0.010515010903989475),
            *(-0.42275702792812153, 0.008131530784084512, 0.004041091409185355),
        )
    ]
    nio = rows(shared, "option_chain", "options_chain__NIO", "NIO").select(STATE).rows()
    assert nio == [
        (
            *("NIO240719P00002000", "NIO", datetime(2024, 3, 6, 20, 59, 5, 378523, tzinfo=UTC)),
            *(0.03, 1143.0, 1.24, 2183.0, None, None, None),
        ),
        (
            *("NIO240405P00004000", "NIO", datetime(2024, 3, 7, 15, 53, 37, 134486, tzinfo=UTC)),
            *(0.03, 1726.0, 0.05, 3041.0, 0.05, None, None),
        ),
    ]


def test_contracts_by_name_are_read(shared: Path) -> None:
    assert rows(shared, "option_snapshots", "options_snapshots__SPXW", "SPXW240327P04925000").select(STATE).rows() == [
        (
            *("SPXW240327P04925000", None, datetime(2024, 3, 7, 13, 56, 22, 278961, tzinfo=UTC)),
            *(11.3, 180.0, 11.6, 59.0, 14.85, None, None),
        )
    ]
    seen = rows(shared, "latest_option_quotes", "options_quotes_latest__SPXW", "SPXW240327P04925000")
    assert seen.select("vendor_symbol", "timestamp", "bid_price", "bid_size", "ask_price", "ask_size").rows() == [
        ("SPXW240327P04925000", datetime(2024, 3, 7, 13, 54, 51, 985563, tzinfo=UTC), 11.4, 172.0, 11.7, 103.0)
    ]
