"""The gates: schema, members, missing, flat, outliers, lookahead. Their figures become metadata of the asset checks."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import polars as pl

from marketdata_assets.core.faults import AuditFault
from marketdata_assets.rules.panel.figures import FAR, missing, outliers, spread
from marketdata_assets.rules.panel.gate import Gate, PanelContext, Verdict
from marketdata_assets.rules.rule import Severity

WARM_UP = 273
"""Sessions of a symbol after which every feature ought to be there."""
MISSING = 0.05
FLAT = 0.01
OUTLIERS = 0.001
_KEY = ["date", "symbol"]


def _schema(panel: pl.DataFrame, context: PanelContext) -> Verdict:
    wanted = dict(context.table.polars_schema)
    wrong = [f"{name} is missing" for name in wanted if name not in panel.columns]
    wrong += [f"{name} is not declared" for name in panel.columns if name not in wanted]
    wrong += [f"{name} is {panel.schema[name]}, not {kind}" for name, kind in wanted.items() if panel.schema.get(name, kind) != kind]
    if not wrong and panel.columns != list(wanted):
        wrong.append("columns are in another order")
    if not wrong:
        repeated = int(panel.select(pl.struct(_KEY).is_duplicated().sum()).item()) if panel.height else 0
        wrong += [f"{repeated} rows repeat their date and symbol"] if repeated else []
        wrong += [] if panel.select(_KEY).equals(panel.select(_KEY).sort(_KEY)) else ["rows are not sorted by date and symbol"]
        broken = panel.select((~pl.col(context.features).is_finite()).sum()).row(0, named=True) if context.features else {}
        wrong += [f"{name} has {n} values that are no finite numbers" for name, n in broken.items() if n]
    figures = {"features": float(len(context.features)), "rows": float(panel.height), "defects": float(len(wrong))}
    said = "; ".join(wrong[:5]) or f"{len(context.features)} features, all float64; keys unique, rows sorted"
    return Verdict("schema", not wrong, said, figures)


def _members(panel: pl.DataFrame, context: PanelContext) -> Verdict:
    lacking = context.members.join(panel, on=_KEY, how="anti")
    strange = panel.select(_KEY).join(context.members, on=_KEY, how="anti")
    days = context.members.group_by("date").len().sort("date")
    figures = {
        "member days": float(context.members.height),
        "without a row": float(lacking.height),
        "rows of strangers": float(strange.height),
    }
    if days.height:
        figures |= {"members on the first date": float(days["len"][0]), "members on the last date": float(days["len"][-1])}
    said = f"every one of {context.members.height} member days has a row, and nobody else"
    if lacking.height or strange.height:
        first = (lacking if lacking.height else strange).select(_KEY).row(0)
        said = f"{lacking.height} member days lack a row, {strange.height} rows are nobody's, e.g. {first[1]} on {first[0]}"
    return Verdict("members", not (lacking.height or strange.height), said, figures, days.rename({"len": "members"}))


def _missing(panel: pl.DataFrame, context: PanelContext) -> Verdict:
    grown = context.seen.filter(pl.col("sessions") > WARM_UP).select(_KEY)
    rows = panel.join(grown, on=_KEY, how="semi")
    told = missing(rows, context.features).sort("share", "feature", descending=[True, False])
    over = told.filter(pl.col("share") > MISSING)
    silent = context.seen.filter(pl.col("sessions") > WARM_UP, pl.col("newest") < pl.col("date")).height
    figures = {
        "rows judged": float(rows.height),
        "features over the limit": float(over.height),
        "of members without a bar that day": float(silent),
    }
    figures |= {"worst share": float(told["share"][0])} if told.height else {}
    said = f"of {rows.height} rows after {WARM_UP} sessions no feature is null in more than {MISSING:.0%}"
    if over.height:
        worst = over.row(0, named=True)
        why = f"; {silent} of the rows are of members without a bar that day" if silent else ""
        said = f"{over.height} features are null too often, {worst['feature']} in {worst['share']:.1%} of {rows.height} rows{why}"
    return Verdict("missing", not over.height, said, figures, told)


def _flat(panel: pl.DataFrame, context: PanelContext) -> Verdict:
    told = spread(panel, context.features).sort("share", "feature", nulls_last=True)
    flat = told.filter((pl.col("share") < FLAT) | (pl.col("whole") == 0))
    figures = {"flat features": float(flat.height)}
    least = told["share"].min()
    figures |= {"least share": float(least)} if isinstance(least, float) else {}
    names = ", ".join(flat["feature"].head(5))
    said = f"members hardly differ in {names}" if flat.height else "members of a date differ in every feature that has values"
    return Verdict("flat", not flat.height, said, figures, told)


def _outliers(panel: pl.DataFrame, context: PanelContext) -> Verdict:
    told = outliers(panel, context.features).sort("share", "feature", descending=[True, False])
    many = told.filter(pl.col("share") > OUTLIERS)
    figures = {"features over the limit": float(many.height), "values beyond": float(told["far"].sum())}
    said = f"no feature has more than {OUTLIERS:.1%} of its values beyond {FAR:g} standard deviations"
    if many.height:
        worst = many.row(0, named=True)
        said = f"{many.height} features have more, {worst['feature']} {worst['share']:.2%} (largest {worst['largest']:.0f})"
    return Verdict("outliers", not many.height, said, figures, told)


def _lookahead(panel: pl.DataFrame, context: PanelContext) -> Verdict:
    dates = panel.select("date").unique().sort("date").join(context.decisions, on="date", how="left", maintain_order="left")
    newest = context.seen.group_by("date").agg(pl.col("newest").max())
    told = dates.join(newest, on="date", how="left", maintain_order="left")
    late = told.filter(pl.col("newest").is_not_null() & (pl.col("decision").is_null() | (pl.col("newest") >= pl.col("decision"))))
    early = told.filter(pl.col("decision") <= pl.col("date"))
    figures = {"dates": float(told.height), "dates that use a bar of the decision's day or later": float(late.height + early.height)}
    said = f"on each of {told.height} dates the newest bar is earlier than the decision"
    if late.height or early.height:
        row = (late if late.height else early).row(0, named=True)
        said = f"{late.height + early.height} dates: the row of {row['date']} uses {row['newest']}, its decision falls on {row['decision']}"
    return Verdict("lookahead", not (late.height or early.height), said, figures, told)


GATES: tuple[Gate, ...] = (
    Gate(
        "schema",
        "exactly the declared features, all float64 and finite or null; keys unique; sorted by date and symbol",
        Severity.ERROR,
        True,
        "publish what the panel's builder returns",
        _schema,
    ),
    Gate(
        "members",
        "every member of the universe on a date has a row, and nobody else",
        Severity.ERROR,
        True,
        "build the panel from the same universe that it is judged by",
        _members,
    ),
    Gate(
        "missing",
        f"after a symbol's first {WARM_UP} sessions no feature is null in more than {MISSING:.0%} of the rows",
        Severity.ERROR,
        False,
        "look at the feature's null rule and at coverage: members without bars have rows of nulls",
        _missing,
    ),
    Gate(
        "flat",
        f"no feature's mean per-date standard deviation is under {FLAT:.0%} of the one over the whole panel",
        Severity.ERROR,
        False,
        "a feature that is the same for every member cannot rank them; take it off or compare it across dates",
        _flat,
    ),
    Gate(
        "lookahead",
        "the newest bar used is earlier than the decision date; a decision on a date uses rows dated before it",
        Severity.ERROR,
        True,
        "rows belong to the close of their date and are acted on at the next session's open",
        _lookahead,
    ),
    Gate(
        "outliers",
        f"at most {OUTLIERS:.1%} of a feature's values lie beyond {FAR:g} standard deviations",
        Severity.WARN,
        False,
        "look at the bars behind the largest values; winsorize where you use them, not here",
        _outliers,
    ),
)
BY_NAME = {gate.name: gate for gate in GATES}


def judged(panel: pl.DataFrame, context: PanelContext) -> list[Verdict]:
    """The verdict of every gate; when the schema fails, nothing else can be judged and it stands alone."""
    first = GATES[0].judge(panel, context)
    return [first] + ([gate.judge(panel, context) for gate in GATES[1:]] if first.passed else [])


def require_publishable(verdicts: Sequence[Verdict], also: Collection[str] = (), **where: object) -> None:
    """Nothing when every blocking gate passed, those named by `also` among them; otherwise `AuditFault` with the evidence."""
    failed = [each for each in verdicts if not each.passed and (BY_NAME[each.gate].blocking or each.gate in also)]
    if failed:
        raise AuditFault(
            "judging the feature panel",
            "; ".join(f"{BY_NAME[each.gate].title}: {each.said}" for each in failed),
            BY_NAME[failed[0].gate].remedy,
            gate=", ".join(each.gate for each in failed),
            **where,
        )
