"""Landed files: each new content is archived, read and entered in `landing_files`; nothing else is touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

import polars as pl

from marketdata_assets.core import clock
from marketdata_assets.core.faults import ConfigFault, Fault
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.factor_files import factor_sessions
from marketdata_assets.pipeline.folder import LandedFile, read_landed
from marketdata_assets.pipeline.identity import canonical, known_to
from marketdata_assets.pipeline.inventory import inventory, source_settings, touched
from marketdata_assets.pipeline.look import Look
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.twins import fingerprints
from marketdata_assets.schemas.audit import LANDING_FILES, LandingState
from marketdata_assets.settings import SourceSettings
from marketdata_assets.sources.landing.checksums import SUFFIX as CHECKSUM_SUFFIX
from marketdata_assets.sources.landing.lean_factors import FORMAT, is_factor_file, read_factor_file
from marketdata_assets.sources.landing.read import Reading, read_payload
from marketdata_assets.sources.landing.strangers import left_out_note, some_left_out

_READERS = 4
_UNPARTITIONED = PartitionKey(None, None)
_NO_SERIES: dict[str, object] = {
    "format": "",
    "timeframe": "",
    "symbol": "",
    "first": None,
    "last": None,
    "rows": 0,
    "refused_rows": 0,
    "fingerprints": "",
}


_SAME = ["path", "payload_sha256", "state", "timeframe", "symbol", "first", "last", "rows", "refused_rows"]
"""What an inventory row says of a series; its receipt, and what is noted of the rest of the file, may differ."""


class LandingScan(NamedTuple):
    """What a look at a landing folder found: inventory rows new this time, and the partitions they touch by timeframe."""

    files: pl.DataFrame
    touched: dict[str, set[PartitionKey]]


def refresh(platform: Platform, source: str, progress: Callable[[int, int], None] | None = None) -> LandingScan:
    """Take in whatever is new in a source's landing folder, by content; calling it again changes nothing.

    Every file becomes a row per series in `landing_files/<source>`, landed or refused with its reason; its bytes go to the payload
    archive first, whose first receipt is the rows' `known_at`. A missing folder is an empty one. A refused file, and one of which
    series are left out, is tried again when its content, the source's settings or the instruments change. A networked source has no
    folder and so nothing new.
    `progress(done, total)` counts files looked into.
    """
    config = source_settings(platform, source)
    if config.networked:
        return LandingScan(LANDING_FILES.empty(), {})
    table = platform.path(LANDING_FILES, config.asset_class, source=source)
    known = inventory(platform, source)
    look = Look.last(platform, source)
    landed = known.filter(pl.col("state") == LandingState.LANDED)
    settled = landed.filter(~some_left_out()) if look.outdated else known
    seen = set(zip(settled["path"], settled["payload_sha256"], strict=True))
    unsettled = (set(known["path"]) - set(landed["path"])) | set(landed.filter(some_left_out())["path"])
    fresh = look.changed(config.folder, unsettled)
    rows: list[dict[str, object]] = []
    received = clock.now()
    with ThreadPoolExecutor(_READERS) as pool:
        for done, taken in enumerate(pool.map(lambda e: _take(platform, source, config, e, received, seen), fresh), start=1):
            rows.extend(taken)
            if progress:
                progress(done, len(fresh))
    new = LANDING_FILES.conform(pl.DataFrame(rows, schema=LANDING_FILES.polars_schema))
    if new.height:
        platform.lake.append(table, LANDING_FILES, _UNPARTITIONED, lambda old: _entered(old, new))
    look.remember(platform, source, fresh)
    news = new.join(landed, on=_SAME, how="anti", nulls_equal=True)
    return LandingScan(news, touched(platform, config.asset_class, news))


def _take(
    platform: Platform, source: str, config: SourceSettings, entry: LandedFile, received: datetime, seen: set[tuple[str, str]]
) -> list[dict[str, object]]:
    try:
        data = read_landed(config.folder, entry.path)
    except Fault as fault:
        unread = {"path": entry.path, "payload_sha256": "", "size": entry.size, "known_at": received}
        return [] if (entry.path, "") in seen else [{**unread, **_refusal(fault)}]
    digest = sha256(data).hexdigest()
    if (entry.path, digest) in seen:
        return []
    payload = platform.lake.archive.put(data, name=f"{source}/{entry.path}", received_at=received)
    base = {"path": entry.path, "payload_sha256": digest, "size": len(data), "known_at": payload.received_at}
    try:
        if is_factor_file(entry.path):
            return [{**base, **_factors(platform, config, entry.path, data)}]
        reading = read_payload(
            entry.path,
            data,
            format=config.landing_format(),
            asset_class=config.asset_class,
            checksum=_checksum(config, entry.path),
            known=known_to(platform.instruments, source, config.asset_class) if config.strangers == "leave_out" else None,
        )
        platform.readings.keep(digest, entry.path, reading.weight(len(data)), reading)
        return [{**base, **row} for row in _series_rows(platform, source, config, reading)]
    except Fault as fault:
        return [{**base, **_refusal(fault)}]


def _series_rows(platform: Platform, source: str, config: SourceSettings, reading: Reading) -> list[dict[str, object]]:
    """One inventory row per canonical symbol and timeframe of a reading, one without a symbol where there is none.

    A series nobody configured refuses the file, or is left out and counted in the reason, as the source's settings say.
    """
    left_out: Counter[str] | None = Counter() if config.strangers == "leave_out" else None
    rows: list[dict[str, object]] = []
    for series in reading.series:
        if series.timeframe not in config.timeframes:
            raise ConfigFault(
                f"entering {series.timeframe} bars of {series.vendor_symbol}",
                f"source {source} is configured for {', '.join(config.timeframes)}",
                f"add {series.timeframe} to timeframes of the source and its asset class in marketdata.yaml",
            )
        whose = (platform.instruments, source, config.asset_class, series.vendor_symbol)
        for symbol, bars in canonical(*whose, series.bars, left_out=left_out):
            first, last = bars["timestamp"].min(), bars["timestamp"].max()
            rows.append(
                {
                    "timeframe": series.timeframe,
                    "symbol": symbol,
                    "first": first.date() if isinstance(first, datetime) else None,
                    "last": last.date() if isinstance(last, datetime) else None,
                    "rows": bars.height,
                    "refused_rows": series.refused.height,
                    "fingerprints": fingerprints(bars, timeframe(series.timeframe)),
                }
            )
    notes = [*reading.notes, *left_out_note(left_out or Counter(), "on days when nobody configured had the ticker")]
    told = {"format": reading.format, "state": LandingState.LANDED, "reason": "; ".join(notes)}
    return [{**row, **told} for row in rows or [_NO_SERIES]]


def _factors(platform: Platform, config: SourceSettings, path: str, data: bytes) -> dict[str, object]:
    """The inventory row of a file of split and price factors: events, no bars; `corporate_actions` reads it again."""
    read_factor_file(path, data, factor_sessions(platform, config.asset_class, clock.now()))
    return {**_NO_SERIES, "format": FORMAT, "state": LandingState.LANDED, "reason": "factors, no bars"}


def _checksum(config: SourceSettings, path: str) -> bytes | None:
    """What a `.CHECKSUM` file beside a landed one says, when there is one."""
    beside = path + CHECKSUM_SUFFIX
    return read_landed(config.folder, beside) if (config.folder / beside).is_file() else None


def _refusal(fault: Fault) -> dict[str, object]:
    return {**_NO_SERIES, "state": LandingState.REFUSED, "reason": f"[{fault.code}] {fault.tried}: {fault.found}. {fault.remedy}"}


def _entered(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """The inventory with the new rows in it: what is read of a content of a path now replaces what was read of it before.

    What landed at last replaces its own refusal, and a refusal nothing that landed.
    """
    again = new.filter(pl.col("state") == LandingState.LANDED).select("path", "payload_sha256").unique()
    both = pl.concat([old.join(again, on=["path", "payload_sha256"], how="anti"), new]).unique(
        LANDING_FILES.key, keep="last", maintain_order=True
    )
    landed = both.filter(pl.col("state") == LandingState.LANDED).select("path", "payload_sha256")
    refused = both.filter(pl.col("state") == LandingState.REFUSED).join(landed, on=["path", "payload_sha256"], how="anti")
    return LANDING_FILES.conform(pl.concat([both.filter(pl.col("state") == LandingState.LANDED), refused]))
