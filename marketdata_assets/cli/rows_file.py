"""A file that grows by frames of rows, in bounded memory, and stands under its name once it is whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import polars as pl

    from marketdata_assets.schemas.table import Table

_ROW_GROUP = 50_000
_ENDINGS = (".parquet", ".csv", ".jsonl")


class RowsFile(Protocol):
    """Takes rows."""

    def add(self, rows: pl.DataFrame) -> None:
        """Appends rows."""

    def close(self) -> None:
        """Writes what is left."""


@contextmanager
def rows_file(out: Path | None, table: Table) -> Iterator[RowsFile | None]:
    """A file of a table's rows by the ending of its name: .parquet, .csv, .jsonl; None without a path.

    It appears when the block ends, however it ends, with what was added until then. `ConfigFault` for another ending, or where nothing
    can be written.
    """
    from marketdata_assets.core.faults import ConfigFault

    if out is None:
        yield None
        return
    if out.suffix not in _ENDINGS:
        raise ConfigFault(f"writing {out.name}", f"{out.suffix or 'no ending'} is unknown", f"end it in one of {', '.join(_ENDINGS)}")
    part = out.with_name(f".{out.name}.part")
    try:
        stream = part.open("wb")
    except OSError as error:
        raise ConfigFault(f"writing {out.name}", error.strerror or str(error), "give a path in a writable folder") from None
    with stream:
        file: RowsFile = _Parquet(stream, table) if out.suffix == ".parquet" else _Text(stream, table, lines=out.suffix == ".jsonl")
        try:
            yield file
        finally:
            file.close()
            stream.close()
            part.replace(out)


class _Text:
    """Text, written as it comes."""

    def __init__(self, stream: IO[bytes], table: Table, *, lines: bool) -> None:
        self._stream, self._lines = stream, lines
        if not lines:
            table.empty().write_csv(stream)

    def add(self, rows: pl.DataFrame) -> None:
        if self._lines:
            rows.write_ndjson(self._stream)
        else:
            rows.write_csv(self._stream, include_header=False)

    def close(self) -> None:
        self._stream.flush()


class _Parquet:
    """Row groups of many frames."""

    def __init__(self, stream: IO[bytes], table: Table) -> None:
        import pyarrow.parquet as pq

        self._waiting: list[pl.DataFrame] = []
        self._rows = 0
        self._schema = table.empty().to_arrow().schema
        self._writer: Any = pq.ParquetWriter(stream, self._schema)

    def add(self, rows: pl.DataFrame) -> None:
        self._waiting.append(rows)
        self._rows += rows.height
        if self._rows >= _ROW_GROUP:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        import polars as pl

        if self._rows:
            self._writer.write_table(pl.concat(self._waiting).to_arrow().cast(self._schema))
        self._waiting, self._rows = [], 0
