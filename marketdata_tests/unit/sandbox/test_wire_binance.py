"""Binance in the sandbox: paths, limits, both ends of a window, codes of errors, weights, and the archive of files."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from marketdata_assets.sandbox.market import Market, simulate
from marketdata_assets.sandbox.spec import Spec
from marketdata_assets.sandbox.wire.server import serving
from marketdata_tests.unit.sandbox.shapes import row_shape, shape
from marketdata_tests.unit.sandbox.venue import Venue

HOUR = 3_600_000
MARCH = 1_740_787_200_000  # 2025-03-01 00:00 UTC


@pytest.fixture(scope="module")
def binance(market: Market) -> Iterator[Venue]:
    with serving(market, ["binance"], limits=False) as server:
        yield Venue(server, "binance")


def klines(binance: Venue, **query: object) -> list[list[object]]:
    answer = binance.get("/api/v3/klines", **{"symbol": "SIMAUSDT", "interval": "1h", **query})
    assert answer.status == 200
    return answer.json


def test_candles_are_those_of_the_landed_files_defects_included(binance: Venue, market: Market) -> None:
    sent = {file.path: file.data for delivery in market.deliveries() for file in delivery.files}
    for pair, month in (("SIMAUSDT", "2025-03"), ("SIMAUSDT", "2024-03"), ("SIMBUSDT", "2025-04")):
        interval = "1d" if month < "2025" else "1h"
        path = f"data/spot/monthly/klines/{pair}/{interval}/{pair}-{interval}-{month}.zip"
        assert binance.get("/" + path).body == sent[path]
        assert binance.get(f"/{path}.CHECKSUM").body == sent[f"{path}.CHECKSUM"]


def test_without_times_the_newest_rows_come_and_500_of_them(binance: Venue) -> None:
    rows = klines(binance)
    assert len(rows) == 500
    assert rows[-1][0] == 1_751_324_400_000  # the last hour of June 2025
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)  # type: ignore[type-var]
    assert len(klines(binance, limit=1000)) == len(klines(binance, limit=5000)) == 1000


def test_both_ends_of_a_window_are_inclusive(binance: Venue) -> None:
    opens = [row[0] for row in klines(binance, startTime=MARCH, endTime=MARCH + 2 * HOUR)]
    assert opens == [MARCH, MARCH + HOUR, MARCH + 2 * HOUR]
    assert [row[0] for row in klines(binance, startTime=MARCH + 1, endTime=MARCH + 2 * HOUR - 1)] == [MARCH + HOUR]
    assert [row[0] for row in klines(binance, startTime=MARCH, endTime=MARCH)] == [MARCH]


def test_a_start_alone_gives_the_oldest_and_an_end_alone_the_newest(binance: Venue) -> None:
    assert [row[0] for row in klines(binance, startTime=MARCH, limit=2)] == [MARCH, MARCH + HOUR]
    assert [row[0] for row in klines(binance, endTime=MARCH, limit=2)] == [MARCH - HOUR, MARCH]
    assert klines(binance, startTime=1_893_456_000_000) == []


def test_microseconds_are_understood_and_sent_on_demand(binance: Venue) -> None:
    rows = binance.get(
        "/api/v3/klines", {"X-MBX-TIME-UNIT": "MICROSECOND"}, symbol="SIMAUSDT", interval="1h", startTime=MARCH * 1000, limit=1
    ).json
    assert (rows[0][0], rows[0][6]) == (MARCH * 1000, (MARCH + HOUR) * 1000 - 1)
    assert rows[0][1:6] == klines(binance, startTime=MARCH, limit=1)[0][1:6]


@pytest.mark.parametrize(
    ("interval", "opens"),
    [
        ("2h", [MARCH, MARCH + 2 * HOUR]),
        ("1d", [MARCH, MARCH + 24 * HOUR]),
        ("1w", [MARCH + 48 * HOUR, MARCH + 9 * 24 * HOUR]),  # Mondays: 3 and 10 March 2025
        ("1M", [MARCH, 1_743_465_600_000]),  # 1 March, 1 April
    ],
)
def test_long_candles_open_on_the_clock(binance: Venue, interval: str, opens: list[int]) -> None:
    rows = klines(binance, interval=interval, startTime=MARCH, limit=2)
    assert [row[0] for row in rows] == opens
    assert rows[0][6] == (opens[1] if interval != "1w" else opens[0] + 7 * 24 * HOUR) - 1


def test_a_day_of_another_time_zone_begins_at_its_midnight(binance: Venue) -> None:
    day = klines(binance, interval="1d", startTime=MARCH, limit=1, timeZone="8")[0]
    assert day[0] == MARCH + 16 * HOUR  # midnight in UTC+8 is 16:00 UTC
    hours = klines(binance, startTime=day[0], limit=24)
    assert (day[1], day[4]) == (hours[0][1], hours[-1][4])
    assert float(day[5]) == pytest.approx(sum(float(hour[5]) for hour in hours))  # type: ignore[arg-type]


def test_minutes_that_the_market_lacks_are_made_of_the_trades_and_add_up_to_the_hour(binance: Venue) -> None:
    minutes = klines(binance, interval="1m", startTime=MARCH, endTime=MARCH + HOUR - 1)
    assert [row[0] for row in minutes] == [MARCH + 60_000 * n for n in range(60)]
    hour = klines(binance, startTime=MARCH, limit=1)[0]
    assert (minutes[0][1], minutes[-1][4]) == (hour[1], hour[4])
    assert sum(float(row[5]) for row in minutes) == pytest.approx(float(hour[5]))  # type: ignore[arg-type]
    assert max(float(row[2]) for row in minutes) == float(hour[2])  # type: ignore[arg-type]
    assert any(row[8] == 0 and row[1] == row[4] for row in minutes)  # flat where nothing traded


def test_the_running_candle_is_the_last_one_and_half_made(market: Market) -> None:
    noon = datetime(2025, 3, 1, 12, 30, tzinfo=UTC)
    with serving(market, ["binance"], limits=False, seen_at=noon) as server:
        running = klines(Venue(server, "binance"), limit=1)[0]
        server.show(datetime(2025, 3, 1, 14, tzinfo=UTC))
        done = klines(Venue(server, "binance"), startTime=running[0], limit=1)[0]
    assert running[0] == MARCH + 12 * HOUR == done[0]
    assert running[6] > int(noon.timestamp() * 1000)  # type: ignore[operator]
    assert float(running[5]) == pytest.approx(float(done[5]) / 2)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("klines", {"symbol": "NOPE", "interval": "1h"}, -1121),
        ("klines", {"symbol": "simausdt", "interval": "1h"}, -1100),
        ("klines", {"symbol": "SIMAUSDT", "interval": "1H"}, -1120),
        ("klines", {"interval": "1h"}, -1102),
        ("klines", {"symbol": "SIMAUSDT"}, -1102),
        ("klines", {"symbol": "SIMAUSDT", "interval": "1h", "startTime": "yesterday"}, -1100),
        ("klines", {"symbol": "SIMAUSDT", "interval": "1d", "timeZone": "15"}, -1130),
        ("klines", {"symbol": "SIMAUSDT", "interval": "1d", "limit": 0}, -1130),
        ("aggTrades", {"symbol": "SIMAUSDT", "fromId": 1, "startTime": MARCH}, -1128),
        ("exchangeInfo", {"symbols": '["SIMAUSDT","NOPE"]'}, -1121),
    ],
)
def test_refusals_carry_binances_codes(binance: Venue, path: str, query: dict[str, object], code: int) -> None:
    answer = binance.get(f"/api/v3/{path}", **query)
    assert answer.status == 400
    assert answer.json["code"] == code
    assert answer.json["msg"]


def test_aggregated_trades_are_numbered_without_a_gap_and_paged_by_number(binance: Venue) -> None:
    first = binance.get("/api/v3/aggTrades", symbol="SIMAUSDT", startTime=MARCH, limit=40).json
    assert [row["a"] for row in first] == list(range(first[0]["a"], first[0]["a"] + 40))
    assert all(row["f"] == row["l"] == row["a"] for row in first)
    again = binance.get("/api/v3/aggTrades", symbol="SIMAUSDT", fromId=first[20]["a"], limit=20).json
    assert again == first[20:]
    bounded = binance.get("/api/v3/aggTrades", symbol="SIMAUSDT", startTime=first[3]["T"], endTime=first[5]["T"]).json
    assert bounded == first[3:6]


def test_trades_add_up_to_the_hour(binance: Venue) -> None:
    trades = binance.get("/api/v3/aggTrades", symbol="SIMAUSDT", startTime=MARCH, endTime=MARCH + HOUR - 1, limit=1000).json
    hour = klines(binance, startTime=MARCH, limit=1)[0]
    assert sum(float(row["q"]) for row in trades) == pytest.approx(float(hour[5]))  # type: ignore[arg-type]
    assert (trades[0]["p"], trades[-1]["p"]) == (hour[1], hour[4])


def test_trades_keep_their_numbers_as_time_goes_by(market: Market) -> None:
    with serving(market, ["binance"], limits=False, seen_at=datetime(2025, 3, 2, tzinfo=UTC)) as server:
        before = Venue(server, "binance").get("/api/v3/aggTrades", symbol="SIMBUSDT", startTime=MARCH, limit=50).json
        server.show(datetime(2025, 5, 1, tzinfo=UTC))
        after = Venue(server, "binance").get("/api/v3/aggTrades", symbol="SIMBUSDT", startTime=MARCH, limit=50).json
    assert before == after


def test_the_archive_counts_milliseconds_before_2025_and_microseconds_after(binance: Venue) -> None:
    for day, first, last in (
        ("2024-12-31", 1_735_603_200_000, 1_735_689_599_999),
        ("2025-01-01", 1_735_689_600_000_000, 1_735_775_999_999_999),
    ):
        name = f"SIMAUSDT-1d-{day}"
        answer = binance.get(f"/data/spot/daily/klines/SIMAUSDT/1d/{name}.zip")
        archive = zipfile.ZipFile(io.BytesIO(answer.body))
        assert archive.namelist() == [f"{name}.csv"]
        rows = list(csv.reader(io.TextIOWrapper(archive.open(f"{name}.csv"))))
        assert [(int(row[0]), int(row[6]), len(row)) for row in rows] == [(first, last, 12)]
        checksum = binance.get(f"/data/spot/daily/klines/SIMAUSDT/1d/{name}.zip.CHECKSUM").body.decode()
        assert checksum == f"{hashlib.sha256(answer.body).hexdigest()}  {name}.zip\n"


@pytest.mark.parametrize(
    ("path", "at", "status"),
    [
        ("daily/klines/SIMAUSDT/1h/SIMAUSDT-1h-2025-05-31", datetime(2025, 5, 31, 23, 59, tzinfo=UTC), 404),
        ("daily/klines/SIMAUSDT/1h/SIMAUSDT-1h-2025-05-31", datetime(2025, 6, 1, tzinfo=UTC), 200),
        ("monthly/klines/SIMAUSDT/1mo/SIMAUSDT-1mo-2025-05", datetime(2025, 6, 1, 23, tzinfo=UTC), 404),
        ("monthly/klines/SIMAUSDT/1mo/SIMAUSDT-1mo-2025-05", datetime(2025, 6, 2, tzinfo=UTC), 200),  # the first Monday of June
        ("monthly/klines/SIMAUSDT/1M/SIMAUSDT-1M-2025-05", datetime(2025, 6, 20, tzinfo=UTC), 404),
        ("daily/klines/SIMAUSDT/1w/SIMAUSDT-1w-2025-05-31", datetime(2025, 6, 20, tzinfo=UTC), 404),
        ("daily/klines/SIMAUSDT/1h/SIMBUSDT-1h-2025-05-31", datetime(2025, 6, 20, tzinfo=UTC), 404),
        ("daily/trades/SIMAUSDT/SIMAUSDT-trades-2025-05-31", datetime(2025, 6, 20, tzinfo=UTC), 200),
    ],
)
def test_files_appear_when_they_are_published(market: Market, path: str, at: datetime, status: int) -> None:
    with serving(market, ["binance"], limits=False, seen_at=at) as server:
        assert Venue(server, "binance").get(f"/data/spot/{path}.zip").status == status


def test_minutes_of_a_market_that_has_them_are_the_markets() -> None:
    market = simulate(Spec(crypto_minute_days=3))
    with serving(market, ["binance"], limits=False) as server:
        rows = klines(Venue(server, "binance"), interval="1m", limit=5)
        expected = server.book.bars("binance", "SIMA-USDT", "1m").tail(5)
    assert [float(row[4]) for row in rows] == expected["close"].to_list()  # type: ignore[arg-type]
    assert [row[8] for row in rows] == expected["trade_count"].to_list()


def test_weight_is_counted_a_minute_and_going_on_after_429_ends_in_a_ban(market: Market) -> None:
    now = [0.0]
    with serving(market, ["binance"], rate=30, monotonic=lambda: now[0]) as server:
        binance = Venue(server, "binance")
        seen = [binance.get("/api/v3/exchangeInfo"), *(binance.get("/api/v3/klines", symbol="SIMAUSDT", interval="1h") for _ in range(5))]
        assert [answer.headers["x-mbx-used-weight-1m"] for answer in seen] == ["20", "22", "24", "26", "28", "30"]
        refused = binance.get("/api/v3/exchangeInfo")
        assert (refused.status, refused.json["code"], refused.headers["retry-after"]) == (429, -1003, "60")
        banned = binance.get("/api/v3/exchangeInfo")
        assert (banned.status, banned.json["code"], banned.headers["retry-after"]) == (418, -1003, "120")
        now[0] = 119.0
        assert binance.get("/api/v3/ping").status == 418
        now[0] = 121.0
        assert binance.get("/api/v3/ping").status == 200


def test_books_weigh_by_their_depth(market: Market) -> None:
    with serving(market, ["binance"]) as server:
        binance = Venue(server, "binance")
        used = [
            int(binance.get("/api/v3/depth", symbol="SIMAUSDT", limit=n).headers["x-mbx-used-weight-1m"]) for n in (100, 101, 501, 1001)
        ]
    assert [b - a for a, b in zip([0, *used], used, strict=False)] == [5, 25, 50, 250]


def test_a_book_has_bids_falling_and_asks_rising(binance: Venue) -> None:
    book = binance.get("/api/v3/depth", symbol="SIMAUSDT", limit=50).json
    bids, asks = ([float(price) for price, _ in book[side]] for side in ("bids", "asks"))
    assert len(bids) == len(asks) == 50
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("recorded", "path", "query"),
    [
        ("rest_time", "time", {}),
        ("rest_agg_trades", "aggTrades", {"symbol": "SIMAUSDT", "limit": 30}),
        ("rest_trades", "trades", {"symbol": "SIMAUSDT", "limit": 30}),
        ("rest_historical_trades", "historicalTrades", {"symbol": "SIMAUSDT", "limit": 30}),
        ("rest_depth", "depth", {"symbol": "SIMAUSDT", "limit": 10}),
        ("rest_book_ticker", "ticker/bookTicker", {"symbol": "SIMAUSDT"}),
        ("rest_ticker_price", "ticker/price", {"symbol": "SIMAUSDT"}),
        ("rest_ping", "ping", {}),
    ],
)
def test_answers_have_the_recorded_shape(shared: Path, binance: Venue, recorded: str, path: str, query: dict[str, object]) -> None:
    expected = json.loads((shared / "fixtures/binance" / f"{recorded}.json").read_text())
    assert shape(binance.get(f"/api/v3/{path}", **query).json) == shape(expected)


@pytest.mark.realdata
def test_candles_have_the_recorded_cells(shared: Path, binance: Venue) -> None:
    expected = json.loads((shared / "fixtures/binance/rest_klines.json").read_text())
    for row in klines(binance, limit=5):
        assert row_shape(row) == row_shape(expected[0])
        assert [len(str(cell).partition(".")[2]) for cell in row] == [len(str(cell).partition(".")[2]) for cell in expected[0]]


@pytest.mark.realdata
def test_pairs_have_every_recorded_field(shared: Path, binance: Venue) -> None:
    recorded = json.loads((shared / "fixtures/binance/rest_exchange_info.json").read_text())
    made = binance.get("/api/v3/exchangeInfo").json
    assert set(recorded) <= set(made)
    for name, kind in shape(recorded["symbols"][0]).items():
        if name not in ("filters", "permissions"):  # permissions are empty today, some filters have new names
            assert shape(made["symbols"][0])[name] == kind
    recorded_filters, made_filters = ({one["filterType"]: shape(one) for one in info["symbols"][0]["filters"]} for info in (recorded, made))
    for name in set(recorded_filters) & set(made_filters):
        assert made_filters[name] == recorded_filters[name]
    assert {"PRICE_FILTER", "LOT_SIZE"} <= set(made_filters)


@pytest.mark.realdata
def test_errors_are_the_recorded_ones(shared: Path, binance: Venue) -> None:
    recorded = {row["body"]["code"]: row["body"]["msg"] for row in json.loads((shared / "fixtures/binance/errors.json").read_text())}
    for path, query in (
        ("klines?symbol=NOPE&interval=1h", -1121),
        ("klines?symbol=SIMAUSDT&interval=7h", -1120),
        ("klines?interval=1h", -1102),
    ):
        assert binance.get(f"/api/v3/{path}").json == {"code": query, "msg": recorded[query]}
