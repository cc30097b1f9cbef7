"""Symbols as people write them, as canonical symbols on the dates they meant them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from marketdata_assets.core.aliases import ANY_SOURCE
from marketdata_assets.core.faults import SymbolFault
from marketdata_assets.core.identity import Holder
from marketdata_assets.core.periods import Window
from marketdata_assets.pipeline.platform import Platform


class Stretch(NamedTuple):
    """One canonical symbol over a half-open span of time."""

    asset_class: str
    symbol: str
    window: Window


def stretches(platform: Platform, spellings: Sequence[str], window: Window, asset_class: str | None = None) -> list[Stretch]:
    """What `spellings` mean within `window`, in the order given; the asset class is found when None.

    A canonical symbol means itself over all of its history, whatever it was called then: META before 2022 too. Another name means the
    symbol that bore it, on those days alone: FB is META until 2022-06-09. `SymbolFault` with the nearest names when nobody answers, or
    with the right span when nobody does within `window`.
    """
    classes: list[str] = [asset_class] if asset_class else [*platform.settings.asset_classes]
    return [stretch for spelling in dict.fromkeys(spellings) for stretch in _meanings(platform, spelling, window, classes)]


def near_names(platform: Platform, spelling: str, classes: Iterable[str]) -> list[str]:
    """Up to three symbols that look like `spelling`, the nearest first."""
    known = [symbol for name in classes for symbol in platform.instruments.symbols(name)]
    flat = {symbol.replace("-", "").replace(".", ""): symbol for symbol in known}
    wanted = spelling.upper()
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.6)
    near += [flat[text] for text in difflib.get_close_matches(wanted.replace("-", "").replace(".", ""), flat, n=3, cutoff=0.6)]
    return list(dict.fromkeys(near))[:3]


def _meanings(platform: Platform, spelling: str, window: Window, classes: list[str]) -> list[Stretch]:
    for name in classes:
        for symbol in (spelling, spelling.upper()):
            if symbol in platform.instruments and platform.instruments.get(symbol).asset_class == name:
                return [Stretch(name, symbol, window)]
    held = [(name, holder) for name in classes for holder in platform.instruments.holders(ANY_SOURCE, spelling, name) if holder.symbol]
    found = [Stretch(name, str(h.symbol), clipped) for name, h in held if (clipped := _clip(h, window))]
    if found:
        return found
    if held:
        spans = "; ".join(f"{h.symbol} on [{h.start or '...'}, {h.end or '...'})" for _, h in held)
        raise SymbolFault(
            f"finding {spelling[:40]!r}", f"it meant {spans} and nobody in the span asked for", f"ask for {held[0][1].symbol}"
        )
    near = near_names(platform, spelling, classes)
    remedy = f"did you mean {', '.join(near)}? " if near else ""
    raise SymbolFault(
        f"finding {spelling[:40]!r}",
        f"no instrument of {' or '.join(classes)} answers to it",
        f"{remedy}`marketdata instruments` lists them, `marketdata instruments discover --source NAME` adds what a landing folder holds",
    )


def _clip(holder: Holder, window: Window) -> Window | None:
    start = max(window.start, _midnight(holder.start)) if holder.start else window.start
    end = min(window.end, _midnight(holder.end)) if holder.end else window.end
    return Window(start, end) if start < end else None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
