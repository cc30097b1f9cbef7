"""S09: a vendor's keys stand in no fault, log, record, payload or address, whatever the vendor answers."""

from __future__ import annotations

import json
import logging
import traceback
from typing import Any
from urllib.parse import quote

import pytest

from marketdata_assets.core.faults import Fault
from marketdata_assets.sources.answer import RequestRecord
from marketdata_assets.sources.api import Endpoint
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.registry import vendor, vendor_names
from marketdata_assets.sources.source import Source
from marketdata_tests.conformance.sources.served import CANARY, api_at, path_of, secrets
from marketdata_tests.conformance.sources.test_errors import any_request, endpoints_of
from marketdata_tests.support.loopback import Answering, Asked, Loopback, Raw, Reply, gz, head, js
from marketdata_tests.support.virtual_time import VirtualTime, run

SHAPES = (CANARY, quote(CANARY, safe=""), quote(CANARY), "9f8e+7d6c5b4a", "9f8e%2B7d6c5b4a")


def _echo(status: int, field: str) -> Answering:
    """A vendor that repeats what it was sent, every key in it."""

    def answer(asked: Asked) -> Reply:
        sent = [*asked.query.values(), *asked.headers.values()]
        return js({field: f"We have detected your API key as {' '.join(sent)}", "data": [sent], "status": {"error_message": sent}}, status)

    return answer


ANSWERS: dict[str, Answering] = {
    "success": js({}),
    **{f"{status} in {field}": _echo(status, field) for status in (200, 400, 401, 403, 404, 429, 500) for field in ("message", "error")},
    "200 in Information": _echo(200, "Information"),
    "200 in Error Message": _echo(200, "Error Message"),
    "html": Reply(b"<html>down", headers={"Content-Type": "text/html"}),
    "bad json": Reply(b'{"a":NaN}'),
    "half gzip": gz(b"{}" * 900, keep=slice(0, 20)),
    "short": Raw(head("Content-Length: 500") + b"{"),
    "reset": Raw(b"", ending="reset"),
    "redirect": lambda asked: Reply(b"", 302, {"Location": "https://evil.test/?" + "&".join(asked.query.values())}),
}


@pytest.mark.parametrize("kind", ANSWERS)
@pytest.mark.parametrize("name", vendor_names())
def test_s09_no_key_of_a_vendor_leaves_a_trace(
    name: str, kind: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    source = vendor(name)
    if not source.credentials:
        return
    written: list[Any] = []
    arrived = [run(_scene(source, endpoint, ANSWERS[kind], written)) for endpoint in endpoints_of(source)[:3]]
    assert all(arrived), "the canary really was on the wire"
    written.extend((caplog.text, *capfd.readouterr()))
    text = "\n".join(map(repr, written)) + "\n".join(map(str, written))
    for shape in SHAPES:
        assert shape not in text


async def _scene(source: Source, endpoint: Endpoint, answer: Answering, written: list[Any]) -> bool:
    """Fetches once and writes down everything anybody could see; whether a key was sent."""

    def keep(data: bytes, record: RequestRecord) -> None:
        written.extend((data.decode(errors="replace"), record, record.url))

    async with Loopback() as server:
        request = any_request(endpoint)
        server.on(path_of(request), answer)
        api = api_at(source, endpoint, server.url, attempts=1, deadline=1.0)
        async with Client(api, credentials=secrets(source), on_payload=keep, time=VirtualTime()) as client:
            try:
                got = await client.fetch(request)
                written.extend((got, json.dumps(got.data, default=str)))
            except Fault as fault:
                written.extend((str(fault), repr(fault), fault.as_dict(), fault.args, *traceback.format_exception(fault)))
            written.extend((repr(client), vars(client.usage), client.breaker.__dict__))
        sent = [text for asked in server.asked for text in (*asked.headers.values(), *asked.query.values())]
        needs_none = not (api.auth.headers or api.auth.query)
        return needs_none or any(CANARY in text for text in sent)


@pytest.mark.parametrize("name", vendor_names())
def test_s09_every_needed_credential_is_sent_as_a_template_and_none_stands_in_the_code(name: str) -> None:
    source = vendor(name)
    templates = [text for api in source.apis for text in (*api.auth.headers.values(), *api.auth.query.values())]
    used = {credential.name for credential in source.credentials if any(f"{{{credential.name}}}" in text for text in templates)}
    assert {credential.name for credential in source.credentials if credential.required} <= used
    assert all("{" in text for text in templates)
    assert all(credential.variable.isupper() for credential in source.credentials)
