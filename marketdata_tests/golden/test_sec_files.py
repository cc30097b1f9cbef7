"""EDGAR's recorded files, whole, against their own numbers; its recorded refusals as faults."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from marketdata_assets.sources.answer import Answer, RequestRecord
from marketdata_assets.sources.errors import BadCredentials, NotFound, RateLimited, SchemaChanged, VendorFault
from marketdata_assets.sources.page import page_rows
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.vendors.sec import SOURCE, api
from marketdata_tests.support.vendor_answers import recorded, told

pytestmark = pytest.mark.realdata
AT = datetime(2026, 5, 1, tzinfo=UTC)
TESLA = "CIK0001318605"


def fixture(shared: Path, name: str) -> Any:
    return json.loads((shared / "fixtures" / "sec" / name).read_bytes())


def rows(dataset: str, document: Any, *symbols: str) -> pl.DataFrame:
    table = SOURCE.dataset(dataset).table
    return table.validate(table.conform(page_rows(SOURCE.dataset(dataset), Question(dataset, symbols), document, AT, "0" * 64))).sort(
        "line"
    )


def flattened(units: dict[str, list[dict[str, Any]]]) -> list[tuple[str, float, str | None, str, str, str]]:
    return [(u, float(f["val"]), f.get("start"), f["end"], f["accn"], f["filed"]) for u, facts in units.items() for f in facts]


def read_back(frame: pl.DataFrame) -> list[tuple[str, float, str | None, str, str, str]]:
    days = [pl.col(name).cast(pl.String) for name in ("period_start", "period_end", "filed_on")]
    start, end, filed = days
    return frame.select("unit", "value", start, end, "accession", filed).rows()


def test_teslas_share_counts_jump_at_both_splits_because_they_are_as_reported(shared: Path) -> None:
    document = fixture(shared, "companyfacts__TSLA_TRIMMED_shares_across_both_splits.json")
    told_ = rows("facts", document, TESLA)
    expected = [row for tags in document["facts"].values() for about in tags.values() for row in flattened(about["units"])]
    assert read_back(told_) == expected
    assert told_.height == 23
    shares = told_.filter(pl.col("concept") == "EntityCommonStockSharesOutstanding")
    assert shares.filter(pl.col("period_end").is_in([date(2020, 7, 20), date(2020, 10, 20)]))["value"].to_list() == [186361726, 947900733]
    assert shares.filter(pl.col("period_end") == date(2020, 2, 7))["form"].to_list() == ["10-K", "10-K/A"]
    assert set(told_["entity"]) == {"0001318605"}


def test_one_concept_is_read_like_the_whole(shared: Path) -> None:
    document = fixture(shared, "companyconcept__TSLA_EntityCommonStockSharesOutstanding_DERIVED.json")
    told_ = rows("facts", document, TESLA)
    assert read_back(told_) == flattened(document["units"])
    assert told_.select("taxonomy", "concept").unique().rows() == [("dei", "EntityCommonStockSharesOutstanding")]


def test_blackrocks_number_is_a_padded_text_and_its_periods_are_mixed(shared: Path) -> None:
    document = fixture(shared, "companyfacts__BLK_new_CIK_TRIMMED.json")
    told_ = rows("facts", document, "2012383")
    expected = [row for tags in document["facts"].values() for about in tags.values() for row in flattened(about["units"])]
    assert read_back(told_) == expected
    assert set(told_["entity"]) == {"0002012383"}
    quarter = told_.filter((pl.col("period_start") == date(2024, 7, 1)) & (pl.col("period_end") == date(2024, 9, 30)))
    assert quarter["value"].to_list() == [16_000_000.0, 16_000_000.0]
    assert quarter["fiscal_year"].to_list() == [2024, 2025]  # of the filings, the second of which repeats the year before


def test_a_figure_of_another_filer_is_not_taken_for_the_one_asked_for(shared: Path) -> None:
    with pytest.raises(SchemaChanged, match="0001318605"):
        rows("facts", fixture(shared, "companyfacts__TSLA_TRIMMED_shares_across_both_splits.json"), "CIK0000320193")


def test_the_ticker_files_name_every_filer(shared: Path) -> None:
    plain, exchange = (fixture(shared, f"company_tickers{kind}__sample.json") for kind in ("", "_exchange"))
    by_size = rows("listings_by_size", plain)
    assert by_size["vendor_symbol"].to_list() == [row["ticker"] for row in plain.values()]
    assert by_size["identifiers"].to_list() == [f"cik={row['cik_str']:010d}" for row in plain.values()]
    listed = rows("listings", exchange)
    assert listed.select("name", "vendor_symbol", "exchange").rows() == [tuple(row[1:]) for row in exchange["data"]]
    assert listed["identifiers"].to_list() == [f"cik={row[0]:010d}" for row in exchange["data"]]


def test_teslas_header_is_a_profile_and_names_the_file_of_its_older_filings(shared: Path) -> None:
    document = fixture(shared, "submissions__TSLA_2022_TRIMMED.json")
    said = dict(rows("profiles", document, TESLA).select("name", "value").rows())
    assert (said["sic"], said["sicDescription"], said["tickers"]) == ("3711", "Motor Vehicles & Passenger Car Bodies", "TSLA")
    assert (said["formerNames.1.name"], said["formerNames.1.to"]) == ("TESLA MOTORS INC", "2017-01-27T00:00:00.000Z")
    assert (said["addresses.business.city"], said["website"]) == ("PALO ALTO", None)
    (request,) = SOURCE.dataset("filings").ask(Question("filings", (TESLA,)))
    record = RequestRecord("sec", "submissions", "https://data.sec.gov/submissions/x", 200, AT, 1, 1, "0" * 64)
    following = api.SUBMISSIONS.paging.advance(Answer(request, {}, document, record))
    assert following is not None
    assert following.url("") == "/submissions/CIK0001318605-submissions-001.json"
    with pytest.raises(SchemaChanged, match="filingDate"):  # the recording was cut down to one of the parallel columns
        rows("filings", document, TESLA)


@pytest.mark.parametrize(
    ("name", "status", "fault"),
    [
        ("error__403_rate.html", 403, RateLimited),
        ("error__403_undeclared_tool.html", 403, BadCredentials),
        ("error__404_data.xml", 404, NotFound),
    ],
)
def test_a_recorded_refusal_is_its_fault(shared: Path, name: str, status: int, fault: type[VendorFault]) -> None:
    reply = recorded(shared / "fixtures" / "sec" / name, status)
    assert type(told(SOURCE, api.TICKERS.request(), reply, credentials={"contact": "Example admin@example.com"}).fault) is fault
