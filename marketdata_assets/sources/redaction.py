"""Secrets on their way to a vendor, and their removal from everything that is written down."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

from marketdata_assets.sources.api import Auth
from marketdata_assets.sources.errors import BadCredentials

BLOT = "***"
SHORTEST_IN_PAYLOAD = 8  # characters; a shorter key (a vendor's public `demo`) is a word that payloads may hold by right


class Keyring:
    """The secrets of one source: where they go in a request, and what they look like when a text betrays them."""

    def __init__(self, source: str, auth: Auth, credentials: Mapping[str, SecretStr]) -> None:
        self._source, self._auth = source, auth
        self._secrets = {name: secret.get_secret_value() for name, secret in credentials.items() if secret.get_secret_value()}
        for name, secret in self._secrets.items():
            if secret != secret.strip() or any(ord(character) < 32 or ord(character) > 126 for character in secret):
                raise BadCredentials(f"using the credential {name!r}", "it holds control characters or blanks at its ends", source=source)
        shapes = {shape for secret in self._secrets.values() for shape in _shapes(secret)}
        self._shapes = sorted(shapes, key=len, reverse=True)
        self._bytes = [shape.encode() for shape in self._shapes if len(shape) >= SHORTEST_IN_PAYLOAD]

    def __repr__(self) -> str:
        return f"Keyring({self._source}: {', '.join(sorted(self._secrets)) or 'empty'})"

    def headers(self) -> dict[str, str]:
        """Header fields that carry secrets. `BadCredentials` when one is not configured and the vendor insists."""
        return self._filled(self._auth.headers)

    def query(self) -> dict[str, str]:
        """Query parameters that carry secrets, for vendors that take them nowhere else."""
        return self._filled(self._auth.query)

    @property
    def owner(self) -> str:
        """Whom the vendor counts when it counts by key; to be hashed, never written."""
        return "\n".join(f"{name}={secret}" for name, secret in sorted(self._secrets.items()))

    def redact(self, text: str) -> str:
        """The text with every secret, plain or encoded, blotted out; a short one only where it is a word of its own."""
        for shape in self._shapes:
            if len(shape) >= SHORTEST_IN_PAYLOAD:
                text = text.replace(shape, BLOT)
            else:
                text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(shape)}(?![A-Za-z0-9])", BLOT, text)
        return text

    def scrub(self, payload: bytes) -> bytes:
        """The payload with secrets overwritten by stars, byte for byte; the very same object where there are none."""
        for shape in self._bytes:
            if shape in payload:
                payload = payload.replace(shape, b"*" * len(shape))
        return payload

    def _filled(self, places: Mapping[str, str]) -> dict[str, str]:
        filled = {}
        for place, template in places.items():
            try:
                filled[place] = template.format_map(self._secrets)
            except KeyError as missing:
                name = str(missing.args[0])
                if self._auth.optional:
                    continue
                raise BadCredentials(
                    f"signing a request to {self._source}", f"the credential {name!r} is not configured", source=self._source
                ) from None
        return filled


def _shapes(secret: str) -> set[str]:
    coded = base64.b64encode(secret.encode()).decode()
    return {secret, quote(secret, safe=""), quote_plus(secret), coded, coded.rstrip("="), secret.replace("/", "\\/")} - {""}
