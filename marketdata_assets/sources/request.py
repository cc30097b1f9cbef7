"""One question to a vendor before any secret is added to it: path, parameters, and the address they make."""

from __future__ import annotations

import string
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote_plus, urlencode, urlsplit

from marketdata_assets.core.faults import SymbolFault
from marketdata_assets.sources.errors import Diverted

Param = str | int | float | bool
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Request:
    """A request to the endpoint called `endpoint`.

    `link`, where a next-page link gave it, is path and query ready to send. `until` is where its pages end, in the unit of their
    paging, for vendors that cannot be told; it is not sent.
    """

    endpoint: str
    template: str
    path: Mapping[str, str]
    params: Mapping[str, Param]
    link: str | None = None
    until: int | None = None

    def having(self, **params: Param) -> Request:
        """The same request with some parameters changed."""
        return self.changed(params)

    def changed(self, params: Mapping[str, Param]) -> Request:
        """The same request with some parameters changed, for names that are no Python words."""
        return replace(self, params={**self.params, **params})

    def following(self, link: str) -> Request:
        """The request that a link of the same origin stands for."""
        return replace(self, link=link)

    def url(self, base_url: str) -> str:
        """The address, without secrets. Values are percent-encoded: a `/` in a symbol never becomes a path of its own.

        `SymbolFault` for a path value that would walk the path (empty, `.`, `..`) or holds control characters.
        """
        if self.link is not None:
            return on_origin(base_url, self.link)
        values = {name: _path_value(name, value) for name, value in self.path.items()}
        address = base_url.rstrip("/") + string.Formatter().vformat(self.template, (), values)
        query = urlencode([(name, _text(value)) for name, value in self.params.items()], quote_via=quote, safe=",:")
        return f"{address}?{query}" if query else address


def on_origin(base_url: str, path_and_query: str) -> str:
    """The address of a path on the host of `base_url`."""
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc}{path_and_query}"


def with_query(url: str, extra: Mapping[str, str]) -> str:
    """The address with more query parameters at its end."""
    if not extra:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(extra, quote_via=quote)}"


def without_query(url: str, names: Collection[str]) -> str:
    """The address without the query parameters called `names`; untouched, to the letter, when none of them is there."""
    path, mark, query = url.partition("?")
    if not mark or not names:
        return url
    kept = [part for part in query.split("&") if unquote_plus(part.partition("=")[0]) not in names]
    return f"{path}?{'&'.join(kept)}" if kept else path


def same_origin(link: str, base_url: str, also_hosts: tuple[str, ...] = (), current: str | None = None) -> str:
    """Path and query of a link that stays with the vendor; `Diverted` for one that leads to another host, port or scheme.

    Relative links belong to `current` (default: the base). A link to one of `also_hosts` counts as one to the base's own host.
    """
    try:
        parts, base = urlsplit(link), urlsplit(base_url)
        port, base_port = parts.port or _PORTS.get(parts.scheme), base.port or _PORTS[base.scheme]
    except ValueError:
        raise _diverted("an address that cannot be read", base_url) from None
    if any(ord(character) <= 32 or character == "\\" for character in link):
        raise _diverted("an address with blanks, control characters or backslashes", base_url)
    if parts.scheme or parts.netloc:
        hosts = {base.hostname, *(host.lower() for host in also_hosts)}
        home = base_port if parts.hostname == base.hostname else _PORTS[base.scheme]
        if parts.scheme != base.scheme or parts.hostname not in hosts or port != home or "@" in parts.netloc:
            raise _diverted(f"{parts.scheme}://{parts.hostname}:{port}", base_url)
        path = parts.path or "/"
    else:
        path = parts.path if parts.path.startswith("/") else urlsplit(current or base_url).path.rsplit("/", 1)[0] + "/" + parts.path
        if not parts.path:
            path = urlsplit(current or base_url).path
    return f"{path}?{parts.query}" if parts.query else path


def _diverted(where: str, base_url: str) -> Diverted:
    return Diverted(f"following a link of {urlsplit(base_url).hostname}", f"it leads to {where}")


def _path_value(name: str, value: str) -> str:
    if value in {"", ".", ".."} or any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise SymbolFault(f"asking for {name}", f"{value[:40]!r} cannot stand in a path", "give the vendor's spelling of a symbol")
    return quote(value, safe="")


def _text(value: Param) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
