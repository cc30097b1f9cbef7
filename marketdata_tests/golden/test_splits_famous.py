"""Famous splits by hand: what the papers printed, and what the adjusted view makes of it."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from marketdata_assets.transforms.adjust import AdjustmentFault, adjusted
from marketdata_assets.transforms.splits.arbiter import split_events
from marketdata_tests.support.price_paths import KNOWN, reports

Bar = tuple[str, float, float, float]
AAPL: list[Bar] = [
    ("2020-08-27", 508.57, 500.04, 38_888_096),
    ("2020-08-28", 504.05, 499.23, 46_907_479),
    ("2020-08-31", 127.58, 129.04, 223_505_733),
    ("2020-09-01", 132.76, 134.18, 152_470_142),
]
TSLA: list[Bar] = [
    ("2022-08-23", 893.85, 889.36, 21_328_300),
    ("2022-08-24", 893.32, 891.29, 19_086_600),
    ("2022-08-25", 302.36, 296.07, 53_230_000),
    ("2022-08-26", 297.43, 288.09, 57_163_900),
]
GE: list[Bar] = [
    ("2021-07-29", 13.19, 13.29, 54_046_507),
    ("2021-07-30", 13.16, 12.95, 60_062_744),
    ("2021-08-02", 104.48, 100.60, 24_526_452),
    ("2021-08-03", 100.20, 103.06, 14_440_015),
]
CASES = [("AAPL", AAPL, 4.0, 124.8075, 187_629_916), ("TSLA", TSLA, 3.0, 297.096666666, 57_259_800), ("GE", GE, 0.125, 103.6, 7_507_843)]


def bars(symbol: str, printed: list[Bar]) -> pl.DataFrame:
    """The printed days after sixty quiet ones at their first price, so that the symbol has a history."""
    days = [date.fromisoformat(d) for d, *_ in printed]
    before = pl.date_range(date(days[0].year, 1, 4), days[0], interval="1d", closed="left", eager=True)
    quiet = [d for d in before if d.weekday() < 5][-60:]
    still, volume = printed[0][1], printed[0][3]
    calm = [(d, still * (1 + 0.004 * (i % 3 - 1)), still * (1 + 0.006 * ((i + 1) % 3 - 1)), volume) for i, d in enumerate(quiet)]
    rows = calm + [(d, o, c, v) for d, (_, o, c, v) in zip(days, printed, strict=True)]
    frame = pl.DataFrame(rows, schema={"session": pl.Date, "open": pl.Float64, "close": pl.Float64, "volume": pl.Float64}, orient="row")
    known = pl.lit(KNOWN).cast(pl.Datetime("us", "UTC"))
    return frame.with_columns(symbol=pl.lit(symbol), volume_basis=pl.lit("raw"), known_at=known)


@pytest.mark.parametrize(("symbol", "printed", "ratio", "close_before", "volume_before"), CASES)
def test_a_famous_split(symbol: str, printed: list[Bar], ratio: float, close_before: float, volume_before: float) -> None:
    rows = bars(symbol, printed)
    ex_date = date.fromisoformat(printed[2][0])
    events = split_events(rows, rows.select("session"), reports((symbol, ex_date, ratio, "vendor")))
    assert events.select("ex_date", "ratio", "verdict", "confirmed").rows() == [(ex_date, ratio, "applied", True)]
    view = adjusted(rows, events, "split").filter(pl.col("session") >= date.fromisoformat(printed[1][0]))
    assert view["close"].to_list()[1:] == [printed[2][2], printed[3][2]]
    assert view["close"][0] == pytest.approx(close_before, rel=1e-9)
    assert view["volume"][0] == pytest.approx(volume_before, rel=1e-12)
    assert adjusted(rows, events, "raw")["close"].to_list()[-3:] == [c for _, _, c, _ in printed[1:]]


def test_a_split_then_a_dividend() -> None:
    """46.99, 48.30 and 24.96, two for one before the third, 0.08 paid out after it: 23.42, 24.07 and 24.88."""
    printed: list[Bar] = [("2024-03-04", 46.5, 46.99, 1e6), ("2024-03-05", 47.0, 48.30, 1e6), ("2024-03-06", 24.2, 24.96, 2e6)]
    rows = bars("X", [*printed, ("2024-03-07", 24.9, 24.90, 2e6)])
    told = pl.concat([reports(("X", date(2024, 3, 6), 2.0, "a")), reports(("X", date(2024, 3, 7), 0.08, "a"), kind="cash_dividend")])
    events = split_events(rows, rows.select("session"), told)
    view = adjusted(rows, events, "split+dividend", dividends=told)
    assert [round(c, 2) for c in view["close"].to_list()[-4:]] == [23.42, 24.07, 24.88, 24.90]


def test_a_split_and_a_dividend_on_one_day() -> None:
    """Two for one, and 0.25 on each new share: 50.00 before is 25.00, of which one hundredth is paid out, 24.75."""
    rows = bars("X", [("2024-03-05", 49.9, 50.00, 1e6), ("2024-03-06", 24.8, 24.90, 2e6), ("2024-03-07", 24.9, 25.10, 2e6)])
    ex_date = date(2024, 3, 6)
    told = pl.concat([reports(("X", ex_date, 2.0, "a")), reports(("X", ex_date, 0.25, "a"), kind="cash_dividend")])
    events = split_events(rows, rows.select("session"), told)
    view = adjusted(rows, events, "split+dividend", dividends=told)
    assert view["close"].to_list()[-3:] == pytest.approx([24.75, 24.90, 25.10], rel=1e-15)


def test_two_conflicting_reports_refuse_the_adjusted_view_and_serve_the_raw_one() -> None:
    rows = bars("AAPL", AAPL)
    ex_date = date(2020, 8, 31)
    events = split_events(rows, rows.select("session"), reports(("AAPL", ex_date, 4.0, "a"), ("AAPL", ex_date, 5.0, "b")))
    assert events.select("verdict", "conflicting", "vendor_errors").rows() == [("refused", True, "")]
    with pytest.raises(AdjustmentFault, match=r"a 4\.0; b 5\.0"):
        adjusted(rows, events, "split")
    assert adjusted(rows, events, "raw").equals(rows)
