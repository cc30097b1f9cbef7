"""Whom a vendor's spelling means."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata_assets.core.aliases import parse_aliases
from marketdata_assets.core.faults import SymbolFault
from marketdata_assets.core.identity import Holder
from marketdata_assets.core.instruments import Instrument, Instruments

RENAMED = date(2022, 6, 9)
EVE = RENAMED - timedelta(days=1)


def share(symbol: str, aliases: str = "") -> Instrument:
    return Instrument(symbol, "us_equities", "XNYS", "USD", aliases=parse_aliases(aliases))


def pair(symbol: str, aliases: str = "") -> Instrument:
    return Instrument(symbol, "crypto", "CRYPTO", symbol.rpartition("-")[2], aliases=parse_aliases(aliases))


BOOK = Instruments(
    [
        share("META", "*:FB@2012-05-18..2022-06-09"),
        share("BRK.B", "odd:BERKB"),
        share("WM", "lean:WMI@..2009-08-05; lean:WM@2009-08-05.."),
        share("WAMUQ", "lean:WM@..2008-09-27"),
        share("NA"),
        share("000001"),
        share("1E5"),
        pair("BTC-USD", "gecko:bitcoin"),
        pair("BTC-USDT"),
        pair("ETH-BTC"),
        pair("DOGE-USD"),
    ]
)


def shares(spelling: str, on: date | None = None, source: str = "any") -> str:
    return BOOK.resolve(source, spelling, "us_equities", on)


def test_a_canonical_symbol_means_itself_on_every_day() -> None:
    assert shares("META") == shares("META", date(2015, 1, 2)) == shares("META", RENAMED) == "META"


def test_a_former_ticker_means_its_heir_until_the_day_of_the_rename() -> None:
    assert shares("FB", EVE) == "META"
    assert shares("FB", date(2012, 5, 18)) == "META"
    for day in (RENAMED, date(2012, 5, 17)):
        with pytest.raises(SymbolFault) as caught:
            shares("FB", day, source="tiingo")
        assert "discover --source tiingo" in caught.value.remedy
        assert str(day) in caught.value.tried


def test_without_a_date_a_former_ticker_answers_while_nobody_else_claims_it() -> None:
    assert shares("FB") == "META"
    assert shares("WM", source="lean") == "WM"
    twice = Instruments([share("ONE", "*:OLD@..2001-01-01"), share("TWO", "*:OLD@2002-01-01..")])
    with pytest.raises(SymbolFault):
        twice.resolve("any", "OLD", "us_equities")


def test_a_reused_ticker_resolves_by_date_for_the_source_that_files_by_it() -> None:
    assert shares("WM", date(2005, 1, 3), "lean") == "WAMUQ"
    assert shares("WM", date(2020, 1, 3), "lean") == "WM"
    assert shares("WMI", date(2005, 1, 3), "lean") == "WM"
    with pytest.raises(SymbolFault):
        shares("WM", date(2009, 1, 5), "lean")
    assert shares("WM", date(2005, 1, 3), "tiingo") == "WM"


def test_a_sources_own_alias_is_nobody_elses() -> None:
    assert shares("BERKB", source="odd") == "BRK.B"
    with pytest.raises(SymbolFault):
        shares("BERKB", source="other")


def test_a_sources_own_alias_goes_before_the_one_for_all() -> None:
    book = Instruments([share("ONE", "*:X"), share("TWO", "lean:X")])
    assert book.resolve("lean", "X", "us_equities") == "TWO"
    assert book.resolve("tiingo", "X", "us_equities") == "ONE"


@pytest.mark.parametrize("spelling", ["BRK.B", "BRK-B", "BRK/B", "BRK_B", "BRK B", "brk.b", "brk-b"])
def test_share_classes_are_known_by_any_joint(spelling: str) -> None:
    assert shares(spelling) == "BRK.B"


@pytest.mark.parametrize(
    ("spelling", "symbol"),
    [
        ("BTCUSDT", "BTC-USDT"),
        ("BTC_USDT", "BTC-USDT"),
        ("BTC/USDT", "BTC-USDT"),
        ("btcusdt", "BTC-USDT"),
        ("XBTUSDT", "BTC-USDT"),
        ("XBTUSD", "BTC-USD"),
        ("XBT/USD", "BTC-USD"),
        ("XXBTZUSD", "BTC-USD"),
        ("BTCUSD", "BTC-USD"),
        ("XETHXXBT", "ETH-BTC"),
        ("ETHBTC", "ETH-BTC"),
        ("ETHXBT", "ETH-BTC"),
        ("XDGUSD", "DOGE-USD"),
    ],
)
def test_pairs_are_known_by_their_pattern(spelling: str, symbol: str) -> None:
    assert BOOK.resolve("any", spelling, "crypto") == symbol


def test_a_name_without_a_pattern_needs_an_alias() -> None:
    assert BOOK.resolve("gecko", "bitcoin", "crypto") == "BTC-USD"
    with pytest.raises(SymbolFault):
        BOOK.resolve("binance", "bitcoin", "crypto")


def test_a_guess_that_is_no_instrument_is_refused() -> None:
    for spelling in ("SOLUSDT", "BTC-EUR", "USDT", ""):
        with pytest.raises(SymbolFault):
            BOOK.resolve("binance", spelling, "crypto")


def test_an_asset_class_does_not_answer_for_another() -> None:
    with pytest.raises(SymbolFault):
        BOOK.resolve("any", "BTC-USD", "us_equities")
    with pytest.raises(SymbolFault):
        BOOK.resolve("any", "META", "crypto")


def test_mixed_case_means_something_and_is_not_raised() -> None:
    with pytest.raises(SymbolFault):
        shares("Meta")


@pytest.mark.parametrize("ticker", ["NA", "000001", "1E5"])
def test_tickers_that_look_like_numbers_or_nothing_resolve(ticker: str) -> None:
    assert shares(ticker) == ticker


def test_holders_part_a_spelling_where_its_meaning_changes() -> None:
    assert BOOK.holders("lean", "wm", "us_equities") == [
        Holder(None, date(2008, 9, 27), "WAMUQ"),
        Holder(date(2008, 9, 27), date(2009, 8, 5), None),
        Holder(date(2009, 8, 5), None, "WM"),
    ]
    assert BOOK.holders("tiingo", "WM", "us_equities") == [Holder(None, None, "WM")]
    assert BOOK.holders("tiingo", "NOBODY", "us_equities") == [Holder(None, None, None)]


@given(
    st.dates(date(1990, 1, 1), date(2035, 1, 1)), st.sampled_from(["WM", "wm", "WMI", "FB", "fb", "META"]), st.sampled_from(["lean", "x"])
)
def test_holders_and_resolve_never_differ(day: date, spelling: str, source: str) -> None:
    holders = BOOK.holders(source, spelling, "us_equities")
    assert [a.end for a in holders[:-1]] == [b.start for b in holders[1:]]
    assert holders[0].start is holders[-1].end is None
    (mine,) = [h for h in holders if (h.start is None or h.start <= day) and (h.end is None or day < h.end)]
    try:
        found: str | None = shares(spelling, day, source)
    except SymbolFault:
        found = None
    assert found == mine.symbol


def test_symbols_of_a_class_come_sorted_and_unknown_ones_are_refused() -> None:
    assert BOOK.symbols("crypto") == ["BTC-USD", "BTC-USDT", "DOGE-USD", "ETH-BTC"]
    assert BOOK.get("META").currency == "USD"
    assert "META" in BOOK
    assert len(BOOK) == 11
    with pytest.raises(SymbolFault) as caught:
        BOOK.get("FB")
    assert "marketdata instruments" in caught.value.remedy
