"""What the platform found of what was planted: the ground truth held against the lake's own tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from marketdata_assets.pipeline.inventory import inventory
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.rules.registry import BY_NAME
from marketdata_assets.rules.rule import Action
from marketdata_assets.sandbox.wire.protocols import PROTOCOLS
from marketdata_assets.schemas.audit import QUARANTINE, LandingState
from marketdata_assets.schemas.bars import NORMALIZED_BARS, RAW_BARS
from marketdata_assets.schemas.table import Table

Defect = Mapping[str, Any]
FOUND_SCHEMA = pl.Schema(
    {
        "kind": pl.String(),
        "source": pl.String(),
        "symbol": pl.String(),
        "timeframe": pl.String(),
        "detail": pl.String(),
        "found": pl.Int64(),
        "by": pl.String(),
    }
)


def found(platform: Platform, defects: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    """FOUND_SCHEMA, one row a planted defect: how many rows or findings the platform has about it, 0 for a miss, and where they stand.

    `defects` is the truth's table; it only says where to look and which rule must have spoken. The counts come from `landing_files`,
    `quarantine`, raw and normalized bars, and from the rules' `findings` (rule, source, symbol, timeframe, n).
    """
    rows = [
        {**{name: defect[name] for name in FOUND_SCHEMA if name in defect}, **_search(platform, defect, findings)}
        for defect in defects.to_dicts()
    ]
    return pl.DataFrame(rows, schema=FOUND_SCHEMA)


def as_served(platform: Platform, defects: pl.DataFrame) -> pl.DataFrame:
    """`defects` with the name of the configured source that brings each: the vendor that serves its feed, or the feed's folder."""
    served = {
        (feed, timeframe): source
        for source, config in platform.settings.sources.items()
        if config.vendor
        for feeds in (PROTOCOLS[config.vendor].tape.shares, PROTOCOLS[config.vendor].tape.coins)
        for timeframe, feed in feeds.items()
    }
    names = [served.get(named, named[0]) for named in defects.select("source", "timeframe").iter_rows()]
    return defects.with_columns(pl.Series("source", names, pl.String))


def _search(platform: Platform, defect: Defect, findings: pl.DataFrame) -> dict[str, object]:
    rule = defect["rule"]
    if rule in ("refused_file", "no_rows"):
        file = inventory(platform, defect["source"]).filter(pl.col("path") == defect["path"])
        hit = file.filter((pl.col("state") == LandingState.REFUSED) if rule == "refused_file" else (pl.col("rows") == 0))
        return {"found": hit.height, "by": "landing_files"}
    if not rule:
        return {"found": _around(platform, RAW_BARS, defect)["known_at"].n_unique() - 1, "by": "raw_bars, a later version"}
    if rule == "merged_duplicates":
        repeated = _around(platform, RAW_BARS, defect)
        merged = _around(platform, NORMALIZED_BARS, defect)
        return {"found": max(0, _newest(repeated).height - merged.height), "by": "raw_bars, merged in normalized_bars"}
    if rule not in BY_NAME or BY_NAME[rule].action is Action.QUARANTINE:
        refused = _around(platform, QUARANTINE, defect).filter(pl.col("rule") == rule)
        return {"found": refused.height, "by": f"quarantine, {rule}"}
    if not findings.height:
        return {"found": 0, "by": f"check {rule}"}
    mine = findings.filter(*(pl.col(name) == defect[name] for name in ("rule", "source", "symbol", "timeframe")))
    return {"found": int(mine["n"].sum()), "by": f"check {rule}"}


def _around(platform: Platform, table: Table, defect: Defect) -> pl.DataFrame:
    """The rows of a table that the defect's source has about its bars; those without a time when it has none."""
    asset_class = platform.settings.sources[defect["source"]].asset_class
    source = defect["source"] if table is RAW_BARS else None
    path = platform.path(table, asset_class, defect["timeframe"], source)
    rows = platform.lake.scan(path, table, symbols=[defect["symbol"]])
    if source is None:
        rows = rows.filter(pl.col("source") == defect["source"])
    if defect["first"] is None:
        return rows.filter(pl.col("timestamp").is_null()).collect()
    return rows.filter(pl.col("timestamp").is_between(defect["first"], defect["last"])).collect()


def _newest(raw: pl.DataFrame) -> pl.DataFrame:
    return raw.filter(pl.col("known_at") == pl.col("known_at").max().over("symbol", "timestamp"))
