"""The five vendors' feeds as the sandbox plays them, heard by the connectors: rows add up to the market, faults are told."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from pydantic import SecretStr

from marketdata_assets.core.timeframes import TIMEFRAMES
from marketdata_assets.sandbox.market import Market, simulate
from marketdata_assets.sandbox.spec import Spec
from marketdata_assets.sandbox.wire.faults import FaultPlan, FaultRule
from marketdata_assets.sandbox.wire.pairs import Tapes, made_of
from marketdata_assets.sandbox.wire.server import WireServer
from marketdata_assets.sources.errors import BadCredentials, NotEntitled, NotFound, VendorFault
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.stream import Stream
from marketdata_assets.sources.stream_listener import Batch, Listener
from marketdata_assets.sources.vendors.alpaca import stream as alpaca
from marketdata_assets.sources.vendors.binance import stream as binance
from marketdata_assets.sources.vendors.coinbase import stream as coinbase
from marketdata_assets.sources.vendors.kraken import stream as kraken
from marketdata_assets.sources.vendors.polygon import stream as polygon
from marketdata_tests.support.virtual_time import VirtualTime, run

VENDORS = {"alpaca": alpaca, "polygon": polygon, "binance": binance, "coinbase": coinbase, "kraken": kraken}
KEYS = {name: SecretStr("any-key-will-do") for name in ("key_id", "secret_key", "api_key")}
WRONG = {name: SecretStr("wrong") for name in KEYS}
SHARE, COIN = "ALDERA", "SIMA-USDT"
SPELLED = {"alpaca": "SIMA/USDT", "binance": "SIMAUSDT", "coinbase": "SIMA-USDT", "kraken": "SIMA/USDT"}
EVERY = [(vendor, stream) for vendor, module in VENDORS.items() for stream in module.STREAMS]


@pytest.fixture(scope="module")
def market() -> Market:
    return simulate(Spec(start=date(2024, 6, 3), end=date(2025, 7, 1), crypto_start=date(2025, 1, 1), crypto_minute_days=1, defects=False))


def named(vendor: str, name: str) -> Stream:
    return next(stream for stream in VENDORS[vendor].STREAMS if stream.name == name)


def ask(vendor: str, stream: Stream) -> Question:
    share = stream.asset_class == "us_equities"
    length = TIMEFRAMES[stream.timeframes[0]] if stream.timeframes else None
    return Question(stream.name, (SHARE if share else SPELLED[vendor],), timeframe=length, canonical=(SHARE if share else COIN,))


def heard(
    market: Market, vendor: str, stream: Stream, rows: int, *faults: FaultRule, keys: Any = KEYS, speed: float = 1000.0
) -> list[Batch]:
    """So many rows of a feed, a thousand times as fast as it passed, on a clock that costs no time."""

    async def scene() -> list[Batch]:
        async with WireServer(market, [vendor], faults=FaultPlan.of(*faults), speed=speed) as server:
            feed = stream.at(server.urls[vendor])
            async with Listener(vendor, feed, ask(vendor, stream), credentials=keys, time=VirtualTime()) as listener:
                batches: list[Batch] = []
                async with asyncio.timeout(86_400):  # of the clock that costs no time
                    while sum(batch.rows.height for batch in batches) < rows:
                        batches.append(await anext(listener))
                return batches

    return run(scene())


def played(market: Market, vendor: str, symbol: str) -> pl.DataFrame:
    """The trades of the day that the sandbox plays."""

    async def scene() -> pl.DataFrame:
        async with WireServer(market, [vendor]) as server:
            tapes = Tapes(server.book, vendor)
            last = tapes.of(symbol)["timestamp"][-1]
            return tapes.between(symbol, last.replace(hour=0, minute=0, second=0, microsecond=0), None)

    return run(scene())


@pytest.mark.parametrize(("vendor", "stream"), EVERY, ids=[f"{vendor} {stream.name}" for vendor, stream in EVERY])
def test_every_stream_of_every_vendor_is_heard_and_obeys_its_table(market: Market, vendor: str, stream: Stream) -> None:
    batches = heard(market, vendor, stream, 5)
    assert not [gap for batch in batches for gap in batch.gaps]
    for batch in batches:
        stream.table.validate(batch.rows)
        assert set(batch.rows["symbol"]) <= {SHARE, COIN}


@pytest.mark.parametrize("vendor", ["alpaca", "polygon", "binance", "coinbase", "kraken"])
def test_the_trades_are_those_of_the_day_one_after_another(market: Market, vendor: str) -> None:
    stream = named(vendor, "trades")
    told = pl.concat(batch.rows for batch in heard(market, vendor, stream, 20)).sort("timestamp")
    made = played(market, vendor, SHARE if stream.asset_class == "us_equities" else COIN).head(told.height)
    assert told["price"].to_list() == made["price"].to_list()
    assert told["quantity"].to_list() == made["quantity"].to_list()
    assert told["trade_id"].to_list() == [str(number) for number in made["id"]]
    if vendor in ("binance", "coinbase", "kraken"):
        assert told["side"].to_list() == made["side"].to_list()


@pytest.mark.parametrize(
    ("vendor", "name"), [("alpaca", "coin_bars"), ("polygon", "bars"), ("binance", "bars"), ("coinbase", "bars"), ("kraken", "bars")]
)
def test_the_bars_are_final_and_add_up_to_the_trades(market: Market, vendor: str, name: str) -> None:
    stream = named(vendor, name)
    symbol = SHARE if stream.asset_class == "us_equities" else COIN
    told = pl.concat(batch.rows for batch in heard(market, vendor, stream, 6)).sort("timestamp")
    made = made_of(played(market, vendor, symbol), stream.timeframes[0]).head(told.height)
    for column in ("timestamp", "open", "high", "low", "close"):
        assert told[column].to_list() == made[column].to_list(), column
    assert told["volume"].to_list() == pytest.approx(made["volume"].to_list(), abs=1e-7)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_dropped_connection_is_a_gap_and_what_was_sent_meanwhile_is_missing(market: Market, vendor: str) -> None:
    stream = named(vendor, "coin_trades" if vendor == "alpaca" else "trades")
    batches = heard(market, vendor, stream, 12, FaultRule(what="drop", frames=5))
    (gap,) = (gap for batch in batches for gap in batch.gaps if gap.reason != "missed")
    assert gap.reason == "lost"
    rows = pl.concat(batch.rows for batch in batches)
    assert rows.filter(pl.col("known_at") <= gap.start).height == 5
    assert rows.filter(pl.col("known_at").is_between(gap.start, gap.end, closed="none")).height == 0


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_feed_that_falls_silent_is_left(market: Market, vendor: str) -> None:
    stream = named(vendor, "coin_trades" if vendor == "alpaca" else "trades")
    batches = heard(market, vendor, stream, 8, FaultRule(what="silence", frames=5), speed=60.0)
    reasons = [gap.reason for batch in batches for gap in batch.gaps if gap.reason != "missed"]
    assert reasons == ["silent" if stream.silence else "lost"], "by its watchdog, or by an unanswered ping"


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_broken_frame_is_a_gap_and_the_feed_goes_on(market: Market, vendor: str) -> None:
    stream = named(vendor, "coin_trades" if vendor == "alpaca" else "trades")
    batches = heard(market, vendor, stream, 10, FaultRule(what="bad_frame", frames=5))
    assert [gap.reason for batch in batches for gap in batch.gaps] == ["unreadable"]


@pytest.mark.parametrize("vendor", ["alpaca", "polygon"])
@pytest.mark.parametrize(
    ("faults", "keys"), [((), WRONG), ((FaultRule(what="login_refused", times=None),), KEYS)], ids=["wrong", "refused"]
)
def test_a_refused_key_is_bad_credentials(market: Market, vendor: str, faults: tuple[FaultRule, ...], keys: Any) -> None:
    with pytest.raises(BadCredentials):
        heard(market, vendor, named(vendor, "trades"), 1, *faults, keys=keys)


def test_a_feed_that_the_plan_lacks_is_not_entitled(market: Market) -> None:
    async def scene() -> None:
        async with WireServer(market, ["alpaca"]) as server:
            feed = named("alpaca", "trades").at(server.urls["alpaca"])
            keys = {**KEYS, "key_id": SecretStr("free-plan")}
            question = Question("trades", (SHARE,), options={"latest_feed": "sip"})
            async with Listener("alpaca", feed, question, credentials=keys, time=VirtualTime()) as listener:
                await anext(listener)

    with pytest.raises(NotEntitled, match="insufficient subscription"):
        run(scene())


@pytest.mark.parametrize("vendor", ["coinbase", "kraken"])
def test_a_pair_that_does_not_exist_is_not_found(market: Market, vendor: str) -> None:
    async def scene() -> None:
        async with WireServer(market, [vendor]) as server:
            feed = named(vendor, "trades").at(server.urls[vendor])
            async with Listener(vendor, feed, Question("trades", ("NO-SUCH",)), time=VirtualTime()) as listener:
                await anext(listener)

    with pytest.raises(NotFound):
        run(scene())


def test_a_symbol_that_binance_never_heard_of_stays_silent_and_is_named(market: Market) -> None:
    async def scene() -> tuple[str, ...]:
        async with WireServer(market, ["binance"], speed=1000.0) as server:
            feed = named("binance", "trades").at(server.urls["binance"])
            question = Question("trades", ("SIMAUSDT", "NOSUCHUSDT"))
            async with Listener("binance", feed, question, time=VirtualTime()) as listener:
                await anext(listener)
                return listener.unheard

    assert run(scene()) == ("NOSUCHUSDT",)


def test_a_flood_costs_bounded_memory(market: Market) -> None:
    from dataclasses import replace

    stream = named("binance", "trades")
    small = replace(stream, limits=replace(stream.limits, buffer_frames=200, batch_frames=50))

    async def scene() -> tuple[int, list[Any]]:
        flood = FaultPlan.of(FaultRule(what="flood", times=None))
        async with WireServer(market, ["binance"], faults=flood) as server:
            feed = small.at(server.urls["binance"])
            async with Listener("binance", feed, Question("trades", ("SIMAUSDT",)), time=VirtualTime()) as listener:
                while listener.buffer.dropped < 1000:  # noqa: ASYNC110 (the flood is nobody's event)
                    await asyncio.sleep(0.01)
                listener.stop()
                gaps = [gap async for batch in listener for gap in batch.gaps]
                return listener.buffer.peak_frames, gaps

    peak, gaps = run(scene())
    assert peak <= 200
    assert [gap.reason for gap in gaps] == ["slow_consumer"]


def test_an_upgrade_that_the_plan_of_faults_refuses_is_tried_again(market: Market) -> None:
    batches = heard(market, "kraken", named("kraken", "trades"), 1, FaultRule(what="status", status=503, times=2))
    assert sum(batch.rows.height for batch in batches) >= 1


def test_too_many_upgrades_at_binance_are_rate_limited(market: Market) -> None:
    with pytest.raises(VendorFault, match="HTTP 418") as caught:
        heard(market, "binance", named("binance", "trades"), 1, FaultRule(what="ban", times=None))
    assert caught.value.code == "rate_limited"
    assert timedelta(seconds=caught.value.wait or 0) == timedelta(minutes=1)
