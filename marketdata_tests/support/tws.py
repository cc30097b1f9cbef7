"""A TWS on loopback: shakes hands, says who is logged in, and answers requests with the messages a test programs."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

Message = Sequence[object]
Answering = Callable[[list[str]], "Sequence[Message] | None"]  # the fields of a request -> messages to send; None hangs up
HISTORICAL_DATA, HISTORICAL_TICKS, START_API = "20", "96", "71"
ERROR, BARS, BID_ASK, LAST = 4, 17, 97, 98


def trouble(number: object, code: int, words: str) -> Message:
    """A message of what is wrong, or of what is not."""
    return (ERROR, 2, number, code, words, "")


def bars(number: object, rows: Sequence[Sequence[object]]) -> Message:
    """Bars: date, open, high, low, close, volume, average, count each."""
    return (BARS, number, "20240101  00:00:00", "20240102  00:00:00", len(rows), *(cell for row in rows for cell in row))


def trades(number: object, rows: Sequence[tuple[int, float, float, str, str]], *, done: bool = True) -> Message:
    """Trades: time, price, size, exchange, conditions each."""
    cells = [cell for at, price, size, exchange, conditions in rows for cell in (at, 0, price, size, exchange, conditions)]
    return (LAST, number, len(rows), *cells, int(done))


def quotes(number: object, rows: Sequence[tuple[int, float, float, float, float]], *, done: bool = True) -> Message:
    """Quotes: time, bid, ask, bid size, ask size each."""
    cells = [cell for at, *rest in rows for cell in (at, 0, *rest)]
    return (BID_ASK, number, len(rows), *cells, int(done))


class Tws:
    """Serves on 127.0.0.1 while it is entered; `asked` are the requests as they came, `ids` the client ids that were let in."""

    def __init__(self, answer: Answering, *, taken: Sequence[int] = ()) -> None:
        self.asked: list[list[str]] = []
        self.ids: list[int] = []
        self.url = ""
        self._answer, self._taken = answer, set(taken)
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.close()
        if self._tasks:
            await asyncio.wait([*self._tasks], timeout=1.0)  # what was sent before hanging up is still heard
        left = [*self._tasks]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            assert await reader.readexactly(4) == b"API\0"
            assert (await self._message(reader))[0].startswith("v157..")
            self._send(writer, ("176", "20240105 10:15:00 EST"))
            while True:
                fields = await self._message(reader)
                messages = self._greet(fields) if fields[0] == START_API else self._heard(fields)
                for message in messages or ():
                    self._send(writer, message)
                if messages is None:
                    return
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()

    def _greet(self, fields: list[str]) -> Sequence[Message] | None:
        client_id = int(fields[2])
        if client_id in self._taken:
            return None
        self.ids.append(client_id)
        farms = [trouble(-1, code, "data farm connection is OK") for code in (2104, 2106)]
        return [(15, 1, "DU1234567"), (9, 1, 1), *farms]

    def _heard(self, fields: list[str]) -> Sequence[Message] | None:
        self.asked.append(fields)
        return self._answer(fields)

    async def _message(self, reader: asyncio.StreamReader) -> list[str]:
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        return (await reader.readexactly(length)).decode().removesuffix("\0").split("\0")

    def _send(self, writer: asyncio.StreamWriter, message: Message) -> None:
        body = "".join(f"{field}\0" for field in message).encode()
        writer.write(struct.pack(">I", len(body)) + body)
