"""Jobs and schedules of corporate actions: what is announced is asked for before the open, and weighed after the close."""

from __future__ import annotations

from typing import NamedTuple

from dagster import AssetSelection, RunRequest, ScheduleDefinition, ScheduleEvaluationContext, define_asset_job, schedule
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from marketdata_assets.core import clock
from marketdata_assets.core.sessions import calendar as calendar_named
from marketdata_assets.defs.assets.actions import actions_path
from marketdata_assets.defs.assets.split_events import event_classes
from marketdata_assets.defs.jobs import LANE_TAG
from marketdata_assets.defs.keys import asset_key
from marketdata_assets.defs.years import yearly
from marketdata_assets.pipeline.actions import action_sources
from marketdata_assets.pipeline.platform import table_path
from marketdata_assets.schemas.splits import SPLIT_EVENTS
from marketdata_assets.settings import Settings

ACTIONS, EVENTS = "actions", "events"
_DAILY_AT = {ACTIONS: "0 7 * * *", EVENTS: "30 19 * * *"}
_SAID = {
    ACTIONS: "What every source announces; before the open, so that the evening's audit knows it.",
    EVENTS: "What is reported and what the prices show, weighed against each other.",
}


class EventJob(NamedTuple):
    """One job over all years of an asset class: `us_equities_actions` asks, `us_equities_events` weighs."""

    asset_class: str
    which: str
    job: UnresolvedAssetJobDefinition


def event_job_name(asset_class: str, which: str) -> str:
    """`us_equities_actions`."""
    return f"{asset_class}_{which}"


def event_jobs(settings: Settings) -> list[EventJob]:
    """Both jobs of every asset class whose shares are split."""
    found = []
    for name in event_classes(settings):
        paths = {
            ACTIONS: [actions_path(settings, source) for source in action_sources(settings, name)],
            EVENTS: [table_path(SPLIT_EVENTS.name, name)],
        }
        for which, keys in paths.items():
            job = event_job_name(name, which)
            selection = AssetSelection.assets(*(asset_key(path) for path in keys))
            found.append(EventJob(name, which, define_asset_job(job, selection, description=_SAID[which], tags={LANE_TAG: job})))
    return found


def all_years(settings: Settings, asset_class: str) -> dict[str, str]:
    """The tags by which a run takes every year of an asset class up to now."""
    years = yearly(settings.asset_classes[asset_class].start).get_partition_keys(current_time=clock.now())  # type: ignore[index]
    return {ASSET_PARTITION_RANGE_START_TAG: years[0], ASSET_PARTITION_RANGE_END_TAG: years[-1]}


def event_schedules(settings: Settings, jobs: list[EventJob]) -> list[ScheduleDefinition]:
    """Both jobs once a day, in the exchange's own zone."""
    return [_daily(settings, each) for each in jobs]


def _daily(settings: Settings, each: EventJob) -> ScheduleDefinition:
    zone = calendar_named(settings.asset_classes[each.asset_class].calendar).zone  # type: ignore[index]

    @schedule(
        name=f"{each.job.name}_daily",
        job=each.job,
        cron_schedule=_DAILY_AT[each.which],
        execution_timezone=zone,
        description=f"Every day: {_SAID[each.which][0].lower()}{_SAID[each.which][1:]}",
    )
    def daily(context: ScheduleEvaluationContext) -> RunRequest:
        day = context.scheduled_execution_time.date()
        return RunRequest(run_key=day.isoformat(), tags={**all_years(settings, each.asset_class), LANE_TAG: each.job.name})

    return daily
