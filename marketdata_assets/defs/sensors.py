"""Landing sensors: new or changed files become runs for exactly the partitions that they touch."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import polars as pl
from dagster import (
    AssetCheckEvaluation,
    AssetMaterialization,
    DagsterInstance,
    DagsterRunStatus,
    RunRequest,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from marketdata_assets.defs.inventory import READABLE, inventory_facts, landing_path, readable, refusals
from marketdata_assets.defs.jobs import LANE_TAG
from marketdata_assets.defs.keys import asset_key
from marketdata_assets.defs.lanes import Lane
from marketdata_assets.defs.partitions import partition_key, periods_and_symbols
from marketdata_assets.defs.pending import ATTEMPTS, Asked, Decision, Desired, Progress, decide, desired, hollow
from marketdata_assets.defs.rectangles import Rectangle, rectangles
from marketdata_assets.defs.resources import PLATFORM, platform_of
from marketdata_assets.lake.choose import chosen_files
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.inventory import inventory
from marketdata_assets.pipeline.landing import refresh
from marketdata_assets.pipeline.lona import lona_path
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.schemas.audit import COVERAGE, QUARANTINE, REFUSED_ROWS
from marketdata_assets.schemas.bars import NORMALIZED_BARS, RAW_BARS, VALIDATED_BARS

SOURCE_TAG, DIGEST_TAG = "marketdata/source", "marketdata/landed"
RUNS_AT_MOST, _RUNS_SEEN, SECONDS = 8, 200, 30
_RANGE = {ASSET_PARTITION_RANGE_START_TAG, ASSET_PARTITION_RANGE_END_TAG}


def landing_sensor(source: str, lanes: Sequence[Lane], jobs: Sequence[UnresolvedAssetJobDefinition]) -> SensorDefinition:
    """The sensor `<source>_landing`: looks into the folder and asks for what its files call for and is not stored.

    It compares states and counts no events: the inventory with the payloads that raw partitions name, and with the runs it asked
    for. A run that was lost or failed is asked for again, one that is under way is waited for, and a restart changes nothing.
    Its cursor only remembers what needs no second look.
    """

    @sensor(
        name=f"{source}_landing",
        jobs=list(jobs),
        minimum_interval_seconds=SECONDS,
        description=f"Turns new or changed files of {source} into runs for exactly the partitions that they touch.",
        required_resource_keys={PLATFORM},
    )
    def landing(context: SensorEvaluationContext) -> SensorResult:
        platform = platform_of(context)
        new = refresh(platform, source).files
        seen = json.loads(context.cursor) if context.cursor else {}
        looks = {lane.name: _look(platform, context.instance, source, lane, seen.get(lane.name, {})) for lane in lanes}
        requests = [request for look in looks.values() for request in look.requests]
        said = "; ".join(look.said for look in looks.values())
        context.log.info(said)
        return SensorResult(
            run_requests=requests or None,
            skip_reason=None if requests else SkipReason(said),
            cursor=json.dumps({name: look.seen for name, look in looks.items()}, sort_keys=True),
            asset_events=_inventory_events(context, platform, source, new) if new.height else [],
        )

    return landing


class _Look(NamedTuple):
    """What one tick decides for one lane: runs to ask for, in words, and what the next tick may skip."""

    requests: list[RunRequest]
    said: str
    seen: dict[str, Any]


def _look(platform: Platform, instance: DagsterInstance, source: str, lane: Lane, seen: Mapping[str, Any]) -> _Look:
    stamp = _stamp(platform, source, lane)
    if seen.get("settled") == stamp:
        return _Look([], seen["said"], dict(seen))
    state = desired(platform, source, lane.timeframe.name)
    decision = decide(state, _asked(instance, source, lane))
    known = {partition_key(text) for text, payloads in seen.get("hollow", {}).items() if state.wanted.get(partition_key(text)) == payloads}
    known |= hollow(platform, source, lane.timeframe.name, decision.doubtful - known) if decision.doubtful - known else set()
    ask = decision.ask - known
    found = rectangles(ask, *periods_and_symbols(lane.partitions), at_most=RUNS_AT_MOST)
    said = _said(lane, ask, found, decision)
    after: dict[str, Any] = {"hollow": {str(key): state.wanted[key] for key in sorted(known)}, "said": said}
    return _Look(
        [_request(source, lane, state, each) for each in found], said, after if ask or decision.busy else {**after, "settled": stamp}
    )


def _request(source: str, lane: Lane, state: Desired, rectangle: Rectangle) -> RunRequest:
    paths = [lane.path(table, source) for table in (RAW_BARS, REFUSED_ROWS)]
    paths += [lane.path(table) for table in (NORMALIZED_BARS, VALIDATED_BARS, QUARANTINE, COVERAGE)]
    paths.append(lona_path(lane.asset_class, lane.timeframe.name))
    return RunRequest(
        job_name=lane.name,
        asset_selection=[asset_key(path) for path in paths],
        tags={**rectangle.tags, LANE_TAG: lane.name, SOURCE_TAG: source, DIGEST_TAG: state.digest(rectangle)},
    )


def _asked(instance: DagsterInstance, source: str, lane: Lane) -> list[Asked]:
    """The latest runs asked for on behalf of this source and lane, the newest first."""
    runs = instance.get_runs(RunsFilter(tags={SOURCE_TAG: source, LANE_TAG: lane.name}), limit=_RUNS_SEEN)
    return [Asked(_rectangle(run.tags), run.tags.get(DIGEST_TAG, ""), _progress(run.status)) for run in runs if run.tags.keys() >= _RANGE]


def _rectangle(tags: Mapping[str, str]) -> Rectangle:
    return Rectangle(partition_key(tags[ASSET_PARTITION_RANGE_START_TAG]), partition_key(tags[ASSET_PARTITION_RANGE_END_TAG]))


def _progress(status: DagsterRunStatus) -> Progress:
    if status not in FINISHED_STATUSES:
        return Progress.UNDER_WAY
    return Progress.DONE if status is DagsterRunStatus.SUCCESS else Progress.FAILED


def _stamp(platform: Platform, source: str, lane: Lane) -> str:
    """A hash of the inventory and the raw files by name and version: the same until either changes."""
    landing, raw = landing_path(lane.asset_class, source), lane.path(RAW_BARS, source)
    entries = [*chosen_files(platform.lake.store, landing).values(), *chosen_files(platform.lake.store, raw).values()]
    return sha256(repr(sorted(entries)).encode()).hexdigest()


def _said(lane: Lane, ask: Collection[PartitionKey], found: Sequence[Rectangle], decision: Decision) -> str:
    counts = f"{len(ask)} partition{'s' * (len(ask) != 1)} in {len(found)} run{'s' * (len(found) != 1)}"
    told = [f"{lane.name}: {counts if ask else 'nothing to do'}"]
    if decision.busy:
        told.append(f"runs are under way for {len(decision.busy)}")
    if decision.given_up:
        told.append(f"{len(decision.given_up)} failed {ATTEMPTS} times and wait for a person, e.g. {min(decision.given_up)}")
    return ", ".join(told)


def _inventory_events(
    context: SensorEvaluationContext, platform: Platform, source: str, new: pl.DataFrame
) -> list[AssetMaterialization | AssetCheckEvaluation]:
    """What the look into the folder changed, as events of the inventory's asset; refusals also go to the tick's log."""
    held = inventory(platform, source)
    key = asset_key(landing_path(platform.settings.sources[source].asset_class, source))
    verdict = readable(platform, source, held)
    for path, reason in refusals(platform, source, held).iter_rows():
        context.log.warning("refused %s: %s", path, reason)
    return [
        AssetMaterialization(key, metadata=dict(inventory_facts(held, new))),
        AssetCheckEvaluation(
            asset_key=key,
            check_name=READABLE,
            passed=verdict.passed,
            severity=verdict.severity,
            description=verdict.description,
            metadata=verdict.metadata,
        ),
    ]
