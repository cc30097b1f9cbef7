"""Checksums that a vendor publishes beside its files."""

from __future__ import annotations

import re
from hashlib import sha256

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources.landing.evidence import evidence

SUFFIX = ".CHECKSUM"
_LINE = re.compile(r"([0-9a-fA-F]{64})[ \t]+\*?(\S+)")


def checksum_beside(path: str) -> str:
    """Where the checksum of a landed file would lie."""
    return path + SUFFIX


def is_checksum(path: str) -> bool:
    """Whether a landed file is a checksum of another one, not data of its own."""
    return path.endswith(SUFFIX)


def verify_checksum(path: str, data: bytes, checksum: bytes) -> None:
    """`PayloadFault` unless `checksum` (sha256sum's text: hash, two blanks, file name) is that of `data` under this name."""
    text = checksum.decode("ascii", errors="replace").strip()
    match = _LINE.fullmatch(text)
    name, found = path.rsplit("/", 1)[-1], sha256(data).hexdigest()
    if match is None:
        problem = f"its checksum file reads {evidence(checksum)!r}"
    elif match[2] != name:
        problem = f"its checksum file speaks of {match[2][:80]!r}"
    elif match[1].lower() != found:
        problem = f"its SHA-256 is {found[:16]}…, its checksum file says {match[1][:16].lower()}…"
    else:
        return
    raise PayloadFault(
        f"verifying {path} against {name}{SUFFIX}", problem, "download both again: one of them is damaged or reissued", path=path
    )
