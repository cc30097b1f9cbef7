"""Asset checks: every rule's findings, coverage that adds up, freshness.

A check result covers all partitions of its run, with counts by partition in its metadata, and has no partitions of its own:
Dagster 1.13 records a partitioned check once per check and partition as planned and again as evaluated, which for 1,200
partitions x 20 rules took a minute and more in the event log, where one result a rule takes nothing to speak of; and it gives a run
over a range no result per partition at all. Without a partition selected, a check judges everything that is stored: a scrub.
"""

import json
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
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.freshness import late_symbols
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.rules.registry import RULES
from marketdata_assets.rules.rule import Rule
from marketdata_assets.schemas.audit import COVERAGE
from marketdata_assets.schemas.bars import NORMALIZED_BARS, VALIDATED_BARS
from marketdata_assets.schemas.table import Table

FRESHNESS, ADDS_UP = "freshness", "coverage_adds_up"
JUDGED = tuple(rule for rule in RULES if rule.name != FRESHNESS)
_SHOWN, _LISTED = 10, 1000


def lane_checks(lane: Lane) -> list[AssetChecksDefinition]:
    """Every check on the tables of a lane."""
    return [_rules(lane), _adds_up(lane), _freshness(lane)]


def _rules(lane: Lane) -> AssetChecksDefinition:
    key = asset_key(lane.path(VALIDATED_BARS))

    @multi_asset_check(
        name=op_name(f"{lane.path(VALIDATED_BARS)}/rules"),
        specs=[AssetCheckSpec(rule.name, asset=key, description=_described(rule)) for rule in JUDGED],
        can_subset=True,
        required_resource_keys={PLATFORM},
    )
    def rules(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
        keys = _keys(context, lane, NORMALIZED_BARS)
        with told():
            found = findings(platform_of(context), audits_of(context), lane, keys)
        asked = {check.name for check in context.selected_asset_check_keys}
        for rule in JUDGED:
            if rule.name in asked:
                yield result(rule, found.filter(pl.col("rule") == rule.name), len(keys))

    return rules


def result(rule: Rule, mine: pl.DataFrame, judged: int) -> AssetCheckResult:
    """What one rule found in so many partitions: how many cases in which of them, with samples."""
    counted = (
        mine.group_by(partition=pl.concat_str("period", "symbol", separator="|").str.strip_chars_end("|"))
        .agg(pl.col("n").sum())
        .sort("partition")
    )
    found = int(mine["n"].sum())
    evidence = _evidence(mine, counted, rule) if found else {}
    return AssetCheckResult(
        check_name=rule.name,
        passed=not found,
        severity=AssetCheckSeverity[rule.severity.name],
        description=_said(mine, counted.height, judged) if found else f"nothing found in {judged} partitions",
        metadata={
            "found": found,
            "action": rule.action.value,
            "partitions judged": judged,
            "partitions with findings": counted.height,
            **evidence,
        },
    )


def _said(mine: pl.DataFrame, partitions: int, judged: int) -> str:
    worst = mine.sort("n", descending=True, maintain_order=True).row(0, named=True)
    case = json.loads(worst["sample"])[0]
    where = " ".join(part for part in (worst["symbol"], worst["source"], case["at"]) if part)
    return f"{mine['n'].sum()} in {partitions} of {judged} partitions, e.g. {where}: {case['reason']}"


def _evidence(mine: pl.DataFrame, counted: pl.DataFrame, rule: Rule) -> dict[str, MetadataValue]:
    worst = mine.sort("n", descending=True, maintain_order=True).head(_SHOWN)
    samples = [
        {"symbol": symbol, "source": source, **case}
        for symbol, source, sample in worst.select("symbol", "source", "sample").iter_rows()
        for case in json.loads(sample)
    ]
    return {
        "samples": preview(pl.DataFrame(samples), _SHOWN),
        "by symbol and source": preview(worst.select("symbol", "source", "period", "n", "measure"), _SHOWN),
        "by partition": MetadataValue.json(dict(counted.sort("n", descending=True).head(_LISTED).sort("partition").iter_rows())),
        "remedy": MetadataValue.text(rule.remedy),
    }


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


def _described(rule: Rule) -> str:
    return f"{rule.title[:1].upper()}{rule.title[1:]}. What it finds: {rule.action.value}. Remedy: {rule.remedy}."
