"""LEAN map files: which ticker a security bore until when."""

from __future__ import annotations

import re
from datetime import date, timedelta

import polars as pl

from marketdata_assets.sources.membership.statements import not_membership

OWNERSHIP = pl.Schema(
    [("symbol", pl.String), ("ticker", pl.String), ("start", pl.Date), ("end", pl.Date), ("delisted_on", pl.Date), ("exchange", pl.String)]
)
_FOREVER = date(2050, 12, 31)
_ROW = re.compile(r"(\d{8}),([A-Za-z0-9.\-]+)(?:,([A-Z]?))?")


def read_map_file(path: str, data: bytes) -> pl.DataFrame:
    """Who bore which ticker on `[start, end)`, in the order of time; `end` null for the one still borne.

    The file's name is the security (`twx.1.csv` is the first holder of TWX): `symbol` in capitals. The first row is the first day there is;
    each later row says until which day, itself included, the ticker was borne. A last row before 2050-12-31 is the last day of
    trading: `delisted_on` is the day after. `PayloadFault` for any other row, or days that do not ascend.
    """
    symbol = path.rsplit("/", 1)[-1].removesuffix(".csv").upper()
    rows: list[tuple[date, str, str]] = []
    for line in filter(None, (text.strip() for text in data.decode("ascii", "replace").splitlines())):
        match = _ROW.fullmatch(line)
        if match is None:
            raise not_membership(path, f"{line[:40]!r} is no row of a map file")
        day = date.fromisoformat(match[1])
        if rows and day < rows[-1][0]:
            raise not_membership(path, f"{day} comes after {rows[-1][0]}")
        rows.append((day, match[2].upper(), match[3] or ""))
    if len(rows) < 2:
        raise not_membership(path, "it has no span of time")
    start = rows[0][0]
    spans: list[tuple[str, str, date, date | None, date | None, str]] = []
    last = rows[-1][0]
    delisted = None if last >= _FOREVER else last + timedelta(days=1)
    for day, ticker, exchange in rows[1:]:
        end = None if day >= _FOREVER else day + timedelta(days=1)
        if spans and spans[-1][1] == ticker:
            spans[-1] = (symbol, ticker, spans[-1][2], end, delisted, exchange)
        else:
            spans.append((symbol, ticker, start, end, delisted, exchange))
        start = day + timedelta(days=1)
    return pl.DataFrame(spans, schema=OWNERSHIP, orient="row")
