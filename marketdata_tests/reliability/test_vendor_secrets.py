"""D6 to the end of the pipeline: after a fetch that went well or badly, no key stands in any file, row, log or message."""

from __future__ import annotations

import base64
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest
import zstandard

from marketdata_assets.core import clock
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.fetching import fetch
from marketdata_assets.pipeline.platform import open_platform
from marketdata_assets.sandbox.market import Market
from marketdata_assets.sandbox.wire.faults import FaultRule
from marketdata_assets.settings import load_settings
from marketdata_tests.support.in_thread import in_thread
from marketdata_tests.support.loopback import Asked, Loopback, Reply, js
from marketdata_tests.support.platforms import write_config
from marketdata_tests.support.wire_world import KEY, SHARES, World

SHAPES = [KEY, quote(KEY, safe=""), quote(KEY), base64.b64encode(KEY.encode()).decode(), "9f8e+7d6c5b4a", "9f8e%2B7d6c5b4a"]
VENDORS = ("alpaca", "polygon", "alphavantage")
KINDS: dict[str, dict[str, Any] | None] = {
    "success": None,
    "429": {"what": "rate_limit"},
    "401": {"what": "status", "status": 401},
    "503": {"what": "status", "status": 503},
    "html": {"what": "html_200"},
    "reset": {"what": "reset"},
    "half gzip": {"what": "half_gzip"},
    "bad json": {"what": "bad_json"},
    "redirect": {"what": "redirect"},
    "renamed field": {"what": "renamed_field"},
    "another company": {"what": "wrong_symbol"},
}


def everything(folder: Path) -> str:
    """Every file below a folder as text: tables row by row, archived payloads unpacked, the rest byte for byte, with their names."""
    parts: list[str] = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            parts += [str(path.relative_to(folder)), data.decode(errors="replace")]
            if data[:4] == b"PAR1":
                parts.append(pl.read_parquet(path).write_json())
            elif data[:4] == b"\x28\xb5\x2f\xfd":
                parts.append(zstandard.ZstdDecompressor().decompressobj().decompress(data).decode(errors="replace"))
    return "\n".join(parts)


@pytest.mark.parametrize("name", VENDORS)
@pytest.mark.parametrize("kind", [pytest.param(kind, marks=() if at < 3 else pytest.mark.full) for at, kind in enumerate(KINDS)])
def test_no_key_stands_anywhere_after_a_fetch(
    kind: str,
    name: str,
    calm_market: Market,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    world = World(tmp_path, monkeypatch, calm_market, [name], SHARES)
    rule = KINDS[kind]
    fetched = world.fetch(*([FaultRule(times=None, **rule)] if rule else []))
    world.publish()
    audited = world.audited()
    assert len(world.asked) >= 1
    told = [everything(tmp_path), caplog.text, *capfd.readouterr(), fetched.rows.write_json(), *(frame.write_json() for frame in audited)]
    for shape in SHAPES:
        assert not any(shape in text for text in told)


def test_a_key_that_a_vendor_repeats_in_its_notice_is_blotted_out_before_it_is_archived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Alpha Vantage says with status 200: `We have detected your API key as ...`."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("ALPHAVANTAGE_API_KEY", KEY)
    limit = "and our standard API rate limit is 25 requests per day."

    def echo(asked: Asked) -> Reply:
        assert asked.query["apikey"] == KEY
        return js({"Information": f"We have detected your API key as {asked.query['apikey']} {limit}"})

    with in_thread(Loopback()) as server:
        server.on("/query", echo)
        write_config(tmp_path, "us_equities", {"alphavantage": {"vendor": "alphavantage", "base_url": server.url}})
        (tmp_path / "instruments.csv").write_text(
            "symbol,asset_class,exchange,currency,sector,listed_on,delisted_on,aliases\nIBM,us_equities,XNYS,USD,,,,\n"
        )
        platform = open_platform(load_settings(tmp_path / "marketdata.yaml", {}))
        with clock.frozen(datetime(2024, 3, 16, 12, tzinfo=UTC)):
            fetched = fetch(platform, "alphavantage", "1d", [PartitionKey("2024", "IBM")])
    assert fetched.rows.height == 1
    assert fetched.rows["reason"].str.starts_with("[rate_limited]").all()
    told = [everything(tmp_path), caplog.text, fetched.rows.write_json()]
    assert any("We have detected your API key" in text for text in told), "the notice itself is kept"
    for shape in SHAPES:
        assert not any(shape in text for text in told)


def test_the_search_itself_finds_a_key_in_tables_archives_and_plain_files(tmp_path: Path) -> None:
    pl.DataFrame({"reason": [KEY]}).write_parquet(tmp_path / "a.parquet", compression="zstd")
    (tmp_path / "b.zst").write_bytes(zstandard.compress(KEY.encode()))
    (tmp_path / "c.txt").write_text(KEY)
    assert everything(tmp_path).count(KEY) + everything(tmp_path).count(KEY.replace("/", "\\/")) >= 3
