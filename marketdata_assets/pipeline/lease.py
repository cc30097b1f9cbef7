"""One fetch at a time for what must not be asked twice, across all runs of this machine."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from marketdata_assets.core.faults import StorageFault
from marketdata_assets.pipeline.platform import Platform


@contextmanager
def lease(platform: Platform, name: str) -> Iterator[None]:
    """Within the block, no other run of this machine holds the lease of that name; a second one waits for the first to end.

    What it then finds lacking no longer holds what the first one was answered. A run that dies leaves its lease behind, free. Runs on
    other machines are not seen. `StorageFault` when the state folder cannot be written.
    """
    folder = platform.settings.state / "fetching"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / f"{name}.lock").open("w")
    except OSError as error:
        raise StorageFault(
            "taking turns with other fetches",
            error.strerror or str(error),
            "make `state:` of marketdata.yaml a writable folder",
            path=folder,
        ) from None
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
