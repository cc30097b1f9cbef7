"""Which refusals of an object store pass by themselves, how often to try again, and what the others mean."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError

from marketdata_assets.core.faults import ConflictFault, Fault, StorageFault
from marketdata_assets.lake.store import FinalStorageFault, MissingFault

T = TypeVar("T")

_PASSING_CODES = {"InternalError", "ServiceUnavailable", "SlowDown", "RequestTimeout", "Throttling", "OperationAborted"}
_CONFLICT = 409
_PRECONDITION = 412
_NOT_FOUND = 404
_draw = random.SystemRandom()


@dataclass(frozen=True)
class Retry:
    """At most `attempts` tries; before try n+1 a pause drawn from 0 to `first_pause` * 2^n seconds, never above `longest_pause`."""

    attempts: int = 6
    first_pause: float = 0.1
    longest_pause: float = 5.0

    def run(self, tried: str, path: str, call: Callable[[bool], T]) -> T:
        """The result of `call(ambiguous)`; `ambiguous` says that an earlier try may have taken effect although its answer was lost.

        A `Fault` when the store refuses for good or all tries are used up.
        """
        ambiguous = False
        for attempt in range(1, self.attempts + 1):
            try:
                return call(ambiguous)
            except (ClientError, BotoCoreError) as error:
                if not passes(error) or attempt == self.attempts:
                    raise fault_of(error, tried, path, attempt) from None
                ambiguous = ambiguous or _may_have_happened(error)
            time.sleep(_draw.uniform(0, min(self.longest_pause, self.first_pause * 2**attempt)))
        raise AssertionError("a retry makes at least one attempt")


def passes(error: Exception) -> bool:
    """Whether the same request may succeed a moment later."""
    if isinstance(error, ClientError):
        return status_of(error) in {429, _CONFLICT} or status_of(error) >= 500 or code_of(error) in _PASSING_CODES
    return isinstance(error, HTTPClientError | BotoConnectionError | IncompleteReadError)


def status_of(error: ClientError) -> int:
    """The HTTP status of the answer, 0 when it had none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def code_of(error: ClientError) -> str:
    """The store's own word for the refusal."""
    return str(error.response.get("Error", {}).get("Code", ""))


def fault_of(error: Exception, tried: str, path: str, attempts: int) -> Fault:
    """The refusal as a fault of ours. The message of the store is left out: it may quote the request."""
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return FinalStorageFault(
            tried, "no credentials were found", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile", path=path
        )
    if not isinstance(error, ClientError):
        found = f"{type(error).__name__} in {attempts} tries"
        return StorageFault(tried, found, "check the network and the endpoint, then run again; what was committed stays", path=path)
    status, code = status_of(error), code_of(error)
    found = f"{code or 'an answer'} (HTTP {status}) in {attempts} tries" if attempts > 1 else f"{code or 'an answer'} (HTTP {status})"
    if code == "NoSuchBucket":
        return FinalStorageFault(tried, "the bucket does not exist", "create it, or correct the lake's root", path=path)
    if status in {_PRECONDITION, _CONFLICT}:
        return ConflictFault(tried, "somebody else published it in between", "run again, on top of what is there now", path=path)
    if status == _NOT_FOUND:
        return MissingFault(tried, "nothing lies there", "check the path, or publish the partition first", path=path)
    if passes(error):
        return StorageFault(tried, found, "wait and run again; what was committed stays", path=path)
    return FinalStorageFault(tried, found, "check credentials, bucket policy and region", path=path)


def _may_have_happened(error: Exception) -> bool:
    return not isinstance(error, ClientError) or status_of(error) >= 500
