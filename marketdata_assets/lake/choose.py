"""Which files a question needs: one listing of the narrowest folder, or none when the keys are known and few."""

from __future__ import annotations

from collections.abc import Collection

from marketdata_assets.core.symbols import require_canonical
from marketdata_assets.lake.layout import SUFFIX, PartitionKey, is_period, key_of, path_of, require_table_path
from marketdata_assets.lake.store import Entry, Store

_FEW = 32
_FOLDERS = 4


def few_files(
    store: Store,
    table_path: str,
    *,
    periods: Collection[str] | None = None,
    symbols: Collection[str] | None = None,
    keys: Collection[PartitionKey] | None = None,
) -> list[str] | None:
    """The paths that the selections name, whether or not they exist, sorted, when they are few enough to ask for each; otherwise None."""
    _require_names(table_path, periods, symbols)
    if keys is not None:
        return sorted({path_of(table_path, key) for key in keys if _named(key, periods, symbols)}) if len(keys) <= _FEW else None
    if symbols is None or not 0 < len(symbols) <= _FEW:
        return None
    folders = list(periods) if periods is not None else [folder for folder in store.folders(table_path) if is_period(folder)]
    if len(folders) * len(symbols) > _FEW and len(symbols) > 1:
        return None
    return sorted({path_of(table_path, PartitionKey(folder, symbol)) for folder in folders for symbol in symbols})


def chosen_files(
    store: Store,
    table_path: str,
    *,
    periods: Collection[str] | None = None,
    symbols: Collection[str] | None = None,
    keys: Collection[PartitionKey] | None = None,
) -> dict[str, Entry]:
    """The files of the table that exist and that every given selection names, by path; one listing where they are many.

    Faults for names that are not canonical.
    """
    few = few_files(store, table_path, periods=periods, symbols=symbols, keys=keys)
    if few is not None:
        return {entry.path: entry for entry in store.stat_many(few) if entry is not None}
    if keys is not None:
        selected = {path_of(table_path, key) for key in keys if _named(key, periods, symbols)}
        return {entry.path: entry for entry in _entries(store, table_path, {key.period for key in keys}) if entry.path in selected}
    named = {entry.path: (entry, key_of(entry.path)) for entry in _entries(store, table_path, periods)}
    periods, symbols = periods and set(periods), symbols and set(symbols)
    return {
        path: entry
        for path, (entry, found) in named.items()
        if found is not None and found[0] == table_path and _named(found[1], periods, symbols)
    }


def _entries(store: Store, table_path: str, periods: Collection[str | None] | None) -> list[Entry]:
    """Every file that may be a partition of one of `periods`, by a listing of their folders, or of the table's where they are many."""
    if periods is None or len(periods) > _FOLDERS or None in periods:
        alone = store.stat(table_path + SUFFIX)
        return [*store.list(table_path), *([alone] if alone else [])]
    whole = [path_of(table_path, PartitionKey(period)) for period in sorted(p for p in periods if p is not None)]
    listed = [entry for path in whole for entry in store.list(path.removesuffix(SUFFIX))]
    return [*listed, *(entry for entry in store.stat_many(whole) if entry is not None)]


def _require_names(table_path: str, periods: Collection[str] | None, symbols: Collection[str] | None) -> None:
    require_table_path(table_path)
    for period in periods or ():
        path_of(table_path, PartitionKey(period))
    for symbol in symbols or ():
        require_canonical(symbol)


def _named(key: PartitionKey, periods: Collection[str] | None, symbols: Collection[str] | None) -> bool:
    return (periods is None or key.period in periods) and (symbols is None or key.symbol in symbols)
