"""How much of anything a payload may be."""

from __future__ import annotations

from dataclasses import dataclass

from marketdata_assets.core.faults import LimitFault


@dataclass(frozen=True)
class Limits:
    """How much of anything a payload may be before it is cut off unread."""

    max_compressed: int = 1 << 30
    """Bytes of a landed file."""
    max_bytes: int = 2 << 30
    """Bytes of everything it unpacks to."""
    max_ratio: int = 200
    """Unpacked bytes per packed byte, once `ratio_floor` bytes came out."""
    ratio_floor: int = 1 << 20
    """Bytes below which a ratio says nothing."""
    max_members: int = 10_000
    """Files in a zip."""
    max_line: int = 1 << 16
    """Bytes of a line of text."""
    max_json: int = 256 << 20
    """Bytes of a json payload, which costs ten times its size in memory while it is read."""

    def check(self, came_out: int, went_in: int, what: str) -> None:
        """`LimitFault` when `came_out` bytes are too many, in all or for the `went_in` packed ones."""
        if came_out > self.max_bytes:
            raise over(what, f"more than {self.max_bytes:,} bytes")
        if came_out > self.ratio_floor and came_out > self.max_ratio * max(went_in, 1):
            raise over(what, f"more than {self.max_ratio} times its packed size")


LIMITS = Limits()


def over(what: str, found: str) -> LimitFault:
    """The refusal of a payload that is too much of something."""
    return LimitFault(
        f"opening {what}", f"it holds {found}", "land smaller files; if this one is honest, raise the limit where it is read", path=what
    )
