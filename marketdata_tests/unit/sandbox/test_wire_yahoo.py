from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from marketdata_assets.sandbox.market import Market
from marketdata_assets.sandbox.wire.server import serving
from marketdata_tests.unit.sandbox.wire_client import get


@pytest.fixture(scope="module")
def url(market: Market) -> Iterator[str]:
    with serving(market, ["yahoo"], limits=False) as server:
        yield server.urls["yahoo"]


def chart(url: str, symbol: str, start: date, end: date, **params: str) -> dict[str, Any]:
    """The one result of a daily chart of the days from `start` to `end`."""
    first, last = (round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) for day in (start, end))
    more = "".join(f"&{name}={value}" for name, value in params.items())
    path = f"/v8/finance/chart/{symbol}?period1={first}&period2={last}&interval=1d{more}"
    (found,) = get(url, path).json["chart"]["result"]
    result: dict[str, Any] = found
    return result


def test_days_are_stamped_at_their_open_and_prices_are_32_bit_split_adjusted(market: Market, url: str) -> None:
    found = chart(url, "ALDERA", date(2024, 5, 14), date(2024, 5, 16))
    assert [datetime.fromtimestamp(stamp, UTC) for stamp in found["timestamp"]] == [
        datetime(2024, 5, 14, 13, 30, tzinfo=UTC),
        datetime(2024, 5, 15, 13, 30, tzinfo=UTC),
    ]
    raw = market.daily["ALDERA"].filter(session=date(2024, 5, 14)).row(0, named=True)["close"]
    (noisy,) = struct.unpack("f", struct.pack("f", raw / 2))
    assert found["indicators"]["quote"][0]["close"][0] == noisy
    assert "events" not in found


def test_events_lie_in_the_window_and_the_adjusted_close_takes_dividends_off(url: str) -> None:
    split = chart(url, "ALDERA", date(2024, 5, 10), date(2024, 5, 20), events="div,splits")["events"]["splits"]
    assert split == {"1715779800": {"date": 1715779800, "numerator": 2.0, "denominator": 1, "splitRatio": "2:1"}}
    paid = chart(url, "HELIOX", date(2025, 5, 15), date(2025, 7, 1), events="div|split")
    ((key, dividend),) = paid["events"]["dividends"].items()
    at = paid["timestamp"].index(int(key))
    close, adjusted = paid["indicators"]["quote"][0]["close"], paid["indicators"]["adjclose"][0]["adjclose"]
    assert adjusted[at - 1] == pytest.approx(close[at - 1] - dividend["amount"], rel=1e-6)
    assert adjusted[at:] == close[at:]


def test_a_halted_session_is_null_in_every_column(market: Market, url: str) -> None:
    halted = market.truth.events.filter(kind="halt", symbol="GALVEN")["session"][0]
    found = chart(url, "GALVEN", halted, date(2025, 6, 30))
    quote = found["indicators"]["quote"][0]
    assert {quote[name][0] for name in quote} == {None}
    assert None not in quote["close"][1:]


def test_an_empty_window_has_no_times(url: str) -> None:
    found = chart(url, "ALDERA", date(2025, 6, 28), date(2025, 6, 29))
    assert "timestamp" not in found
    assert found["indicators"] == {"quote": [{}]}


def test_a_pairs_days_start_at_midnight_and_both_ends_are_included(url: str) -> None:
    found = chart(url, "SIMA-USDT", date(2025, 6, 28), date(2025, 6, 30))
    assert [stamp % 86_400 for stamp in found["timestamp"]] == [0, 0, 0]


def test_errors_come_in_the_vendors_words(url: str) -> None:
    gone = get(url, "/v8/finance/chart/ELMORE?range=5d")
    assert (gone.status, gone.json["chart"]["error"]["code"]) == (404, "Not Found")
    assert get(url, "/v8/finance/chart/FERNOX?range=max").status == 404
    old = get(url, "/v8/finance/chart/ALDERA?period1=1733149800&period2=1733169800&interval=1m")
    assert (old.status, old.json["chart"]["error"]["code"]) == (422, "Unprocessable Entity")
    assert "within the last 30 days" in old.json["chart"]["error"]["description"]
    assert get(url, "/v8/finance/chart/ALDERA?range=fortnight").status == 400
