"""Partitions that stand behind what they were made from: what a run that was cut off leaves to the next one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import orjson

from marketdata_assets.exports.lona import lona_stem
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.lake.record import FileRecord, inputs_hash
from marketdata_assets.pipeline.actions import event_input, known_ratios, ratio_digests
from marketdata_assets.pipeline.lona import lona_path
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.schemas.audit import COVERAGE, QUARANTINE, REFUSED_ROWS
from marketdata_assets.schemas.bars import NORMALIZED_BARS, RAW_BARS, VALIDATED_BARS

Records = Mapping[PartitionKey, FileRecord]


def outdated(platform: Platform, asset_class: str, timeframe: str) -> set[PartitionKey]:
    """The partitions whose normalized bars, audit or export do not name the raw bars, refused rows, bars and splits that stand now.

    Every file says which hashes went into it, so no run needs to be remembered. Changed settings and code are not seen here; those are a
    reason for a backfill.
    """
    sources = list(platform.settings.sources_of(asset_class, timeframe))
    raw = _records_by_path(platform, [platform.path(RAW_BARS, asset_class, timeframe, source) for source in sources])
    refused = _records_by_path(platform, [platform.path(REFUSED_ROWS, asset_class, timeframe, source) for source in sources])
    (normal_path, normal), *audit = _records_by_path(
        platform, [platform.path(table, asset_class, timeframe) for table in (NORMALIZED_BARS, COVERAGE, QUARANTINE, VALIDATED_BARS)]
    ).items()
    cover, quarantine, valid = (records for _, records in audit)
    events = ratio_digests(known_ratios(platform, asset_class, platform.symbols(asset_class)))
    late: set[PartitionKey] = set()
    for key in {key for records in (*raw.values(), *refused.values()) for key in records}:
        bars = normal.get(key)
        if _inputs(raw, key) != (bars.inputs if bars else ""):
            late.add(key)
            continue
        due = _inputs({normal_path: normal, **refused}, key, event_input(events, key))
        stands = [records[key] for records in (cover, quarantine, valid) if key in records]
        lost = bars is not None and bars.rows > sum(records[key].rows for records in (quarantine, valid) if key in records) == 0
        if lost or key not in cover or any(record.inputs != due for record in stands):
            late.add(key)
    return late | _unexported(platform, asset_class, timeframe, {key: valid[key] for key in valid if key not in late})


def _records_by_path(platform: Platform, paths: list[str]) -> dict[str, Records]:
    return {path: platform.lake.records(path) for path in paths}


def _inputs(given: Mapping[str, Records], key: PartitionKey, more: Mapping[str, str] = MappingProxyType({})) -> str:
    return inputs_hash({**{path: records[key].sha256 for path, records in given.items() if key in records}, **more})


def _unexported(platform: Platform, asset_class: str, timeframe: str, valid: Records) -> set[PartitionKey]:
    root, keys = lona_path(asset_class, timeframe), sorted(valid)
    stems = [
        lona_stem(str(k.symbol), asset_class, platform.instruments.get(str(k.symbol)).exchange, timeframe, str(k.period)) for k in keys
    ]
    manifests = platform.lake.store.fetch([f"{root}/{stem}.manifest.json" for stem in stems])
    return {key for key, found in zip(keys, manifests, strict=True) if found is None or not _names(found.data, valid[key].sha256)}


def _names(manifest: bytes, digest: str) -> bool:
    try:
        return any(each["sha256"] == digest for each in orjson.loads(manifest)["inputs"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return False
