"""Faults in a document: the vendor's answer is made as always, and changed before it leaves."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.faults import FaultRule
from marketdata_assets.sandbox.wire.protocol import Protocol, text

_PAGE = "<!DOCTYPE html><html><head><title>Will be right back</title></head><body><h1>Will be right back...</h1></body></html>"
_PAIR = re.compile(rb'"[^"\\]+":\s*(?:-?[0-9][-+.eE0-9]*|"[^"\\]*")')
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?)?")
_CSV_NUMBER = re.compile(rb",(-?\d+\.?\d*)")
_DEEP = 5_000


def instead(protocol: Protocol, rule: FaultRule) -> web.Response | None:
    """What is answered in place of the vendor's answer; None when the rule leaves one to be made."""
    headers = {"Retry-After": rule.retry_after} if rule.retry_after is not None else {}
    match rule.what:
        case "rate_limit":
            return protocol.trouble(429, headers)
        case "ban":
            return protocol.trouble(418, headers)
        case "status":
            return protocol.trouble(rule.status, headers)
        case "html_200":
            return text(_PAGE, kind="text/html")
        case "notice_200":
            return protocol.notice()
        case "redirect":
            return web.Response(status=302, headers={"Location": rule.to}, body=b"")
    return None


class Rewriter:
    """Changes the bodies of one vendor; remembers a rule's first and previous page."""

    def __init__(self, protocol: Protocol, book: Book) -> None:
        self._protocol = protocol
        self._book = book
        self._first: dict[FaultRule, tuple[bytes | None, bytes]] = {}
        self._before: dict[FaultRule, bytes] = {}

    def rewritten(self, request: web.Request, answer: web.Response, rule: FaultRule) -> web.Response:
        """The answer with the rule's fault in its document; the same answer when the rule is not about documents."""
        if answer.status != 200 or not isinstance(answer.body, bytes):
            return answer
        body = bytes(answer.body)
        change = _BYTES.get(rule.what)
        if change is not None:
            answer.body = change(body)
        elif rule.what in _LEAVES:
            answer.body = _with_leaf(body, _LEAVES[rule.what])
        elif rule.what == "ms_for_s":
            answer.body = _rescaled(body)
        elif rule.what == "renamed_field":
            answer.body = body.replace(*self._protocol.renamed)
        elif rule.what == "wrong_symbol":
            answer.body = self._other_symbol(request, body)
        elif rule.what in ("loop_cursor", "repeat_page", "other_host_link"):
            return self._paged(answer, body, rule)
        return answer

    def _other_symbol(self, request: web.Request, body: bytes) -> bytes:
        """Every spelling of the symbols asked for, as a whole word, replaced by another's."""
        asked = request.path_qs
        every = [symbol for kind in ("us_equities", "crypto") for symbol in self._book.symbols(kind)]
        names = {symbol: self._protocol.spelled(symbol) for symbol in every}
        meant = [symbol for symbol, name in names.items() if _quoted(name) in asked or name in asked]
        for symbol in meant:
            others = [name for other, name in names.items() if other not in meant and ("-" in other) == ("-" in symbol)]
            if others:
                body = re.sub(rb"(?<![A-Za-z0-9])" + re.escape(names[symbol].encode()) + rb"(?![A-Za-z0-9])", others[0].encode(), body)
        return body

    def _paged(self, answer: web.Response, body: bytes, rule: FaultRule) -> web.Response:
        here = self._cursor(answer, body)
        start, first = self._first.setdefault(rule, (here, body))
        if rule.what == "other_host_link":
            if here and self._protocol.cursor is not None and b"url" in self._protocol.cursor.pattern:
                return self._linked(answer, body, rule.to.encode())
            return web.Response(status=302, headers={"Location": rule.to}, body=b"")
        if rule.what == "loop_cursor":
            return self._linked(answer, body, start) if start is not None else _bodied(answer, first)
        before, self._before[rule] = self._before.get(rule, body), body
        return self._linked(answer, before, here) if here is not None else _bodied(answer, before)

    def _cursor(self, answer: web.Response, body: bytes) -> bytes | None:
        if self._protocol.cursor_header and (found := answer.headers.get(self._protocol.cursor_header)):
            return found.encode()
        match = self._protocol.cursor.search(body) if self._protocol.cursor else None
        return match[1] if match else None

    def _linked(self, answer: web.Response, body: bytes, cursor: bytes) -> web.Response:
        if self._protocol.cursor_header and self._protocol.cursor_header in answer.headers:
            answer.headers[self._protocol.cursor_header] = cursor.decode()
        elif self._protocol.cursor and (match := self._protocol.cursor.search(body)):
            body = body[: match.start(1)] + cursor + body[match.end(1) :]
        return _bodied(answer, body)


