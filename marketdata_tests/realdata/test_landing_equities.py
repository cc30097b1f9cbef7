"""The daily equity sets read through their presets, to the row: the numbers of the manifests and of truth/inventory.csv."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources.landing.read import Reading, read_payload

pytestmark = pytest.mark.realdata


def read(folder: Path, path: str) -> Reading:
    return read_payload(path, (folder / path).read_bytes(), format=None, asset_class="us_equities")


def inventory(folder: Path) -> pl.DataFrame:
    return pl.read_csv(
        folder / "truth" / "inventory.csv", infer_schema_length=None, schema_overrides={"symbol": pl.String}, try_parse_dates=True
    )


def counted(readings: list[Reading]) -> dict[str, tuple[int, date | None, date | None]]:
    """Rows, first and last session of every series."""
    found = {}
    for reading in readings:
        for series in reading.series:
            days = series.bars["timestamp"].dt.date()
            found[series.vendor_symbol] = (series.bars.height, days.min(), days.max())
    return found


def due(truth: pl.DataFrame) -> dict[str, tuple[int, date | None, date | None]]:
    return {symbol: (rows, first, last) for symbol, rows, first, last in truth.select("symbol", "rows", "first", "last").iter_rows()}


def at(series, day: date) -> dict[str, object]:
    return series.bars.row(by_predicate=pl.col("timestamp") == datetime(day.year, day.month, day.day, tzinfo=UTC), named=True)


@pytest.mark.parametrize(
    ("folder", "preset", "files", "rows"),
    [
        ("01_tiingo_sp500_raw_adj", "tiingo_csv", 60, 319_431),
        ("02_quandl_wiki_raw_split", "quandl_wiki_csv", 71, 279_859),
        ("03_yahoo_ichart_2017", "yahoo_csv_old", 69, 283_305),
    ],
)
def test_a_set_of_csv_files_has_the_rows_of_its_inventory(realdata: Path, folder: str, preset: str, files: int, rows: int) -> None:
    home = realdata / "equity" / folder
    paths = sorted(f"csv/{p.name}" for p in (home / "csv").iterdir())
    readings = [read(home, path) for path in paths]
    assert len(readings) == files
    assert {reading.format for reading in readings} == {preset}
    found = counted(readings)
    assert found == due(inventory(home))
    assert sum(rows for rows, _, _ in found.values()) == rows
    assert sum(series.refused.height for reading in readings for series in reading.series) == 0
    assert {note for reading in readings for note in reading.notes} <= {"no rows: the file has a header or nothing at all"}
    midnight = pl.col("timestamp").dt.time() == pl.time(0, 0)
    assert all(series.bars.select(midnight.all()).item() for reading in readings for series in reading.series)


def test_apple_before_its_split_in_four_vendors_words(realdata: Path) -> None:
    """645.57 raw; Yahoo's volume of the same day is seven times the traded one."""
    equity, day = realdata / "equity", date(2014, 6, 6)
    tiingo = at(read(equity / "01_tiingo_sp500_raw_adj", "csv/AAPL.csv.gz").series[0], day)
    quandl = at(read(equity / "02_quandl_wiki_raw_split", "csv/AAPL.csv.gz").series[0], day)
    yahoo = at(read(equity / "03_yahoo_ichart_2017", "csv/AAPL.csv.gz").series[0], day)
    lean = at(read(equity / "06_lean_official", "equity/usa/daily/aapl.zip").series[0], day)
    vantage = at(read(equity / "04_alphavantage_daily", "daily_raw_2023/daily_AAPL.csv.gz").series[0], day)
    assert [bar["close"] for bar in (tiingo, quandl, yahoo, lean, vantage)] == [645.57, 645.57, 645.570023, 645.57, 645.57]
    assert (tiingo["volume"], quandl["volume"], yahoo["volume"]) == (12_497_800, 12_497_800, 87_484_600)
    assert (yahoo["price_basis"], yahoo["volume_basis"]) == ("raw", "split_adjusted")


