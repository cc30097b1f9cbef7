from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from marketdata_assets import MarketData
from marketdata_assets.core.faults import ConfigFault, CorruptFault, QueryFault, SymbolFault
from marketdata_assets.schemas.bars import VALIDATED_BARS
from marketdata_tests.support.small_lake import configure, small_lake


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("lake")
    small_lake(made)
    return made


@pytest.fixture
def market(folder: Path) -> MarketData:
    return MarketData(folder / "marketdata.yaml")


def days(frame: pl.DataFrame) -> list[tuple[str, date]]:
    return list(frame.select("symbol", "session").iter_rows())


def test_importing_the_python_edge_loads_nothing_slow() -> None:
    code = "import sys; from marketdata_assets import MarketData; MarketData('nowhere'); print(sorted(set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for slow in ("dagster", "polars", "pandas", "duckdb", "pyarrow", "pandera", "exchange_calendars", "pydantic"):
        assert f"'{slow}'" not in loaded


def test_answering_a_question_loads_no_dagster(folder: Path) -> None:
    code = f"""if True:
        import sys
        from marketdata_assets import MarketData
        market = MarketData({str(folder / "marketdata.yaml")!r})
        assert market.bars("AAPL").height == 3
        assert market.sql("SELECT 1 AS one").item() == 1
        assert market.coverage("AAPL").height == 3
        assert market.tables().height
        print([name for name in sys.modules if name.split(".")[0] == "dagster"])
    """
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_bars_come_sorted_by_symbol_and_time_with_every_column(market: MarketData) -> None:
    rows = market.bars(["META", "AAPL"], "2024-06-01", "2024-07-01")
    assert rows.schema == VALIDATED_BARS.polars_schema
    assert days(rows) == [(symbol, date(2024, 6, day)) for symbol in ("AAPL", "META") for day in (3, 4, 5)]


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [
        ("2024-06-03", "2024-06-05", [3, 4]),
        (date(2024, 6, 4), date(2024, 6, 6), [4, 5]),
        (datetime(2024, 6, 4), datetime(2024, 6, 5, tzinfo=UTC), [4]),
        ("2024-06-04T00:00:01", None, [5]),
        ("2024-06-03T22:00:00-04:00", None, [5]),
        ("2024", "2025", [3, 4, 5]),
        ("2024-06", "2024-07", [3, 4, 5]),
        (None, "2024-06-04", [3]),
        (None, None, [3, 4, 5]),
        ("2024-06-06", "2024-06-07", []),
    ],
)
def test_spans_are_half_open_and_in_utc(market: MarketData, start: object, end: object, wanted: list[int]) -> None:
    rows = market.bars("AAPL", start, end)  # type: ignore[call-overload]
    assert [day.day for day in rows["session"]] == wanted


def test_a_canonical_symbol_is_itself_before_its_rename_too(market: MarketData) -> None:
    rows = market.bars("META", "2022-06-07", "2022-06-11")
    assert days(rows) == [("META", date(2022, 6, day)) for day in (7, 8, 9, 10)]


def test_a_name_of_the_past_answers_for_the_days_it_was_borne(market: MarketData) -> None:
    assert days(market.bars("FB", "2022-06-07", "2022-06-11")) == [("META", date(2022, 6, 7)), ("META", date(2022, 6, 8))]


def test_a_name_of_the_past_is_refused_for_later_days_with_the_name_to_use(market: MarketData) -> None:
    with pytest.raises(SymbolFault, match="ask for META"):
        market.bars("FB", "2024-06-01", "2024-07-01")


@pytest.mark.parametrize(("spelling", "symbol"), [("BRK-B", "BRK.B"), ("brk.b", "BRK.B"), ("aapl", "AAPL")])
def test_mechanical_spellings_resolve(market: MarketData, spelling: str, symbol: str) -> None:
    assert market.bars(spelling)["symbol"].unique().to_list() == [symbol]


def test_the_asset_class_follows_from_the_symbol(market: MarketData) -> None:
    assert market.bars("BTCUSDT", timeframe="1h")["symbol"].to_list() == ["BTC-USDT", "BTC-USDT"]


def test_an_unknown_symbol_is_refused_with_near_names(market: MarketData) -> None:
    with pytest.raises(SymbolFault) as caught:
        market.bars("APPL")
    assert "AAPL" in caught.value.remedy
    with pytest.raises(SymbolFault, match="BTC-USDT"):
        market.bars("BTC-USTD", timeframe="1h")


