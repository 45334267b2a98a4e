"""Preparing a data set: outlines are checked, scenes listed, blocks worked off, the store assembled.

Blocks run in this process, or on Dask when there are several workers or a scheduler is given. What is
finished stays in a work folder beside the store, from which the same call goes on.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from cropdash.nomenclature import Nomenclature
from cropdash.preparation.assembly import assemble
from cropdash.preparation.block_task import prepare_block
from cropdash.preparation.blocks import Block, spatial_blocks
from cropdash.preparation.parcel_outlines import Outlines, read_outlines
from cropdash.preparation.plan import make_plan
from cropdash.preparation.recipe import Recipe
from cropdash.preparation.report import PreparationReport
from cropdash.preparation.work_folder import WorkFolder
from cropdash.working_off import work_off

#: So many are worth the seconds that worker processes take to start.
_MANY_BLOCKS = 8
#: So many blocks failing one after the other: the next ones would fail as well.
_FAILURES_IN_A_ROW = 3
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class PreparationError(OSError):
    """Some blocks could not be prepared; the others are kept, and the message says how to go on."""


def prepare(
    recipe: Recipe | str | Path,
    out: str | Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    overwrite: bool = False,
    restart: bool = False,
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PreparationReport:
    """Make a store from satellite images and parcel outlines.

    Args:
        recipe: the recipe, or its file.
        out: the store to make.
        workers: processes that work on blocks at once; if None, as many as there are processors where
            there are many blocks, else this one alone.
        scheduler: address of a running Dask scheduler, instead of processes of our own; its workers must
            see the same files.
        overwrite: replace a store that is already there.
        restart: throw away the finished blocks of an earlier, unfinished call.
        limit: prepare so many parcels only, the first by region and id: to try a recipe out.
        progress: called with the parcels worked off and their number.

    Returns:
        The report, also in the store as ``preparation_report.json``.

    Raises:
        FileNotFoundError: recipe, outlines or images are not there.
        FileExistsError: something is at ``out``, or the unfinished work of another recipe.
        ValueError: recipe, outlines or images are not what they should be; or no parcel could be prepared.
        ImportError: a source needs a package that is not installed.
        PreparationError: images could not be read, or the disk is full. Finished blocks are kept: the same
            call goes on from there.
        OSError: the images' catalogue does not answer.
    """
    out = Path(out)
    report = PreparationReport(
        recipe=str(recipe) if isinstance(recipe, str | Path) else recipe.name or "recipe"
    )
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.read(recipe)
    _check_target(out, overwrite)
    given = recipe.parcels.nomenclature
    nomenclature = Nomenclature.rpg_groups() if given is None else Nomenclature.read(given)
    outlines = read_outlines(recipe.parcels, nomenclature, report, limit)
    work = WorkFolder.beside(out)
    plan = work.begin(f"{recipe.fingerprint}-{outlines.fingerprint}", restart=restart)
    if plan is None:
        try:
            plan = make_plan(recipe, outlines.box, lambda crs: _bounds(outlines, crs))
        except BaseException:
            # Without a plan there is nothing to go on from.
            work.remove()
            raise
    # Name, title and patience with a server may have changed since.
    plan = replace(plan, recipe=recipe)
    work.write_plan(plan)
    for name, part in plan.sensors.items():
        report.scenes[name] = dict(part.found)
        report.notes += part.notes
    parcels = outlines.projected(plan.grid.crs)
    blocks = spatial_blocks(parcels, plan.grid, recipe.block)
    _work_off(work, blocks, workers, scheduler, progress)
    try:
        assemble(work, len(blocks), parcels, plan, nomenclature, out, report, overwrite=overwrite)
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        raise PreparationError(_disk_sentence(work, error, len(blocks), len(blocks))) from None
    work.remove()
    return report


def _check_target(out: Path, overwrite: bool) -> None:
    """Refuse before hours of work what the store's writer would refuse after them."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / "dataset.json").is_file():
        raise FileExistsError(f"{out} exists and is no cropdash store; choose another folder")
    if not overwrite:
        raise FileExistsError(f"{out} already holds a store; choose another folder or ask to overwrite it")


def _bounds(outlines: Outlines, crs: str) -> tuple[float, float, float, float]:
    bounds = [parcel.outline.bounds for parcel in outlines.projected(crs)]
    west, south, east, north = zip(*bounds, strict=True)
    return min(west), min(south), max(east), max(north)


def _work_off(
    work: WorkFolder,
    blocks: Sequence[Block],
    workers: int | None,
    scheduler: str | None,
    progress: Callable[[int, int], None] | None,
) -> None:
    finished = work.finished()
    total = sum(len(block) for block in blocks)
    done = sum(len(block) for block in blocks if block.number in finished)
    left = [block for block in blocks if block.number not in finished]
    if progress is not None:
        progress(done, total)
    if workers is None:
        workers = min(os.cpu_count() or 1, len(left)) if len(left) >= _MANY_BLOCKS else 1
    folder = str(work.path.resolve())
    outcomes = work_off(
        prepare_block,
        left,
        lambda block: {"folder": folder, "block": block},
        workers=workers,
        scheduler=scheduler,
    )
    failures: list[tuple[Block, BaseException]] = []
    in_a_row = 0
    with ExitStack() as stack:
        stack.callback(outcomes.close)
        for block, error in outcomes:
            if error is None:
                in_a_row = 0
                done += len(block)
                if progress is not None:
                    progress(done, total)
                continue
            if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
                raise PreparationError(
                    _disk_sentence(work, error, len(work.finished()), len(blocks))
                ) from error
            failures.append((block, error))
            in_a_row += 1
            if in_a_row == _FAILURES_IN_A_ROW:
                break
    if failures:
        raise PreparationError(_failure_sentence(work, failures, len(blocks))) from failures[0][1]


def _failure_sentence(work: WorkFolder, failures: Sequence[tuple[Block, BaseException]], blocks: int) -> str:
    (first, error), *others = failures
    more = f" (and {len(others)} more blocks)" if others else ""
    parcels = ", ".join(first.ids[:3]) + (", ..." if len(first.ids) > 3 else "")
    return (
        f"the block of parcels {parcels} could not be prepared{more}: {error}\n"
        f"{len(work.finished())} of {blocks} blocks are finished and kept in {work.path}; "
        "the same command goes on from there. Scenes that stay unreadable are left out and reported "
        "with `unreadable: drop` in the recipe, and a new start (--restart)."
    )


def _disk_sentence(work: WorkFolder, error: OSError, finished: int, blocks: int) -> str:
    return (
        f"the disk is full: {error.strerror} at {error.filename or work.path}\n"
        f"{finished} of {blocks} blocks are finished and kept in {work.path}; "
        "make room, and the same command goes on from there."
    )
