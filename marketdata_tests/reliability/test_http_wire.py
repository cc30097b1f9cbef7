"""B2 to B5: hosts that hang, drip, never stop, hang up early, or send what does not unpack."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import socket
import tracemalloc
import zlib
from typing import Any

import pytest

from marketdata_assets.core.faults import Fault
from marketdata_assets.sources.errors import Oversized, SchemaChanged, Truncated, Unavailable
from marketdata_tests.support.loopback import Answering, Loopback, Raw, Reply, gz, head, js
from marketdata_tests.support.toy_vendor import BARS, COUNTED, LISTING, client
from marketdata_tests.support.virtual_time import VirtualTime, run

BODY = json.dumps({"bars": [{"t": n, "c": n * 1.25} for n in range(3_000)]}).encode()
STREAM = gzip.compress(BODY, mtime=0)
CHUNKED = head("Transfer-Encoding: chunked")
TEXT = {"Content-Type": "text/csv"}


def fault_of(answer: Answering, request: Any = None, **limits: Any) -> tuple[Fault, float, int]:
    """What one request to such a host ends in, how long that takes, and how often it was asked."""
    request = request or BARS.request(symbol="A")

    async def scene() -> tuple[Fault, float, int]:
        path = {"bars": "/bars/A"}.get(request.endpoint, f"/{request.endpoint}")
        async with Loopback() as server, client(server.on(path, answer), **limits) as toy:
            start = asyncio.get_running_loop().time()
            with pytest.raises(Fault) as caught:
                await toy.fetch(request)
            return caught.value, asyncio.get_running_loop().time() - start, len(server.asked)

    return run(scene())


@pytest.mark.parametrize(
    "answer",
    [
        Raw(b"", ending="hang"),
        Raw(b"HTTP/1.1 200 OK\r\nX-Slow: ", ending="hang"),
        Raw(head("Content-Length: 5000") + b'{"bars":[', ending="hang"),
        Raw(head("Content-Length: 5000") + b'{"bars":[' + b"1," * 2_000, drip=0.2),
        Raw(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 600, drip=0.2),
    ],
    ids=["no answer", "half a head", "half a body", "a byte every 0.2 s", "a header byte every 0.2 s"],
)
def test_a_total_deadline_cuts_off_whoever_takes_too_long(answer: Raw) -> None:
    """A timeout between bytes never fires while one byte comes every 0.2 s."""
    fault, took, asked = fault_of(answer, deadline=30.0, attempts=1)
    assert isinstance(fault, Unavailable)
    assert "30 s" in fault.found
    assert fault.retryable
    assert 29.9 <= took <= 31.0
    assert asked == 1


def test_hanging_is_tried_again_a_bounded_number_of_times() -> None:
    _, took, asked = fault_of(Raw(b"", ending="hang"), deadline=10.0, attempts=3)
    assert asked == 3
    assert took < 32


@pytest.mark.parametrize(
    "answer",
    [
        Raw(CHUNKED, forever=b"10000\r\n" + b"x" * 0x10000 + b"\r\n"),
        Raw(head("Connection: close"), forever=b"x" * 65_536),
        Raw(head("Content-Encoding: gzip", "Connection: close") + STREAM[:100], forever=b"x" * 65_536),
        Raw(head("Content-Length: 99999999999")),
    ],
    ids=["chunks", "until closed", "gzip", "announced"],
)
def test_an_endless_body_is_cut_off_at_the_byte_cap(answer: Raw) -> None:
    fault, _, asked = fault_of(answer, wire_bytes=4 << 20)
    if b"gzip" in answer.data:
        assert isinstance(fault, Truncated), "what follows the head is no gzip"
    else:
        assert isinstance(fault, Oversized)
        assert str(4 << 20) in fault.found
        assert asked == 1


@pytest.mark.parametrize("line", [b"X-A: " + b"b" * 100, b"x" * 100], ids=["many headers", "one line"])
def test_endless_headers_are_cut_off(line: bytes) -> None:
    ending = b"\r\n" if b":" in line else b""
    fault, took, _ = fault_of(Raw(b"HTTP/1.1 200 OK\r\n", forever=line + ending), attempts=1)
    assert isinstance(fault, Oversized)
    assert took < 5


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Raw(head("Content-Length: 5000") + BODY[:900], ending="reset"), Truncated),
        (Raw(b"", ending="reset"), Unavailable),
        (Raw(b""), Unavailable),
        (Raw(b"SSH-2.0-OpenSSH_9.6\r\n"), Unavailable),
        (Raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}"), Unavailable),
    ],
    ids=["reset in the body", "reset", "hang-up", "not http", "nonsense length"],
)
def test_a_broken_connection_is_a_fault_that_may_pass(answer: Raw, kind: type[Fault]) -> None:
    fault, _, asked = fault_of(answer, attempts=3)
    assert isinstance(fault, kind)
    assert asked >= 3


def test_a_closed_port_and_a_name_nobody_knows_are_outages(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        async with Loopback() as server:
            toy = client(server, attempts=2)
        async with toy:
            with pytest.raises(Unavailable, match="refused"):
                await toy.fetch(BARS.request(symbol="A"))

        async def unknown(*_: Any, **__: Any) -> Any:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
        server.url = "https://no-such-vendor.test"
        async with client(server, attempts=2) as lost:
            with pytest.raises(Unavailable, match="cannot be resolved"):
                await lost.fetch(BARS.request(symbol="A"))

    run(scene())


@pytest.mark.parametrize(
    "answer",
    [gz(BODY, keep=slice(0, cut)) for cut in (1, 10, len(STREAM) // 2, -9, -8, -4, -1)]
    + [gz(BODY, flip=flip) for flip in (0, len(STREAM) // 2, -8, -1)]
    + [Reply(STREAM + b"junk", headers={"Content-Encoding": "gzip"}), Reply(b"", headers={"Content-Encoding": "gzip"})]
    + [Reply(STREAM + STREAM[:50], headers={"Content-Encoding": "gzip"}), Reply(BODY, headers={"Content-Encoding": "gzip"})],
)
def test_a_gzip_stream_is_whole_to_the_last_byte_or_refused(answer: Reply) -> None:
    """Cut in half, without trailer, with a wrong checksum or length: HTTP clients hand out what there is and say nothing."""
    fault, _, asked = fault_of(answer, attempts=2)
    assert isinstance(fault, Truncated)
    assert asked == 2


def test_every_single_damaged_byte_of_a_gzip_stream_is_noticed() -> None:
    draw = random.Random(7)
    flips = draw.sample(range(10, len(STREAM)), 60)  # the head's time and system bytes are not covered by any checksum

    async def scene() -> list[int]:
        silent = []
        async with Loopback() as server, client(server, attempts=1) as toy:
            for flip in flips:
                server.on("/bars/A", gz(BODY, flip=flip))
                try:
                    answer = await toy.fetch(BARS.request(symbol="A"))
                except Fault:
                    toy.breaker.answered(probe=False)
                else:
                    silent += [flip] if len(answer.rows("bars")) else []
        return silent

    assert run(scene()) == []


def test_honest_gzip_arrives_in_one_piece_or_several() -> None:
    two = gzip.compress(BODY[:1_000], mtime=0) + gzip.compress(BODY[1_000:], mtime=0)

    async def scene() -> None:
        async with Loopback() as server, client(server) as toy:
            for stream in (STREAM, two):
                server.on("/bars/A", Reply(stream, headers={"Content-Encoding": "gzip"}))
                assert len((await toy.fetch(BARS.request(symbol="A"))).rows("bars")) == 3_000
            tricky = Raw(
                head("Transfer-Encoding: chunked", "Content-Encoding: gzip") + b"".join(b"1\r\n%c\r\n" % b for b in STREAM) + b"0\r\n\r\n"
            )
            server.on("/bars/A", tricky)
            assert len((await toy.fetch(BARS.request(symbol="A"))).rows("bars")) == 3_000

    run(scene())


def test_a_bomb_is_refused_with_flat_memory() -> None:
    """A thousand to one: 80 MB of blanks in 80 kB; and glued together of small ones."""
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(80)) + packer.flush()
    for stream in (bomb, gzip.compress(b" " * 900_000, mtime=0) * 60, gzip.compress(b"", mtime=0) * 5_000):
        tracemalloc.start()
        fault, _, asked = fault_of(Reply(stream, headers={"Content-Encoding": "gzip"}))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert isinstance(fault, Oversized)
        assert asked == 1, "a bomb is not asked for again"
        assert peak < 8 << 20


def test_the_cap_on_unpacked_bytes_holds_for_modest_ratios_too() -> None:
    fault, _, _ = fault_of(gz(BODY * 40), body_bytes=1 << 20)
    assert isinstance(fault, Oversized)


def test_an_encoding_nobody_asked_for_is_refused() -> None:
    for encoding in ("br", "zstd", "deflate", "gzip, gzip"):
        fault, _, _ = fault_of(Reply(BODY, headers={"Content-Encoding": encoding}))
        assert isinstance(fault, SchemaChanged)


@pytest.mark.parametrize(
    "answer",
    [
        Raw(head(f"Content-Length: {len(BODY)}") + BODY[:-1]),
        Raw(CHUNKED + b"%x\r\n" % len(BODY) + BODY[:-1]),
        Raw(CHUNKED + b"%x\r\n" % len(BODY) + BODY + b"\r\n"),
        Raw(head("Connection: close") + BODY[:-1]),
        Reply(BODY[:-1]),
        Reply(b""),
        Reply(b"", 204),
    ],
    ids=["shorter than announced", "cut in a chunk", "no last chunk", "no length", "length of the cut", "empty", "204"],
)
def test_a_short_body_is_refused(answer: Answering) -> None:
    fault, _, asked = fault_of(answer, attempts=2)
    assert isinstance(fault, Truncated)
    assert asked == 2


@pytest.mark.parametrize(
    "answer",
    [
        Raw(head("Connection: close") + b"date,close\r\n2024-01-02,1\r\n"),
        Raw(head("Content-Length: 40") + b"date,close\r\n2024-01-02,1\r\n"),
        Reply(b"date,close\r\n2024-01-02,1\r\n2024-01-0", headers=TEXT),
    ],
    ids=["cut at a line, no length", "cut at a line, length says more", "cut in a line"],
)
def test_a_csv_that_breaks_off_is_refused(answer: Answering) -> None:
    fault, _, _ = fault_of(answer, LISTING.request(), attempts=1)
    assert isinstance(fault, Truncated)


def test_rows_cut_out_of_well_formed_json_are_missed_by_their_count() -> None:
    fault, _, _ = fault_of(js({"count": 100, "results": list(range(99))}), COUNTED.request(), attempts=1)
    assert isinstance(fault, Truncated)


def test_a_torn_answer_that_comes_whole_the_next_time_is_no_fault() -> None:
    time = VirtualTime()

    async def scene() -> None:
        answers = [gz(BODY, keep=slice(0, -4)), Raw(head("Content-Length: 900") + b"{"), gz(BODY)]
        async with Loopback(time) as server, client(server.on("/bars/A", *answers), time) as toy:
            assert len((await toy.fetch(BARS.request(symbol="A"))).rows("bars")) == 3_000

    run(scene())
