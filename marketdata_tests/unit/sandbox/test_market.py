"""The simulated market as it really went: prices, shares, events, sessions."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core.instruments import format_instruments
from marketdata_assets.core.sessions import calendar
from marketdata_assets.reference import load_instruments
from marketdata_assets.sandbox.market import Market, simulate, write_landing
from marketdata_assets.sandbox.spec import Spec

SHORT = Spec(start=date(2024, 1, 2), end=date(2025, 3, 1), crypto_start=date(2024, 10, 1), crypto_hourly_months=2)


def digest(market: Market) -> str:
    whole = hashlib.sha256()
    for delivery in market.deliveries():
        whole.update(delivery.received_at.isoformat().encode())
        for file in delivery.files:
            whole.update(f"{file.source}/{file.path}/{len(file.data)}".encode() + file.data)
    for frame in market.truth:
        whole.update(frame.write_csv().encode())
    return whole.hexdigest()


def test_the_same_spec_gives_the_same_bytes_in_another_process(market: Market) -> None:
    code = "from marketdata_tests.unit.sandbox.test_market import digest, simulate; print(digest(simulate()))"
    root = Path(__file__).resolve().parents[3]
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert other.stdout.strip() == digest(market)


def test_another_seed_gives_another_market_with_the_same_defects() -> None:
    one, other = simulate(SHORT), simulate(replace(SHORT, seed=1))
    assert digest(one) != digest(other)
    told = ["kind", "rule", "source", "timeframe", "symbol", "first", "last", "rows"]
    lasting = [market.truth.defects.filter(pl.col("kind") != "forming_bar").select(told) for market in (one, other)]
    assert lasting[0].equals(lasting[1])


def test_asking_for_more_symbols_changes_nobody_elses_bars() -> None:
    few, many = simulate(SHORT), simulate(replace(SHORT, extra_equities=20))
    for symbol, bars in few.daily.items():
        assert many.daily[symbol].equals(bars)
    assert len(many.daily) == len(few.daily) + 20


def test_a_later_end_only_adds_bars() -> None:
    quiet = replace(SHORT, extra_equities=3)
    longer = simulate(replace(quiet, end=date(2025, 6, 1)))
    for symbol in ("SIM001", "SIM002", "SIM003"):
        before = simulate(quiet).daily[symbol]
        assert longer.daily[symbol].head(before.height).equals(before)


def test_it_grows_to_the_size_of_the_default_universe() -> None:
    market = simulate(replace(SHORT, extra_equities=116, minute_months=0))
    assert len(market.instruments.symbols("us_equities")) == len(market.daily) == 130


def test_no_simulated_ticker_exists_on_an_american_exchange(market: Market, project: Path) -> None:
    """American tickers have at most five letters before the class."""
    real = load_instruments(project / "data" / "reference" / "instruments.csv")
    assert not {row.symbol for row in market.instruments} & {row.symbol for row in real}
    assert all(len(symbol.partition(".")[0]) >= 6 for symbol in market.instruments.symbols("us_equities"))
    assert all(symbol.startswith("SIM") for symbol in market.instruments.symbols("crypto"))


def test_the_instruments_file_in_the_project_is_the_default_markets(market: Market, project: Path) -> None:
    path = project / "data" / "reference" / "simulated_instruments.csv"
    assert path.read_text() == format_instruments(market.instruments)


def test_prices_are_positive_on_the_cent_and_enclosed_by_high_and_low(market: Market) -> None:
    bars = market.truth.bars
    body = pl.max_horizontal("open", "close"), pl.min_horizontal("open", "close")
    assert bars.filter((pl.col("low") <= 0) | (pl.col("high") < body[0]) | (pl.col("low") > body[1]) | (pl.col("volume") <= 0)).is_empty()
    shares = bars.filter(~pl.col("symbol").str.contains("-"))
    cents = pl.col("open", "high", "low", "close") * 100
    assert shares.select((cents - cents.round()).abs().max()).row(0) == pytest.approx((0, 0, 0, 0), abs=1e-6)


def test_a_companys_sessions_are_the_exchanges_less_its_own_silences(market: Market) -> None:
    every = calendar("XNYS").sessions(market.spec.start, market.spec.end)["session"]
    halts = dict(market.truth.events.filter(pl.col("kind") == "halt", pl.col("value").is_null()).select("symbol", "session").iter_rows())
    for symbol, bars in market.daily.items():
        row = market.instruments.get(symbol)
        expected = [
            day
            for day in every
            if (row.listed_on is None or day >= row.listed_on)
            and (row.delisted_on is None or day < row.delisted_on)
            and day != halts.get(symbol)
        ]
        assert bars["session"].to_list() == expected
    assert len(halts) == 1


def test_the_market_has_splits_a_rename_a_listing_a_delisting_and_half_days(market: Market) -> None:
    kinds = market.truth.events["kind"].value_counts().sort("kind")
    counted = dict(kinds.iter_rows())
    assert counted["split"] == 2
    assert counted["reverse_split"] == counted["rename"] == counted["listing"] == counted["delisting"] == counted["real_move"] == 1
    assert counted["halt"] == 2
    assert counted["dividend"] >= 30
    half = market.truth.events.filter(pl.col("kind") == "half_day")
    assert half["session"].to_list() == [date(2023, 7, 3), date(2023, 11, 24), date(2024, 7, 3), date(2024, 11, 29), date(2024, 12, 24)]
    assert set(half["value"]) == {210.0}


def test_a_split_shows_in_the_price_and_in_the_share_count_and_not_in_their_product(market: Market) -> None:
    splits = market.truth.events.filter(pl.col("kind").is_in(["split", "reverse_split"]))
    assert sorted(splits["value"]) == [0.125, 2.0, 3.0]
    for symbol, day, ratio in splits.select("symbol", "session", "value").iter_rows():
        before, after = market.daily[symbol].filter(pl.col("session") <= day).tail(2).iter_rows(named=True)
        assert after["session"] == day
        assert after["split_ratio"] == ratio
        assert after["shares"] == before["shares"] * ratio
        assert after["open"] * ratio / before["close"] == pytest.approx(1, abs=0.08)
        assert after["open"] * after["shares"] == pytest.approx(before["close"] * before["shares"], rel=0.08)
        assert not 0.7 < after["open"] / before["close"] < 1.4


def test_nothing_moves_by_a_third_without_an_event(market: Market) -> None:
    events = market.truth.events.filter(pl.col("kind").is_in(["split", "reverse_split", "real_move"])).select("symbol", "session")
    bars = pl.concat(market.daily.values())
    move = (pl.col("close") / pl.col("close").shift(1).over("symbol") - 1).abs()
    large = bars.filter(move > 0.3).select("symbol", "session")
    assert large.join(events, on=["symbol", "session"], how="anti").is_empty()
    assert large.height == events.height


def test_a_dividend_lowers_the_price_by_about_its_cash(market: Market) -> None:
    """Over many ex-dates, the fall from close to open is the dividend, up to the nights' noise."""
    bars = pl.concat([frame.with_columns(before=pl.col("close").shift(1)) for frame in market.daily.values()])
    paid = bars.filter(pl.col("dividend") > 0)
    assert paid.height == market.truth.events.filter(pl.col("kind") == "dividend").height
    shares_of_price = paid.select(
        (pl.col("dividend") / pl.col("before")).alias("paid"), (1 - pl.col("open") / pl.col("before")).alias("fell")
    )
    fell, paid_out = shares_of_price["fell"].mean(), shares_of_price["paid"].mean()
    assert 0.003 < paid_out < 0.012  # type: ignore[operator]
    assert abs(fell - paid_out) < 0.004  # type: ignore[operator]