def test_vendors_split_columns_come_as_they_are(realdata: Path) -> None:
    equity = realdata / "equity"
    tiingo = read(equity / "01_tiingo_sp500_raw_adj", "csv/AAPL.csv.gz").series[0]
    quandl = read(equity / "02_quandl_wiki_raw_split", "csv/C.csv.gz").series[0]
    vantage = read(equity / "04_alphavantage_daily", "daily_adjusted_with_split_coefficient/daily_adjusted_AAPL.csv.gz").series[0]
    assert at(tiingo, date(2014, 6, 9))["split_ratio"] == 7.000007
    assert at(tiingo, date(2020, 8, 31))["split_ratio"] == 4.0
    assert at(quandl, date(2011, 5, 9))["split_ratio"] == 0.1
    assert at(vantage, date(2014, 6, 9))["split_ratio"] == 7.00000700001
    truth = inventory(equity / "01_tiingo_sp500_raw_adj").row(by_predicate=pl.col("symbol") == "AAPL", named=True)
    assert tiingo.bars.filter(pl.col("split_ratio") != 1).height == truth["vendor_split_rows"]


def test_files_with_a_header_and_no_rows_land_empty_and_say_so(realdata: Path) -> None:
    home = realdata / "equity" / "02_quandl_wiki_raw_split"
    for symbol in ("PPG", "TRV"):
        reading = read(home, f"csv/{symbol}.csv.gz")
        assert [(s.vendor_symbol, s.timeframe, s.bars.height) for s in reading.series] == [(symbol, "1d", 0)]
        assert reading.notes == ["no rows: the file has a header or nothing at all"]


def test_tiingo_dates_are_new_york_dates(realdata: Path) -> None:
    """The first row of 2000 is a Monday, 2000-01-03; a shift into New York would make it a Sunday."""
    series = read(realdata / "equity" / "01_tiingo_sp500_raw_adj", "csv/BRK-B.csv.gz").series[0]
    assert series.vendor_symbol == "BRK-B"
    assert series.bars["timestamp"][0] == datetime(2000, 1, 3, tzinfo=UTC)
    assert series.bars["timestamp"].dt.weekday().max() == 5


def test_alpha_vantage_daily_files_have_the_rows_of_their_inventory(realdata: Path) -> None:
    home = realdata / "equity" / "04_alphavantage_daily"
    presets = {"daily_raw_2023": "alphavantage_daily_csv", "daily_adjusted_with_split_coefficient": "alphavantage_daily_adjusted_csv"}
    truth = {row["file"]: row for row in inventory(home).iter_rows(named=True)}
    seen = set()
    for folder, preset in presets.items():
        for path in sorted((home / folder).iterdir()):
            reading = read(home, f"{folder}/{path.name}")
            row = truth[path.name.removesuffix(".gz")]
            assert reading.format == preset
            assert counted([reading]) == {row["symbol"]: (row["rows"], row["first"], row["last"])}
            assert reading.series[0].bars["timestamp"].n_unique() == row["rows"]
            seen.add(row["file"])
    assert seen == set(truth)


def test_the_file_that_a_spreadsheet_re_saved_is_read_with_a_note(realdata: Path) -> None:
    home = realdata / "equity" / "04_alphavantage_daily"
    noted = {p.name: read(home, f"daily_raw_2023/{p.name}").notes for p in (home / "daily_raw_2023").iterdir()}
    assert noted.pop("daily_IBM.csv.gz") == [
        "6080 dates are written YYYY/MM/DD: a spreadsheet re-saved the file, which may have rounded its numbers"
    ]
    assert set(map(tuple, noted.values())) == {()}


@pytest.mark.parametrize(
    ("symbol", "bars", "splits", "dividends"),
    [("AAPL", 5_532, {"2020-08-31": "4:1", "2014-06-09": "7:1", "2005-02-28": "2:1", "2000-06-21": "2:1"}, 34),
     ("NFLX", 4_682, {"2015-07-15": "7:1", "2004-02-12": "2:1"}, 0),
     ("IBM", 5_532, {"1999-05-27": "2:1"}, 90),
     ("FB", 2_166, {}, 0)],
)  # fmt: skip
def test_the_scraped_history_sets_aside_splits_dividends_and_its_footnote(
    realdata: Path, symbol: str, bars: int, splits: dict[str, str], dividends: int
) -> None:
    reading = read(realdata / "equity" / "04_alphavantage_daily", f"yahoo_html_scrape_dirty/daily_{symbol}.csv.gz")
    (series,) = reading.series
    assert (reading.format, series.vendor_symbol, series.bars.height) == ("yahoo_history_table", symbol, bars)
    by_rule = dict(series.refused["rule"].value_counts().iter_rows())
    assert by_rule == {k: n for k, n in {"split_row": len(splits), "dividend_row": dividends, "footnote": 1}.items() if n}
    told = series.refused.filter(pl.col("rule") == "split_row")
    assert {
        str(day): row.split(",")[-1].removesuffix(" Stock Split") for day, row in told.select("filed_under", "row").iter_rows()
    } == splits
    footnote = series.refused.filter(pl.col("rule") == "footnote")
    assert footnote["row"][0].count("*Close price adjusted for splits.**Adjusted close price adjusted for both dividends and splits.") == 7


