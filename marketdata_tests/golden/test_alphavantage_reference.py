"""Alpha Vantage's recorded reference data, whole, against the texts of the recordings."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from marketdata_assets.sources.page import page_rows
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.vendors.alphavantage import SOURCE
from marketdata_assets.sources.vendors.alphavantage.rows import csv_rows

pytestmark = pytest.mark.realdata
AT = datetime(2026, 6, 1, tzinfo=UTC)


def data(shared: Path, name: str) -> bytes:
    return (shared / "fixtures" / "alphavantage" / name).read_bytes()


def rows(dataset: str, document: Any, *symbols: str) -> pl.DataFrame:
    table = SOURCE.dataset(dataset).table
    return table.validate(table.conform(page_rows(SOURCE.dataset(dataset), Question(dataset, symbols), document, AT, "0" * 64))).sort(
        "line"
    )


def absent(text: str) -> str | None:
    return None if text in ("None", "null", "") else text


def texts(frame: pl.DataFrame, *names: str) -> list[tuple[Any, ...]]:
    return frame.select(pl.col(name).cast(pl.String) for name in names).rows()


@pytest.mark.parametrize(("name", "count"), [("LISTING_STATUS__active_TRIMMED.csv", 60), ("listing_status__sample.csv", 8)])
def test_every_recorded_listing_is_kept(shared: Path, name: str, count: int) -> None:
    told = list(csv.DictReader(data(shared, name).decode().splitlines()))
    listed = rows("listings", data(shared, name))
    assert listed.height == len(told) == count
    assert texts(listed, "vendor_symbol", "name", "exchange", "kind", "listed_on", "delisted_on") == [
        (row["symbol"], row["name"], row["exchange"], row["assetType"], row["ipoDate"], absent(row["delistingDate"])) for row in told
    ]
    assert listed["active"].all()


def test_every_recorded_dividend_and_split_is_an_action(shared: Path) -> None:
    told = list(csv.DictReader(data(shared, "DIVIDENDS__IBM.csv").decode().splitlines()))
    paid = rows("corporate_actions", data(shared, "DIVIDENDS__IBM.csv"), "IBM")
    assert texts(paid, "ex_date", "declared_on", "record_date", "payable_date") == [
        tuple(absent(row[name]) for name in ("ex_dividend_date", "declaration_date", "record_date", "payment_date")) for row in told
    ]
    assert paid["amount"].to_list() == [float(row["amount"]) for row in told]
    assert paid["declared_on"].null_count() == sum(row["declaration_date"] == "None" for row in told) > 0
    splits = rows("corporate_actions", data(shared, "SPLITS__IBM.csv"), "IBM")
    assert [(str(day), ratio) for day, ratio in splits.select("ex_date", "ratio").rows()] == [("2021-11-04", 1.046), ("1999-05-27", 2.0)]


def test_ibms_profile_is_every_field_of_the_recording(shared: Path) -> None:
    document = json.loads(data(shared, "OVERVIEW__IBM.json"))
    told = dict(rows("profiles", document).select("name", "value").rows())
    assert told == {name: None if value in ("None", "-") else value for name, value in document.items()}
    assert told["Name"] == "International Business Machines"


def test_a_recorded_quote_is_the_state_of_its_day(shared: Path) -> None:
    (row,) = rows("quotes", json.loads(data(shared, "GLOBAL_QUOTE__MSFT_2018.json"))).to_dicts()
    assert (row["vendor_symbol"], row["timestamp"]) == ("MSFT", datetime(2018, 10, 5, tzinfo=UTC))
    assert (row["last_price"], row["open"], row["high"], row["low"]) == (112.13, 112.63, 113.17, 110.64)
    assert (row["volume"], row["previous_close"]) == (29062853.0, 112.79)


def test_every_recorded_csv_has_as_many_cells_as_headings(shared: Path) -> None:
    files = sorted((shared / "fixtures" / "alphavantage").glob("*.csv"))
    assert len(files) > 10
    for file in files:
        told = list(csv.reader(file.read_text().splitlines()))
        assert [list(row.values()) for row in csv_rows(file.read_bytes())] == told[1:]
