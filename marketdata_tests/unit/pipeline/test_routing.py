from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata_assets.core.basis import PriceBasis
from marketdata_assets.core.periods import Window
from marketdata_assets.pipeline.routing import Candidate, Need, Route, route
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.settings import RoutingSettings
from marketdata_assets.sources.api import Api, Endpoint
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.plans import Plan
from marketdata_assets.sources.question import Data
from marketdata_assets.sources.source import Source
from marketdata_assets.sources.spelling import Spelling

NOW = datetime(2026, 11, 21, 22, tzinfo=UTC)
YEAR = Window(datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
NEED = Need("us_equities", "AAPL", "1d", YEAR, bars=250)
ENDPOINT = Endpoint("bars", "/bars")
EQUITIES = {"us_equities": RoutingSettings()}


def candidate(
    name: str, *, cost: str = "0", dataset: Mapping[str, Any] | None = None, plan: str = "free", delay: int = 0, **more: Any
) -> Candidate:
    """A source with one dataset of daily and minute bars; `dataset` replaces what it promises."""
    promised = {"timeframes": ("1d", "1m"), "rows": 1000, "symbols": 1, "delay": timedelta(minutes=delay), **(dataset or {})}
    bars = Dataset(
        "bars",
        Data.BARS,
        "us_equities",
        ENDPOINT,
        RAW_BARS,
        ask=lambda question: [ENDPOINT.request({"s": question.symbols[0]})],
        read=lambda document, question: pl.DataFrame(),
        **promised,
    )
    source = Source(
        name,
        name,
        "",
        (Api(name, "https://vendor.test", (ENDPOINT,)),),
        (bars,),
        {"us_equities": Spelling()},
        (Plan(plan, plan, {}, request_cost=Decimal(cost)),),
        "",
    )
    return Candidate(name, source, source.plan(), **{"timeframes": ("1d", "1m"), **more})


def chosen(*candidates: Candidate, need: Need = NEED, **facts: Any) -> Route:
    (found,) = route([need], candidates, now=NOW, **facts)
    return found


def why(found: Route, name: str) -> str:
    return found.passed_over[name]


def test_a_free_source_comes_before_a_paid_one_whatever_their_priorities() -> None:
    found = chosen(candidate("paid", cost="0.01", priority=1), candidate("free", priority=90))
    assert found.source == "free"
    assert why(found, "paid") == "costs $0.01, free $0"


def test_what_counts_is_the_cost_of_all_requests_that_a_need_takes() -> None:
    """250 bars: ten pages of 25 at $0.001 are dearer than one page at $0.009."""
    small = candidate("small", cost="0.001", dataset={"rows": 25})
    found = chosen(small, candidate("large", cost="0.009"))
    assert (found.source, found.cost, found.requests) == ("large", Decimal("0.009"), 1)
    assert why(found, "small") == "costs $0.01, large $0.009"


def test_symbols_that_share_a_request_share_its_cost() -> None:
    """1,000 rows hold four symbols of 250 bars."""
    found = chosen(candidate("many", cost="0.002", dataset={"symbols": 50}), candidate("one", cost="0.001"))
    assert (found.source, found.requests, found.cost) == ("many", Fraction(1, 4), Decimal("0.0005"))


def test_a_window_that_is_asked_for_in_parts_takes_the_requests_of_its_parts() -> None:
    """1,000 bars would fit one page of 1,000; in parts of 600, 300 and 100 they take three, which one, three and ten symbols can share."""
    middle = datetime(2025, 2, 1, tzinfo=UTC)
    months = ((Window(YEAR.start, middle), 600), (Window(middle, datetime(2025, 3, 1, tzinfo=UTC)), 300), (Window(middle, YEAR.end), 100))
    need = Need("us_equities", "AAPL", "1m", YEAR, 1000, parts=months)
    assert chosen(candidate("a"), need=need).requests == 3
    assert chosen(candidate("a", dataset={"symbols": 10}), need=need).requests == 1 + Fraction(1, 3) + Fraction(1, 10)


def test_among_equals_priority_decides_and_then_the_name() -> None:
    found = chosen(candidate("b", priority=10), candidate("a", priority=20), candidate("c", priority=10))
    assert found.source == "b"
    assert (why(found, "a"), why(found, "c")) == ("priority 20, b has 10", "equal to b, later by name")


def test_the_order_in_which_sources_are_given_changes_nothing() -> None:
    sources = [candidate("b", priority=10), candidate("a", cost="1"), candidate("c", priority=10)]
    assert chosen(*sources) == chosen(*reversed(sources))


@pytest.mark.parametrize(
    ("hindered", "reason"),
    [
        (candidate("x", timeframes=("1m",)), "is configured for us_equities 1m"),
        (candidate("x", asset_class="crypto"), "is configured for crypto 1d, 1m"),
        (candidate("x", dataset={"timeframes": ("1m",)}), "has no us_equities bars of 1d"),
        (candidate("x", dataset={"plans": ("gold",)}), "the plan free does not include bars"),
        (
            candidate("x", dataset={"price_basis": PriceBasis.SPLIT_ADJUSTED}),
            "its prices are split_adjusted, which serve for comparison only",
        ),
        (candidate("x", missing=("X_ID", "X_KEY")), "X_ID and X_KEY are not set"),
        (candidate("x", missing=("X_KEY",)), "X_KEY is not set"),
        (candidate("x", requests_left=0), "takes about 1 requests, 0 are left this month"),
        (candidate("x", dataset={"history": timedelta(days=365)}), "its history begins 2025-11-21"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_who_cannot_serve_is_passed_over_with_the_reason(hindered: Candidate, reason: str) -> None:
    found = chosen(hindered, candidate("paid", cost="5"))
    assert found.source == "paid"
    assert why(found, "x") == reason


def test_a_need_that_nobody_can_serve_says_of_everybody_why() -> None:
    found = chosen(candidate("a", missing=("A_KEY",)), candidate("b", requests_left=0))
    assert found.source is None
    assert set(found.passed_over) == {"a", "b"}


def test_freshness_rules_out_sources_that_come_late() -> None:
    need = Need("us_equities", "AAPL", "1d", YEAR, 250, freshness=timedelta(minutes=15))
    found = chosen(candidate("late", delay=360), candidate("prompt", cost="1", delay=15), need=need)
    assert found.source == "prompt"
    assert why(found, "late") == "its bars come 6 h after their end, 15 min is the most"
    assert chosen(candidate("late", delay=360), candidate("prompt", cost="1")).source == "late"


def test_a_window_of_which_nothing_is_out_yet_goes_to_who_has_it_already() -> None:
    hour = Window(NOW - timedelta(hours=1), NOW)
    need = Need("us_equities", "AAPL", "1m", hour, 60)
    found = chosen(candidate("late", delay=60), candidate("prompt", cost="1"), need=need)
    assert found.source == "prompt"
    assert why(found, "late").startswith("nothing of the window is out yet")


def test_rules_prefer_forbid_and_limit_the_delay() -> None:
    free, paid, late = candidate("free"), candidate("paid", cost="1"), candidate("late", delay=30)
    found = chosen(free, paid, late, rules={"us_equities": RoutingSettings(prefer=("paid",), max_delay_minutes=20)})
    assert found.source == "paid"
    assert why(found, "free") == "paid is preferred"
    assert why(found, "late") == "its bars come 30 min after their end, 20 min is the most"
    found = chosen(free, paid, rules={"us_equities": RoutingSettings(never=("free",))})
    assert (found.source, why(found, "free")) == ("paid", "routing.us_equities.never names it")


def test_the_months_room_is_used_up_need_by_need() -> None:
    needs = [Need("us_equities", symbol, "1d", YEAR, 250) for symbol in ("AAPL", "IBM", "MSFT")]
    routes = route(needs, [candidate("free", requests_left=2), candidate("paid", cost="1")], now=NOW)
    assert [each.source for each in routes] == ["free", "free", "paid"]
    assert routes[2].passed_over["free"] == "takes about 1 requests, 0 are left this month"


IEX, SIP = {"tape": "iex"}, {"tape": "sip"}


def test_what_is_stored_decides_the_tape() -> None:
    stored = {NEED.series: {"sip"}}
    found = chosen(candidate("cheap", dataset=IEX), candidate("dear", cost="1", dataset=SIP), stored=stored)
    assert (found.source, found.tape, found.changes_tape) == ("dear", "sip", "")
    assert why(found, "cheap") == "its tape is iex; the series comes from sip (routing.us_equities.mix_tapes)"


def test_without_a_source_of_the_stored_tape_nobody_serves() -> None:
    assert chosen(candidate("cheap", dataset=IEX), stored={NEED.series: {"sip"}}).source is None


def test_a_tape_changes_only_where_the_rules_allow_it_and_is_reported() -> None:
    rules = {"us_equities": RoutingSettings(mix_tapes=True)}
    found = chosen(candidate("cheap", dataset=IEX), candidate("dear", cost="1", dataset=SIP), stored={NEED.series: {"sip"}}, rules=rules)
    assert (found.source, found.changes_tape) == ("cheap", "sip")


def test_all_windows_of_a_series_come_from_the_tape_that_serves_most_of_them() -> None:
    """The free source reaches back a year only: two of three years, then, come from elsewhere, and so does the third."""
    years = [
        Need("us_equities", "AAPL", "1d", Window(datetime(y, 1, 1, tzinfo=UTC), datetime(y + 1, 1, 1, tzinfo=UTC)), 250)
        for y in (2024, 2025, 2026)
    ]
    short = candidate("short", dataset={**IEX, "history": timedelta(days=330)})
    routes = route(years, [short, candidate("dear", cost="1", dataset=SIP)], now=NOW)
    assert [(each.source, each.tape) for each in routes] == [("dear", "sip")] * 3
    alike = candidate("alike", dataset={**SIP, "history": timedelta(days=330)})
    routes = route(years, [alike, candidate("dear", cost="1", dataset=SIP)], now=NOW)
    assert [each.source for each in routes] == ["dear", "dear", "alike"]


def test_a_tape_that_the_configuration_names_counts_instead_of_the_vendors() -> None:
    stored = {NEED.series: {"consolidated tape"}}
    found = chosen(candidate("a", dataset=SIP, tape="consolidated tape"), candidate("b", dataset=SIP), stored=stored)
    assert (found.source, found.tape) == ("a", "consolidated tape")


def test_another_series_may_come_from_another_tape() -> None:
    stored = {NEED.series: {"sip"}}
    needs = [NEED, Need("us_equities", "IBM", "1d", YEAR, 250)]
    routes = route(needs, [candidate("cheap", dataset=IEX), candidate("dear", cost="1", dataset=SIP)], now=NOW, stored=stored)
    assert [each.source for each in routes] == ["dear", "cheap"]


def test_the_next_best_stands_in_for_a_source_that_is_down() -> None:
    down = {("free", None): "circuit open: it failed 12 times in a row"}
    found = chosen(candidate("free"), candidate("paid", cost="1"), candidate("dearer", cost="2"), down=down)
    assert (found.source, found.stands_in_for) == ("paid", ("free",))
    assert why(found, "free") == "circuit open: it failed 12 times in a row"
    assert why(found, "dearer") == "costs $2, paid $1"


def test_a_source_that_lacks_one_symbol_still_serves_the_others() -> None:
    down = {("free", "AAPL"): "it knows no such symbol"}
    routes = route(
        [NEED, Need("us_equities", "IBM", "1d", YEAR, 250)], [candidate("free"), candidate("paid", cost="1")], now=NOW, down=down
    )
    assert [(each.source, each.stands_in_for) for each in routes] == [("paid", ("free",)), ("free", ())]


def test_a_source_that_is_down_and_would_not_have_come_first_is_not_stood_in_for() -> None:
    found = chosen(candidate("free"), candidate("paid", cost="1"), down={("paid", None): "circuit open"})
    assert (found.source, found.stands_in_for, why(found, "paid")) == ("free", (), "circuit open")


def test_when_the_stored_tape_is_down_nothing_else_slips_in() -> None:
    found = chosen(
        candidate("a", dataset=SIP), candidate("b", dataset=IEX), stored={NEED.series: {"sip"}}, down={("a", None): "circuit open"}
    )
    assert found.source is None
    assert found.passed_over["a"] == "circuit open"


@given(
    costs=st.lists(st.sampled_from(["0", "0.001", "0.5"]), min_size=1, max_size=5),
    left=st.lists(st.sampled_from([None, 0, 1, 3]), min_size=5, max_size=5),
    down=st.sets(st.integers(0, 4)),
    symbols=st.integers(1, 6),
)
def test_every_need_has_a_route_that_accounts_for_every_source_and_nobody_is_overdrawn(
    costs: list[str], left: list[int | None], down: set[int], symbols: int
) -> None:
    sources = [candidate(f"s{n}", cost=cost, requests_left=left[n]) for n, cost in enumerate(costs)]
    needs = [Need("us_equities", f"A{n}", "1d", YEAR, 250) for n in range(symbols)]
    routes = route(needs, sources, now=NOW, down={(f"s{n}", None): "circuit open" for n in down})
    assert [each.need for each in routes] == needs
    for each in routes:
        assert {*each.passed_over, *([each.source] if each.source else [])} == {source.name for source in sources}
        assert each.source not in {f"s{n}" for n in down}
    for n, source in enumerate(sources):
        room = left[n]
        assert room is None or sum(each.requests for each in routes if each.source == source.name) <= room