def test_every_line_of_the_scraped_history_is_a_bar_or_a_refused_row(realdata: Path) -> None:
    for path in sorted((realdata / "equity" / "04_alphavantage_daily" / "yahoo_html_scrape_dirty").iterdir()):
        lines = gzip.decompress(path.read_bytes()).decode().splitlines()[1:]
        (series,) = read(path.parent, path.name).series
        assert sorted([*series.bars["line"], *series.refused["line"]]) == list(range(1, len(lines) + 1))
        assert series.refused["row"].to_list() == [lines[n - 1] for n in series.refused["line"]]


def test_yfinance_dates_do_not_follow_their_flipping_offset(realdata: Path) -> None:
    home = realdata / "equity" / "04_alphavantage_daily"
    found = counted([read(home, f"yfinance_split_adjusted_tzaware/{s}_daily_adjusted.csv.gz") for s in ("AAPL", "SPY")])
    assert found == {"AAPL": (2515, date(2016, 2, 22), date(2026, 2, 20)), "SPY": (2515, date(2016, 2, 22), date(2026, 2, 20))}
    (aapl,) = read(home, "yfinance_split_adjusted_tzaware/AAPL_daily_adjusted.csv.gz").series
    assert set(aapl.bars["timestamp"].dt.hour()) == {0}
    assert set(aapl.bars["price_basis"]) == {"split_adjusted"}


def test_options_and_an_error_body_are_refused_as_what_they_are(realdata: Path) -> None:
    home = realdata / "equity" / "04_alphavantage_daily"
    with pytest.raises(PayloadFault, match="it is a json message, not bars: 'No data for symbol NVDA on date 2024-01-06"):
        read(home, "nvda_option_chain_eod/NVDA_2024-01-06_options.csv.gz")
    with pytest.raises(PayloadFault, match="these are not bars: no column is called open, high, low or close"):
        read(home, "nvda_option_chain_eod/NVDA_2024-03-28_options.csv.gz")


def test_intraday_bars_stamped_at_their_end_start_an_hour_earlier(realdata: Path) -> None:
    """7,453 rows 05:00..20:00; the first bar of a full day starts at 04:00 and the last one at 19:00 New York."""
    reading = read(realdata / "equity" / "04_alphavantage_daily", "intraday_60min/intraday_AMZN_60min.csv.gz")
    (series,) = reading.series
    assert (reading.format, series.vendor_symbol, series.timeframe, series.bars.height) == (
        "alphavantage_intraday_csv",
        "AMZN",
        "1h",
        7_453,
    )
    local = series.bars["timestamp"].dt.convert_time_zone("America/New_York")
    assert (local.dt.hour().min(), local.dt.hour().max(), local.dt.minute().max()) == (4, 19, 0)
    assert (local.min().isoformat(), local.max().isoformat()) == ("2019-01-11T04:00:00-05:00", "2020-12-30T19:00:00-05:00")
    assert local.n_unique() == 7_453


def test_a_shifted_file_is_read_as_it_is_stamped(realdata: Path) -> None:
    """Set 05: every daily stamp stands at 19:00 or 20:00 of the evening before its session, and is kept so."""
    home = realdata / "equity" / "05_databento_xnas_tzshift"
    truth = {row["symbol"]: row for row in inventory(home).iter_rows(named=True)}
    seen = {}
    for path in sorted((home / "equity/usa/daily").iterdir()):
        (series,) = read(home, f"equity/usa/daily/{path.name}").series
        hours = dict(series.bars["timestamp"].dt.hour().value_counts().iter_rows())
        sessions = series.bars["timestamp"].dt.offset_by("6h").dt.date()
        seen[series.vendor_symbol] = (series.bars.height, sessions.min(), sessions.max(), hours)
        assert series.timeframe == "1d"
    assert seen == {
        s: (t["rows"], t["first_session"], t["last_session"], {19: t["stamps_19h"], 20: t["stamps_20h"]}) for s, t in truth.items()
    }
    (aapl,) = read(home, "equity/usa/daily/aapl.zip").series
    assert aapl.bars["close"][0] == 146.09


