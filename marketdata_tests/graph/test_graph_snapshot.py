"""The graph as a snapshot: its keys first, then what every asset carries."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster import AssetKey, BackfillPolicy, Definitions, MultiPartitionsDefinition

from marketdata_assets.definitions import build_definitions
from marketdata_assets.defs.checks import JUDGED
from marketdata_assets.defs.resources import PlatformResource
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.schemas.actions import CORPORATE_ACTIONS
from marketdata_assets.schemas.audit import COVERAGE, LANDING_FILES, QUARANTINE, REFUSED_ROWS
from marketdata_assets.schemas.bars import NORMALIZED_BARS, RAW_BARS, VALIDATED_BARS
from marketdata_assets.schemas.splits import SPLIT_EVENTS
from marketdata_assets.settings import Settings, load_settings

CONFIG = {
    "market": "real",
    "lake": "lake",
    "instruments": "instruments.csv",
    "asset_classes": {
        "us_equities": {"calendar": "XNYS", "currency": "USD", "start": date(2022, 3, 1), "timeframes": ["1d"]},
        "crypto": {"calendar": "24/7", "currency": "USD", "start": date(2024, 2, 1), "timeframes": ["1d", "1h"], "symbols": ["BTC-USDT"]},
    },
    "sources": {
        "tiingo": {"asset_class": "us_equities", "landing": "landing/tiingo", "timeframes": ["1d"], "priority": 1},
        "quandl": {"asset_class": "us_equities", "landing": "landing/quandl", "timeframes": ["1d"], "priority": 2},
        "binance": {"asset_class": "crypto", "landing": "landing/binance", "timeframes": ["1d", "1h"]},
    },
}
INSTRUMENTS = """symbol,asset_class,exchange,currency,sector,listed_on,delisted_on,aliases
MSFT,us_equities,XNAS,USD,,,,
BRK.B,us_equities,XNYS,USD,,,,
BTC-USDT,crypto,CRYPTO,USDT,,,,
ETH-USDT,crypto,CRYPTO,USDT,,,,
"""
KEYS = """\
crypto/coverage_1d
crypto/coverage_1h
crypto/landing_files/binance
crypto/lona_export_1d
crypto/lona_export_1h
crypto/normalized_bars_1d
crypto/normalized_bars_1h
crypto/quarantine_1d
crypto/quarantine_1h
crypto/raw_bars_1d/binance
crypto/raw_bars_1h/binance
crypto/refused_rows_1d/binance
crypto/refused_rows_1h/binance
crypto/validated_bars_1d
crypto/validated_bars_1h
us_equities/corporate_actions/quandl
us_equities/corporate_actions/tiingo
us_equities/coverage_1d
us_equities/landing_files/quandl
us_equities/landing_files/tiingo
us_equities/lona_export_1d
us_equities/normalized_bars_1d
us_equities/quarantine_1d
us_equities/raw_bars_1d/quandl
us_equities/raw_bars_1d/tiingo
us_equities/refused_rows_1d/quandl
us_equities/refused_rows_1d/tiingo
us_equities/split_events
us_equities/validated_bars_1d
"""
EVENTS = ("corporate_actions", "split_events")
DEPS = {
    "landing_files/tiingo": [],
    "raw_bars_1d/tiingo": ["landing_files/tiingo"],
    "refused_rows_1d/tiingo": ["landing_files/tiingo"],
    "normalized_bars_1d": ["raw_bars_1d/quandl", "raw_bars_1d/tiingo"],
    "validated_bars_1d": ["normalized_bars_1d", "refused_rows_1d/quandl", "refused_rows_1d/tiingo"],
    "quarantine_1d": ["normalized_bars_1d", "refused_rows_1d/quandl", "refused_rows_1d/tiingo"],
    "coverage_1d": ["normalized_bars_1d", "refused_rows_1d/quandl", "refused_rows_1d/tiingo"],
    "lona_export_1d": ["validated_bars_1d"],
    "corporate_actions/tiingo": ["raw_bars_1d/tiingo"],
    "split_events": ["corporate_actions/quandl", "corporate_actions/tiingo", "validated_bars_1d"],
}
MODELS = {
    t.name: t
    for t in (CORPORATE_ACTIONS, SPLIT_EVENTS, LANDING_FILES, RAW_BARS, REFUSED_ROWS, NORMALIZED_BARS, VALIDATED_BARS, QUARANTINE, COVERAGE)
}


def never(_: Settings) -> Platform:
    raise AssertionError("listing the graph opened the lake")


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Definitions:
    folder = tmp_path_factory.mktemp("graph")
    (folder / "marketdata.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False))
    (folder / "instruments.csv").write_text(INSTRUMENTS)
    settings = load_settings(folder / "marketdata.yaml", {})
    return build_definitions(settings, platform=PlatformResource(settings, never))


def nodes(graph: Definitions) -> dict[str, Any]:
    found = graph.resolve_asset_graph()
    return {key.to_user_string(): found.get(key) for key in found.get_all_asset_keys()}


def test_the_graph_has_these_assets(graph: Definitions) -> None:
    assert "".join(f"{key}\n" for key in sorted(nodes(graph))) == KEYS


def test_each_layer_is_made_of_the_one_before(graph: Definitions) -> None:
    found = nodes(graph)
    deps = {name: sorted(k.to_user_string() for k in found[f"us_equities/{name}"].parent_keys) for name in DEPS}
    assert deps == {name: [f"us_equities/{dep}" for dep in above] for name, above in DEPS.items()}


def test_every_asset_says_what_it_is_and_whose(graph: Definitions) -> None:
    for path, node in nodes(graph).items():
        assert node.group_name == f"{path.split('/')[0]}_landing" if "landing" in path else node.group_name.startswith(path.split("/")[0])
        assert node.owners == ["team:market-data"], path
        assert node.code_version, path
        assert node.kinds & {"parquet", "json"}, path
        assert "local" in node.kinds, path
        assert len(node.description or "") > 80, path


def test_every_table_shows_all_its_columns_with_type_meaning_and_null_rule(graph: Definitions) -> None:
    shown = {path: node.metadata["dagster/column_schema"] for path, node in nodes(graph).items() if "lona" not in path}
    for path, schema in shown.items():
        leaf = path.split("/")[1]
        table = MODELS[leaf if leaf in MODELS else leaf.rsplit("_", 1)[0]]
        assert [(c.name, c.type, c.constraints.nullable) for c in schema.columns] == [
            (c.name, str(c.dtype), c.nullable) for c in table.columns
        ], path
        assert all(c.description for c in schema.columns), path
    validated = {c.name: c for c in shown["us_equities/validated_bars_1d"].columns}
    assert validated["close"].description == "last price, as traded [currency per share or coin]"


def test_partitions_are_date_by_symbol_and_reach_to_the_current_period(graph: Definitions) -> None:
    daily = nodes(graph)["us_equities/validated_bars_1d"].partitions_def
    hourly = nodes(graph)["crypto/validated_bars_1h"].partitions_def
    assert isinstance(daily, MultiPartitionsDefinition)
    assert daily.partition_dimension_names == ["date", "symbol"]
    keys = daily.get_partition_keys()
    assert keys[:2] == ["2022|BRK.B", "2022|MSFT"]
    assert f"{date.today().year}|MSFT" in keys
    assert hourly.get_first_partition_key() == "2024-02|BTC-USDT"
    assert {key.split("|")[1] for key in hourly.get_partition_keys()} == {"BTC-USDT"}


def test_everything_partitioned_runs_a_whole_range_at_once_and_maps_to_itself_or_as_a_year_to_all(graph: Definitions) -> None:
    found = graph.resolve_asset_graph()
    for node in nodes(graph).values():
        if node.partitions_def is None:
            continue
        assert node.backfill_policy == BackfillPolicy.single_run()
        for parent in node.parent_keys:
            if found.get(parent).partitions_def is not None:
                by_year = node.key.path[1] in EVENTS
                expected = "AllPartitionMapping" if by_year else "IdentityPartitionMapping"
                assert type(found.get_partition_mapping(node.key, parent)).__name__ == expected


def test_every_rule_is_a_check_of_validated_bars(graph: Definitions) -> None:
    checks = {(k.asset_key.to_user_string(), k.name) for k in graph.resolve_asset_graph().asset_check_keys}
    for lane in ("us_equities/{}_1d", "crypto/{}_1d", "crypto/{}_1h"):
        mine = {name for path, name in checks if path == lane.format("validated_bars")}
        assert mine == {rule.name for rule in JUDGED} | {"freshness"}
        assert (lane.format("coverage"), "coverage_adds_up") in checks
    assert ("crypto/landing_files/binance", "landing_files_readable") in checks


def test_a_job_and_a_schedule_for_each_lane_and_a_sensor_for_each_source(graph: Definitions) -> None:
    lanes = ["crypto_1d", "crypto_1h", "us_equities_1d"]
    events = ["us_equities_actions", "us_equities_events"]
    repository = graph.get_repository_def()
    assert sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__")) == sorted([*lanes, *events])
    daily = [*(f"{lane}_after_close" for lane in lanes), *(f"{job}_daily" for job in events)]
    assert sorted(schedule.name for schedule in repository.schedule_defs) == sorted(daily)
    assert sorted(sensor.name for sensor in repository.sensor_defs) == ["binance_landing", "quandl_landing", "tiingo_landing"]


def test_a_job_is_a_lane_from_its_files_to_its_exports(graph: Definitions) -> None:
    job = graph.resolve_job_def("us_equities_1d")
    assert {key.to_user_string() for key in job.asset_layer.selected_asset_keys} == {
        k for k in KEYS.split() if k.startswith("us_") and k.split("/")[1] not in EVENTS
    }
    assert job.tags["marketdata/lane"] == "us_equities_1d"


def test_keys_are_paths_below_the_lake(graph: Definitions) -> None:
    assert AssetKey(["us_equities", "raw_bars_1d", "tiingo"]) in graph.resolve_asset_graph().get_all_asset_keys()
    for path, node in nodes(graph).items():
        assert str(node.metadata["folder"]).endswith(f"/lake/{path}")


def test_an_s3_lake_is_shown_as_one(tmp_path: Path) -> None:
    (tmp_path / "marketdata.yaml").write_text(yaml.safe_dump(CONFIG | {"lake": "s3://bucket/prefix"}, sort_keys=False))
    (tmp_path / "instruments.csv").write_text(INSTRUMENTS)
    settings = load_settings(tmp_path / "marketdata.yaml", {})
    graph = build_definitions(settings, platform=PlatformResource(settings, never))
    assert all("s3" in node.kinds for node in nodes(graph).values())