def test_companies_move_together_and_volume_rises_with_the_move(market: Market) -> None:
    bars = pl.concat(market.daily.values()).filter(pl.col("split_ratio") == 1)
    returns = bars.with_columns(r=(pl.col("close") / pl.col("open")).log()).pivot("symbol", index="session", values="r").drop("session")
    correlations = returns.drop_nulls().corr().to_numpy()
    assert 0.25 < (correlations.sum() - len(correlations)) / (len(correlations) ** 2 - len(correlations)) < 0.7
    moved = bars.with_columns(size=(pl.col("close") / pl.col("open")).log().abs())
    per_symbol = moved.group_by("symbol").agg(pl.corr("size", pl.col("volume").log()).alias("c"))
    assert per_symbol.filter(pl.col("symbol") == "JUNARO")["c"][0] > 0.15
    assert per_symbol["c"].median() > 0.1  # type: ignore[operator]


def test_minutes_add_up_to_the_day_and_a_half_day_has_210(market: Market) -> None:
    minutes = market.truth.bars.filter(pl.col("timeframe") == "1m")
    sessions = calendar("XNYS").sessions(market.spec.start, market.spec.end)
    late = market.truth.events.filter(pl.col("kind") == "after_hours")
    halt = market.truth.events.filter(pl.col("kind") == "halt", pl.col("value").is_not_null()).row(0, named=True)
    placed = minutes.with_columns(session=pl.col("timestamp").dt.date()).join(sessions, on="session")
    regular = placed.filter(pl.col("timestamp").is_between("open_right", "close_right", closed="left"))
    assert placed.height - regular.height == late["value"].sum()
    days = regular.group_by("symbol", "session", "minutes", maintain_order=True).agg(
        pl.len().alias("n"), pl.first("open"), pl.max("high"), pl.min("low"), pl.last("close"), pl.sum("volume")
    )
    short = days.filter(pl.col("n") != pl.col("minutes"))
    assert short.select("symbol", "session").rows() == [(halt["symbol"], halt["session"])]
    assert 210 in days["minutes"].to_list()
    whole = days.filter(pl.col("n") == pl.col("minutes")).join(pl.concat(market.daily.values()), on=["symbol", "session"], suffix="_day")
    assert whole.height >= 80
    for name in ("open", "high", "low", "close"):
        assert (whole[name] - whole[f"{name}_day"]).abs().max() < 1e-9  # type: ignore[operator]
    assert (whole["volume"] / whole["volume_day"]).is_between(0.94, 0.96).all()


