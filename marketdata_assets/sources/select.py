"""Where something stands in a JSON answer: `results`, `error.status.error_code`, `0.t`, or a function for what no path can say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Selector = str | Callable[[Any], Any]


def select(document: Any, selector: Selector) -> Any:
    """What stands at `selector`: keys and list positions joined by dots, from the top; None where any step is missing.

    The empty selector is the document itself.
    """
    if callable(selector):
        return selector(document)
    found = document
    for step in selector.split(".") if selector else ():
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and step.lstrip("-").isdigit() and -len(found) <= int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found


def rows_at(document: Any, selector: Selector) -> list[Any]:
    """The rows at `selector`; none where the vendor leaves the list out, or writes null, because there are none."""
    found = select(document, selector)
    return found if isinstance(found, list) else []


def as_text(value: Any) -> str:
    """A message as vendors write them, on one line: a text, a number, a list of texts; empty for null and for nothing."""
    if value is None or value == [] or value == {}:
        return ""
    text = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    return " ".join(text.split())
