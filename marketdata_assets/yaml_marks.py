"""A yaml file as values plus the line on which each of them stands, so that a mistake can be pointed at."""

from __future__ import annotations

from typing import Any

import yaml

from marketdata_assets.core.faults import ConfigFault

Path = tuple[str | int, ...]


def parse_yaml(text: str, where: str) -> tuple[dict[str, Any], dict[Path, int]]:
    """The mapping in `text` and, for every key and item in it, its line from 1.

    `ConfigFault` when it is not yaml, not a mapping, or says a key twice (yaml itself would keep the last silently).
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text) if root is not None else {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or "unreadable text"
        raise ConfigFault(
            f"reading {where} line {line}", f"not valid yaml: {problem}", "check indentation, colons and quotes", line=line
        ) from None
    if not isinstance(values, dict):
        raise ConfigFault(f"reading {where}", "the file is not a mapping of keys to values", "start from the commented marketdata.yaml")
    lines: dict[Path, int] = {}
    if root is not None:
        _mark(root, (), lines, where)
    return values, lines


def line_of(path: Path, lines: dict[Path, int]) -> int:
    """The line of the value at `path`, or of the nearest thing around it that has one."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _mark(node: yaml.Node, path: Path, lines: dict[Path, int], where: str) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, key.value)
            if here in lines:
                raise ConfigFault(
                    f"reading {where} line {key.start_mark.line + 1}",
                    f"the key {key.value!r} stands twice (first on line {lines[here]})",
                    "keep one of the two",
                )
            lines[here] = key.start_mark.line + 1
            _mark(value, here, lines, where)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[(*path, index)] = item.start_mark.line + 1
            _mark(item, (*path, index), lines, where)
