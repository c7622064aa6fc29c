"""How commands speak: a progress bar on a terminal, plain lines elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO, cast

from django.core.management.base import OutputWrapper
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

Advance = Callable[[int], None]


def plain(out: OutputWrapper) -> TextIO:
    """The stream under a command's output, for what styles its text itself."""
    return cast("TextIO", out._out)


@contextmanager
def progress(what: str, *, total: int | None, out: OutputWrapper) -> Iterator[Advance]:
    """Give a function that is told how far the work has come, as a running total."""
    console = Console(file=plain(out))
    if not console.is_terminal:
        yield lambda _: None
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)
