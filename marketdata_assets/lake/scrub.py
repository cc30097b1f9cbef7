"""The whole lake read again and held against its own hashes and page checksums."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import NamedTuple

from marketdata_assets.core.faults import Fault
from marketdata_assets.lake.archive import PayloadArchive
from marketdata_assets.lake.layout import PAYLOADS, SUFFIX, key_of
from marketdata_assets.lake.parquet import check_pages
from marketdata_assets.lake.scan import read_verified
from marketdata_assets.lake.store import Entry, Store


class Finding(NamedTuple):
    """One file that is not what it ought to be, as the fault that reading it would raise."""

    path: str
    code: str
    found: str
    remedy: str


def scrub(store: Store, archive: PayloadArchive, prefix: str, progress: Callable[[int, int], None] | None = None) -> Iterator[Finding]:
    """Every damaged, misplaced or foreign file below the folder or table `prefix` ("" for all), in order of path.

    Foreign is what lies in a table's folder or among the payloads and is neither; exports and notes elsewhere are nobody's partitions and
    are passed over. `progress(done, total)` counts files.
    """
    alone = store.stat(prefix + SUFFIX) if prefix else None
    entries = [*([alone] if alone else []), *store.list(prefix)]
    tables = {found[0] for entry in entries if (found := key_of(entry.path))}
    with ThreadPoolExecutor(cpu_count()) as pool:
        for done, finding in enumerate(pool.map(lambda entry: _judge(store, archive, entry, tables), entries), start=1):
            if progress:
                progress(done, len(entries))
            if finding is not None:
                yield finding


def _judge(store: Store, archive: PayloadArchive, entry: Entry, tables: Set[str]) -> Finding | None:
    folder, _, name = entry.path.rpartition("/")
    try:
        if entry.path.startswith(PAYLOADS + "/") and name.endswith(".zst") and folder == f"{PAYLOADS}/{name[:2]}":
            archive.get(name.removesuffix(".zst"))
        elif key_of(entry.path) is not None:
            for file in read_verified(store, [entry.path]):
                check_pages(file.data, file.record.rows, file.path)
        elif name.endswith(SUFFIX) or not tables.isdisjoint(_folders_above(folder)) or entry.path.startswith(PAYLOADS + "/"):
            return Finding(entry.path, "foreign", "the file of no partition and no payload", "move it out of the lake")
    except Fault as fault:
        return Finding(entry.path, fault.code, fault.found, fault.remedy)
    return None


def _folders_above(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
