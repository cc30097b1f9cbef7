"""Reported figures: a vendor's landed or fetched files of facts and filings, joined and published by year of filing."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import polars as pl

from marketdata_assets.core import clock
from marketdata_assets.core.faults import ConfigFault, Fault, PayloadFault, SymbolFault
from marketdata_assets.core.spellings import guesses
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.asking import ask, dataset_of
from marketdata_assets.pipeline.folder import landed_files, read_landed
from marketdata_assets.pipeline.platform import Platform, table_path
from marketdata_assets.schemas.audit import LANDING_FILES, LandingState
from marketdata_assets.schemas.companies import FACTS, FILINGS
from marketdata_assets.schemas.fundamentals import FUNDAMENTALS
from marketdata_assets.schemas.listings import LISTINGS
from marketdata_assets.schemas.table import Table
from marketdata_assets.settings_universes import FundamentalsSettings
from marketdata_assets.sources import strict_json
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.landing.bounded import members
from marketdata_assets.sources.page import page_rows
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.registry import vendor
from marketdata_assets.transforms.fundamentals import as_filed

_UNPARTITIONED = PartitionKey(None, None)
_FILER = re.compile(r"CIK0*(\d{1,10})(?!\d)")
_KINDS = (Data.FACTS, Data.FILINGS, Data.LISTINGS)
_NO_SERIES = {"timeframe": "", "symbol": "", "fingerprints": "", "first": None, "last": None, "refused_rows": 0}


class Told(NamedTuple):
    """Everything that was told about filers: figures, filings, and who is listed as what."""

    facts: pl.DataFrame
    filings: pl.DataFrame
    listings: pl.DataFrame


def fundamentals_settings(platform: Platform) -> FundamentalsSettings:
    """The `fundamentals` section of the configuration; `ConfigFault` when there is none."""
    if platform.settings.fundamentals is None:
        raise ConfigFault("looking for reported figures", "marketdata.yaml has no `fundamentals`", "add the section; it shows an example")
    return platform.settings.fundamentals


def fundamentals_path(asset_class: str) -> str:
    """Where the figures of an asset class lie in the lake."""
    return table_path(FUNDAMENTALS.name, asset_class)


def take_in(platform: Platform) -> pl.DataFrame:
    """New contents of the landing folder, archived and entered as rows of LANDING_FILES; again, it changes nothing.

    What none of the vendor's readers reads is entered as refused, with what the nearest of them says.
    """
    config, path = fundamentals_settings(platform), _files_path(platform)
    known = set(platform.lake.scan(path, LANDING_FILES).filter(pl.col("state") == LandingState.LANDED).collect()["payload_sha256"])
    rows: list[dict[str, object]] = []
    for file in landed_files(config.landing) if config.landing is not None else []:
        data = read_landed(config.landing, file.path)  # type: ignore[arg-type]
        if sha256(data).hexdigest() not in known:
            rows.append(_entry(platform, config, file.path, data))
    new = LANDING_FILES.conform(pl.DataFrame(rows, schema=LANDING_FILES.polars_schema))
    if new.height:
        merged = LANDING_FILES.key
        platform.lake.append(
            path,
            LANDING_FILES,
            _UNPARTITIONED,
            lambda old: LANDING_FILES.conform(pl.concat([old, new]).unique(merged, keep="last", maintain_order=True)),
        )
    return new


def fetch(platform: Platform, symbols: Collection[str]) -> Mapping[str, Fault]:
    """Facts and filings of these symbols asked of the configured networked source and kept; whoever could not be asked, with why.

    Filers are those that instruments' aliases or the source's own list of today's tickers name; the list is kept as well.
    """
    config = fundamentals_settings(platform)
    if config.source is None:
        return {}
    listed, failed = ask(platform, config.source, dataset_of(platform, config.source, Data.LISTINGS.value), [])
    _keep(platform, config.source, LISTINGS, listed)
    known = companies(platform, pl.concat([listed, told(platform).listings])).filter(pl.col("symbol").is_in(list(symbols)))
    filers = {f"CIK{entity}": symbol for entity, symbol in known.iter_rows()}
    failed |= {symbol: _unknown(symbol) for symbol in symbols if symbol not in filers.values()}
    for kind, table in ((Data.FILINGS, FILINGS), (Data.FACTS, FACTS)) if filers else ():
        rows, missing = ask(platform, config.source, dataset_of(platform, config.source, kind.value), filers)
        failed |= {filers.get(name, name): fault for name, fault in missing.items()}
        _keep(platform, config.source, table, rows)
    return failed


def told(platform: Platform, as_of: datetime | None = None) -> Told:
    """Every figure, filing and listing of the archived files and of the networked source, those received by `as_of`."""
    config = fundamentals_settings(platform)
    found: dict[str, list[pl.DataFrame]] = {t.name: [t.empty()] for t in (FACTS, FILINGS, LISTINGS)}
    files = platform.lake.scan(_files_path(platform), LANDING_FILES).filter(pl.col("state") == LandingState.LANDED).collect()
    for path, digest, received, name in files.select("path", "payload_sha256", "known_at", "format").iter_rows():
        if as_of is None or received <= as_of:
            dataset = next(d for d in vendor(config.vendor).datasets if d.name == name)
            found[dataset.table.name].append(_rows(dataset, path, _document(path, platform.lake.archive.get(digest)), received, digest))
    if config.source is not None:
        for table in (FACTS, FILINGS, LISTINGS):
            rows = platform.lake.scan(platform.path(table, config.asset_class, source=config.source), table).collect()
            found[table.name].append(rows if as_of is None else rows.filter(pl.col("known_at") <= as_of))
    return Told(*(pl.concat(found[t.name]) for t in (FACTS, FILINGS, LISTINGS)))


def filed(platform: Platform, as_of: datetime | None = None) -> pl.DataFrame:
    """All figures as rows of FUNDAMENTALS, computed anew from what is told; nothing is written."""
    config, all_told = fundamentals_settings(platform), told(platform, as_of)
    calendar = platform.calendar(config.asset_class)
    first, last = all_told.facts["filed_on"].min(), clock.now().date()
    if first is None:
        return FUNDAMENTALS.empty()
    year_on = last.replace(year=last.year + 1, day=1)
    sessions = calendar.sessions(*calendar.clip(first, year_on))  # type: ignore[arg-type]
    symbols = companies(platform, all_told.listings, set(all_told.facts["entity"]))
    return as_filed(all_told.facts, all_told.filings, sessions.select("session", "close"), symbols, config.acceptance)


def publish_fundamentals(platform: Platform, years: Sequence[str]) -> Mapping[str, int]:
    """The figures filed in these years, published; rows by year."""
    rows = filed(platform)
    by_year = {PartitionKey(year): rows.filter(pl.col("filed_on").dt.strftime("%Y") == year) for year in years}
    path = fundamentals_path(fundamentals_settings(platform).asset_class)
    return {str(done.key): done.rows for done in platform.lake.publish(path, FUNDAMENTALS, by_year)}


def companies(platform: Platform, listings: pl.DataFrame, entities: Collection[str] | None = None) -> pl.DataFrame:
    """(entity, symbol): canonical symbols of each filer, first by CIKs among instruments' aliases, then by the vendor's ticker files."""
    config = fundamentals_settings(platform)
    rows = [
        (match[1].zfill(10), instrument.symbol)
        for instrument in platform.instruments
        if instrument.asset_class == config.asset_class
        for alias in instrument.aliases
        if (match := _FILER.fullmatch(alias.spelling))
    ]
    named = listings.with_columns(pl.col("identifiers").str.extract(r"cik=(\d{10})").alias("entity")).drop_nulls("entity")
    for entity, spelling in named.select("entity", "vendor_symbol").unique(maintain_order=True).iter_rows():
        if entities is None or entity in entities:
            rows += [(entity, symbol) for symbol in _symbols(platform, config, spelling)]
    return pl.DataFrame(rows, schema={"entity": pl.String, "symbol": pl.String}, orient="row").unique(maintain_order=True)


def entity_of(platform: Platform, symbol: str) -> str:
    """The ten digits of the filer behind a symbol, or behind `CIK0001640147`; `SymbolFault` when nobody tells."""
    if match := _FILER.fullmatch(symbol.upper()):
        return match[1].zfill(10)
    known = companies(platform, told(platform).listings)
    found = known.filter(pl.col("symbol").is_in([symbol, symbol.upper(), *_symbols(platform, fundamentals_settings(platform), symbol)]))
    if found.is_empty():
        raise _unknown(symbol)
    return str(found["entity"][0])


def _symbols(platform: Platform, config: FundamentalsSettings, spelling: str) -> list[str]:
    try:
        return [platform.instruments.resolve(config.vendor, spelling, config.asset_class)]
    except SymbolFault:
        return guesses(spelling, config.asset_class)[:1]


def _entry(platform: Platform, config: FundamentalsSettings, path: str, data: bytes) -> dict[str, object]:
    payload = platform.lake.archive.put(data, name=f"fundamentals/{path}", received_at=clock.now())
    base = {**_NO_SERIES, "path": path, "payload_sha256": payload.sha256, "size": len(data), "known_at": payload.received_at}
    try:
        dataset, rows = _read(config, path, _document(path, data), payload.received_at, payload.sha256)
    except Fault as fault:
        reason = f"[{fault.code}] {fault.tried}: {fault.found}. {fault.remedy}"
        return {**base, "format": "", "state": LandingState.REFUSED, "reason": reason, "rows": 0}
    return {**base, "format": dataset.name, "state": LandingState.LANDED, "reason": "", "rows": rows.height}


def _document(path: str, data: bytes) -> Any:
    unpacked = list(members(path, data))
    if len(unpacked) != 1:
        raise PayloadFault(f"reading {path}", f"its zip holds {len(unpacked)} files", "land them one by one", path=path)
    try:
        return strict_json.loads(unpacked[0].data)
    except strict_json.NotStrictJson as error:
        raise PayloadFault(f"reading {path}", f"it is no JSON: {error}", "land the vendor's file as it came", path=path) from None


def _read(config: FundamentalsSettings, path: str, document: Any, received: datetime, digest: str) -> tuple[Dataset, pl.DataFrame]:
    """The first of the vendor's datasets of facts, filings and listings whose reader reads the document, with its rows."""
    complaints: list[str] = []
    for dataset in (d for kind in _KINDS for d in vendor(config.vendor).datasets if d.data is kind):
        try:
            rows = _rows(dataset, path, document, received, digest)
        except Fault as fault:
            complaints.append(f"{dataset.name}: {fault.found}")
        else:
            if rows.height:
                return dataset, rows
    raise PayloadFault(
        f"reading {path}", f"no reader of {config.vendor} knows it ({'; '.join(complaints)[:300]})", "keep it out", path=path
    )


