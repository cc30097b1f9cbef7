"""Between the wire and a consumer that may be slow: bounded in frames and bytes; what finds no place is dropped, and told as a gap."""

from __future__ import annotations

import asyncio
from datetime import datetime

from marketdata_assets.sources.stream import StreamLimits
from marketdata_assets.sources.stream_log import Entry, Frame, Gap


class Buffer:
    """Keeps what came in its order until it is taken. A frame is news where it holds data, a gap always is; the rest rides along.

    `peak_frames` and `peak_bytes` are the most it ever held, `dropped` how many frames found no place.
    """

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits
        self._entries: list[Entry] = []
        self._bytes = 0
        self._news, self._ripe = asyncio.Event(), asyncio.Event()
        self._closed = False
        self._dropping: tuple[datetime, int] | None = None  # since when, how many frames
        self.peak_frames = self.peak_bytes = self.dropped = 0

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, frame: Frame, *, news: bool, symbols: tuple[str, ...]) -> None:
        """Adds a frame, or drops it where there is no place; the first one that finds a place again is preceded by the gap."""
        if len(self._entries) >= self._limits.buffer_frames or self._bytes + len(frame.data) > self._limits.buffer_bytes:
            since, count = self._dropping or (frame.at, 0)
            self._dropping = since, count + 1
            self.dropped += 1
            return
        self._tell_dropped(frame.at, symbols)
        self._entries.append(frame)
        self._bytes += len(frame.data)
        self.peak_frames, self.peak_bytes = max(self.peak_frames, len(self._entries)), max(self.peak_bytes, self._bytes)
        if news:
            self._news.set()
        if len(self._entries) >= self._limits.batch_frames or self._bytes >= self._limits.batch_bytes:
            self._ripe.set()

    def tell(self, gap: Gap) -> None:
        """Adds a gap; gaps that nothing separates become one, so that they too are bounded."""
        if self._entries and isinstance(last := self._entries[-1], Gap):
            gap = Gap(min(last.start, gap.start), max(last.end, gap.end), gap.reason, gap.detail, _both(last.symbols, gap.symbols))
            self._entries[-1] = gap
        else:
            self._entries.append(gap)
        self._news.set()

    def close(self, at: datetime, symbols: tuple[str, ...]) -> None:
        """Nothing more comes; what is here can still be taken."""
        self._tell_dropped(at, symbols)
        self._closed = True
        self._news.set()
        self._ripe.set()

    async def take(self) -> list[Entry]:
        """The oldest entries, a batch at most, once there is news and a moment has passed for more; none when all is taken and closed."""
        await self._news.wait()
        try:
            async with asyncio.timeout(self._limits.linger):
                await self._ripe.wait()
        except TimeoutError:
            pass
        size, count = 0, 0
        for entry in self._entries[: self._limits.batch_frames]:
            size += len(entry.data) if isinstance(entry, Frame) else 0
            if count and size > self._limits.batch_bytes:
                break
            count += 1
        taken, self._entries = self._entries[:count], self._entries[count:]
        self._bytes -= sum(len(entry.data) for entry in taken if isinstance(entry, Frame))
        if not self._entries and not self._closed:
            self._news.clear()
            self._ripe.clear()
        return taken

    def _tell_dropped(self, until: datetime, symbols: tuple[str, ...]) -> None:
        if self._dropping is not None:
            since, count = self._dropping
            self._dropping = None
            self.tell(Gap(since, until, "slow_consumer", f"{count} frames were dropped because nobody took them", symbols))


def _both(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*some, *others)))
