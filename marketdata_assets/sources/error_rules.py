"""From an answer to a fault: a vendor's own table first, then what the HTTP status means everywhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from marketdata_assets.sources.errors import BadCredentials, NotEntitled, NotFound, RateLimited, Rejected, Unavailable, VendorFault
from marketdata_assets.sources.select import Selector, as_text, select


@dataclass(frozen=True)
class ErrorRule:
    """One line of a vendor's error table: an answer like this is that fault.

    All that is given must hold: the status is one of `status`; the text at `at` in the JSON answer (or the whole answer where `at`
    is None) contains a match of the regular expression `matches`, in either case of letters. At `at`, nothing, null, 0 and an
    empty list never match: that is how vendors write success. `wait` is for limits whose answer does not say how long, in seconds.
    """

    raises: type[VendorFault]
    status: tuple[int, ...] = ()
    at: Selector | None = None
    matches: str = ""
    remedy: str = ""
    wait: float | None = None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.matches, re.IGNORECASE)

    def fits(self, status: int, document: Any, text: str) -> bool:
        """Whether an answer of this status, with this JSON document (None if it is none) and this beginning of its text, is meant."""
        if self.status and status not in self.status:
            return False
        if self.at is None:
            return bool(self._pattern.search(text)) if self.matches else bool(self.status)
        found = select(document, self.at)
        said = "" if found in (0, False) else as_text(found)
        return bool(said) and bool(self._pattern.search(said))


@dataclass(frozen=True)
class Verdict:
    """The fault an answer amounts to, the vendor's own words (with its code, if a code told), and the rule's remedy and wait if any."""

    raises: type[VendorFault]
    message: str
    remedy: str = ""
    wait: float | None = None


_BY_STATUS: dict[int, type[VendorFault]] = {
    401: BadCredentials,
    402: NotEntitled,
    403: NotEntitled,
    404: NotFound,
    408: Unavailable,
    410: NotFound,
    418: RateLimited,  # the address is banned for a while after 429 was ignored
    425: Unavailable,
    429: RateLimited,
    451: NotEntitled,
}


def verdict(rules: Sequence[ErrorRule], messages: Sequence[Selector], status: int, document: Any, text: str) -> Verdict | None:
    """What is wrong with an answer, or None when it is one to read; the first rule that fits decides."""
    for rule in rules:
        if rule.fits(status, document, text):
            found = "" if rule.at is None else as_text(select(document, rule.at))
            words = message_of(messages, document, text)
            if re.fullmatch(r"-?\d+", found):
                found = f"{words} ({found})" if words else found
            return Verdict(rule.raises, found or words, rule.remedy, rule.wait)
    if status < 400:
        return None
    raises = _BY_STATUS.get(status) or (Unavailable if status >= 500 else Rejected)
    return Verdict(raises, message_of(messages, document, text))


def message_of(messages: Sequence[Selector], document: Any, text: str) -> str:
    """The vendor's own words: the first of `messages` that says something, else the beginning of the answer's text without markup."""
    for place in messages:
        found = select(document, place)
        if isinstance(found, (str, list)) and (said := as_text(found)):
            return said[:300]
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())[:200]
