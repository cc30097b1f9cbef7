"""D5: whatever lies in a landing folder is capped, refused with its reason, or read whole; never half, never silently."""

from __future__ import annotations

import gzip
import io
import random
import stat
import tracemalloc
import zipfile
from collections.abc import Callable

import polars as pl
import pytest

from marketdata_assets.core.faults import Fault, LimitFault, PayloadFault
from marketdata_assets.sources.landing.limits import Limits
from marketdata_assets.sources.landing.presets import PRESETS
from marketdata_assets.sources.landing.read import Reading, read_payload

HEADER = "Date,Open,High,Low,Close,Adj Close,Volume\n"
DAYS = [f"2024-{1 + n // 28:02d}-{1 + n % 28:02d}" for n in range(120)]
GOOD = HEADER + "".join(
    f"{day},{10 + n / 4},{11 + n / 4},{9 + n / 4},{10.5 + n / 4},{10.25 + n / 4},{1000 + n}\n" for n, day in enumerate(DAYS)
)


def read(data: bytes | str, path: str = "AAPL.csv", preset: str | None = None, **kwargs: object) -> Reading:
    content = data.encode() if isinstance(data, str) else data
    return read_payload(path, content, format=PRESETS[preset] if preset else None, **kwargs)  # type: ignore[arg-type]


def packed(files: dict[str, bytes | str], attributes: int = 0) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = attributes
            archive.writestr(info, content, compress_type=zipfile.ZIP_DEFLATED)
    return out.getvalue()


