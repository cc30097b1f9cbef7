from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.sandbox.market import Market
from marketdata_assets.sandbox.wire.faults import FaultPlan, FaultRule, Kind, Turns
from marketdata_assets.sandbox.wire.server import serving
from marketdata_tests.unit.sandbox.wire_client import Got, get, raw

BARS = "/v2/stocks/bars?symbols=ALDERA,BRAVEN&timeframe=1Day&start=2025-06-02&end=2025-06-30&limit=10"
DAILY = {
    "alpaca": BARS,
    "polygon": "/v2/aggs/ticker/ALDERA/range/1/day/2025-06-02/2025-06-30?adjusted=false&limit=10",
    "alphavantage": "/query?function=TIME_SERIES_DAILY&symbol=BRAVEN&apikey=k",
    "yahoo": "/v8/finance/chart/ALDERA?period1=1748750000&period2=1751300000&interval=1d",
}
Ask = Callable[[str, str], Got]


@contextmanager
def going_wrong(market: Market, *rules: FaultRule, vendors: tuple[str, ...] = ("alpaca",)) -> Iterator[dict[str, str]]:
    with serving(market, vendors, faults=FaultPlan.of(*rules), limits=False) as server:
        yield server.urls


def one(market: Market, what: Kind, path: str = BARS, vendor: str = "alpaca", **fields: object) -> Got:
    with going_wrong(market, FaultRule(what=what, **fields), vendors=(vendor,)) as urls:  # type: ignore[arg-type]
        return get(urls[vendor], path)


def body_of(answer: bytes) -> bytes:
    return answer.split(b"\r\n\r\n", 1)[1]


def test_a_rule_spares_the_first_requests_hits_the_next_and_is_over() -> None:
    turns = Turns(FaultPlan.of(FaultRule(what="reset", vendor="alpaca", path="/v2/*", after=1, times=2)))
    hits = [turns.next("alpaca", "/v2/stocks/bars?symbols=A") is not None for _ in range(4)]
    assert hits == [False, True, True, False]
    assert turns.next("polygon", "/v2/aggs") is None


def test_rules_are_tried_in_order_and_a_rule_may_be_for_some_symbols() -> None:
    plan = FaultPlan.of(FaultRule(what="x100", symbols=("BRAVEN",), times=None), FaultRule(what="empty", times=None))
    turns = Turns(plan)
    assert [turns.next("any", f"/{name}").what for name in ("BRAVEN", "ALDERA")] == ["x100", "empty"]  # type: ignore[union-attr]


def test_a_plan_is_read_from_yaml_and_a_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("faults:\n  - what: status\n    status: 502\n  - vendor: yahoo\n    what: rate_limit\n    retry_after: '7'\n")
    assert [rule.what for rule in FaultPlan.load(plan).faults] == ["status", "rate_limit"]
    plan.write_text("faults:\n  - what: status\n  - what: explode\n")
    with pytest.raises(ConfigFault, match=r"plan\.yaml line 3"):
        FaultPlan.load(plan)
    with pytest.raises(ConfigFault, match="No such file"):
        FaultPlan.load(tmp_path / "none.yaml")


def test_a_rate_limit_says_how_long_to_wait_or_nothing(market: Market) -> None:
    silent, told = one(market, "rate_limit"), one(market, "rate_limit", retry_after="-5")
    assert (silent.status, "Retry-After" in silent.headers) == (429, False)
    assert (told.status, told.headers["Retry-After"]) == (429, "-5")


def test_bans_storms_and_redirects_come_in_place_of_the_answer(market: Market) -> None:
    assert one(market, "ban").status == 418
    assert one(market, "status", status=502).status == 502
    away = one(market, "redirect", to="file:///etc/passwd")
    assert (away.status, away.headers["Location"]) == (302, "file:///etc/passwd")


@pytest.mark.parametrize("vendor", DAILY)
def test_every_vendor_can_answer_html_or_a_notice_with_status_200(market: Market, vendor: str) -> None:
    page = one(market, "html_200", DAILY[vendor], vendor)
    assert (page.status, page.body[:15], page.headers["Content-Type"].split(";")[0]) == (200, b"<!DOCTYPE html>", "text/html")
    notice = one(market, "notice_200", DAILY[vendor], vendor)
    assert notice.status == 200
    assert b"2025-06" not in notice.body


