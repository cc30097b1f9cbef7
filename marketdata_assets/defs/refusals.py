"""A fault as Dagster shows it: the sentence as the failure's text, its evidence as metadata, and no retry that cannot help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dagster import Failure, MetadataValue, RetryRequested

from marketdata_assets.core.faults import Fault

RETRIES, PAUSE_SECONDS = 3, 2.0


@contextmanager
def told() -> Iterator[None]:
    """Within the block, a `Fault` fails the step with what was tried, found and to be done; what was published before stays.

    A retryable one is tried again three times first, from the step's inputs on.
    """
    try:
        yield
    except Fault as fault:
        if fault.retryable:
            raise RetryRequested(max_retries=RETRIES, seconds_to_wait=PAUSE_SECONDS) from failure(fault)
        raise failure(fault) from fault


def failure(fault: Fault) -> Failure:
    """The fault as a step's failure."""
    return Failure(
        description=str(fault),
        metadata={
            "code": fault.code,
            "tried": fault.tried,
            "found": MetadataValue.md(fault.found),
            "remedy": fault.remedy,
            "evidence": MetadataValue.json(dict(fault.context)),
        },
        allow_retries=fault.retryable,
    )
