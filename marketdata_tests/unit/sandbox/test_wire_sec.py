from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from marketdata_assets.sandbox.market import Market
from marketdata_assets.sandbox.wire.server import serving
from marketdata_tests.unit.sandbox.wire_client import get


@pytest.fixture(scope="module")
def url(market: Market) -> Iterator[str]:
    with serving(market, ["sec"], limits=False) as server:
        yield server.urls["sec"]


def cik_of(url: str, ticker: str) -> str:
    rows = get(url, "/files/company_tickers.json").json.values()
    return next(f"CIK{row['cik_str']:010d}" for row in rows if row["ticker"] == ticker)


def facts(url: str, ticker: str, concept: str, taxonomy: str = "us-gaap") -> list[dict[str, Any]]:
    units = get(url, f"/api/xbrl/companyconcept/{cik_of(url, ticker)}/{taxonomy}/{concept}.json").json["units"]
    (rows,) = units.values()
    found: list[dict[str, Any]] = rows
    return found


def test_who_names_nobody_is_turned_away_with_a_page(url: str) -> None:
    got = get(url, "/files/company_tickers.json", User_Agent="python")
    assert got.status == 403
    assert b"Undeclared Automated Tool" in got.body


def test_too_many_in_a_second_get_the_other_page(market: Market) -> None:
    with serving(market, ["sec"], monotonic=lambda: 0.0) as server:
        answers = [get(server.urls["sec"], "/files/company_tickers_exchange.json") for _ in range(11)]
    assert [answer.status for answer in answers] == [200] * 10 + [403]
    assert b"Request Rate Threshold Exceeded" in answers[-1].body


def test_only_todays_tickers_are_listed_and_a_renamed_filer_says_so(url: str) -> None:
    document = get(url, "/files/company_tickers_exchange.json").json
    assert document["fields"] == ["cik", "name", "ticker", "exchange"]
    tickers = {row[2] for row in document["data"]}
    assert {"ELMARK", "CORDEL-B"} <= tickers
    assert not {"ELMORE", "FERNOX"} & tickers
    filer = get(url, f"/submissions/{cik_of(url, 'ELMARK')}.json").json
    assert filer["formerNames"][0]["to"].startswith("2024-04-02")


def test_submissions_are_columns_newest_first_with_the_older_ones_in_a_file(url: str) -> None:
    document = get(url, f"/submissions/{cik_of(url, 'ALDERA')}.json").json
    recent = document["filings"]["recent"]
    assert len({len(column) for column in recent.values()}) == 1
    assert recent["acceptanceDateTime"] == sorted(recent["acceptanceDateTime"], reverse=True)
    (file,) = document["filings"]["files"]
    older = get(url, f"/submissions/{file['name']}").json
    assert len(older["form"]) == file["filingCount"]
    assert max(older["filingDate"]) < min(recent["filingDate"])
    assert set(older) == set(recent)


def test_a_period_is_told_by_every_filing_and_only_the_last_one_has_its_frame(url: str) -> None:
    by_period = defaultdict(list)
    for row in facts(url, "ALDERA", "Revenues"):
        by_period[row["start"], row["end"]].append(row)
    year = by_period["2023-01-01", "2023-12-31"]
    assert [row["form"] for row in year] == ["10-K", "10-K/A", "10-K"]
    assert [row.get("frame") for row in year] == [None, None, "CY2023"]
    assert year[1]["val"] == pytest.approx(0.97 * year[0]["val"], rel=1e-6)
    assert year[2]["val"] == year[1]["val"]
    assert [row["fy"] for row in year] == [2023, 2023, 2024]
    assert all(
        "frame" not in row for (start, end), rows in by_period.items() for row in rows if end.endswith("09-30") and start.endswith("01-01")
    )


def test_years_are_the_sum_of_their_quarters(url: str) -> None:
    rows = {(row["start"], row["end"]): row["val"] for row in facts(url, "BRAVEN", "NetIncomeLoss")}
    nine_months = rows["2024-01-01", "2024-09-30"]
    assert nine_months == rows["2024-01-01", "2024-03-31"] + rows["2024-04-01", "2024-06-30"] + rows["2024-07-01", "2024-09-30"]


def test_share_counts_jump_at_the_split(url: str) -> None:
    counts = {row["filed"]: row["val"] for row in facts(url, "ALDERA", "EntityCommonStockSharesOutstanding", "dei")}
    assert counts["2024-05-08"] == 900_000_000
    assert counts["2024-08-07"] == 1_800_000_000


def test_nothing_is_known_before_it_was_filed(market: Market) -> None:
    with serving(market, ["sec"], seen_at=datetime(2024, 3, 1, tzinfo=UTC), limits=False) as server:
        rows = facts(server.urls["sec"], "ALDERA", "Revenues")
        assert "ELMORE" in {row[2] for row in get(server.urls["sec"], "/files/company_tickers_exchange.json").json["data"]}
    assert max(row["filed"] for row in rows) <= "2024-03-01"


def test_what_is_not_there_is_an_xml_404(url: str) -> None:
    for path in ("/submissions/CIK0000000001.json", f"/api/xbrl/companyconcept/{cik_of(url, 'ALDERA')}/us-gaap/Nothing.json"):
        got = get(url, path)
        assert got.status == 404
        assert b"NoSuchKey" in got.body
    assert set(get(url, f"/api/xbrl/companyfacts/{cik_of(url, 'ALDERA')}.json").json["facts"]) == {"dei", "us-gaap"}
