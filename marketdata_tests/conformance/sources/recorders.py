"""Out of the files in which others recorded vendors, and into the form in which the vendor itself serves."""

from __future__ import annotations

import gzip
from collections.abc import Callable

from marketdata_tests.conformance.sources.containers import zipped


def framed(nth: int) -> Callable[[bytes], bytes]:
    """The body of the nth answer among lines of `address -> epoch: body`, gzipped or not."""

    def body(data: bytes) -> bytes:
        text = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
        answers = [line.split(b" -> ", 1)[1].split(b": ", 1)[1] for line in text.splitlines() if b" -> " in line[:200]]
        return answers[nth]

    return body


def packed(name: str) -> Callable[[bytes], bytes]:
    """The file as the only one of a zip archive, under this name."""
    return lambda data: zipped(name, data)
