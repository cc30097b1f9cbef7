"""Usage: what vendors were asked this month and what it cost, and whether every source is within its budget."""

from collections.abc import Sequence
from decimal import Decimal

import polars as pl
from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSelection,
    MaterializeResult,
    MetadataValue,
    ScheduleDefinition,
    asset,
    asset_check,
    define_asset_job,
)
from dagster._core.definitions.metadata import RawMetadataValue

from marketdata_assets.defs.keys import asset_key
from marketdata_assets.defs.lanes import storage_kind
from marketdata_assets.defs.plots import preview
from marketdata_assets.defs.refusals import told
from marketdata_assets.defs.resources import PLATFORM, HasResources, platform_of
from marketdata_assets.defs.specs import OWNERS, description, kinds, table_metadata
from marketdata_assets.pipeline.budgets import Standing, usd
from marketdata_assets.pipeline.costs import spent, standings, this_month
from marketdata_assets.pipeline.platform import table_path
from marketdata_assets.schemas.audit import FETCHES
from marketdata_assets.schemas.usage import USAGE
from marketdata_assets.settings import Settings

CODE_VERSION = "1"
WITHIN_BUDGET = "usage_within_budget"
NEARLY = 0.8
_SHOWN = 50
_ALSO = "One ledger a vendor, a partition a month; runs book what they ask as they go, and this asset tells how the month stands."


def usage(settings: Settings) -> list[AssetsDefinition]:
    """The asset that tells how this month's requests and costs stand; none where nobody is asked over the network."""
    networked = {name: config for name, config in settings.sources.items() if config.networked and config.enabled}
    if not networked:
        return []

    @asset(
        key=_key(),
        deps=[asset_key(table_path(FETCHES.name, config.asset_class, None, name)) for name, config in networked.items()],
        group_name=USAGE.name,
        kinds=kinds(storage_kind(settings.lake)),
        owners=OWNERS,
        description=description(USAGE, _ALSO),
        metadata=dict(table_metadata(USAGE, USAGE.name, settings.lake)),
        code_version=CODE_VERSION,
        required_resource_keys={PLATFORM},
    )
    def books(context: AssetExecutionContext) -> MaterializeResult[None]:
        with told():
            return MaterializeResult(metadata=_figures(context, standings(platform_of(context))))

    return [books]


def usage_checks(settings: Settings) -> list[AssetChecksDefinition]:
    """The check that no source has used up its month; none where nobody is asked over the network."""
    if not any(config.networked and config.enabled for config in settings.sources.values()):
        return []

    @asset_check(
        asset=_key(),
        name=WITHIN_BUDGET,
        description=f"No source has used {NEARLY:.0%} of its month's requests or dollars (a warning), or all of them (an error).",
        required_resource_keys={PLATFORM},
    )
    def within(context: AssetCheckExecutionContext) -> AssetCheckResult:
        with told():
            return judged(standings(platform_of(context)))

    return [within]


def usage_schedules(settings: Settings) -> list[ScheduleDefinition]:
    """The schedule that looks at the month's books every hour; none where nobody is asked over the network."""
    if not any(config.networked and config.enabled for config in settings.sources.values()):
        return []
    job = define_asset_job(
        "usage_books", selection=AssetSelection.assets(_key()), description="How the month stands, with the check of its budgets."
    )
    return [
        ScheduleDefinition(
            "usage_hourly", cron_schedule="5 * * * *", job=job, description="Every hour: what vendors were asked this month."
        )
    ]


def judged(stands: Sequence[Standing]) -> AssetCheckResult:
    """A warning from four fifths of any budget on, an error when one is used up: its source is refused until the month ends."""
    near = [each for each in stands if each.used_share >= NEARLY]
    gone = [each.terms.source for each in near if each.used_share >= 1]
    said = ", ".join(f"{each.terms.source} {each.used_share:.0%}" for each in near)
    return AssetCheckResult(
        passed=not near,
        severity=AssetCheckSeverity.ERROR if gone else AssetCheckSeverity.WARN,
        description=f"of its month's budget is used: {said}" if near else f"{len(stands)} sources are within their budgets",
        metadata={f"used by {each.terms.source}": round(each.used_share, 4) for each in stands},
    )


def _figures(context: HasResources, stands: Sequence[Standing]) -> dict[str, RawMetadataValue]:
    booked = spent(platform_of(context))
    by_source: dict[str, RawMetadataValue] = {}
    for each in stands:
        by_source[f"requests of {each.terms.source}"] = each.spent
        by_source[f"US dollars of {each.terms.source}"] = float(usd(each.spent_micro_usd))
    rows = [(b.source, b.plan, b.endpoint, b.requests, b.weight, b.wire_bytes, f"{b.cost:f}") for b in booked]
    columns = ["source", "plan", "endpoint", "requests", "weight", "wire_bytes", "usd"]
    return {
        "month": MetadataValue.text(this_month()),
        "requests": sum(b.requests for b in booked),
        "US dollars": float(sum((b.cost for b in booked), Decimal(0))),
        **by_source,
        "endpoints": preview(pl.DataFrame(rows, schema=columns, orient="row"), _SHOWN),
    }


def _key() -> AssetKey:
    return asset_key(USAGE.name)
