"""Jobs and schedules of feature panels: the year at hand is built anew every evening, once its bars and splits are there."""

from __future__ import annotations

from collections.abc import Mapping

from dagster import AssetSelection, RunRequest, ScheduleDefinition, ScheduleEvaluationContext, define_asset_job, schedule
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from marketdata_assets.core.sessions import calendar as calendar_named
from marketdata_assets.defs.assets.feature_panel import panel_classes
from marketdata_assets.defs.jobs import LANE_TAG
from marketdata_assets.defs.keys import asset_key
from marketdata_assets.pipeline.panel.build import panel_path
from marketdata_assets.settings import Settings

_AT = "30 20 * * *"


def panel_jobs(settings: Settings) -> dict[str, UnresolvedAssetJobDefinition]:
    """`us_equities_panel` under its asset class: a panel with its gates and proofs, any years in one run."""
    return {name: _job(name) for name in panel_classes(settings)}


def panel_schedules(settings: Settings, jobs: Mapping[str, UnresolvedAssetJobDefinition]) -> list[ScheduleDefinition]:
    """The year at hand of each panel every evening, in the exchange's own zone, after split events were weighed."""
    return [_daily(settings, name, job) for name, job in jobs.items()]


def _job(name: str) -> UnresolvedAssetJobDefinition:
    said = f"The feature panel of {name} with its gates, its proof that it sees no future, and its report."
    job = f"{name}_panel"
    return define_asset_job(job, AssetSelection.assets(asset_key(panel_path(name))), description=said, tags={LANE_TAG: job})


def _daily(settings: Settings, name: str, job: UnresolvedAssetJobDefinition) -> ScheduleDefinition:
    zone = calendar_named(settings.asset_classes[name].calendar).zone  # type: ignore[index]

    @schedule(
        name=f"{job.name}_daily",
        job=job,
        cron_schedule=_AT,
        execution_timezone=zone,
        description="Every evening the year at hand: a new day takes the history it needs and changes no row that is there.",
    )
    def daily(context: ScheduleEvaluationContext) -> RunRequest:
        day = context.scheduled_execution_time.date()
        year = f"{day.year:04}"
        tags = {ASSET_PARTITION_RANGE_START_TAG: year, ASSET_PARTITION_RANGE_END_TAG: year, LANE_TAG: job.name}
        return RunRequest(run_key=day.isoformat(), tags=tags)

    return daily
