"""Index membership: each landed file archived and entered, its statements read again from the archive, and reconciled into spells."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

import polars as pl

from marketdata_assets.core import clock
from marketdata_assets.core.faults import ConfigFault, Fault
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.folder import landed_files, read_landed
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.reference import load_ticker_changes
from marketdata_assets.schemas.audit import LANDING_FILES, LandingState
from marketdata_assets.schemas.membership import INDEX_EVIDENCE, INDEX_MEMBERSHIP
from marketdata_assets.settings_universes import IndexSettings
from marketdata_assets.sources.membership.read import read_membership
from marketdata_assets.sources.membership.statements import STATEMENTS, Statements
from marketdata_assets.transforms.membership import evidence_frame, membership_frame, on_sessions, reconciled
from marketdata_assets.transforms.membership_checks import announced_changes
from marketdata_assets.transforms.membership_names import Names
from marketdata_assets.transforms.membership_spells import SourceSpells, named, source_spells

_UNPARTITIONED = PartitionKey(None, None)
_INSTANT = pl.Datetime("us", "UTC")
_STATED = pl.Schema([*STATEMENTS.items(), ("known_at", _INSTANT), ("payload_sha256", pl.String)])
_REPEATING = ("intervals", "yearly")
_NO_SERIES = {"timeframe": "", "symbol": "", "fingerprints": ""}


class Membership(NamedTuple):
    """The spells of an index, what every source says about each change, and the changes that lists announce."""

    spells: pl.DataFrame
    evidence: pl.DataFrame
    announced: pl.DataFrame


def index_settings(platform: Platform, index: str) -> IndexSettings:
    """The settings of a configured index; `ConfigFault` with the names there are."""
    found = platform.settings.indices.get(index.lower())
    if found is None:
        names = ", ".join(platform.settings.indices) or "none"
        raise ConfigFault("looking up an index", f"{index[:40]!r} is not configured", f"indices in marketdata.yaml: {names}")
    return found


def files_path(platform: Platform, index: str, source: str) -> str:
    """Where the inventory of an index source's folder lies in the lake."""
    return platform.path(LANDING_FILES, index_settings(platform, index).asset_class, source=f"{index.lower()}_{source}")


def take_in(platform: Platform, index: str) -> pl.DataFrame:
    """New contents of the index's landing folders, archived and entered as rows of LANDING_FILES; again, it changes nothing.

    A file that cannot be trusted is entered as refused, with its reason, and hinders no other. A refused content is tried again.
    """
    found = [LANDING_FILES.empty()]
    for source, config in index_settings(platform, index).sources.items():
        path = files_path(platform, index, source)
        landed = platform.lake.scan(path, LANDING_FILES).filter(pl.col("state") == LandingState.LANDED).collect()
        known = set(landed.select("path", "payload_sha256").iter_rows())
        rows: list[dict[str, object]] = []
        for file in landed_files(config.landing):
            data = read_landed(config.landing, file.path)
            if (file.path, sha256(data).hexdigest()) not in known:
                rows.append(_entry(platform, f"{index.lower()}_{source}/{file.path}", file.path, data, config.format))
        new = LANDING_FILES.conform(pl.DataFrame(rows, schema=LANDING_FILES.polars_schema))
        if new.height:
            platform.lake.append(path, LANDING_FILES, _UNPARTITIONED, lambda old, new=new: _entered(old, new))  # type: ignore[misc]
        found.append(new)
    return pl.concat(found)


def membership(platform: Platform, index: str, as_of: datetime | None = None) -> Membership:
    """The membership of an index as its archived files tell it, or told it at the instant `as_of`; nothing is written.

    A dated snapshot was known from the midnight (UTC) after its day, any other file from its receipt.
    """
    config, key = index_settings(platform, index), index.upper()
    calendar = platform.calendar(config.asset_class)
    horizon = calendar.horizon or (date(1900, 1, 1), date(2100, 1, 1))
    sessions = calendar.sessions(*horizon)["session"].to_list()
    changes = load_ticker_changes(platform.settings.ticker_changes)
    by_source: dict[str, SourceSpells] = {}
    announced: list[pl.DataFrame] = []
    for source, each in config.ranked().items():
        stated = statements(platform, index, source, as_of)
        if stated.is_empty():
            continue
        names = Names(platform.instruments, changes, source, config.asset_class, listed=each.tickers == "listed")
        told = named(stated, names.frame(stated["spelling"].to_list()))
        by_source[source] = on_sessions(source_spells(told), sessions)
        announced.append(announced_changes(told, sessions, source))
    until = {source: each.until for source, each in config.sources.items() if each.until is not None}
    spells = reconciled(by_source, until)
    return Membership(
        membership_frame(key, spells),
        evidence_frame(key, spells, by_source, until),
        pl.concat(announced) if announced else announced_changes(pl.DataFrame(schema=_STATED), sessions, ""),
    )


