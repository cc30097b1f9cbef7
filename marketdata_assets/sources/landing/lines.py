"""Where the lines of a text begin and end, and how many fields each has, without a Python step per line."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marketdata_assets.sources.landing.limits import Limits, over

_BLOCK = 1 << 24
_NEWLINE, _RETURN, _QUOTE = ord("\n"), ord("\r"), ord('"')


class Lines(NamedTuple):
    """The lines of a text from `start` on: `[starts, ends)` without their line ends, fields by delimiters outside quotes.

    `open_quote` marks a line in which a quote opens and does not close: no field of a bar spans lines.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    fields: NDArray[np.int64]
    open_quote: NDArray[np.bool_]

    @property
    def blank(self) -> NDArray[np.bool_]:
        """Lines without a character."""
        return np.equal(self.starts, self.ends)


def index_lines(path: str, data: bytes, start: int, delimiter: str, limits: Limits) -> Lines:
    """The lines of `data[start:]`; a last line counts with or without its line end. `LimitFault` for a line that is too long."""
    parts = [_block(data, low, high, ord(delimiter)) for low, high in _blocks(data, start)]
    if not parts:
        none = np.empty(0, np.int64)
        return Lines(none, none, none, np.empty(0, np.bool_))
    lines = Lines(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    longest = int((lines.ends - lines.starts).max())
    if longest > limits.max_line:
        raise over(path, f"a line of {longest:,} bytes")
    return lines


def _blocks(data: bytes, start: int) -> list[tuple[int, int]]:
    """Spans of whole lines, so that the working memory does not grow with the text."""
    spans: list[tuple[int, int]] = []
    while start < len(data):
        cut = data.find(b"\n", min(start + _BLOCK, len(data)))
        stop = len(data) if cut < 0 else cut + 1
        spans.append((start, stop))
        start = stop
    return spans


def _block(data: bytes, low: int, high: int, delimiter: int) -> Lines:
    text = np.frombuffer(data, np.uint8, high - low, low)
    breaks = np.flatnonzero(text == _NEWLINE)
    stops = breaks if text[-1] == _NEWLINE else np.append(breaks, text.size)
    begins = np.concatenate(([0], stops[:-1] + 1))
    delimiters = text == delimiter
    open_quote = np.zeros(stops.size, np.bool_)
    if data.find(b'"', low, high) >= 0:
        quoted = np.bitwise_xor.accumulate((text == _QUOTE).view(np.uint8))
        before = np.where(begins > 0, quoted[np.maximum(begins - 1, 0)], 0)
        open_quote = (stops > begins) & (quoted[np.maximum(stops - 1, 0)] != before)
        delimiters &= (quoted ^ np.repeat(before, np.diff(begins, append=text.size))) == 0
    counts = np.diff(np.searchsorted(np.flatnonzero(delimiters), stops), prepend=0)
    returned = (stops > begins) & (text[np.maximum(stops - 1, 0)] == _RETURN)
    return Lines(begins + low, stops - returned + low, counts + 1, open_quote)
