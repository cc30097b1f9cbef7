"""A rule's findings as the result of its check: how many, where, with samples and a remedy."""

from __future__ import annotations

import json
from collections.abc import Mapping

import polars as pl
from dagster import AssetCheckResult, AssetCheckSeverity, MetadataValue

from marketdata_assets.defs.plots import preview
from marketdata_assets.defs.standing import BY_PARTITION
from marketdata_assets.rules.rule import Rule

_SHOWN, _LISTED = 10, 5000


def described(rule: Rule) -> str:
    """The rule as its check's description: what is wrong, what becomes of it, what to do."""
    return f"{rule.title[:1].upper()}{rule.title[1:]}. What it finds: {rule.action.value}. Remedy: {rule.remedy}."


def rule_result(rule: Rule, mine: pl.DataFrame, judged: int, before: Mapping[str, int]) -> AssetCheckResult:
    """What one rule found (FINDINGS of that rule alone) in `judged` partitions, and `before`: what stands in others, by partition."""
    here = _by_partition(mine)
    said = [_found(mine, len(here), judged) if here else f"nothing found in {_partitions(judged)}"]
    if before:
        said.append(f"{sum(before.values())} found earlier in {_partitions(len(before))} not judged now, e.g. {min(before)}")
    listed = sorted({**here, **before}.items(), key=lambda each: -each[1])[:_LISTED]
    evidence = _samples(mine) if here else {}
    return AssetCheckResult(
        check_name=rule.name,
        passed=not (here or before),
        severity=AssetCheckSeverity[rule.severity.name],
        description="; ".join(said),
        metadata={
            "found": sum(here.values()),
            "standing elsewhere": sum(before.values()),
            "partitions judged": judged,
            "action": rule.action.value,
            "remedy": rule.remedy,
            **evidence,
            BY_PARTITION: MetadataValue.json(dict(sorted(listed))),
        },
    )


def _by_partition(mine: pl.DataFrame) -> dict[str, int]:
    """Cases by partition; those about a whole period stand under the period alone."""
    partition = pl.concat_str("period", "symbol", separator="|").str.strip_chars_end("|").alias("partition")
    return dict(mine.group_by(partition).agg(pl.col("n").sum()).sort("partition").iter_rows())


def _found(mine: pl.DataFrame, partitions: int, judged: int) -> str:
    worst = mine.sort("n", descending=True, maintain_order=True).row(0, named=True)
    case = json.loads(worst["sample"])[0]
    where = " ".join(part for part in (worst["symbol"], worst["source"], case["at"]) if part)
    return f"{mine['n'].sum()} in {partitions} of {_partitions(judged)}, e.g. {where}: {case['reason']}"


def _samples(mine: pl.DataFrame) -> dict[str, MetadataValue[str | None]]:
    worst = mine.sort("n", descending=True, maintain_order=True).head(_SHOWN)
    cases = [
        {"symbol": symbol, "source": source, **case}
        for symbol, source, sample in worst.select("symbol", "source", "sample").iter_rows()
        for case in json.loads(sample)
    ]
    return {
        "samples": preview(pl.DataFrame(cases), _SHOWN),
        "by symbol and source": preview(worst.select("symbol", "source", "period", "n", "measure"), _SHOWN),
    }


def _partitions(n: int) -> str:
    return f"{n} partition" if n == 1 else f"{n} partitions"
