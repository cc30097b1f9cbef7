"""A source without HTTP on the platform: fetched, archived, entered and published like every other."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core import clock
from marketdata_assets.core.instruments import Instrument, format_instruments
from marketdata_assets.core.periods import Window
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.asking import ask, dataset_of
from marketdata_assets.pipeline.fetching import fetch
from marketdata_assets.pipeline.inventory import fetches
from marketdata_assets.pipeline.platform import Platform, open_platform
from marketdata_assets.pipeline.raw import arrived, publish_raw
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.settings import load_settings
from marketdata_assets.sources.strict_json import loads
from marketdata_tests.graph.world import sessions
from marketdata_tests.support.in_thread import in_thread
from marketdata_tests.support.platforms import write_config
from marketdata_tests.support.tws import Message, Tws, bars, trades, trouble

NOW = datetime(2024, 3, 16, 12, tzinfo=UTC)  # a Saturday
KEYS = [PartitionKey("2024", symbol) for symbol in ("BRK.B", "GONE")]


@pytest.fixture(autouse=True)
def library() -> None:
    pytest.importorskip("ib_async", reason="ib_async, the extra `ibkr`, is not installed")


def platform(folder: Path, tws: Tws) -> Platform:
    write_config(folder, "us_equities", {"ibkr": {"vendor": "ibkr", "base_url": tws.url}}, start=date(2024, 1, 1))
    rows = [Instrument(key.symbol or "", "us_equities", "XNYS", "USD") for key in KEYS]
    (folder / "instruments.csv").write_text(format_instruments(rows))
    return open_platform(load_settings(folder / "marketdata.yaml", {}))


def answer(fields: list[str]) -> list[Message]:
    if fields[3] != "BRK B":
        return [trouble(fields[1], 200, "No security definition has been found for the request")]
    days = sessions(date(2024, 1, 1), date(2024, 3, 16))
    return [bars(fields[1], [(f"{day:%Y%m%d}", 100 + n, 103 + n, 99 + n, 101 + n, 5000, 100.5 + n, 70) for n, day in enumerate(days)])]


def test_bars_of_a_gateway_are_published_from_the_archive_and_an_unknown_symbol_is_refused_alone(tmp_path: Path) -> None:
    with in_thread(Tws(answer)) as tws:
        lake = platform(tmp_path, tws)
        with clock.frozen(NOW):
            fetch(lake, "ibkr", "1d", KEYS)
            publish_raw(lake, "ibkr", "1d", KEYS, arrived(lake, "ibkr", "1d", KEYS))
            asked = len(tws.asked)
            fetch(lake, "ibkr", "1d", KEYS[:1])
        assert len(tws.asked) == asked  # what was answered is not asked again
    raw = lake.lake.scan("us_equities/raw_bars_1d/ibkr", RAW_BARS).collect()
    days = sessions(date(2024, 1, 1), date(2024, 3, 16))
    midnight = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days]
    assert raw["timestamp"].to_list() == midnight
    assert raw["close"].to_list() == [101.0 + n for n in range(len(days))]
    assert set(raw["price_basis"]) == {"split_adjusted"}
    (digest,) = raw["payload_sha256"].unique()
    assert loads(lake.lake.archive.get(digest))["bars"][0]["date"] == "20240102"
    entered = fetches(lake, "ibkr")
    refused = entered.filter(pl.col("state") == "refused")
    assert refused.select("symbol").to_series().to_list() == ["GONE"]
    assert "No security definition" in refused["reason"][0]
    assert entered.filter(pl.col("symbol") == "BRK.B")["rows"].to_list() == [len(days)]
    assert NOW - timedelta(days=1) < entered["known_at"].min() <= datetime.now(UTC)  # type: ignore[operator]


def test_trades_without_an_id_that_are_alike_are_as_many_as_they_were(tmp_path: Path) -> None:
    opening = 1_704_292_200  # 2024-01-03 09:30 in New York
    alike = [(opening, 100.0, 1.0, "ISLAND", "")] * 1_200

    def ticks(fields: list[str]) -> list[Message]:
        first = fields[15] == "20240103 00:00:00 UTC"
        return [trades(fields[1], alike if first else [(opening + 1, 100.5, 2.0, "ISLAND", "")])]

    with in_thread(Tws(ticks)) as tws:
        lake = platform(tmp_path, tws)
        window = Window(datetime(2024, 1, 3, tzinfo=UTC), datetime(2024, 1, 4, tzinfo=UTC))
        with clock.frozen(NOW):
            rows, failed = ask(lake, "ibkr", dataset_of(lake, "ibkr", "trades"), ["BRK.B"], window=window)
    assert not failed
    assert rows.group_by("price").len().sort("price").rows() == [(100.0, 1_200), (100.5, 1)]
    assert set(rows["symbol"]) == {"BRK.B"}
