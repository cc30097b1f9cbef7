"""The rows of a payload before anybody asks whether they are bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import polars as pl

TORN = pl.DataFrame(schema={"line": pl.Int64, "rule": pl.String, "reason": pl.String, "timestamp": pl.String, "symbol": pl.String})
"""No torn row."""


class Rows(NamedTuple):
    """Cells by our column names, in the order of the payload.

    `cells`: `line` (1-based data row) and the mapped columns, as texts or as the file's own types. `torn`: rows whose cells cannot
    be told apart, each with rule and reason, and the texts that stand where timestamp and symbol are due. `text(lines)`: rows as they came.
    """

    cells: pl.DataFrame
    torn: pl.DataFrame
    text: Callable[[Sequence[int]], list[str]]
    notes: list[str]


READING_RULES = {
    "wrong_width": "the row has more or fewer fields than the header, or is not a list of values: cut off, or two rows run together",
    "open_quote": "a quote opens in the row and does not close on its line",
    "not_utf8": "the row holds bytes that are not UTF-8 text",
    "repeated_header": "the header stands among the rows again",
    "unreadable_time": "its stamp is not of the format's form, or lies outside 1900..2199",
    "ambiguous_time": "its local time came twice, when clocks were set back; which one is meant cannot be known",
    "nonexistent_time": "its local time never came, when clocks were set forward",
    "no_symbol": "the symbol's cell is empty, or holds control characters or more than a word",
    "not_a_bar": "no cell of open, high, low and close holds a finite number",
}
"""Rules under which a row is refused while it is read, with their meaning; a format adds its own in `other_rows`."""
