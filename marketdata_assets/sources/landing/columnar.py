"""Feather and Parquet to rows, read in full only after what they would unpack to is known."""

from __future__ import annotations

import io
from collections.abc import Sequence

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources.landing.delimited import positions
from marketdata_assets.sources.landing.format import LandingFormat
from marketdata_assets.sources.landing.ipc_sizes import ARROW, unpacked_size
from marketdata_assets.sources.landing.limits import Limits
from marketdata_assets.sources.landing.rows import TORN, Rows

PARQUET = b"PAR1"
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
"""0001-01-01 and 9999-12-31 as days since 1970."""
_PER_DAY = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def read_columnar(path: str, data: bytes, layout: LandingFormat, limits: Limits) -> Rows:
    """The rows of a feather (Arrow file, version 2) or parquet payload, with the file's own types.

    `LimitFault` when its pages or buffers state that they unpack beyond the limits; `PayloadFault` when it is corrupt or of the other kind.
    """
    magic = PARQUET if layout.kind == "parquet" else ARROW
    if not data.startswith(magic) or not data.endswith(magic):
        raise PayloadFault(
            f"reading {path}", f"it does not begin and end as a {layout.kind} file does", "download the file again", path=path
        )
    try:
        names, table = _parquet(path, data, layout, limits) if magic == PARQUET else _feather(path, data, layout, limits)
        table.validate(full=True)
        frame = pl.from_arrow(table)
    except (pa.ArrowException, OSError, ValueError, MemoryError, pl.exceptions.PolarsError) as error:
        found = f"its {layout.kind} content is corrupt ({str(error).splitlines()[0][:120]})"
        raise PayloadFault(f"reading {path}", found, "download the file again", path=path) from None
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - what from_arrow makes of a table; its annotation also covers arrays
    places = positions(path, names, layout)
    frame = pl.DataFrame([_plain(frame[names[place]]) for place in sorted(set(places.values()))])
    columns = [frame[names[place]].alias(ours) for ours, place in places.items()]
    lines = pl.int_range(1, frame.height + 1, dtype=pl.Int64, eager=True).alias("line")
    return Rows(pl.DataFrame([lines, *columns]), TORN, lambda numbers: _text(frame, numbers), [])


def _parquet(path: str, data: bytes, layout: LandingFormat, limits: Limits) -> tuple[list[str], pa.Table]:
    file = pq.ParquetFile(io.BytesIO(data))
    names, meta = file.schema_arrow.names, file.metadata
    groups = (meta.row_group(g) for g in range(meta.num_row_groups))
    stated = sum(group.column(c).total_uncompressed_size for group in groups for c in range(meta.num_columns))
    # A run-length page of a few bytes may stand for any number of rows, so the rows count as well.
    limits.check(max(stated, 8 * meta.num_rows * len(layout.columns)), limits.max_bytes, path)
    wanted = [names[p] for p in sorted(set(positions(path, names, layout).values()))]
    return names, file.read(columns=wanted)


def _feather(path: str, data: bytes, layout: LandingFormat, limits: Limits) -> tuple[list[str], pa.Table]:
    limits.check(unpacked_size(data), limits.max_bytes, path)
    with pa.ipc.open_file(pa.py_buffer(data)) as reader:
        names, table = reader.schema.names, reader.read_all()
    # Null and run-length columns have rows without having bytes.
    limits.check(8 * table.num_rows * len(layout.columns), limits.max_bytes, path)
    positions(path, names, layout)
    return names, table


def _plain(series: pl.Series) -> pl.Series:
    """Texts, numbers and times as such, however they are coded; anything else (flags, lists, durations, bytes) as nothing."""
    if series.dtype == pl.String or series.dtype.is_integer() or series.dtype.is_float():
        return series
    if series.dtype in (pl.Categorical, pl.Enum) or series.dtype.is_decimal():
        return series.cast(pl.String)
    if series.dtype == pl.Date or isinstance(series.dtype, pl.Datetime):
        return _within_calendar(series)
    return pl.Series(series.name, [None] * len(series), pl.String)


def _within_calendar(times: pl.Series) -> pl.Series:
    """Times whose year no calendar has as nothing: Polars stops the process when it is to show one."""
    per_day = 1 if times.dtype == pl.Date else _PER_DAY[times.dtype.time_unit]  # type: ignore[attr-defined]
    physical = times.to_physical()
    sane = physical.is_between(max(_FIRST_DAY * per_day, -(2**63)), min(_LAST_DAY * per_day, 2**63 - 1))
    return times if sane.all() else times.to_frame().select(pl.when(sane).then(times.name))[times.name]


def _text(frame: pl.DataFrame, numbers: Sequence[int]) -> list[str]:
    picked = frame[[n - 1 for n in numbers]]
    return [orjson.dumps(row, default=str).decode() for row in picked.iter_rows(named=True)]
