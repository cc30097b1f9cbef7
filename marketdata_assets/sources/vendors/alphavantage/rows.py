"""Alpha Vantage's rows: every value is a text, in JSON under keys with numbers before them, in CSV under the same words."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from typing import Any, NotRequired, TypedDict

from marketdata_assets.sources.errors import SchemaChanged
from marketdata_assets.sources.row_models import NumberText

EASTERN = "America/New_York"
_NUMBER = re.compile(r"^\d+\. ")
_ZONES = {"US/Eastern", EASTERN}


class Bar(TypedDict):
    """One bar; the adjusted daily series has the last three as well."""

    timestamp: str
    open: NumberText
    high: NumberText
    low: NumberText
    close: NumberText
    volume: NumberText
    adjusted_close: NotRequired[NumberText]
    dividend_amount: NotRequired[NumberText]
    split_coefficient: NotRequired[NumberText]


def words(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row under plain words: `5. adjusted close` becomes `adjusted_close`."""
    return {_NUMBER.sub("", key).replace(" ", "_"): value for key, value in row.items()}


def series(document: Any, title: str, asked: str) -> tuple[str, list[dict[str, Any]]]:
    """The symbol and the rows of a time series, from its JSON or from its CSV, which names no symbol: there it is the one `asked` for.

    `SchemaChanged` where times are not those of New York.
    """
    if isinstance(document, bytes):
        return asked, csv_rows(document)
    about = words(document["Meta Data"])
    if about["Time_Zone"] not in _ZONES:
        raise SchemaChanged(f"reading {title}", f"its times are those of {str(about['Time_Zone'])[:40]!r}, not of US/Eastern")
    return str(about["Symbol"]), [{"timestamp": at, **words(row)} for at, row in document[title].items()]


def csv_rows(data: bytes) -> list[dict[str, str]]:
    """The data rows of a CSV with a header, either line end; `ValueError` for a row that is longer or shorter than the header."""
    header, *rows = csv.reader(_lines(data), strict=True)
    if odd := next((row for row in rows if len(row) != len(header)), None):
        raise ValueError(f"a line has {len(odd)} cells under {len(header)} headings: {','.join(odd)[:120]}")
    names = [name.replace(" ", "_") for name in header]
    return [dict(zip(names, row, strict=True)) for row in rows]


def known(text: str | None) -> str | None:
    """The text, None for what the vendor writes where it knows nothing."""
    return None if text in (None, "", "None", "null", "-") else text


def _lines(data: bytes) -> Iterable[str]:
    return data.decode("utf-8-sig").splitlines()
