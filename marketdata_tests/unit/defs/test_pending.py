"""What to ask a run for: what lacks a payload, what failed, and never what somebody is busy with."""

from __future__ import annotations

from collections.abc import Collection

from marketdata_assets.defs.pending import ATTEMPTS, Asked, Desired, Progress, decide
from marketdata_assets.defs.rectangles import Rectangle
from marketdata_assets.lake.layout import PartitionKey

A23, A24, B24 = PartitionKey("2023", "A"), PartitionKey("2024", "A"), PartitionKey("2024", "B")
WANTED = {A23: "p1", A24: "p1", B24: "p2"}
ALL = Rectangle(A23, B24)


def state(behind: Collection[PartitionKey], beside: Collection[PartitionKey] = ()) -> Desired:
    return Desired(WANTED, set(behind), set(beside))


def run(progress: Progress, rectangle: Rectangle = ALL, *, outdated: bool = False) -> Asked:
    return Asked(rectangle, "other" if outdated else state(()).digest(rectangle), progress)


def test_what_lacks_a_payload_is_asked_for_with_what_lies_beside_it() -> None:
    assert decide(state({A23}, {A24}), []).ask == {A23, A24}


def test_nothing_lacks_nothing_is_asked() -> None:
    assert decide(state(()), [run(Progress.DONE)]).ask == set()


def test_a_run_under_way_is_waited_for_even_behind_newer_runs() -> None:
    decision = decide(state({A23, B24}), [run(Progress.DONE, Rectangle(A24, B24)), run(Progress.UNDER_WAY)])
    assert (decision.ask, decision.busy) == (set(), set(WANTED))


def test_a_failed_run_is_repeated_although_nothing_lacks() -> None:
    assert decide(state(()), [run(Progress.FAILED)]).ask == set(WANTED)


def test_a_failure_that_a_later_run_made_good_is_forgotten() -> None:
    assert decide(state(()), [run(Progress.DONE), run(Progress.FAILED)]).ask == set()


def test_a_failure_after_a_success_counts() -> None:
    assert decide(state(()), [run(Progress.FAILED, Rectangle(A24, B24)), run(Progress.DONE)]).ask == {A24, B24}


def test_after_three_failures_with_the_same_files_it_is_left_to_a_person() -> None:
    decision = decide(state({A23}), [run(Progress.FAILED)] * ATTEMPTS)
    assert (decision.ask, decision.given_up) == (set(), set(WANTED))


def test_failures_with_other_files_do_not_count() -> None:
    decision = decide(state({A23}), [run(Progress.FAILED, outdated=True)] * ATTEMPTS)
    assert (decision.ask, decision.given_up) == (set(WANTED), set())


def test_what_a_successful_run_left_lacking_is_doubtful() -> None:
    assert decide(state({A23}), [run(Progress.DONE)]).doubtful == {A23}


def test_what_lacks_because_other_files_came_after_the_run_is_not_doubtful() -> None:
    decision = decide(state({A23}), [run(Progress.DONE, outdated=True)])
    assert (decision.ask, decision.doubtful) == ({A23}, set())


def test_the_digest_tells_what_is_to_be_taken_in_within_its_rectangle_alone() -> None:
    changed = Desired(WANTED | {B24: "p3"}, set(), set())
    assert changed.digest(ALL) != state(()).digest(ALL)
    assert changed.digest(Rectangle(A23, A24)) == state(()).digest(Rectangle(A23, A24))