def statements(platform: Platform, index: str, source: str, as_of: datetime | None = None) -> pl.DataFrame:
    """Everything that a source's archived files state, each with when it was known.

    The newest content of a path counts; older contents of whole histories stay beside it, because they tell since when it was known.
    """
    config = index_settings(platform, index).sources[source]
    files = platform.lake.scan(files_path(platform, index, source), LANDING_FILES).collect()
    files = files.filter(pl.col("state") == LandingState.LANDED).sort("known_at", "path", "payload_sha256")
    if as_of is not None:
        late = files.filter(pl.col("known_at") > as_of).unique("path", keep="first", maintain_order=True)
        early = files.filter(pl.col("known_at") <= as_of)
        files = pl.concat([early, late.join(early, on="path", how="anti")])
    whole = pl.col("format").is_in(_REPEATING)  # their newest content is chosen by what it states, the others tell since when
    files = pl.concat([files.filter(whole), files.filter(~whole).unique("path", keep="last", maintain_order=True)])
    parts = [pl.DataFrame(schema=_STATED)]
    for path, digest, received in files.sort("known_at", "path", "payload_sha256").select("path", "payload_sha256", "known_at").iter_rows():
        rows = read_membership(path, platform.lake.archive.get(digest), format=config.format).rows
        parts.append(rows.with_columns(pl.lit(received).cast(_INSTANT).alias("known_at"), pl.lit(digest).alias("payload_sha256")))
    return _known(pl.concat(parts), as_of).sort("known_at", "payload_sha256", "line", maintain_order=True)


def publish_membership(platform: Platform, index: str, found: Membership, years: list[str]) -> Mapping[str, int]:
    """The spells that began in these years, and what sources say about the changes of these years, published; spells by year."""
    config = index_settings(platform, index)
    rows: dict[str, int] = {}
    for table, frame in ((INDEX_EVIDENCE, found.evidence), (INDEX_MEMBERSHIP, found.spells)):
        by_year = {PartitionKey(year): frame.filter(pl.col(table.dated_by).dt.strftime("%Y") == year) for year in years}
        path = platform.path(table, config.asset_class, source=index.lower())
        rows = {str(done.key): done.rows for done in platform.lake.publish(path, table, by_year)}
    return rows


def _known(rows: pl.DataFrame, as_of: datetime | None) -> pl.DataFrame:
    """Snapshots dated by what they say of themselves, never later than their receipt; with `as_of`, what was known by then."""
    seen = pl.col("kind") == "seen"
    dated = (pl.col("start") + timedelta(days=1)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    rows = rows.with_columns(pl.when(seen).then(pl.min_horizontal("known_at", dated)).otherwise("known_at").alias("known_at"))
    if as_of is None:
        return rows
    last = pl.lit(as_of.astimezone(UTC).date())
    rows = rows.with_columns(pl.when(seen).then(pl.min_horizontal("end", last)).otherwise("end").alias("end"))
    return rows.filter(pl.col("known_at") <= as_of, ~seen | (pl.col("start") < pl.col("end")))


def _entry(platform: Platform, name: str, path: str, data: bytes, layout: str | None) -> dict[str, object]:
    payload = platform.lake.archive.put(data, name=name, received_at=clock.now())
    base = {**_NO_SERIES, "path": path, "payload_sha256": payload.sha256, "size": len(data), "known_at": payload.received_at}
    try:
        said = read_membership(path, data, format=layout)
    except Fault as fault:
        reason = f"[{fault.code}] {fault.tried}: {fault.found}. {fault.remedy}"
        return {**base, "format": "", "state": LandingState.REFUSED, "reason": reason, "rows": 0, "refused_rows": 0}
    first, last = said.rows.select(pl.col("start").min().alias("first"), pl.max_horizontal("start", "end").max().alias("last")).row(0)
    told = {"format": said.format, "first": first, "last": last, "rows": said.rows.height, "refused_rows": said.refused.height}
    return {**base, **told, "state": LandingState.LANDED, "reason": _refusals(said)}


def _refusals(said: Statements) -> str:
    return "; ".join(f"row {line}: {reason}" for line, _, reason in said.refused.head(5).iter_rows())


def _entered(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    kept = pl.concat([old, new]).unique(LANDING_FILES.key, keep="last", maintain_order=True)
    return LANDING_FILES.conform(kept)
