"""A6: an object store that answers 500, 503, too late, with half a body, or takes effect and hangs up."""

from __future__ import annotations

import polars as pl
import pytest

from marketdata_assets.core.faults import ConflictFault, StorageFault
from marketdata_assets.lake.lake import Lake
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.lake.s3 import S3Store
from marketdata_assets.lake.s3_retry import Retry
from marketdata_tests.support.lake_samples import PATH, READINGS, one_row, readings, rectangle
from marketdata_tests.support.s3_server import S3Server

KEY = PartitionKey("2024", "AAPL")
QUICK = Retry(attempts=4, first_pause=0.001, longest_pause=0.01)
BEFORE = ["500", "503", "reset", "slow"]
AFTER = ["lost answer", "lost answer 500"]


@pytest.fixture
def store(s3_server: S3Server) -> S3Store:
    s3_server.faults.clear()
    return S3Store(s3_server.new_bucket(), "p", s3_server.hasty_client, retry=QUICK)


@pytest.mark.parametrize("how", [*BEFORE, *AFTER])
@pytest.mark.parametrize("condition", ["absent", "version"])
def test_a_put_that_failed_once_takes_effect_once(s3_server: S3Server, store: S3Store, how: str, condition: str) -> None:
    expect = None if condition == "absent" else store.write("a", b"old")
    s3_server.faults.append(("PUT", how))
    version = store.write("a", b"new", expect=expect)
    assert not s3_server.faults
    entry = store.stat("a")
    assert entry is not None
    assert entry.version == version
    assert store.read("a") == b"new"


@pytest.mark.parametrize("how", BEFORE)
def test_a_put_that_keeps_failing_ends_after_bounded_tries_and_the_old_version_stays(s3_server: S3Server, store: S3Store, how: str) -> None:
    version = store.write("a", b"old")
    s3_server.faults.extend([("PUT", how)] * QUICK.attempts)
    s3_server.seen.clear()
    with pytest.raises(StorageFault) as caught:
        store.write("a", b"new", expect=version)
    assert caught.value.retryable
    assert s3_server.seen == ["PUT"] * QUICK.attempts
    assert store.read("a") == b"old"


@pytest.mark.parametrize("how", AFTER)
def test_a_lost_answer_does_not_hide_that_somebody_else_was_first(s3_server: S3Server, store: S3Store, how: str) -> None:
    version = store.write("a", b"old")
    store.write("a", b"theirs", expect=version)
    s3_server.faults.append(("PUT", how))
    with pytest.raises(ConflictFault):
        store.write("a", b"theirs", expect=version)


def test_a_conflict_that_passes_is_tried_again_and_one_that_stays_is_typed(s3_server: S3Server, store: S3Store) -> None:
    s3_server.faults.extend([("PUT", "409")] * 2)
    store.write("a", b"1", expect=None)
    s3_server.faults.extend([("PUT", "409")] * QUICK.attempts)
    with pytest.raises(ConflictFault):
        store.write("a", b"2")
    assert store.read("a") == b"1"


@pytest.mark.parametrize("how", [*BEFORE, "half body"])
def test_a_read_that_failed_comes_back_whole(s3_server: S3Server, store: S3Store, how: str) -> None:
    data = bytes(range(256)) * 2000
    store.write("t/a", data)
    s3_server.faults.append(("GET", how))
    assert store.read("t/a") == data
    s3_server.faults.append(("GET", how))
    assert [entry.path for entry in store.list("t")] == ["t/a"]
    assert not s3_server.faults


def test_what_the_store_forbids_is_refused_at_once(s3_server: S3Server, store: S3Store) -> None:
    s3_server.faults.append(("PUT", "403"))
    s3_server.seen.clear()
    with pytest.raises(StorageFault) as caught:
        store.write("a", b"1")
    assert not caught.value.retryable
    assert s3_server.seen == ["PUT"]


def test_a_publish_and_a_scan_through_a_bad_hour_lose_and_double_nothing(s3_server: S3Server, store: S3Store) -> None:
    lake = Lake(store)
    frames = rectangle(["2023", "2024"], ["AAPL", "IBM", "MSFT"])
    s3_server.faults.extend([("PUT", how) for how in (*BEFORE, *AFTER)])
    assert all(p.changed for p in lake.publish(PATH, READINGS, frames))
    s3_server.faults.extend([("GET", how) for how in ("half body", "500", "reset")])
    assert lake.scan(PATH, READINGS).collect().equals(pl.concat([frames[key] for key in sorted(frames)]))
    assert lake.scrub() == []


@pytest.mark.parametrize("how", AFTER)
def test_an_append_whose_answer_was_lost_is_applied_once(s3_server: S3Server, store: S3Store, how: str) -> None:
    lake = Lake(store)
    lake.publish(PATH, READINGS, {KEY: readings("2024", "AAPL", 1)})
    merges = []

    def merge(there: pl.DataFrame) -> pl.DataFrame:
        merges.append(there.height)
        return pl.concat([there, one_row(5, len(merges))])

    s3_server.faults.append(("PUT", how))
    assert lake.append(PATH, READINGS, KEY, merge).rows == 2
    assert merges == [1]


def test_a_multi_partition_publish_that_fails_midway_keeps_what_was_committed(s3_server: S3Server, store: S3Store) -> None:
    lake = Lake(S3Store(s3_server.new_bucket(), "p", s3_server.client, retry=Retry(attempts=1)))
    frames = rectangle(["2022", "2023", "2024"], ["AAPL", "IBM", "MSFT"])
    s3_server.faults.extend([("PUT", "503")] * 4)
    with pytest.raises(StorageFault) as caught:
        lake.publish(PATH, READINGS, frames)
    assert (caught.value.context["committed"], caught.value.context["remaining"]) == ("5", "4")
    assert len(lake.partitions(PATH)) == 5
    assert sum(p.changed for p in lake.publish(PATH, READINGS, frames)) == 4
