from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from marketdata_assets.core.faults import AuditFault
from marketdata_assets.rules.panel.gate import PanelContext, Verdict
from marketdata_assets.rules.panel.gates import BY_NAME, GATES, judged, require_publishable
from marketdata_assets.schemas.features import panel_table

TABLE = panel_table([("f_a", "a feature of a test"), ("f_b", "another feature of a test")])
DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(40)]
NAMES = ["AAA", "BBB", "CCC", "DDD"]


def sound() -> tuple[pl.DataFrame, PanelContext]:
    rng = np.random.default_rng(0)
    rows = [(day, name, *rng.normal(size=2)) for day in DAYS for name in NAMES]
    panel = pl.DataFrame(rows, schema=TABLE.polars_schema, orient="row")
    members = panel.select("date", "symbol")
    seen = members.with_columns(sessions=pl.lit(400, pl.Int64), newest=pl.col("date"))
    decisions = pl.DataFrame({"date": DAYS, "decision": [day + timedelta(days=1) for day in DAYS]})
    return panel, PanelContext(TABLE, members, seen, decisions)


def verdict(gate: str, panel: pl.DataFrame, context: PanelContext) -> Verdict:
    return BY_NAME[gate].judge(panel, context)


def test_a_sound_panel_passes_every_gate_and_may_be_published() -> None:
    told = judged(*sound())
    assert [each.gate for each in told] == [gate.name for gate in GATES]
    assert [each.said for each in told if not each.passed] == []
    require_publishable(told, ("missing", "flat", "outliers"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: p.drop("f_b"), "f_b is missing"),
        (lambda p: p.with_columns(f_c=1.0), "f_c is not declared"),
        (lambda p: p.cast({"f_a": pl.Float32}), "f_a is Float32, not Float64"),
        (lambda p: p.select("date", "symbol", "f_b", "f_a"), "another order"),
        (lambda p: p.reverse(), "not sorted"),
        (lambda p: pl.concat([p.head(1), p]), "2 rows repeat"),
        (lambda p: p.with_columns(f_a=pl.lit(float("nan"))), "f_a has 160 values that are no finite numbers"),
        (lambda p: p.with_columns(f_b=pl.lit(float("inf"))), "f_b has 160 values"),
    ],
)
def test_the_schema_gate_refuses_another_shape_and_stands_alone(change: object, said: str) -> None:
    panel, context = sound()
    told = judged(change(panel), context)  # type: ignore[operator]
    assert [(each.gate, each.passed) for each in told] == [("schema", False)]
    assert said in told[0].said
    with pytest.raises(AuditFault, match=r"publish what the panel's builder returns"):
        require_publishable(told)


def test_a_member_without_a_row_and_a_row_without_a_member_are_both_found() -> None:
    panel, context = sound()
    lacking = verdict("members", panel.filter((pl.col("symbol") != "BBB") | (pl.col("date") != DAYS[3])), context)
    assert (lacking.passed, lacking.figures["without a row"], lacking.figures["rows of strangers"]) == (False, 1.0, 0.0)
    assert "BBB on 2024-01-04" in lacking.said
    strange = verdict("members", panel, replace(context, members=context.members.filter(pl.col("symbol") != "CCC")))
    assert strange.figures["rows of strangers"] == 40.0
    assert BY_NAME["members"].blocking


@pytest.mark.parametrize(("nulls", "passes"), [(8, True), (9, False)])
def test_more_than_a_twentieth_of_nulls_is_too_many(nulls: int, passes: bool) -> None:
    panel, context = sound()
    holed = panel.with_row_index("n").with_columns(pl.when(pl.col("n") >= nulls).then("f_a").alias("f_a")).drop("n")
    told = verdict("missing", holed, context)
    assert told.passed is passes
    assert told.table.row(0, named=True) == {"feature": "f_a", "null": nulls, "rows": 160, "share": nulls / 160}


def test_nulls_of_the_first_273_sessions_do_not_count() -> None:
    panel, context = sound()
    young = replace(context, seen=context.seen.with_columns(sessions=pl.when(pl.col("symbol") == "AAA").then(273).otherwise(274)))
    holed = panel.with_columns(pl.when(pl.col("symbol") != "AAA").then("f_a").alias("f_a"))
    assert verdict("missing", holed, young).passed
    assert verdict("missing", holed, young).figures["rows judged"] == 120.0
    assert not verdict("missing", holed, context).passed


def test_a_feature_that_is_the_same_for_everybody_is_flat() -> None:
    panel, context = sound()
    same = panel.with_columns(f_b=pl.col("date").dt.ordinal_day().cast(pl.Float64))
    told = verdict("flat", same, context)
    assert not told.passed
    assert told.table.row(0, named=True)["share"] == 0.0
    assert "f_b" in told.said
    assert not verdict("flat", panel.with_columns(f_b=pl.lit(3.0)), context).passed


def test_the_flat_gate_compares_the_mean_deviation_of_dates_with_the_whole_one() -> None:
    panel, context = sound()
    numbers = panel["f_a"].to_numpy().reshape(len(DAYS), len(NAMES))
    told = verdict("flat", panel, context).table.filter(pl.col("feature") == "f_a").row(0, named=True)
    assert told["within"] == pytest.approx(numbers.std(axis=1, ddof=1).mean(), rel=1e-12)
    assert told["whole"] == pytest.approx(numbers.std(ddof=1), rel=1e-12)


def test_values_beyond_ten_deviations_warn_and_do_not_block() -> None:
    panel, context = sound()
    wild = panel.with_row_index("n").with_columns(pl.when(pl.col("n") == 7).then(5000.0).otherwise("f_a").alias("f_a")).drop("n")
    told = verdict("outliers", wild, context)
    assert not told.passed
    row = told.table.row(0, named=True)
    assert (row["feature"], row["far"]) == ("f_a", 1)
    numbers = wild["f_a"].to_numpy()
    assert row["largest"] == pytest.approx(abs(5000.0 - numbers.mean()) / numbers.std(ddof=1), rel=1e-9)
    require_publishable(judged(wild, context))
    with pytest.raises(AuditFault, match="outliers"):
        require_publishable(judged(wild, context), ("outliers",))


def test_a_bar_of_the_decision_day_is_lookahead() -> None:
    panel, context = sound()
    same_day = replace(context, decisions=context.decisions.with_columns(decision="date"))
    assert not verdict("lookahead", panel, same_day).passed
    newer = context.seen.with_columns(newest=pl.col("newest") + pl.duration(days=1))
    assert not verdict("lookahead", panel, replace(context, seen=newer)).passed
    assert verdict("lookahead", panel, context).figures["dates"] == 40.0


def test_an_empty_panel_of_nobody_is_no_defect() -> None:
    panel, context = sound()
    none = PanelContext(TABLE, context.members.clear(), context.seen.clear(), context.decisions.clear())
    assert all(each.passed for each in judged(panel.clear(), none))
