from __future__ import annotations

import re
from datetime import date, timedelta
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import polars as pl
import pytest

from marketdata_assets.exports.feature_report.charts import diverging, heat_map, sequential
from marketdata_assets.exports.feature_report.page import FeatureLine, GateLine, feature_page
from marketdata_assets.exports.feature_report.statistics import LAGS, statistics

FEATURES = ["f_a", "f_b", "f_c"]
GATES = [GateLine("schema", "columns", True, False, "fine"), GateLine("outliers", "tails", False, True, "3 <far> & wide")]


def panel(seed: int = 1) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(70)]
    level = rng.normal(size=9)
    rows = []
    for k, day in enumerate(days):
        level = 0.9 * level + rng.normal(size=9)
        for at in range(9):
            a = None if k < 10 and at == 2 else float(level[at])
            rows.append((day, f"S{at}", a, float(rng.normal()), None))
    return pl.DataFrame(rows, schema={"date": pl.Date, "symbol": pl.String, **dict.fromkeys(FEATURES, pl.Float64)}, orient="row")


def page(gates: list[GateLine] | None = None) -> str:
    lines = [FeatureLine(name, "price", f"what {name} is") for name in FEATURES]
    return feature_page("us equities <2024>", {"symbols": "9"}, GATES if gates is None else gates, lines, statistics(panel(), FEATURES))


def test_shares_of_values_by_month() -> None:
    told = statistics(panel(), FEATURES)
    assert told.periods == ["2024-01", "2024-02", "2024-03"]
    assert told.coverage[0] == pytest.approx([1 - 10 / (31 * 9), 1.0, 1.0])
    assert told.coverage[2].tolist() == [0.0, 0.0, 0.0]
    assert told.symbols.row(0) == ("S2", pytest.approx((70 + 10) / (3 * 70)), 70)


def test_persistence_and_turnover_are_what_pandas_makes_of_the_ranks() -> None:
    frame = panel()
    told = statistics(frame, FEATURES)
    wide = frame.to_pandas().pivot_table(index="date", columns="symbol", values="f_a").rank(axis=1, pct=True)
    for at, lag in enumerate(LAGS):
        by_date = [wide.iloc[k].corr(wide.iloc[k - lag]) for k in range(lag, len(wide))]
        assert told.persistence[0, at] == pytest.approx(float(np.mean(by_date)), rel=1e-9)
    assert told.turnover[0] == pytest.approx(float(np.nanmean(wide.diff().abs().to_numpy()[1:])), rel=1e-9)
    assert np.isnan(told.persistence[2]).all()


def test_correlation_is_that_of_the_ranks_of_rows_that_have_both() -> None:
    frame = panel()
    told = statistics(frame, FEATURES)
    ranks = frame.to_pandas().groupby("date")[["f_a", "f_b"]].rank(pct=True)
    assert told.correlation[0, 1] == pytest.approx(float(ranks["f_a"].corr(ranks["f_b"])), rel=1e-9)
    assert told.correlation[0, 0] == pytest.approx(1.0)
    assert np.isnan(told.correlation[0, 2])


def test_dispersion_is_the_mean_deviation_within_a_date() -> None:
    row = statistics(panel(), FEATURES).distribution.row(0, named=True)
    by_date = panel().to_pandas().groupby("date")["f_a"]
    assert row["within"] == pytest.approx(float(by_date.std().mean()))
    assert row["std"] == pytest.approx(float(pd.Series(panel()["f_a"].drop_nulls().to_numpy()).std()))
    assert row["null_share"] == pytest.approx(10 / 630)


def test_the_page_asks_nobody_for_anything() -> None:
    html = page()
    assert not re.findall(r"<(?:script|link|img|iframe|object|embed)\b|@import|url\(", html)
    assert set(re.findall(r"(?:https?:)?//[^\s\"'<>]+", html)) <= {"http://www.w3.org/2000/svg"}
    assert {link[0] for link in re.findall(r'href="(.)', html)} == {"#"}


def test_the_page_is_well_formed_and_shows_every_feature_and_gate() -> None:
    opened: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in {"meta", "rect", "polyline", "polygon"}:
                opened.append(tag)

        def handle_endtag(self, tag: str) -> None:
            if tag not in {"meta", "rect", "polyline", "polygon"}:
                assert opened.pop() == tag

    html = page()
    Reader().feed(html)
    assert opened == []
    assert all(name in html for name in [*FEATURES, "schema", "outliers", "what f_b is"])


def test_texts_from_outside_are_escaped() -> None:
    html = page()
    assert "3 &lt;far&gt; &amp; wide" in html
    assert "us equities &lt;2024&gt;" in html


@pytest.mark.parametrize(
    ("gates", "said"),
    [
        (GATES, "1 of 2 gates pass; a warning from outliers"),
        (GATES[:1], "all 1 gates pass"),
        ([GateLine("members", "rows", False, False, "lacks")], "not passed: members"),
    ],
)
def test_the_verdict_stands_at_the_top(gates: list[GateLine], said: str) -> None:
    assert said in page(gates)


def test_a_panel_without_values_has_a_page_too() -> None:
    empty = panel().clear()
    lines = [FeatureLine(name, "price", "x") for name in FEATURES]
    assert "no spread" in feature_page("nothing", {}, [], lines, statistics(empty, FEATURES))
    assert "no spread" in feature_page("nulls", {}, [], lines, statistics(panel().with_columns(f_a=pl.lit(None, pl.Float64)), FEATURES))


def test_colours_run_from_end_to_end_and_grey_means_unknown() -> None:
    assert sequential(0.0) == "#fdf4e3"
    assert sequential(1.0) == "#154a72"
    assert diverging(-1.0) == "#b2422c"
    assert diverging(float("nan")) == "#e6e4df"
    picture = heat_map(np.array([[0.5, float("nan")]]), ["r"], ["x", "y"], (10, 10), signed=False)
    assert "r · x: 50%" in picture
    assert "r · y: no value" in picture
