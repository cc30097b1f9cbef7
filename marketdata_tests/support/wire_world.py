"""A platform whose sources are the sandbox's vendors: fetched over sockets on a virtual clock, published and audited as in production."""

from __future__ import annotations

import functools
import random
import socket
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import polars as pl
import pytest

from marketdata_assets.core import clock
from marketdata_assets.core.instruments import format_instruments
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline import fetching
from marketdata_assets.pipeline.bars import Audited, audited, normalized
from marketdata_assets.pipeline.fetching import Fetched, fetch
from marketdata_assets.pipeline.outdated import outdated
from marketdata_assets.pipeline.platform import open_platform
from marketdata_assets.pipeline.raw import arrived, publish_raw
from marketdata_assets.sandbox.market import Market, simulate
from marketdata_assets.sandbox.spec import Spec
from marketdata_assets.sandbox.wire.faults import FaultPlan, FaultRule
from marketdata_assets.sandbox.wire.server import Asked, WireServer
from marketdata_assets.schemas.audit import REFUSED_ROWS
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.settings import load_settings
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.registry import vendor
from marketdata_assets.sources.source import Source
from marketdata_tests.support.platforms import write_config
from marketdata_tests.support.virtual_time import VirtualTime, run

T = TypeVar("T")
KEY = "canary/9f8e+7d6c5b4a=="  # a key that looks different in an address and in JSON
PLANS = {"alphavantage": "premium_75", "polygon": "advanced"}  # the free ones serve too little in one go

CALM = Spec(start=date(2024, 1, 2), end=date(2025, 3, 1), crypto_start=date(2024, 9, 1), crypto_hourly_months=1, defects=False)
SHARES, COINS = ("ALDERA", "CORDEL.B"), ("SIMA-USDT", "SIMB-USDT")
SERVED = {
    **dict.fromkeys(("alpaca", "alphavantage", "polygon", "yahoo"), "us_equities"),
    **dict.fromkeys(("binance", "coinbase", "kraken"), "crypto"),
}


@pytest.fixture(scope="session")
def calm_market() -> Market:
    """A simulated market without a planted defect: what goes wrong is what a test does."""
    return simulate(CALM)


def symbols_of(name: str) -> tuple[str, ...]:
    """Two symbols of the market that a vendor serves."""
    return SHARES if SERVED[name] == "us_equities" else COINS


def days_of(name: str) -> int:
    """Days of January and February 2025 on which a vendor's market was open: XNYS had 39 sessions (9 January was a day of mourning)."""
    return 39 if SERVED[name] == "us_equities" else 59


async def _in_turn(work: Callable[..., T], *given: Any) -> T:
    """In place of a thread: a clock that tests move must not move while one runs."""
    return work(*given)


class World:
    """One asset class of a simulated market and the vendors that serve it; the lake lies in `folder`.

    `asked` lists every request of the last fetch as it arrived, `seconds` how long it took on the client's clock.
    """

    def __init__(
        self,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        market: Market,
        vendors: Sequence[str],
        symbols: Sequence[str],
        *,
        asset_class: str = "us_equities",
        timeframe: str = "1d",
        start: date = date(2025, 1, 1),
        limits: bool = False,
        sources: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self.market, self.symbols, self.asset_class, self.timeframe = market, tuple(symbols), asset_class, timeframe
        self.keys = [PartitionKey("2025" if timeframe == "1d" else "2025-02", symbol) for symbol in symbols]
        self.asked: list[Asked] = []
        self.seconds = 0.0
        self._vendors, self._limits, self._patch = sorted(vendors), limits, monkeypatch
        self._port = _free_ports(len(vendors))
        self._now = market.spec.update_received
        for name in vendors:
            for credential in vendor(name).credentials:
                monkeypatch.setenv(credential.variable, KEY)
        given = {
            name: {"vendor": name, "base_url": f"http://127.0.0.1:{self._port + at}", "plan": PLANS.get(name), **(sources or {})}
            for at, name in enumerate(self._vendors)
        }
        configured = {name: {k: v for k, v in one.items() if v is not None} for name, one in given.items()}
        write_config(folder, asset_class, configured, timeframes=(timeframe,), start=start, **settings)
        (folder / "instruments.csv").write_text(format_instruments(market.instruments.get(symbol) for symbol in symbols))
        self.platform = open_platform(load_settings(folder / "marketdata.yaml", {}))

    @staticmethod
    def crowd(shares: int) -> Market:
        """A calm market of so many companies."""
        return simulate(replace(CALM, extra_equities=shares))

    def port_of(self, name: str) -> int:
        """The port on which a vendor is served."""
        return self._port + self._vendors.index(name)

    def outdated(self) -> set[PartitionKey]:
        """The partitions whose tables downstream do not follow from the raw bars that stand."""
        return outdated(self.platform, self.asset_class, self.timeframe)

    def fetch(
        self, *faults: FaultRule, source: str = "", now: datetime | None = None, again: bool = False, keys: Sequence[PartitionKey] = ()
    ) -> Fetched:
        """Asks a source (the only one) for what is lacking while the vendors suffer these faults."""
        self._now = now or self._now
        with ExitStack() as stack:
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            patch.setattr(Source, "client", lambda _, api, **options: Client(api, time=VirtualTime(self._now), **options))
            served = functools.partial(self._served, FaultPlan.of(*faults))
            patch.setattr(fetching, "asyncio", SimpleNamespace(run=served, to_thread=_in_turn))
            stack.enter_context(clock.frozen(self._now))
            return fetch(self.platform, source or self._vendors[0], self.timeframe, keys or self.keys, again=again)

    def _served(self, plan: FaultPlan, work: Coroutine[Any, Any, Any]) -> Any:
        async def scene() -> Any:
            time = VirtualTime(self._now)
            served = {"port": self._port, "faults": plan, "seen_at": self._now, "limits": self._limits, "monotonic": time.monotonic}
            async with WireServer(self.market, self._vendors, **served) as server:
                self.asked = server.asked
                try:
                    return await work
                finally:
                    self.seconds = time.monotonic() - 1_000.0

        return run(scene())

    def publish(self, source: str = "", keys: Sequence[PartitionKey] = ()) -> pl.DataFrame:
        """Publishes what arrived from a source; its raw bars, every version."""
        name, due = source or self._vendors[0], keys or self.keys
        with clock.frozen(self._now):
            publish_raw(self.platform, name, self.timeframe, due, arrived(self.platform, name, self.timeframe, due))
        return self.raw(name)

    def raw(self, source: str) -> pl.DataFrame:
        """The raw bars of a source, every version."""
        return self.platform.lake.scan(self.platform.path(RAW_BARS, self.asset_class, self.timeframe, source), RAW_BARS).collect()

    def audited(self, as_of: datetime | None = None, keys: Sequence[PartitionKey] = ()) -> Audited:
        """The published raw bars of all sources, audited as one rectangle."""
        raw, refused = {}, {}
        for source in self._vendors:
            raw[source] = self.raw(source)
            path = self.platform.path(REFUSED_ROWS, self.asset_class, self.timeframe, source)
            refused[source] = self.platform.lake.scan(path, REFUSED_ROWS).collect()
        with clock.frozen(self._now):
            bars = normalized(self.platform, self.asset_class, self.timeframe, raw, as_of)
            return audited(self.platform, self.asset_class, self.timeframe, bars, refused, set(keys or self.keys), as_of)


def _free_ports(count: int) -> int:
    """The first of some consecutive ports on which nobody listens."""
    for _ in range(100):
        first = random.randrange(20_000, 60_000)
        try:
            for port in range(first, first + count):
                with socket.socket() as one:
                    one.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no free ports")
