"""The house rules that no linter knows: length of files and functions, forbidden names, nothing of one machine."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}


def tracked(project: Path) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=project, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout: which files belong to the project is unknown")
    return [project / name for name in listed.stdout.splitlines() if (project / name).is_file()]


def sources(project: Path) -> list[Path]:
    return [path for path in tracked(project) if path.suffix == ".py"]


def test_no_file_is_longer_than_400_lines(project: Path) -> None:
    long = {str(p.relative_to(project)): n for p in sources(project) if (n := len(p.read_text().splitlines())) > 400}
    assert not long, f"one subject a file; move a wall rather than stretch it: {long}"


def test_no_function_is_longer_than_50_lines(project: Path) -> None:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    long = [
        f"{path.relative_to(project)}:{node.lineno} {node.name}"
        for path in sources(project)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, functions) and (node.end_lineno or 0) - node.lineno >= 50
    ]
    assert not long, f"a function says one thing: {long}"


def test_no_room_is_called_after_nothing(project: Path) -> None:
    bad = [
        str(p.relative_to(project))
        for p in sources(project)
        if FORBIDDEN_NAMES & {part.removesuffix(".py") for part in p.relative_to(project).parts}
    ]
    assert not bad, f"name the subject: {bad}"


def test_every_module_of_the_package_says_what_belongs_there(project: Path) -> None:
    silent = [
        str(p.relative_to(project))
        for p in sources(project)
        if "marketdata_assets" in p.parts and not ast.get_docstring(ast.parse(p.read_text()))
    ]
    assert not silent


def test_the_clock_is_read_in_one_place(project: Path) -> None:
    reads = re.compile(r"datetime\.now\(|datetime\.utcnow\(|date\.today\(|time\.time\(")
    package = project / "marketdata_assets"
    found = [str(p.relative_to(project)) for p in sources(project) if package in p.parents and reads.search(p.read_text())]
    assert found == ["marketdata_assets/core/clock.py"]


def test_the_environment_is_read_in_one_place(project: Path) -> None:
    reads = re.compile(r"os\.environ|os\.getenv")
    package = project / "marketdata_assets"
    found = [str(p.relative_to(project)) for p in sources(project) if package in p.parents and reads.search(p.read_text())]
    assert found == ["marketdata_assets/settings.py"]


def test_nothing_of_this_machine_and_no_index_address_is_committed(project: Path) -> None:
    leak = re.compile("index" + r"-url|find" + r"-links|/simp" + "le/|" + re.escape(str(project.parent) + "/"))
    texts = [
        p
        for p in tracked(project)
        if p.suffix in {".py", ".md", ".toml", ".yaml", ".yml", ".lock", ".csv", ""} and p.stat().st_size < 2_000_000
    ]
    found = [
        f"{p.relative_to(project)}: {line.strip()[:80]}"
        for p in texts
        for line in p.read_text(errors="replace").splitlines()
        if leak.search(line) and "no-emit" not in line
    ]
    assert not found


def test_every_dependency_says_why_it_is_there(project: Path) -> None:
    block = (project / "pyproject.toml").read_text().split("dependencies = [", 1)[1].split("[project.scripts]", 1)[0]
    unexplained = [line.strip() for line in block.splitlines() if line.strip().startswith('"') and "#" not in line]
    assert not unexplained
