"""The archive's files: milliseconds before 2025, microseconds since, a checksum beside each."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.answer import Answer, RequestRecord
from marketdata_assets.sources.errors import SchemaChanged, Truncated
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.page import page_series
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.registry import vendor
from marketdata_assets.sources.request import Request
from marketdata_tests.support.loopback import Loopback, Raw, Reply, head
from marketdata_tests.support.virtual_time import VirtualTime, run

BINANCE = vendor("binance")
DUMPS = BINANCE.dataset("dumps")
VISION = "fixtures/binance/vision_"
DAYS = VISION + "repacked/data/spot/daily/klines/ADABTC/1m/ADABTC-1m-2021-11-"
LATER = datetime(2025, 11, 21, tzinfo=UTC)
BYTES = {"Content-Type": "application/zip"}


def asking(symbol: str, length: str, start: str, end: str) -> Question:
    window = Window(datetime.fromisoformat(start).replace(tzinfo=UTC), datetime.fromisoformat(end).replace(tzinfo=UTC))
    return Question("dumps", (symbol,), window, timeframe(length))


def packed(name: str, text: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return sink.getvalue()


def answer(request: Request, data: bytes) -> Answer:
    record = RequestRecord("binance", request.endpoint, "", 200, LATER, 1, len(data), sha256(data).hexdigest())
    return Answer(request, {}, data, record)


def files(question: Question) -> list[str]:
    return [request.url("https://v/").removeprefix("https://v/data/spot/") for request in DUMPS.ask(question)]


def test_whole_months_are_asked_by_the_month_and_the_rest_by_the_day_each_with_its_checksum() -> None:
    asked = files(asking("BTCUSDT", "1h", "2023-12-30T06:00", "2024-02-10"))
    day, month = "daily/klines/BTCUSDT/1h/BTCUSDT-1h-", "monthly/klines/BTCUSDT/1h/BTCUSDT-1h-"
    zips = [f"{day}2023-12-30.zip", f"{day}2023-12-31.zip", f"{month}2024-01.zip", *(f"{day}2024-02-{d:02}.zip" for d in range(1, 10))]
    assert asked == [name for one in zips for name in (one, one + ".CHECKSUM")]


def test_a_month_that_has_just_ended_is_asked_by_the_day_since_its_file_may_not_be_there() -> None:
    assert len(files(asking("BTCUSDT", "1h", "2024-01-01", "2024-02-08"))) == 2 * (31 + 7)
    assert files(asking("BTCUSDT", "1h", "2024-01-01", "2024-02-09"))[0] == "monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-01.zip"


@pytest.mark.realdata
@pytest.mark.parametrize("day", ["27", "28"])
def test_milliseconds_before_2025(shared: Path, day: str) -> None:
    question = asking("ADABTC", "1m", f"2021-11-{day}", f"2021-11-{int(day) + 1}")
    frame = DUMPS.read((shared / f"{DAYS}{day}.zip").read_bytes(), question)
    lines = [line.split(",") for line in (shared / f"{VISION}ADABTC-1m-2021-11-{day}.csv").read_text().split()]
    assert frame.select("open", "high", "low", "close", "volume", "trade_count").rows() == [
        (*map(float, cells[1:6]), int(cells[8])) for cells in lines
    ]
    assert frame["timestamp"].to_list() == [datetime.fromtimestamp(int(cells[0]) // 1000, UTC) for cells in lines]
    assert (frame["vendor_symbol"].unique().to_list(), frame["line"].to_list()) == (["ADABTC"], list(range(1, len(lines) + 1)))


@pytest.mark.realdata
def test_hours_in_milliseconds(shared: Path) -> None:
    text = (shared / f"{VISION}BTCUSDT-1h-2023-10-27.first3.csv").read_bytes()
    frame = DUMPS.read(packed("BTCUSDT-1h-2023-10-27.csv", text), asking("BTCUSDT", "1h", "2023-10-27", "2023-10-28"))
    start = datetime(2023, 10, 27, tzinfo=UTC)
    assert frame["timestamp"].to_list() == [start + i * timedelta(hours=1) for i in range(3)]
    assert frame.row(2)[2:8] == (33848.47, 34142.63, 33810.0, 34088.57, 1054.39547, 43767)


@pytest.mark.realdata
def test_microseconds_since_2025(shared: Path) -> None:
    # Its candles last a second, which is no length here: the first one alone stands for a minute.
    first = (shared / f"{VISION}DOGEUSDT-1s-2025-01-01.first3_microseconds.csv").read_bytes().splitlines()[0]
    frame = DUMPS.read(packed("DOGEUSDT-1m-2025-01-01.csv", first), asking("DOGEUSDT", "1m", "2025-01-01", "2025-01-02"))
    assert frame.rows() == [("DOGEUSDT", datetime(2025, 1, 1, tzinfo=UTC), 0.316, 0.316, 0.316, 0.316, 27.0, 1, 1)]


@pytest.mark.realdata
def test_the_same_candles_in_either_unit_are_the_same_bars(shared: Path) -> None:
    text = (shared / f"{VISION}ADABTC-1m-2021-11-27.csv").read_text()
    finer = "\n".join(
        ",".join([cells[0] + "000", *cells[1:6], cells[6] + "999", *cells[7:]]) for cells in (r.split(",") for r in text.split())
    )
    question = asking("ADABTC", "1m", "2021-11-27", "2021-11-28")
    frames = [DUMPS.read(packed("ADABTC-1m-2021-11-27.csv", one.encode()), question) for one in (text, finer)]
    assert frames[0].equals(frames[1])


@pytest.mark.realdata
def test_what_a_day_holds_beyond_the_window_is_left_out_without_a_word(shared: Path) -> None:
    question = asking("ADABTC", "1m", "2021-11-27T00:02", "2021-11-27T00:05")
    (series,) = page_series(DUMPS, question, (shared / f"{DAYS}27.zip").read_bytes(), LATER)
    assert (series.bars.height, series.refused.height) == (3, 0)


@pytest.mark.realdata
def test_a_checksum_has_no_bars_and_vouches_for_its_file_alone(shared: Path) -> None:
    question = asking("ADABTC", "1m", "2021-11-27", "2021-11-29")
    data = [(shared / f"{DAYS}{day}.zip{suffix}").read_bytes() for day in ("27", "28") for suffix in ("", ".CHECKSUM")]
    pages = [answer(request, one) for request, one in zip(DUMPS.ask(question), data, strict=True)]
    assert [DUMPS.read(page.data, question).height for page in pages] == [10, 0, 11, 0]
    assert DUMPS.verify is not None
    DUMPS.verify(pages)
    with pytest.raises(SchemaChanged, match="SHA-256 is"):
        DUMPS.verify([replace(pages[0], data=pages[0].data + b"\0"), pages[1]])
    with pytest.raises(SchemaChanged, match=r"speaks of 'ADABTC-1m-2021-11-28\.zip'"):
        DUMPS.verify([pages[0], replace(pages[1], data=pages[3].data)])
    with pytest.raises(SchemaChanged, match="no checksum came"):
        DUMPS.verify([pages[0], *pages[2:]])


@pytest.mark.realdata
def test_damage_another_symbol_and_another_length_are_refused(shared: Path) -> None:
    data = (shared / f"{DAYS}27.zip").read_bytes()
    question = asking("ADABTC", "1m", "2021-11-27", "2021-11-28")
    with pytest.raises(SchemaChanged):
        DUMPS.read(data[:-30], question)
    with pytest.raises(SchemaChanged):
        DUMPS.read(data[:80] + bytes([data[80] ^ 0xFF]) + data[81:], question)
    with pytest.raises(SchemaChanged, match="its candles are of 1m"):
        DUMPS.read(data, asking("ADABTC", "5m", "2021-11-27", "2021-11-28"))
    (series,) = page_series(DUMPS, asking("BTCUSDT", "1m", "2021-11-27", "2021-11-28"), data, LATER)
    assert set(series.refused["rule"]) == {"other_symbol"}
    text = (shared / f"{VISION}ADABTC-1m-2021-11-27.csv").read_bytes()
    with pytest.raises(SchemaChanged, match="is no candle"):
        DUMPS.read(packed("ADABTC-1m-2021-11-27.csv", text.replace(b"1637971260000", b"yesterday")), question)
    piped = (shared / f"{VISION}ADABTC_pipe_separated-1m-2021-11-27.csv").read_bytes()
    with pytest.raises(SchemaChanged):
        DUMPS.read(packed("ADABTC-1m-2021-11-27.csv", piped), question)


@pytest.mark.realdata
def test_the_client_fetches_file_and_checksum_from_the_archives_own_host_and_refuses_a_short_file(shared: Path) -> None:
    question = asking("ADABTC", "1m", "2021-11-27", "2021-11-28")
    data = [(shared / f"{DAYS}27.zip{suffix}").read_bytes() for suffix in ("", ".CHECKSUM")]
    api = BINANCE.api_of(DUMPS)
    assert api.base_url == "https://data.binance.vision"

    async def fetched(*replies: Reply | Raw) -> list[bytes]:
        requests = DUMPS.ask(question)
        server = Loopback()
        for request, reply in zip(requests, replies, strict=True):
            server.on(request.url(""), reply)
        async with server, Client(api.at(server.url, limits=replace(api.limits, attempts=1)), time=VirtualTime()) as client:
            return [page.data for request in requests async for page in client.pages(request)]

    whole = [Reply(one, headers=BYTES) for one in data]
    assert run(fetched(*whole)) == data
    with pytest.raises(Truncated):
        run(fetched(Raw(head(f"Content-Length: {len(data[0])}") + data[0][:-9]), whole[1]))
