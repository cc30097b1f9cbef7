"""How a command answers: tables for people on standard output, JSON or CSV for programs, remarks and progress on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from marketdata_assets.cli.progress import Bar, bar

if TYPE_CHECKING:
    import polars as pl

    from marketdata_assets.core.faults import Fault

_WIDE = 320  # where nobody looks at a screen, a table takes the width it needs


class Output:
    """Where a command's words go. With `as_json`, standard output holds one JSON document and nothing else."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._out = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
        self._err = Console(stderr=True, width=None if sys.stderr.isatty() else _WIDE, highlight=False)

    def note(self, text: str) -> None:
        """A remark beside the answer, on standard error."""
        self._err.print(Text(text, style="dim"))

    def say(self, text: str, style: str = "") -> None:
        """A line of the answer for people; programs that asked for JSON do not get it."""
        if not self.as_json:
            self._out.print(Text(text, style=style))

    def document(self, value: object) -> None:
        """The answer for programs."""
        sys.stdout.write(as_json(value) + "\n")
        sys.stdout.flush()

    def frame(self, rows: pl.DataFrame, *, title: str = "", more: bool = False, styles: Mapping[str, str] | None = None) -> None:
        """Rows as a table, or as a JSON list of objects; instants are UTC."""
        if self.as_json:
            self.document(rows.to_dicts())
            return
        self.table(rows.columns, (rows.row(i) for i in range(rows.height)), title=title, styles=styles)
        if more:
            self.note(f"the first {rows.height} rows; there are more (--limit)")

    def table(
        self, columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "", styles: Mapping[str, str] | None = None
    ) -> None:
        """A table for people. A cell may bring its own style as a rich `Text`."""
        shown = [list(row) for row in rows]
        if title:
            self._out.print(Text(title, style="bold"))
        table = Table(header_style="bold")
        for at, name in enumerate(columns):
            numeric = bool(shown) and all(isinstance(row[at], int | float) or row[at] is None for row in shown)
            table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold", style=(styles or {}).get(name, ""))
        for row in shown:
            table.add_row(*(value if isinstance(value, Text) else Text(cell(value)) for value in row))
        self._out.print(table)

    def refusal(self, fault: Fault) -> None:
        """One block: what was tried, what was found, what to do."""
        if self.as_json:
            self.document({"fault": fault.as_dict()})
            return
        lines = [("tried", fault.tried), ("found", fault.found), ("do", fault.remedy), *fault.context.items()]
        text = Text("\n").join(Text(f"{name:<6} ", style="bold") + Text(printable(value)) for name, value in lines)
        self._err.print(Panel(text, title=Text(f"refused: {fault.code}"), title_align="left", border_style="red", expand=False))

    def traceback(self) -> None:
        """Where the refusal at hand came from, without the values of variables: they may hold secrets."""
        self._err.print_exception(show_locals=False)

    @contextmanager
    def progress(self, what: str, total: int | None = None) -> Iterator[Bar]:
        """A bar on a screen, plain lines elsewhere, on standard error; call the yielded value with (done, total)."""
        with bar(self._err, what, total) as moving:
            yield moving

    def hang_up(self) -> None:
        """Nobody reads standard output any more: leave without a complaint at exit."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def as_json(value: object) -> str:
    """`value` as JSON text: instants as ISO 8601 with Z, numbers without loss, NaN and infinities as null."""
    import orjson

    return orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS).decode()


def flat(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with lists, structs and bytes as JSON texts, because CSV has no place for them."""
    import polars as pl

    nested = [name for name, kind in rows.schema.items() if kind.is_nested() or kind == pl.Binary]
    return rows.with_columns(
        pl.Series(name, [None if v is None else as_json(v) for v in rows[name].to_list()], pl.String) for name in nested
    )


def cell(value: Any) -> str:
    """A value as people read it: whole floats without a point, midnights as dates, lists by their items."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        midnight = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
        return value.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    return printable(str(value))


def printable(text: str) -> str:
    """`text` without what a terminal would obey: a vendor's row may hold escape codes."""
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)
