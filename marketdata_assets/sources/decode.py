"""What an answer says: refused, or read as the endpoint promises. Pure: bytes and headers in, document or fault out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from marketdata_assets.sources.api import Api, Endpoint, Limits
from marketdata_assets.sources.error_rules import Verdict, verdict
from marketdata_assets.sources.errors import RateLimited, SchemaChanged, Truncated, Unavailable, VendorFault
from marketdata_assets.sources.select import rows_at, select
from marketdata_assets.sources.strict_json import NotStrictJson, loads
from marketdata_assets.sources.wait import retry_after

_EXCERPT = 4_000  # bytes of a text in which the error rules look


@dataclass(frozen=True)
class Received:
    """A complete answer before anybody has looked inside."""

    status: int
    headers: Mapping[str, str]
    data: bytes
    framed: bool
    at: datetime


def decode(api: Api, endpoint: Endpoint, limits: Limits, got: Received, context: dict[str, Any], redact: Callable[[str], str] = str) -> Any:
    """The document (JSON), or the bytes (CSV, files), of a good answer. The fault it amounts to is raised otherwise.

    A notice counts as what the vendor's error table says, whatever status and type it came with; a page of HTML is an
    outage unless the table knows it; an empty body is never an empty result. `redact` cleans what a fault quotes.
    """
    what = f"asking {api.name} for {endpoint.name}"
    head = got.data[:_EXCERPT].lstrip()
    document, broken = _parse(endpoint, limits, got, head)
    found = verdict((*endpoint.errors, *api.errors), api.messages, got.status, document, _text(got, document, head))
    if found is not None:
        said = f"status {got.status}" + (f": {redact(found.message)}" if found.message else "")
        raise _fault(found, got, what, said, context)
    if 300 <= got.status < 400:
        raise SchemaChanged(what, f"status {got.status} is neither an answer nor an error", **context)
    if "html" in got.headers.get("Content-Type", "").lower() or (endpoint.form != "bytes" and head.startswith(b"<")):
        raise Unavailable(what, f"a page of HTML came with status {got.status}", **context)
    if not got.data or not head:
        raise Truncated(what, f"an empty body came with status {got.status}", **context)
    if broken is not None:
        raise (Truncated if broken.cut else SchemaChanged)(what, f"no strict JSON: {broken}", **context)
    if endpoint.form != "json":
        return _opaque(endpoint, got, document, what, context)
    _check_claims(endpoint, document, what, context)
    return document


def _parse(endpoint: Endpoint, limits: Limits, got: Received, head: bytes) -> tuple[Any, NotStrictJson | None]:
    """The JSON document in the answer, if any, and what is wrong with it where one was promised."""
    if endpoint.form == "json" and got.status < 400:
        try:
            return loads(got.data, limits.depth), None
        except NotStrictJson as error:
            return None, error
    if head[:1] in (b"{", b"[") and (got.status >= 400 or endpoint.form == "csv"):
        try:
            return orjson.loads(got.data), None
        except orjson.JSONDecodeError:
            return None, None
    return None, None


def _text(got: Received, document: Any, head: bytes) -> str:
    """What text rules look at: nothing where a good status came with a document, since its data may hold any words."""
    return "" if document is not None and got.status < 400 else head.decode(errors="replace")


def _fault(found: Verdict, got: Received, what: str, said: str, context: dict[str, Any]) -> VendorFault:
    if issubclass(found.raises, (RateLimited, Unavailable)):
        wait = retry_after(got.headers.get("Retry-After"), got.at) or found.wait
        return found.raises(what, said, found.remedy, wait=wait, **context)
    return found.raises(what, said, found.remedy, **context)


def _opaque(endpoint: Endpoint, got: Received, document: Any, what: str, context: dict[str, Any]) -> bytes:
    """The bytes of a CSV or a file, whose end only the transport can tell."""
    if document is not None:
        raise SchemaChanged(what, "a JSON document came instead of CSV", **context)
    if not got.framed:
        raise Truncated(what, "the connection closed without saying whether the answer was complete", **context)
    if endpoint.final_newline and not got.data.endswith(b"\n"):
        raise Truncated(what, "the last line of the CSV has no end", **context)
    return got.data


def _check_claims(endpoint: Endpoint, document: Any, what: str, context: dict[str, Any]) -> None:
    for claim in endpoint.claims:
        count = select(document, claim.count)
        if isinstance(count, int) and count != (came := len(rows_at(document, claim.rows))):
            raise Truncated(what, f"the answer announces {count} rows, {came} came", **context)
