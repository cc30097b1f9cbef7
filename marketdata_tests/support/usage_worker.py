"""Processes that reserve requests of one month against each other and send what they were granted."""

from __future__ import annotations

from multiprocessing.connection import Connection

from marketdata_assets.core.faults import BudgetFault
from marketdata_assets.lake.lake import Lake, open_lake
from marketdata_assets.lake.s3_options import S3Options
from marketdata_assets.pipeline.budgets import Terms
from marketdata_assets.pipeline.usage import Reservation


def spend_in_turns(root: str, s3: S3Options | None, terms: Terms, runs: int, asks: int, report: Connection) -> None:
    """`runs` runs of `asks` requests, one after the other; tells how many requests left and how many runs were refused."""
    report.send(spend_in(open_lake(root, s3=s3), terms, runs, asks))


def spend_in(lake: Lake, terms: Terms, runs: int, asks: int) -> tuple[int, int]:
    """Requests sent, and runs refused."""
    sent, refused = 0, 0
    for _ in range(runs):
        try:
            with Reservation(lake, terms, asks) as run:
                for _ in range(asks):
                    run.sent("bars", 1)
                    sent += 1
        except BudgetFault:
            refused += 1
    return sent, refused


def die_with_a_reservation(root: str, terms: Terms, asks: int, report: Connection) -> None:
    """Reserves, sends all it may, says so, and waits to be killed."""
    run = Reservation(open_lake(root), terms, asks)
    for _ in range(asks):
        run.sent("bars", 1)
    report.send(asks)
    report.recv()
