"""Between Dagster's assets and the lake: one lazy frame in, whatever the number of partitions; one frame out, cut into its partitions."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from types import MappingProxyType

import polars as pl
from dagster import AssetExecutionContext, AssetKey, InputContext, IOManager, OutputContext

from marketdata_assets.core.faults import ConflictFault
from marketdata_assets.core.timeframes import Timeframe
from marketdata_assets.defs.batches import Batch
from marketdata_assets.defs.facts import Publication, first_and_last
from marketdata_assets.defs.keys import asset_key
from marketdata_assets.defs.lanes import Lane
from marketdata_assets.defs.partitions import partition_keys
from marketdata_assets.defs.refusals import told
from marketdata_assets.defs.resources import PlatformResource
from marketdata_assets.defs.results import record
from marketdata_assets.lake.choose import chosen_files
from marketdata_assets.lake.lake import Lake
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.actions import event_input
from marketdata_assets.schemas.audit import COVERAGE, QUARANTINE, REFUSED_ROWS
from marketdata_assets.schemas.bars import NORMALIZED_BARS, RAW_BARS, VALIDATED_BARS
from marketdata_assets.schemas.table import Table

_STEPS_KEPT = 32
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class StoredTable:
    """A table of the lake that is cut by period and symbol: its model, its path, and whose calendar dated it."""

    table: Table
    path: str
    asset_class: str
    timeframe: Timeframe


@dataclass(frozen=True)
class Taken:
    """The partitions of one input as they were when a step read them: file versions and content hashes."""

    path: str
    keys: Sequence[PartitionKey]
    versions: Mapping[str, str]
    sha256: Mapping[PartitionKey, str]

    def require_current(self, lake: Lake) -> None:
        """Nothing when the input still is what was read; otherwise `ConflictFault`: what was computed from it is outdated already."""
        if _versions(lake, self.path, self.keys) != self.versions:
            raise ConflictFault(
                f"publishing what was computed from {self.path}",
                "another run published that table meanwhile",
                "the step is tried again with what is there now",
                table=self.path,
            )


class LakeIOManager(IOManager):
    """Hands an asset one `pl.LazyFrame` for each input and publishes the frame it returns, or a frame for each of its batches.

    Every partition of the run is published, empty where the frame has no row of it. Each file names the hashes of the
    partitions it was computed from; a frame whose inputs changed while it was computed is not published.
    """

    def __init__(self, platform: PlatformResource, tables: Mapping[AssetKey, StoredTable]) -> None:
        self._platform = platform
        self._tables = tables
        self._taken: OrderedDict[tuple[str, str], dict[str, Taken]] = OrderedDict()
        self._lock = Lock()

    def load_input(self, context: InputContext) -> pl.LazyFrame:
        """The rows of the input's partitions that this run needs, verified: for none, one or a thousand of them, one lazy frame."""
        stored, lake = self._tables[context.asset_key], self._platform.opened.lake
        keys = partition_keys(context.asset_partition_keys)
        step = context.step_context
        with told():
            versions = _versions(lake, stored.path, keys)
            records = lake.records(stored.path, keys)
            frame = lake.scan(stored.path, stored.table, keys=keys)
        taken = Taken(stored.path, keys, versions, {key: record.sha256 for key, record in records.items()})
        self._taken_by(step.run_id, step.step.key)[stored.path] = taken
        return frame

    def handle_output(self, context: OutputContext, obj: pl.DataFrame | Iterable[tuple[Batch, pl.DataFrame]]) -> None:
        """Publish the frame as the partitions of this run, and say what was published."""
        step = context.step_context
        taken, done, frame = self._taken_by(step.run_id, step.step.key), [], pl.DataFrame()
        whole = Batch(partition_keys(context.asset_partition_keys))
        with told():
            for batch, frame in [(whole, obj)] if isinstance(obj, pl.DataFrame) else obj:
                done.append(self._publish(context.asset_key, frame, batch.keys, taken))
        record(step, context.asset_key, Publication.together(done), frame, self._tables[context.asset_key].table.dated_by)

    def publish(
        self, context: AssetExecutionContext, path: str, batch: Batch, frame: pl.DataFrame, events: Mapping[str, str] = _NONE
    ) -> Publication:
        """What `handle_output` does for one batch, for a step that publishes several tables of one judgement together.

        `events` are hashes of what else was known of each symbol; files name them among their inputs.
        """
        step = context.get_step_execution_context()
        return self._publish(asset_key(path), frame, batch.keys, self._taken_by(step.run_id, step.step.key), events)

    def _publish(
        self,
        key: AssetKey,
        frame: pl.DataFrame,
        keys: Sequence[PartitionKey],
        taken: Mapping[str, Taken],
        events: Mapping[str, str] = _NONE,
    ) -> Publication:
        began = time.perf_counter()
        platform, stored = self._platform.opened, self._tables[key]
        before = set(platform.lake.partitions(stored.path))
        for each in taken.values():
            each.require_current(platform.lake)
        published = platform.lake.publish_frame(
            stored.path,
            stored.table,
            frame,
            period=stored.timeframe.period,
            keys=keys,
            inputs=lambda key: {
                **{path: each.sha256[key] for path, each in taken.items() if key in each.sha256},
                **event_input(events, key),
            },
            metadata={"calendar": platform.calendar(stored.asset_class).version},
        )
        return Publication(keys, before, published, first_and_last(frame, stored.table.dated_by), time.perf_counter() - began)

    def _taken_by(self, run: str, step: str) -> dict[str, Taken]:
        """What a step has read so far, by table path; the steps of the last few runs are remembered."""
        with self._lock:
            found = self._taken.setdefault((run, step), {})
            self._taken.move_to_end((run, step))
            while len(self._taken) > _STEPS_KEPT:
                self._taken.popitem(last=False)
            return found


def _versions(lake: Lake, path: str, keys: Sequence[PartitionKey]) -> dict[str, str]:
    return {entry.path: entry.version for entry in chosen_files(lake.store, path, keys=keys).values()}


def stored_tables(lanes: Iterable[Lane]) -> dict[AssetKey, StoredTable]:
    """Every table of the lanes that is cut by period and symbol, under its asset key."""
    found: dict[AssetKey, StoredTable] = {}
    for lane in lanes:
        paths = {lane.path(table): table for table in (NORMALIZED_BARS, VALIDATED_BARS, QUARANTINE, COVERAGE)}
        paths |= {lane.path(table, source): table for table in (RAW_BARS, REFUSED_ROWS) for source in lane.sources}
        found |= {asset_key(path): StoredTable(table, path, lane.asset_class, lane.timeframe) for path, table in paths.items()}
    return found
