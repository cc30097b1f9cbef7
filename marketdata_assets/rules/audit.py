"""The verdict on a frame of normalized bars: what passes, what is refused and why, what is reported, what must not be published."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from marketdata_assets.core.faults import AuditFault
from marketdata_assets.rules.context import AuditContext
from marketdata_assets.rules.events import known_events
from marketdata_assets.rules.neighbours import with_neighbours
from marketdata_assets.rules.registry import BY_NAME, RULES
from marketdata_assets.rules.report import findings_of, quarantine_of
from marketdata_assets.rules.rule import CASES_SCHEMA, Action, Rule, Stage, cases
from marketdata_assets.rules.scope import Scope, survey

REPAIRED = "repaired_high_low"
_NO_FLAGS = pl.lit([], pl.List(pl.String))


@dataclass(frozen=True)
class Audit:
    """What became of the judged rows; every one of them is in `kept` or, once per rule that refused it, in `quarantine`.

    `kept`: NORMALIZED_BARS with `flags` (list of rule names, sorted) and `penalty` (points they take off the quality score).
    `quarantine`: rows of QUARANTINE. `findings`: FINDINGS, one row per rule, symbol, source and period with something to report;
    for a rule that refuses or flags, `n` counts exactly its rows. `unjudged`: rules that lacked something, and what.
    """

    kept: pl.DataFrame
    quarantine: pl.DataFrame
    findings: pl.DataFrame
    unjudged: dict[str, str]

    @property
    def blocking(self) -> pl.DataFrame:
        """The findings that forbid publishing the frame."""
        return self.findings.filter(pl.col("action") == Action.BLOCK)

    def require_publishable(self) -> None:
        """Nothing when no blocking rule spoke; otherwise `AuditFault` with the evidence."""
        if self.blocking.height:
            first = self.blocking.row(0, named=True)
            rule = BY_NAME[first["rule"]]
            raise AuditFault(
                f"auditing {first['symbol'] or 'the frame'} {first['source']} {first['period']}".replace("  ", " "),
                f"{rule.title} ({rule.name}): {first['sample']}",
                rule.remedy,
                rule=rule.name,
                blocking_findings=self.blocking.height,
            )


def audit(normalized: pl.DataFrame, context: AuditContext) -> Audit:
    """`normalized` judged by every rule: pure, the same rows and context give the same verdict.

    `AuditFault` when the frame has other columns or types than NORMALIZED_BARS, when the calendar does not reach over it, or when a
    rule could not be evaluated; a finding of a blocking rule raises only in `require_publishable`, so that a check can report it.
    """
    _require_schema(normalized)
    rows = survey(normalized, context)
    found = _row_cases(rows, Stage.ROW, context)
    events = known_events(rows, context.events)
    sound = with_neighbours(_sound(rows, context), events, context)
    found += _row_cases(sound, Stage.NEIGHBOURS, context)
    scope = Scope(rows, sound, events, context, normalized.clear())
    found += [(rule, _found(rule, scope)) for rule in _of(Stage.SERIES, context)]
    repaired = _repairable(found) if context.auto_fix else _none()
    refused = _refused(found, repaired)
    kept = _kept(normalized, refused, found, repaired)
    found += [(rule, _found(rule, replace(scope, kept=kept))) for rule in _of(Stage.PARTITION, context)]
    return Audit(
        kept,
        quarantine_of(
            normalized, [(rule, told.join(repaired, on="row", how="anti")) for rule, told in found if rule.action is Action.QUARANTINE]
        ),
        findings_of(found, context.timeframe.period),
        _unjudged(context),
    )


def _require_schema(frame: pl.DataFrame) -> None:
    for rule in RULES:
        defect = rule.verify(frame) if rule.verify else None
        if defect:
            raise AuditFault("auditing normalized bars", f"{rule.title} ({rule.name}): {defect}", rule.remedy, rule=rule.name)


def _of(stage: Stage, context: AuditContext) -> list[Rule]:
    return [rule for rule in RULES if rule.stage is stage and rule.name not in _unjudged(context)]


def _unjudged(context: AuditContext) -> dict[str, str]:
    lacking = {rule.name: [need for need in rule.needs if getattr(context, need) is None] for rule in RULES}
    return {name: f"not judged without {', '.join(needs)}" for name, needs in lacking.items() if needs}


def _row_cases(frame: pl.DataFrame, stage: Stage, context: AuditContext) -> list[tuple[Rule, pl.DataFrame]]:
    """The judged rows for which each rule's expression is true, all expressions evaluated in one pass."""
    rules = _of(stage, context)
    verdicts = frame.select(rule.bad(context).alias(rule.name) for rule in rules if rule.bad)
    told: list[tuple[Rule, pl.DataFrame]] = []
    for rule in rules:
        bad = frame.filter(verdicts.get_column(rule.name)).filter(pl.col("row").is_not_null())
        reason = rule.reason(context) if rule.reason else pl.lit(rule.title)
        told.append((rule, cases(bad, reason, pl.col(rule.measure) if rule.measure else None)))
    return told


