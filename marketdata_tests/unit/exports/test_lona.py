from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata_assets.core.faults import ConfigFault, PartitionFault, SchemaFault, SymbolFault
from marketdata_assets.exports.lona import ExportFile, lona_files, require_distinct
from marketdata_tests.unit.exports.bars import validated

EIGHT = datetime(2024, 2, 8, 8, tzinfo=UTC)
TWO_HOURS = [
    (datetime(2024, 2, 8, 9, tzinfo=UTC), 42250.0, 42260.25, 42200.0, 42210.1, 0.1),
    (EIGHT, 42150.5, 42300.0, 42100.0, 42250.0, 1234.56),
]


def export(frame: pl.DataFrame, **changes: object) -> list[ExportFile]:
    given = {
        "symbol": "BTC-USDT",
        "asset_class": "crypto",
        "exchange": "BINANCE",
        "timeframe": "1h",
        "period": "2024-02",
        "inputs": {"crypto/validated_bars_1h/2024-02/BTC-USDT": "ab" * 32},
        "code_version": "7",
    } | changes
    return lona_files(frame, **given)  # type: ignore[arg-type]


def test_the_json_is_the_documented_one_to_the_byte() -> None:
    files = export(validated(TWO_HOURS))
    assert files[0].path == "ohlcv/binance/BTCUSDT/1h/2024-02.json"
    assert files[0].data == (
        b'{"symbol":"BTCUSDT","interval":"1h","exchange":"binance","data":['
        b'{"timestamp":1707379200000,"open":42150.5,"high":42300.0,"low":42100.0,"close":42250.0,"volume":1234.56},'
        b'{"timestamp":1707382800000,"open":42250.0,"high":42260.25,"low":42200.0,"close":42210.1,"volume":0.1}]}\n'
    )


def test_the_csv_is_the_documented_one_to_the_byte() -> None:
    files = export(validated(TWO_HOURS))
    assert files[1].path == "ohlcv/binance/BTCUSDT/1h/2024-02.csv"
    assert files[1].data == (
        b"timestamp,open,high,low,close,volume\n"
        b"2024-02-08 08:00:00,42150.5,42300.0,42100.0,42250.0,1234.56\n"
        b"2024-02-08 09:00:00,42250.0,42260.25,42200.0,42210.1,0.1\n"
    )


def test_the_manifest_names_what_the_files_were_made_from() -> None:
    early, late = datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 3, 2, 1, 2, 3, tzinfo=UTC)
    first = pl.col("timestamp") == EIGHT
    frame = validated(
        TWO_HOURS,
        known_at=pl.when(first).then(early).otherwise(late),
        quality_flags=pl.when(first).then(pl.lit("move,stale")).otherwise(pl.lit("")),
    )
    json_file, csv_file, manifest = export(frame)
    assert manifest.path == "ohlcv/binance/BTCUSDT/1h/2024-02.manifest.json"
    assert json.loads(manifest.data) == {
        "symbol": "BTCUSDT",
        "canonical_symbol": "BTC-USDT",
        "interval": "1h",
        "exchange": "binance",
        "period": "2024-02",
        "files": [{"path": f.path, "sha256": sha256(f.data).hexdigest(), "bytes": len(f.data)} for f in (json_file, csv_file)],
        "rows": 2,
        "first": "2024-02-08T08:00:00Z",
        "last": "2024-02-08T09:00:00Z",
        "as_of": "2024-03-02T01:02:03Z",
        "flagged": {"move": 1, "stale": 1},
        "sources": {"binance_vision": 2},
        "tapes": {"binance": 2},
        "currency": ["USDT"],
        "volume_basis": ["raw"],
        "not_final": 0,
        "price_basis": "raw",
        "adjustment": "none",
        "inputs": [{"partition": "crypto/validated_bars_1h/2024-02/BTC-USDT", "sha256": "ab" * 32}],
        "code_version": "7",
    }


def test_a_year_of_a_share_class_lies_under_its_listing_exchange_with_its_dot() -> None:
    day = validated([(datetime(2024, 7, 3, tzinfo=UTC), 408.0, 410.5, 406.0, 409.125, 3e6)], symbol="BRK.B")
    files = export(day, symbol="BRK.B", asset_class="us_equities", exchange="XNYS", timeframe="1d", period="2024")
    assert [f.path for f in files][:2] == ["ohlcv/xnys/BRK.B/1d/2024.json", "ohlcv/xnys/BRK.B/1d/2024.csv"]
    assert json.loads(files[0].data)["data"][0]["timestamp"] == 1719964800000


def test_a_period_without_bars_gives_files_without_rows() -> None:
    json_file, csv_file, manifest = export(validated([]))
    assert json.loads(json_file.data)["data"] == []
    assert csv_file.data == b"timestamp,open,high,low,close,volume\n"
    told = json.loads(manifest.data)
    assert (told["rows"], told["first"], told["as_of"], told["flagged"]) == (0, None, None, {})


