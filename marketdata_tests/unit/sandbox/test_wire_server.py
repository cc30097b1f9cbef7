from __future__ import annotations

import asyncio
import gzip
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.sandbox.market import Market
from marketdata_assets.sandbox.wire.limits import Window, Windows
from marketdata_assets.sandbox.wire.protocol import SandboxFault
from marketdata_assets.sandbox.wire.protocols import PROTOCOLS
from marketdata_assets.sandbox.wire.server import WireServer, serving
from marketdata_tests.unit.sandbox.wire_client import get

DAY = "/v2/stocks/bars?symbols=BRAVEN&timeframe=1Day&start=2025-06-02&end=2025-06-30"


@pytest.fixture(scope="module")
def server(market: Market) -> Iterator[WireServer]:
    with serving(market, limits=False) as served:
        yield served


def test_every_vendor_has_a_port_of_its_own_on_this_machine_only(server: WireServer) -> None:
    assert sorted(server.urls) == sorted(PROTOCOLS)
    assert len(set(server.urls.values())) == len(PROTOCOLS)
    assert all(url.startswith("http://127.0.0.1:") for url in server.urls.values())


def test_requests_are_remembered_with_their_answer(server: WireServer) -> None:
    get(server.urls["alpaca"], "/nowhere?a=1")
    last = server.asked[-1]
    assert (last.vendor, last.path, last.query, last.status) == ("alpaca", "/nowhere", {"a": "1"}, 404)


def test_answers_are_packed_for_those_who_take_gzip_and_plain_for_others(server: WireServer) -> None:
    plain, packed = get(server.urls["alpaca"], DAY), get(server.urls["alpaca"], DAY, Accept_Encoding="gzip, deflate")
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body)


def test_the_instant_can_be_moved_while_it_serves(market: Market) -> None:
    with serving(market, ["alpaca"], seen_at=datetime(2025, 6, 5, 22, tzinfo=UTC), limits=False) as server:
        before = get(server.urls["alpaca"], DAY.split("&end")[0]).json["bars"]["BRAVEN"]
        server.show(datetime(2025, 6, 6, 22, tzinfo=UTC))
        after = get(server.urls["alpaca"], DAY.split("&end")[0]).json["bars"]["BRAVEN"]
    assert [row["t"][:10] for row in after] == [*(row["t"][:10] for row in before), "2025-06-06"]


def test_a_limit_refuses_says_when_and_is_over_with_its_window(market: Market) -> None:
    now = [0.0]
    with serving(market, ["alpaca"], rate=2, monotonic=lambda: now[0]) as server:
        answers = [get(server.urls["alpaca"], DAY) for _ in range(3)]
        now[0] = 60.0
        again = get(server.urls["alpaca"], DAY)
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"2"}
    assert again.status == 200


def test_the_free_plan_is_counted_apart(market: Market) -> None:
    path = "/query?function=SPLITS&symbol=ALDERA&datatype=csv&apikey="
    now = [0.0]
    with serving(market, ["alphavantage"], monotonic=lambda: now[0]) as server:
        first, second = (get(server.urls["alphavantage"], f"{path}free1") for _ in range(2))
        paid = [get(server.urls["alphavantage"], f"{path}mine") for _ in range(3)]
        for second_of_day in range(2, 27):
            now[0] = float(second_of_day)
            last = get(server.urls["alphavantage"], f"{path}free1")
    assert first.body.startswith(b"effective_date")
    assert "1 request per second" in second.json["Information"]
    assert all(answer.body.startswith(b"effective_date") for answer in paid)
    assert "25 requests per day" in last.json["Information"]


def test_a_window_counts_what_requests_weigh_and_not_the_refused() -> None:
    meter = Windows([Window(5, 1.0)], weigh=lambda request: request)  # type: ignore[arg-type,return-value]
    verdicts = [meter.take(weight, at) for weight, at in ((3, 0.0), (3, 0.1), (2, 0.2), (1, 0.9), (5, 1.0))]  # type: ignore[arg-type]
    assert [verdict.good for verdict in verdicts] == [True, False, True, False, True]
    assert verdicts[3].wait == pytest.approx(0.1)


def test_a_taken_port_and_an_unknown_vendor_are_said(market: Market) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SandboxFault, match=rf"alpaca on 127\.0\.0\.1:{port}"), serving(market, ["alpaca"], port=port):
            pass
    with pytest.raises(ConfigFault, match="serves no bloomberg"):
        WireServer(market, ["bloomberg"])


def test_it_is_an_async_context_manager_as_well(market: Market) -> None:
    async def ask() -> dict[str, object]:
        async with WireServer(market, ["alpaca"], limits=False) as server:
            answer = await asyncio.to_thread(get, server.urls["alpaca"], DAY)
        found: dict[str, object] = json.loads(answer.body)
        return found

    assert asyncio.run(ask())["next_page_token"] is None
