"""How networked sources have answered lately, read off what was asked of them: what keeps a source that is down from being chosen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from marketdata_assets.core import clock
from marketdata_assets.pipeline.inventory import fetches
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.schemas.audit import LandingState

REST = timedelta(minutes=15)
"""How long a source that was down is left alone before it counts as worth a try again: the longest that any wait is."""
_NOBODY_THERE = ("circuit_open", "unavailable", "rate_limited", "bad_credentials", "truncated")
_NOT_THIS_SYMBOL = ("not_found", "rejected", "not_entitled")
_LATELY = timedelta(days=1)


@dataclass(frozen=True)
class Health:
    """Windows of symbols that a source answered and failed within a day, its newest outcome, and why it is down (empty: it is not)."""

    answered: int = 0
    failed: int = 0
    last_at: datetime | None = None
    last_fault: str = ""
    down: str = ""

    @property
    def word(self) -> str:
        """`down`, `failing` (its newest outcome is a fault), `up`, or `unknown` where nothing was asked lately."""
        if self.down:
            return "down"
        if self.last_at is None:
            return "unknown"
        return "failing" if self.last_fault else "up"


def health(platform: Platform, source: str, now: datetime | None = None) -> Health:
    """How a networked source stands: down when all its outcomes within a quarter of an hour say that nobody answers there."""
    now = now or clock.now()
    lately = _outcomes(platform, source).filter(pl.col("known_at") > now - _LATELY)
    if lately.is_empty():
        return Health()
    bad = lately.filter(pl.col("state") == LandingState.REFUSED)
    newest = lately.sort("known_at", maintain_order=True).tail(1).row(0, named=True)
    fresh = lately.filter(pl.col("known_at") > now - REST)
    last_fault = newest["reason"] if newest["state"] == LandingState.REFUSED else ""
    nobody = fresh.height > 0 and bool(((fresh["state"] == LandingState.REFUSED) & fresh["code"].is_in(_NOBODY_THERE)).all())
    return Health(lately.height - bad.height, bad.height, newest["known_at"], last_fault, fresh["reason"][-1] if nobody else "")


def down(platform: Platform, sources: list[str], timeframe: str, now: datetime | None = None) -> dict[tuple[str, str | None], str]:
    """Why a source is not to be asked now: as a whole (symbol None), or for a symbol that it refused when last asked for these bars."""
    now = now or clock.now()
    found: dict[tuple[str, str | None], str] = {}
    for source in sources:
        if reason := health(platform, source, now).down:
            found[source, None] = reason
        newest = (
            _outcomes(platform, source)
            .filter(pl.col("timeframe") == timeframe)
            .sort("known_at", maintain_order=True)
            .unique("symbol", keep="last", maintain_order=True)
        )
        for symbol, reason in newest.filter(pl.col("code").is_in(_NOT_THIS_SYMBOL)).select("symbol", "reason").iter_rows():
            found[source, symbol] = reason
    return found


def _outcomes(platform: Platform, source: str) -> pl.DataFrame:
    """A row a symbol's window: state, reason, the fault's code, when it was known."""
    columns = ("symbol", "timeframe", "asked_from", "asked_until", "known_at", "state", "reason")
    return (
        fetches(platform, source).select(columns).unique(maintain_order=True).with_columns(code=pl.col("reason").str.extract(r"^\[(\w+)\]"))
    )
