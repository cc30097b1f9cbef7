"""A networked source is asked for what is lacking, and its answers are published as landed files are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core import clock
from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.answers import AnswerBook
from marketdata_assets.pipeline.bars import audited
from marketdata_assets.pipeline.circumstances import payload_spans
from marketdata_assets.pipeline.fetching import fetch
from marketdata_assets.pipeline.inventory import fetches, inventory, source_settings
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.raw import archived_bars, arrived, publish_raw
from marketdata_assets.pipeline.wanted import bars_of
from marketdata_assets.schemas.bars import NORMALIZED_BARS, RAW_BARS
from marketdata_assets.sources.errors import NotFound
from marketdata_assets.sources.question import Question
from marketdata_tests.graph.world import sessions
from marketdata_tests.support import alpaca
from marketdata_tests.support.in_thread import in_thread
from marketdata_tests.support.loopback import Asked, Loopback, Reply

NOW = datetime(2024, 3, 16, 12, tzinfo=UTC)  # a Saturday
LAST = date(2024, 3, 15)
SYMBOLS = ("AAA", "BBB", "CCC")
KEYS = [PartitionKey("2024", symbol) for symbol in SYMBOLS]


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APCA_API_KEY_ID", "canary-key-id")
    monkeypatch.setenv("APCA_API_SECRET_KEY", "canary-secret")


@pytest.fixture
def vendor() -> Iterator[Loopback]:
    with in_thread(Loopback()) as loopback:
        yield loopback


def closes(until: date = LAST) -> alpaca.Closes:
    days = sessions(date(2024, 1, 1), until + timedelta(days=1))
    return {symbol: {day: 100.0 * at + n / 4 for n, day in enumerate(days)} for at, symbol in enumerate(SYMBOLS, start=1)}


def run(platform: Platform, now: datetime = NOW) -> pl.DataFrame:
    """One incremental run: fetch, publish; the raw table."""
    with clock.frozen(now):
        fetch(platform, "alpaca", "1d", KEYS)
        publish_raw(platform, "alpaca", "1d", KEYS, arrived(platform, "alpaca", "1d", KEYS))
    return platform.lake.scan("us_equities/raw_bars_1d/alpaca", RAW_BARS).collect()


def test_every_bar_arrives_once_with_the_payload_it_was_read_from(vendor: Loopback, tmp_path: Path) -> None:
    truth = closes()
    platform = alpaca.platform(tmp_path, alpaca.serve(vendor, truth, page=37), SYMBOLS)
    raw = run(platform)
    told = {(s, t.date()): c for s, t, c in raw.select("symbol", "timestamp", "close").iter_rows()}
    assert told == {(symbol, day): close for symbol, days in truth.items() for day, close in days.items()}
    assert raw["timestamp"].dt.time().unique().to_list() == [datetime.min.time()]
    assert raw["tape"].unique().to_list() == ["alpaca sip"]
    assert raw["payload_sha256"].n_unique() > 1
    for digest in raw["payload_sha256"].unique():
        assert b'"bars"' in platform.lake.archive.get(digest)


def test_nothing_is_asked_twice(vendor: Loopback, tmp_path: Path) -> None:
    platform = alpaca.platform(tmp_path, alpaca.serve(vendor, closes()), SYMBOLS)
    before = run(platform)
    asked = len(vendor.asked)
    assert run(platform).equals(before)
    assert run(platform, NOW + timedelta(hours=30)).equals(before)  # Sunday: no session has closed since
    assert len(vendor.asked) == asked == 1


def test_a_new_session_is_asked_for_with_the_overlap_before_it_and_a_restatement_in_it_is_a_new_version(
    vendor: Loopback, tmp_path: Path
) -> None:
    truth = closes()
    platform = alpaca.platform(tmp_path, alpaca.serve(vendor, truth), SYMBOLS, overlap_days=3)
    first = run(platform)
    monday, friday = date(2024, 3, 18), date(2024, 3, 15)
    truth["BBB"][monday], restated = 250.0, truth["BBB"][friday] + 0.5
    truth["BBB"][friday] = restated
    raw = run(platform, datetime(2024, 3, 18, 21, tzinfo=UTC))
    assert alpaca.queries(vendor)[1:] == [
        {"symbols": "AAA,BBB,CCC", "start": "2024-03-13T00:00:00Z", "end": "2024-03-18T05:00:00Z"},
    ]
    assert raw.height == first.height + 2
    versions = raw.filter(pl.col("symbol") == "BBB", pl.col("timestamp").dt.date() == friday).sort("known_at")
    assert versions["close"].to_list() == [restated - 0.5, restated]


def test_the_session_still_open_is_neither_asked_for_nor_kept(vendor: Loopback, tmp_path: Path) -> None:
    truth = closes()
    platform = alpaca.platform(tmp_path, alpaca.serve(vendor, truth), SYMBOLS)
    during = datetime(2024, 3, 15, 19, 59, tzinfo=UTC)  # New York closes at 20:00 UTC
    raw = run(platform, during)
    assert raw["timestamp"].dt.date().max() == date(2024, 3, 14)
    assert alpaca.queries(vendor)[0]["end"] == "2024-03-14T05:00:00Z"
    late = run(platform, datetime(2024, 3, 15, 20, 15, tzinfo=UTC))  # the plan delays the tape by a quarter of an hour
    assert late["timestamp"].dt.date().max() == date(2024, 3, 15)


def test_an_empty_answer_is_an_answer_and_a_failed_one_is_asked_again(vendor: Loopback, tmp_path: Path) -> None:
    truth = closes()
    del truth["CCC"]
    platform = alpaca.platform(tmp_path, vendor, SYMBOLS)
    vendor.on(alpaca.PATH, alpaca.error("subscription does not permit querying recent SIP data", 403))
    run(platform)
    assert set(fetches(platform, "alpaca")["state"]) == {"refused"}
    assert "[not_entitled]" in fetches(platform, "alpaca")["reason"][0]
    alpaca.serve(vendor, truth)
    run(platform)
    held = fetches(platform, "alpaca").filter(pl.col("state") == "landed").group_by("symbol").agg(pl.col("rows").sum()).sort("symbol")
    assert held.rows() == [("AAA", len(truth["AAA"])), ("BBB", len(truth["BBB"])), ("CCC", 0)]
    spans = payload_spans(platform, "us_equities", "1d").filter(pl.col("symbol") == "CCC")
    assert spans.select("first", "last").rows() == [(date(2024, 1, 1), LAST)]
    asked = len(vendor.asked)
    run(platform)
    assert len(vendor.asked) == asked


def test_one_bad_symbol_does_not_stop_the_others(vendor: Loopback, tmp_path: Path) -> None:
    truth = closes()
    alpaca.serve(vendor, truth)
    good = vendor._answers[alpaca.PATH][0]
    vendor.on(alpaca.PATH, lambda asked: alpaca.error("invalid symbol: BBB", 400) if "BBB" in asked.query["symbols"] else good(asked))  # type: ignore[operator]
    platform = alpaca.platform(tmp_path, vendor, SYMBOLS)
    raw = run(platform)
    assert set(raw["symbol"]) == {"AAA", "CCC"}
    refused = inventory(platform, "alpaca").filter(pl.col("state") == "refused")
    assert refused.select("symbol").to_series().to_list() == ["BBB"]
    assert "invalid symbol: BBB" in refused["reason"][0]


def test_the_archive_gives_the_same_rows_again_in_another_process_eyes(vendor: Loopback, tmp_path: Path) -> None:
    platform = alpaca.platform(tmp_path, alpaca.serve(vendor, closes(), page=50), SYMBOLS)
    raw = run(platform)
    platform.readings.clear()
    whole = Window(datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))
    again = archived_bars(platform, "alpaca", "1d", SYMBOLS, whole)
    assert RAW_BARS.conform(again).equals(RAW_BARS.conform(raw))


def test_a_missing_key_names_the_variables(vendor: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("APCA_API_KEY_ID")
    platform = alpaca.platform(tmp_path, vendor, SYMBOLS)
    with clock.frozen(NOW), pytest.raises(ConfigFault, match="APCA_API_KEY_ID is not set"):
        fetch(platform, "alpaca", "1d", KEYS)
    assert vendor.asked == []


def test_coverage_says_which_days_were_asked_for_in_vain(vendor: Loopback, tmp_path: Path) -> None:
    platform = alpaca.platform(tmp_path, vendor, SYMBOLS)
    vendor.on(alpaca.PATH, alpaca.error("subscription does not permit querying recent SIP data", 403))
    run(platform)
    told = audited(platform, "us_equities", "1d", NORMALIZED_BARS.empty(), {}, KEYS)
    assert told.validated.is_empty()
    assert told.coverage.height == 3 * len(sessions(date(2024, 1, 1), NOW.date()))
    assert set(told.coverage["state"]) == {"not_fetched"}
    assert told.coverage["reason"].n_unique() == 1
    assert told.coverage["reason"][0].startswith("asked in vain: alpaca: [not_entitled] asking alpaca for stock_bars: status 403")
    alpaca.serve(vendor, {symbol: {} for symbol in SYMBOLS})
    run(platform)
    told = audited(platform, "us_equities", "1d", NORMALIZED_BARS.empty(), {}, KEYS)
    assert told.coverage.select("state", "reason").unique().rows() == [("vendor_absent", "nothing came from alpaca")]


def test_what_was_answered_is_entered_every_minute_and_outlives_a_run_that_is_killed(
    vendor: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = alpaca.platform(tmp_path, alpaca.serve(vendor, closes()), SYMBOLS)
    source = source_settings(platform, "alpaca")
    fault, seconds = NotFound("asking", "nothing"), [100.0]
    monkeypatch.setattr(clock, "monotonic", lambda: seconds[-1])
    book = AnswerBook(platform, "alpaca", bars_of(source, "1d"), total=2)
    about = Question("bars", ("AAA",), Window(datetime(2024, 1, 1, tzinfo=UTC), NOW), timeframe("1d"))
    book.fail(about, fault, NOW)
    assert fetches(platform, "alpaca").height == 0
    seconds.append(161.0)
    book.fail(about, fault, NOW + timedelta(minutes=1))
    assert fetches(platform, "alpaca").height == 2


def test_a_partition_reads_only_the_payloads_it_has_not_taken_in(vendor: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = closes()
    platform = alpaca.platform(tmp_path, alpaca.serve(vendor, truth), SYMBOLS)
    run(platform)
    for symbol in SYMBOLS:
        truth[symbol][date(2024, 3, 18)] = 7.0
    read: list[str] = []
    real = platform.lake.archive.get

    def counted(digest: str) -> bytes:
        read.append(digest)
        return real(digest)

    monkeypatch.setattr(platform.lake.archive, "get", counted)
    with clock.frozen(datetime(2024, 3, 18, 21, tzinfo=UTC)):
        fetch(platform, "alpaca", "1d", KEYS)
        platform.readings.clear()
        publish_raw(platform, "alpaca", "1d", KEYS, arrived(platform, "alpaca", "1d", KEYS))
    newest = fetches(platform, "alpaca").sort("known_at")["payload_sha256"][-1]
    assert read == [newest]
    stored = platform.lake.scan("us_equities/raw_bars_1d/alpaca", RAW_BARS).collect()
    assert stored.filter(pl.col("timestamp").dt.date() == date(2024, 3, 18)).height == 3
    assert arrived(platform, "alpaca", "1d", KEYS).unchanged == set(KEYS)


def test_another_plan_or_option_asks_again_only_where_it_changes_the_question(vendor: Loopback, tmp_path: Path) -> None:
    truth = closes()
    run(alpaca.platform(tmp_path, alpaca.serve(vendor, truth), SYMBOLS))
    run(alpaca.platform(tmp_path, vendor, SYMBOLS, plan="algo_trader_plus"))  # other feeds of what stands now, the same history
    assert len(vendor.asked) == 1
    raw = run(alpaca.platform(tmp_path, vendor, SYMBOLS, options={"feed": "iex"}), NOW + timedelta(hours=1))
    assert len(vendor.asked) == 2
    assert set(raw["tape"]) == {"alpaca sip", "alpaca iex"}


def test_two_runs_at_once_ask_for_everything_once(vendor: Loopback, tmp_path: Path) -> None:
    alpaca.serve(vendor, closes())
    good = vendor._answers[alpaca.PATH][0]

    async def slowly(asked: Asked) -> Reply:
        await asyncio.sleep(0.3)
        return good(asked)  # type: ignore[operator,return-value]

    vendor.on(alpaca.PATH, slowly)
    platforms = [alpaca.platform(tmp_path, vendor, SYMBOLS) for _ in range(2)]

    def one(platform: Platform) -> int:
        with clock.frozen(NOW):
            return fetch(platform, "alpaca", "1d", KEYS).requests

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one, platforms)) == [0, 1]
    assert len(vendor.asked) == 1
