"""What holds of every audit, whatever is wrong with the bars."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.rules.audit import Audit, audit
from marketdata_assets.rules.context import NEIGHBOUR_DAYS, AuditContext
from marketdata_assets.rules.rule import Action
from marketdata_assets.schemas.bars import NORMALIZED_BARS
from marketdata_tests.support.bar_frames import bars, weekday_sessions

FIRST = date(2024, 1, 1)
SESSIONS = weekday_sessions(date(2023, 11, 1), date(2024, 9, 1))
CONTEXT = AuditContext(timeframe=timeframe("1d"), sessions=SESSIONS)
DAYS = st.integers(0, 150).map(lambda n: FIRST + timedelta(days=n))
PRICES = st.sampled_from([100.0, 101.0, 99.0, 160.0, 45.0, 10000.0, 0.0, -1.0, float("nan"), float("inf"), None])


@st.composite
def frames(draw: st.DrawFn, symbols: tuple[str, ...] = ("AAA", "BBB"), sources: tuple[str, ...] = ("alpha", "beta")) -> pl.DataFrame:
    """Bars of a few series, most of them sane, on any days, with now and then a duplicate or a value nobody traded at."""
    rows: list[dict[str, Any]] = []
    for symbol in symbols:
        for source in sources:
            for day in draw(st.lists(DAYS, max_size=25)):
                row: dict[str, Any] = {
                    "symbol": symbol,
                    "source": source,
                    "day": day,
                    "close": 100.0 + day.toordinal() % 5,
                    "volume": 500.0 + day.toordinal(),
                }
                if draw(st.integers(0, 5)) == 0:
                    row[draw(st.sampled_from(["open", "high", "low", "close", "volume"]))] = draw(PRICES)
                if draw(st.integers(0, 15)) == 0:
                    row["split_ratio"] = draw(st.sampled_from([2.0, 0.1]))
                rows.append({"high": 110.0, "low": 90.0, **row, "line": len(rows) + 1})
    return bars(*rows)


def outcome(verdict: Audit) -> tuple[list[Any], ...]:
    """A verdict as values that compare, NaN included."""
    kept = verdict.kept.with_columns(pl.col(pl.Float64).cast(pl.String))
    return (kept.rows(), verdict.quarantine.rows(), verdict.findings.rows())


@given(frames())
@settings(max_examples=60, deadline=None)
def test_every_row_is_kept_or_refused_and_the_report_counts_the_refused(frame: pl.DataFrame) -> None:
    verdict = audit(frame, CONTEXT)
    key = ["symbol", "source", "timestamp", "payload_sha256", "line"]
    refused = verdict.quarantine.select("symbol", "source", "timestamp", "payload_sha256", "line").unique()
    assert verdict.kept.height + refused.height == frame.height
    assert verdict.kept.join(refused, on=key, how="semi").height == 0
    reported = verdict.findings.filter(pl.col("action") == Action.QUARANTINE).group_by("rule").agg(pl.col("n").sum()).sort("rule")
    lying = verdict.quarantine.group_by("rule").len("n").with_columns(pl.col("n").cast(pl.Int64)).sort("rule")
    assert reported.equals(lying)
    flagged = verdict.kept.select(pl.col("flags").list.len().sum()).item() or 0
    assert flagged <= (verdict.findings.filter(pl.col("action") == Action.FLAG)["n"].sum() or 0)


@given(frames())
@settings(max_examples=40, deadline=None)
def test_what_passes_could_have_been_traded(frame: pl.DataFrame) -> None:
    kept = audit(frame, CONTEXT).kept
    prices = ("open", "high", "low", "close")
    assert kept.filter(~pl.all_horizontal((pl.col(c) > 0) & pl.col(c).is_finite() for c in prices)).height == 0
    assert kept.filter(pl.col("high") < pl.max_horizontal(prices)).height == 0
    assert kept.filter(pl.col("low") > pl.min_horizontal(prices)).height == 0
    assert kept.filter(pl.struct("symbol", "source", "timestamp").is_duplicated()).height == 0
    assert kept.join(SESSIONS, on="session", how="anti").height == 0


@given(frames(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_verdict_does_not_know_the_order_of_the_rows(frame: pl.DataFrame, random: Any) -> None:
    order = list(range(frame.height))
    random.shuffle(order)
    shuffled = NORMALIZED_BARS.conform(frame[order])
    assert outcome(audit(shuffled, CONTEXT)) == outcome(audit(frame, CONTEXT))


@given(frames())
@settings(max_examples=40, deadline=None)
def test_symbols_may_change_their_names(frame: pl.DataFrame) -> None:
    swap = {"AAA": "ZZZ", "BBB": "AAB"}
    renamed = NORMALIZED_BARS.conform(frame.with_columns(pl.col("symbol").replace_strict(swap, return_dtype=pl.String)))
    before, after = audit(frame, CONTEXT), audit(renamed, CONTEXT)
    for name, told in (("kept", lambda v: v.kept), ("quarantine", lambda v: v.quarantine.drop("row", "reason"))):
        mine, theirs = told(before), told(after)
        mapped = mine.with_columns(pl.col("symbol").replace_strict(swap, return_dtype=pl.String))
        by = [c for c in ("symbol", "source", "timestamp", "line", "rule") if c in mapped.columns]
        assert mapped.sort(by).equals(theirs.sort(by)), name


@given(frames(sources=("alpha",)))
@settings(max_examples=40, deadline=None)
def test_a_clean_source_beside_it_changes_no_row_of_a_source(frame: pl.DataFrame) -> None:
    days = [d for d in SESSIONS["session"] if FIRST <= d < FIRST + timedelta(days=150)]
    clean = bars(
        *(
            {
                "symbol": s,
                "source": "clean",
                "day": d,
                "close": 100.0 + d.toordinal() % 5,
                "high": 110.0,
                "low": 90.0,
                "volume": 500.0 + d.toordinal(),
            }
            for s in ("AAA", "CCC")
            for d in days[:: 1 if s == "AAA" else 2]
        )
    )
    alone, beside = audit(frame, CONTEXT), audit(NORMALIZED_BARS.conform(pl.concat([frame, clean])), CONTEXT)
    mine = pl.col("source") == "alpha"
    assert beside.kept.filter(mine).equals(alone.kept)
    assert beside.quarantine.filter(mine).equals(alone.quarantine)


BORDER = date(2024, 1, 1)
TURN_OF_YEAR = SESSIONS.filter(pl.col("session").is_between(date(2023, 11, 27), date(2024, 2, 2)))["session"].to_list()
NEAR_BORDER = st.integers(14, 36)
DEFECTS = st.lists(
    st.tuples(NEAR_BORDER, st.sampled_from(["jump", "spike", "hundredfold", "repeat", "gap", "zero", "low", "split"])), max_size=8
)
WHOLE_SERIES_RULES = {"shifted_series", "identical_series", "price_basis_flip", "volume_basis_flip"}


@st.composite
def defective_series(draw: st.DrawFn) -> pl.DataFrame:
    """One series around the turn of a year, with defects planted near it."""
    rows: list[dict[str, Any]] = [
        {"day": d, "close": 100.0 + i % 5, "volume": 500.0 + i, "factor": 1.0, "split_ratio": 1.0} for i, d in enumerate(TURN_OF_YEAR)
    ]
    gone: set[int] = set()
    for i, defect in draw(DEFECTS):
        if defect in ("jump", "split"):
            for row in rows[i:]:
                row["factor"] *= 0.4
            rows[i]["split_ratio"] = 2.5 if defect == "split" else 1.0
        elif defect in ("spike", "hundredfold"):
            rows[i]["factor"] *= 1.5 if defect == "spike" else 100.0
        elif defect == "repeat":
            rows[i] = {**rows[i - 1], "day": rows[i]["day"]}
        elif defect == "gap":
            gone |= set(range(i, i + 7))
        else:
            rows[i]["volume" if defect == "zero" else "low"] = 0.0
    told = [
        {
            "open": r["close"] * r["factor"],
            "high": r["close"] * r["factor"] + 1,
            "low": r.get("low", r["close"] * r["factor"] - 0.1),
            **r,
            "line": i,
            "close": r["close"] * r["factor"],
        }
        for i, r in enumerate(rows)
        if i not in gone
    ]
    return bars(*told)


@given(defective_series())
@settings(max_examples=150, deadline=None)
def test_a_year_judged_alone_beside_its_neighbours_equals_that_year_of_the_whole(frame: pl.DataFrame) -> None:
    mine, whole = pl.col("session") >= BORDER, audit(frame, CONTEXT)
    whole_series_matters = bool(set(whole.findings["rule"]) & WHOLE_SERIES_RULES)
    for neighbours in (frame, frame.filter(pl.col("session").is_between(BORDER - NEIGHBOUR_DAYS, BORDER, closed="left"))):
        if neighbours.height < frame.height and whole_series_matters:
            continue
        context = AuditContext(timeframe=timeframe("1d"), sessions=SESSIONS, neighbours=neighbours, window=(BORDER, date(2024, 2, 3)))
        alone = audit(NORMALIZED_BARS.conform(frame.filter(mine)), context)
        assert alone.kept.equals(whole.kept.filter(mine))
        assert alone.quarantine.equals(whole.quarantine.filter(pl.col("filed_under") >= BORDER))
        theirs = whole.findings.filter(pl.col("period") == "2024")
        if neighbours.height == frame.height:
            assert alone.findings.equals(theirs)
