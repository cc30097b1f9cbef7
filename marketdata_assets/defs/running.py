"""A lane's job over a rectangle of partitions, in this process, step by step: what the terminal runs and the UI shows afterwards."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from dagster import DagsterEvent, DagsterInstance, Definitions, JobDefinition
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run_iterator

from marketdata_assets.core.periods import period_key
from marketdata_assets.defs.asking import ANSWERED
from marketdata_assets.defs.jobs import LANE_TAG
from marketdata_assets.defs.lanes import Lane, lanes
from marketdata_assets.defs.partitions import periods_and_symbols
from marketdata_assets.defs.pending import desired, hollow
from marketdata_assets.defs.rectangles import Rectangle, rectangles
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.inventory import inventory, touched
from marketdata_assets.pipeline.outdated import outdated
from marketdata_assets.pipeline.platform import Platform, listing_bounds
from marketdata_assets.schemas.audit import COVERAGE

RUNS_AT_MOST = 8
# Failures are told by whoever called, in one line; their traces are in the event log.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class Outcome:
    """What a run came to: whether it succeeded, what failed and why, how many checks found something, and what vendors did not answer."""

    run_id: str = ""
    failures: list[str] = field(default_factory=list)
    failed_checks: int = 0
    warned_checks: int = 0
    unanswered: list[str] = field(default_factory=list)

    @property
    def succeeded(self) -> bool:
        """Whether every step did what it should."""
        return not self.failures


def lanes_of(platform: Platform) -> list[Lane]:
    """Every lane that is configured."""
    return list(lanes(platform.settings, platform.instruments))


def pending(platform: Platform, lane: Lane, sources: list[str]) -> list[Rectangle]:
    """What landed for these sources and is not stored yet, and what a run that was cut off left behind, as few rectangles."""
    ask = outdated(platform, lane.asset_class, lane.timeframe.name)
    for source in sources:
        state = desired(platform, source, lane.timeframe.name)
        lacking = set(state.behind)
        ask |= (lacking - hollow(platform, source, lane.timeframe.name, lacking)) | set(state.beside)
    return rectangles(ask, *periods_and_symbols(lane.partitions), at_most=RUNS_AT_MOST)


def chosen(platform: Platform, lane: Lane, first: str, last: str, symbols: Collection[str]) -> list[Rectangle]:
    """The partitions of `symbols` from period `first` to `last`, both included, as few rectangles.

    Those that files reach or that are stored; where the lane has a networked source, all in which the symbol was listed.
    """
    name = lane.timeframe.name
    held = set(platform.lake.partitions(lane.path(COVERAGE)))
    for source in lane.sources:
        held |= touched(platform, lane.asset_class, inventory(platform, source)).get(name, set())
    if lane.networked:
        held |= _listed(platform, lane, symbols)
    keys = {key for key in held if key.symbol in symbols and key.period and first <= key.period <= last}
    return rectangles(keys, *periods_and_symbols(lane.partitions), at_most=RUNS_AT_MOST)


def _listed(platform: Platform, lane: Lane, symbols: Collection[str]) -> set[PartitionKey]:
    """Every partition of the lane up to now in which its symbol was listed."""
    periods, known = periods_and_symbols(lane.partitions)
    found: set[PartitionKey] = set()
    for symbol in set(symbols) & set(known):
        listed, delisted = listing_bounds(platform, symbol)
        after = period_key(listed, lane.timeframe.period) if listed else ""
        before = period_key(delisted, lane.timeframe.period) if delisted else None
        found |= {PartitionKey(p, symbol) for p in periods if p >= after and (before is None or p <= before)}
    return found


def keys_of(lane: Lane, rectangle: Rectangle) -> list[PartitionKey]:
    """The partitions of a rectangle, by period and symbol."""
    periods, symbols = periods_and_symbols(lane.partitions)
    return [key for period in periods for symbol in symbols if rectangle.holds(key := PartitionKey(period, symbol))]


def run_lane(
    definitions: Definitions,
    instance: DagsterInstance,
    lane: Lane,
    rectangle: Rectangle,
    progress: Callable[[int, int], None] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Outcome:
    """The lane's job over one rectangle, with more `tags` on its run; `progress` counts finished steps.

    `KeyboardInterrupt` once an interrupted run is recorded: Dagster turns Ctrl-C into a failed step, which would stop this run and let the
    next one begin.
    """
    return run_job(definitions, instance, lane.name, {**(tags or {}), **rectangle.tags}, progress)


def run_job(
    definitions: Definitions,
    instance: DagsterInstance,
    name: str,
    tags: Mapping[str, str],
    progress: Callable[[int, int], None] | None = None,
) -> Outcome:
    """The job of that name over the partitions that `tags` select; see `run_lane`."""
    job = definitions.resolve_job_def(name)
    outcome, done, total, interrupted = Outcome(), 0, len(job.nodes), False
    for event in _events(job, instance, {**tags, LANE_TAG: name}, outcome):
        if event.is_step_success or event.is_step_failure or event.is_step_skipped:
            done += 1
            if progress:
                progress(min(done, total), total)
        if event.is_step_failure:
            outcome.failures.append(_reason(event))
            interrupted |= _was_interrupted(event)
        elif event.is_run_failure and not outcome.failures:
            outcome.failures.append(event.message or "the run failed")
        elif event.event_type_value == "ASSET_CHECK_EVALUATION" and not event.asset_check_evaluation_data.passed:
            _count(event, outcome)
    if interrupted:
        raise KeyboardInterrupt
    if progress and outcome.succeeded:
        progress(total, total)
    return outcome


def _count(event: DagsterEvent, outcome: Outcome) -> None:
    """Enters a check that found something."""
    told = event.asset_check_evaluation_data
    if told.check_name == ANSWERED:
        outcome.unanswered.append(_in_vain(event))
    if told.severity.name == "ERROR":
        outcome.failed_checks += 1
    else:
        outcome.warned_checks += 1


def _events(job: JobDefinition, instance: DagsterInstance, tags: dict[str, str], outcome: Outcome) -> Iterator[DagsterEvent]:
    keys = frozenset(job.asset_layer.executable_asset_keys)
    run = instance.create_run_for_job(job_def=job, tags=tags, asset_selection=keys, run_config=_QUIET)
    outcome.run_id = run.run_id
    yield from execute_run_iterator(InMemoryJob(job), run, instance)


def _in_vain(event: DagsterEvent) -> str:
    told = event.asset_check_evaluation_data
    listed = told.metadata.get("in vain")
    reasons = {line.rsplit("|", 2)[-2].strip() for line in str(listed.value).splitlines()[2:] if line.count("|") > 1} if listed else set()
    return f"{told.asset_key.path[-1]}: {told.description}" + "".join(f"; {reason}" for reason in sorted(reasons)[:1])


def _was_interrupted(event: DagsterEvent) -> bool:
    error = event.step_failure_data.error
    return error is not None and error.cls_name == "DagsterExecutionInterruptedError"


def _reason(event: DagsterEvent) -> str:
    data = event.step_failure_data
    said = data.user_failure_data.description if data.user_failure_data else None
    return f"{event.step_key}: {said or (data.error.message if data.error else 'no reason given')}".strip()
