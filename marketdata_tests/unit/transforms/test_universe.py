"""Universes by rule and by membership: hand-made bars, fixed dates, and nothing that the day before did not know."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from marketdata_assets.core.sessions import calendar
from marketdata_assets.schemas.membership import INDEX_MEMBERSHIP
from marketdata_assets.schemas.universe import DELISTINGS, UNIVERSE
from marketdata_assets.transforms.universe import Rule, delistings, member_days, most_traded, rebalances, with_tickers

SESSIONS = calendar("XNYS").sessions(date(2023, 11, 1), date(2024, 4, 1))["session"].to_list()
KNOWN = datetime(2024, 5, 1, tzinfo=UTC)
LIVES = {"symbol": pl.String, "listed_on": pl.Date, "delisted_on": pl.Date}
TICKERS = pl.DataFrame(
    [("META", "FB", date(2012, 5, 18), date(2022, 6, 9))],
    schema={"symbol": pl.String, "ticker": pl.String, "named_from": pl.Date, "named_to": pl.Date},
    orient="row",
)


def bars(volumes: dict[str, float], *, price: float = 10.0, days: list[date] = SESSIONS, basis: str = "raw") -> pl.DataFrame:
    rows = [(s, day, price, v, basis, KNOWN) for s, v in volumes.items() for day in days]
    schema = {"symbol": pl.String, "session": pl.Date, "close": pl.Float64, "volume": pl.Float64, "volume_basis": pl.String}
    return pl.DataFrame(rows, schema={**schema, "known_at": pl.Datetime("us", "UTC")}, orient="row")


def lives(*rows: tuple[str, date | None, date | None]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=LIVES, orient="row")


def chosen(frame: pl.DataFrame, day: date) -> list[tuple[str, int, float]]:
    return frame.filter(pl.col("date") == day).sort("rank").select("symbol", "rank", "dollar_volume").rows()


def test_rebalances_are_first_sessions_of_their_periods() -> None:
    assert rebalances(SESSIONS, "monthly") == [date(2023, 12, 1), date(2024, 1, 2), date(2024, 2, 1), date(2024, 3, 1)]
    assert rebalances(SESSIONS, "quarterly") == rebalances(SESSIONS, "yearly") == [date(2024, 1, 2)]


def test_the_most_traded_are_chosen_and_ties_go_by_symbol() -> None:
    found = most_traded(bars({"A": 100, "C": 300, "B": 100, "D": 50}), lives(), SESSIONS, Rule(3, 20, rebalance="quarterly"), "TOP")
    assert found["date"].min() == date(2024, 1, 2)
    assert found["date"].max() == SESSIONS[-1]
    assert chosen(found, date(2024, 2, 15)) == [("C", 1, 3000.0), ("A", 2, 1000.0), ("B", 3, 1000.0)]
    UNIVERSE.validate(with_tickers(found, TICKERS))


def test_the_day_itself_decides_nothing_and_missing_sessions_count_zero() -> None:
    start = date(2024, 1, 2)
    late = bars({"Z": 1e9}, days=[d for d in SESSIONS if d >= start])
    half = bars({"H": 100}, days=[d for d in SESSIONS if d < start][-10:])
    found = most_traded(pl.concat([bars({"A": 60}), half, late]), lives(), SESSIONS, Rule(5, 20, rebalance="quarterly"), "TOP")
    assert chosen(found, start) == [("A", 1, 600.0), ("H", 2, 500.0)]


def test_price_age_staleness_and_delisting_keep_symbols_out() -> None:
    old = [d for d in SESSIONS if d < date(2023, 12, 15)]
    every = pl.concat([bars({"A": 1, "YOUNG": 9, "GONE": 9, "LEAVING": 9}), bars({"CHEAP": 9}, price=4.99), bars({"STALE": 9}, days=old)])
    known = lives(
        ("A", date(2000, 1, 3), None),
        ("YOUNG", date(2023, 11, 1), None),
        ("GONE", date(2000, 1, 3), date(2024, 1, 2)),
        ("LEAVING", date(2000, 1, 3), date(2024, 2, 1)),
        ("CHEAP", date(2000, 1, 3), None),
        ("STALE", date(2000, 1, 3), None),
    )
    found = most_traded(every, known, SESSIONS, Rule(9, 20, 5.0, 365, "quarterly"), "TOP")
    assert [symbol for symbol, *_ in chosen(found, date(2024, 1, 31))] == ["LEAVING", "A"]
    assert [symbol for symbol, *_ in chosen(found, date(2024, 2, 1))] == ["A"]


def test_adjusted_volume_is_no_dollar_volume() -> None:
    every = pl.concat([bars({"A": 1}), bars({"B": 9}, basis="split_adjusted")])
    found = most_traded(every, lives(), SESSIONS, Rule(2, 20, rebalance="quarterly"), "TOP")
    assert set(found["symbol"]) == {"A"}


def test_members_have_a_row_each_session_of_their_spell_under_the_ticker_of_the_day() -> None:
    spell = {
        "index": "I",
        "symbol": "META",
        "effective_from": date(2022, 6, 7),
        "effective_to": date(2022, 6, 13),
        "announced_on": None,
        "spelling": "FB",
        "source": "s",
        "known_at": KNOWN,
        "end_source": "s",
        "end_known_at": KNOWN,
        "payload_sha256": "x",
        "line": 1,
    }
    spells = INDEX_MEMBERSHIP.conform(pl.DataFrame([spell], schema=INDEX_MEMBERSHIP.polars_schema))
    found = member_days(spells, calendar("XNYS").sessions(date(2022, 6, 1), date(2022, 7, 1)), TICKERS)
    assert found.select(pl.col("date").dt.day(), "ticker").rows() == [(7, "FB"), (8, "FB"), (9, "META"), (10, "META")]


def test_a_delisting_has_its_reason_and_the_last_price_before_it() -> None:
    events = pl.DataFrame(
        [("GONE", date(2024, 1, 3), "merger", "cash_merger", "alpaca"), ("LOST", date(2024, 2, 5), "delisting", None, "polygon")],
        schema={"symbol": pl.String, "ex_date": pl.Date, "kind": pl.String, "vendor_kind": pl.String, "source": pl.String},
        orient="row",
    )
    known = lives(("GONE", None, date(2024, 1, 2)), ("QUIET", None, date(2024, 3, 1)), ("LATER", None, date(2025, 1, 2)))
    seen = pl.concat([bars({"GONE": 1}, price=7.5), bars({"LOST": 1}, price=0.5)])
    found = DELISTINGS.conform(delistings(known, events, seen, date(2024, 1, 1), date(2025, 1, 1)))
    assert found.rows() == [
        ("GONE", date(2024, 1, 2), "cash_merger", "alpaca", date(2023, 12, 29), 7.5),
        ("LOST", date(2024, 2, 5), "delisting", "polygon", date(2024, 2, 2), 0.5),
        ("QUIET", date(2024, 3, 1), "", "instruments", None, None),
    ]


VOLUMES = st.lists(st.floats(0, 1e6), min_size=len(SESSIONS), max_size=len(SESSIONS))


@given(VOLUMES, VOLUMES, VOLUMES, st.sampled_from(SESSIONS[45:-1]))
def test_bars_and_listings_of_the_future_change_no_choice_before_them(
    a: list[float], b: list[float], other: list[float], cut: date
) -> None:
    """A day's own bar is the future too: the choice comes at its open."""
    rule = Rule(2, 20, rebalance="monthly")

    def told(symbol: str, volumes: list[float], since: date | None = None) -> pl.DataFrame:
        pairs = [(d, v) for d, v in zip(SESSIONS, volumes, strict=True) if since is None or d >= since]
        return bars({symbol: 1.0}, days=[d for d, _ in pairs]).with_columns(pl.Series("volume", [v for _, v in pairs], pl.Float64))

    truth = pl.concat([told("A", a), told("B", b), told("C", other)])
    mutated = pl.concat([truth.filter(pl.col("session") < cut), told("A", other, cut), told("D", a, cut)])
    then, now = (
        most_traded(frame, known, SESSIONS, rule, "TOP").filter(pl.col("date") <= cut)
        for frame, known in ((truth, lives()), (mutated, lives(("B", None, SESSIONS[-1]), ("D", cut, None))))
    )
    assert then.equals(now)
