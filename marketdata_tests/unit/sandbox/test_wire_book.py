from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from marketdata_assets.sandbox.market import TRUE, Market
from marketdata_assets.sandbox.planting import Series
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.protocol import Tape

PRICES = ["open", "high", "low", "close"]
TAPE = Tape({"1d": "tiingo", "1m": "lean"}, {"1d": "kraken", "1h": "kraken"})
NOISY = Tape({"1d": TRUE, "1m": TRUE}, noise=0.004)
HISTORY = datetime(2025, 6, 20, 21, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def book(market: Market) -> Book:
    return Book(market, {"first": TAPE, "second": NOISY})


def at(market: Market, instant: datetime) -> Book:
    return Book(market, {"first": TAPE, "second": NOISY}, instant)


def test_bars_are_those_of_the_source_defects_included(market: Market, book: Book) -> None:
    sent = market.feeds(market.spec.update_received)[Series("tiingo", "1d", "DELTOR")]
    bars = book.bars("first", "DELTOR", "1d")
    assert bars.select("timestamp", *PRICES).equals(sent.select("timestamp", *PRICES))
    assert bars.filter(pl.col("low") <= 0).height == 2
    assert book.bars("second", "DELTOR", "1d").filter(pl.col("low") <= 0).height == 0


def test_a_window_is_half_open(book: Book) -> None:
    first, last = datetime(2025, 6, 2, tzinfo=UTC), datetime(2025, 6, 4, tzinfo=UTC)
    assert [stamp.day for stamp in book.bars("first", "BRAVEN", "1d", first, last)["timestamp"]] == [2, 3]


def test_noise_moves_volumes_a_little_and_prices_not_at_all(book: Book) -> None:
    plain, noisy = book.bars("first", "BRAVEN", "1d"), book.bars("second", "BRAVEN", "1d")
    assert plain.select(PRICES).equals(noisy.select(PRICES))
    off = (noisy["volume"] / plain["volume"] - 1).abs()
    assert 0 < off.max() < 0.03  # type: ignore[operator]


def test_noise_of_a_day_does_not_depend_on_when_one_asks(market: Market, book: Book) -> None:
    early = at(market, HISTORY).bars("second", "BRAVEN", "1d")
    assert book.bars("second", "BRAVEN", "1d").head(early.height).equals(early)


def test_trades_add_up_to_their_minute(book: Book) -> None:
    start = datetime(2024, 12, 2, 14, 30, tzinfo=UTC)
    bars = book.bars("first", "ALDERA", "1m", start, start + timedelta(minutes=30))
    made = book.trades("first", "ALDERA", start, start + timedelta(minutes=30))
    summed = made.group_by(pl.col("timestamp").dt.truncate("1m"), maintain_order=True).agg(
        open=pl.first("price"), high=pl.max("price"), low=pl.min("price"), close=pl.last("price"), volume=pl.sum("quantity"), n=pl.len()
    )
    assert summed.select("timestamp", *PRICES, "volume").equals(bars.select("timestamp", *PRICES, "volume"))
    assert summed["n"].to_list() == bars["trade_count"].to_list()
    worth = made.group_by(pl.col("timestamp").dt.truncate("1m"), maintain_order=True).agg(
        pl.col("price").dot("quantity") / pl.sum("quantity")
    )
    assert worth["price"].to_list() == pytest.approx(bars["vwap"].to_list(), abs=1e-6)


def test_trades_of_a_day_without_minutes_lie_in_its_session_and_add_up(book: Book) -> None:
    day = datetime(2023, 7, 3, tzinfo=UTC)
    bar = book.bars("first", "HELIOX", "1d", day, day + timedelta(days=1)).row(0, named=True)
    made = book.trades("first", "HELIOX", day, day + timedelta(days=1))
    assert (made["price"][0], made["price"][-1], made["price"].max(), made["price"].min()) == tuple(
        bar[name] for name in ("open", "close", "high", "low")
    )
    assert made["quantity"].sum() == bar["volume"]
    assert made["timestamp"].is_sorted()
    assert made["timestamp"][0] >= datetime(2023, 7, 3, 13, 30, tzinfo=UTC)
    assert made["timestamp"][-1] < datetime(2023, 7, 3, 17, 0, tzinfo=UTC)  # the half day before Independence Day


def test_the_same_trades_come_from_either_end_and_in_parts(book: Book) -> None:
    start, end = datetime(2024, 12, 2, 14, 30, tzinfo=UTC), datetime(2024, 12, 2, 15, 30, tzinfo=UTC)
    whole = book.trades("first", "BRAVEN", start, end)
    assert book.trades("first", "BRAVEN", start, end, newest_first=True).reverse().equals(whole)
    cut = whole["timestamp"][17]
    assert pl.concat([book.trades("first", "BRAVEN", start, cut), book.trades("first", "BRAVEN", cut, end)]).equals(whole)
    assert book.trades("first", "BRAVEN", start, end, limit=5).equals(whole.head(5))


def test_quotes_enclose_their_trade_and_depth_does_not_cross(book: Book) -> None:
    start, end = datetime(2024, 12, 2, 14, 30, tzinfo=UTC), datetime(2024, 12, 2, 15, 0, tzinfo=UTC)
    made, quoted = book.trades("first", "BRAVEN", start, end), book.quotes("first", "BRAVEN", start, end)
    assert (quoted["bid_price"] <= made["price"]).all()
    assert (made["price"] <= quoted["ask_price"]).all()
    depth = book.depth("first", "SIMA-USDT", 5)
    bids, asks = (depth.filter(pl.col("side") == side)["price"] for side in ("bid", "ask"))
    assert bids.max() < asks.min()  # type: ignore[operator]
    assert bids.is_sorted(descending=True)
    assert asks.is_sorted()


def test_a_late_correction_is_unknown_before_the_second_delivery(market: Market, book: Book) -> None:
    late = market.truth.defects.filter(kind="late_correction", source="tiingo").row(0, named=True)
    stamp = late["first"]
    wrong, right = (float(word.strip(",").rstrip(".")) for word in late["detail"].split() if word[0].isdigit())
    then = at(market, HISTORY).bars("first", late["symbol"], "1d", stamp, stamp + timedelta(days=1))["close"][0]
    now = book.bars("first", late["symbol"], "1d", stamp, stamp + timedelta(days=1))["close"][0]
    assert (then, now) == (wrong, right)


def test_a_day_is_not_there_before_its_open_half_made_until_its_close_and_whole_after(market: Market) -> None:
    day = datetime(2025, 6, 18, tzinfo=UTC)
    known = {hour: at(market, day + timedelta(hours=hour)).bars("first", "BRAVEN", "1d", day).to_dicts() for hour in (13, 15, 20)}
    assert known[13] == []
    whole = known[20][0]
    half = known[15][0]
    assert half["open"] == whole["open"]
    assert half["volume"] == round(whole["volume"] / 2 - 0.25)
    assert min(whole["open"], whole["close"]) <= half["close"] <= max(whole["open"], whole["close"])


def test_a_pair_under_way_is_what_its_file_holds_at_that_moment(market: Market) -> None:
    forming = market.truth.defects.filter(kind="forming_bar", symbol="SIMA-USDT", timeframe="1d").row(0, named=True)
    then = at(market, HISTORY)
    hours = then.bars("first", "SIMA-USDT", "1h", forming["first"])
    day = then.bars("first", "SIMA-USDT", "1d", forming["first"]).row(0, named=True)
    assert hours.height == 22
    assert (day["open"], day["close"], day["high"]) == (hours["open"][0], hours["close"][-1], hours["high"].max())
    assert day["volume"] == pytest.approx(hours["volume"].sum())


def test_longer_bars_are_made_of_shorter_ones(book: Book) -> None:
    start = datetime(2024, 12, 2, 15, tzinfo=UTC)
    minutes = book.bars("first", "ALDERA", "1m", start, start + timedelta(hours=1))
    hour = book.bars("first", "ALDERA", "1h", start, start + timedelta(hours=1)).row(0, named=True)
    assert hour["volume"] == minutes["volume"].sum()
    assert hour["high"] == minutes["high"].max()
    assert hour["vwap"] == pytest.approx((minutes["vwap"] * minutes["volume"]).sum() / minutes["volume"].sum(), abs=1e-5)


def test_what_nobody_has_is_empty(book: Book) -> None:
    assert book.bars("first", "NOBODY", "1d").height == 0
    assert book.trades("first", "NOBODY").height == 0
    assert book.depth("first", "NOBODY", 3).height == 0
    assert book.bars("second", "SIMA-USDT", "1d").height == 0
