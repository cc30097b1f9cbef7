"""What an event becomes in the tables: its row, the tags that are searched for, and the rows of a planned check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.definitions.partitions.subset import DefaultPartitionsSubset
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS, DagsterEvent
from dagster._core.events.log import EventLogEntry
from dagster._record import copy
from dagster._serdes import serialize_value

Value = str | int | None


class Row(NamedTuple):
    """An event ready to be written: its serialized form and the columns that Dagster searches by."""

    event: EventLogEntry
    told: DagsterEvent | None
    asset_key: str | None
    at: str
    values: tuple[Value, ...]  # run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition

    @property
    def about_an_asset(self) -> bool:
        """Whether the asset's own row and tags depend on it."""
        return self.told is not None and self.asset_key is not None and self.told.event_type in ASSET_EVENTS

    @property
    def about_a_check(self) -> bool:
        """Whether it plans or concludes an asset check."""
        return self.told is not None and self.told.event_type in ASSET_CHECK_EVENTS


def stamp(moment: datetime | float) -> str:
    """A moment as the tables hold it: UTC without a zone, microseconds always written, so that text order is time order."""
    at = moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
    return at.replace(tzinfo=None).isoformat(" ", "microseconds")


def row_of(event: EventLogEntry) -> Row:
    """The event's row, serialized once."""
    told = event.dagster_event
    key = told.asset_key.to_string() if told is not None and told.asset_key else None
    at = stamp(event.timestamp)
    kind, step_key = (told.event_type_value, told.step_key) if told is not None else (None, event.step_key)
    partition = told.partition or None if told is not None else None
    return Row(event, told, key, at, (event.run_id, serialize_value(event), kind, at, step_key, key, partition))


def tags_of(row: Row, searched: Callable[[set[str]], set[str]]) -> Mapping[str, str]:
    """The tags of a materialization or observation that Dagster searches by: `searched` picks them from all keys."""
    told = row.told
    if told is None:
        return {}
    if told.is_step_materialization:
        tags = told.step_materialization_data.materialization.tags or {}
    elif told.is_asset_observation:
        tags = told.asset_observation_data.asset_observation.tags
    else:
        return {}
    keys = searched(set(tags))
    return {k: v for k, v in tags.items() if k in keys}


def last_of_each_kind(stored: Iterable[tuple[int, Row]]) -> Mapping[str, Sequence[tuple[int, Row]]]:
    """Per asset key, the last event of each type in order of storage: all that the asset's own row depends on."""
    last: dict[str, dict[str, tuple[int, Row]]] = {}
    for number, row in stored:
        if row.asset_key is not None and row.told is not None:
            kinds = last.setdefault(row.asset_key, {})
            kinds.pop(row.told.event_type_value, None)
            kinds[row.told.event_type_value] = (number, row)
    return {key: list(kinds.values()) for key, kinds in last.items()}


def planned_per_partition(row: Row, planned: AssetCheckEvaluationPlanned) -> Iterable[tuple[str | None, str]]:
    """Each partition that a check is planned for, with the event narrowed to it.

    Dagster's own storage repeats the whole list of partitions in every partition's row: 1,170 partitions are 45 MB. The
    event table keeps the event as it came.
    """
    if planned.partitions_subset is None or row.told is None:
        yield None, str(row.values[1])
        return
    for key in planned.partitions_subset.get_partition_keys():
        narrowed = copy(planned, partitions_subset=DefaultPartitionsSubset({key}))
        told = row.told._replace(event_specific_data=narrowed)
        yield key, serialize_value(row.event._replace(dagster_event=told))
