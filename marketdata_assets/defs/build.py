"""The whole graph as the result of one function of the settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from dagster import AssetChecksDefinition, AssetsDefinition, AssetSpec, Definitions, ExecutorDefinition, in_process_executor

from marketdata_assets.defs.asking import fetches_spec
from marketdata_assets.defs.assets.actions import corporate_actions
from marketdata_assets.defs.assets.audited import audited_bars
from marketdata_assets.defs.assets.feature_panel import feature_panel
from marketdata_assets.defs.assets.fundamentals import fundamentals, fundamentals_checks
from marketdata_assets.defs.assets.landing import landing_files
from marketdata_assets.defs.assets.lona import lona_export
from marketdata_assets.defs.assets.membership import index_membership, membership_checks
from marketdata_assets.defs.assets.normalized import normalized_bars
from marketdata_assets.defs.assets.raw import raw_bars
from marketdata_assets.defs.assets.split_events import split_event_checks, split_events
from marketdata_assets.defs.assets.universe import universe, universe_checks
from marketdata_assets.defs.assets.usage import usage, usage_checks, usage_schedules
from marketdata_assets.defs.checks import lane_checks
from marketdata_assets.defs.event_jobs import event_jobs, event_schedules
from marketdata_assets.defs.io_manager import LakeIOManager, stored_tables
from marketdata_assets.defs.jobs import lane_job
from marketdata_assets.defs.lanes import Lane, lanes
from marketdata_assets.defs.panel_checks import panel_checks
from marketdata_assets.defs.panel_jobs import panel_jobs, panel_schedules
from marketdata_assets.defs.resources import IO_MANAGER, PLATFORM, PlatformResource
from marketdata_assets.defs.schedules import after_close
from marketdata_assets.defs.sensors import landing_sensor
from marketdata_assets.reference import load_instruments
from marketdata_assets.settings import Settings


def build_definitions(
    settings: Settings,
    *,
    platform: PlatformResource | None = None,
    executor: ExecutorDefinition = in_process_executor,
    resources: Mapping[str, object] | None = None,
) -> Definitions:
    """Assets, checks, jobs, schedules and sensors of everything configured; what `resources` names stands in for our own.

    Nothing is opened, fetched or written here: only the settings and the instruments file are read, which say what the partitions are.
    """
    shared = platform or PlatformResource(settings)
    every = list(lanes(settings, load_instruments(settings.instruments)))
    jobs = {lane.name: lane_job(lane) for lane in every}
    events, panels = event_jobs(settings), panel_jobs(settings)
    sources = {source: [lane for lane in every if source in lane.sources] for lane in every for source in lane.sources}
    return Definitions(
        assets=_assets(settings, every, sources),
        asset_checks=_checks(settings, every),
        jobs=[*jobs.values(), *(each.job for each in events), *panels.values()],
        schedules=[
            *(after_close(settings, lane, jobs[lane.name]) for lane in every),
            *usage_schedules(settings),
            *event_schedules(settings, events),
            *panel_schedules(settings, panels),
        ],
        sensors=[
            landing_sensor(source, mine, [jobs[lane.name] for lane in mine])
            for source, mine in sources.items()
            if not settings.sources[source].networked
        ],
        resources={PLATFORM: shared, IO_MANAGER: LakeIOManager(shared, stored_tables(every)), **(resources or {})},
        executor=executor,
    )


def _assets(settings: Settings, every: Sequence[Lane], sources: Collection[str]) -> list[AssetsDefinition | AssetSpec]:
    return [
        *(fetches_spec(settings, source) if settings.sources[source].networked else landing_files(settings, source) for source in sources),
        *(raw_bars(lane, source) for lane in every for source in lane.sources),
        *usage(settings),
        *corporate_actions(settings),
        *split_events(settings),
        *index_membership(settings),
        *universe(settings),
        *feature_panel(settings),
        *fundamentals(settings),
        *(layer(lane) for lane in every for layer in (normalized_bars, audited_bars, lona_export)),
    ]


def _checks(settings: Settings, every: Sequence[Lane]) -> list[AssetChecksDefinition]:
    return [
        *(check for lane in every for check in lane_checks(lane)),
        *usage_checks(settings),
        *split_event_checks(settings),
        *membership_checks(settings),
        *universe_checks(settings),
        *panel_checks(settings),
        *fundamentals_checks(settings),
    ]
