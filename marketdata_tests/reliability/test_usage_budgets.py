"""Monthly budgets hold when many runs reserve at once: as threads, as processes, on a disk and in a bucket."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from marketdata_assets.core import clock
from marketdata_assets.core.faults import BudgetFault
from marketdata_assets.core.periods import PeriodKind, period_key
from marketdata_assets.lake.lake import Lake, open_lake
from marketdata_assets.pipeline.budgets import Standing, Terms, ledger_path, standing
from marketdata_assets.pipeline.usage import LEASE, Reservation
from marketdata_assets.schemas.usage import USAGE
from marketdata_tests.support.lake_children import children
from marketdata_tests.support.lake_samples import NewLake
from marketdata_tests.support.s3_server import S3Server
from marketdata_tests.support.usage_worker import die_with_a_reservation, spend_in, spend_in_turns


def terms(requests: int) -> Terms:
    return Terms("coins", "geckoish", "demo", requests=requests)


def stands(lake: Lake, limit: int) -> Standing:
    """All months together, should the test run at the turn of one."""
    rows = lake.scan(ledger_path("geckoish"), USAGE).collect()
    return standing(rows, terms(limit), period_key(clock.now(), PeriodKind.MONTH), clock.now())


def race(root: str, server: S3Server | None, writers: int, runs: int, asks: int, limit: int) -> tuple[int, int]:
    """Requests that really left and runs that were refused, over all processes."""
    context, started = children(), []
    options = server.options if server else None
    for _ in range(writers):
        ours, theirs = context.Pipe(duplex=False)
        child = context.Process(target=spend_in_turns, args=(root, options, terms(limit), runs, asks, theirs))
        child.start()
        theirs.close()
        started.append((child, ours))
    results = [(ours.recv(), child.join())[0] for child, ours in started]
    assert stands(open_lake(root, s3=options), limit).spent == sum(sent for sent, _ in results)
    return sum(sent for sent, _ in results), sum(refused for _, refused in results)


def test_threads_that_reserve_at_once_never_exceed_the_month(new_lake: NewLake) -> None:
    """Twelve runs of 10 against 75: seven are granted, whoever comes first; nothing of a refused run leaves."""
    shared = new_lake()
    lakes = [shared if writer % 2 else new_lake() for writer in range(6)]
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda lake: spend_in(lake, terms(75), 2, 10), lakes))
    sent, refused = sum(s for s, _ in results), sum(r for _, r in results)
    after = stands(new_lake(), 75)
    assert (after.spent, after.reserved) == (sent, 0)
    assert (sent, refused) == (70, 5)


def test_processes_that_reserve_at_once_on_a_disk_never_exceed_the_month(tmp_path: Path) -> None:
    sent, refused = race(str(tmp_path / "lake"), None, writers=4, runs=4, asks=10, limit=95)
    assert (sent, refused) == (90, 7)


def test_processes_that_reserve_at_once_in_a_bucket_never_exceed_the_month(s3_server: S3Server) -> None:
    sent, refused = race(f"s3://{s3_server.new_bucket()}/p", s3_server, writers=3, runs=2, asks=10, limit=35)
    assert (sent, refused) == (30, 3)


def test_reservations_held_at_once_by_threads_are_granted_up_to_the_last_request(new_lake: NewLake) -> None:
    def hold(lake: Lake) -> Reservation | None:
        try:
            return Reservation(lake, terms(50), 10)
        except BudgetFault:
            return None

    with ThreadPoolExecutor(8) as pool:
        held = [run for run in pool.map(hold, [new_lake() for _ in range(8)]) if run is not None]
    assert len(held) == 5
    assert stands(new_lake(), 50).requests_left == 0
    for run in held:
        run.settle()
    assert stands(new_lake(), 50).requests_left == 50


def test_the_reservation_of_a_killed_process_holds_until_its_lease_ends(tmp_path: Path) -> None:
    root, limit = str(tmp_path / "lake"), 100
    context = children()
    ours, theirs = context.Pipe()
    child = context.Process(target=die_with_a_reservation, args=(root, terms(limit), 60, theirs))
    child.start()
    assert ours.recv() == 60
    child.kill()
    child.join()
    lake = open_lake(root)
    with pytest.raises(BudgetFault):
        Reservation(lake, terms(limit), 41)
    with clock.frozen(clock.now() + LEASE + timedelta(seconds=1)):
        Reservation(lake, terms(limit), 41).settle()


@pytest.mark.full
def test_eight_processes_of_fifty_runs_on_a_disk_spend_the_month_to_the_last_whole_run(tmp_path: Path) -> None:
    sent, refused = race(str(tmp_path / "lake"), None, writers=8, runs=50, asks=3, limit=1000)
    assert (sent, refused) == (999, 67)
