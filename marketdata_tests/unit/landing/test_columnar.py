"""Feather and Parquet: the file's own types, and no more memory than its directory admits to."""

from __future__ import annotations

import contextlib
import io
import struct
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.feather as pf
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata_assets.core.faults import Fault, LimitFault, PayloadFault
from marketdata_assets.sources.landing.format import LandingFormat, Stamp
from marketdata_assets.sources.landing.ipc_sizes import ipc_size
from marketdata_assets.sources.landing.limits import Limits
from marketdata_assets.sources.landing.parquet_sizes import parquet_size
from marketdata_tests.unit.landing.packing import only, read

PARQUET = LandingFormat(
    kind="parquet", columns={"symbol": "sym", "timestamp": "ts", "close": "px", "volume": "vol"}, timeframe="1d", stamp=Stamp(unit="ms")
)
FEATHER = PARQUET.model_copy(update={"kind": "feather"})
ROWS = {
    "sym": ["AAPL", "AAPL", "NA"],
    "ts": [date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 2)],
    "px": [1.5, float("inf"), 2.5],
    "vol": [1, 2, None],
}


def parquet(table: pa.Table, **kwargs: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **kwargs)
    return out.getvalue()


def feather(table: pa.Table, compression: str = "zstd") -> bytes:
    out = io.BytesIO()
    pf.write_feather(table, out, compression=compression)
    return out.getvalue()


@pytest.mark.parametrize(("write", "layout"), [(parquet, PARQUET), (feather, FEATHER)], ids=["parquet", "feather"])
def test_typed_columns_are_read_by_a_column_map(write, layout: LandingFormat) -> None:
    reading = read("all.bin", write(pa.table(ROWS)), layout)
    assert [(s.vendor_symbol, s.bars.select("timestamp", "close", "volume", "line").rows()) for s in reading.series] == [
        ("AAPL", [(datetime(2024, 1, 2, tzinfo=UTC), 1.5, 1.0, 1)]),
        ("NA", [(datetime(2024, 1, 2, tzinfo=UTC), 2.5, None, 3)]),
    ]
    assert reading.series[0].refused.select("line", "rule", "row").rows() == [
        (2, "not_a_bar", '{"sym":"AAPL","ts":"2024-01-03","px":null,"vol":2}')
    ]


@pytest.mark.parametrize(
    "times",
    [
        pa.array([1704153600000] * 2, pa.int64()),
        pa.array([1704153600000.0] * 2, pa.float64()),
        pa.array(["1704153600000"] * 2, pa.large_string()),
        pa.array([datetime(2024, 1, 2)] * 2, pa.timestamp("ns")),
        pa.array([datetime(2024, 1, 2, tzinfo=UTC)] * 2, pa.timestamp("us", "UTC")),
        pa.array([date(2024, 1, 2)] * 2, pa.date64()),
    ],
    ids=str,
)
def test_times_of_any_type_mean_the_same_day(times: pa.Array) -> None:
    table = pa.table(
        {"sym": pa.array(["A", "A"]).dictionary_encode(), "ts": times, "px": [Decimal("1.5"), Decimal("2.5")], "vol": [True, False]}
    )
    bars = only(read("all.parquet", parquet(table), PARQUET)).bars
    assert bars["timestamp"].to_list() == [datetime(2024, 1, 2, tzinfo=UTC)] * 2
    assert bars.select("close", "volume").rows() == [(1.5, None), (2.5, None)]


def test_years_that_no_calendar_has_are_no_times() -> None:
    table = pa.table(
        {"sym": ["A"] * 3, "ts": pa.array([2**62, -(2**62), 1704153600000], pa.timestamp("ms")), "px": [1.5] * 3, "vol": [1] * 3}
    )
    series = only(read("all.parquet", parquet(table), PARQUET))
    assert series.bars["line"].to_list() == [3]
    assert series.refused.select("rule", "row").rows() == [("unreadable_time", '{"sym":"A","ts":null,"px":1.5,"vol":1}')] * 2


def test_decimals_are_read_as_their_text_reads() -> None:
    prices = [Decimal("645.57"), Decimal("0.07"), Decimal("123456789.123456789")]
    table = pa.table(
        {"sym": ["A"] * 3, "ts": [date(2024, 1, d) for d in (2, 3, 4)], "px": pa.array(prices, pa.decimal128(30, 9)), "vol": [1] * 3}
    )
    assert only(read("all.parquet", parquet(table), PARQUET)).bars["close"].to_list() == [float(p) for p in prices]


def test_the_size_of_an_arrow_file_is_read_from_its_directory() -> None:
    table = pa.table({"a": pa.array([0.0] * 10_000), "s": pa.array(["x", "yy"] * 5_000).dictionary_encode(), "n": pa.nulls(10_000)})
    plain = ipc_size(feather(table, "uncompressed"))
    assert plain == ipc_size(feather(table, "zstd")) == ipc_size(feather(table, "lz4"))
    assert 80_000 < plain < 140_000
    out = io.BytesIO()
    pl.DataFrame({"a": [1.0] * 1000}).write_ipc(out, compression="zstd")
    assert ipc_size(out.getvalue()) == 8_000


@pytest.mark.parametrize(
    "style",
    [
        {},
        {"compression": "zstd"},
        {"use_dictionary": False},
        {"data_page_version": "2.0"},
        {"row_group_size": 100},
        {"write_page_index": True},
    ],
    ids=str,
)
def test_the_size_of_a_parquet_file_is_read_from_every_page(style: dict[str, object]) -> None:
    """What the footer states but for the page headers, and never less than eight bytes a value."""
    table = pa.table({"a": np.arange(1000) * 1.5, "s": ["x" * 50, "y"] * 500})
    data = parquet(table, **style)
    meta = pq.ParquetFile(io.BytesIO(data)).metadata
    stated = sum(meta.row_group(g).column(c).total_uncompressed_size for g in range(meta.num_row_groups) for c in range(2))
    assert max(0.95 * stated, 16_000) <= parquet_size(data) <= stated + 20_000
    out = io.BytesIO()
    pl.DataFrame({"a": [1.0] * 1000}).write_parquet(out)
    assert 8_000 <= parquet_size(out.getvalue()) <= 9_000


