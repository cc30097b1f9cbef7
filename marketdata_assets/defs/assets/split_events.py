"""Split events: what sources report and what the prices show, weighed into one row a symbol and day, with checks of both sides."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import polars as pl
from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetsDefinition,
    MaterializeResult,
    asset,
    multi_asset_check,
)
from dagster._core.definitions.metadata import RawMetadataValue

from marketdata_assets.core.sessions import ROUND_THE_CLOCK
from marketdata_assets.defs.assets.actions import actions_path
from marketdata_assets.defs.keys import asset_key, op_name
from marketdata_assets.defs.lanes import storage_kind
from marketdata_assets.defs.plots import preview
from marketdata_assets.defs.refusals import told
from marketdata_assets.defs.resources import PLATFORM, platform_of
from marketdata_assets.defs.specs import OWNERS, description, kinds, table_metadata
from marketdata_assets.defs.years import ONE_RUN, whole, yearly
from marketdata_assets.pipeline.actions import DAILY, action_sources
from marketdata_assets.pipeline.platform import table_path
from marketdata_assets.pipeline.split_events import publish_split_events, stored_split_events
from marketdata_assets.schemas.bars import VALIDATED_BARS
from marketdata_assets.schemas.splits import SPLIT_EVENTS
from marketdata_assets.settings import Settings

CODE_VERSION = "1"
_SHOWN = 50
_ALSO = (
    "Applied, refused, or proposed to a person: `marketdata events accept SYMBOL EX_DATE` and `reject` decide, and are recorded. "
    "Judged over all symbols and days, whichever year is selected."
)
_SEEN = ("symbol", "ex_date", "ratio", "verdict", "reported_ratios", "overnight_ratio", "confidence", "vendor_errors", "reason")


class EventCheck(NamedTuple):
    """A check of split events: its name, what it says, and the rows that speak against it."""

    name: str
    meaning: str
    bad: Callable[[], pl.Expr]


CHECKS = (
    EventCheck(
        "events_agree",
        "No two sources contradict each other about a split; where they do, the adjusted view of the symbol is refused.",
        lambda: pl.col("conflicting") & (pl.col("verdict") != "applied"),
    ),
    EventCheck(
        "events_show_in_the_price",
        "Every reported split shows in the price of its day: no phantom, no late one, no spin-off in a split column.",
        lambda: (pl.col("reported_by") != "") & ~pl.col("confirmed").fill_null(value=True) & (pl.col("verdict") != "applied"),
    ),
    EventCheck(
        "jumps_are_reported",
        "Every jump that looks like a split is reported by somebody; the others are applied when sure, else proposed to a person.",
        lambda: (pl.col("reported_by") == "") & pl.col("detected"),
    ),
    EventCheck(
        "no_split_hides_in_a_gap",
        "No split may be hidden where sessions are missing; adjusted values before such a gap are missing.",
        lambda: pl.col("hidden_in_gap"),
    ),
)


def event_classes(settings: Settings) -> list[str]:
    """The asset classes whose shares are split: those that have daily bars and close at night."""
    daily = [name for name in settings.asset_classes if DAILY in [t.name for t in settings.timeframes_of(name)]]
    return [name for name in daily if settings.asset_classes[name].calendar != ROUND_THE_CLOCK and settings.sources_of(name, DAILY)]


def split_events(settings: Settings) -> list[AssetsDefinition]:
    """The asset `split_events` of each asset class that has splits, a partition a year of ex-dates."""
    return [_of_class(settings, name) for name in event_classes(settings)]


def split_event_checks(settings: Settings) -> list[AssetChecksDefinition]:
    """What speaks against the split events as they are stored."""
    return [_checks(name) for name in event_classes(settings)]


def _of_class(settings: Settings, name: str) -> AssetsDefinition:
    path = table_path(SPLIT_EVENTS.name, name)

    @asset(
        key=asset_key(path),
        deps=whole(
            [table_path(VALIDATED_BARS.name, name, DAILY), *(actions_path(settings, source) for source in action_sources(settings, name))]
        ),
        partitions_def=yearly(settings.asset_classes[name].start),  # type: ignore[index]
        backfill_policy=ONE_RUN,
        group_name=f"{name}_events",
        kinds=kinds(storage_kind(settings.lake)),
        owners=OWNERS,
        description=description(SPLIT_EVENTS, _ALSO),
        metadata=dict(table_metadata(SPLIT_EVENTS, path, settings.lake)),
        code_version=CODE_VERSION,
        required_resource_keys={PLATFORM},
    )
    def events(context: AssetExecutionContext) -> MaterializeResult[None]:
        with told():
            rows, files = publish_split_events(platform_of(context), name, list(context.partition_keys))
        metadata: dict[str, RawMetadataValue] = {
            "dagster/row_count": rows.height,
            "verdicts": preview(rows.group_by("verdict").len().sort("verdict"), _SHOWN),
            "vendor errors": preview(rows.filter(pl.col("vendor_errors") != "").select(_SEEN), _SHOWN),
            "proposed": preview(rows.filter(pl.col("verdict") == "proposed").select(_SEEN), _SHOWN),
            "years restated": sum(each.changed for each in files),
        }
        return MaterializeResult(metadata=metadata)

    return events


def _checks(name: str) -> AssetChecksDefinition:
    path = table_path(SPLIT_EVENTS.name, name)
    key = asset_key(path)

    @multi_asset_check(
        name=op_name(f"{path}/checks"),
        specs=[AssetCheckSpec(each.name, asset=key, description=each.meaning) for each in CHECKS],
        can_subset=True,
        required_resource_keys={PLATFORM},
    )
    def checks(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
        with told():
            rows = stored_split_events(platform_of(context), name)
        asked = {check.name for check in context.selected_asset_check_keys}
        for each in CHECKS:
            if each.name in asked:
                bad = rows.filter(each.bad())
                yield AssetCheckResult(
                    check_name=each.name,
                    asset_key=key,
                    passed=bad.is_empty(),
                    severity=AssetCheckSeverity.WARN,
                    description=f"{bad.height} of {rows.height} events" if bad.height else f"{rows.height} events",
                    metadata={"events": preview(bad.select(_SEEN), _SHOWN)},
                )

    return checks
