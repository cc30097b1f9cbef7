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
