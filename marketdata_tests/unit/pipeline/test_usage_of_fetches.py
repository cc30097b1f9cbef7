"""A fetch reserves what it will ask, is refused before it asks too much, and books every request, retries included."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from marketdata_assets.core import clock
from marketdata_assets.core.faults import BudgetFault
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.budgets import ledger_path, month_standing
from marketdata_assets.pipeline.fetching import fetch
from marketdata_assets.pipeline.inventory import fetches
from marketdata_assets.schemas.usage import USAGE
from marketdata_tests.graph.world import sessions
from marketdata_tests.support import alpaca
from marketdata_tests.support.in_thread import in_thread
from marketdata_tests.support.loopback import Loopback, Reply

NOW = datetime(2024, 3, 16, 12, tzinfo=UTC)
SYMBOLS = ("AAA", "BBB", "CCC")
KEYS = [PartitionKey("2024", symbol) for symbol in SYMBOLS]
DAYS = sessions(date(2024, 1, 1), date(2024, 3, 16))
CLOSES = {symbol: {day: 100.0 + n / 4 for n, day in enumerate(DAYS)} for symbol in SYMBOLS}


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("APCA_API_KEY_ID", "canary-key-id")
    monkeypatch.setenv("APCA_API_SECRET_KEY", "canary-secret")
    with clock.frozen(NOW):
        yield


@pytest.fixture
def vendor() -> Iterator[Loopback]:
    with in_thread(Loopback()) as loopback:
        yield loopback


def test_every_request_is_booked_pages_and_retries_too(vendor: Loopback, tmp_path: Path) -> None:
    alpaca.serve(vendor, CLOSES, page=100)
    good = vendor._answers[alpaca.PATH][0]
    vendor.on(alpaca.PATH, Reply(b"down", 503), good)
    platform = alpaca.platform(tmp_path, vendor, SYMBOLS)
    fetched = fetch(platform, "alpaca", "1d", KEYS)
    pages = -(-3 * len(DAYS) // 100)
    assert len(vendor.asked) == pages + 1
    assert fetched.requests == len(vendor.asked)
    stands = month_standing(platform, "alpaca")
    assert (stands.month, stands.spent, stands.reserved) == ("2024-03", len(vendor.asked), 0)
    spent = platform.lake.scan(ledger_path("alpaca"), USAGE).collect().filter(endpoint="stock_bars")
    assert (spent["requests"].sum(), spent["weight"].sum()) == (len(vendor.asked), len(vendor.asked))
    assert spent["wire_bytes"].sum() > 0


def test_a_month_without_room_refuses_before_anything_is_asked(vendor: Loopback, tmp_path: Path) -> None:
    platform = alpaca.platform(tmp_path, alpaca.serve(vendor, CLOSES), SYMBOLS, monthly_requests=0)
    with pytest.raises(BudgetFault, match="they take 1 requests; of 0 a month 0 are spent or reserved, 0 left"):
        fetch(platform, "alpaca", "1d", KEYS)
    assert vendor.asked == []
    assert fetches(platform, "alpaca").is_empty()


def test_a_fetch_that_needs_more_than_was_foreseen_stops_at_the_budget_to_the_request(vendor: Loopback, tmp_path: Path) -> None:
    """One request of 10,000 rows was foreseen; the vendor sends pages of 20, and the month has room for five."""
    platform = alpaca.platform(tmp_path, alpaca.serve(vendor, CLOSES, page=20), SYMBOLS, monthly_requests=5)
    fetched = fetch(platform, "alpaca", "1d", KEYS)
    assert len(vendor.asked) == 5
    assert month_standing(platform, "alpaca").spent == 5
    assert set(fetched.rows["state"]) == {"refused"}
    assert "[budget]" in fetched.rows["reason"][0]


def test_the_next_month_starts_anew(vendor: Loopback, tmp_path: Path) -> None:
    platform = alpaca.platform(tmp_path, alpaca.serve(vendor, CLOSES), SYMBOLS, monthly_requests=1)
    fetch(platform, "alpaca", "1d", KEYS)
    later = NOW + timedelta(days=3)
    with clock.frozen(later), pytest.raises(BudgetFault):
        fetch(platform, "alpaca", "1d", KEYS)
    with clock.frozen(datetime(2024, 4, 1, tzinfo=UTC)):
        fetch(platform, "alpaca", "1d", KEYS)
    assert len(vendor.asked) == 2
