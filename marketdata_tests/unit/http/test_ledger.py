from __future__ import annotations

import os
from pathlib import Path

import pytest

from marketdata_assets.core.faults import StorageFault
from marketdata_assets.sources.budget import Budget, Quota
from marketdata_assets.sources.ledger import Ledger, SharedBooks, books_file
from marketdata_assets.sources.timekeeper import SYSTEM_TIME
from marketdata_assets.sources.wait import LONGEST_WAIT
from marketdata_tests.support.fake_time import FakeTime

BUDGET = Budget((Quota(3, 60.0, burst=3),))


def take(books: SharedBooks) -> float:
    wait = books.transact(lambda ledger, now: ledger.take(now, 1))
    assert wait is not None
    return wait


def test_two_holders_of_one_file_share_one_budget(tmp_path: Path) -> None:
    time, path = FakeTime(), tmp_path / "state" / "toy.budget"
    one, other = SharedBooks(path, BUDGET, time), SharedBooks(path, BUDGET, time)
    assert [take(one), take(other), take(one)] == [0.0, 0.0, 0.0]
    assert take(other) > 59
    time.pass_by(61)
    assert take(one) == 0.0


def test_a_forked_process_locks_for_itself(tmp_path: Path) -> None:
    """A fork inherits its parent's open file, and with it the parent's lock."""
    path = tmp_path / "toy.budget"
    books = SharedBooks(path, BUDGET, SYSTEM_TIME)
    read, write = os.pipe()

    def child() -> int | None:
        if (pid := os.fork()) == 0:
            os.write(write, repr(books.transact(lambda ledger, now: ledger.take(now, 1))).encode())
            os._exit(0)
        os.waitpid(pid, 0)
        return None

    assert books.transact(lambda ledger, now: child() or 1) == 1
    assert os.read(read, 99) == b"None", "the child was kept out while its parent was at it"


def test_the_books_outlive_their_holder(tmp_path: Path) -> None:
    time, path = FakeTime(), tmp_path / "toy.budget"
    first = SharedBooks(path, BUDGET, time)
    for _ in range(3):
        take(first)
    first.close()
    assert take(SharedBooks(path, BUDGET, time)) > 59


@pytest.mark.parametrize("off", [0.0, 20.0, 3_600.0])
def test_a_restart_of_the_machine_gives_nothing_away(tmp_path: Path, off: float) -> None:
    """The monotonic clock starts anew at zero; the wall clock says how long the machine was off."""
    time, path = FakeTime(at=90_000.0), tmp_path / "toy.budget"
    for _ in range(3):
        take(SharedBooks(path, BUDGET, time))
    wait = take(SharedBooks(path, BUDGET, FakeTime(at=5.0, wall=time.wall()) if not off else _later(time, off)))
    assert wait == 0.0 if off > 61 else 60 - off <= wait <= 60.5 - off


def _later(time: FakeTime, off: float) -> FakeTime:
    time.pass_by(off)
    return FakeTime(at=5.0, wall=time.wall())


def test_a_record_torn_while_it_was_written_leaves_the_one_before(tmp_path: Path) -> None:
    time, path = FakeTime(), tmp_path / "toy.budget"
    books = SharedBooks(path, BUDGET, time)
    take(books)
    take(books)
    size = Ledger(BUDGET).size
    data = bytearray(path.read_bytes())
    data[40:size] = bytes(size - 40)  # sequence 2 lies in the first half
    path.write_bytes(bytes(data))
    again = SharedBooks(path, BUDGET, time)
    assert [take(again), take(again)] == [0.0, 0.0], "the first of three is remembered, the torn second is not"
    assert take(again) > 0


def test_books_nobody_can_read_count_as_a_budget_just_used_up(tmp_path: Path) -> None:
    time, path = FakeTime(), tmp_path / "toy.budget"
    path.write_bytes(b"\x00rubbish" * 999)
    books = SharedBooks(path, BUDGET, time)
    assert take(books) == pytest.approx(60)
    time.pass_by(61)
    assert take(books) == 0.0


def test_a_folder_that_cannot_be_made_is_a_fault_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StorageFault, match="writable"):
        SharedBooks(tmp_path / "state" / "toy.budget", BUDGET, FakeTime())


def test_budgets_of_other_keys_and_windows_have_books_of_their_own(tmp_path: Path) -> None:
    wider = Budget((Quota(3, 3_600.0),))
    same = Budget((Quota(9, 60.0),))
    names = {
        books_file(tmp_path, "toy", "default", budget, owner).name for budget, owner in ((BUDGET, "k1"), (BUDGET, "k2"), (wider, "k1"))
    }
    assert len(names) == 3
    assert books_file(tmp_path, "toy", "default", same, "k1") == books_file(tmp_path, "toy", "default", BUDGET, "k1"), (
        "a changed limit keeps the history"
    )
    assert not any("k1" in name for name in names)


def test_a_pause_is_what_was_asked_for_capped_at_a_quarter_of_an_hour() -> None:
    ledger = Ledger(Budget())
    assert ledger.pause(1_000.0, 40.0) == 40.0
    assert not ledger.hard
    assert ledger.take(1_039.0, 1) == pytest.approx(1.0)
    assert ledger.pause(1_041.0, 3e5) == LONGEST_WAIT
    assert ledger.hard, "three days are not waited for"
    assert ledger.take(1_041.0 + LONGEST_WAIT, 1) == 0.0


def test_a_pause_without_a_length_doubles_while_refusals_go_on() -> None:
    ledger, now, pauses = Ledger(Budget(penalty=1.0)), 1_000.0, []
    for _ in range(12):
        pauses.append(ledger.pause(now, None))
        now = ledger.held_until
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


def test_refusals_of_requests_already_under_way_count_as_one() -> None:
    ledger = Ledger(Budget(penalty=1.0))
    for number in range(64):
        ledger.pause(1_000.0 + number / 1_000, None)
    assert ledger.held_until < 1_001.1
    assert ledger.strikes == 1