def _varint(value: int) -> bytes:
    """A positive i64 as Thrift's compact encoding writes it."""
    value, out = value << 1, b""
    while value >= 0x80:
        value, out = value >> 7, out + bytes([value & 0x7F | 0x80])
    return out + bytes([value])


def test_a_footer_that_understates_its_pages_deceives_nobody() -> None:
    columns = {name: np.zeros(100_000) for name in ("sym", "ts", "px", "vol")}
    data = parquet(pa.table(columns), compression="zstd", use_dictionary=False)
    at = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    stated = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0).column(0).total_uncompressed_size
    assert data[at:].count(_varint(stated)) == 4
    small = _varint((1 << 14) + 1)
    assert len(small) == len(_varint(stated))
    forged = data[:at] + data[at:].replace(_varint(stated), small)
    assert parquet_size(forged) == parquet_size(data) >= 3_200_000


@pytest.mark.parametrize(
    "footer", [b"\x19" * 200, b"\x1c" * 200, b"\xff" * 50, b"\x19\xfc\xff\xff\xff\xff\x0f", b"\x1b\xff\xff\xff\xff\x0f\x11"]
)
def test_a_footer_made_of_anything_is_refused(footer: bytes) -> None:
    with pytest.raises(PayloadFault, match="its parquet content is corrupt"):
        read("f.parquet", b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1", PARQUET)


def test_damaged_statistics_do_not_end_the_process() -> None:
    """pyarrow aborts on a level histogram of the wrong length; bytes all over the footer are tried."""
    data = parquet(pa.table(ROWS), write_page_index=True)
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    for at in range(start, len(data) - 8, 7):
        broken = bytearray(data)
        broken[at] ^= 0x10
        with contextlib.suppress(Fault):
            read("f.parquet", bytes(broken), PARQUET)


def test_a_footer_whose_counts_contradict_its_pages_is_refused_before_anything_is_allocated() -> None:
    """Polars would ask for room for every row that a footer claims, and end the process when there is none."""
    data = parquet(pa.table({name: np.arange(1000.0) for name in ("sym", "ts", "px", "vol")}))
    at = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    thousand = _varint(1000)
    assert data[at:].count(thousand) >= 6
    for claim in (_varint(8000), _varint(8100)):
        with pytest.raises(PayloadFault, match="its parquet content is corrupt"):
            read("f.parquet", data[:at] + data[at:].replace(thousand, claim), PARQUET)


def _peak(data: bytes, layout: LandingFormat, limits: Limits) -> int:
    tracemalloc.start()
    before = pa.total_allocated_bytes()
    try:
        with pytest.raises(LimitFault):
            read("bomb.bin", data, layout, limits=limits)
        return tracemalloc.get_traced_memory()[1] + pa.total_allocated_bytes() - before
    finally:
        tracemalloc.stop()


def test_columnar_bombs_are_refused_before_they_unpack() -> None:
    rows = 1_000_000
    table = pa.table({name: pa.array(np.zeros(rows)) for name in ("sym", "ts", "px", "vol")})
    limits = Limits(max_bytes=20_000_000)
    for data, layout in ((feather(table), FEATHER), (parquet(table, compression="zstd"), PARQUET)):
        assert len(data) < 100_000
        assert _peak(data, layout, limits) < 4_000_000


def test_rows_without_bytes_count_as_well() -> None:
    """Null columns have any number of rows for nothing."""
    rows = 10_000_000
    table = pa.table({name: pa.nulls(rows) for name in ("sym", "ts", "px", "vol")})
    for data, layout in ((feather(table), FEATHER), (parquet(table), PARQUET)):
        with pytest.raises(LimitFault):
            read("bomb.bin", data, layout, limits=Limits(max_bytes=100_000_000))


def test_a_buffer_that_claims_a_terabyte_is_refused() -> None:
    data = bytearray(feather(pa.table({"sym": ["A"] * 100, "ts": [0] * 100, "px": [0.5] * 100, "vol": [0] * 100})))
    at = data.find(struct.pack("<q", 800))
    data[at : at + 8] = struct.pack("<q", 1 << 40)
    with pytest.raises(LimitFault):
        read("f.feather", bytes(data), FEATHER)


@given(st.data())
def test_a_damaged_columnar_file_is_refused_or_read_never_worse(data: st.DataObject) -> None:
    """One to eight bytes overwritten anywhere: a typed refusal, or numbers; no crash, no other exception."""
    write, layout = data.draw(st.sampled_from([(parquet, PARQUET), (feather, FEATHER)]))
    whole = bytearray(write(pa.table(ROWS)))
    at = data.draw(st.integers(0, len(whole) - 8))
    junk = data.draw(st.binary(min_size=1, max_size=8))
    whole[at : at + len(junk)] = junk
    with contextlib.suppress(Fault):
        read("f.bin", bytes(whole), layout)


@pytest.mark.parametrize(("write", "layout"), [(parquet, PARQUET), (feather, FEATHER)], ids=["parquet", "feather"])
def test_a_columnar_file_cut_anywhere_is_refused(write, layout: LandingFormat) -> None:
    whole = write(pa.table(ROWS))
    for cut in range(1, len(whole) - 8, 31):
        with pytest.raises(PayloadFault):
            read("f.bin", whole[:-cut], layout)
