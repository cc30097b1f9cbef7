"""How far long work has come: a moving bar on a screen, a line at every tenth (for few steps, at the end) where nobody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_FEW = 20
Bar = Callable[[int, int], None]


@contextmanager
def bar(console: Console, what: str, total: int | None = None) -> Iterator[Bar]:
    """A function of (done, total) that shows it; `total` is how much there is to do, when that is known at the start."""
    if not console.is_terminal:
        yield _Lines(console, what, total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=False) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done, of: progress.update(task, completed=done, total=of)


class _Lines:
    def __init__(self, console: Console, what: str, total: int | None) -> None:
        self._console, self._what, self._shown = console, what, -1
        console.print(f"{what} ..." if total is None else f"{what}: {total} to do", markup=False)

    def __call__(self, done: int, of: int) -> None:
        tenth = (10 if of > _FEW else 1) * done // of if of else 10
        if tenth > self._shown and (tenth or of > _FEW) and done:
            self._shown = tenth
            self._console.print(f"{self._what}: {done} of {of}", markup=False)
