"""Yahoo's charts: windows, sessions, events, nulls and the live row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.errors import NotFound, RateLimited, Rejected, SchemaChanged, Unavailable, VendorFault
from marketdata_assets.sources.page import page_rows, page_series
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.vendors.yahoo import SOURCE
from marketdata_tests.support.loopback import Reply, js
from marketdata_tests.support.vendor_answers import told

NEVER = datetime(2100, 1, 1, tzinfo=UTC)
WINTER, SUMMER = 1_704_292_200, 1_719_927_000  # 2024-01-03 and 2024-07-02, 09:30 in New York
DAY = 86_400


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


YEAR = Window(at(2024, 1, 1), at(2025, 1, 1))


def question(dataset: str = "daily", length: str = "1d", window: Window = YEAR) -> Question:
    return Question(dataset, ("AAPL",), window, timeframe(length))


def chart(times: list[int], events: Any = None, grain: str = "1d", zone: str = "America/New_York", **columns: list[Any]) -> dict[str, Any]:
    plain = {name: [float(i + 1) for i in range(len(times))] for name in ("open", "high", "low", "close", "volume")}
    indicators: dict[str, Any] = {"quote": [{**plain, **columns}]}
    if grain == "1d":
        indicators["adjclose"] = [{"adjclose": [0.5] * len(times)}]
    meta = {"currency": "USD", "symbol": "AAPL", "gmtoffset": 0, "exchangeTimezoneName": zone, "dataGranularity": grain}
    result = {"meta": meta, "timestamp": times, "indicators": indicators, **({"events": events} if events else {})}
    return {"chart": {"result": [result], "error": None}}


def read(document: Any, asked: Question | None = None) -> Any:
    asked = asked or question()
    return page_series(SOURCE.dataset(asked.dataset), asked, document, NEVER)[0].bars


def test_a_daily_bar_belongs_to_the_date_of_its_open_in_the_zone_of_its_exchange() -> None:
    assert read(chart([WINTER, SUMMER]))["timestamp"].to_list() == [at(2024, 1, 3), at(2024, 7, 2)]
    midnight_in_london = 1_719_874_800  # 2024-07-02 00:00 BST is the evening before in UTC
    assert read(chart([midnight_in_london], zone="Europe/London"))["timestamp"].to_list() == [at(2024, 7, 2)]


def test_only_entries_without_any_price_are_left_out_and_lines_still_count_them() -> None:
    times = [WINTER + i * DAY for i in range(4)]
    none = {name: [1.0, None, 3.0, None] for name in ("open", "high", "low")}
    bars = read(chart(times, **none, close=[1.0, None, 3.0, 4.0], volume=[None, None, 30, 40]))
    assert bars["line"].to_list() == [1, 3, 4]
    assert bars["open"].to_list() == [1.0, 3.0, None]
    assert bars["close"].to_list() == [1.0, 3.0, 4.0]
    assert bars["volume"].to_list() == [None, 30.0, 40.0]


def test_a_second_row_of_the_newest_date_is_the_live_price_and_a_lone_one_is_the_day() -> None:
    live = WINTER + DAY + 3 * 3600 + 17
    assert read(chart([WINTER, WINTER + DAY, live]))["timestamp"].to_list() == [at(2024, 1, 3), at(2024, 1, 4)]
    assert read(chart([WINTER, live]))["timestamp"].to_list() == [at(2024, 1, 3), at(2024, 1, 4)]


def test_an_intraday_row_between_minutes_is_the_live_price() -> None:
    times = [WINTER, WINTER + 60, WINTER + 97]
    bars = read(chart(times, grain="1m"), question("one_minute", "1m"))
    assert bars["timestamp"].to_list() == [at(2024, 1, 3, 14, 30), at(2024, 1, 3, 14, 31)]
    assert bars["adj_close"].to_list() == [None, None]


def test_events_stand_beside_the_bar_of_their_session() -> None:
    events = {
        "dividends": {str(WINTER): {"amount": 0.24, "date": WINTER}},
        "splits": {str(WINTER + DAY): {"date": WINTER + DAY, "numerator": 3, "denominator": 2, "splitRatio": "3:2"}},
    }
    bars = read(chart([WINTER, WINTER + DAY], events))
    assert bars["dividend"].to_list() == [0.24, 0.0]
    assert bars["split_ratio"].to_list() == [1.0, 1.5]
    assert set(bars["price_basis"]) | set(bars["volume_basis"]) == {"split_adjusted"}


def test_events_are_corporate_actions_too() -> None:
    events = {
        "dividends": {str(WINTER): {"amount": 0.24, "date": WINTER}},
        "splits": {str(SUMMER): {"date": SUMMER, "numerator": 1, "denominator": 10, "splitRatio": "1:10"}},
    }
    rows = page_rows(SOURCE.dataset("corporate_actions"), question("corporate_actions"), chart([WINTER], events), NEVER, "0" * 64)
    assert rows.select("kind", "ratio", "amount", "currency", "symbol").rows() == [
        ("cash_dividend", None, 0.24, "USD", None),
        ("split", 0.1, None, None, None),
    ]
    assert [str(day) for day in rows["ex_date"]] == ["2024-01-03", "2024-07-02"]
    none = page_rows(SOURCE.dataset("corporate_actions"), question("corporate_actions"), chart([]), NEVER, "0" * 64)
    assert none.height == 0


@pytest.mark.parametrize(
    "document",
    [
        chart([WINTER], close=[1.0, 2.0]),
        chart([WINTER], close=["1.0"]),
        chart([WINTER], grain="1h"),
        chart([WINTER], zone="Mars/Olympus"),
        chart([WINTER + 0.5]),  # type: ignore[list-item]
        {"chart": {"result": [], "error": None}},
        {"quoteResponse": {"result": []}},
    ],
)
def test_what_is_no_chart_of_that_length_is_a_changed_schema(document: Any) -> None:
    with pytest.raises(SchemaChanged):
        page_series(SOURCE.dataset("daily"), question(), document, NEVER)


def test_both_ends_of_a_window_are_inclusive_there_so_the_last_second_is_asked_for() -> None:
    (request,) = SOURCE.dataset("daily").ask(question())
    assert request.url("https://h") == (
        "https://h/v8/finance/chart/AAPL?includePrePost=false&events=div,splits&interval=1d&period1=1704067200&period2=1735689599"
    )
    month = SOURCE.dataset("one_minute").ask(question("one_minute", "1m", Window(at(2024, 1, 1), at(2024, 1, 16))))
    assert [(int(r.params["period2"]) - int(r.params["period1"]) + 1) // DAY for r in month] == [7, 7, 1]
    (special,) = SOURCE.dataset("daily").ask(Question("daily", ("EURUSD=X",), question().window, timeframe("1d")))
    assert "/chart/EURUSD%3DX?" in special.url("https://h")


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (Reply(b"Edge: Too Many Requests", 429, {"Content-Type": "text/plain"}), RateLimited),
        (Reply(b"Edge: Too Many Requests", 200, {"Content-Type": "text/plain"}), RateLimited),
        (js({"chart": {"result": None, "error": {"code": "Not Found", "description": "No data found"}}}), NotFound),
        (
            js({"chart": {"result": None, "error": {"code": "Bad Request", "description": "Data doesn't exist for startDate = 1"}}}, 400),
            NotFound,
        ),
        (js({"chart": {"result": None, "error": {"code": "Unprocessable Entity", "description": "?"}}}, 422), Rejected),
        (Reply(b"<html>Will be right back", 200, {"Content-Type": "text/html"}), Unavailable),
        (Reply(b"<html>edge", 999, {"Content-Type": "text/html"}), Unavailable),
    ],
)
def test_complaints_in_the_document_in_a_status_or_in_plain_words_are_faults(reply: Reply, fault: type[VendorFault]) -> None:
    assert type(told(SOURCE, SOURCE.dataset("daily").ask(question())[0], reply).fault) is fault


def test_it_is_off_unless_switched_on_and_writes_share_classes_with_a_dash() -> None:
    assert not SOURCE.official
    assert SOURCE.spellings["us_equities"].theirs("BRK.B") == "BRK-B"
    assert SOURCE.spellings["crypto"].theirs("BTC-USD") == "BTC-USD"
    assert all(dataset.answers_more for dataset in SOURCE.datasets if dataset.data == "bars")
    assert SOURCE.plan().budgets["default"].scope == "address"
