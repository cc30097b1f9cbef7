"""How a vendor splits an answer over pages, as values with two duties: read the answer, change the next request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from marketdata_assets.sources.answer import Answer
from marketdata_assets.sources.errors import PagingBroken, Truncated, reading
from marketdata_assets.sources.request import Request, same_origin
from marketdata_assets.sources.select import Selector

_SAME_AGAIN = 2


class Paging(Protocol):
    """One vendor's way of paging. `rows`, where it is given, is where the rows of a page stand."""

    @property
    def rows(self) -> Selector | None:
        """Where the rows of a page stand; None compares whole answers when looking for repeated pages."""

    def advance(self, answer: Answer) -> Request | None:
        """The request for the page after this answer; None when it was the last one."""


@dataclass(frozen=True)
class SinglePage:
    """Everything comes in one answer."""

    rows: Selector | None = None

    def advance(self, answer: Answer) -> Request | None:  # noqa: ARG002 (the shape of every paging)
        """Never another page."""
        return None


ONE_PAGE = SinglePage()


@dataclass(frozen=True)
class TokenPaging:
    """The answer holds a token for the next page, in its document or in a response header; none, null or an empty one ends."""

    param: str
    token: Selector = ""
    header: str | None = None
    rows: Selector | None = None

    def advance(self, answer: Answer) -> Request | None:
        """The same request with the token."""
        found = answer.headers.get(self.header) if self.header else answer.at(self.token)
        return answer.request.changed({self.param: str(found)}) if found not in (None, "") else None


@dataclass(frozen=True)
class LinkPaging:
    """The answer holds the whole address of the next page; only path and query of it are used, and only when it stays with the vendor."""

    link: Selector
    also_hosts: tuple[str, ...] = ()
    rows: Selector | None = None

    def advance(self, answer: Answer) -> Request | None:
        """The linked request; `Diverted` when it leads elsewhere."""
        found = answer.at(self.link)
        if not found:
            return None
        return answer.request.following(same_origin(str(found), answer.record.url, self.also_hosts))


@dataclass(frozen=True)
class CountPaging:
    """Pages are counted: by page number, or by the rows before them (`by="row"`). A page with fewer than `size` rows is the last one.

    `size` is the page size that was asked for; with `total`, the vendor's own count of all rows ends the pages as well.
    """

    param: str
    rows: Selector
    size: int
    first: int = 1
    by: Literal["page", "row"] = "page"
    total: Selector | None = None

    def advance(self, answer: Answer) -> Request | None:
        """The same request with the next number; `Truncated` when pages end before the announced total."""
        at = int(answer.request.params.get(self.param, self.first))
        step = 1 if self.by == "page" else self.size
        had = len(answer.rows(self.rows))
        total = answer.at(self.total) if self.total is not None else None
        if isinstance(total, int):
            before = (at - self.first) // step * self.size
            if before + had >= total:
                return None
            if had < self.size:
                raise Truncated(f"reading page {at}", f"{before + had} of {total} announced rows came", **_where(answer))
        return answer.request.changed({self.param: at + step}) if had >= self.size else None


@dataclass(frozen=True)
class AfterLast:
    """The next page starts where this one ends: after the last bar's time, or after the last id.

    `field` says where in a row its time or id stands, in the unit of `param`; `step` moves past it (0 where the bound is exclusive).
    Forward pages follow the largest value and end at the request's own `until` parameter, if that is named; backward ones the smallest. An
    empty page ends, and so does one with fewer than `size` rows, where the vendor always fills its pages.
    """

    param: str
    rows: Selector
    field: int | str
    step: int = 1
    forward: bool = True
    until: str | None = None
    size: int | None = None

    def advance(self, answer: Answer) -> Request | None:
        """The same request from the next value on; `PagingBroken` when that would not move."""
        rows = answer.rows(self.rows)
        if not rows or (self.size is not None and len(rows) < self.size):
            return None
        ends = (int(rows[0][self.field]), int(rows[-1][self.field]))
        following = max(ends) + self.step if self.forward else min(ends) - self.step
        asked = answer.request.params.get(self.param)
        if asked is not None and (following <= int(asked) if self.forward else following >= int(asked)):
            raise PagingBroken(f"paging by {self.param}", f"a page of {len(rows)} rows does not move it past {asked}", **_where(answer))
        limit = answer.request.params.get(self.until) if self.until else None
        if limit is not None and (following > int(limit) if self.forward else following < int(limit)):
            return None
        return answer.request.changed({self.param: following})


@dataclass(frozen=True)
class LastPaging:
    """The answer names the point up to which it reaches, to be given back as `param`.

    A page of fewer than `size` rows is the last one, and so is one that reaches the whole number in `until` of its request.
    A full page whose point is the one that was asked for holds more rows at one instant than a page does: an error.
    """

    param: str
    last: Selector
    rows: Selector
    size: int

    def advance(self, answer: Answer) -> Request | None:
        """The same request from that point on."""
        rows = answer.rows(self.rows)
        if len(rows) < self.size:
            return None
        last = answer.at(self.last)
        if last is None or str(last) == str(answer.request.params.get(self.param)):
            raise PagingBroken(f"paging by {self.param}", f"a full page of {len(rows)} rows leaves it at {last}", **_where(answer))
        if answer.request.until is not None and int(last) >= answer.request.until:
            return None
        return answer.request.changed({self.param: str(last)})


async def walk(request: Request, paging: Paging, fetch: Callable[[Request], Awaitable[Answer]], *, max_pages: int) -> AsyncIterator[Answer]:
    """Each page in turn, from `request` to the last.

    `PagingBroken` when a page leads back to one that was read, when the same rows come three times running, and past `max_pages`. A
    page that comes twice is passed on: merging makes it count once.
    """
    seen: set[str] = set()
    before, repeats = None, 0
    following: Request | None = request
    while following is not None:
        if len(seen) == max_pages:
            raise PagingBroken(f"paging through {request.endpoint}", f"there is more after {max_pages} pages", endpoint=request.endpoint)
        seen.add(following.url("https://vendor"))
        answer = await fetch(following)
        content = answer.rows(paging.rows) if paging.rows is not None else answer.record.sha256
        before, repeats = content, repeats + 1 if content and content == before else 0
        if repeats == _SAME_AGAIN:
            raise PagingBroken(f"paging through {request.endpoint}", "the same page comes again and again", **_where(answer))
        yield answer
        with reading(f"a page of {request.endpoint}", **_where(answer)):
            following = paging.advance(answer)
        if following is not None and following.url("https://vendor") in seen:
            raise PagingBroken(f"paging through {request.endpoint}", "the next page is one that was read already", **_where(answer))


def _where(answer: Answer) -> dict[str, Any]:
    return {"source": answer.record.source, "endpoint": answer.record.endpoint, "payload_sha256": answer.record.sha256}
