"""Minute, hour and crypto files: halts, holes and odd stamps are told, and nothing else is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core.sessions import calendar
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.rules.audit import Audit
from marketdata_assets.schemas.audit import COVERAGE
from marketdata_assets.schemas.bars import NORMALIZED_BARS
from marketdata_assets.transforms.arbitrate import arbitrate
from marketdata_assets.transforms.coverage import coverage
from marketdata_tests.support.vendor_bars import below, counts, judged, landed, normalized

pytestmark = pytest.mark.realdata
ZONE = "America/New_York"


@pytest.fixture(scope="module")
def polygon(realdata: Path) -> pl.DataFrame:
    home = realdata / "equity" / "07_polygon_minute_lean"
    return normalized(landed(home, below(home, "equity/usa/minute")), "polygon")


@pytest.fixture(scope="module")
def verdict(polygon: pl.DataFrame) -> Audit:
    return judged(polygon, "1m")


@pytest.fixture(scope="module")
def inventory(realdata: Path) -> pl.DataFrame:
    path = realdata / "equity" / "07_polygon_minute_lean" / "truth" / "minute_inventory.csv"
    return pl.read_csv(path, schema_overrides={"date": pl.String}).with_columns(session=pl.col("date").str.to_date("%Y%m%d"))


def stretches(inventory: pl.DataFrame) -> set[tuple[str, date, str, str]]:
    """(symbol, session, from, to) of every gap of ten minutes and more that the inventory lists, New York time."""
    listed = inventory.filter(pl.col("gaps_ge_10min_in_session").is_not_null()).with_columns(
        gap=pl.col("gaps_ge_10min_in_session").str.extract_all(r"\d\d:\d\d->\d\d:\d\d")
    )
    rows = listed.explode("gap").select("symbol", "session", pl.col("gap").str.slice(0, 5), end=pl.col("gap").str.slice(7, 5))
    return set(rows.iter_rows())


def test_a_bar_after_eight_in_the_evening_is_the_only_one_refused(verdict: Audit) -> None:
    assert verdict.quarantine.select("symbol", "timestamp", "rule").rows() == [
        ("UBER", datetime(2019, 8, 13, 0, 2, tzinfo=UTC), "outside_session")
    ]


def test_what_the_minutes_count(verdict: Audit) -> None:
    """The split of AAPL is a jump to a file without events; OXY has two lone prints after hours on the day it halved."""
    assert counts(verdict) == {
        "bad_tick_roundtrip": 2,
        "jump_unexplained": 1,
        "missing_sessions": 1_685,
        "outside_session": 1,
        "session_gap": 13,
        "stale_repeat": 4,
    }


def test_the_gaps_within_sessions_are_the_ones_of_the_inventory(verdict: Audit, inventory: pl.DataFrame) -> None:
    """Nine of them are the market-wide halts of March 2020."""
    found = verdict.findings.filter(pl.col("rule") == "session_gap").select(
        "symbol", pl.col("sample").str.json_decode(pl.List(pl.Struct({"at": pl.String, "reason": pl.String})))
    )
    assert verdict.findings.filter(pl.col("rule") == "session_gap")["n"].sum() == len(stretches(inventory)) == 13
    told = found.explode("sample").unnest("sample")
    days = {(symbol, date.fromisoformat(at[:10])) for symbol, at in told.select("symbol", "at").iter_rows()}
    assert days <= {(symbol, session) for symbol, session, _, _ in stretches(inventory)}


def test_coverage_of_every_minute_file_adds_up_to_its_inventory(verdict: Audit, polygon: pl.DataFrame, inventory: pl.DataFrame) -> None:
    validated = arbitrate(verdict.kept, priority=["polygon"], tolerance_bps=50.0)
    spans = inventory.select("symbol", source=pl.lit("polygon"), first="session", last="session")
    symbols = inventory.select("symbol").unique().with_columns(listed_on=pl.lit(None, pl.Date), delisted_on=pl.lit(None, pl.Date))
    first, last = inventory["session"].min(), inventory["session"].max() + timedelta(days=1)
    sessions = calendar("XNYS").sessions(first, last)
    told = coverage(
        validated, verdict.quarantine, sessions=sessions, symbols=symbols, spans=spans, window=(first, last), timeframe=timeframe("1m")
    )
    COVERAGE.validate(told)
    assert told.select((pl.col("expected") == pl.col("received") + pl.col("quarantined") + pl.col("missing")).all()).item()
    met = inventory.join(told, left_on=["symbol", "session"], right_on=["symbol", "date"], how="left")
    assert met["received"].to_list() == met["regular_bars"].to_list()
    cut = met.filter(pl.col("regular_bars") == 0)
    assert cut["state"].unique().to_list() == ["vendor_absent"]
    assert (
        met.filter(pl.col("regular_bars") > 0)["missing"].to_list()
        == met.filter(pl.col("regular_bars") > 0)["regular_minutes_missing"].to_list()
    )
    fetched = told.join(inventory, left_on=["symbol", "date"], right_on=["symbol", "session"], how="anti")
    assert fetched["state"].unique().to_list() == ["not_fetched"]
    half = met.filter(pl.col("session").is_in([date(2019, 7, 3), date(2019, 11, 29), date(2024, 11, 29)]))
    assert half["expected"].unique().to_list() == [210]


def test_a_halt_is_named_in_the_reason_of_its_day(verdict: Audit) -> None:
    validated = arbitrate(verdict.kept, priority=["polygon"], tolerance_bps=50.0)
    day = date(2020, 3, 9)
    told = coverage(
        validated,
        verdict.quarantine,
        sessions=calendar("XNYS").sessions(day, day + timedelta(days=1)),
        symbols=pl.DataFrame(
            {"symbol": ["OXY"], "listed_on": [None], "delisted_on": [None]},
            schema={"symbol": pl.String, "listed_on": pl.Date, "delisted_on": pl.Date},
        ),
        spans=pl.DataFrame({"symbol": ["OXY"], "source": ["polygon"], "first": [day], "last": [day]}),
        window=(day, day + timedelta(days=1)),
        timeframe=timeframe("1m"),
    ).filter(pl.col("symbol") == "OXY")
    assert told.select("state", "reason").rows() == [("no_trade", "22 bars absent, none starts within 13:34-13:49")]


def test_minutes_an_hour_out_are_refused_and_right_ones_are_not(polygon: pl.DataFrame, verdict: Audit) -> None:
    """The real minutes of a spring with its clock change, read as if New York were five hours behind all year."""
    assert verdict.findings.filter(pl.col("rule") == "shifted_series").height == 0
    local = pl.col("timestamp").dt.convert_time_zone(ZONE).dt.replace_time_zone(None)
    wrong = (local + timedelta(hours=5)).dt.replace_time_zone("UTC")
    spring = polygon.filter(pl.col("symbol") == "AAPL", pl.col("session").is_between(date(2019, 3, 1), date(2019, 3, 29)))
    bent = NORMALIZED_BARS.conform(spring.with_columns(timestamp=wrong, session=wrong.dt.convert_time_zone(ZONE).dt.date()))
    told = judged(bent, "1m")
    refused = told.quarantine.filter(pl.col("rule") == "shifted_series")["filed_under"]
    assert (refused.min(), refused.max()) == (date(2019, 3, 11), date(2019, 3, 29))
    assert told.kept["session"].max() == date(2019, 3, 8)


@pytest.mark.parametrize("place", ["equity/usa/minute/ibm", "equity/usa/minute/spy", "equity/usa/minute/shy"])
def test_lean_minutes_are_clean_across_the_clock_change(realdata: Path, place: str) -> None:
    home = realdata / "equity" / "06_lean_official"
    paths = [p for p in below(home, place) if p.endswith("_trade.zip")]
    verdict = judged(normalized(landed(home, paths), "lean"), "1m")
    assert set(counts(verdict)) <= {"stale_repeat", "session_gap"}
    assert verdict.quarantine.height == 0


def test_hours_labelled_by_their_end_are_read_clean(realdata: Path) -> None:
    home = realdata / "equity" / "04_alphavantage_daily"
    verdict = judged(normalized(landed(home, below(home, "intraday_60min")), "vantage"), "1h")
    assert (counts(verdict), verdict.kept.height) == ({}, 7_453)


@pytest.mark.parametrize(
    ("path", "length"),
    [
        ("binance/BTC_USDT-1d.feather", "1d"),
        ("binance/BTC_USDT-4h.feather", "4h"),
        ("binance/BTC_USDT-1h.feather", "1h"),
        ("binance/BTC_USDT-15m.feather", "15m"),
        ("binance/BTC_USDT-5m.feather", "5m"),
        ("binance/XRP_ETH-1m.feather", "1m"),
        ("binance/ZAMA_USDT-1m.feather", "1m"),
        ("binance_us/BTCUSDT_1m_20230301_20230321.csv", "1m"),
        ("kraken/XBTUSD_1440.csv", "1d"),
        ("kraken/XBTUSD_720.csv", "12h"),
        ("kraken/XBTUSD_60.csv", "1h"),
        ("kraken/XBTUSD_15.csv", "15m"),
        ("kraken/XBTUSD_5.csv", "5m"),
    ],
)
def test_crypto_files_give_no_false_alarm(realdata: Path, path: str, length: str) -> None:
    """Flat minutes without volume are legal, and so are minutes that are not there; an outage of Kraken's is told as a gap."""
    verdict = judged(normalized(landed(realdata / "crypto", [path], asset_class="crypto"), "venue", "CRYPTO"), length, "CRYPTO")
    assert verdict.quarantine.height == 0
    assert set(counts(verdict)) <= {"session_gap"}
    assert verdict.kept["flags"].list.len().sum() == 0


def test_a_candle_said_twice_is_refused_and_the_hole_of_33_days_is_told(realdata: Path) -> None:
    path = "defects/ETH_BTC-5m_33day_hole_dup_open_candle.json"
    bars = normalized(landed(realdata / "crypto", [path], asset_class="crypto"), "venue", "CRYPTO")
    verdict = judged(bars, "5m", "CRYPTO")
    assert counts(verdict) == {"key_conflict": 4, "missing_sessions": 32, "session_gap": 1}
    stamps = [datetime(2018, 3, 24, 8, minute, tzinfo=UTC) for minute in (25, 25, 30, 30)]
    assert verdict.quarantine["timestamp"].to_list() == stamps


def test_a_young_venue_s_missing_days_are_told(realdata: Path) -> None:
    bars = normalized(landed(realdata / "crypto", ["coinbase/btcusd_daily_trade.zip"], asset_class="crypto"), "venue", "CRYPTO")
    verdict = judged(bars, "1d", "CRYPTO")
    assert counts(verdict) == {"jump_unexplained": 1, "missing_sessions": 34}
    days = (bars["session"].max() - bars["session"].min()).days + 1
    assert days - bars.height == 34
