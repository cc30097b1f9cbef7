"""S02 on the wire: a vendor that is asked for a half-open window by its own, often closed, bounds gives every bar of it and none beside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sandbox.market import Market
from marketdata_assets.sandbox.wire.server import WireServer
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.page import page_series
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.registry import vendor
from marketdata_tests.conformance.sources.served import secrets
from marketdata_tests.support.virtual_time import VirtualTime, run
from marketdata_tests.support.wire_world import PLANS, SERVED, calm_market  # noqa: F401

SHARE, COIN = "ALDERA", "SIMA-USDT"
HOURLY, MINUTELY = ("binance", "coinbase", "kraken"), ("alpaca", "polygon")


def _cases() -> Iterator[tuple[str, str, datetime, datetime, list[datetime]]]:
    """Vendor, bar length, window, and the bars that lie in it. The exchange was closed on Thursday 9 January 2025."""
    monday, saturday = datetime(2025, 1, 6, tzinfo=UTC), datetime(2025, 1, 11, tzinfo=UTC)
    for name, asset_class in SERVED.items():
        days = [monday + timedelta(days=n) for n in range(5)]
        open_days = [day for day in days if asset_class == "crypto" or day.date() != date(2025, 1, 9)]
        yield name, "1d", monday, saturday, open_days
        yield name, "1d", monday, monday + timedelta(days=1), [monday]
    five = datetime(2025, 2, 10, 5, tzinfo=UTC)
    for name in HOURLY:
        yield name, "1h", five, five + timedelta(hours=4), [five + timedelta(hours=n) for n in range(4)]
        yield name, "1h", five, five + timedelta(hours=1), [five]
    opening = datetime(2024, 12, 24, 14, 30, tzinfo=UTC)
    for name in MINUTELY:
        yield name, "1m", opening, opening + timedelta(minutes=5), [opening + timedelta(minutes=n) for n in range(5)]
        yield name, "1m", opening, opening + timedelta(minutes=1), [opening]


CASES = [pytest.param(*case, id=f"{case[0]}-{case[1]}-{len(case[4])}") for case in _cases()]


@pytest.mark.parametrize(("name", "length", "start", "end", "bars"), CASES)
def test_s02_the_bars_of_a_window_are_those_that_start_in_it(
    name: str,
    length: str,
    start: datetime,
    end: datetime,
    bars: list[datetime],
    calm_market: Market,  # noqa: F811
) -> None:
    source = vendor(name)
    dataset = source.serving(Data.BARS, SERVED[name], length)
    assert dataset is not None
    ours = SHARE if SERVED[name] == "us_equities" else COIN
    theirs = source.spellings[SERVED[name]].theirs(ours)
    question = Question(dataset.name, (theirs,), Window(start, end), timeframe(length), source.chosen({}, PLANS.get(name)), (ours,))

    async def scene() -> list[tuple[datetime, str]]:
        time = VirtualTime(calm_market.spec.update_received)
        async with WireServer(calm_market, [name], limits=False, monotonic=time.monotonic) as server:
            api = source.apis_for(PLANS.get(name), server.urls[name])[source.apis.index(source.api_of(dataset))]
            async with Client(api, credentials=secrets(source), time=time) as client:
                documents = [page.data for request in dataset.ask(question) async for page in client.pages(request)]
        series = [one for document in documents for one in page_series(dataset, question, document, calm_market.spec.update_received)]
        assert [one.refused.to_dicts() for one in series if one.refused.height] == [], "no bar beside the window was asked for"
        return sorted((at, one.vendor_symbol) for one in series for at in one.bars["timestamp"].to_list())

    assert run(scene()) == [(bar, theirs) for bar in bars]
