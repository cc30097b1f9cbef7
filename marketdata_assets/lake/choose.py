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
        return sorted(path_of(table_path, key) for key in keys if _named(key, periods, symbols)) if len(keys) <= _FEW else None
    if symbols is None or not 0 < len(symbols) <= _FEW:
        return None
    folders = list(periods) if periods is not None else [folder for folder in store.folders(table_path) if is_period(folder)]
    if len(folders) * len(symbols) > _FEW and len(symbols) > 1:
        return None
    return sorted(path_of(table_path, PartitionKey(folder, symbol)) for folder in folders for symbol in symbols)


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
    selected = None if keys is None else {key for key in keys if path_of(table_path, key)}
    if periods is not None and len(periods) <= _FOLDERS:
        whole = [path_of(table_path, PartitionKey(period)) for period in periods]
        entries = [entry for path in whole for entry in store.list(path.removesuffix(SUFFIX))]
        entries += [entry for entry in store.stat_many(whole) if entry is not None]
    else:
        entries = store.list(table_path)
        alone = store.stat(table_path + SUFFIX)
        entries += [alone] if alone else []
    return {
        entry.path: entry
        for entry in entries
        if (found := key_of(entry.path)) is not None
        and found[0] == table_path
        and (selected is None or found[1] in selected)
        and _named(found[1], periods, symbols)
    }


def _require_names(table_path: str, periods: Collection[str] | None, symbols: Collection[str] | None) -> None:
    require_table_path(table_path)
    for period in periods or ():
        path_of(table_path, PartitionKey(period))
    for symbol in symbols or ():
        require_canonical(symbol)


def _named(key: PartitionKey, periods: Collection[str] | None, symbols: Collection[str] | None) -> bool:
    return (periods is None or key.period in periods) and (symbols is None or key.symbol in symbols)
