"""Cases told to people and checks: the quarantine rows, the findings, one line per rule."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from marketdata_assets.core.periods import PeriodKind, period_expr
from marketdata_assets.rules.registry import RULES
from marketdata_assets.rules.rule import Rule
from marketdata_assets.schemas.audit import QUARANTINE

SAMPLES = 3
FINDINGS_SCHEMA = pl.Schema(
    {
        "rule": pl.String(),
        "severity": pl.String(),
        "action": pl.String(),
        "symbol": pl.String(),
        "source": pl.String(),
        "period": pl.String(),
        "n": pl.Int64(),
        "measure": pl.Float64(),
        "sample": pl.String(),
    }
)
"""What a rule found in one symbol, source and period (both names empty where it is about all of them): how many rows, sessions or
cases, the largest measure, and the first few cases as a JSON list of {at, reason}."""
_GRAIN = ["rule", "symbol", "source", "period"]


def findings_of(found: Sequence[tuple[Rule, pl.DataFrame]], kind: PeriodKind) -> pl.DataFrame:
    """FINDINGS of every rule's cases, sorted by rule, symbol, source and period."""
    told = [_labelled(rule, cases) for rule, cases in found if cases.height]
    if not told:
        return FINDINGS_SCHEMA.to_frame()
    ordered = pl.concat(told).sort("rule", "symbol", "source", "session", "timestamp", "row", "reason", maintain_order=True)
    dated = ordered.with_columns(period=period_expr("session", kind))
    case = pl.struct(at=_stamp(), reason="reason").struct.json_encode()
    sample = pl.concat_str(pl.lit("["), case.head(SAMPLES).str.join(", "), pl.lit("]"))
    grouped = dated.group_by(_GRAIN, maintain_order=True).agg(
        pl.col("severity", "action").first(), pl.col("n").sum(), pl.col("measure").max(), sample.alias("sample")
    )
    return grouped.select(pl.col(c).cast(t) for c, t in FINDINGS_SCHEMA.items()).sort(_GRAIN)


def quarantine_of(normalized: pl.DataFrame, found: Sequence[tuple[Rule, pl.DataFrame]]) -> pl.DataFrame:
    """QUARANTINE of the refused rows, one per rule that refused the row, each with the row as JSON."""
    told = [cases.select("row", "reason", rule=pl.lit(rule.name)) for rule, cases in found if cases.height]
    if not told:
        return QUARANTINE.empty()
    refused = pl.concat(told)
    rows = normalized.with_row_index("row").join(refused.select("row").unique(), on="row", how="semi", maintain_order="left")
    written = rows.select(
        "row",
        "symbol",
        "timestamp",
        "source",
        "known_at",
        "payload_sha256",
        "line",
        filed_under="session",
        written=pl.struct(normalized.columns).struct.json_encode(),
    )
    return QUARANTINE.conform(refused.join(written, on="row").drop("row").rename({"written": "row"}))


def summary(findings: pl.DataFrame) -> pl.DataFrame:
    """One line per rule, found something or not: rule, title, severity, action, n, series (symbol-source pairs concerned), sample."""
    counted = findings.group_by("rule").agg(
        pl.col("n").sum(), pl.struct("symbol", "source").n_unique().cast(pl.Int64).alias("series"), pl.col("sample").first()
    )
    known = pl.DataFrame(
        [(r.name, r.title, r.severity.value, r.action.value) for r in RULES], schema=["rule", "title", "severity", "action"], orient="row"
    )
    return known.join(counted, on="rule", how="left", maintain_order="left").with_columns(
        pl.col("n", "series").fill_null(0), pl.col("sample").fill_null("[]")
    )


def _labelled(rule: Rule, cases: pl.DataFrame) -> pl.DataFrame:
    return cases.with_columns(
        pl.col("symbol", "source").fill_null(""),
        rule=pl.lit(rule.name),
        severity=pl.lit(rule.severity.value),
        action=pl.lit(rule.action.value),
    )


def _stamp() -> pl.Expr:
    """The case's bar, or its session where it is about none; a daily bar by its date alone."""
    minute = pl.col("timestamp").dt.to_string("%Y-%m-%d %H:%M")
    at_midnight = pl.col("timestamp").dt.time() == pl.time(0, 0)
    return pl.when(pl.col("timestamp").is_null() | at_midnight).then(pl.col("session").dt.to_string("%Y-%m-%d")).otherwise(minute)
