"""S03, S04: pages make up the whole answer, and a vendor that leads in circles is left."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from marketdata_assets.sources.errors import PagingBroken
from marketdata_assets.sources.request import same_origin
from marketdata_tests.conformance.sources.case import Case, Recorded
from marketdata_tests.conformance.sources.cases import WITH_ROWS, loaded
from marketdata_tests.conformance.sources.comparison import content
from marketdata_tests.conformance.sources.served import fetch, fetch_pages, pages_of, pages_on
from marketdata_tests.support.loopback import Answering, Asked, Reply

pytestmark = pytest.mark.realdata
CURSOR = re.compile(rb'"(?:next_page_token|next_url)":\s*"([^"]+)"')
HOST = re.compile(rb"https://api\.massive\.com(?::443)?(?=/)")
FEW = 4  # requests after which nobody believes in progress any more


def _halves(case: Case) -> list[list[int]]:
    """The places of the rows in two pages and an empty one: where pages are counted by their rows, only a short one is the last."""
    places = list(range(case.count))
    half = -(-len(places) // 2)
    return [places[:half], places[half:], *([[]] if len(places) == 2 * half else [])]


@WITH_ROWS
def test_s03_what_comes_over_http_is_what_the_file_holds(recorded: Recorded, shared: Path) -> None:
    case = loaded(recorded, shared)
    if not case.is_as_served:
        return
    served = fetch_pages(case, [list(range(case.count)), []])
    assert content(served.frame) == content(case.read())


@WITH_ROWS
def test_s03_pages_make_up_the_whole_answer(recorded: Recorded, shared: Path) -> None:
    case = loaded(recorded, shared)
    if not pages_on(case.dataset.endpoint.paging) or case.count < 2 or not case.is_as_served:
        return
    parts = _halves(case)
    served = fetch_pages(case, parts)
    assert content(served.frame) == content(case.read())
    assert len(served.asked) >= 2
    assert len({tuple(sorted(asked.query.items())) for asked in served.asked}) == len(served.asked), "each page is asked for differently"


@WITH_ROWS
def test_s03_a_cursor_as_the_vendor_wrote_it_is_followed(recorded: Recorded, shared: Path) -> None:
    """The recorded page goes out with nothing changed but its host; the place of its cursor is known here from the vendors' pages alone."""
    case = loaded(recorded, shared)
    found = CURSOR.search(case.body) if case.is_as_served else None
    if found is None:
        return
    cursor = found[1].decode().replace("\\/", "/")
    linked = urlsplit(cursor).path if cursor.startswith("http") else ""
    if linked:
        api = case.source.api_of(case.dataset)
        assert same_origin(cursor, api.base_url, api.also_hosts).startswith(linked), "the recorded host is one of the vendor's"
    last = CURSOR.sub(b'"nothing": ""', case.keeping([]))
    seen: list[Asked] = []

    def answering(url: str) -> Answering:
        def answer(asked: Asked) -> Reply:
            seen.append(asked)
            return Reply(HOST.sub(url.encode(), case.body) if len(seen) == 1 else last)

        return answer

    fetch(case, lambda url, path: [answering(url)], also=linked)
    assert len(seen) == 2, "the second page is asked for"
    wanted = parse_qs(urlsplit(cursor).query)["cursor"][0] if linked else cursor
    assert wanted in seen[1].query.values()
    assert not linked or seen[1].path == linked


@WITH_ROWS
def test_s04_a_cursor_that_does_not_move_is_an_error_soon(recorded: Recorded, shared: Path) -> None:
    case = loaded(recorded, shared)
    if not pages_on(case.dataset.endpoint.paging) or not case.is_as_served:
        return
    asked = 0

    def stuck(url: str, path: str) -> list[Answering]:
        (page,) = pages_of(case, [list(range(case.count))], url, path, stuck=True)

        def again(_: object) -> Reply:
            nonlocal asked
            asked += 1
            return page

        return [again]

    with pytest.raises(PagingBroken):
        fetch(case, stuck, page_size=case.count)
    assert 1 <= asked <= FEW
