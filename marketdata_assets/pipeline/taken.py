"""Which payloads stand behind a partition, and which of them it has not taken in yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from hashlib import sha256

import polars as pl

from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.lake.record import FileRecord, inputs_hash
from marketdata_assets.sources.landing.strangers import some_left_out

_LATEST = 32
"""So many of the newest payloads may be new to a partition before all of them are read again."""


class Behind:
    """The payloads behind some partitions of one source, in the order in which they became known.

    `files`: rows of the inventory, each with the `period` it reaches and the `payload` by which it is told apart (`identified`).
    """

    def __init__(self, files: pl.DataFrame, keys: Collection[PartitionKey]) -> None:
        self._payloads: dict[PartitionKey, dict[str, None]] = defaultdict(dict)
        ordered = files.select("known_at", "symbol", "period", "payload").sort("known_at", "payload")
        for symbol, period, payload in ordered.select("symbol", "period", "payload").iter_rows():
            self._payloads[PartitionKey(period, symbol)][payload] = None
        self.inputs = {key: _inputs(self._payloads[key]) for key in keys}

    def lacking(self, stored: Mapping[PartitionKey, FileRecord]) -> set[PartitionKey]:
        """The keys whose stored partition does not name exactly their payloads."""
        return {key for key, mine in self.inputs.items() if key not in stored or stored[key].inputs != inputs_hash(mine)}

    def unread(self, key: PartitionKey, stored: FileRecord | None) -> set[str]:
        """The payloads that the stored partition has not taken in: the newest few, or all where that cannot be told.

        A partition names its payloads by one hash, which is compared with that of all of them but the newest one, two, and so on.
        """
        payloads = list(self._payloads[key])
        for left_out in range(1, min(_LATEST, len(payloads)) if stored else 1):
            if stored and stored.inputs == inputs_hash(_inputs(payloads[:-left_out])):
                return set(payloads[-left_out:])
        return set(payloads)


def identified(files: pl.DataFrame, *, networked: bool) -> pl.DataFrame:
    """Inventory rows with `payload`: the hash of the bytes, and for an answer the question as well.

    A file is its bytes, under whatever name; what an answer means depends on what was asked. Where series of a file are left out, one may
    bring more rows once more of its days have an owner: then it is another payload.
    """
    digest = pl.col("payload_sha256")
    of_file = pl.when(some_left_out()).then(pl.concat_str(digest, "rows", "refused_rows", separator=" ")).otherwise(digest)
    payload = pl.concat_str(digest, "path", separator=" ") if networked else of_file
    return files.with_columns(payload.alias("payload"))


def _inputs(payloads: Collection[str]) -> dict[str, str]:
    """The hash over some payloads, in a fixed order."""
    return {"payloads": sha256("\n".join(sorted(payloads)).encode()).hexdigest()}
