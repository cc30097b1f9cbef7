"""Yearly YAML files: the members on the first of January, then dated unions and differences."""

from __future__ import annotations

from datetime import date
from typing import Any

import yaml

from marketdata_assets.sources.membership.cells import day_of
from marketdata_assets.sources.membership.statements import Kind, Statements, is_ticker, not_membership, statements

BASE, YEAR, CHANGES = "tickers_on_Jan_1", "year", "changes"
_STEPS = {"union": Kind.ADDED, "difference": Kind.REMOVED}


def read_year(path: str, text: str) -> Statements:
    """The whole membership on the first of January of `year`, and each change at the open of its date.

    Every scalar is text, so that the tickers ON, NO and TRUE stay tickers. `PayloadFault` for another shape, a date outside the year, a
    step other than union and difference, or a cell that is no ticker.
    """
    try:
        content: Any = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it builds texts, lists and mappings, nothing else
    except yaml.YAMLError as error:
        raise not_membership(path, f"it is no YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(content, dict) or {YEAR, BASE} - content.keys() or not str(content[YEAR]).isdigit():
        raise not_membership(path, f"it lacks {YEAR} or {BASE}")
    year = int(content[YEAR])
    rows = [(Kind.BASE.value, ticker, date(year, 1, 1), None, False) for ticker in _tickers(path, content[BASE])]
    for day_text, steps in (content.get(CHANGES) or {}).items():
        day = day_of(path, 0, str(day_text))
        if day.year != year or not isinstance(steps, dict) or steps.keys() - _STEPS.keys():
            raise not_membership(path, f"the change {day_text!r} is not of {year}, or holds more than union and difference")
        rows += [(_STEPS[step].value, ticker, day, None, False) for step, names in steps.items() for ticker in _tickers(path, names)]
    return statements("yearly", [(*row, line) for line, row in enumerate(rows, start=1)])


def _tickers(path: str, names: Any) -> list[str]:
    odd = [name for name in names or [] if not isinstance(name, str) or not is_ticker(name)] if isinstance(names, list | None) else [names]
    if odd:
        raise not_membership(path, f"{str(odd[0])[:40]!r} stands where tickers are due")
    return list(names or [])
