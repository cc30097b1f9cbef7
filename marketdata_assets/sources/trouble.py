"""What went wrong on the wire, from aiohttp's exceptions to our faults; their texts hold addresses and are never repeated."""

from __future__ import annotations

import asyncio
import os

import aiohttp

from marketdata_assets.core.faults import ConfigFault, Fault
from marketdata_assets.sources.api import Limits
from marketdata_assets.sources.errors import Oversized, Truncated, Unavailable

WIRE_ERRORS = (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError)


def trouble(error: BaseException, what: str, limits: Limits) -> Fault:
    """The fault that an exception of the transport amounts to."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return Unavailable(what, f"no connection within {limits.connect:g} s")
    if isinstance(error, asyncio.TimeoutError):
        return Unavailable(what, f"the answer was not complete within {limits.deadline:g} s")
    if isinstance(error, aiohttp.ClientPayloadError):
        return Truncated(what, "the connection ended before the announced end of the body")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Unavailable(what, "the host's name cannot be resolved", "check the network and the base URL of this source")
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Unavailable(what, "the host's certificate is not trusted", "check who answers for this host", final=True)
    if isinstance(error, aiohttp.ClientResponseError):
        if "more than" in error.message or "Too many headers" in error.message:
            return Oversized(what, "its headers are larger than any honest answer's")
        return Unavailable(what, "what came back is not HTTP")
    if isinstance(error, (aiohttp.InvalidURL, ValueError)):
        return ConfigFault(what, "the address cannot be sent", "check the base URL of this source and the symbol asked for")
    return Unavailable(what, f"the connection failed: {_reason(error)}")


def _reason(error: BaseException) -> str:
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number).lower() if isinstance(number, int) and number > 0 else type(error).__name__