BOMB = HEADER.encode() + b"2024-01-02,1,1,1,1,1,1\n" * 2_000_000
REFUSED: dict[str, tuple[Callable[[], bytes], type[Fault], str]] = {
    "gzip bomb": (lambda: gzip.compress(bytes(60_000_000), 9), LimitFault, "more than 200 times its packed size"),
    "zip bomb": (lambda: packed({"AAPL.csv": bytes(60_000_000)}), LimitFault, "more than 200 times its packed size"),
    "bomb of honest rows": (lambda: gzip.compress(BOMB, 9), LimitFault, "more than 200 times its packed size"),
    "zip bomb of many members": (lambda: packed({f"{n}.csv": bytes(900_000) for n in range(80)}), LimitFault, "more than 200 times"),
    "too many members": (lambda: packed({f"{n}.csv": b"" for n in range(10_001)}), LimitFault, "its zip lists 10,001 files"),
    "zip-slip": (lambda: packed({"../../AAPL.csv": GOOD}), PayloadFault, "points outside the zip"),
    "absolute name": (lambda: packed({"/etc/AAPL.csv": GOOD}), PayloadFault, "points outside the zip"),
    "symbolic link": (lambda: packed({"AAPL.csv": "/etc/passwd"}, (stat.S_IFLNK | 0o777) << 16), PayloadFault, "is a symbolic link"),
    "zip in zip": (lambda: packed({"AAPL.csv": packed({"AAPL.csv": GOOD})}), PayloadFault, "another archive (zip)"),
    "gzip in gzip": (lambda: gzip.compress(gzip.compress(GOOD.encode())), PayloadFault, "another archive (gzip)"),
    "gzip in zip": (lambda: packed({"AAPL.csv.gz": gzip.compress(GOOD.encode())}), PayloadFault, "another archive (gzip)"),
    "gzip cut in half": (lambda: gzip.compress(GOOD.encode())[:400], PayloadFault, "cut off before its end"),
    "gzip without trailer": (lambda: gzip.compress(GOOD.encode())[:-8], PayloadFault, "cut off before its end"),
    "gzip with junk behind": (lambda: gzip.compress(GOOD.encode()) + b"junk", PayloadFault, "4 bytes follow the end"),
    "json error as csv": (
        lambda: b'{"Error Message": "Invalid API call."}',
        PayloadFault,
        "it is a json message, not bars: 'Invalid API call.'",
    ),
    "limit notice as csv": (lambda: b'{"Note": "5 calls per minute"}', PayloadFault, "it is a json message"),
    "web page as csv": (lambda: b"<!DOCTYPE html><html><body>Will be right back", PayloadFault, "it is a web page"),
    "picture as csv": (lambda: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 4, PayloadFault, "it is binary"),
    "nothing": (lambda: b"", PayloadFault, "it is empty"),
    "another delimiter": (lambda: GOOD.replace(",", "|").encode(), PayloadFault, "separated by '|'"),
    "american dates": (lambda: HEADER.encode() + b"12/29/2023,1,1,1,1,1,1\n", PayloadFault, "stamps like '12/29/2023' are not %Y-%m-%d"),
    "spreadsheet day numbers": (lambda: HEADER.encode() + b"45289,1,1,1,1,1,1\n", PayloadFault, "stamps like '45289' are not"),
    "utf-16": (lambda: GOOD.encode("utf-16"), PayloadFault, "UTF-16"),
    "old mac line ends": (lambda: GOOD.replace("\n", "\r").encode(), PayloadFault, "the layout of none"),
    "an endless line": (lambda: HEADER.encode() + b"2024-01-02," + b"1" * 100_000, LimitFault, "a line of 100,011 bytes"),
    "a renamed column": (lambda: GOOD.replace("Close,Adj", "Last,Adj").encode(), PayloadFault, "the layout of none"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_abuse_is_refused_with_its_reason(name: str) -> None:
    build, kind, found = REFUSED[name]
    with pytest.raises(kind) as caught:
        read(build())
    assert found in caught.value.found
    assert caught.value.tried
    assert caught.value.remedy
    assert caught.value.retryable is False
    assert len(str(caught.value)) < 1_500


@pytest.mark.parametrize("name", ["gzip bomb", "zip bomb", "bomb of honest rows", "zip bomb of many members"])
def test_a_bomb_costs_a_few_megabytes(name: str) -> None:
    data = REFUSED[name][0]()
    tracemalloc.start()
    try:
        with pytest.raises(LimitFault):
            read(data)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("path", "wrap"),
    [
        ("AAPL.zip", lambda d: d),
        ("AAPL.csv", gzip.compress),
        ("AAPL.parquet", lambda d: packed({"AAPL.csv": d})),
        ("AAPL.json.gz", lambda d: d),
    ],
)
def test_a_wrong_extension_does_not_matter(path: str, wrap: Callable[[bytes], bytes]) -> None:
    (series,) = read(wrap(GOOD.encode()), path).series
    assert (series.vendor_symbol, series.bars.height) == ("AAPL", 120)


def test_a_refused_member_lets_nothing_of_its_zip_in() -> None:
    """Sound files around it make no difference: a payload lands whole or not at all."""
    rows = "".join(f"{1704067200 + 3600 * n},1,1,1,1,1,1\n" for n in range(30))
    for bad in ("<html>", '{"error":["EService:Unavailable"]}', "1704067200,1,1\n", ""):
        with pytest.raises(PayloadFault):
            read(packed({"ETHUSD_60.csv": rows, "XBTUSD_60.csv": bad, "XDGUSD_60.csv": rows}), "kraken.zip")


def test_footnotes_totals_and_comments_are_refused_rows_that_keep_their_text() -> None:
    extra = ["* Close price adjusted for splits.", "Total,,,,,,12345", "# exported by a tool", "Source: somewhere, 2024"]
    (series,) = read(GOOD + "\n".join(extra) + "\n").series
    assert series.bars.height == 120
    assert series.refused["row"].to_list() == extra
    assert set(series.refused["rule"]) == {"wrong_width", "unreadable_time"}
    assert series.refused["filed_under"].cast(pl.String).unique().to_list() == [DAYS[-1]]


def test_a_csv_cut_at_any_byte_loses_no_whole_line_and_invents_none() -> None:
    whole = GOOD.encode()
    rng = random.Random(5)
    for cut in rng.sample(range(len(HEADER) + 60, len(whole)), 60):
        part = whole[:cut]
        (series,) = read(part).series
        complete = part.count(b"\n") - 1
        assert series.bars["line"].to_list()[:complete] == list(range(1, complete + 1))
        assert series.bars.height + series.refused.height == complete + (not part.endswith(b"\n"))


N_EVERYDAY, N_FULL = 300, 20_000


KLINES = "".join(f"{1704067200000 + 60_000 * n},1,2,0.5,1.5,10,{1704067259999 + 60_000 * n},1,3,1,1,0\n" for n in range(40))
CANDLES = b"[" + b",".join(b"[%d,1,2,0.5,1.5,10]" % (1704067200000 + 60_000 * n) for n in range(40)) + b"]"
SCRAPED = b',Date,Open,High,Low,Close*,Adj Close**,Volume\n0,"Dec 24, 2020",1,2,0.5,1.5,1.5,"1,200"\n1,"Dec 23, 2020",1,1,1,1,1,1\n'


def _feather() -> bytes:
    out = io.BytesIO()
    times = range(1704067200000, 1704067200000 + 60_000 * 40, 60_000)
    pl.DataFrame({"date": times, **{name: [1.5] * 40 for name in ("open", "high", "low", "close", "volume")}}).write_ipc(
        out, compression="zstd"
    )
    return out.getvalue()


SOUND = [
    ("AAPL.csv", GOOD.encode()),
    ("AAPL.csv.gz", gzip.compress(GOOD.encode())),
    ("BTCUSDT-1m-2024-01.zip", packed({"BTCUSDT-1m-2024-01.csv": KLINES})),
    ("BTC_USDT-1m.json", CANDLES),
    ("BTC_USDT-1m.feather", _feather()),
    ("daily_AAPL.csv", SCRAPED),
]


def _damaged(rng: random.Random) -> tuple[str, bytes]:
    """A sound file of some format with a few bytes changed, removed or added."""
    path, data = rng.choice(SOUND)
    broken = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 4, 12])):
        broken = broken or bytearray(b"x")
        at = rng.randrange(len(broken))
        change = rng.random()
        if change < 0.5:
            broken[at] = rng.randrange(256)
        elif change < 0.7:
            broken[at:at] = rng.choice([b'"', b",", b"\n", b"\r", b'""', b"\xff", b"\0", b"NaN", b"1e999", b"-", b"]", b"["])
        elif change < 0.9:
            del broken[at : at + rng.randrange(1, 12)]
        else:
            del broken[at + 1 :]
    return path, bytes(broken) or b"x"


def _assert_damage_is_survived(rounds: int, seed: int) -> None:
    rng = random.Random(seed)
    outcomes = {"read": 0, "refused": 0}
    for _ in range(rounds):
        path, data = _damaged(rng)
        try:
            reading = read(data, path, limits=Limits(max_bytes=1 << 26))
        except PayloadFault:
            outcomes["refused"] += 1
            continue
        outcomes["read"] += 1
        for series in reading.series:
            numbers = series.bars.select("open", "high", "low", "close", "volume")
            assert numbers.select(pl.all().is_finite().fill_null(value=True).all()).row(0) == (True,) * 5 or not series.bars.height
            assert series.bars["timestamp"].null_count() == 0
            assert not set(series.bars["line"]) & set(series.refused["line"])
            assert series.refused.select(pl.any_horizontal(pl.all().is_null()).any()).item() in (False, None)
    assert min(outcomes.values()) > rounds // 20


def test_damaged_files_are_refused_or_read_without_a_number_that_is_none() -> None:
    _assert_damage_is_survived(N_EVERYDAY, seed=1)


@pytest.mark.full
def test_damaged_files_are_refused_or_read_without_a_number_that_is_none_long() -> None:
    _assert_damage_is_survived(N_FULL, seed=2)
