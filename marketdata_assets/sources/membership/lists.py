"""Lists of membership intervals and lists of changes, as CSV."""

from __future__ import annotations

from marketdata_assets.sources.membership.cells import day_of, rows_of
from marketdata_assets.sources.membership.statements import Kind, Statements, is_ticker, not_membership, statements

INTERVAL_COLUMNS = ("ticker", "start_date", "end_date")
CHANGE_COLUMNS = ("date", "add", "remove")


def read_intervals(path: str, text: str) -> Statements:
    """Rows (ticker, start_date, end_date): a member from the first day in to the first day out, which is empty while it is in.

    `PayloadFault` for a row without a ticker, with a date that is none, or whose end comes before its start.
    """
    found: list[tuple[object, ...]] = []
    for line, row in rows_of(path, text):
        ticker, start = _ticker(path, line, row["ticker"]), day_of(path, line, row["start_date"])
        end = day_of(path, line, row["end_date"]) if row["end_date"] else None
        if end is not None and end <= start:
            raise not_membership(path, f"row {line}: {ticker} leaves on {end} and entered on {start}")
        found.append((Kind.MEMBER.value, ticker, start, end, False, line))
    return statements("intervals", found)


def read_changes(path: str, text: str) -> Statements:
    """Rows (date, add, remove) with tickers parted by commas: who enters and who leaves at the open of the date."""
    found: list[tuple[object, ...]] = []
    for line, row in rows_of(path, text):
        day = day_of(path, line, row["date"])
        for kind, cell in ((Kind.ADDED, row["add"]), (Kind.REMOVED, row["remove"])):
            tickers = filter(None, (part.strip() for part in cell.split(",")))
            found += [(kind.value, _ticker(path, line, ticker), day, None, False, line) for ticker in tickers]
    return statements("changes", found)


def _ticker(path: str, line: int, text: str) -> str:
    if not is_ticker(text):
        raise not_membership(path, f"row {line} has {text[:40]!r} where a ticker is due")
    return text
