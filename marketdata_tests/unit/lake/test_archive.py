"""The payload archive keeps every byte it was given and remembers when it first came."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import zstandard

from marketdata_assets.core.faults import CorruptFault, PayloadFault
from marketdata_assets.lake.archive import Payload
from marketdata_assets.lake.lake import Lake
from marketdata_assets.lake.store import MissingFault
from marketdata_tests.support.lake_samples import NewLake

FIRST = datetime(2024, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)
DATA = b"Date,Close\n2024-01-02,1.5\n" * 1000


def test_a_payload_comes_back_to_the_byte(lake: Lake) -> None:
    for data in (DATA, b"", b"\0" * 100_000, bytes(range(256)) * 50):
        record = lake.archive.put(data, name="x/aapl.csv", received_at=FIRST)
        assert record.sha256 == hashlib.sha256(data).hexdigest()
        assert lake.archive.get(record.sha256) == data


def test_known_bytes_keep_their_first_name_and_instant_for_ever(new_lake: NewLake) -> None:
    first = new_lake().archive.put(DATA, name="x/aapl.csv", received_at=FIRST)
    again = new_lake().archive.put(DATA, name="y/copy.csv", received_at=FIRST + timedelta(days=9))
    assert again == first
    assert (again.name, again.received_at, again.size) == ("x/aapl.csv", FIRST, len(DATA))
    assert new_lake().archive.record(first.sha256) == first


def test_an_instant_is_kept_as_utc_and_one_without_zone_is_refused(lake: Lake) -> None:
    record = lake.archive.put(DATA, name="x", received_at=FIRST.astimezone(timezone(timedelta(hours=-5))))
    assert record.received_at == FIRST
    assert record.received_at.tzinfo is UTC
    with pytest.raises(PayloadFault):
        lake.archive.put(b"other", name="x", received_at=FIRST.replace(tzinfo=None))


def test_names_of_any_kind_are_kept_as_they_came(lake: Lake) -> None:
    for name in ("ä/中文 file.csv", "../../etc/passwd", "a\nb", "x" * 4000):
        assert lake.archive.put(name.encode(), name=name, received_at=FIRST).name == name
        record = lake.archive.record(hashlib.sha256(name.encode()).hexdigest())
        assert record is not None
        assert record.name == name


def test_what_is_not_there_has_no_record(lake: Lake) -> None:
    assert lake.archive.record("0" * 64) is None
    for unknown in ("0" * 64, "../../x", "", "ABC"):
        with pytest.raises(MissingFault):
            lake.archive.get(unknown)


def test_many_writers_of_the_same_bytes_agree_on_one_record(new_lake: NewLake) -> None:
    start = threading.Barrier(6)

    def put(i: int) -> object:
        archive = new_lake().archive
        start.wait()
        return archive.put(DATA, name=f"copy {i}", received_at=FIRST + timedelta(seconds=i))

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(put, range(6)))) == 1


def test_many_payloads_at_once_answer_in_order(lake: Lake) -> None:
    payloads = [Payload(b"%d" % (i % 7), f"{i}", FIRST + timedelta(seconds=i)) for i in range(20)]
    records = lake.archive.put_many(payloads)
    assert [r.sha256 for r in records] == [hashlib.sha256(p.data).hexdigest() for p in payloads]
    assert len(lake.store.list("payloads")) == 7


def test_the_file_opens_with_any_zstandard_reader(local_lake: Lake) -> None:
    record = local_lake.archive.put(DATA, name="x", received_at=FIRST)
    path = Path(local_lake.store.root, "payloads", record.sha256[:2], record.sha256 + ".zst")
    with path.open("rb") as file:
        assert zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read() == DATA


def test_a_damaged_payload_is_never_served_and_a_cut_one_is_healed_when_it_lands_again(lake: Lake) -> None:
    record = lake.archive.put(DATA, name="x", received_at=FIRST)
    (entry,) = lake.store.list("payloads")
    whole = lake.store.read(entry.path)
    flipped = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in (0, 6, 90, len(whole) - 20)]
    for damaged in (b"", whole[:5], whole[:-3], whole + b"x", *flipped):
        lake.store.write(entry.path, damaged)
        with pytest.raises(CorruptFault):
            lake.archive.get(record.sha256)
        assert [finding.code for finding in lake.scrub()] == ["corrupt"]
    lake.store.write(entry.path, whole[:-3])
    assert lake.archive.put(DATA, name="y", received_at=FIRST + timedelta(days=1)) == record
    assert lake.archive.get(record.sha256) == DATA
    assert lake.scrub() == []


def test_one_payload_under_the_name_of_another_is_found(lake: Lake) -> None:
    first, second = (lake.archive.put(data, name="x", received_at=FIRST) for data in (b"one", b"two"))
    stolen = lake.store.read(f"payloads/{second.sha256[:2]}/{second.sha256}.zst")
    lake.store.write(f"payloads/{first.sha256[:2]}/{first.sha256}.zst", stolen)
    with pytest.raises(CorruptFault):
        lake.archive.get(first.sha256)
