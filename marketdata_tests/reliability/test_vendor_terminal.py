"""What a person sees in the terminal when a vendor refuses or answers nonsense: one structured refusal, a code that is not zero, no key."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from typer.testing import CliRunner

from marketdata_assets.cli.app import app
from marketdata_assets.core import clock
from marketdata_tests.support import alpaca
from marketdata_tests.support.in_thread import in_thread
from marketdata_tests.support.loopback import Answering, Loopback, Reply, js
from marketdata_tests.support.wire_world import KEY

NOW = datetime(2024, 3, 16, 12, tzinfo=UTC)
BAR = {"t": "2024-03-15T04:00:00Z", "o": 1, "h": 1, "l": 1, "c": 1, "v": 1}
ANSWERS: dict[str, tuple[Answering, str]] = {
    "401": (alpaca.error("forbidden", 401), "bad_credentials"),
    "403": (alpaca.error("subscription does not permit querying recent SIP data", 403), "not_entitled"),
    "422": (alpaca.error("invalid", 422), "rejected"),
    "nan": (Reply(b'{"bars": {"AAA": [{"c": NaN}]}}'), "schema_changed"),
    "a key twice": (Reply(b'{"bars": {}, "bars": {}}'), "schema_changed"),
    "another field": (js({"bars": {"AAA": [{**{k: v for k, v in BAR.items() if k != "c"}, "last": 1}]}}), "schema_changed"),
    "text for a number": (js({"bars": {"AAA": [{**BAR, "c": "1"}]}}), "schema_changed"),
    "another currency": (js({"bars": {"AAA": [BAR]}, "currency": "JPY"}), "schema_changed"),
    "redirect": (Reply(b"", 302, {"Location": f"https://evil.test/?k={quote(KEY)}"}), "diverted"),
}
COMMAND = ("fetch", "alpaca", "bars", "AAA", "--start", "2024-03-14", "--end", "2024-03-16", "-t", "1d")


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    monkeypatch.setenv("APCA_API_KEY_ID", KEY)
    monkeypatch.setenv("APCA_API_SECRET_KEY", KEY)
    with clock.frozen(NOW), in_thread(Loopback()) as loopback:
        yield loopback


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_refusal_has_its_code_in_the_terminal_and_no_key(
    kind: str, vendor: Loopback, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    reply, code = ANSWERS[kind]
    alpaca.platform(tmp_path, vendor.on(alpaca.PATH, reply), ("AAA",))
    shown = CliRunner().invoke(app, [*COMMAND, "--config", str(tmp_path / "marketdata.yaml")])
    said = shown.output + caplog.text + repr(shown.exception)
    assert shown.exit_code != 0
    assert code in said
    assert "Traceback" not in said
    for shape in (KEY, quote(KEY, safe=""), quote(KEY), "9f8e+7d6c5b4a", "9f8e%2B7d6c5b4a"):
        assert shape not in said


def test_a_good_answer_is_shown_and_its_code_is_zero(vendor: Loopback, tmp_path: Path) -> None:
    alpaca.platform(
        tmp_path, vendor.on(alpaca.PATH, js({"bars": {"AAA": [{**BAR, "c": 17.25, "h": 18}]}, "next_page_token": None})), ("AAA",)
    )
    shown = CliRunner().invoke(app, [*COMMAND, "--config", str(tmp_path / "marketdata.yaml")])
    assert shown.exit_code == 0, shown.output
    assert "17.25" in shown.output
