"""One connection to a vendor's feed: opened, greeted, logged in, subscribed, and read frame by frame."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import aiohttp
import orjson
from pydantic import SecretStr

from marketdata_assets.core.faults import Fault
from marketdata_assets.sources import strict_json
from marketdata_assets.sources.api import Auth, Limits
from marketdata_assets.sources.error_rules import message_of, verdict
from marketdata_assets.sources.errors import Oversized, SchemaChanged, Unavailable, VendorFault, reading
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.redaction import Keyring
from marketdata_assets.sources.stream import Control, Says, Stream, messages_of
from marketdata_assets.sources.stream_log import Frame
from marketdata_assets.sources.timekeeper import Timekeeper
from marketdata_assets.sources.trouble import WIRE_ERRORS, trouble

_TEXTS = {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}
_TOO_BIG = 1009
_GOODBYE = 2.0  # seconds that the vendor has to answer our own


class Silent(Unavailable):
    """Nothing came for so long that the connection counts as dead."""

    code = "silent"


class Expired(Unavailable):
    """The connection reached the age at which the vendor ends it, or the vendor announced that it will."""

    code = "expired"


class Heard(NamedTuple):
    """A frame, and what each of its messages says that holds no data (None for data); nothing for one that cannot be read."""

    frame: Frame
    said: tuple[Control | None, ...] = ()

    @property
    def news(self) -> bool:
        """Whether it may hold data."""
        return bool(self.frame.complaint) or None in self.said

    @property
    def idle(self) -> bool:
        """Whether it says only that the connection lives."""
        return bool(self.said) and all(control is not None and control.says is Says.ALIVE for control in self.said)


class Credentials:
    """The secrets of one feed: where they go in the upgrade and in the first frame, and how they are blotted out."""

    def __init__(self, source: str, stream: Stream, secrets: Mapping[str, SecretStr]) -> None:
        self._upgrade = Keyring(source, Auth(headers=stream.headers), secrets)
        self._login = Keyring(source, Auth(headers=stream.login), secrets)
        self.redact, self.scrub = self._upgrade.redact, self._upgrade.scrub

    def headers(self) -> dict[str, str]:
        """Header fields of the upgrade; `BadCredentials` when a secret is missing."""
        return self._upgrade.headers()

    def login(self) -> dict[str, str]:
        """The first frame; `BadCredentials` when a secret is missing."""
        return self._login.headers()


class Connection:
    """An open WebSocket that is not subscribed yet. Data that comes while acknowledgements are awaited goes to `early`."""

    def __init__(
        self, source: str, stream: Stream, ws: aiohttp.ClientWebSocketResponse, secrets: Credentials, url: str, time: Timekeeper
    ) -> None:
        self._source, self._stream, self._ws, self._secrets, self._url, self._time = source, stream, ws, secrets, url, time
        self.what = f"listening to {stream.name} of {source}"
        self.opened = time.monotonic()

    async def subscribe(self, question: Question, early: Callable[[Heard], None]) -> None:
        """Greeting, login and subscription, each acknowledged as the vendor does; the vendor's refusal as its fault."""
        stream = self._stream
        if stream.greets:
            await self._await({Says.CONNECTED}, frozenset(), early)
        if stream.login:
            await self._send(self._secrets.login())
            await self._await({Says.AUTHENTICATED}, frozenset(), early)
        asked = stream.subscribe(question)
        for place, frame in enumerate(asked.frames):
            if place:
                await self._time.sleep(1.0 / stream.frames_per_second)
            await self._send(frame)
        if asked.topics:
            await self._await({Says.SUBSCRIBED}, asked.topics, early)

    async def heard(self) -> Heard:
        """The next frame, free of secrets, with its messages if it is strict JSON; a fault when there will be none."""
        left = None if self._stream.lifetime is None else self._stream.lifetime - (self._time.monotonic() - self.opened)
        patience = min((p for p in (self._stream.silence, left) if p is not None), default=None)
        try:
            async with asyncio.timeout(patience):
                got = await self._ws.receive()
        except TimeoutError:
            if left is not None and patience == left:
                raise self._fault(Expired, f"the connection is {self._stream.lifetime:g} s old, as long as the vendor keeps one") from None
            raise self._fault(Silent, f"nothing came for {self._stream.silence:g} s") from None
        if got.type in _TEXTS:
            return self._read(got.data)
        raise self._ended(got)

    def require_welcome(self, heard: Heard) -> None:
        """The vendor's own fault where a message of the frame refuses something; `Expired` where it announces the end."""
        for message, control in zip(heard.frame.messages, heard.said, strict=False):
            if control is not None and control.says is Says.REFUSED:
                raise self._refusal(message)
            if control is not None and control.says is Says.LEAVING:
                raise self._fault(Expired, "the vendor announces that it will hang up")

    async def close(self) -> None:
        """Says goodbye and hangs up."""
        with contextlib.suppress(*WIRE_ERRORS):
            await self._ws.close()

    async def _await(self, says: set[Says], topics: frozenset[str], early: Callable[[Heard], None]) -> None:
        """Reads on until that is said, of all the topics; everything else that comes goes to `early`."""
        missing, wanted = set(topics), ", ".join(sorted(says))
        try:
            async with asyncio.timeout(self._stream.limits.handshake):
                while True:
                    heard = await self.heard()
                    early(heard)
                    self.require_welcome(heard)
                    said = [control for control in heard.said if control is not None and control.says in says]
                    for control in said:
                        missing -= control.topics
                    if said and not missing:
                        return
        except TimeoutError:
            of = f" of {', '.join(sorted(missing)[:5])}" if missing else ""
            raise self._fault(Unavailable, f"the vendor did not answer {wanted!r}{of} within {self._stream.limits.handshake:g} s") from None

    async def _send(self, value: Any) -> None:
        wrong: Fault | None = None
        try:
            await self._ws.send_str(orjson.dumps(value).decode())
        except WIRE_ERRORS:
            wrong = self._fault(Unavailable, "the connection ended while a frame was sent")
        if wrong is not None:  # raised out here, so that no traceback leads back to a frame with a secret
            raise wrong

    def _read(self, text: str | bytes) -> Heard:
        data, at = self._secrets.scrub(text.encode() if isinstance(text, str) else text), self._time.wall()
        try:
            messages = tuple(messages_of(strict_json.loads(data, self._stream.limits.depth)))
            with reading(f"a frame of {self._stream.name}"):
                return Heard(Frame(at, data, messages), tuple(map(self._stream.control, messages)))
        except strict_json.NotStrictJson as error:
            return Heard(Frame(at, data, (), f"it is no strict JSON: {error}"))
        except SchemaChanged as fault:
            return Heard(Frame(at, data, (), fault.found))

    def _refusal(self, message: Any) -> VendorFault:
        text = orjson.dumps(message).decode()[:2000]
        found = verdict(self._stream.errors, self._stream.messages, 400, message, text)
        assert found is not None, "status 400 is always a verdict"  # noqa: S101
        words = message_of(self._stream.messages, message, "")
        said = self._secrets.redact(found.message if words in found.message else f"{words} ({found.message})")
        return found.raises(self.what, f"the vendor refuses: {said}", found.remedy, wait=found.wait, **self._context())

    def _ended(self, got: aiohttp.WSMessage) -> VendorFault:
        code = got.data if got.type is aiohttp.WSMsgType.CLOSE else self._ws.close_code
        if code == _TOO_BIG or (isinstance(got.data, aiohttp.WebSocketError) and got.data.code == _TOO_BIG):
            return self._fault(Oversized, f"a frame is larger than {self._stream.limits.frame_bytes} bytes")
        why = f" ({self._secrets.redact(str(got.extra))[:100]})" if got.type is aiohttp.WSMsgType.CLOSE and got.extra else ""
        return self._fault(Unavailable, f"the connection ended with code {code}{why}")

    def _fault(self, kind: type[VendorFault], found: str) -> VendorFault:
        return kind(self.what, found, **self._context())

    def _context(self) -> dict[str, Any]:
        return {"source": self._source, "stream": self._stream.name, "url": self._url}


