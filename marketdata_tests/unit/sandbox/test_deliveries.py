"""What arrives when, and where it is laid."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from marketdata_assets.sandbox.market import Market, simulate, write_landing
from marketdata_assets.sandbox.spec import Spec
from marketdata_assets.sources.landing.read import read_payload
from marketdata_tests.support.simulated_files import files_settings
from marketdata_tests.unit.sandbox.sent import bytes_of, rows


def test_a_history_arrives_first_and_the_changes_eleven_days_later(market: Market) -> None:
    first, second = market.deliveries()
    assert first.received_at == datetime(2025, 6, 20, 21, 30, tzinfo=UTC)
    assert second.received_at == datetime(2025, 7, 1, 13, 0, tzinfo=UTC)
    assert {file.source for file in first.files} == {"tiingo", "alphavantage", "lean", "binance_vision", "kraken"}
    paths = [(file.source, file.path) for file in first.files]
    assert len(set(paths)) == len(paths)


def test_nothing_arrives_before_it_happened(market: Market) -> None:
    for delivery in market.deliveries():
        for source, timeframe, symbol in (("tiingo", "1d", "HELIOX"), ("alphavantage", "1d", "HELIOX"), ("kraken", "1h", "SIMB-USDT")):
            assert rows(delivery, source, timeframe, symbol)["timestamp"].max() < delivery.received_at  # type: ignore[operator]
    first, _ = market.deliveries()
    assert rows(first, "tiingo", "1d", "HELIOX")["timestamp"].max() == datetime(2025, 6, 20, tzinfo=UTC)
    assert rows(first, "binance_vision", "1h", "SIMA-USDT")["timestamp"].max() == datetime(2025, 5, 31, 23, tzinfo=UTC)


def test_the_second_delivery_brings_only_what_changed(market: Market) -> None:
    first, second = market.deliveries()
    before = {(file.source, file.path): file.data for file in first.files}
    assert all(before.get((file.source, file.path)) != file.data for file in second.files)
    assert not any(file.source == "lean" or file.path in ("ELMORE.csv", "FERNOX.csv") for file in second.files)


def test_the_late_correction_is_the_only_old_row_that_changed(market: Market) -> None:
    first, second = market.deliveries()
    told = market.truth.defects.filter(pl.col("kind") == "late_correction")
    assert told["source"].to_list() == ["alphavantage", "tiingo"]
    for source in ("tiingo", "alphavantage"):
        for symbol in ("HELIOX", "JUNARO", "ALDERA"):
            old, new = rows(first, source, "1d", symbol), rows(second, source, "1d", symbol)
            changed = old.join(new, on="timestamp").filter(pl.col("close") != pl.col("close_right"))["timestamp"].to_list()
            assert changed == ([told["first"][0]] if symbol == "HELIOX" else [])
    truth = market.daily["HELIOX"].filter(pl.col("timestamp") == told["first"][0])["close"][0]
    assert rows(second, "tiingo", "1d", "HELIOX").filter(pl.col("timestamp") == told["first"][0])["close"][0] == truth


def test_one_vendor_files_under_the_ticker_of_the_time_and_one_under_todays(market: Market) -> None:
    first, _ = market.deliveries()
    renamed = market.truth.events.filter(pl.col("kind") == "rename").row(0, named=True)
    day = datetime.combine(renamed["session"], datetime.min.time(), tzinfo=UTC)
    assert rows(first, "tiingo", "1d", "ELMORE")["timestamp"].max() < day  # type: ignore[operator]
    assert rows(first, "tiingo", "1d", "ELMARK")["timestamp"].min() == day
    assert rows(first, "alphavantage", "1d", "ELMARK")["timestamp"].min() < day  # type: ignore[operator]
    resolve = market.instruments.resolve
    assert (
        resolve("tiingo", "ELMORE", "us_equities", date(2023, 6, 1)) == resolve("tiingo", "ELMARK", "us_equities", day.date()) == "ELMARK"
    )


def test_checksums_are_those_of_the_zips(market: Market) -> None:
    first, _ = market.deliveries()
    zips = [file for file in first.files if file.source == "binance_vision" and file.path.endswith(".zip")]
    assert len(zips) > 40
    for file in zips:
        told = bytes_of(first, "binance_vision", file.path + ".CHECKSUM").decode()
        assert told == f"{hashlib.sha256(file.data).hexdigest()}  {file.path.rsplit('/', 1)[-1]}\n"


def test_every_file_is_read_by_the_settings_of_the_simulated_market_or_refused_as_planted(market: Market, tmp_path: Path) -> None:
    settings = files_settings(tmp_path)
    refused = set(market.truth.defects.filter(pl.col("rule") == "refused_file").select("source", "path").iter_rows())
    for delivery in market.deliveries():
        for file in delivery.files:
            source = settings.sources[file.source]
            if (file.source, file.path) in refused:
                continue
            reading = read_payload(file.path, file.data, format=source.landing_format(), asset_class=source.asset_class)
            for series in reading.series:
                assert series.timeframe in source.timeframes
                market.instruments.resolve(
                    file.source, series.vendor_symbol, source.asset_class, settings.asset_classes[source.asset_class].start
                )


def test_files_are_laid_by_source_and_path_and_a_later_delivery_replaces_them(market: Market, tmp_path: Path) -> None:
    first, second = market.deliveries()
    written = write_landing(tmp_path, [first])
    assert len(written) == len(first.files)
    assert (tmp_path / "tiingo" / "HELIOX.csv").read_bytes() == bytes_of(first, "tiingo", "HELIOX.csv")
    write_landing(tmp_path, [second])
    assert (tmp_path / "tiingo" / "HELIOX.csv").read_bytes() == bytes_of(second, "tiingo", "HELIOX.csv")
    assert (tmp_path / "tiingo" / "FERNOX.csv").read_bytes() == bytes_of(first, "tiingo", "FERNOX.csv")


def test_the_truth_is_written_as_three_tables(market: Market, tmp_path: Path) -> None:
    paths = market.write_truth(tmp_path / "truth")
    assert [path.name for path in paths] == ["defects.csv", "events.csv", "bars.csv"]
    for path, frame in zip(paths, market.truth, strict=True):
        assert pl.read_csv(path, infer_schema_length=None).shape == frame.shape


def test_a_weekend_before_the_end_moves_the_first_delivery_to_friday() -> None:
    assert Spec().history_received.weekday() == 4
    assert Spec(end=date(2025, 7, 3)).history_received == datetime(2025, 6, 23, 21, 30, tzinfo=UTC)


def test_the_default_markets_files_come_in_seconds_not_minutes(market: Market) -> None:
    """Not timed here; its size is what keeps it quick."""
    files = [file for delivery in simulate(Spec(defects=False)).deliveries() for file in delivery.files]
    assert len(files) < 300
    assert sum(len(file.data) for file in files) < 10_000_000
