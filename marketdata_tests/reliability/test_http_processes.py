"""One budget for all runs on the machine: several processes together keep to it, and those that are killed give nothing away."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from marketdata_assets.sources.budget import Budget, Quota
from marketdata_assets.sources.ledger import Ledger, SharedBooks
from marketdata_assets.sources.timekeeper import SystemTime

LIMIT, PER = 40, 1.0


def start(folder: Path, log: Path, count: int, width: int = 4, limit: int = LIMIT) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "marketdata_tests.support.budget_worker", folder, log, count, limit, PER, width]
    return subprocess.Popen([str(part) for part in command], cwd=Path(__file__).resolve().parents[2])


def passed(log: Path) -> list[float]:
    return sorted(float(line) for line in log.read_text().splitlines())


def busiest(times: list[float], span: float) -> int:
    most, first = 0, 0
    for last, at in enumerate(times):
        while times[first] <= at - span:
            first += 1
        most = max(most, last - first + 1)
    return most


def test_three_processes_together_never_exceed_the_rate(tmp_path: Path) -> None:
    log = tmp_path / "log"
    workers = [start(tmp_path / "state", log, 40) for _ in range(3)]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    times = passed(log)
    assert len(times) == 120
    assert busiest(times, PER) <= LIMIT
    assert busiest(times, PER / 4) <= LIMIT // 4 + 1, "and they leave evenly"


def wait_for_more(log: Path, lines: int = 200) -> None:
    """Returns when that many more requests have passed."""
    before, patience = log.stat().st_size if log.exists() else 0, 3_000
    while not log.exists() or log.stat().st_size < before + 20 * lines:
        time.sleep(0.01)
        patience -= 1
        assert patience, "nobody passes any more"


def storm_of_kills(folder: Path, workers: int, kills: int) -> None:
    """Workers that are killed at random points and replaced; the survivors finish."""
    log, draw = folder / "log", random.Random(kills)
    running = [start(folder / "state", log, 100_000, 16, 2_000) for _ in range(workers)]
    for _ in range(kills):
        wait_for_more(log)
        time.sleep(draw.uniform(0.0, 0.05))
        victim = running.pop(draw.randrange(len(running)))
        victim.send_signal(signal.SIGKILL)
        assert victim.wait(10) == -signal.SIGKILL
        running.append(start(folder / "state", log, 100_000, 16, 2_000))
    wait_for_more(log)
    for worker in running:
        worker.kill()
        worker.wait(10)
    lines = log.read_bytes().split(b"\n")
    times = sorted(float(line) for line in lines if line)
    assert len(times) >= 200 * (kills + 1)
    assert busiest(times, PER) <= 2_000
    (file,) = (folder / "state").iterdir()
    budget = Budget((Quota(2_000, PER),))
    sequence = max(Ledger(budget).unpack(record) for record in _halves(file.read_bytes()))
    assert sequence >= len(times), "every request that passed is in the books"
    assert SharedBooks(file, budget, SystemTime()).transact(lambda ledger, now: ledger.held_until <= now), "no book was found torn"


def _halves(data: bytes) -> list[bytes]:
    return [data[: len(data) // 2], data[len(data) // 2 :]]


def test_killed_processes_leave_the_books_whole_and_the_rate_kept(tmp_path: Path) -> None:
    storm_of_kills(tmp_path, workers=2, kills=3)


@pytest.mark.full
def test_many_killed_processes_leave_the_books_whole_and_the_rate_kept(tmp_path: Path) -> None:
    storm_of_kills(tmp_path, workers=4, kills=100)
