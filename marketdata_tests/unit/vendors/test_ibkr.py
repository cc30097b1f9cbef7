"""Interactive Brokers through the real ib_async, against a TWS on loopback."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.answer import Answer, RequestRecord
from marketdata_assets.sources.errors import NotEntitled, NotFound, RateLimited, Rejected, Unavailable, VendorFault
from marketdata_assets.sources.page import page_rows, page_series
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.strict_json import loads
from marketdata_assets.sources.vendors.ibkr import SOURCE
from marketdata_tests.support.tws import Answering, Tws, bars, quotes, trades, trouble
from marketdata_tests.support.virtual_time import VirtualTime, run

NEVER = datetime(2100, 1, 1, tzinfo=UTC)
OPEN = 1_704_292_200  # 2024-01-03 09:30 in New York
ROW = (OPEN, 10.0, 12.5, 9.75, 11.125, 1234, 11.0, 56)


@pytest.fixture(autouse=True)
def library() -> None:
    pytest.importorskip("ib_async", reason="ib_async, the extra `ibkr`, is not installed")


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def question(dataset: str = "bars", length: str = "1h", symbol: str = "TSLA", **options: str) -> Question:
    return Question(dataset, (symbol,), Window(at(2024, 1, 3), at(2024, 1, 4)), timeframe(length), options)


class Asked:
    """What came of a question: answers or the fault, what TWS heard, what was archived, and how long it took."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.fault: VendorFault | None = None
        self.heard: list[list[str]] = []
        self.ids: list[int] = []
        self.written: list[tuple[bytes, RequestRecord]] = []
        self.naps: list[float] = []


def ask(
    asked: Question, answer: Answering, *, attempts: int = 1, deadline: float = 90.0, times: int = 1, taken: Sequence[int] = ()
) -> Asked:
    found, time = Asked(), VirtualTime()

    async def scene() -> None:
        async with Tws(answer, taken=taken) as tws:
            (api,) = SOURCE.apis_for(None, tws.url)
            api = replace(api, limits=replace(api.limits, attempts=attempts, deadline=deadline))
            keep: Callable[[bytes, RequestRecord], None] = lambda data, record: found.written.append((data, record))  # noqa: E731
            async with SOURCE.client(api, on_payload=keep, time=time) as client:
                try:
                    for request in [*SOURCE.dataset(asked.dataset).ask(asked)] * times:
                        found.answers += [answer async for answer in client.pages(request)]
                except VendorFault as fault:
                    found.fault = fault
            found.heard, found.ids, found.naps = tws.asked, tws.ids, time.naps

    run(scene())
    return found


def test_bars_come_through_the_socket_and_are_archived_as_a_document_that_is_read_again() -> None:
    found = ask(question(), lambda fields: [bars(fields[1], [ROW])])
    ((data, record),) = found.written
    assert (record.endpoint, record.status, record.source) == ("reqHistoricalData", 200, "ibkr")
    assert loads(data) == found.answers[0].data
    (series,) = page_series(SOURCE.dataset("bars"), question(), loads(data), NEVER)
    row = series.bars.row(0, named=True)
    assert (row["timestamp"], row["vendor_symbol"]) == (at(2024, 1, 3, 14, 30), "TSLA")
    assert [row[name] for name in ("open", "high", "low", "close", "volume", "vwap", "trade_count")] == [
        10.0,
        12.5,
        9.75,
        11.125,
        1234.0,
        11.0,
        56,
    ]
    assert {row["price_basis"], row["volume_basis"]} == {"split_adjusted"}


def test_what_is_asked_is_the_contract_the_bar_length_and_whole_days_of_new_york() -> None:
    (heard,) = ask(question(symbol="BRK B/NYSE"), lambda fields: [bars(fields[1], [])]).heard
    assert (heard[0], heard[3], heard[4], heard[9:12]) == ("20", "BRK B", "STK", ["SMART", "NYSE", "USD"])
    assert heard[15:] == ["20240104 05:00:00 UTC", "1 hour", "1 M", "1", "TRADES", "2", "0", ""]
    assert SOURCE.spellings["us_equities"].theirs("BRK.B") == "BRK B"


@pytest.mark.parametrize(("length", "count", "last"), [("1m", 15, "20240117 05:00:00 UTC"), ("5m", 3, "20240117 05:00:00 UTC")])
def test_fine_bars_are_asked_for_in_the_largest_pieces_that_are_allowed(length: str, count: int, last: str) -> None:
    window = Window(at(2024, 1, 2, 5), at(2024, 1, 17, 5))
    requests = SOURCE.dataset("bars").ask(Question("bars", ("TSLA",), window, timeframe(length), {"hours": "all"}))
    ends = [str(request.params["endDateTime"]) for request in requests]
    assert (len(ends), ends[-1], requests[0].params["useRTH"]) == (count, last, 0)
    assert ends == sorted(set(ends))
    (summer,) = SOURCE.dataset("bars").ask(Question("bars", ("TSLA",), Window(at(2024, 7, 1), at(2024, 7, 2)), timeframe("1d")))
    assert summer.params["endDateTime"] == "20240702 04:00:00 UTC"


