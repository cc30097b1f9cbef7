"""Which attempts are worth repeating, how often, and how long to pause between them."""

from __future__ import annotations

import random

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from marketdata_assets.sources.api import Limits
from marketdata_assets.sources.errors import RateLimited, VendorFault
from marketdata_assets.sources.timekeeper import Timekeeper


def retrying(limits: Limits, time: Timekeeper) -> AsyncRetrying:
    """The attempts of one request: what may pass is tried again after a pause with full jitter, anything else is raised at once.

    There is no pause here after a refusal for asking too much, or one that says how long to wait: the throttle then holds back
    everybody's requests, this one's too.
    """
    return AsyncRetrying(
        stop=stop_after_attempt(limits.attempts),
        wait=lambda state: _pause(state, limits),
        retry=retry_if_exception(_may_pass),
        sleep=time.sleep,
        reraise=True,
    )


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, VendorFault) and not error.final


def _pause(state: RetryCallState, limits: Limits) -> float:
    fault = state.outcome.exception() if state.outcome else None
    if isinstance(fault, RateLimited) or (isinstance(fault, VendorFault) and fault.wait is not None):
        return 0.0
    return random.uniform(0.0, min(limits.longest_backoff, limits.backoff * 2.0 ** (state.attempt_number - 1)))  # noqa: S311 (no secret)
