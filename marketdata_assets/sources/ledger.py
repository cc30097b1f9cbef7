"""What has been asked of one vendor under one key, kept where every run on the machine can see it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from marketdata_assets.core.faults import StorageFault
from marketdata_assets.sources.budget import Budget
from marketdata_assets.sources.meter import PACKED, Meter
from marketdata_assets.sources.timekeeper import Timekeeper
from marketdata_assets.sources.wait import LONGEST_WAIT

T = TypeVar("T")
_HEAD = struct.Struct("<4sIQddd?I")  # magic, checksum, sequence, monotonic, wall, held until, hard, strikes
_MAGIC = b"mdb1"
_NOW = 1e-6  # seconds; a shorter wait is rounding, and a sleep that short may not move the clock


class Ledger:
    """The books of one budget: a meter a quota, and the pause that the vendor has ordered."""

    def __init__(self, budget: Budget) -> None:
        self.meters = [Meter(quota, budget.headroom) for quota in budget.quotas]
        self.held_until = 0.0
        self.hard = False  # the pause is shorter than what was asked for: nobody should wait for its end
        self.strikes = 0  # refusals in a row
        self._penalty = budget.penalty
        self._at, self._wall = 0.0, 0.0

    def take(self, now: float, weight: int) -> float:
        """Counts a request and returns 0, or returns the seconds until it may be tried again and counts nothing."""
        wait = max([self.held_until - now, 0.0, *(meter.wait(now, weight) for meter in self.meters)])
        if wait > _NOW:
            return wait
        for meter in self.meters:
            meter.charge(now, weight)
        return 0.0

    def pause(self, now: float, asked: float | None) -> float:
        """Nobody asks before the pause is over; its length in seconds.

        It is what the vendor `asked` for, else a penalty that doubles with every refusal after a pause, at most 15 minutes either way.
        Refusals of requests that were under way when the pause began count as one.
        """
        if now >= self.held_until:
            self.strikes = min(self.strikes + 1, 32)
            self.hard = False
        wanted = asked or self._penalty * 2.0 ** (max(1, self.strikes) - 1)
        self.hard = self.hard or wanted > LONGEST_WAIT
        self.held_until = max(self.held_until, now + min(wanted, LONGEST_WAIT))
        return self.held_until - now

    def settle(self, now: float, wall: float) -> None:
        """Dates the books; after a restart of the machine, the monotonic clock starts anew and the wall clock says how long it was off."""
        if now < self._at:
            shift = now - max(0.0, wall - self._wall) - self._at
            self.held_until += shift
            for meter in self.meters:
                meter.shift(shift)
        self._at, self._wall = now, wall

    def pack(self, sequence: int) -> bytes:
        """The books as one record with its own checksum."""
        meters = b"".join(meter.pack() for meter in self.meters)
        head = (sequence, self._at, self._wall, self.held_until, self.hard, self.strikes)
        checksum = zlib.crc32(meters, zlib.crc32(_HEAD.pack(_MAGIC, 0, *head)))
        return _HEAD.pack(_MAGIC, checksum, *head) + meters

    def unpack(self, data: bytes) -> int:
        """Takes over a record and returns its sequence number; 0, and nothing changed, when it is torn or of another kind."""
        if len(data) != self.size:
            return 0
        magic, checksum, *head = _HEAD.unpack_from(data)
        meters = data[_HEAD.size :]
        if magic != _MAGIC or checksum != zlib.crc32(meters, zlib.crc32(_HEAD.pack(_MAGIC, 0, *head))):
            return 0
        sequence, self._at, self._wall, self.held_until, self.hard, self.strikes = head
        for number, meter in enumerate(self.meters):
            meter.unpack(meters[number * PACKED : (number + 1) * PACKED])
        return int(sequence)

    @property
    def size(self) -> int:
        """Bytes of a record."""
        return _HEAD.size + PACKED * len(self.meters)


class Books:
    """The ledger of this process alone."""

    def __init__(self, budget: Budget, time: Timekeeper) -> None:
        self._ledger, self._time = Ledger(budget), time

    def transact(self, change: Callable[[Ledger, float], T]) -> T | None:
        """The result of `change`, which gets the ledger and the time."""
        now = self._time.monotonic()
        self._ledger.settle(now, self._time.wall().timestamp())
        return change(self._ledger, now)

    def close(self) -> None:
        """Nothing to give back."""


class SharedBooks:
    """The ledger in a file, which all processes of the machine read and write in turn.

    The file holds two records; the older one is overwritten, so that a process killed while writing leaves the newer one. It outlives its
    writers and a restart of the machine. A file of which neither record can be read counts as a budget just used up. The folder
    belongs to one machine: its monotonic clock dates the records.
    """

    def __init__(self, path: Path, budget: Budget, time: Timekeeper) -> None:
        self._path, self._budget, self._time = path, budget, time
        self._size = Ledger(budget).size
        self._open()

    def _open(self) -> None:
        self._mine: tuple[bytes, Ledger, int] = (b"", Ledger(self._budget), 0)  # the record written last from here, and what it says
        self._process = os.getpid()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise self._fault(error) from None

    def transact(self, change: Callable[[Ledger, float], T]) -> T | None:
        """The result of `change`, whose effect on the ledger is written before anybody else reads; None when somebody else is at it."""
        if self._process != os.getpid():  # a fork shares its parent's lock, and so would not be kept out by it
            self.close()
            self._open()
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        try:
            ledger, sequence = self._read()
            now = self._time.monotonic()
            if sequence < 0:
                sequence = 0
                ledger.pause(now, min(LONGEST_WAIT, max([0.0, *(quota.per for quota in self._budget.quotas)])))
            ledger.settle(now, self._time.wall().timestamp())
            self._mine = (b"", ledger, 0)
            result = change(ledger, now)
            record = ledger.pack(sequence + 1)
            os.pwrite(self._fd, record, self._size * ((sequence + 1) % 2))
            self._mine = (record, ledger, sequence + 1)
        except OSError as error:
            raise self._fault(error) from None
        finally:
            fcntl.flock(self._fd, fcntl.LOCK_UN)
        return result

    def close(self) -> None:
        """Gives the file back."""
        os.close(self._fd)

    def _read(self) -> tuple[Ledger, int]:
        """The newest readable ledger and its sequence number: 0 for a new file, -1 when nothing in it can be read."""
        data = os.pread(self._fd, 2 * self._size, 0)
        records = (data[: self._size], data[self._size :])
        written, ledger, sequence = self._mine
        if written and records[sequence % 2] == written and _sequence(records[1 - sequence % 2]) < sequence:
            return ledger, sequence
        newest, found = 0, Ledger(self._budget)
        for record in records:
            ledger = Ledger(self._budget)
            if (sequence := ledger.unpack(record)) > newest:
                newest, found = sequence, ledger
        return found, newest if newest or not data else -1

    def _fault(self, error: OSError) -> StorageFault:
        return StorageFault(
            "reading and writing the request budget",
            error.strerror or str(error),
            "make its folder writable for every run",
            path=self._path.name,
        )


def _sequence(record: bytes) -> int:
    return int(_HEAD.unpack_from(record)[2]) if len(record) >= _HEAD.size else 0


def books_file(folder: Path, api: str, name: str, budget: Budget, owner: str) -> Path:
    """Where the ledger of a budget lies; the `owner`, the key that the vendor counts by (empty: this machine), cannot be read off it."""
    windows = ",".join(f"{quota.unit}/{quota.per!r}" for quota in budget.quotas)
    mark = hashlib.blake2b(f"{owner}\n{windows}".encode(), digest_size=8, person=b"marketdata").hexdigest()
    return folder / f"{api}-{name}-{mark}.budget"