@pytest.mark.parametrize("symbol", ["", "../../x", "a\0b", "%2e%2e", "BTC/../USD", "x" * 10_000, "🙂"])
def test_a_text_that_is_no_symbol_is_refused_and_reaches_no_path(market: MarketData, symbol: str) -> None:
    with pytest.raises(SymbolFault):
        market.bars(symbol)


def test_columns_are_chosen_by_name_and_an_unknown_one_is_refused(market: MarketData) -> None:
    assert market.bars("AAPL", columns=["close", "symbol"]).columns == ["close", "symbol"]
    with pytest.raises(QueryFault, match="did you mean 'close'"):
        market.bars("AAPL", columns=["clsoe"])


def test_pandas_gets_the_same_numbers(market: MarketData) -> None:
    rows = market.bars("AAPL", frame="pandas")
    assert isinstance(rows, pd.DataFrame)
    assert rows["close"].tolist() == market.bars("AAPL")["close"].to_list()
    assert str(rows["timestamp"].dt.tz) == "UTC"
    with pytest.raises(QueryFault, match="frame='polars'"):
        market.bars("AAPL", frame="numpy")  # type: ignore[call-overload]


@pytest.mark.parametrize(("timeframe", "said"), [("1h", "ask for 1d"), ("1y", "ask for 1d")])
def test_a_timeframe_that_is_not_configured_is_refused(market: MarketData, timeframe: str, said: str) -> None:
    with pytest.raises(QueryFault, match=said):
        market.bars("AAPL", timeframe=timeframe)


@pytest.mark.parametrize("start", ["yesterday", "2024-13-01", "01/02/2024", "2024-02-30"])
def test_a_text_that_is_no_date_is_refused(market: MarketData, start: str) -> None:
    with pytest.raises(QueryFault, match="reading the start"):
        market.bars("AAPL", start)


def test_a_span_that_ends_before_it_starts_is_refused(market: MarketData) -> None:
    with pytest.raises(QueryFault, match="the end comes after the start"):
        market.bars("AAPL", "2024-06-05", "2024-06-03")


def test_an_empty_lake_is_said_to_be_empty_rather_than_without_trades(tmp_path: Path) -> None:
    market = MarketData(configure(tmp_path))
    with pytest.raises(QueryFault, match="marketdata ingest"):
        market.bars("AAPL")
    with pytest.raises(QueryFault, match="marketdata ingest"):
        market.coverage("AAPL")
    assert market.sql("SELECT count(*) FROM us_equities.validated_bars_1d").item() == 0


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    market = MarketData(small_lake(tmp_path))
    file = tmp_path / "lake/us_equities/validated_bars_1d/2024/AAPL.parquet"
    damaged = bytearray(file.read_bytes())
    damaged[200] ^= 4
    file.write_bytes(damaged)
    with pytest.raises(CorruptFault):
        market.bars("AAPL")
    assert market.bars("META").height == 7


def test_another_lake_replaces_the_configured_one(folder: Path, tmp_path: Path) -> None:
    market = MarketData(configure(tmp_path), lake=folder / "lake")
    assert market.bars("AAPL").height == 3


def test_a_configuration_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match=r"marketdata\.yaml"):
        MarketData(tmp_path / "marketdata.yaml").symbols()


def test_coverage_has_a_row_a_symbol_and_day(market: MarketData) -> None:
    rows = market.coverage(["AAPL", "BRK.B"], "2024-06-04", "2024-06-06")
    assert rows.select("symbol", "date", "received", "state").rows() == [
        ("AAPL", date(2024, 6, 4), 1, "complete"),
        ("AAPL", date(2024, 6, 5), 1, "complete"),
        ("BRK.B", date(2024, 6, 4), 1, "complete"),
        ("BRK.B", date(2024, 6, 5), 0, "vendor_absent"),
    ]


def test_symbols_and_asset_classes_are_the_configured_ones(market: MarketData) -> None:
    assert market.symbols() == ["AAPL", "BRK.B", "BTC-USDT", "ETH-USDT", "META"]
    assert market.symbols("crypto") == ["BTC-USDT", "ETH-USDT"]
    with pytest.raises(QueryFault, match="us_equities or crypto"):
        market.symbols("stocks")


def test_tables_say_what_they_hold(market: MarketData) -> None:
    tables = {row["table"]: row for row in market.tables().to_dicts()}
    raw = tables["us_equities.raw_bars_1d"]
    assert (raw["sources"], raw["partitions"], raw["first"], raw["last"]) == ("alphavantage, tiingo", 2, "2024", "2024")
    assert tables["us_equities.validated_bars_1d"]["first"] == "2022"
    assert tables["crypto.quarantine_1h"]["partitions"] == 0
