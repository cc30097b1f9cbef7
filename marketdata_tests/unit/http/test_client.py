from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from marketdata_assets.core.faults import ConfigFault, Fault, StorageFault
from marketdata_assets.core.periods import Window
from marketdata_assets.sources.answer import RequestRecord
from marketdata_assets.sources.api import Auth
from marketdata_assets.sources.budget import Budget, Quota
from marketdata_assets.sources.errors import BadCredentials, NotEntitled, NotFound, RateLimited, SchemaChanged, Truncated, Unavailable
from marketdata_assets.sources.gather import Batch
from marketdata_tests.support.loopback import Loopback, Raw, Reply, gz, head, js
from marketdata_tests.support.toy_vendor import BARS, COUNTED, DUMP, IN_QUERY, KEY, LINKED, LISTING, client
from marketdata_tests.support.virtual_time import VirtualTime, run

BAR = {"t": "2024-01-02T05:00:00Z", "c": 185.64}
YEAR = Window(datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))


def test_a_request_carries_its_key_in_a_header_and_asks_for_gzip_only() -> None:
    async def scene() -> None:
        async with Loopback() as server, client(server.on("/bars/BTC%2FUSD", js({"bars": [BAR]}))) as toy:
            answer = await toy.fetch(BARS.request({"start": "2024-01-01"}, symbol="BTC/USD"))
            assert answer.rows("bars") == [BAR]
            (asked,) = server.asked
            assert asked.query == {"adjusted": "false", "start": "2024-01-01"}
            assert asked.headers["X-Api-Key"] == KEY
            assert asked.headers["Accept-Encoding"] == "gzip"
            assert asked.headers["User-Agent"] == "marketdata-assets"
            assert "Cookie" not in asked.headers

    run(scene())


@pytest.mark.parametrize("threaded", [True, False])
def test_the_bytes_of_every_complete_answer_are_handed_on_with_their_record(threaded: bool) -> None:
    kept: list[tuple[bytes, RequestRecord]] = []

    def keep(data: bytes, record: RequestRecord) -> None:
        kept.append((data, record))

    async def keep_async(data: bytes, record: RequestRecord) -> None:
        kept.append((data, record))

    async def scene() -> None:
        body = json.dumps({"bars": [BAR] * 100}).encode()
        options = {"on_payload": keep if threaded else keep_async}
        async with Loopback() as server, client(server.on("/bars/A", js({"message": "busy"}, 503), gz(body)), options=options) as toy:
            answer = await toy.fetch(BARS.request(symbol="A"))
            (error, first), (data, record) = kept
            assert (error, first.status) == (b'{"message": "busy"}', 503)
            assert data == body
            assert record == answer.record
            assert record.sha256 == hashlib.sha256(body).hexdigest()
            assert record.wire_bytes == len(gzip.compress(body, mtime=0)) < len(body)
            assert record.url == f"{server.url}/bars/A?adjusted=false"
            assert (record.source, record.endpoint, record.cost, record.scrubbed) == ("toy", "bars", 1, False)
            assert toy.usage.by_endpoint()["bars"].requests == 2

    run(scene())


def test_what_the_archive_refuses_ends_the_request_and_is_not_asked_again() -> None:
    def full(data: bytes, record: RequestRecord) -> None:
        raise StorageFault("keeping a payload", "no space left", "free some")

    async def scene() -> None:
        async with Loopback() as server, client(server.on("/bars/A", js({})), options={"on_payload": full}) as toy:
            with pytest.raises(StorageFault):
                await toy.fetch(BARS.request(symbol="A"))
            assert len(server.asked) == 1

    run(scene())


def test_a_key_in_the_query_is_sent_and_never_recorded() -> None:
    async def scene() -> None:
        linked = js({"next_url": "https://api.renamed.test:443/linked?cursor=2&apikey=stale"})
        async with Loopback() as server, client(server.on("/linked", linked, js({})), auth=IN_QUERY) as toy:
            with pytest.raises(Fault, match="leads to https"):
                [page async for page in toy.pages(LINKED.request())]
            server.on("/linked", js({"next_url": f"{server.url}/linked?cursor=2&apikey=stale"}), js({}))
            pages = [page async for page in toy.pages(LINKED.request())]
            assert [asked.query.get("apikey") for asked in server.asked] == [KEY] * 3
            assert [page.record.url for page in pages] == [f"{server.url}/linked", f"{server.url}/linked?cursor=2"]

    run(scene())