def test_a_day_is_its_date_and_minus_one_is_no_volume() -> None:
    found = ask(question(length="1d"), lambda fields: [bars(fields[1], [("20240103", 1, 2, 0.5, 1.5, -1, -1, -1)])])
    (series,) = page_series(SOURCE.dataset("bars"), question(length="1d"), found.answers[0].data, NEVER)
    row = series.bars.row(0, named=True)
    assert row["timestamp"] == at(2024, 1, 3)
    assert (row["close"], row["volume"], row["vwap"], row["trade_count"]) == (1.5, None, None, None)


def test_the_vendors_word_that_there_is_no_data_is_an_empty_answer_and_stands_in_the_archive() -> None:
    words = "Historical Market Data Service error message:HMDS query returned no data: TSLA@SMART Trades"
    found = ask(question(), lambda fields: [trouble(fields[1], 162, words)])
    assert found.fault is None
    assert page_series(SOURCE.dataset("bars"), question(), found.answers[0].data, NEVER) == []
    assert loads(found.written[0][0])["error"] == {"code": 162, "message": words}


@pytest.mark.parametrize(
    ("code", "words", "fault"),
    [
        (162, "Historical Market Data Service error message:Historical data request pacing violation", RateLimited),
        (162, "Historical Market Data Service error message:API historical data query cancelled: 5", Unavailable),
        (162, "Historical Market Data Service error message:No market data permissions for NYSE STK", NotEntitled),
        (162, "Historical Market Data Service error message:something nobody has seen", Rejected),
        (100, "Max rate of messages per second has been exceeded", RateLimited),
        (200, "No security definition has been found for the request", NotFound),
        (321, "Error validating request:-'bY' : cause - Invalid step", Rejected),
        (322, "Error processing request", Rejected),
        (354, "Requested market data is not subscribed", NotEntitled),
        (366, "No historical data query found for ticker id:5", Unavailable),
        (420, "Invalid Real-time Query:Historical data request pacing violation", RateLimited),
        (10187, "Failed to request historical ticks:No market data permissions for NYSE STK", NotEntitled),
        (10197, "No market data during competing live session", Unavailable),
    ],
)
def test_a_message_about_the_request_is_its_fault(code: int, words: str, fault: type[VendorFault]) -> None:
    found = ask(question(), lambda fields: [trouble(fields[1], code, words)])
    assert type(found.fault) is fault
    assert words in found.fault.found
    assert len(found.written) == 1


def test_notices_are_no_faults_and_a_lost_connection_is_one_for_everybody_who_waits() -> None:
    noisy = [trouble(-1, 2107, "HMDS data farm connection is inactive"), trouble(-1, 2158, "Sec-def data farm connection is OK")]
    assert ask(question(), lambda fields: [*noisy, trouble(fields[1], 165, "query"), bars(fields[1], [ROW])]).answers
    lost = ask(question(), lambda fields: [trouble(-1, 1100, "Connectivity between IBKR and Trader Workstation has been lost")])
    assert type(lost.fault) is Unavailable
    assert "1100" in lost.fault.found


def test_a_socket_that_closes_and_an_answer_that_never_comes_are_outages_and_not_no_data() -> None:
    closed = ask(question(), lambda fields: None)
    assert type(closed.fault) is Unavailable
    assert "hung up" in closed.fault.found
    late = ask(question(), lambda fields: [], deadline=30.0)
    assert type(late.fault) is Unavailable
    assert "no answer within 30 s" in late.fault.found
    assert late.heard[-1][0] == "25"  # cancelHistoricalData


def test_after_an_outage_it_connects_anew_and_an_identical_request_waits_fifteen_seconds() -> None:
    replies = iter([None, "bars"])
    found = ask(question(), lambda fields: [bars(fields[1], [ROW])] if next(replies) else None, attempts=2)
    assert len(found.answers) == 1
    assert len(found.ids) == 2
    assert sum(found.naps) == pytest.approx(15.0, abs=0.01)
    again = ask(question(), lambda fields: [bars(fields[1], [ROW])], times=2)
    assert len(again.heard) == 2
    assert max(again.naps) == pytest.approx(15.0, abs=0.5)


