"""Real-time feeds under trouble: no row without its frame, no hole without its gap, no secret anywhere, memory that is bounded."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.sources.answer import RequestRecord
from marketdata_assets.sources.errors import BadCredentials, Oversized, Rejected, SchemaChanged, Unavailable
from marketdata_assets.sources.stream_listener import Batch, Listener
from marketdata_assets.sources.stream_rows import read_again
from marketdata_tests.support.toy_feed import (
    BARS,
    TRADES,
    Feed,
    Line,
    bar,
    ids,
    listening,
    saying,
    take,
    toy_bars,
    toy_stream,
    trade,
    until,
)
from marketdata_tests.support.virtual_time import VirtualTime, run


def test_rows_carry_their_receipt_and_the_hash_of_an_archived_payload_that_says_them_again() -> None:
    kept: dict[str, tuple[bytes, RequestRecord]] = {}

    async def scene() -> list[Batch]:
        async with Feed(saying(trade(1), [trade(2, "BBB"), trade(3)])) as feed:
            stream = toy_stream(feed.url)
            async with listening(stream, on_payload=lambda data, record: kept.update({record.sha256: (data, record)})) as listener:
                batches = await take(listener, rows=3)
                for batch in batches:
                    data, record = kept[batch.payload_sha256]
                    assert data == batch.payload
                    assert (record.source, record.endpoint, record.status, record.received_at) == ("toy", "trades", 101, batch.received_at)
                    assert set(batch.rows["payload_sha256"]) == {batch.payload_sha256}
                    lines = [json.loads(line) for line in data.splitlines()]
                    receipts = [line["at"].replace("Z", "+00:00") for line in lines if "trade" in json.dumps(line["frame"])]
                    assert {at.isoformat() for at in batch.rows["known_at"]} == set(receipts)
                    assert read_again(stream, TRADES, data, batch.payload_sha256).equals(batch.rows)
                return batches

    assert sorted(ids(run(scene()))) == ["1", "2", "3"]


def test_a_lost_connection_is_made_again_and_the_gap_is_told_between_the_rows() -> None:
    async def scene() -> tuple[list[Batch], Listener]:
        async with Feed(saying(trade(1), then="cut"), saying(trade(5))) as feed, listening(toy_stream(feed.url)) as listener:
            first = await take(listener, rows=1)
            rest = await take(listener, rows=1, gaps=1)
            assert feed.lines[1].heard[1] == {"ask": ["AAA", "BBB"]}, "it subscribed again"
            return [*first, *rest], listener

    batches, listener = run(scene())
    assert ids(batches) == ["1", "5"]
    assert listener.connections == 2
    (gap,) = (gap for batch in batches for gap in batch.gaps)
    seen = batches[0].rows["known_at"][0]
    assert gap.start == seen, "it begins with the last frame"
    assert seen + timedelta(seconds=1) <= gap.end <= batches[-1].rows["known_at"][-1]
    assert (gap.reason, gap.symbols) == ("lost", ("AAA", "BBB"))


def test_being_disconnected_at_the_end_is_told_too() -> None:
    async def refuse(line: Line) -> None:
        await line.cut()

    async def scene() -> list[Batch]:
        async with Feed(saying(trade(1), then="cut"), refuse) as feed, listening(toy_stream(feed.url, attempts=99)) as listener:
            batches = await take(listener, rows=1)
            await until(lambda: len(feed.lines) == 4)
            listener.stop()
            return [*batches, *[batch async for batch in listener]]

    batches = run(scene())
    assert [gap.reason for batch in batches for gap in batch.gaps] == ["lost"]


def test_silence_ends_a_connection_that_heartbeats_would_have_kept() -> None:
    async def beating(line: Line) -> None:
        await line.welcome()
        for _ in range(30):
            await asyncio.sleep(1)
            await line.say({"k": "beat"})
        await line.say(trade(1))
        await line.wait()

    async def scene() -> tuple[list[Batch], int]:
        async with Feed(beating, saying(trade(2))) as feed, listening(toy_stream(feed.url, silence=5.0, ping=None)) as listener:
            kept = await take(listener, rows=1)
            assert len(feed.lines) == 1, "thirty seconds of heartbeats are no silence"
            return [*kept, *await take(listener, rows=1, gaps=1)], len(feed.lines)

    batches, connections = run(scene())
    assert connections == 2
    (gap,) = (gap for batch in batches for gap in batch.gaps)
    assert gap.reason == "silent"
    assert (gap.end - gap.start).total_seconds() >= 5
    assert all(b'"beat"' not in batch.payload for batch in batches), "heartbeats are not archived"


def test_an_unanswered_ping_ends_a_connection() -> None:
    async def deaf(line: Line) -> None:
        await line.welcome()
        await line.say(trade(1))
        await line.wait()  # nobody reads the pings

    async def scene() -> list[Batch]:
        async with Feed(deaf, saying(trade(2))) as feed, listening(toy_stream(feed.url, ping=10.0)) as listener:
            return await take(listener, rows=2, gaps=1)

    batches = run(scene())
    assert ids(batches) == ["1", "2"]


@pytest.mark.parametrize(("code", "fault"), [(1, BadCredentials), (2, Rejected)])
def test_a_refusal_is_final_and_says_the_vendors_words(code: int, fault: type[Exception]) -> None:
    async def refuse(line: Line) -> None:
        await line.say({"k": "hello"})
        await line.hear()
        await line.say({"k": "error", "code": code, "msg": "auth failed"})
        await line.wait()

    async def scene() -> int:
        async with Feed(refuse) as feed, listening(toy_stream(feed.url)) as listener:
            with pytest.raises(fault, match="auth failed"):
                await anext(listener)
            return len(feed.lines)

    assert run(scene()) == 1, "asking again changes nothing"


def test_a_missing_key_is_bad_credentials_without_a_connection() -> None:
    async def scene() -> int:
        async with Feed(saying()) as feed, listening(toy_stream(feed.url), credentials={}) as listener:
            with pytest.raises(BadCredentials, match="not configured"):
                await anext(listener)
            return len(feed.lines)

    assert run(scene()) == 0


def test_an_upgrade_that_is_refused_by_status_is_typed() -> None:
    async def scene() -> None:
        async with Feed(saying()) as feed, listening(toy_stream(feed.url, path="/nowhere", attempts=2)) as listener:
            with pytest.raises(Exception, match="HTTP 404"):
                await anext(listener)

    run(scene())


def test_nobody_there_is_unavailable_after_the_allowed_attempts() -> None:
    async def scene() -> list[float]:
        time = VirtualTime()
        async with Feed(saying()) as feed:
            gone = feed.url
        async with listening(toy_stream(gone, attempts=4, backoff=1.0), time=time) as listener:
            with pytest.raises(Unavailable):
                await anext(listener)
        return time.naps

    naps = run(scene())
    assert len(naps) == 3
    assert all(0 <= nap <= 2.0**k for k, nap in enumerate(naps)), "each pause is random below a doubling bound"


def test_the_old_age_of_a_connection_and_an_announced_farewell_are_gaps() -> None:
    async def scene() -> list[Batch]:
        scenes = (saying(trade(1)), saying(trade(2), {"k": "bye"}), saying(trade(3)))
        async with Feed(*scenes) as feed, listening(toy_stream(feed.url, lifetime=3600.0, ping=None)) as listener:
            return await take(listener, rows=3, gaps=2)

    batches = run(scene())
    assert ids(batches) == ["1", "2", "3"]
    assert [gap.reason for batch in batches for gap in batch.gaps] == ["lifetime", "lifetime"]


@pytest.mark.parametrize(
    "broken",
    ['{"k":"trade","p":NaN}', "hello", '{"k":"new kind"}', '{"k":"trade","s":"AAA","t":1700000000,"n":2}', json.dumps(trade(2, p="1"))],
)
def test_a_frame_that_cannot_be_read_is_a_gap_and_its_neighbours_are_rows(broken: str) -> None:
    async def scene() -> list[Batch]:
        async with Feed(saying(trade(1), broken, trade(3))) as feed:
            stream = toy_stream(feed.url)
            async with listening(stream) as listener:
                batches = await take(listener, rows=2, gaps=1)
                for batch in batches:
                    assert read_again(stream, TRADES, batch.payload, batch.payload_sha256).equals(batch.rows)
                return batches

    batches = run(scene())
    assert sorted(ids(batches)) == ["1", "3"]
    assert [gap.reason for batch in batches for gap in batch.gaps] == ["unreadable"]


def test_a_feed_of_which_nothing_can_be_read_any_more_has_changed() -> None:
    async def scene() -> int:
        renamed = saying(*({"k": "trade", "s": "AAA", "price": 1.0} for _ in range(30)))
        async with Feed(renamed) as feed, listening(toy_stream(feed.url, unreadable=20)) as listener:
            told = len((await anext(listener)).gaps)
            with pytest.raises(SchemaChanged, match="in a row cannot be read"):
                await anext(listener)
            return told

    assert run(scene()) == 30, "every one of them was told"


def test_a_frame_beyond_the_cap_is_refused_unread() -> None:
    async def scene() -> None:
        async with Feed(saying({"k": "trade", "s": "x" * 5000})) as feed, listening(toy_stream(feed.url, frame_bytes=1000)) as listener:
            assert [gap.reason for gap in (await anext(listener)).gaps] == ["lost"]
            with pytest.raises(Oversized, match="1000 bytes"):
                await anext(listener)

    run(scene())


def test_a_number_that_the_vendor_skipped_is_a_gap() -> None:
    async def scene() -> list[Batch]:
        async with Feed(saying(trade(7), trade(8), trade(11), trade(12))) as feed:
            numbered = toy_stream(feed.url, series=lambda m: [(f"trades of {m['s']}", m["n"])] if m["k"] == "trade" else [])
            async with listening(numbered) as listener:
                return await take(listener, rows=4, gaps=1)

    (gap,) = (gap for batch in run(scene()) for gap in batch.gaps)
    assert (gap.reason, gap.detail) == ("missed", "trades of AAA jumps from 8 to 11")


def test_a_correction_is_a_gap_of_its_day() -> None:
    async def scene() -> list[Batch]:
        async with Feed(saying(trade(1), {"k": "undo"})) as feed, listening(toy_stream(feed.url)) as listener:
            return await take(listener, rows=1, gaps=1)

    (gap,) = (gap for batch in run(scene()) for gap in batch.gaps)
    assert gap.reason == "corrected"
    assert gap.start == gap.end.replace(hour=0, minute=0, second=0, microsecond=0)


def test_symbols_that_nobody_asked_for_are_counted_and_left_out() -> None:
    async def scene() -> tuple[list[Batch], tuple[str, ...]]:
        async with Feed(saying(trade(1, "ZZZ"), trade(2))) as feed, listening(toy_stream(feed.url)) as listener:
            return await take(listener, rows=1), listener.unheard

    batches, unheard = run(scene())
    assert ids(batches) == ["2"]
    assert sum(batch.strangers for batch in batches) == 1
    assert unheard == ("BBB",)


def test_a_running_bar_is_final_when_the_next_begins_and_never_across_a_gap() -> None:
    first = saying(bar(0, 1.0), bar(0, 2.0), bar(1, 3.0), bar(0, 9.0, "BBB"), bar(1, 4.0), then="cut")
    second = saying(bar(5, 5.0), bar(6, 6.0), bar(7, 7.0, "BBB"))

    async def scene() -> list[Batch]:
        async with Feed(first, second) as feed:
            stream = toy_bars(feed.url)
            async with listening(stream, BARS) as listener:
                batches = await take(listener, rows=2, gaps=1)
                for batch in batches:
                    assert read_again(stream, BARS, batch.payload, batch.payload_sha256).equals(batch.rows)
                return batches

    batches = run(scene())
    told = [(r["vendor_symbol"], r["timestamp"].minute, r["close"]) for b in batches for r in b.rows.to_dicts()]
    assert told == [("AAA", 14, 2.0), ("AAA", 19, 5.0)], "the last word on each minute, and none on minutes that the gap cut"
    (gap,) = (gap for batch in batches for gap in batch.gaps)
    assert gap.start.second == 0, "a gap in bars begins with a bar"
    assert gap.start <= batches[0].received_at - timedelta(minutes=1), "and holds the one that was about to be sent"


def test_a_running_bar_waits_over_batches_and_is_told_once() -> None:
    async def slowly(line: Line) -> None:
        await line.welcome()
        for minute in range(4):
            for version in range(3):
                await line.say(bar(minute, 10.0 * minute + version), bar(minute, 100.0 + version, "BBB"))
                await asyncio.sleep(5)
        await line.wait()

    async def scene() -> tuple[list[Batch], int]:
        async with Feed(slowly) as feed:
            stream, kept = toy_bars(feed.url, ping=None), []
            async with listening(stream, BARS, on_payload=lambda data, record: kept.append((data, record.sha256))) as listener:
                batches = await take(listener, rows=6)
            again = sum(read_again(stream, BARS, data, sha).height for data, sha in kept)
            return batches, again

    batches, again = run(scene())
    told = sorted((r["vendor_symbol"], r["close"]) for b in batches for r in b.rows.to_dicts())
    assert told == [("AAA", 2.0), ("AAA", 12.0), ("AAA", 22.0), ("BBB", 102.0), ("BBB", 102.0), ("BBB", 102.0)]
    assert again == 6, "the archive says each bar once"


def test_a_consumer_that_takes_nothing_costs_bounded_memory_and_is_told() -> None:
    count = 10_000

    async def flood(line: Line) -> None:
        await line.welcome()
        for number in range(count):
            await line.say(trade(number))
        await line.hear()  # nothing; the client hangs up in the end

    async def scene() -> tuple[Listener, list[Batch], list[Batch]]:
        async with Feed(flood) as feed, listening(toy_stream(feed.url, buffer_frames=500, batch_frames=100, ping=None)) as listener:
            await until(lambda: listener.buffer.dropped + len(listener.buffer) >= count)
            full = len(listener.buffer)
            late = [await anext(listener)]
            listener.stop()
            rest = [batch async for batch in listener]
            assert full <= 501, "frames and one gap"
            return listener, late, rest

    listener, late, rest = run(scene())
    batches = [*late, *rest]
    assert listener.buffer.peak_frames <= 500
    assert max(batch.frames for batch in batches) <= 100
    kept = sorted(int(number) for number in ids(batches))
    assert kept == list(range(len(kept))), "the oldest were kept"
    (gap,) = (gap for batch in batches for gap in batch.gaps)
    assert gap.reason == "slow_consumer"
    assert gap.detail.startswith(f"{count - len(kept)} frames")


def test_bytes_are_bounded_as_well_as_frames() -> None:
    async def scene() -> int:
        wide = [trade(n, note="x" * 1000) for n in range(300)]
        async with Feed(saying(*wide)) as feed, listening(toy_stream(feed.url, buffer_bytes=50_000, ping=None)) as listener:
            await until(lambda: listener.buffer.dropped > 0)
            return listener.buffer.peak_bytes

    assert 0 < run(scene()) <= 50_000


def test_more_symbols_than_a_connection_carries_are_refused_before_it_is_made() -> None:
    with pytest.raises(ConfigFault, match="one connection carries 1"):
        listening(toy_stream("ws://127.0.0.1:1", symbols=1))
    with pytest.raises(ConfigFault, match="wss"):
        toy_stream("ws://feed.example")


def test_leaving_the_block_early_ends_the_connection() -> None:
    async def watching(line: Line) -> None:
        await line.welcome()
        await line.say(trade(1))
        line.heard.append((await line.ws.receive()).type.name)

    async def scene() -> list[Any]:
        async with Feed(watching) as feed:
            async with listening(toy_stream(feed.url)) as listener:
                await take(listener, rows=1)
            await until(lambda: len(feed.lines[0].heard) == 3)
            return feed.lines[0].heard

    assert run(scene())[-1] == "CLOSE"


def test_the_receipt_stands_for_an_instant_that_the_vendor_does_not_tell() -> None:
    async def scene() -> Batch:
        async with Feed(saying(trade(1))) as feed:
            plain = toy_stream(feed.url)
            stampless = toy_stream(feed.url, rows=lambda records, question: plain.rows(records, question).drop("timestamp"))
            async with listening(stampless) as listener:
                return (await take(listener, rows=1))[0]

    row = run(scene()).rows.to_dicts()[0]
    assert isinstance(row["timestamp"], datetime)
    assert row["timestamp"] == row["known_at"]
