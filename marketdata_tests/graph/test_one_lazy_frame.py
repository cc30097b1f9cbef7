"""What an asset is handed: one lazy frame, whether it needs no partition, one or many."""

from __future__ import annotations

import polars as pl
import pytest
from dagster import AssetIn, AssetKey, BackfillPolicy, Definitions, PartitionMapping, SpecificPartitionsPartitionMapping, asset

from marketdata_tests.graph.world import QUIET, World, clean_files, make_world

UPSTREAM = AssetKey(["us_equities", "validated_bars_1d"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = make_world(tmp_path_factory.mktemp("frames"), clean_files(("AAA", "BBB")))
    world.run("2023|AAA", "2024|BBB")
    return world


def handed(world: World, first: str, last: str, mapping: PartitionMapping | None = None) -> pl.LazyFrame:
    """The frame that an asset downstream of validated bars is handed in a run from `first` to `last`."""
    got: list[pl.LazyFrame] = []

    @asset(
        ins={"bars": AssetIn(UPSTREAM, partition_mapping=mapping)},
        partitions_def=world.definitions.resolve_assets_def(UPSTREAM).partitions_def,
        backfill_policy=BackfillPolicy.single_run(),
    )
    def reader(bars: pl.LazyFrame) -> None:
        got.append(bars)

    job = Definitions.merge(world.definitions, Definitions(assets=[reader])).resolve_implicit_global_asset_job_def()
    tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    job.execute_in_process(instance=world.instance, asset_selection=[reader.key], tags=tags, run_config=QUIET)
    (frame,) = got
    assert isinstance(frame, pl.LazyFrame)
    return frame


def test_one_partition_is_one_lazy_frame(world: World) -> None:
    bars = handed(world, "2024|BBB", "2024|BBB").collect()
    assert (bars.height, bars["symbol"].unique().to_list()) == (252, ["BBB"])


def test_many_partitions_are_one_lazy_frame(world: World) -> None:
    bars = handed(world, "2023|AAA", "2024|BBB").collect()
    assert bars.height == 2 * 502
    assert bars["symbol"].unique().sort().to_list() == ["AAA", "BBB"]


def test_no_partition_is_an_empty_lazy_frame_with_every_column(world: World) -> None:
    frame = handed(world, "2024|AAA", "2024|AAA", SpecificPartitionsPartitionMapping([]))
    assert frame.collect().height == 0
    assert frame.collect_schema().names() == world.validated().columns


def test_partitions_nobody_made_yet_are_an_empty_lazy_frame(world: World) -> None:
    assert handed(world, "2026|AAA", "2026|BBB").collect().height == 0
