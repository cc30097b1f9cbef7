"""One partition as Parquet bytes: zstd, statistics, page checksums, its record and seal; the same rows give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from marketdata_assets.core.faults import CorruptFault
from marketdata_assets.lake.seal import BLANK, RECORD, SEAL, open_seal, seal

COLUMNS = "marketdata.columns"
_ROW_GROUP = 131_072


class Encoded(NamedTuple):
    """A finished file and the hash it carries."""

    data: bytes
    sha256: str


def to_arrow(frame: pl.DataFrame) -> pa.Table:
    """`frame` in one piece per column, so that slices of it encode like frames of their own."""
    return frame.to_arrow().combine_chunks()


def from_arrow(rows: pa.Table) -> pl.DataFrame:
    """The frame that `to_arrow` was given."""
    frame = pl.from_arrow(rows)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 -- a table becomes a frame; the union is for arrays
    return frame


def encode(rows: pa.Table, record: str, columns: str) -> Encoded:
    """The sealed file of `rows`, decoded once more with its page checksums verified before it leaves here.

    `record` and `columns` are the JSON texts of its metadata.
    """
    sink = pa.BufferOutputStream()
    texts = [f.name for f in rows.schema if pa.types.is_large_string(f.type)]
    with pq.ParquetWriter(
        sink,
        rows.schema,
        compression="zstd",
        use_dictionary=texts,
        write_statistics=True,
        write_page_checksum=True,
        store_schema=False,
    ) as writer:
        writer.write_table(rows, row_group_size=_ROW_GROUP)
        writer.add_key_value_metadata({COLUMNS: columns, RECORD: record, SEAL: BLANK})
    data, sha256 = seal(sink.getvalue().to_pybytes())
    open_seal(data, "")
    check_pages(data, len(rows), "")
    return Encoded(data, sha256)


def check_pages(data: bytes, rows: int, path: str) -> None:
    """Nothing when every page decodes, matches its checksum, and there are `rows` rows; otherwise `CorruptFault`."""
    try:
        found = pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True).read(use_threads=False).num_rows
    except (OSError, pa.ArrowException) as error:
        raise CorruptFault("decoding a file of the lake", str(error)[:200], "materialize the partition again", path=path) from None
    if found != rows:
        raise CorruptFault("decoding a file of the lake", f"{found} rows instead of {rows}", "materialize the partition again", path=path)


def decode(files: Sequence[bytes], schema: pl.Schema) -> pl.LazyFrame:
    """The rows of verified files, in the order given, decoded only as far as a query asks."""
    return pl.scan_parquet(list(files), schema=schema) if files else pl.LazyFrame(schema=schema)
