"""What every verb of the command shares: errors as sentences, the progress bar, the folder of the runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import click
from pydantic import ValidationError

from cropdash.training.experiment import Device, explain

RUNS = click.option(
    "--runs",
    "runs_folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Folder of the runs.",
)

DEVICE = click.option(
    "--device",
    type=click.Choice(get_args(Device)),
    help="Where to compute; where the run was trained if unset, or the best that this machine has.",
)


def run_path(run: str, runs_folder: Path) -> Path:
    """A run is named by its path, or by its id in the runs folder.

    Raises:
        FileNotFoundError: it is neither.
    """
    for path in (Path(run), runs_folder / run):
        if path.is_dir():
            return path
    raise FileNotFoundError(f"no run {run!r}: neither a folder nor a run of {runs_folder}")


@contextmanager
def _sentences_for_errors() -> Iterator[None]:
    """Show what a user can mend as one sentence instead of a traceback."""
    try:
        yield
    except ValidationError as error:
        raise click.ClickException(explain(error)) from None
    except (ValueError, OSError, LookupError, ImportError) as error:
        raise click.ClickException(str(error)) from None


class _Verb(click.Command):
    def invoke(self, ctx: click.Context) -> Any:
        with _sentences_for_errors():
            return super().invoke(ctx)


def verb(name: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function a command; a group adds it by ``add_command``."""
    return click.command(name, cls=_Verb)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar with the time left on a terminal; nothing where the output goes to a file."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
