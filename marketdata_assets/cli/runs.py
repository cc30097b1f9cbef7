"""Running the graph from the terminal: the parts that ingest, backfill and demo share. Dagster is imported here and not before."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from marketdata_assets.cli.session import Session

if TYPE_CHECKING:
    from dagster import DagsterInstance, Definitions

    from marketdata_assets.defs.lanes import Lane
    from marketdata_assets.defs.rectangles import Rectangle
    from marketdata_assets.defs.running import Outcome


class Graph:
    """The graph of a session's settings and the instance that remembers its runs."""

    def __init__(self, definitions: Definitions, instance: DagsterInstance) -> None:
        self.definitions, self.instance = definitions, instance

    def run(self, session: Session, lane: Lane, found: Sequence[Rectangle], tags: Mapping[str, str] | None = None) -> list[Outcome]:
        """The lane's job over each rectangle, with `tags` on its runs and a bar of finished steps.

        Failures are said at once and do not stop the rest.
        """
        from marketdata_assets.defs.running import run_lane

        outcomes = []
        for rectangle in found:
            with session.out.progress(f"{lane.name} {rectangle}") as bar:
                outcome = run_lane(self.definitions, self.instance, lane, rectangle, bar, tags)
            for reason in outcome.failures:
                session.out.note(f"failed: {reason}")
            for reason in outcome.unanswered:
                session.out.note(f"not answered: {reason}")
            outcomes.append(outcome)
        return outcomes

    def run_events(self, session: Session, asset_class: str, which: str) -> Outcome:
        """The job of `which` kind (`actions` asks sources, `events` weighs) over all years of an asset class; see `run`."""
        from marketdata_assets.defs.event_jobs import all_years, event_job_name
        from marketdata_assets.defs.running import run_job

        name = event_job_name(asset_class, which)
        with session.out.progress(name) as bar:
            outcome = run_job(self.definitions, self.instance, name, all_years(session.platform.settings, asset_class), bar)
        for reason in outcome.failures:
            session.out.note(f"failed: {reason}")
        return outcome


def report(session: Session, lane: Lane, found: Sequence[Rectangle], outcomes: Sequence[Outcome]) -> list[tuple[dict[str, Any], bool]]:
    """Each run as values for JSON, with whether it succeeded and every vendor answered, and a line of it for people."""
    from marketdata_assets.defs.running import keys_of

    told = []
    for rectangle, outcome in zip(found, outcomes, strict=True):
        size = len(keys_of(lane, rectangle))
        checks = f"{outcome.failed_checks} checks failed, {outcome.warned_checks} warned"
        line = f"{lane.name} {rectangle}: {size} partitions, {checks if outcome.succeeded else 'FAILED: ' + '; '.join(outcome.failures)}"
        session.out.say(line, "green" if outcome.succeeded else "red")
        values = {"bars": lane.name, "partitions": str(rectangle), "count": size, **asdict(outcome), "succeeded": outcome.succeeded}
        told.append((values, outcome.succeeded and not outcome.unanswered))
    return told


@contextmanager
def graph(session: Session) -> Iterator[Graph]:
    """The graph, opened; Dagster's own log of every event goes to its event log, not to this terminal."""
    from marketdata_assets.defs.build import build_definitions
    from marketdata_assets.defs.instance import instance_of
    from marketdata_assets.defs.resources import PlatformResource
    from marketdata_assets.settings import dagster_home

    settings = session.platform.settings
    resource = PlatformResource(settings, opener=lambda _: session.platform)
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    with instance_of(settings, dagster_home()) as instance:
        yield Graph(build_definitions(settings, platform=resource), instance)
