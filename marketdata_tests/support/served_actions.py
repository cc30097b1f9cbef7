"""A platform whose sources are vendors of the sandbox, served on this machine: bars and corporate actions are asked for over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from marketdata_assets.core import clock
from marketdata_assets.core.instruments import format_instruments
from marketdata_assets.pipeline.platform import Platform, open_platform
from marketdata_assets.sandbox.market import Market
from marketdata_assets.sandbox.wire.server import WireServer, serving
from marketdata_assets.settings import load_settings
from marketdata_tests.support.platforms import write_config

START = date(2024, 1, 1)
PLANS = {"alphavantage": "premium_75", "polygon": "advanced"}


def simulated_platform(folder: Path, vendors: Sequence[str], market: Market, **config: Any) -> Platform:
    """A lake in `folder` with these vendors as sources; every company of the market is an instrument."""
    sources = {name: {"vendor": name, "plan": PLANS[name]} if name in PLANS else {"vendor": name} for name in vendors}
    path = write_config(folder, "us_equities", sources, start=START, **{"market": "simulated", **config})
    shares = [one for one in market.instruments if one.asset_class == "us_equities"]
    (folder / "instruments.csv").write_text(format_instruments(shares))
    settings = load_settings(_real(path), {})
    return open_platform(settings.model_copy(update={"market": "simulated"}))


@contextmanager
def served(platform: Platform, market: Market, seen_at: datetime, **settings: Any) -> Iterator[WireServer]:
    """The platform's vendors at the instant `seen_at`, which is also the platform's clock."""
    vendors = {str(config.vendor) for config in platform.settings.sources.values() if config.vendor}
    with serving(market, vendors, seen_at=seen_at, limits=False, **settings) as server, clock.frozen(seen_at):
        platform.address = lambda source: server.urls.get(source.vendor or "")
        yield server


def truth(market: Market, until: date) -> set[tuple[str, str, date, float]]:
    """(symbol, kind, ex-date, value) of the splits and dividends that really happened from the first partition on."""
    kinds: Mapping[str, str] = {"split": "split", "reverse_split": "split", "dividend": "cash_dividend"}
    rows = market.truth.events.filter(pl.col("kind").is_in(list(kinds)), pl.col("session") <= until)
    return {(symbol, kinds[kind], day, value) for kind, symbol, day, value in rows.select("kind", "symbol", "session", "value").iter_rows()}


def _real(path: Path) -> Path:
    path.write_text(path.read_text().replace("market: simulated", "market: real"))
    return path