def test_a_bar_received_before_it_ended_is_left_out_and_counted() -> None:
    inside = EIGHT + timedelta(minutes=59)
    files = export(validated(TWO_HOURS, known_at=pl.when(pl.col("timestamp") == EIGHT).then(EIGHT + timedelta(hours=1)).otherwise(inside)))
    assert [row["timestamp"] for row in json.loads(files[0].data)["data"]] == [1707379200000]
    assert json.loads(files[2].data)["not_final"] == 1


def test_a_half_day_is_final_once_its_session_closed() -> None:
    day = [(datetime(2024, 7, 3, tzinfo=UTC), 10.0, 11.0, 9.0, 10.5, 100.0)]
    close = datetime(2024, 7, 3, 17, tzinfo=UTC)
    closes = pl.DataFrame({"session": [date(2024, 7, 3)], "close": [close]}, schema_overrides={"close": pl.Datetime("us", "UTC")})
    kind = {"symbol": "AAPL", "asset_class": "us_equities", "exchange": "XNAS", "timeframe": "1d", "period": "2024", "closes": closes}
    after = export(validated(day, symbol="AAPL", known_at=close), **kind)
    before = export(validated(day, symbol="AAPL", known_at=close - timedelta(seconds=1)), **kind)
    assert [json.loads(files[2].data)["rows"] for files in (after, before)] == [1, 0]


def test_flagged_bars_leave_with_the_others() -> None:
    files = export(validated(TWO_HOURS, quality_flags="move", quality_score=60.0))
    assert len(json.loads(files[0].data)["data"]) == 2
    assert json.loads(files[2].data)["flagged"] == {"move": 2}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), None])
def test_a_number_json_does_not_have_is_refused(number: float | None) -> None:
    broken = validated(TWO_HOURS).with_columns(close=pl.lit(number, pl.Float64))
    with pytest.raises(SchemaFault, match="no number for"):
        export(broken)


def test_a_bar_given_twice_is_refused() -> None:
    with pytest.raises(SchemaFault, match="twice"):
        export(pl.concat([validated(TWO_HOURS), validated(TWO_HOURS[:1])]))


def test_a_bar_of_another_symbol_or_month_is_refused() -> None:
    with pytest.raises(PartitionFault, match="ETH-USDT"):
        export(pl.concat([validated(TWO_HOURS), validated([(EIGHT, 1.0, 1.0, 1.0, 1.0, 1.0)], symbol="ETH-USDT")]))
    with pytest.raises(PartitionFault, match="2024-03-01T00:00:00Z"):
        export(validated([(datetime(2024, 3, 1, tzinfo=UTC), 1.0, 1.0, 1.0, 1.0, 1.0)]))
    with pytest.raises(PartitionFault, match="no month"):
        export(validated(TWO_HOURS), period="2024")


@pytest.mark.parametrize("exchange", ["", "../up", "a/b", "bin ance", "é"])
def test_an_exchange_that_is_no_plain_name_never_becomes_a_path(exchange: str) -> None:
    with pytest.raises(ConfigFault):
        export(validated(TWO_HOURS), exchange=exchange)


def test_two_pairs_with_one_spelling_at_lona_are_refused_together() -> None:
    require_distinct(["BTC-USDT", "ETH-USDT"], "crypto")
    require_distinct(["BRK.B", "BRKB"], "us_equities")
    with pytest.raises(SymbolFault, match="BTC-BUSD and BTCB-USD are both BTCBUSD"):
        require_distinct(["BTC-BUSD", "BTCB-USD"], "crypto")


def test_the_same_bars_in_any_order_give_the_same_bytes() -> None:
    frame = validated(TWO_HOURS)
    assert export(frame) == export(frame.reverse())


PRICE = st.floats(min_value=5e-324, allow_nan=False, allow_infinity=False)
VOLUME = st.floats(min_value=0.0, allow_nan=False, allow_infinity=False)


@given(st.dictionaries(st.integers(0, 24 * 29 - 1), st.tuples(PRICE, PRICE, PRICE, PRICE, VOLUME), max_size=30))
def test_both_shapes_read_back_to_the_stored_prices_to_the_bit(hours: dict[int, tuple[float, ...]]) -> None:
    start = datetime(2024, 2, 1, tzinfo=UTC)
    frame = validated([(start + timedelta(hours=at), *numbers) for at, numbers in hours.items()])  # type: ignore[misc]
    json_file, csv_file, _ = export(frame)
    stored = [(int(t.timestamp() * 1000), *n) for t, *n in sorted(frame.select("timestamp", *NUMBERS).iter_rows())]
    from_json = [(row["timestamp"], *(row[name] for name in NUMBERS)) for row in json.loads(json_file.data)["data"]]
    rows = list(csv.DictReader(io.StringIO(csv_file.data.decode())))
    from_csv = [(_millis(row["timestamp"]), *(float(row[name]) for name in NUMBERS)) for row in rows]
    assert bits(from_json) == bits(stored)
    assert bits(from_csv) == bits(stored)


NUMBERS = ("open", "high", "low", "close", "volume")


def bits(rows: list[tuple[float, ...]]) -> list[tuple[object, ...]]:
    return [(at, *(number.hex() for number in numbers)) for at, *numbers in rows]


def _millis(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp() * 1000)
