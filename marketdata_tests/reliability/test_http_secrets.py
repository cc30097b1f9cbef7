"""D6: canary keys are found in no log, fault, traceback, record, payload or state file, whatever goes wrong."""

from __future__ import annotations

import base64
import json
import logging
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from marketdata_assets.core.faults import Fault
from marketdata_assets.sources.answer import RequestRecord
from marketdata_assets.sources.api import Auth
from marketdata_assets.sources.budget import Budget, Quota
from marketdata_tests.support.loopback import Answering, Asked, Loopback, Raw, Reply, gz, head, js
from marketdata_tests.support.toy_vendor import BARS, LINKED, client
from marketdata_tests.support.virtual_time import run

CANARY = "canary/9f8e+7d6c5b4a=="
PLACES = {
    "header": Auth(headers={"Authorization": "Bearer {api_key}", "X-Second": "{api_key}"}),
    "query": Auth(query={"apikey": "{api_key}"}),
}
SHAPES = (CANARY, quote(CANARY, safe=""), quote(CANARY), base64.b64encode(CANARY.encode()).decode(), "9f8e+7d6c5b4a", "9f8e%2B7d6c5b4a")


def echo(status: int) -> Answering:
    """A vendor that repeats the key in its message, plain and escaped, as one really does."""

    def answer(asked: Asked) -> Reply:
        key = asked.query.get("apikey") or asked.headers["Authorization"].removeprefix("Bearer ")
        text = f"We have detected your API key as {key} and our limit is 25 requests per day ({quote(key, safe='')})"
        return Reply(json.dumps({"message": text}).replace("/", "\\/").encode(), status)

    return answer


ANSWERS: dict[str, Answering] = {
    "success": js({"bars": [1]}),
    "success with echo": echo(200),
    "400 with echo": echo(400),
    "401 with echo": echo(401),
    "429 with echo": echo(429),
    "500 with echo": echo(500),
    "404": js({"message": "no"}, 404),
    "html": Reply(b"<html>down", headers={"Content-Type": "text/html"}),
    "bad json": Reply(b'{"a":NaN}'),
    "half gzip": gz(b"{}" * 900, keep=slice(0, 20)),
    "short": Raw(head("Content-Length: 500") + b"{"),
    "reset": Raw(b"", ending="reset"),
    "hang": Raw(b"", ending="hang"),
    "not http": Raw(b"nonsense\r\n\r\n"),
    "long head": Raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 99_999),
    "redirect": Reply(b"", 302, {"Location": "https://evil.test/?stolen=1"}),
    "redirect with echo": lambda asked: Reply(b"", 302, {"Location": "https://evil.test/" + asked.query.get("apikey", CANARY)}),
    "link with echo": lambda asked: js({"next_url": "https://evil.test/?k=" + CANARY}),
    "own link with echo": lambda asked: js({"next_url": "/linked?apikey=" + quote(CANARY, safe="") + "&page=" + str(len(asked.query))}),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ANSWERS)
def test_a_key_leaves_no_trace(
    kind: str, place: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    written: list[Any] = []

    def keep(data: bytes, record: RequestRecord) -> None:
        written.extend((data.decode(errors="replace"), record))

    async def scene() -> None:
        options = {"credentials": {"api_key": SecretStr(CANARY)}, "state": tmp_path / "state", "on_payload": keep}
        budget = Budget((Quota(100, 1.0),))
        async with Loopback() as server:
            server.on("/bars/A", ANSWERS[kind]).on("/linked", ANSWERS[kind])
            async with client(server, auth=PLACES[place], budget=budget, options=options, attempts=2, pages=3, deadline=1.0) as toy:
                for request in (BARS.request(symbol="A"), LINKED.request()):
                    try:
                        written.extend([page async for page in toy.pages(request)])
                    except Fault as fault:
                        written.extend((str(fault), repr(fault), fault.as_dict(), fault.args, *traceback.format_exception(fault)))
                        written.append(_chain(fault))
                written.extend((repr(toy), vars(toy.usage), toy.breaker.__dict__))
            key_arrived = [CANARY in (asked.headers.get("Authorization", "") + asked.query.get("apikey", "")) for asked in server.asked]
            assert all(key_arrived)
            assert key_arrived, "the canary really was on the wire"

    run(scene())
    written.extend((caplog.text, *capfd.readouterr()))
    written.extend(path.name + path.read_bytes().decode(errors="replace") for path in (tmp_path / "state").iterdir())
    text = "\n".join(map(repr, written)) + "\n".join(map(str, written))
    assert written
    for shape in SHAPES:
        assert shape not in text


def _chain(fault: BaseException | None) -> list[str]:
    """Everything that a logger which follows causes and contexts would print."""
    seen = []
    while fault is not None:
        seen.append(f"{fault!r} {fault.args} {getattr(fault, '__dict__', '')}")
        fault = fault.__cause__ or fault.__context__
    return seen


def test_a_missing_key_is_named_and_the_others_are_not_shown() -> None:
    async def scene() -> None:
        auth = Auth(headers={"X-Id": "{key_id}", "X-Secret": "{secret}"})
        async with Loopback() as server, client(server, auth=auth, options={"credentials": {"key_id": SecretStr(CANARY)}}) as toy:
            with pytest.raises(Fault, match="'secret' is not configured") as caught:
                await toy.fetch(BARS.request(symbol="A"))
            assert not any(shape in " ".join(_chain(caught.value)) for shape in SHAPES)

    run(scene())
