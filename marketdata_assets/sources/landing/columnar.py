"""Feather and Parquet to rows, read in full only after what they would unpack to is known."""

from __future__ import annotations

import io
from collections.abc import Sequence

import orjson
import polars as pl
import pyarrow as pa

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources.landing.delimited import positions
from marketdata_assets.sources.landing.format import LandingFormat
from marketdata_assets.sources.landing.ipc_sizes import ARROW, ipc_size
from marketdata_assets.sources.landing.limits import Limits
from marketdata_assets.sources.landing.parquet_sizes import PARQUET, parquet_size
from marketdata_assets.sources.landing.rows import TORN, Rows

_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
"""0001-01-01 and 9999-12-31 as days since 1970."""
_PER_DAY = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def read_columnar(path: str, data: bytes, layout: LandingFormat, limits: Limits) -> Rows:
    """The rows of a feather (Arrow file, version 2) or parquet payload, with the file's own types.

    `LimitFault` when its pages or buffers claim to unpack beyond the limits; `PayloadFault` when it is corrupt or of the other kind.
    """
    magic = PARQUET if layout.kind == "parquet" else ARROW
    if not data.startswith(magic) or not data.endswith(magic):
        raise PayloadFault(
            f"reading {path}", f"it does not begin and end as a {layout.kind} file does", "download the file again", path=path
        )
    try:
        limits.check(parquet_size(data) if magic == PARQUET else ipc_size(data), limits.max_bytes, path)
        names = column_names(data)
        places = positions(path, names, layout)
        wanted = [names[place] for place in sorted(set(places.values()))]
        frame = _parquet(data, wanted) if magic == PARQUET else _feather(path, data, wanted, limits)
    except (pa.ArrowException, OSError, ValueError, MemoryError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        found = f"its {layout.kind} content is corrupt ({str(error).partition(chr(10))[0][:120]})"
        raise PayloadFault(f"reading {path}", found, "download the file again", path=path) from None
    frame = pl.DataFrame([_plain(frame[name]) for name in wanted])
    lines = pl.int_range(1, frame.height + 1, dtype=pl.Int64, eager=True).alias("line")
    columns = [frame[names[place]].alias(ours) for ours, place in places.items()]
    return Rows(pl.DataFrame([lines, *columns]), TORN, lambda numbers: _text(frame, numbers), [])


def column_names(data: bytes) -> list[str]:
    """The columns of a feather or parquet file. Raises what the library raises when the file is corrupt."""
    if data.startswith(PARQUET):
        return list(pl.read_parquet_schema(io.BytesIO(data)))
    return list(pa.ipc.open_file(pa.py_buffer(data)).schema.names)


def _parquet(data: bytes, wanted: list[str]) -> pl.DataFrame:
    # Not by pyarrow: it ends the process on some damaged statistics instead of raising.
    return pl.read_parquet(io.BytesIO(data), columns=wanted)


def _feather(path: str, data: bytes, wanted: list[str], limits: Limits) -> pl.DataFrame:
    with pa.ipc.open_file(pa.py_buffer(data)) as reader:
        table = reader.read_all()
    # Null and run-length columns have rows without having bytes.
    limits.check(8 * table.num_rows * len(wanted), limits.max_bytes, path)
    table.validate(full=True)
    return pl.DataFrame(pl.from_arrow(table.select(wanted)))


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