def test_one_connection_serves_many_requests() -> None:
    async def scene() -> None:
        async with Loopback() as server, client(server.on("/bars/A", js({"bars": []}))) as toy:
            for _ in range(5):
                await toy.fetch(BARS.request(symbol="A"))
            assert len({asked.peer for asked in server.asked}) == 1

    run(scene())


def test_pages_come_in_order_each_with_its_own_payload() -> None:
    async def scene() -> None:
        pages = [js({"bars": [BAR], "next_page_token": "b=="}), js({"bars": [BAR, BAR], "next_page_token": None})]
        async with Loopback() as server, client(server.on("/bars/A", *pages)) as toy:
            got = [page async for page in toy.pages(BARS.request(symbol="A"))]
            assert [len(page.rows("bars")) for page in got] == [1, 2]
            assert [asked.query.get("page_token") for asked in server.asked] == [None, "b=="]
            assert len({page.record.sha256 for page in got}) == 2

    run(scene())


def test_what_may_pass_is_tried_again_after_a_random_pause_that_grows() -> None:
    time = VirtualTime()

    async def scene() -> None:
        async with Loopback() as server, client(server.on("/bars/A", *[js({}, 503)] * 4, js({"bars": []})), time) as toy:
            await toy.fetch(BARS.request(symbol="A"))
            assert len(server.asked) == 5

    for _ in range(20):
        run(scene())
    pauses = [time.naps[n::4] for n in range(4)]
    assert all(0 <= pause <= 0.5 * 2**n for n, column in enumerate(pauses) for pause in column)
    assert all(len(set(column)) > 15 and max(column) > 0.25 * 2**n for n, column in enumerate(pauses)), "jitter over the full width"


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (js({"message": "no key"}, 401), BadCredentials),
        (js({"message": "not in your plan"}, 403), NotEntitled),
        (Reply(b"Not Found", 404, {"Content-Type": "text/plain"}), NotFound),
        (js({"Information": "outputsize=full is a premium feature"}), NotEntitled),
        (Reply(b'{"bars":[NaN]}'), SchemaChanged),
    ],
)
def test_what_will_not_pass_is_asked_once(answer: Reply, fault: type[Fault]) -> None:
    async def scene() -> None:
        async with Loopback() as server, client(server.on("/bars/A", answer)) as toy:
            with pytest.raises(fault) as caught:
                await toy.fetch(BARS.request(symbol="A"))
            assert len(server.asked) == 1
            assert {"source", "endpoint", "url", "payload_sha256"} <= set(caught.value.context)

    run(scene())


def test_a_limit_inside_an_answer_with_status_200_is_waited_out() -> None:
    time = VirtualTime()

    async def scene() -> None:
        async with (
            Loopback(time) as server,
            client(server.on("/bars/A", js({"Note": "5 calls per minute"}), js({"bars": []})), time) as toy,
        ):
            await toy.fetch(BARS.request(symbol="A"))
            assert server.asked[1].at - server.asked[0].at >= 60.0

    run(scene())


def test_rows_are_counted_against_what_the_answer_claims() -> None:
    async def scene() -> None:
        async with Loopback() as server, client(server, attempts=1) as toy:
            for good in ({"count": 2, "results": [1, 2]}, {"count": 0}, {"results": [1]}):
                server.on("/counted", js(good))
                await toy.fetch(COUNTED.request())
            server.on("/counted", js({"count": 3, "results": [1, 2]}))
            with pytest.raises(Truncated, match="announces 3 rows, 2 came"):
                await toy.fetch(COUNTED.request())

    run(scene())


def test_a_csv_is_bytes_and_a_notice_in_its_place_is_understood() -> None:
    csv = b"symbol,name\r\nNA,Nationale\r\n"
    text = {"Content-Type": "text/csv"}

    async def scene() -> None:
        async with Loopback() as server, client(server, attempts=1) as toy:
            server.on("/listing", Reply(csv, headers=text))
            assert (await toy.fetch(LISTING.request())).data == csv
            for answer, fault in (
                (js({"Information": "a premium endpoint"}), NotEntitled),
                (js({"Note": "slow down"}), RateLimited),
                (js({"something": "else"}), SchemaChanged),
                (Reply(csv[:-2], headers=text), Truncated),
                (Raw(head("Connection: close") + csv), Truncated),
                (Reply(b"<!doctype html><p>Sorry", headers=text), Unavailable),
            ):
                server.on("/listing", answer)
                with pytest.raises(fault):
                    await toy.fetch(LISTING.request())

    run(scene())


