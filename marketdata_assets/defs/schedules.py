"""Schedules: after each close, the current partitions of every symbol; a day without a session is skipped, with the reason."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from dagster import RunRequest, ScheduleDefinition, ScheduleEvaluationContext, SkipReason, schedule
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from marketdata_assets.core.periods import period_key
from marketdata_assets.core.sessions import ROUND_THE_CLOCK, Calendar
from marketdata_assets.core.sessions import calendar as calendar_named
from marketdata_assets.defs.jobs import LANE_TAG
from marketdata_assets.defs.lanes import Lane
from marketdata_assets.defs.partitions import periods_and_symbols
from marketdata_assets.defs.rectangles import Rectangle
from marketdata_assets.defs.resources import PLATFORM, platform_of
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.settings import Settings

# Half an hour into the new UTC day; an hour and a half after New York's regular close, when end-of-day files have come.
_AFTER_CLOSE = {ROUND_THE_CLOCK: "30 0 * * *"}
_AFTER_BELL = "30 17 * * *"


def after_close(settings: Settings, lane: Lane, job: UnresolvedAssetJobDefinition) -> ScheduleDefinition:
    """The schedule `<lane>_after_close`: each day, in the exchange's own zone, the partitions that hold the session just closed."""
    exchange = calendar_named(settings.asset_classes[lane.asset_class].calendar)  # type: ignore[index]

    @schedule(
        name=f"{lane.name}_after_close",
        job=job,
        cron_schedule=_AFTER_CLOSE.get(exchange.name, _AFTER_BELL),
        execution_timezone=exchange.zone,
        description=f"After the close of {exchange.name}: the current {lane.timeframe} partitions of every {lane.asset_class} symbol.",
        required_resource_keys={PLATFORM},
    )
    def closed(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
        calendar = platform_of(context).calendar(lane.asset_class)
        due = due_session(calendar, context.scheduled_execution_time)
        if isinstance(due, SkipReason):
            return due
        period = period_key(due, lane.timeframe.period)
        periods, symbols = periods_and_symbols(lane.partitions)
        if period not in periods:
            return SkipReason(f"{due} lies in {period}, which is no partition of {lane.name}: the first is {periods[0]}")
        rectangle = Rectangle(PartitionKey(period, symbols[0]), PartitionKey(period, symbols[-1]))
        return RunRequest(run_key=due.isoformat(), tags={**rectangle.tags, LANE_TAG: lane.name})

    return closed


def due_session(calendar: Calendar, at: datetime) -> date | SkipReason:
    """The session that closed on the exchange's own day of the instant `at` (round the clock: the UTC day before), or why there is none."""
    last = calendar.last_closed(at.astimezone(UTC))
    day = at.astimezone(ZoneInfo(calendar.zone)).date()
    if calendar.name == ROUND_THE_CLOCK or last == day:
        return last or day
    return SkipReason(f"{calendar.name} has no session on {day:%A %Y-%m-%d}; the last one was {last}")