async def connect(
    session: aiohttp.ClientSession, source: str, stream: Stream, question: Question, secrets: Credentials, time: Timekeeper
) -> Connection:
    """An open connection at the stream's address; the vendor's fault where the upgrade is refused."""
    url = stream.url(question.options)
    what, limits = f"listening to {stream.name} of {source}", stream.limits
    wrong: Fault | None = None
    try:
        async with asyncio.timeout(limits.connect):
            ws = await session.ws_connect(
                url,
                headers=secrets.headers(),
                heartbeat=stream.ping,
                max_msg_size=limits.frame_bytes,
                timeout=aiohttp.ClientWSTimeout(ws_close=_GOODBYE),
            )
    except aiohttp.WSServerHandshakeError as error:
        wrong = _refused_upgrade(error.status, what, stream, source, url)
    except WIRE_ERRORS as error:
        wrong = trouble(error, what, Limits(connect=limits.connect, deadline=limits.connect))
    if wrong is not None:  # raised out here: aiohttp's exception holds the headers
        if isinstance(wrong, VendorFault):
            wrong.place(source=source, stream=stream.name, url=url)
        raise wrong
    return Connection(source, stream, ws, secrets, url, time)


def _refused_upgrade(status: int, what: str, stream: Stream, source: str, url: str) -> VendorFault:
    found = verdict(stream.errors, (), status, None, "") if status >= 400 else None
    said = f"the vendor answers the upgrade with HTTP {status}"
    if found is None:
        return Unavailable(what, said, source=source, stream=stream.name, url=url)
    return found.raises(what, said, found.remedy, wait=found.wait, source=source, stream=stream.name, url=url)
