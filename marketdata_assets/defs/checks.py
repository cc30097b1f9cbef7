"""Asset checks: every rule's findings, coverage that adds up, freshness.

A check result covers all partitions of its run, with counts by partition in its metadata, and has no partitions of its own.
Dagster 1.13 gives a run over a range no result per partition unless each is written by hand, and then 1,200 partitions x 20
rules take 35 s in the embedded event log, more in Dagster's own, where one result a rule takes nothing to speak of. What a run
does not judge stands as it was last judged. Without a partition selected, a check judges everything that is stored: a scrub.
"""

from collections.abc import Iterator

import polars as pl
from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    MetadataValue,
    asset_check,
    multi_asset_check,
)

from marketdata_assets.core import clock
from marketdata_assets.defs.audits import findings
from marketdata_assets.defs.keys import asset_key, op_name
from marketdata_assets.defs.lanes import Lane
from marketdata_assets.defs.partitions import partition_keys
from marketdata_assets.defs.plots import preview
from marketdata_assets.defs.refusals import told
from marketdata_assets.defs.resources import PLATFORM, audits_of, platform_of
from marketdata_assets.defs.rule_results import described, rule_result
from marketdata_assets.defs.standing import standing
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.freshness import late_symbols
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.rules.registry import RULES
from marketdata_assets.schemas.audit import COVERAGE
from marketdata_assets.schemas.bars import NORMALIZED_BARS, VALIDATED_BARS
from marketdata_assets.schemas.table import Table

FRESHNESS, ADDS_UP = "freshness", "coverage_adds_up"
JUDGED = tuple(rule for rule in RULES if rule.name != FRESHNESS)
_SHOWN = 10


def lane_checks(lane: Lane) -> list[AssetChecksDefinition]:
    """Every check on the tables of a lane."""
    return [_rules(lane), _adds_up(lane), _freshness(lane)]


def _rules(lane: Lane) -> AssetChecksDefinition:
    key = asset_key(lane.path(VALIDATED_BARS))

    @multi_asset_check(
        name=op_name(f"{lane.path(VALIDATED_BARS)}/rules"),
        specs=[AssetCheckSpec(rule.name, asset=key, description=described(rule)) for rule in JUDGED],
        can_subset=True,
        required_resource_keys={PLATFORM},
    )
    def rules(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
        keys = _keys(context, lane, NORMALIZED_BARS)
        with told():
            found = findings(platform_of(context), audits_of(context), lane, keys)
        judged, stored = set(keys), platform_of(context).lake.partitions(lane.path(NORMALIZED_BARS))
        asked = {check.name: check for check in context.selected_asset_check_keys}
        for rule in JUDGED:
            if rule.name in asked:
                before = standing(context.instance, asked[rule.name], judged, stored)
                yield rule_result(rule, found.filter(pl.col("rule") == rule.name), len(judged), before)

    return rules


def _adds_up(lane: Lane) -> AssetChecksDefinition:
    path = lane.path(COVERAGE)

    @asset_check(
        asset=asset_key(path),
        name=ADDS_UP,
        description="Of every symbol and day, expected = received + quarantined + missing.",
        required_resource_keys={PLATFORM},
    )
    def adds_up(context: AssetCheckExecutionContext) -> AssetCheckResult:
        with told():
            days = platform_of(context).lake.scan(path, COVERAGE, keys=_keys(context, lane, COVERAGE)).collect()
        off = days.filter(pl.col("expected") != pl.col("received") + pl.col("quarantined") + pl.col("missing"))
        totals = days.select(pl.col("expected", "received", "quarantined", "missing").sum()).row(0, named=True)
        states = dict(days.group_by("state").len().sort("state").iter_rows())
        return AssetCheckResult(
            passed=not off.height,
            description=f"{off.height} of {days.height} symbol days do not add up" if off.height else f"{days.height} symbol days add up",
            metadata={**totals, "states": MetadataValue.json(states), **({"samples": preview(off, _SHOWN)} if off.height else {})},
        )

    return adds_up


def _freshness(lane: Lane) -> AssetChecksDefinition:
    @asset_check(
        asset=asset_key(lane.path(VALIDATED_BARS)),
        name=FRESHNESS,
        description="The newest bar of every stored symbol is not older than a few closed sessions; judged now, over all partitions.",
        required_resource_keys={PLATFORM},
    )
    def freshness(context: AssetCheckExecutionContext) -> AssetCheckResult:
        platform: Platform = platform_of(context)
        with told():
            late = late_symbols(platform, lane.asset_class, lane.timeframe.name, clock.now())
        return AssetCheckResult(
            passed=not late.height,
            severity=AssetCheckSeverity.WARN,
            description=f"{late.height} symbols are late" if late.height else "every symbol is up to date",
            metadata={"late": preview(late.select("symbol", "reason"), 2 * _SHOWN)} if late.height else {},
        )

    return freshness


def _keys(context: AssetCheckExecutionContext, lane: Lane, table: Table) -> list[PartitionKey]:
    """The partitions of the run, or everything that is stored when it selects none."""
    if context.has_partition_key or context.has_partition_key_range:
        return partition_keys(context.partition_keys)
    return platform_of(context).lake.partitions(lane.path(table))
