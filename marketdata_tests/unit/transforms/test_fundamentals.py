"""Figures by the acceptance of their filings: before and after a close, restated, across splits, and derived by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata_assets.core.sessions import calendar
from marketdata_assets.schemas.companies import FACTS, FILINGS
from marketdata_assets.schemas.fundamentals import FUNDAMENTALS
from marketdata_assets.transforms.fundamentals import SPLITS, as_filed, as_known, conflicting, on_basis, without_acceptance
from marketdata_assets.transforms.fundamentals_derived import derived

SESSIONS = calendar("XNYS").sessions(date(2019, 1, 1), date(2024, 1, 1)).select("session", "close")
NAMED = pl.DataFrame({"entity": ["0000000001"], "symbol": ["T"]})
RECEIVED = datetime(2023, 6, 1, tzinfo=UTC)
FIVE_FOR_ONE = pl.DataFrame([(date(2020, 8, 31), 5.0)], schema=SPLITS, orient="row")
Row = tuple[str, str, str | None, str, float, str, str]


def facts(*rows: Row, known: datetime = RECEIVED) -> pl.DataFrame:
    """(concept, unit, start, end, value, accession, filed)."""
    told = [
        {
            "entity": "0000000001",
            "taxonomy": "dei" if concept.startswith("Entity") else "us-gaap",
            "concept": concept,
            "unit": unit,
            "period_start": start and date.fromisoformat(start),
            "period_end": date.fromisoformat(end),
            "value": value,
            "accession": accession,
            "filed_on": date.fromisoformat(filed),
            "known_at": known,
            "payload_sha256": "f",
            "line": line,
        }
        for line, (concept, unit, start, end, value, accession, filed) in enumerate(rows, 1)
    ]
    return FACTS.conform(pl.DataFrame(told, schema_overrides={"period_start": pl.Date}))


def filings(**accepted: str) -> pl.DataFrame:
    told = [
        {
            "entity": "0000000001",
            "accession": accession,
            "form": "10-K",
            "filed_on": date.fromisoformat(at[:10]),
            "accepted_at": datetime.fromisoformat(at).replace(tzinfo=UTC),
            "known_at": RECEIVED,
            "payload_sha256": "s",
            "line": line,
        }
        for line, (accession, at) in enumerate(accepted.items(), 1)
    ]
    return FILINGS.conform(pl.DataFrame(told)) if told else FILINGS.empty()


def eps(value: float, accession: str, filed: str) -> Row:
    return ("EarningsPerShareDiluted", "USD/shares", "2019-01-01", "2019-12-31", value, accession, filed)


TESLA = as_filed(
    facts(eps(-4.92, "k19", "2020-02-13"), eps(-0.98, "k20", "2021-02-08")),
    filings(k19="2020-02-13T12:12:15", k20="2021-02-08T12:27:23"),
    SESSIONS,
    NAMED,
)


def test_the_restated_loss_of_2019_is_known_from_its_filing_on_and_the_first_one_until_then() -> None:
    FUNDAMENTALS.validate(TESLA)
    assert as_known(TESLA, date(2020, 2, 12)).is_empty()
    assert as_known(TESLA, date(2020, 2, 13))["value"].to_list() == [-4.92]
    assert as_known(TESLA, date(2021, 2, 5))["value"].to_list() == [-4.92]
    assert as_known(TESLA, date(2021, 2, 8))["value"].to_list() == [-0.98]
    assert TESLA.sort("version").select("version", "restated").rows() == [(1, False), (2, True)]


def test_between_split_and_restatement_the_figure_stands_on_the_new_shares() -> None:
    for day, expected in ((date(2020, 8, 28), -4.92), (date(2020, 8, 31), -4.92 / 5), (date(2021, 2, 8), -0.98)):
        assert on_basis(as_known(TESLA, day), FIVE_FOR_ONE, day)["basis_value"].to_list() == [expected]


def test_share_counts_of_a_cover_page_are_of_its_own_date() -> None:
    rows = (
        ("EntityCommonStockSharesOutstanding", "shares", None, "2020-08-28", 100.0, "q", "2020-09-02"),
        ("CommonStockSharesOutstanding", "shares", None, "2020-06-30", 490.0, "q", "2020-09-02"),
    )
    known = on_basis(as_known(as_filed(facts(*rows), filings(), SESSIONS, NAMED), date(2020, 9, 3)), FIVE_FOR_ONE, date(2020, 9, 3))
    assert dict(known.select("concept", "basis_value").iter_rows()) == {
        "EntityCommonStockSharesOutstanding": 500.0,
        "CommonStockSharesOutstanding": 490.0,
    }


@pytest.mark.parametrize(
    ("accepted", "reading", "usable"),
    [
        ("2022-03-30T20:05:00", "utc", date(2022, 3, 31)),  # 16:05 in New York, after the close at 16:00
        ("2022-03-30T20:00:00", "utc", date(2022, 3, 30)),
        ("2022-03-30T19:00:00", "utc", date(2022, 3, 30)),
        ("2022-03-30T16:05:00", "new_york", date(2022, 3, 31)),
        ("2022-03-30T16:05:00", "later", date(2022, 3, 31)),
        ("2022-03-30T12:00:00", "later", date(2022, 3, 30)),
        ("2022-11-25T13:30:00", "new_york", date(2022, 11, 28)),  # a half day that closed at 13:00
        ("2022-04-01T22:30:00", "utc", date(2022, 4, 4)),  # a Friday evening
    ],
)
def test_what_is_accepted_after_a_close_is_usable_in_the_next_session(accepted: str, reading: str, usable: date) -> None:
    rows = as_filed(facts(eps(1.0, "a", accepted[:10])), filings(a=accepted), SESSIONS, NAMED, reading)  # type: ignore[arg-type]
    assert rows["usable_from"].to_list() == [usable]
    assert as_known(rows, usable - timedelta(days=1)).is_empty()
    assert as_known(rows, usable).height == 1


def test_of_a_filing_whose_date_alone_is_known_a_panel_waits_for_the_next_session() -> None:
    rows = as_filed(facts(eps(1.0, "a", "2022-03-30")), filings(), SESSIONS, NAMED)
    assert rows.select("usable_from", "accepted_at").row(0) == (date(2022, 3, 31), None)
    assert as_known(rows, date(2022, 3, 30)).height == 1
    assert as_known(rows, datetime(2022, 3, 31, 3, 59, tzinfo=UTC)).is_empty()
    assert as_known(rows, datetime(2022, 3, 31, 4, 0, tzinfo=UTC)).height == 1
    assert without_acceptance(facts(eps(1.0, "a", "2022-03-30")), filings())["accession"].to_list() == ["a"]


def test_a_figure_fetched_again_is_known_since_the_first_time() -> None:
    later = facts(eps(1.0, "a", "2022-03-30"), known=RECEIVED + timedelta(days=30))
    rows = as_filed(pl.concat([facts(eps(1.0, "a", "2022-03-30")), later]), filings(), SESSIONS, NAMED)
    assert rows["known_at"].to_list() == [RECEIVED]


def test_a_payload_that_contradicts_itself_is_told() -> None:
    assert conflicting(facts(eps(1.0, "a", "2022-03-30"), eps(2.0, "a", "2022-03-30")))["values"].to_list() == [[1.0, 2.0]]
    assert conflicting(facts(eps(1.0, "a", "2022-03-30"), eps(1.0, "a", "2022-03-30"))).is_empty()


def test_derived_figures_are_those_of_a_hand_calculation() -> None:
    def flow(concept: str, unit: str, *values: float) -> tuple[Row, ...]:
        spans = (("2021-01-01", "2021-12-31"), ("2021-01-01", "2021-03-31"), ("2022-01-01", "2022-03-31"))
        return tuple((concept, unit, a, b, v, "q", "2022-05-02") for (a, b), v in zip(spans, values, strict=True))

    rows = (
        *flow("Revenues", "USD", 1000.0, 200.0, 260.0),
        *flow("NetIncomeLoss", "USD", 100.0, 20.0, 30.0),
        *flow("EarningsPerShareDiluted", "USD/shares", 5.0, 1.0, 1.5),
        *flow("CommonStockDividendsPerShareDeclared", "USD/shares", 2.0, 0.5, 0.5),
        ("StockholdersEquity", "USD", None, "2022-03-31", 400.0, "q", "2022-05-02"),
        ("EntityCommonStockSharesOutstanding", "shares", None, "2022-04-20", 20.0, "q", "2022-05-02"),
    )
    none = pl.DataFrame(schema=SPLITS)
    day = date(2022, 5, 3)
    known = on_basis(as_known(as_filed(facts(*rows), filings(), SESSIONS, NAMED), day), none, day)
    found = dict(derived(known, (day, 110.0)).select("name", "value").iter_rows())
    assert found == {
        "revenue": 1060.0,
        "net_income": 110.0,
        "eps": 5.5,
        "book_value": 400.0,
        "shares": 20.0,
        "market_cap": 2200.0,
        "pe": 20.0,
        "dividend_yield": 2.0 / 110.0,
        "book_value_per_share": 20.0,
    }
    told = derived(known, (day, 110.0), 1.1)
    assert told.filter(pl.col("name") == "dividend_yield")["value"].item() == pytest.approx(0.01, rel=1e-15)
    trailing = told.filter(pl.col("name") == "revenue").select("over", "period_start", "period_end").row(0)
    assert trailing == ("trailing", date(2021, 4, 1), date(2022, 3, 31))


def test_four_quarters_are_a_year_and_a_loss_has_no_multiple() -> None:
    spans = (("2021-04-01", "2021-06-30"), ("2021-07-01", "2021-09-30"), ("2021-10-01", "2021-12-31"), ("2022-01-01", "2022-03-31"))
    rows = tuple(("EarningsPerShareDiluted", "USD/shares", a, b, -1.0, "q", "2022-05-02") for a, b in spans)
    day = date(2022, 5, 3)
    known = on_basis(as_known(as_filed(facts(*rows), filings(), SESSIONS, NAMED), day), pl.DataFrame(schema=SPLITS), day)
    assert derived(known, (day, 10.0)).select("name", "value").rows() == [("eps", -4.0)]


DAYS = st.integers(0, 1000)
FILED = st.lists(st.tuples(DAYS, st.floats(-9, 9), st.booleans()), min_size=1, max_size=8)


@given(FILED, FILED, st.integers(0, 1000), st.lists(st.tuples(st.integers(1, 400), st.sampled_from([2.0, 0.1])), max_size=3))
def test_filings_and_splits_of_the_future_change_nothing_that_was_known(
    past: list[tuple[int, float, bool]], future: list[tuple[int, float, bool]], cut: int, splits: list[tuple[int, float]]
) -> None:
    first, day = date(2019, 6, 3), date(2019, 6, 3) + timedelta(days=cut)

    def filed(told: list[tuple[int, float, bool]], tag: str, after: date | None) -> tuple[list[Row], dict[str, str]]:
        rows, accepted = [], {}
        for at, (n, value, timed) in enumerate(told):
            on = first + timedelta(days=n) if after is None else after + timedelta(days=1 + n % 300)
            rows.append(eps(value, f"{tag}{at}", str(on)))
            if timed:
                accepted[f"{tag}{at}"] = f"{on}T12:00:00"
        return rows, accepted

    rows, times = filed(past, "p", None)
    more, more_times = filed(future, "f", day)
    events = pl.DataFrame([(day + timedelta(days=n), r) for n, r in splits], schema=SPLITS, orient="row")
    known = [
        on_basis(as_known(as_filed(facts(*told), filings(**accepted), SESSIONS, NAMED), day), table, day)
        for told, accepted, table in ((rows, times, pl.DataFrame(schema=SPLITS)), (rows + more, times | more_times, events))
    ]
    assert known[0].equals(known[1])
