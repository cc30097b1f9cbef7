"""Why a vendor did not deliver: one fault a remedy, so that a caller knows whether to wait, to pay, to correct or to give up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import polars as pl
from pydantic import ValidationError

from marketdata_assets.core.faults import Fault, LimitFault, PayloadFault


class VendorFault(Fault):
    """A vendor did not give what was asked.

    `final` says that this client has nothing left to try at present: the fault is neither retried nor waited out. `wait` is how
    long the vendor asked to be left alone, in seconds, if it did. An empty answer is no fault.
    """

    code = "vendor"
    advice: ClassVar[str] = "look at the vendor's status page and documentation"

    def __init__(
        self, tried: str, found: str, remedy: str = "", *, final: bool = False, wait: float | None = None, **context: object
    ) -> None:
        super().__init__(tried, found, remedy or self.advice, retry_after_s=None if wait is None else round(wait, 3), **context)
        self.final = final or not self.retryable
        self.wait = wait

    def place(self, **context: str) -> None:
        """Adds what the place that raised it did not know; what it said itself stands."""
        self.context = {**context, **self.context}


class RateLimited(VendorFault):
    """The budget of this key or address is used up, or the vendor says so."""

    code = "rate_limited"
    retryable = True
    advice = "wait, lower the budget of this source, or buy a larger plan"


class BadCredentials(VendorFault):
    """The key is missing, malformed or refused."""

    code = "bad_credentials"
    advice = "check the credentials of this source; .env.example lists their names"


class NotEntitled(VendorFault):
    """The key is good, but its plan does not include what was asked."""

    code = "not_entitled"
    advice = "ask for what the plan includes, or upgrade it (some vendors answer a wrong key this way, too)"


class NotFound(VendorFault):
    """The vendor knows no such symbol, period or path."""

    code = "not_found"
    advice = "check the symbol's spelling at this vendor and the dates of its listing"


class SchemaChanged(VendorFault, PayloadFault):
    """An answer arrived whole but is not what the vendor documents: other fields, other types, no valid JSON."""

    code = "schema_changed"
    advice = "compare the archived payload with the source's row models; nothing of it was used"


class PagingBroken(SchemaChanged):
    """The next page does not lead on: a cursor that does not move, repeated pages, pages without end."""

    code = "paging"
    advice = "nothing of this request was used; ask for a smaller window, and tell the vendor"


class Truncated(VendorFault, PayloadFault):
    """Part of an answer is missing: fewer bytes or rows than announced, a torn gzip stream, no proper end."""

    code = "truncated"
    retryable = True
    advice = "try again; nothing of the torn answer was used"


class Oversized(VendorFault, LimitFault):
    """An answer exceeds its byte, ratio or nesting cap and was cut off unread."""

    code = "oversized"
    advice = "ask for less at a time, or raise the cap of this endpoint if its answers are honestly that large"


class Rejected(VendorFault):
    """The vendor refuses the request as it stands; sending it again changes nothing."""

    code = "rejected"
    advice = "correct the symbol, timeframe or dates asked for"


class Diverted(VendorFault):
    """A redirect or a next-page link leads to another host, port or scheme; it was not followed and no key was sent."""

    code = "diverted"
    advice = "if the vendor really moved, change the base URL of this source"


class Unavailable(VendorFault):
    """The vendor does not answer, answers too late, or says that it is down."""

    code = "unavailable"
    retryable = True
    advice = "try again later"


class CircuitOpen(Unavailable):
    """The source failed so often in a row that it is left alone for a while; this request was not sent."""

    code = "circuit_open"
    advice = "try again later, or use another source"


_SHAPE_ERRORS = (ValidationError, pl.exceptions.PolarsError, KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError)


@contextmanager
def reading(what: str, **context: Any) -> Iterator[None]:
    """Within the block, an answer that does not fit the code that reads it is `SchemaChanged`.

    A renamed field, a text for a number and a missing level all end here, with the complaint.
    """
    try:
        yield
    except _SHAPE_ERRORS as error:
        raise SchemaChanged(f"reading {what}", _complaint(error), **context) from None


def _complaint(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        return f"{'.'.join(str(part) for part in first['loc']) or 'the answer'}: {first['msg']}{more}"
    return f"{type(error).__name__}: {error}"[:300]
