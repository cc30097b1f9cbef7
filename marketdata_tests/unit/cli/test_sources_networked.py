"""`sources`, `sources check`, `plan` and `costs` on a source that is asked over the network."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from marketdata_assets.cli.app import app
from marketdata_assets.core import clock
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.fetching import fetch
from marketdata_tests.graph.world import sessions
from marketdata_tests.support import alpaca
from marketdata_tests.support.in_thread import in_thread
from marketdata_tests.support.loopback import Asked, Loopback, Reply, js

NOW = datetime(2024, 3, 16, 12, tzinfo=UTC)
SYMBOLS = ("AAA", "BBB", "CCC")
DAYS = sessions(date(2024, 1, 1), date(2024, 3, 16))
CLOSES = {symbol: {day: 100.0 + n / 4 for n, day in enumerate(DAYS)} for symbol in SYMBOLS}
Say = Callable[..., Result]


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    monkeypatch.setenv("APCA_API_KEY_ID", "canary-key-id")
    monkeypatch.setenv("APCA_API_SECRET_KEY", "canary-secret")
    with clock.frozen(NOW), in_thread(Loopback()) as loopback:
        yield alpaca.serve(loopback, CLOSES)


@pytest.fixture
def say(vendor: Loopback, tmp_path: Path) -> Say:
    alpaca.platform(tmp_path, vendor, SYMBOLS, monthly_requests=50, monthly_usd=2)
    return lambda *words: CliRunner().invoke(app, [*words, "--config", str(tmp_path / "marketdata.yaml")])


def answer(say: Say, *words: str, code: int = 0) -> object:
    shown = say(*words, "--json")
    assert shown.exit_code == code, shown.output
    return json.loads(shown.stdout)


def fetched(tmp_path: Path, vendor: Loopback) -> None:
    platform = alpaca.platform(tmp_path, vendor, SYMBOLS, monthly_requests=50, monthly_usd=2)
    fetch(platform, "alpaca", "1d", [PartitionKey("2024", symbol) for symbol in SYMBOLS])


def test_a_networked_source_is_listed_with_terms_keys_health_and_room(say: Say, vendor: Loopback, tmp_path: Path) -> None:
    (row,) = answer(say, "sources")  # type: ignore[misc]
    assert (row["vendor"], row["plan"], row["ready"], row["health"]) == ("alpaca", "basic", "yes", "unknown")
    assert (row["left"], row["month_left"], row["rows"]) == ("200 of 200 requests a minute", "50 requests, $2", 0)
    assert "bars" in row["data"]
    assert row["licence"]
    assert not (tmp_path / "data/state").exists()
    fetched(tmp_path, vendor)
    (row,) = answer(say, "sources")  # type: ignore[misc]
    assert (row["health"], row["month_left"], row["rows"]) == ("up", "49 requests, $2", 3 * len(DAYS))
    assert row["left"] == "199 of 200 requests a minute"
    assert "asked over the network" in say("sources").stdout


def test_a_missing_key_is_named_by_its_variable(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("APCA_API_SECRET_KEY")
    (row,) = answer(say, "sources")  # type: ignore[misc]
    assert row["ready"] == "APCA_API_SECRET_KEY not set"


def test_a_source_that_failed_lately_says_how(say: Say, vendor: Loopback, tmp_path: Path) -> None:
    vendor.on(alpaca.PATH, alpaca.error("forbidden", 401))
    fetched(tmp_path, vendor)
    (row,) = answer(say, "sources")  # type: ignore[misc]
    assert (row["health"], row["failed_lately"]) == ("down", 3)
    assert row["last_fault"].startswith("[bad_credentials]")


def test_vendors_that_nobody_configured_are_listed_on_request(say: Say) -> None:
    rows = answer(say, "sources", "--all")
    unused = {row["vendor"]: row for row in rows if not row["source"]}  # type: ignore[attr-defined]
    assert "alpaca" not in unused
    assert "crypto" in unused["binance"]["asset_class"]
    assert all(row["licence"] for row in unused.values())
    assert "vendors that nobody configured" in say("sources", "--all").stdout


def test_one_source_is_shown_with_its_terms_and_every_answer(say: Say, vendor: Loopback, tmp_path: Path) -> None:
    fetched(tmp_path, vendor)
    shown = say("sources", "alpaca").stdout
    assert "Alpaca Market Data" in shown
    assert "49 requests" in shown
    rows = answer(say, "sources", "show", "alpaca")
    assert {row["symbol"] for row in rows} == set(SYMBOLS)  # type: ignore[attr-defined]


def test_a_check_makes_one_request_and_says_that_the_answer_fits(say: Say, vendor: Loopback) -> None:
    (row,) = answer(say, "sources", "check", "alpaca", "--symbol", "BBB")  # type: ignore[misc]
    assert len(vendor.asked) == 1
    assert (row["dataset"], row["symbol"], row["state"], row["unread_fields"], row["fault"]) == ("bars", "BBB", "fits", [], None)
    assert row["rows"] == len([day for day in DAYS if day >= date(2024, 3, 3)])
    assert row["bytes"] > 0
    (listed,) = answer(say, "sources")  # type: ignore[misc]
    assert listed["month_left"] == "49 requests, $2"
    assert listed["rows"] == 0


def test_a_check_names_fields_that_the_models_do_not_know_and_quota_headers(say: Say, vendor: Loopback) -> None:
    bar = {**alpaca.bar(date(2024, 3, 14), 100.0), "zz": 1, "venue": "x"}
    vendor.on(alpaca.PATH, js({"bars": {"AAA": [bar]}, "next_page_token": None}, X_RateLimit_Limit="200", X_RateLimit_Remaining="7"))
    (row,) = answer(say, "sources", "check", "alpaca")  # type: ignore[misc]
    assert (row["state"], row["rows"], row["unread_fields"]) == ("fits", 1, ["venue", "zz"])
    assert row["quota"].get("X-RateLimit-Remaining") == "7"


def test_an_answer_without_rows_proves_nothing(say: Say, vendor: Loopback) -> None:
    vendor.on(alpaca.PATH, js({"bars": {}, "next_page_token": None}))
    (row,) = answer(say, "sources", "check", "alpaca", code=1)  # type: ignore[misc]
    assert (row["state"], row["fault"]) == ("empty", None)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (js({"bars": {"AAA": [{"t": "2024-03-14T04:00:00Z", "open": 1}]}, "next_page_token": None}), "schema_changed"),
        (alpaca.error("forbidden", 401), "bad_credentials"),
    ],
    ids=["another shape", "a refused key"],
)
def test_a_check_of_an_answer_that_does_not_fit_ends_with_the_fault(say: Say, vendor: Loopback, reply: Reply, code: str) -> None:
    vendor.on(alpaca.PATH, reply)
    (row,) = answer(say, "sources", "check", "alpaca", code=1)  # type: ignore[misc]
    assert (row["state"], row["rows"], row["fault"]["code"]) == ("failed", 0, code)
    assert f"refused: {code}" in say("sources", "check", "alpaca").output


def test_a_check_beyond_the_months_budget_asks_nothing(vendor: Loopback, tmp_path: Path) -> None:
    alpaca.platform(tmp_path, vendor, SYMBOLS, monthly_requests=0)
    shown = CliRunner().invoke(app, ["sources", "check", "alpaca", "--config", str(tmp_path / "marketdata.yaml")])
    assert shown.exit_code == 1
    assert "refused: budget" in shown.output
    assert vendor.asked == []


def test_a_plan_says_what_a_fetch_would_take_and_asks_nothing(say: Say, vendor: Loopback, tmp_path: Path) -> None:
    (row,) = answer(say, "plan", "AAA", "BBB", "--start", "2024")["sources"]  # type: ignore[call-overload, index]
    assert (row["source"], row["bars"], row["symbols"], row["windows"], row["requests"]) == ("alpaca", "us_equities 1d", 2, 2, 1)
    assert (row["expected_bars"], row["requests_left_after"], row["usd"], row["refused"]) == (2 * len(DAYS), 49, "0", "")
    assert vendor.asked == []
    assert answer(say, "plan", "--symbols", "AAA,BBB", "--start", "2024")["sources"] == [row]  # type: ignore[call-overload, index]
    fetched(tmp_path, vendor)
    assert "nothing is lacking" in say("plan", "--sources", "auto").stdout


def test_an_automatic_plan_tells_every_route(say: Say) -> None:
    told = answer(say, "plan", "--sources", "auto")
    routes = {row["symbol"]: row for row in told["routes"]}  # type: ignore[call-overload, index]
    assert {symbol: row["source"] for symbol, row in routes.items()} == dict.fromkeys(SYMBOLS, "alpaca")
    assert routes["AAA"]["tape"] == "alpaca sip"
    assert "routed to" in say("plan", "--sources", "auto").stdout


def test_a_plan_that_would_be_refused_ends_with_exit_code_1(vendor: Loopback, tmp_path: Path) -> None:
    alpaca.platform(tmp_path, vendor, SYMBOLS, monthly_requests=0)
    config = ["--config", str(tmp_path / "marketdata.yaml")]
    for sources in ("alpaca", "auto"):
        shown = CliRunner().invoke(app, ["plan", "--sources", sources, *config])
        assert shown.exit_code == 1, shown.output
    assert "takes about" in shown.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plan", "--sources", "polygon"], "sources that are: alpaca"),
        (["plan", "ZZZ"], "no instrument"),
        (["plan", "-t", "1m"], "no source is asked over the network"),
        (["costs", "--month", "November"], "write it as 2026-11"),
        (["fetch", "alpaca", "bars", "AAA", "--start", "2027", "-t", "1d"], "the window begins on 2027-01-01, which lies ahead"),
        (["sources", "check", "tingo"], "'tingo' is not configured"),
        (["sources", "check", "alpaca", "--symbol", "ZZZ"], "no instrument"),
    ],
    ids=" ".join,
)
def test_a_mistake_is_told_with_exit_code_2(say: Say, words: list[str], said: str) -> None:
    shown = say(*words)
    assert shown.exit_code == 2
    assert said in " ".join(shown.output.replace("│", " ").split())


def test_costs_show_the_month_by_source_and_endpoint(say: Say, vendor: Loopback, tmp_path: Path) -> None:
    good = vendor._answers[alpaca.PATH][0]
    down = [Reply(b"", 503)]

    def flaky(asked: Asked) -> Reply:
        return down.pop() if down else good(asked)  # type: ignore[operator, return-value]

    vendor.on(alpaca.PATH, flaky)
    fetched(tmp_path, vendor)
    told = answer(say, "costs")
    assert told["month"] == "2024-03"  # type: ignore[call-overload, index]
    (source,) = told["sources"]  # type: ignore[call-overload, index]
    assert (source["requests"], source["reserved"], source["requests_left"], source["usd"]) == (2, 0, 48, "0.00")
    assert source["used_percent"] == 4.0
    (endpoint,) = told["endpoints"]  # type: ignore[call-overload, index]
    assert (endpoint["endpoint"], endpoint["requests"], endpoint["usd"]) == ("stock_bars", 2, "0.00")
    assert answer(say, "costs", "--month", "2024-02")["endpoints"] == []  # type: ignore[call-overload, index]
    assert "sources in 2024-03, UTC" in say("costs").stdout


def test_the_ledger_and_the_answers_are_tables_that_sql_may_name(say: Say, vendor: Loopback, tmp_path: Path) -> None:
    fetched(tmp_path, vendor)
    (row,) = answer(say, "query", "SELECT endpoint, requests, micro_usd FROM usage.alpaca WHERE state = 'spent'")  # type: ignore[misc]
    assert row == {"endpoint": "stock_bars", "requests": 1, "micro_usd": 0}
    (count,) = answer(say, "query", "SELECT count(*) AS n FROM us_equities.fetches WHERE source = 'alpaca'")  # type: ignore[misc]
    assert count == {"n": 3}
    shown = {each["table"]: each["meaning"] for each in answer(say, "tables")}  # type: ignore[attr-defined]
    assert shown["usage.alpaca"].startswith("Requests sent to vendors")
    assert shown["us_equities.fetches"].startswith("What was asked of a vendor")


def test_without_a_networked_source_there_are_no_costs(tmp_path: Path) -> None:
    from marketdata_tests.support.small_lake import configure

    config = configure(tmp_path)
    assert "no source is asked over the network" in CliRunner().invoke(app, ["costs", "--config", str(config)]).stdout