def lean_daily(home: Path) -> dict[str, pl.DataFrame]:
    readings = [read(home, f"equity/usa/daily/{p.name}") for p in sorted((home / "equity/usa/daily").iterdir())]
    assert {reading.format for reading in readings} == {"lean_daily_zip"}
    assert sum(series.refused.height for reading in readings for series in reading.series) == 0
    return {series.vendor_symbol: series.bars for reading in readings for series in reading.series}


def test_lean_sample_data_has_the_rows_of_its_inventory(realdata: Path) -> None:
    home = realdata / "equity" / "06_lean_official"
    found = {
        symbol: (bars.height, bars["timestamp"].dt.date().min(), bars["timestamp"].dt.date().max())
        for symbol, bars in lean_daily(home).items()
    }
    assert found == due(inventory(home))


def test_lean_daily_zips_of_set_07_have_their_hole_and_nothing_else_missing(realdata: Path) -> None:
    """1,704 sessions 2019-01-02..2025-10-10 less the hole of 921; UBER from its first day, 2019-05-10."""
    found = lean_daily(realdata / "equity" / "07_polygon_minute_lean")
    assert {symbol: bars.height for symbol, bars in found.items()} == {"AAPL": 783, "AMZN": 783, "GS": 783, "OXY": 783, "UBER": 694}
    for bars in found.values():
        days = bars["timestamp"].dt.date()
        assert days.filter(days.is_between(date(2021, 1, 1), date(2024, 8, 30))).is_empty()
        assert days.filter(days < date(2021, 1, 1)).max() == date(2020, 12, 31)
        assert days.filter(days > date(2021, 1, 1)).min() == date(2024, 9, 3)
    close = dict(found["AAPL"].select(pl.col("timestamp").dt.date(), "close").iter_rows())
    assert (close[date(2020, 8, 28)], close[date(2020, 8, 31)]) == (499.23, 129.04)


def test_kaggle_has_the_rows_of_its_inventory_and_one_bar_without_prices(realdata: Path) -> None:
    home = realdata / "equity" / "08_kaggle_sp500_5yr_adjusted"
    reading = read(home, "sp500_5yr_dev.csv.gz")
    assert reading.format == "kaggle_sp500_csv"
    found = counted([reading])
    assert found == due(inventory(home))
    assert (len(found), sum(n for n, _, _ in found.values())) == (245, 304_104)
    assert reading.notes == [f"1 bars without a finite {name}, the first in line 114540 ('')" for name in ("open", "high", "low")]
    series = {s.vendor_symbol: s for s in reading.series}
    bar = at(series["FTV"], date(2016, 7, 1))
    assert (bar["open"], bar["high"], bar["low"], bar["close"], bar["volume"], bar["line"]) == (None, None, None, 49.54, 0.0, 114_540)
    assert at(series["AAPL"], date(2014, 6, 6))["close"] == 92.2242
    assert set(series["AAPL"].bars["price_basis"]) == {"split_adjusted"}


def test_the_kaggle_edition_with_one_series_under_every_name_is_read_literally(realdata: Path) -> None:
    home = realdata / "equity" / "08_kaggle_sp500_5yr_adjusted" / "identical_series_bug_2017"
    frames = {}
    for path in sorted(home.iterdir()):
        reading = read(home, path.name)
        (series,) = reading.series
        frames[series.vendor_symbol] = series.bars.drop("vendor_symbol")
        hole = at(series, date(2017, 7, 31))
        assert (hole["open"], hole["low"], hole["high"]) == (None, None, 29.23)
    assert sorted(frames) == ["AAL", "AAPL", "C", "CAT", "GE", "IBM", "JPM", "KO"]
    assert all(frame.equals(frames["AAL"]) for frame in frames.values())
    assert {frame.height for frame in frames.values()} == {1258}
