"""Snapshots of an index's members: one file a day, or one file of runs of days with the same members."""

from __future__ import annotations

import re
from datetime import date, timedelta

from marketdata_assets.sources.membership.cells import day_of, rows_of
from marketdata_assets.sources.membership.statements import Kind, Statements, is_ticker, not_membership, statements

RUN_COLUMNS = ("first_snapshot_date", "last_snapshot_date", "n", "symbols")
SYMBOL_NAMES = ("symbol", "ticker")
_DAY = timedelta(days=1)
_DATE_IN_NAME = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")


def read_snapshot(path: str, text: str) -> Statements:
    """The members on one day, that of the column `date` or else of the file's name; all other columns are passed over.

    A row whose symbol is no ticker (a company's name, say) is refused by itself and makes the snapshot partial: whoever is missing may be
    that row. `PayloadFault` without a date, with two dates, for a ticker given twice, and for a row of another width.
    """
    seen: dict[str, int] = {}
    refused: list[tuple[int, str, str]] = []
    days: set[date] = set()
    for line, row in rows_of(path, text):
        ticker = next(row[name] for name in SYMBOL_NAMES if name in row)
        if row.get("date"):
            days.add(day_of(path, line, row["date"]))
        if not is_ticker(ticker):
            refused.append((line, ",".join(row.values()), f"{ticker[:40]!r} stands where a ticker is due"))
        elif ticker in seen:
            raise not_membership(path, f"{ticker} stands in rows {seen[ticker]} and {line}")
        else:
            seen[ticker] = line
    day = _day_of_snapshot(path, days)
    rows: list[tuple[object, ...]] = [(Kind.SEEN.value, t, day, day + _DAY, bool(refused), line) for t, line in seen.items()]
    return statements("snapshots", rows, refused)


def read_runs(path: str, text: str) -> Statements:
    """Rows (first and last snapshot date, count, tickers parted by `|`): the same members on every day of the run.

    `PayloadFault` when a row's count differs from its tickers, or a cell is no ticker.
    """
    rows: list[tuple[object, ...]] = []
    for line, row in rows_of(path, text):
        first, last = (day_of(path, line, row[name]) for name in RUN_COLUMNS[:2])
        tickers = row["symbols"].split("|")
        odd = [ticker for ticker in tickers if not is_ticker(ticker)]
        if odd or row["n"] != str(len(set(tickers))) or last < first:
            raise not_membership(path, f"row {line} says {row['n']} members on {first}..{last}, lists {len(tickers)}; odd: {odd[:3]}")
        rows += [(Kind.SEEN.value, ticker, first, last + _DAY, False, line) for ticker in tickers]
    return statements("snapshot_runs", rows)


def _day_of_snapshot(path: str, stated: set[date]) -> date:
    named = _DATE_IN_NAME.findall(path.rsplit("/", 1)[-1])
    if len(stated) > 1:
        raise not_membership(path, f"its rows are of {len(stated)} days, from {min(stated)} to {max(stated)}", "land one file a day")
    if stated:
        return stated.pop()
    if not named:
        raise not_membership(path, "no day: neither a column `date` nor a date in its name", "name it like members_2022-06-09.csv")
    return day_of(path, 0, named[-1])
