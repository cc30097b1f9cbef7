"""B8: duplicate, overlapping, unordered, looping and missing pages, through the client to merged rows."""

from __future__ import annotations

import random
from typing import Any

import polars as pl
import pytest

from marketdata_assets.sources.answer import Answer
from marketdata_assets.sources.errors import NotFound, PagingBroken
from marketdata_assets.sources.merge import Merged, merge_pages
from marketdata_tests.support.loopback import Loopback, js
from marketdata_tests.support.toy_vendor import BARS, client
from marketdata_tests.support.virtual_time import run

BARS_OF_A_DAY = [{"t": n, "c": 100 + n / 8} for n in range(390)]


def frame(page: Answer) -> pl.DataFrame:
    return pl.DataFrame(page.rows("bars"), schema={"t": pl.Int64, "c": pl.Float64}).with_columns(payload_sha256=pl.lit(page.record.sha256))


def served(pages: list[list[dict[str, Any]]]) -> Merged:
    """What a fetch of these pages, chained by tokens, amounts to."""

    async def scene() -> list[pl.DataFrame]:
        answers = [js({"bars": bars, "next_page_token": f"t{n}" if n < len(pages) else None}) for n, bars in enumerate(pages, 1)]
        async with Loopback() as server, client(server.on("/bars/A", *answers)) as toy:
            return [frame(page) async for page in toy.pages(BARS.request(symbol="A"))]

    return merge_pages(run(scene()), ("t",), ("payload_sha256",))


@pytest.mark.parametrize("seed", range(5))
def test_pages_that_overlap_repeat_and_come_in_any_order_equal_one_big_page(seed: int) -> None:
    draw = random.Random(seed)
    cuts = sorted(draw.sample(range(20, 380), 6))
    pages = [BARS_OF_A_DAY[max(0, a - draw.randrange(10)) : b] for a, b in zip([0, *cuts], [*cuts, 390], strict=True)]
    pages.append(pages[draw.randrange(len(pages) - 1)])
    for page in pages:
        draw.shuffle(page)
    draw.shuffle(pages)
    merged, whole = served(pages), served([BARS_OF_A_DAY])
    assert merged.rows.select("t", "c").equals(whole.rows.select("t", "c"))
    assert merged.conflicts.is_empty()


def test_pages_that_contradict_each_other_surface_both_versions() -> None:
    merged = served([BARS_OF_A_DAY[:200], [{"t": 199, "c": 1.0}, *BARS_OF_A_DAY[200:]]])
    assert merged.rows.height == 389
    assert merged.conflicts["c"].to_list() == [100 + 199 / 8, 1.0]
    assert merged.conflicts["payload_sha256"].n_unique() == 2


@pytest.mark.parametrize(
    "answers",
    [
        [js({"bars": [1], "next_page_token": "same"})],
        [js({"bars": [n], "next_page_token": token}) for n, token in enumerate("abcab")],
        [js({"bars": [1], "next_page_token": "a"}), js({"bars": [1], "next_page_token": "b"})],
    ],
    ids=["stands still", "loops", "repeats its rows"],
)
def test_a_cursor_that_does_not_lead_on_is_an_error_within_a_few_requests(answers: list[Any]) -> None:
    async def scene() -> None:
        async with Loopback() as server, client(server.on("/bars/A", *answers)) as toy:
            with pytest.raises(PagingBroken) as caught:
                [page async for page in toy.pages(BARS.request(symbol="A"))]
            assert len(server.asked) <= 5
            assert not caught.value.retryable

    run(scene())


def test_a_page_that_fails_for_good_fails_the_whole_request() -> None:
    async def scene() -> None:
        answers = [js({"bars": [1], "next_page_token": "a"}), js({"message": "gone"}, 404)]
        async with Loopback() as server, client(server.on("/bars/A", *answers)) as toy:
            pages = aiter(toy.pages(BARS.request(symbol="A")))
            await anext(pages)
            with pytest.raises(NotFound, match="gone"):
                await anext(pages)

    run(scene())
