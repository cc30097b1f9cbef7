"""B6 and B9: answers that are whole but wrong, and answers that point elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from marketdata_assets.core.faults import Fault
from marketdata_assets.sources.errors import Diverted, NotEntitled, RateLimited, Rejected, SchemaChanged, Truncated, Unavailable
from marketdata_tests.support.loopback import Loopback, Reply, js
from marketdata_tests.support.toy_vendor import BARS, IN_QUERY, KEY, LINKED, client
from marketdata_tests.support.virtual_time import run

HTML = {"Content-Type": "text/html; charset=utf-8"}
PLAIN = {"Content-Type": "text/plain"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Reply(b'{"bars":[{"c":NaN}]}'), SchemaChanged),
        (Reply(b'{"bars":[{"c":Infinity}]}'), SchemaChanged),
        (Reply(b'{"bars":[{"c":-Infinity}]}'), SchemaChanged),
        (Reply(b'{"bars":[{"c":1e400}]}'), SchemaChanged),
        (Reply(b'{"bars":[{"c":1,"c":2}]}'), SchemaChanged),
        (Reply(b'{"bars":[],"bars":[{"c":1}]}'), SchemaChanged),
        (Reply(b'{"bars":' + b"[" * 500 + b"]" * 500 + b"}"), SchemaChanged),
        (Reply(b"[" * 2_000_000), SchemaChanged),
        (Reply(b'{"bars":[{"c":"\xff"}]}'), SchemaChanged),
        (Reply(b'{"bars":[]}{"bars":[{"c":1}]}'), SchemaChanged),
        (Reply(b"Too Many Requests", headers=PLAIN), SchemaChanged),
        (Reply(b"", headers=PLAIN), Truncated),
        (Reply(b"   \r\n", headers=PLAIN), Truncated),
        (Reply(b"<html><body>Will be right back", headers=HTML), Unavailable),
        (Reply(b"\n <!DOCTYPE html>", headers=PLAIN), Unavailable),
        (Reply(b'{"bars":[]}', headers=HTML), Unavailable),
        (js({"Note": "Thank you! Our standard call frequency is 5 calls per minute"}), RateLimited),
        (js({"Information": "this is a premium endpoint"}), NotEntitled),
        (js({"message": "invalid symbol"}, 400), Rejected),
        (Reply(b"", 304), SchemaChanged),
    ],
)
def test_a_wrong_answer_is_a_typed_refusal_and_never_an_empty_result(answer: Reply, kind: type[Fault]) -> None:
    async def scene() -> None:
        async with Loopback() as server, client(server.on("/bars/A", answer), attempts=1) as toy:
            with pytest.raises(kind) as caught:
                await toy.fetch(BARS.request(symbol="A"))
            assert type(caught.value) is kind
            assert caught.value.context["source"] == "toy"

    run(scene())


def test_an_empty_answer_is_an_answer() -> None:
    async def scene() -> None:
        async with Loopback() as server, client(server) as toy:
            for nothing in ({"bars": []}, {"bars": None}, {}, []):
                server.on("/bars/A", js(nothing))
                assert (await toy.fetch(BARS.request(symbol="A"))).rows("bars") == []

    run(scene())


ELSEWHERE = [
    "{evil}/steal",
    "http://169.254.169.254/latest/meta-data/iam",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/",
    "https://127.0.0.1:{port}/",
    "http://localhost:{port}/",
    "http://127.0.0.1:{port}@evil.test/",
    "http://user:pass@127.0.0.1:{port}/",
    "//evil.test/steal",
    "\\\\evil.test\\steal",
    "http://127.0.0.1:{port}\\@evil.test/",
]


@pytest.mark.parametrize("place", ["redirect", "next page"])
@pytest.mark.parametrize("in_query", [False, True], ids=["key in header", "key in query"])
@pytest.mark.parametrize("target", ELSEWHERE)
def test_nothing_that_points_elsewhere_is_followed(target: str, place: str, in_query: bool) -> None:
    async def scene() -> None:
        options: dict[str, Any] = {"auth": IN_QUERY} if in_query else {}
        async with Loopback() as evil, Loopback() as server, client(server, **options) as toy:
            link = target.format(evil=evil.url, port=server.port)
            answer = Reply(b"", 302, {"Location": link}) if place == "redirect" else js({"rows": [1], "next_url": link})
            server.on("/linked", answer)
            with pytest.raises(Diverted) as caught:
                [page async for page in toy.pages(LINKED.request())]
            assert evil.asked == []
            assert len(server.asked) == 1, "refused once, not tried again"
            assert KEY not in str(caught.value)
            assert not caught.value.retryable

    run(scene())


@pytest.mark.parametrize("status", [300, 304, 305, 306])
def test_a_status_that_is_neither_answer_nor_error_is_no_answer(status: int) -> None:
    async def scene() -> None:
        async with Loopback() as evil, Loopback() as server, client(server) as toy:
            server.on("/bars/A", Reply(b'{"bars":[]}' if status != 304 else b"", status, {"Location": evil.url}))
            with pytest.raises(SchemaChanged):
                await toy.fetch(BARS.request(symbol="A"))
            assert evil.asked == []

    run(scene())
