"""Index membership: an asset per index from its landed files, with what its sources say, and the checks of its counts and turnover."""

from datetime import date, timedelta

import polars as pl
from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetExecutionContext,
    AssetsDefinition,
    MaterializeResult,
    asset,
    asset_check,
)
from dagster._core.definitions.metadata import RawMetadataValue

from marketdata_assets.core import clock
from marketdata_assets.defs.keys import asset_key
from marketdata_assets.defs.lanes import storage_kind
from marketdata_assets.defs.plots import preview
from marketdata_assets.defs.refusals import told
from marketdata_assets.defs.resources import PLATFORM, platform_of
from marketdata_assets.defs.specs import OWNERS, description, kinds, table_metadata
from marketdata_assets.defs.years import ONE_RUN, yearly
from marketdata_assets.pipeline.membership import membership, publish_membership, take_in
from marketdata_assets.pipeline.platform import Platform, table_path
from marketdata_assets.pipeline.universe import member_lives, spells_of
from marketdata_assets.schemas.membership import INDEX_MEMBERSHIP, Verdict
from marketdata_assets.settings import Settings
from marketdata_assets.transforms.membership_checks import member_counts, off_count, outside_life, turnover

CODE_VERSION = "1"
COUNT, TURNOVER, ALIVE = "member_count_in_tolerance", "turnover_equals_announced", "members_are_alive"
_SHOWN = 30
_ALSO = (
    "A spell runs from the open of one session to the open of another. A one-day edit of a snapshot is no change; a rename is no change; "
    "sources are believed in their configured order, and what each says of every change is told with the run."
)


def membership_path(settings: Settings, index: str) -> str:
    """Where the spells of an index lie in the lake, which is also their asset key."""
    return table_path(INDEX_MEMBERSHIP.name, settings.indices[index].asset_class, None, index)


def index_membership(settings: Settings) -> list[AssetsDefinition]:
    """One asset for each configured index, a partition a year in which spells began."""
    return [_of_index(settings, index) for index in settings.indices]


def membership_checks(settings: Settings) -> list[AssetChecksDefinition]:
    """Count, turnover and lives of the members of each configured index."""
    return [check for index in settings.indices for check in (_count(settings, index), _turnover(settings, index), _alive(settings, index))]


def _of_index(settings: Settings, index: str) -> AssetsDefinition:
    path = membership_path(settings, index)

    @asset(
        key=asset_key(path),
        partitions_def=yearly(settings.indices[index].start),
        backfill_policy=ONE_RUN,
        group_name=f"{settings.indices[index].asset_class}_universe",
        kinds=kinds(storage_kind(settings.lake), "file"),
        owners=OWNERS,
        description=description(INDEX_MEMBERSHIP, _ALSO),
        metadata=dict(table_metadata(INDEX_MEMBERSHIP, path, settings.lake)),
        code_version=CODE_VERSION,
        required_resource_keys={PLATFORM},
    )
    def spells(context: AssetExecutionContext) -> MaterializeResult[None]:
        platform = platform_of(context)
        with told():
            new = take_in(platform, index)
            found = membership(platform, index)
            rows = publish_membership(platform, index, found, list(context.partition_keys))
        heard = found.evidence.group_by("source", "verdict").len().sort("source", "verdict")
        odd = found.evidence.filter(pl.col("verdict").is_in([Verdict.DIFFERS.value, Verdict.SILENT.value, Verdict.REVERTED.value]))
        metadata: dict[str, RawMetadataValue] = {
            "dagster/row_count": sum(rows.values()),
            "spells in all": found.spells.height,
            "new files": new.height,
            "refused files": preview(new.filter(pl.col("state") == "refused").select("path", "reason"), _SHOWN),
            "what sources say": preview(heard, _SHOWN),
            "conflicts": preview(odd, _SHOWN),
        }
        return MaterializeResult(metadata=metadata)

    return spells


def _count(settings: Settings, index: str) -> AssetChecksDefinition:
    config = settings.indices[index]

    @asset_check(
        asset=asset_key(membership_path(settings, index)),
        name=COUNT,
        description="On every session since the first spell, the number of members is within the configured tolerance.",
        required_resource_keys={PLATFORM},
    )
    def count(context: AssetCheckExecutionContext) -> AssetCheckResult:
        platform = platform_of(context)
        with told():
            spells = spells_of(platform, index)
            counts = member_counts(spells, _sessions(platform, config.asset_class, spells))
        off = off_count(counts, config.members, config.tolerance) if config.members else counts.clear()
        return AssetCheckResult(
            passed=off.is_empty(),
            severity=AssetCheckSeverity.WARN,
            metadata={"sessions": counts.height, "sessions off": off.height, "off": preview(off, _SHOWN), "newest": preview(counts, 1)},
        )

    return count


def _turnover(settings: Settings, index: str) -> AssetChecksDefinition:
    @asset_check(
        asset=asset_key(membership_path(settings, index)),
        name=TURNOVER,
        description="Within the span of the landed lists of changes, exactly the announced members enter and leave, renames apart.",
        required_resource_keys={PLATFORM},
    )
    def equal(context: AssetCheckExecutionContext) -> AssetCheckResult:
        with told():
            found = membership(platform_of(context), index)
            wrong = turnover(found.spells, found.announced)
        return AssetCheckResult(
            passed=wrong.is_empty(),
            severity=AssetCheckSeverity.WARN,
            metadata={"announced": found.announced.height, "differing": wrong.height, "differences": preview(wrong, _SHOWN)},
        )

    return equal


def _alive(settings: Settings, index: str) -> AssetChecksDefinition:
    asset_class = settings.indices[index].asset_class

    @asset_check(
        asset=asset_key(membership_path(settings, index)),
        name=ALIVE,
        description="No symbol is a member before its first validated bar or after its delisting, as far as either is known.",
        required_resource_keys={PLATFORM},
    )
    def alive(context: AssetCheckExecutionContext) -> AssetCheckResult:
        platform = platform_of(context)
        with told():
            wrong = outside_life(spells_of(platform, index), member_lives(platform, asset_class), clock.now().date())
        return AssetCheckResult(
            passed=wrong.is_empty(), severity=AssetCheckSeverity.WARN, metadata={"wrong": wrong.height, "spells": preview(wrong, _SHOWN)}
        )

    return alive


def _sessions(platform: Platform, asset_class: str, spells: pl.DataFrame) -> pl.DataFrame:
    first = spells["effective_from"].min()
    start = first if isinstance(first, date) else clock.now().date()
    calendar = platform.calendar(asset_class)
    return calendar.sessions(*calendar.clip(start, clock.now().date() + timedelta(days=1))).select("session")