def test_a_client_id_that_is_taken_is_passed_over() -> None:
    found = ask(question(), lambda fields: [bars(fields[1], [ROW])], taken=(3_110, 3_111))
    assert found.ids == [3_112]
    assert found.answers
    assert "all taken" in str(ask(question(), lambda fields: [], taken=range(3_110, 3_118)).fault)


def tick(second: int, number: int) -> tuple[int, float, float, str, str]:
    return (OPEN + second, 100.0 + number, 1.0 + number, "ISLAND", "F T" if number % 2 else "")


def test_trades_are_dated_by_the_second_and_none_is_lost_or_doubled_between_pages() -> None:
    tape = [tick(i // 300, i) for i in range(2_100)]  # 300 trades a second for seven seconds

    def answer(fields: list[str]) -> list[Any]:
        start = int(datetime.strptime(fields[15], "%Y%m%d %H:%M:%S UTC").replace(tzinfo=UTC).timestamp())
        rest = [row for row in tape if row[0] >= start]
        page = [row for row in rest if row[0] <= rest[min(999, len(rest) - 1)][0]] if rest else []  # the last second is completed
        return [trades(fields[1], page[:400], done=len(page) <= 400), *([trades(fields[1], page[400:])] if len(page) > 400 else [])]

    asked = question("trades", "1h")
    found = ask(asked, answer)
    frames = [page_rows(SOURCE.dataset("trades"), asked, each.data, NEVER, "0" * 64) for each in found.answers]
    rows = [row for frame in frames for row in frame.select("price", "quantity", "exchange", "conditions").rows()]
    assert rows == [(100.0 + i, 1.0 + i, "ISLAND", "F,T" if i % 2 else None) for i in range(2_100)]
    assert [heard[15] for heard in found.heard] == ["20240103 00:00:00 UTC", "20240103 14:30:03 UTC", "20240103 14:30:06 UTC"]
    assert found.heard[0][16:] == ["", "1000", "TRADES", "1", "0", ""]


def test_a_page_of_a_single_second_is_whole_and_pages_end_with_the_window() -> None:
    late = 1_704_326_400  # the end of the window
    first, after = [(OPEN, 1.0, 1.0, "Q", "")] * 1_200, [(late + i // 2, 1.0, 1.0, "Q", "") for i in range(1_000)]
    asked = question("trades", "1h")
    found = ask(asked, lambda fields: [trades(fields[1], first if fields[15].startswith("20240103 00") else after)])
    frames = [page_rows(SOURCE.dataset("trades"), asked, each.data, NEVER, "0" * 64) for each in found.answers]
    assert [frame.height for frame in frames] == [1_200, 0]
    assert [heard[15][9:17] for heard in found.heard] == ["00:00:00", "14:30:01"]


def test_quotes_leave_out_a_side_without_a_price_and_weigh_twice() -> None:
    asked = question("quotes", "1h")
    found = ask(asked, lambda fields: [quotes(fields[1], [(OPEN, 9.5, 10.5, 3, 4), (OPEN, 0, 10.5, 0, 4)])])
    rows = page_rows(SOURCE.dataset("quotes"), asked, found.answers[0].data, NEVER, "0" * 64)
    assert rows.select("bid_price", "bid_size", "ask_price", "ask_size").rows() == [(9.5, 3.0, 10.5, 4.0), (None, None, 10.5, 4.0)]
    assert found.answers[0].record.cost == 2
    assert ask(question("trades", "1h"), lambda fields: [trades(fields[1], [])]).answers[0].record.cost == 1
    assert found.heard[0][18] == "BID_ASK"


def test_the_pacing_rules_are_budgets() -> None:
    bars_, ticks = (SOURCE.plan().budgets[name].quotas for name in ("bars", "ticks"))
    assert [(quota.limit, quota.per) for quota in bars_] == [(6, 2.0)]
    assert [(quota.limit, quota.per, quota.unit) for quota in ticks] == [(60, 600.0, "weight"), (6, 2.0, "requests")]
    assert SOURCE.apis_for("tws_paper")[0].base_url == "http://127.0.0.1:7497"


def test_without_a_gateway_it_says_what_to_start_and_without_the_extra_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(url: str) -> None:
        (api,) = SOURCE.apis_for(None, url)
        api = replace(api, limits=replace(api.limits, attempts=1))
        async with SOURCE.client(api, time=VirtualTime()) as client:
            await client.fetch(SOURCE.dataset("bars").ask(question())[0])

    async def closed_port() -> str:
        async with Tws(lambda fields: []) as tws:
            return tws.url

    url = run(closed_port())
    with pytest.raises(Unavailable, match="start TWS or IB Gateway"):
        run(scene(url))
    monkeypatch.setitem(sys.modules, "ib_async", None)
    with pytest.raises(ConfigFault, match=r"pip install marketdata-assets\[ibkr\]"):
        run(scene(url))