def test_a_file_is_bytes_unless_it_is_a_page_of_excuses() -> None:
    async def scene() -> None:
        async with Loopback() as server, client(server, attempts=1) as toy:
            server.on("/dump", Reply(b"PK\x03\x04...", headers={"Content-Type": "application/zip"}))
            assert (await toy.fetch(DUMP.request())).data.startswith(b"PK")
            server.on("/dump", Reply(b"<html>blocked", headers={"Content-Type": "text/html"}))
            with pytest.raises(Unavailable):
                await toy.fetch(DUMP.request())

    run(scene())


def test_a_redirect_within_the_vendor_is_followed_and_counted() -> None:
    async def scene() -> None:
        moved = Reply(b"", 307, {"Location": "/bars/B?adjusted=false"})
        async with Loopback() as server, client(server.on("/bars/A", moved).on("/bars/B", js({"bars": [BAR]}))) as toy:
            assert (await toy.fetch(BARS.request(symbol="A"))).rows("bars") == [BAR]
            assert [asked.headers["X-Api-Key"] for asked in server.asked] == [KEY, KEY]
            assert toy.usage.by_endpoint()["bars"].requests == 2
            server.on("/bars/A", Reply(b"", 307, {"Location": "/bars/A"}))
            with pytest.raises(Fault, match="redirects more than 3 times"):
                await toy.fetch(BARS.request(symbol="A"))

    run(scene())


def test_a_missing_key_is_noticed_before_anything_is_sent_or_counted() -> None:
    async def scene() -> None:
        budget = Budget((Quota(5, 60.0, burst=5),))
        async with Loopback() as server, client(server.on("/bars/A", js({})), budget=budget, options={"credentials": {}}) as toy:
            with pytest.raises(BadCredentials, match="'api_key' is not configured"):
                await toy.fetch(BARS.request(symbol="A"))
            assert server.asked == []
            assert await toy.left() == {"default": [5]}
        public = Auth(headers={"X-Api-Key": "{api_key}"}, optional=True)
        async with Loopback() as server, client(server.on("/bars/A", js({})), auth=public, options={"credentials": {}}) as toy:
            await toy.fetch(BARS.request(symbol="A"))
            assert "X-Api-Key" not in server.asked[0].headers

    run(scene())


def test_a_client_that_is_not_open_says_so() -> None:
    async def scene() -> None:
        async with Loopback() as server:
            with pytest.raises(ConfigFault, match="async with"):
                await client(server).fetch(BARS.request(symbol="A"))

    run(scene())


def test_many_symbols_at_once_keep_to_the_budget_and_the_connections() -> None:
    time, most = VirtualTime(), 0

    async def scene() -> None:
        nonlocal most
        budget = Budget((Quota(100, 1.0),))
        async with Loopback(time) as server, client(server, time, budget=budget, connections=4) as toy:
            busy = 0

            async def serve(_: Any) -> Reply:
                nonlocal busy, most
                busy += 1
                most = max(most, busy)
                await asyncio.sleep(0.2)
                busy -= 1
                return js({"bars": [BAR]})

            async def fetch(batch: Batch) -> dict[str, list[Any] | None]:
                (symbol,) = batch.symbols
                return {symbol: (await toy.fetch(BARS.request(symbol=symbol))).rows("bars")}

            batches = [Batch((f"S{n}",), YEAR) for n in range(60)]
            for batch in batches:
                server.on(f"/bars/{batch.symbols[0]}", serve)
            outcomes = await toy.gather(batches, fetch)
            assert {outcome.state for outcome in outcomes} == {"delivered"}
            times = [asked.at for asked in server.asked]
            assert max(sum(1 for at in times if start <= at < start + 1.0) for start in times) <= 100

    run(scene())
    assert most == 4


def test_waiting_for_a_free_connection_is_not_held_against_the_deadline() -> None:
    async def slow(_: Any) -> Reply:
        await asyncio.sleep(3.0)
        return js({"bars": []})

    async def scene() -> None:
        async with Loopback() as server, client(server.on("/bars/A", slow), connections=2, deadline=5.0, attempts=1) as toy:
            await asyncio.gather(*(toy.fetch(BARS.request(symbol="A")) for _ in range(12)))
            assert len(server.asked) == 12

    run(scene())


def test_cookies_are_neither_kept_nor_sent() -> None:
    async def scene() -> None:
        async with Loopback() as server, client(server.on("/bars/A", js({"bars": []}, 200, Set_Cookie="id=1; Path=/"))) as toy:
            for _ in range(2):
                await toy.fetch(BARS.request(symbol="A"))
            assert "Cookie" not in server.asked[1].headers

    run(scene())