def test_coins_trade_every_hour_but_the_thin_one(market: Market) -> None:
    hours = market.truth.bars.filter(pl.col("timeframe") == "1h").group_by("symbol").agg(pl.len().alias("n"))
    counted = dict(hours.iter_rows())
    assert counted["SIMA-USDT"] == counted["SIMB-USDT"] == 181 * 24
    assert 0.5 * 181 * 24 < counted["SIMC-USDT"] < 0.9 * 181 * 24


def test_a_longer_story_can_be_asked_for(tmp_path: Path) -> None:
    market = simulate(replace(SHORT, hourly=True, crypto_minute_days=2))
    bars = market.truth.bars
    hours = bars.filter(pl.col("timeframe") == "1h", pl.col("symbol") == "ALDERA")
    assert 6.8 < hours.height / market.daily["ALDERA"].height < 7.2
    minutes = bars.filter(pl.col("timeframe") == "1m", pl.col("symbol") == "SIMA-USDT")
    assert minutes.height > 2 * 1440 - 20
    again = minutes.group_by_dynamic("timestamp", every="1h").agg(pl.first("open"), pl.max("high"), pl.min("low"), pl.last("close"))
    hourly = bars.filter(pl.col("timeframe") == "1h", pl.col("symbol") == "SIMA-USDT").join(again, on="timestamp", suffix="_again")
    assert hourly.height == 48
    assert (hourly["high"] - hourly["high_again"]).abs().max() < 0.011  # type: ignore[operator]
    written = write_landing(tmp_path, market.deliveries())
    assert any("/hour/" in path.as_posix() for path in written)


def test_without_defects_nothing_is_planted_and_the_sources_agree() -> None:
    market = simulate(replace(SHORT, defects=False))
    assert market.truth.defects.is_empty()
    assert market.truth.events.height > 20
