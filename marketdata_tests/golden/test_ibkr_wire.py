"""The printed bars and the reconstructed session of Interactive Brokers, played over the real ib_async."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.errors import NotFound, Unavailable, VendorFault
from marketdata_assets.sources.page import page_series
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.vendors.ibkr import SOURCE
from marketdata_tests.support.tws import Answering, Tws, bars
from marketdata_tests.support.virtual_time import VirtualTime, run

pytestmark = pytest.mark.realdata
ASKED = Question("bars", ("TSLA",), Window(datetime(2019, 10, 1, tzinfo=UTC), datetime(2019, 10, 11, tzinfo=UTC)), timeframe("1h"))


def play(answer: Answering) -> tuple[list[list[str]], object]:
    pytest.importorskip("ib_async", reason="ib_async, the extra `ibkr`, is not installed")

    async def scene() -> tuple[list[list[str]], object]:
        async with Tws(answer) as tws:
            async with SOURCE.client(SOURCE.apis_for(None, tws.url)[0], time=VirtualTime()) as client:
                found = await client.fetch(SOURCE.dataset("bars").ask(ASKED)[0])
            return tws.asked, found.data

    return run(scene())


def test_the_printed_bars_come_back_number_by_number(shared: Path) -> None:
    told = list(csv.DictReader((shared / "fixtures/ibkr/historical_bars__TSLA_1hour_2019.csv").read_text().splitlines()))
    amsterdam = ZoneInfo("Europe/Amsterdam")  # where they were printed: the first bar, 15:30, is the open of 09:30 in New York
    starts = [datetime.fromisoformat(row["date"]).replace(tzinfo=amsterdam) for row in told]
    columns = ("open", "high", "low", "close", "volume", "average", "barCount")
    rows = [[int(start.timestamp()), *(row[name] for name in columns)] for start, row in zip(starts, told, strict=True)]
    _, document = play(lambda fields: [bars(fields[1], rows)])
    (series,) = page_series(SOURCE.dataset("bars"), ASKED, document, datetime(2100, 1, 1, tzinfo=UTC))
    assert series.bars["timestamp"].to_list() == starts
    assert series.bars["timestamp"][0] == datetime(2019, 10, 4, 13, 30, tzinfo=UTC)
    for ours, theirs in zip(("open", "high", "low", "close", "volume", "vwap", "trade_count"), columns, strict=True):
        assert series.bars[ours].to_list() == [float(row[theirs]) for row in told]


def session(shared: Path, mark: str) -> list[list[str]]:
    lines = (shared / "fixtures/ibkr/wire__session_example.txt").read_text().splitlines()
    return [line.removeprefix(mark).removesuffix("|").split("|") for line in lines if line.startswith(mark)]


def test_a_request_has_the_fields_of_the_session_in_their_places(shared: Path) -> None:
    (example,) = [fields for fields in session(shared, "C> ") if fields[0] == "20"]
    ((heard, *_), _) = play(lambda fields: [bars(fields[1], [])])
    assert len(heard) == len(example)
    other = {at: fields for at, fields in enumerate(zip(heard, example, strict=True)) if fields[0] != fields[1]}
    assert set(other) == {1, 15, 17, 20}  # number, end, duration, and the form of dates:
    assert other[20] == ("2", "1")  # Unix seconds instead of a text in the zone of whoever logged in


@pytest.mark.parametrize(("code", "fault"), [("200", NotFound), ("162", Unavailable)])
def test_the_errors_of_the_session_are_faults(shared: Path, code: str, fault: type[VendorFault]) -> None:
    (example,) = [fields for fields in session(shared, "S< ") if fields[0] == "4" and fields[3] == code]
    with pytest.raises(fault, match=example[4][:40]):
        play(lambda fields: [[*example[:2], fields[1], *example[3:]]])