def _bodied(answer: web.Response, body: bytes) -> web.Response:
    answer.body = body
    return answer


def _quoted(name: str) -> str:
    return name.replace("/", "%2F").replace(":", "%3A")


def _twice(body: bytes) -> bytes:
    if match := _PAIR.search(body):
        return body[: match.end()] + b"," + body[match.start() :]
    return b'{"data":' + body + b',"data":' + body + b"}"


_BYTES: dict[str, Callable[[bytes], bytes]] = {
    "bad_json": lambda body: body[:-1] + b",}]",
    "duplicate_keys": _twice,
    "deep_nesting": lambda body: b"[" * _DEEP + body + b"]" * _DEEP,
}
_LEAVES: dict[str, Callable[[Any], Any]] = {
    "nan": lambda _: b"NaN",
    "infinity": lambda _: b"Infinity",
    "huge_number": lambda _: b"1e400",
    "string_for_number": lambda leaf: orjson.dumps("n/a" if isinstance(leaf, str) else str(leaf)),
}
_MARK = "\ue000"


def _with_leaf(body: bytes, written: Callable[[Any], bytes]) -> bytes:
    """The first number at the greatest depth, or the first numeric text where there is no number, written differently."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        match = _CSV_NUMBER.search(body)
        return body[: match.start(1)] + written("").strip(b'"') + body[match.end(1) :] if match else body
    found = _deepest(document, lambda leaf: isinstance(leaf, int | float) and not isinstance(leaf, bool))
    found = found or _deepest(document, _numeric_text)
    if found is None:
        return body
    holder, key = found
    leaf = holder[key]
    holder[key] = _MARK
    return orjson.dumps(document).replace(orjson.dumps(_MARK), written(leaf), 1)


def _numeric_text(leaf: Any) -> bool:
    try:
        return isinstance(leaf, str) and float(leaf) == float(leaf)
    except ValueError:
        return False


def _deepest(document: Any, wanted: Callable[[Any], bool]) -> tuple[Any, Any] | None:
    best: tuple[int, Any, Any] | None = None
    stack: list[tuple[int, Any]] = [(0, document)]
    while stack:
        depth, node = stack.pop(0)
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, value in items:
            if isinstance(value, dict | list):
                stack.append((depth + 1, value))
            elif wanted(value) and (best is None or depth > best[0]):
                best = (depth, node, key)
    return (best[1], best[2]) if best else None


def _rescaled(body: bytes) -> bytes:
    """Instants in another unit: seconds as milliseconds, milliseconds and nanoseconds the other way, dates and texts as milliseconds."""
    try:
        return orjson.dumps(_moved(orjson.loads(body)))
    except orjson.JSONDecodeError:
        return re.sub(rb"(?m)^\d{4}-\d\d-\d\d[^,]*", b"1700000000000", body)


def _moved(node: Any) -> Any:
    match node:
        case dict():
            return {_moved(key): _moved(value) for key, value in node.items()}
        case list():
            return [_moved(value) for value in node]
        case str() if _INSTANT.fullmatch(node):
            return "1700000000000"
        case int() if 10**9 <= node < 2 * 10**9:
            return node * 1000
        case int() if 10**12 <= node < 2 * 10**12:
            return node // 1000
        case int() if 10**18 <= node < 2 * 10**18:
            return node // 10**6
    return node
