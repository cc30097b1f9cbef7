"""The registry is what schema, docs page, metadata and computation come from, and it is true."""

from __future__ import annotations

import ast
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core.faults import ConfigFault, SchemaFault
from marketdata_assets.schemas.features import panel_table
from marketdata_assets.transforms.features.catalogue import features_page
from marketdata_assets.transforms.features.feature import Category, Expression, Feature, Fused, Kernel, Rank, Stage
from marketdata_assets.transforms.features.own import OWN
from marketdata_assets.transforms.features.panel import WRITES, panel
from marketdata_assets.transforms.features.registry import BY_NAME, FEATURE_PANEL, FEATURES, panel_metadata, registered
from marketdata_tests.unit.features.market import NO_EVENTS, members_of, sectors_of, walk

START = date(2020, 1, 1)
SYMBOLS = [f"S{k:02d}" for k in range(12)]
SECTORS = sectors_of(dict.fromkeys(SYMBOLS, "A"))
RANGE = Feature(
    "f_range_21d",
    Category.PRICE,
    formula="mean of h / l - 1 over 21 sessions",
    inputs=("high", "low"),
    window=21,
    warm_up=20,
    null_rule="null until the window is full",
    stage=Stage.SYMBOL,
    by=Expression((pl.col("high") / pl.col("low") - 1).rolling_mean(21)),
)
RANGE_RANK = Feature(
    "f_cs_rank_range", Category.CROSS_SECTION, "rank of f_range_21d", ("f_range_21d",), 21, 20, "with it", Stage.DATE, Rank("f_range_21d")
)


@pytest.fixture(scope="module")
def drawn() -> pl.DataFrame:
    return walk(SYMBOLS, START, 300)


@pytest.fixture(scope="module")
def whole(drawn: pl.DataFrame) -> pl.DataFrame:
    return panel(drawn, NO_EVENTS, members_of(drawn), SECTORS, START, date(2021, 1, 1), features=(*FEATURES, RANGE, RANGE_RANK))


def test_the_page_of_features_is_current(project: Path) -> None:
    page = (project / "docs" / "features.md").read_text()
    assert page == features_page(), "run: python -m marketdata_assets.transforms.features.catalogue > docs/features.md"


def test_there_are_the_fifteen_ten_twelve_and_eight_features_of_the_definition() -> None:
    counts = [sum(feature.category is category for feature in FEATURES if feature not in OWN) for category in Category]
    assert counts == [15, 10, 12, 8]


def test_every_fused_feature_is_written_by_its_kernel_and_every_kernel_writes_features() -> None:
    for kernel in Kernel:
        declared = {feature.name for feature in FEATURES if feature.by == Fused(kernel)}
        assert declared == set(WRITES[kernel])


@pytest.mark.parametrize("feature", [*FEATURES, RANGE, RANGE_RANK], ids=lambda feature: feature.name)
def test_the_first_value_stands_right_behind_the_warm_up(feature: Feature, whole: pl.DataFrame) -> None:
    own = whole.filter(pl.col("symbol") == "S05")
    assert own[feature.name].is_not_null().to_list() == [at >= feature.warm_up for at in range(own.height)]


def test_the_table_has_the_declared_columns_and_holds_the_panel(whole: pl.DataFrame) -> None:
    assert list(FEATURE_PANEL.polars_schema) == ["date", "symbol", *BY_NAME]
    assert {FEATURE_PANEL.polars_schema[name] for name in BY_NAME} == {pl.Float64()}
    listed = whole.select(FEATURE_PANEL.polars_schema.names())
    assert FEATURE_PANEL.validate(listed) is listed
    for wrong in (float("nan"), float("inf")):
        with pytest.raises(SchemaFault):
            FEATURE_PANEL.validate(listed.with_columns(f_rsi_14=pl.lit(wrong)))


def test_metadata_count_what_the_panel_holds(whole: pl.DataFrame) -> None:
    told = panel_metadata(whole)
    assert told == {
        "feature_count": 45,
        "symbol_count": 12,
        "row_count": 3_600,
        "date_range": ["2020-01-01", str(START + timedelta(days=299))],
        "features_by_type": {"price": 15, "volume": 10, "cross-sectional": 12, "residualized": 8},
    }
    assert panel_metadata(whole.clear())["date_range"] == [None, None]


def test_a_feature_of_ones_own_is_declared_once_and_is_a_column_like_the_others(drawn: pl.DataFrame, whole: pl.DataFrame) -> None:
    ratio = drawn["high"].to_numpy() / drawn["low"].to_numpy() - 1
    own = drawn.with_columns(ratio=ratio).filter(pl.col("symbol") == "S03")["ratio"].to_list()
    found = whole.filter(pl.col("symbol") == "S03")["f_range_21d"].to_list()
    assert found[20] == pytest.approx(sum(own[:21]) / 21, rel=1e-12)
    assert found[299] == pytest.approx(sum(own[279:]) / 21, rel=1e-12)
    last = whole.filter(pl.col("date") == pl.col("date").max())
    assert last["f_cs_rank_range"].to_list() == [rank / 12 for rank in last["f_range_21d"].rank()]
    table = panel_table((feature.name, feature.formula) for feature in (*FEATURES, RANGE, RANGE_RANK))
    assert table.validate(whole) is whole


def test_a_feature_alone_brings_what_it_is_made_of_or_says_what_is_missing(drawn: pl.DataFrame) -> None:
    alone = panel(drawn, NO_EVENTS, members_of(drawn), SECTORS, START, date(2021, 1, 1), features=(RANGE,))
    assert alone.columns == ["date", "symbol", "f_range_21d"]
    with pytest.raises(ConfigFault, match="f_range_21d is no feature"):
        registered([RANGE_RANK])


def test_a_declaration_that_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigFault, match="declared 2 times"):
        registered([RANGE, RANGE])
    early = Feature("f_a", Category.PRICE, "x", ("f_cs_rank_ret",), 1, 0, "x", Stage.SYMBOL, Expression(pl.col("ret")))
    with pytest.raises(ConfigFault, match="later stage"):
        registered([*FEATURES, early])
    for name in ("ret", "f_", "f_Ret", "f_a__b"):
        with pytest.raises(ConfigFault, match="name"):
            Feature(name, Category.PRICE, "x", ("close",), 1, 0, "x", Stage.SYMBOL, Expression(pl.col("ret")))


def test_kernels_call_no_kernel_of_another_file(project: Path) -> None:
    """Compiled code is kept by the time stamp of its own file: a change next door would go unnoticed."""
    room = project / "marketdata_assets" / "transforms" / "features"
    kernels = [path for path in room.glob("*.py") if "@compiled" in path.read_text()]
    assert len(kernels) >= 5
    for path in kernels:
        froms = {node.module for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)}
        inner = {name.rsplit(".", 1)[1] for name in froms if name and name.startswith("marketdata_assets.transforms.features")}
        assert inner <= {"arrays", "compiled"}, path.name