def test_a_reset_cuts_the_body_off_and_a_short_body_closes_early(market: Market) -> None:
    with going_wrong(market, FaultRule(what="reset"), FaultRule(what="short_body", after=1)) as urls:
        cut, reset = raw(urls["alpaca"], BARS)
        short, closed_by_reset = raw(urls["alpaca"], BARS)
    assert reset
    assert not closed_by_reset
    head, body = short.split(b"\r\n\r\n", 1)
    announced = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    assert len(body) == announced // 2
    assert len(cut) <= len(short)


def test_a_slow_body_drips(market: Market) -> None:
    began = time.monotonic()
    with going_wrong(market, FaultRule(what="slow_body", pause=0.01)) as urls:
        got, _ = raw(urls["alpaca"], "/v2/stocks/NOPE/bars?timeframe=1Day")
    body = body_of(got)
    assert json.loads(body) == {"symbol": "NOPE", "bars": None, "next_page_token": None}
    assert time.monotonic() - began >= 0.01 * (len(body) - 1)


def test_endless_bodies_and_headers_do_not_end(market: Market) -> None:
    with going_wrong(market, FaultRule(what="endless_body"), FaultRule(what="endless_headers", after=1)) as urls:
        body, _ = raw(urls["alpaca"], BARS, most=4 << 20)
        headers, _ = raw(urls["alpaca"], BARS, most=4 << 20)
    assert len(body) >= 4 << 20
    assert len(headers) >= 4 << 20
    assert b"\r\n\r\n" not in headers


def test_torn_gzip_streams_do_not_unpack_and_announce_their_torn_length(market: Market) -> None:
    kinds = ("half_gzip", "no_gzip_trailer", "bad_crc")
    with going_wrong(market, *(FaultRule(what=what, after=at) for at, what in enumerate(kinds))) as urls:  # type: ignore[arg-type]
        answers = [raw(urls["alpaca"], BARS)[0] for _ in kinds]
    for answer in answers:
        head, body = answer.split(b"\r\n\r\n", 1)
        assert f"content-length: {len(body)}".encode() in head.lower()
        assert b"content-encoding: gzip" in head.lower()
    half, cut, flipped = (body_of(answer) for answer in answers)
    for torn in (half, cut):
        unpacker = zlib.decompressobj(31)
        unpacker.decompress(torn)
        assert not unpacker.eof
    with pytest.raises(zlib.error, match="incorrect data check"):
        zlib.decompress(flipped, 31)


def test_a_bomb_is_small_on_the_wire_and_large_unpacked(market: Market) -> None:
    with going_wrong(market, FaultRule(what="bomb", size=8 << 20)) as urls:
        packed = body_of(raw(urls["alpaca"], BARS)[0])
    assert len(packed) * 500 < 8 << 20
    assert len(zlib.decompress(packed, 31)) == 8 << 20


def test_an_empty_body_has_no_bytes(market: Market) -> None:
    got = one(market, "empty_body")
    assert (got.status, got.body) == (200, b"")


