"""How the beginning of a payload is shown to people: printable, short, without keys."""

from __future__ import annotations

import re

_SHOWN = 120
# Alpha Vantage's quota notice repeats the caller's key: "We have detected your API key as XXXX and our ...".
_KEY = re.compile(r"(?i)((?:api[ _-]?key|token|secret|password)\W*(?:as|is|=|:)?\W*)[A-Za-z0-9+/_.*-]{6,}")


def evidence(data: bytes) -> str:
    """The first 120 characters of `data`: one line, printable, anything after a word like `apikey` masked."""
    text = data[: 4 * _SHOWN].decode("utf-8", errors="replace")
    line = " ".join(text.replace("\ufeff", "").split())
    shown = "".join(c if c.isprintable() and c != "\ufffd" else "·" for c in line)
    masked = _KEY.sub(r"\1***", shown)
    return masked[:_SHOWN] + ("…" if len(masked) > _SHOWN else "")
