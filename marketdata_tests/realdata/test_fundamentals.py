"""Snowflake's reported figures as of the dates of their filings, and Tesla's from recorded files, from landed files to answers."""

from __future__ import annotations

import csv
import gzip
import json
import re
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from marketdata_assets.core import clock
from marketdata_assets.core.faults import QueryFault, SymbolFault
from marketdata_assets.market_data import MarketData
from marketdata_assets.pipeline.fundamentals import publish_fundamentals, take_in
from marketdata_tests.support.platforms import opened, write_config

pytestmark = pytest.mark.realdata
SET = "equity/13_fundamentals_sec"
RECEIVED = datetime(2026, 5, 1, tzinfo=UTC)
YEARS = [str(year) for year in range(2009, 2027)]


@pytest.fixture(scope="module")
def market(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> MarketData:
    folder = tmp_path_factory.mktemp("fundamentals")
    landing = folder / "landing"
    landing.mkdir()
    for name in ("companyfacts_snow_reduced.json.gz", "sec_company_tickers.json.gz"):
        shutil.copyfile(shared / "realdata" / SET / name, landing / name)
    tesla = "companyfacts__TSLA_TRIMMED_shares_across_both_splits.json"
    shutil.copyfile(shared / "fixtures/sec" / tesla, landing / tesla)
    (landing / "page.json").write_text('{"message": "Request Rate Threshold Exceeded"}')
    write_config(folder, "us_equities", {}, fundamentals={"vendor": "sec", "landing": "landing"})
    platform = opened(folder, discovered=False)
    with clock.frozen(RECEIVED):
        entered = take_in(platform)
        publish_fundamentals(platform, YEARS)
    assert entered.filter(pl.col("state") == "refused")["path"].to_list() == ["page.json"]
    return MarketData(folder / "marketdata.yaml")


@pytest.fixture(scope="module")
def snow(realdata: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(gzip.decompress((realdata / SET / "companyfacts_snow_reduced.json.gz").read_bytes()))
    return document


def naive(document: dict[str, Any], concept: str, as_of: str) -> dict[tuple[str | None, str, str], float]:
    """The manifest's rule: of each period the last value with filed <= as-of date."""
    found: dict[tuple[str | None, str, str], tuple[str, str, float]] = {}
    for tags in document["facts"].values():
        for unit, told in tags.get(concept, {"units": {}})["units"].items():
            for fact in told:
                key, when = (fact.get("start"), fact["end"], unit), (fact["filed"], fact["accn"], float(fact["val"]))
                if fact["filed"] <= as_of and (key not in found or when[:2] >= found[key][:2]):
                    found[key] = when
    return {key: value for key, (_, _, value) in found.items()}


@pytest.mark.parametrize("as_of", ["2020-12-03", "2021-03-30", "2021-03-31", "2022-03-30", "2023-03-28", "2023-03-29", "2026-01-01"])
def test_every_figure_is_the_last_one_filed_by_the_date(market: MarketData, snow: dict[str, Any], as_of: str) -> None:
    concepts = sorted(tag for tags in snow["facts"].values() for tag in tags)
    for concept in concepts:
        expected = naive(snow, concept, as_of)
        if not expected:
            with pytest.raises(QueryFault):
                market.fundamentals("SNOW", concept, as_of)
            continue
        rows = market.fundamentals("SNOW", concept, as_of)
        told = {(a and str(a), str(b), unit): v for a, b, unit, v in rows.select("period_start", "period_end", "unit", "value").iter_rows()}
        assert told == expected, concept


def test_every_restatement_of_the_truth_shows_from_its_filing_on(market: MarketData, realdata: Path) -> None:
    with (realdata / SET / "truth/restatements_snow.csv").open() as text:
        listed = list(csv.DictReader(text))
    assert len(listed) == 12
    for row in listed:
        versions = re.findall(r"(-?[\d.]+) \((\d{4}-\d\d-\d\d) ", row["values_by_filing_date"])
        for value, filed in versions:
            known = market.fundamentals("SNOW", row["concept"], filed)
            mine = known.filter(pl.col("period_start").cast(pl.String) == row["start"], pl.col("period_end").cast(pl.String) == row["end"])
            assert mine["value"].to_list() == [float(value)]


def test_trailing_figures_are_the_sum_of_the_filings_of_the_day(market: MarketData) -> None:
    """FY2021 592.049 million, plus nine months of FY2022 and less those of FY2021: by hand from the filings of 2021-12-03."""
    found = {r["name"]: r for r in market.fundamentals("SNOW", None, "2021-12-03").iter_rows(named=True)}
    rows = market.fundamentals("SNOW", "RevenueFromContractWithCustomerExcludingAssessedTax", "2021-12-03")
    ends = pl.col("period_end").is_in([date(2020, 10, 31), date(2021, 10, 31)])
    nine = dict(rows.filter(ends, pl.col("period_start").dt.month() == 2).select("period_end", "value").iter_rows())
    assert nine[date(2020, 10, 31)] == 401_584_000
    assert found["revenue"]["value"] == 592_049_000 + nine[date(2021, 10, 31)] - 401_584_000
    assert found["revenue"]["over"] == "trailing"
    assert found["shares"]["value"] == 306_300_000
    assert "pe" not in found  # a loss, and no prices


def test_teslas_share_count_before_its_splits_stands_on_the_shares_of_the_day_asked_for(market: MarketData) -> None:
    splits = pl.DataFrame({"ex_date": [date(2020, 8, 31), date(2022, 8, 25)], "ratio": [5.0, 3.0]})
    rows = market.fundamentals("TSLA", "EntityCommonStockSharesOutstanding", "2020-09-30", splits=splits)
    last = rows.row(-1, named=True)
    assert (last["period_end"], last["value"], last["basis_value"]) == (date(2020, 7, 20), 186_361_726, 931_808_630)
    assert market.fundamentals("TSLA", "shares", "2020-08-28", splits=splits)["value"].to_list() == [186_361_726]


def test_a_stranger_and_an_unknown_concept_are_refused_with_what_is_near(market: MarketData) -> None:
    with pytest.raises(SymbolFault):
        market.fundamentals("NOSUCH1")
    with pytest.raises(QueryFault, match="NetIncomeLoss"):
        market.fundamentals("CIK0001640147", "NetIncome")
