"""Real LEAN minute and hour zips: New York wall clock through clock changes, half days and cut downloads."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources.landing.read import read_payload
from marketdata_assets.sources.landing.shape import Series

pytestmark = pytest.mark.realdata


def bars_of(home: Path, path: str) -> Series:
    reading = read_payload(path, (home / path).read_bytes(), format=None, asset_class="us_equities")
    (series,) = reading.series
    assert series.refused.height == 0
    return series


def new_york(series: Series) -> pl.Series:
    return series.bars["timestamp"].dt.convert_time_zone("America/New_York")


def test_every_minute_file_of_set_07_has_the_bars_of_its_inventory(realdata: Path) -> None:
    """All 242 files: bars, regular-hours bars, first and last bar in New York, volume; 148,791 bars in all."""
    home = realdata / "equity" / "07_polygon_minute_lean"
    truth = pl.read_csv(home / "truth" / "minute_inventory.csv")
    found, total = [], 0
    for symbol, day, session in truth.select("symbol", "date", "session").iter_rows():
        series = bars_of(home, f"equity/usa/minute/{symbol.lower()}/{day}_trade.zip")
        assert (series.vendor_symbol, series.timeframe) == (symbol, "1m")
        local = new_york(series)
        clock = local.dt.hour().cast(pl.Int32) * 60 + local.dt.minute()
        close = 13 * 60 if "early" in session else 16 * 60
        regular = int(clock.is_between(9 * 60 + 30, close, closed="left").sum())
        found.append(
            (symbol, day, series.bars.height, regular, f"{local.min():%H:%M}", f"{local.max():%H:%M}", int(series.bars["volume"].sum()))
        )
        assert local.dt.date().n_unique() == 1
        assert local.is_sorted()
        total += series.bars.height
    columns = ["symbol", "date", "bars", "regular_bars", "first_bar_et", "last_bar_et", "volume"]
    assert found == truth.select(columns).rows()
    assert (len(found), total) == (242, 148_791)


def test_the_opening_minute_moves_in_utc_when_the_clocks_change(realdata: Path) -> None:
    home = realdata / "equity" / "07_polygon_minute_lean"
    hours = {"20190308": 14, "20190311": 13, "20191101": 13, "20191104": 14}
    for day, hour in hours.items():
        opening = datetime.strptime(day, "%Y%m%d").replace(hour=hour, minute=30, tzinfo=UTC)
        assert opening in bars_of(home, f"equity/usa/minute/aapl/{day}_trade.zip").bars["timestamp"].to_list()


def test_shy_spans_the_clock_change_of_2008(realdata: Path) -> None:
    """Stamps stay local: the first bars of 2008-03-07 (08:54) and 2008-03-10 lie an hour apart in UTC terms."""
    home = realdata / "equity" / "06_lean_official"
    friday = bars_of(home, "equity/usa/minute/shy/20080307_trade.zip")
    monday = bars_of(home, "equity/usa/minute/shy/20080310_trade.zip")
    assert friday.bars["timestamp"][0] == datetime(2008, 3, 7, 13, 54, tzinfo=UTC)
    assert datetime(2008, 3, 7, 14, 30, tzinfo=UTC) in friday.bars["timestamp"].to_list()
    assert datetime(2008, 3, 10, 13, 30, tzinfo=UTC) in monday.bars["timestamp"].to_list()
    assert (new_york(friday).dt.hour().min(), new_york(monday).dt.hour().min()) == (8, 8)


def test_lean_minute_trades_are_read_and_its_quotes_and_ticks_refused(realdata: Path) -> None:
    home = realdata / "equity" / "06_lean_official"
    trades = sorted(p.relative_to(home).as_posix() for p in (home / "equity/usa/minute").rglob("*_trade.zip"))
    others = sorted(p.relative_to(home).as_posix() for p in (home / "equity/usa").rglob("*_quote.zip"))
    others += sorted(p.relative_to(home).as_posix() for p in (home / "equity/usa/tick").rglob("*_trade.zip"))
    assert sum(bars_of(home, path).bars.height for path in trades) == 13_196
    for path in others:
        what = "ticks" if "/tick/" in path and "quote" not in path else "quotes"
        with pytest.raises(PayloadFault, match=what):
            bars_of(home, path)
    assert (len(trades), len(others)) == (25, 29)


def test_second_bars_are_refused(realdata: Path) -> None:
    with pytest.raises(PayloadFault, match="second bars"):
        bars_of(realdata / "equity" / "07_polygon_minute_lean", "equity/usa/second/aapl/20250902_trade.zip")


def test_lean_hours_start_on_the_hour_of_new_york(realdata: Path) -> None:
    home = realdata / "equity" / "06_lean_official"
    found = {p.stem: bars_of(home, f"equity/usa/hour/{p.name}") for p in (home / "equity/usa/hour").iterdir()}
    assert sum(series.bars.height for series in found.values()) == 3_507
    spwr = found["spwr"]
    assert (spwr.timeframe, spwr.bars["timestamp"][0], spwr.bars["close"][0]) == ("1h", datetime(2007, 11, 23, 16, tzinfo=UTC), 105.01)
    assert set(new_york(spwr).dt.hour()) <= set(range(9, 16))
