"""A5: flipped bits, truncations, empty and swapped files are found before a number is served."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from marketdata_assets.core.faults import CorruptFault
from marketdata_assets.lake.lake import Lake
from marketdata_tests.support.lake_samples import PATH, READINGS, rectangle

FRAMES = rectangle(["2023", "2024"], ["AAPL", "MSFT"], n=60)
DAMAGES = ["flip", "flip", "flip", "burst", "cut", "empty", "swap", "zeros"]


def damaged(data: bytes, other: bytes, how: str, draw: random.Random) -> bytes:
    at = draw.randrange(len(data))
    if how == "flip":
        return data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :]
    if how == "burst":
        return data[:at] + draw.randbytes(len(data[at : at + 512])) + data[at + 512 :]
    if how == "cut":
        return data[:at]
    if how == "zeros":
        return data[:at] + b"\0" * len(data[at:])
    return b"" if how == "empty" else other


def damage_often(lake: Lake, times: int) -> None:
    draw = random.Random(times)
    published = lake.publish(PATH, READINGS, FRAMES)
    whole = {p.path: lake.store.read(p.path) for p in published}
    good = lake.scan(PATH, READINGS).collect()
    for i in range(times):
        target, other = draw.sample(published, 2)
        bad = damaged(whole[target.path], whole[other.path], DAMAGES[i % len(DAMAGES)], draw)
        if bad == whole[target.path]:
            continue
        lake.store.write(target.path, bad)
        serves: list[Callable[[], object]] = [
            lambda: lake.scan(PATH, READINGS),
            lambda: lake.scan(PATH, READINGS, keys=[target.key], columns=["value"]),  # noqa: B023 -- called in this turn
            lambda: lake.record(PATH, target.key),  # noqa: B023
            lambda: lake.append(PATH, READINGS, target.key, lambda there: there),  # noqa: B023
        ]
        for serve in serves:
            with pytest.raises(CorruptFault) as caught:
                serve()
            assert caught.value.context["path"] == target.path
        if i % 5 == 0:
            assert [(finding.path, finding.code) for finding in lake.scrub(PATH)] == [(target.path, "corrupt")]
        lake.store.write(target.path, whole[target.path])
    assert lake.scan(PATH, READINGS).collect().equals(good)


def test_damage_of_every_kind_is_found_before_a_number_is_served(lake: Lake) -> None:
    damage_often(lake, 30 if lake.store.root.startswith("s3:") else 120)


@pytest.mark.full
def test_a_thousand_damages_are_found_before_a_number_is_served(lake: Lake) -> None:
    damage_often(lake, 1_000)


def test_publishing_again_heals_a_damaged_file(lake: Lake) -> None:
    published = lake.publish(PATH, READINGS, FRAMES)
    data = lake.store.read(published[2].path)
    lake.store.write(published[2].path, data[:-9] + b"?" + data[-8:])
    assert [p.key for p in lake.publish(PATH, READINGS, FRAMES) if p.changed] == [published[2].key]
    assert lake.scrub() == []


def test_one_bad_file_does_not_hide_the_others(lake: Lake) -> None:
    published = lake.publish(PATH, READINGS, FRAMES)
    lake.store.write(published[0].path, b"")
    rest = [p.key for p in published[1:]]
    assert lake.scan(PATH, READINGS, keys=rest).collect().height == 180