@pytest.mark.parametrize("vendor", DAILY)
def test_damaged_documents_are_not_what_strict_json_takes(market: Market, vendor: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        _ = one(market, "bad_json", DAILY[vendor], vendor).json
    for what, word in (("nan", b"NaN"), ("infinity", b"Infinity"), ("huge_number", b"1e400")):
        assert word in one(market, what, DAILY[vendor], vendor).body  # type: ignore[arg-type]
    pairs = []
    json.loads(one(market, "duplicate_keys", DAILY[vendor], vendor).body, object_pairs_hook=lambda found: pairs.append(found) or found)
    assert any(len({key for key, _ in found}) < len(found) for found in pairs)
    assert one(market, "deep_nesting", DAILY[vendor], vendor).body.startswith(b"[" * 5000)


@pytest.mark.parametrize("vendor", DAILY)
def test_fields_types_and_units_can_change(market: Market, vendor: str) -> None:
    with going_wrong(market, vendors=(vendor,)) as urls:
        sound = get(urls[vendor], DAILY[vendor]).body
    for what in ("renamed_field", "string_for_number", "ms_for_s"):
        changed = one(market, what, DAILY[vendor], vendor).body  # type: ignore[arg-type]
        assert json.loads(changed)
        assert changed != sound


def test_a_renamed_field_a_text_and_another_unit_are_where_a_reader_looks(market: Market) -> None:
    assert set(one(market, "renamed_field").json["bars"]["ALDERA"][0]) == {"t", "o", "h", "l", "close", "v", "n", "vw"}
    assert isinstance(one(market, "string_for_number").json["bars"]["ALDERA"][0]["o"], str)
    seconds = one(market, "ms_for_s", DAILY["yahoo"], "yahoo").json["chart"]["result"][0]["timestamp"]
    assert seconds[0] == 1748871000 * 1000
    assert one(market, "ms_for_s", DAILY["polygon"], "polygon").json["results"][0]["t"] == 1748836800


@pytest.mark.parametrize("vendor", DAILY)
def test_another_symbol_stands_in_the_body(market: Market, vendor: str) -> None:
    with going_wrong(market, vendors=(vendor,)) as urls:
        asked = [name for name in (b"ALDERA", b"BRAVEN") if name in get(urls[vendor], DAILY[vendor]).body]
    wrong = one(market, "wrong_symbol", DAILY[vendor], vendor).body
    assert asked
    assert not any(name in wrong for name in asked)
    assert any(name in wrong for name in (b"ALDERA", b"BRAVEN", b"CORDEL"))


def test_a_cursor_can_stand_still_a_page_come_again_and_a_link_lead_away(market: Market) -> None:
    with going_wrong(market, FaultRule(what="loop_cursor", times=None)) as urls:
        first = get(urls["alpaca"], BARS).json
        second = get(urls["alpaca"], f"{BARS}&page_token={first['next_page_token']}").json
    assert first["next_page_token"] == second["next_page_token"]
    assert first["bars"] != second["bars"]
    with going_wrong(market, FaultRule(what="repeat_page", times=None)) as urls:
        first = get(urls["alpaca"], BARS).json
        second = get(urls["alpaca"], f"{BARS}&page_token={first['next_page_token']}").json
    assert first["bars"] == second["bars"]
    assert first["next_page_token"] != second["next_page_token"]
    away = one(market, "other_host_link", DAILY["polygon"], "polygon", to="http://169.254.169.254/latest")
    assert away.json["next_url"] == "http://169.254.169.254/latest"
    assert one(market, "other_host_link").headers["Location"] == "http://other.invalid/"


def test_bars_come_out_damaged_as_the_rule_says(market: Market) -> None:
    path = BARS.replace("ALDERA,BRAVEN", "BRAVEN")
    with going_wrong(market) as urls:
        sound = get(urls["alpaca"], path.replace("limit=10", "limit=100")).json["bars"]["BRAVEN"]

    def bars(what: Kind) -> list[dict[str, float]]:
        rows: list[dict[str, float]] = one(market, what, path.replace("limit=10", "limit=100")).json["bars"].get("BRAVEN", [])
        return rows

    middle = sound[len(sound) // 2]
    by_time = {what: {row["t"]: row for row in bars(what)}[middle["t"]] for what in ("x100", "high_below_low", "negative_price", "restate")}  # type: ignore[index]
    assert by_time["x100"]["c"] == pytest.approx(100 * middle["c"])
    assert (by_time["high_below_low"]["h"], by_time["high_below_low"]["l"]) == (middle["l"], middle["h"])
    assert by_time["negative_price"]["l"] == -middle["l"]
    assert by_time["restate"]["c"] == pytest.approx(1.01 * middle["c"], abs=0.006)
    assert bars("empty") == []
    assert bars("cut_rows") == sound[: (len(sound) + 1) // 2]
    assert [row["t"] for row in bars("unordered")] == [row["t"] for row in reversed(sound)]
    assert len(bars("repeated_rows")) == len(sound) + 1
    assert len({row["c"] for row in bars("conflicting_rows") if row["t"] == middle["t"]}) == 2
    assert max(str(row["t"]) for row in bars("out_of_window")) > "2025-07-01"
    assert min(row["v"] for row in bars("negative_volume")) < 0
    assert {row["c"] for row in bars("stale") if row["t"] >= middle["t"]} >= {sound[len(sound) // 2 - 1]["c"]}


def test_adjusted_prices_come_where_raw_ones_were_asked(market: Market) -> None:
    before = "/v2/stocks/bars?symbols=ALDERA&timeframe=1Day&start=2024-05-14&end=2024-05-14&adjustment=raw"
    with going_wrong(market) as urls:
        raw_close = get(urls["alpaca"], before).json["bars"]["ALDERA"][0]["c"]
    assert one(market, "adjusted", before).json["bars"]["ALDERA"][0]["c"] == raw_close / 2
    asked = "/v2/aggs/ticker/ALDERA/range/1/day/2024-05-14/2024-05-14?adjusted=false"
    assert one(market, "adjusted", asked, "polygon").json["adjusted"] is True
