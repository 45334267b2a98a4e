"""What every benchmark shares: the machine's own rate beside each figure, one table, and JSON.

The rate is that of matrix products of the same run and thread count, so that figures of different
machines, and of one machine on different days, can be compared as shares of it.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest
import torch

from cropdash.atomic import write_text
from cropdash.datasets.store import ParcelStore
from tests.benchmarks.study_data import study_store

#: Side of the square matrices whose product gives the machine's rate.
SIDE = 2048
#: Operations of it.
PRODUCT = 2 * SIDE**3


@dataclass(frozen=True)
class Figure:
    """One line of the table: ``ratio`` is to what ``beside`` says.

    ``operations`` a second, where they are told, are set beside the machine's best rate of the whole run;
    seconds without a ratio, beside what one matrix product takes at that rate.
    """

    what: str
    value: float
    unit: str
    ratio: float | None = None
    beside: str = ""
    target: str = ""
    operations: float | None = None


FIGURES: list[Figure] = []
Report = Callable[..., None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--figures", help="write the table of figures to this JSON file")
    parser.addoption("--large-region", help="keep the simulated region of the map's benchmark in this folder")


@pytest.fixture
def report() -> Report:
    """Add a line to the table; takes the fields of :class:`Figure`."""

    def add(*values: object, **named: object) -> None:
        FIGURES.append(Figure(*values, **named))  # type: ignore[arg-type]

    return add


def best_seconds(call: Callable[[], object], repeats: int = 5) -> float:
    """The shortest of some durations, after one call to warm up."""
    call()
    durations = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        durations.append(time.perf_counter() - start)
    return min(durations)


RATES: list[float] = []


@pytest.fixture
def matrix_rate() -> None:
    """Measure the machine beside the benchmark."""
    measure_rate()


def measure_rate() -> None:
    """Operations a second of float32 products, the best of five."""
    one, other = torch.randn(2, SIDE, SIDE)
    RATES.append(PRODUCT / best_seconds(lambda: one @ other))


def with_ratios(figures: list[Figure], rate: float) -> list[Figure]:
    """The figures, set beside a rate in operations a second where they have no ratio of their own."""

    def beside(figure: Figure) -> Figure:
        if figure.operations is not None:
            share = figure.operations / rate
            return replace(figure, ratio=share, beside=f"matrix rate {rate / 1e9:.0f} GFLOP/s")
        if figure.ratio is None and figure.unit == "s":
            return replace(figure, ratio=figure.value * rate / PRODUCT, beside="a matrix product")
        return figure

    return [beside(figure) for figure in figures]


@pytest.fixture(scope="session")
def study_parcels(tmp_path_factory: pytest.TempPathFactory) -> ParcelStore:
    """4,000 generated parcels of the study's size, 0.7 GB."""
    return study_store(tmp_path_factory.mktemp("study") / "study", 4_000)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not FIGURES:
        return
    if not RATES:
        measure_rate()
    rate = max(RATES)
    machine = (
        f"{_processor()}, {torch.get_num_threads()} threads, torch {torch.__version__}, "
        f"float32 products of {SIDE} x {SIDE} at {rate / 1e9:.0f} GFLOP/s"
    )
    terminalreporter.section("figures")
    terminalreporter.write_line(machine)
    terminalreporter.write_line("")
    figures = with_ratios(FIGURES, rate)
    for line in markdown(figures):
        terminalreporter.write_line(line)
    if path := config.getoption("--figures"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        content = {"machine": machine, "matrix_rate": rate, "figures": [asdict(figure) for figure in figures]}
        write_text(path, json.dumps(content, indent=1) + "\n")


def markdown(figures: list[Figure]) -> list[str]:
    """The figures as a Markdown table."""
    rows = [("what", "figure", "ratio", "to", "target")]
    for figure in figures:
        digits = 0 if abs(figure.value) >= 100 else 2 if abs(figure.value) >= 1 else 3
        ratio = "" if figure.ratio is None else f"{figure.ratio:.3g}"
        rows.append(
            (figure.what, f"{figure.value:,.{digits}f} {figure.unit}", ratio, figure.beside, figure.target)
        )
    rows.insert(1, ("---", "---:", "---:", "---", "---"))
    return ["| " + " | ".join(row) + " |" for row in rows]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