def _rows(dataset: Dataset, path: str, document: Any, received: datetime, digest: str) -> pl.DataFrame:
    """The rows of one document; the filer is the one it names, else the one its path names."""
    stated = document.get("cik") if isinstance(document, dict) else None
    match = _FILER.search(path)
    filer = str(stated) if stated is not None else match[1] if match else ""
    symbols = (f"CIK{filer.zfill(10)}",) if filer and dataset.symbols else ()
    return dataset.table.conform(page_rows(dataset, Question(dataset.name, symbols), document, received, digest))


def _files_path(platform: Platform) -> str:
    config = fundamentals_settings(platform)
    return platform.path(LANDING_FILES, config.asset_class, source=f"{FUNDAMENTALS.name}_{config.vendor}")


def _unknown(symbol: str) -> SymbolFault:
    return SymbolFault(
        f"finding the filer behind {symbol[:40]!r}",
        "neither an instrument's alias nor a ticker file names its CIK",
        "land the vendor's ticker file, or give the instrument the alias VENDOR:CIK0001640147",
    )


def _keep(platform: Platform, source: str, table: Table, rows: pl.DataFrame) -> None:
    """Answers in the table of their source, a partition a year, nothing twice."""
    years = rows[table.dated_by].dt.strftime("%Y").unique().sort()
    path = platform.path(table, fundamentals_settings(platform).asset_class, source=source)
    platform.lake.update(path, table, [PartitionKey(year) for year in years], lambda old: _added(table, old, rows))


def _added(table: Table, old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """What is there and what is new to it: a row that an older payload had to the letter is not new."""
    facts = [name for name in table.polars_schema if name not in {"known_at", "payload_sha256", "line"}]
    return table.conform(pl.concat([old, new]).sort("known_at", "line").unique(facts, keep="first", maintain_order=True))
