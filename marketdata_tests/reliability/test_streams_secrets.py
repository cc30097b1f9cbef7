"""Real-time feeds: a canary key is found in no fault, traceback, payload, record or log, whatever goes wrong."""

from __future__ import annotations

import logging
import traceback

import pytest
from aiohttp import web
from pydantic import SecretStr

from marketdata_assets.core.faults import Fault
from marketdata_assets.sources.errors import NotEntitled
from marketdata_tests.support.toy_feed import KEY, Feed, Line, Scene, listening, saying, toy_stream, trade
from marketdata_tests.support.virtual_time import run

CANARY = "canary/9f8e+7d6c5b4a=="


def _echo(code: int) -> Scene:
    async def scene(line: Line) -> None:
        await line.say({"k": "hello"})
        key = (await line.hear())["key"]
        await line.say({"k": "error", "code": code, "msg": f"the key {key} is unknown"})
        await line.wait()

    return scene


async def _echoing_trades(line: Line) -> None:
    await line.welcome()
    key = line.heard[0]["key"]
    await line.say(trade(1, note=key), f"not json {key}", {"k": "trade", "s": key})
    await line.ws.close(message=f"bye {key}".encode())


async def _cut(line: Line) -> None:
    await line.say({"k": "hello"})
    await line.cut()


@pytest.mark.parametrize("scene", [_echo(1), _echo(2), _echoing_trades, _cut], ids=["bad key", "rejected", "echo", "cut"])
def test_no_secret_is_found_in_faults_tracebacks_payloads_records_or_logs(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []

    async def play() -> None:
        credentials = {"api_key": SecretStr(CANARY)}
        kept = lambda data, record: said.extend([data.decode("utf-8", "replace"), repr(record)])  # noqa: E731
        async with Feed(scene) as feed, listening(toy_stream(feed.url, attempts=3), credentials=credentials, on_payload=kept) as listener:
            said.append(repr(listener))
            try:
                async for batch in listener:
                    said.extend([repr(batch), repr(batch.gaps), str(batch.rows.to_dicts())])
            except Fault as error:
                said.append("".join(traceback.format_exception(error)))
                said.append(repr(error.__context__) + repr(error.__cause__) + str(getattr(error, "context", "")))

    run(play())
    assert said
    text = "\n".join([*said, caplog.text])
    for shape in (CANARY, CANARY.replace("/", "\\/"), "9f8e+7d6c5b4a"):
        assert shape not in text
    assert KEY not in text


def test_not_entitled_is_told_from_the_upgrade(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(self: Feed, request: web.Request) -> web.StreamResponse:
        raise web.HTTPForbidden(text=request.headers["X-Key"])

    monkeypatch.setattr(Feed, "_play", refuse)

    async def scene() -> None:
        async with Feed(saying()) as feed, listening(toy_stream(feed.url)) as listener:
            with pytest.raises(NotEntitled, match="HTTP 403") as caught:
                await anext(listener)
        assert KEY not in "".join(traceback.format_exception(caught.value))

    run(scene())
