"""Real vendors' files as normalized bars: through the landing reader and normalize, under their vendors' own spellings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from marketdata_assets.core.sessions import calendar
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.rules.audit import Audit, audit
from marketdata_assets.rules.context import AuditContext
from marketdata_assets.schemas.bars import NORMALIZED_BARS, RAW_BARS
from marketdata_assets.sources.landing.format import LandingFormat
from marketdata_assets.sources.landing.read import Series, read_payload
from marketdata_assets.transforms.normalize import normalize

RECEIVED = datetime(2026, 6, 1, tzinfo=UTC)
REACH = timedelta(days=15)


def landed(home: Path, paths: Iterable[str], *, asset_class: str = "us_equities", layout: LandingFormat | None = None) -> list[Series]:
    """Every series of the files at `paths` below `home`, its payload's hash replaced by the path."""
    series = []
    for path in paths:
        reading = read_payload(path, (home / path).read_bytes(), format=layout, asset_class=asset_class)
        series += [one._replace(bars=one.bars.with_columns(payload_sha256=pl.lit(path))) for one in reading.series]
    return series


def below(home: Path, folder: str, suffix: str = "") -> list[str]:
    """The files of a folder, as paths below `home`, sorted."""
    return sorted(str(path.relative_to(home)) for path in (home / folder).rglob(f"*{suffix}") if path.is_file())


def normalized(series: Iterable[Series], source: str, exchange: str = "XNYS") -> pl.DataFrame:
    """NORMALIZED_BARS of series of one bar length; the symbol is the vendor's spelling with a dot for other separators."""
    told = list(series)
    (length,) = {one.timeframe for one in told}
    raw = RAW_BARS.conform(
        pl.concat([one.bars for one in told]).with_columns(
            symbol=pl.col("vendor_symbol").str.to_uppercase().str.replace_all(r"[-_/ ]", "."),
            known_at=pl.lit(RECEIVED).cast(RAW_BARS.polars_schema["known_at"]),
        )
    )
    sessions = calendar(exchange).sessions(raw["timestamp"].min().date(), raw["timestamp"].max().date() + timedelta(days=1))
    return normalize(raw, source=source, currency="USD", sessions=sessions, intraday=timeframe(length).intraday).bars


def together(*frames: pl.DataFrame) -> pl.DataFrame:
    """Several sources' bars as one frame."""
    return NORMALIZED_BARS.conform(pl.concat(frames))


def judged(bars: pl.DataFrame, length: str = "1d", exchange: str = "XNYS", **context: Any) -> Audit:
    """The audit of `bars` against the exchange's own calendar."""
    first, last = bars["session"].min(), bars["session"].max()
    sessions = calendar(exchange).sessions(first - REACH, last + REACH)
    return audit(bars, AuditContext(timeframe=timeframe(length), sessions=sessions, **context))


def counts(verdict: Audit) -> dict[str, int]:
    """How often each rule spoke."""
    return dict(verdict.findings.group_by("rule").agg(pl.col("n").sum()).sort("rule").iter_rows())


def cases(verdict: Audit, rule: str) -> set[tuple[str, str]]:
    """(symbol, date) of the rows that a refusing or flagging rule spoke about."""
    refused = verdict.quarantine.filter(pl.col("rule") == rule).select("symbol", pl.col("filed_under").cast(pl.String))
    flagged = verdict.kept.filter(pl.col("flags").list.contains(rule)).select("symbol", pl.col("session").cast(pl.String))
    return set(refused.iter_rows()) | set(flagged.iter_rows())