def _sound(rows: pl.DataFrame, context: AuditContext) -> pl.DataFrame:
    """Rows that others can be compared with: no rule that breaks the series speaks against them, judged or not."""
    breaking = [rule.bad(context) for rule in _of(Stage.ROW, context) if rule.bad and rule.breaks_series]
    return rows.filter(~pl.any_horizontal(breaking))


def _found(rule: Rule, scope: Scope) -> pl.DataFrame:
    try:
        told = rule.find(scope) if rule.find else CASES_SCHEMA.to_frame()
    except pl.exceptions.PolarsError as error:
        raise AuditFault(
            f"judging rule {rule.name}", str(error).splitlines()[0], "report it: a rule must never fail", rule=rule.name
        ) from error
    return told.filter(pl.col("row").is_not_null()) if rule.action in (Action.QUARANTINE, Action.FLAG) else told


def _none() -> pl.DataFrame:
    return pl.DataFrame(schema={"row": pl.UInt32()})


def _repairable(found: list[tuple[Rule, pl.DataFrame]]) -> pl.DataFrame:
    """Rows that only repairable rules refuse."""
    others = _numbers([told for rule, told in found if rule.action is Action.QUARANTINE and not rule.repairable])
    return _numbers([told for rule, told in found if rule.repairable]).join(others, on="row", how="anti")


def _refused(found: list[tuple[Rule, pl.DataFrame]], repaired: pl.DataFrame) -> pl.DataFrame:
    return _numbers([told for rule, told in found if rule.action is Action.QUARANTINE]).join(repaired, on="row", how="anti")


def _numbers(tables: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([_none(), *(t.select("row") for t in tables)]).unique().sort("row")


def _kept(normalized: pl.DataFrame, refused: pl.DataFrame, found: list[tuple[Rule, pl.DataFrame]], repaired: pl.DataFrame) -> pl.DataFrame:
    """The rows nobody refused, with their flags; repaired ones with high and low stretched over the four prices."""
    numbered = normalized.with_row_index("row").join(refused, on="row", how="anti", maintain_order="left")
    points = BY_NAME["high_below_body"].weight
    told = [
        told.select("row", flag=pl.lit(rule.name), points=pl.lit(rule.weight))
        for rule, told in found
        if rule.action is Action.FLAG and told.height
    ] + [repaired.with_columns(flag=pl.lit(REPAIRED), points=pl.lit(points))]
    flags = (
        pl.concat(told).unique().group_by("row").agg(pl.col("flag").sort().alias("flags"), pl.col("points").sort().sum().alias("penalty"))
    )
    kept = numbered.join(flags, on="row", how="left", maintain_order="left").with_columns(
        pl.coalesce("flags", _NO_FLAGS), pl.col("penalty").fill_null(0.0)
    )
    if repaired.height:
        mended = pl.col("flags").list.contains(REPAIRED)
        four = ("open", "high", "low", "close")
        kept = kept.with_columns(
            pl.when(mended).then(pl.max_horizontal(four)).otherwise("high").alias("high"),
            pl.when(mended).then(pl.min_horizontal(four)).otherwise("low").alias("low"),
        )
    return kept.drop("row")
