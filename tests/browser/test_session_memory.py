"""What sessions leave behind in the server's memory, at a small count; ``bench_sessions.py`` has the full one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.bench_sessions import memory_by_round

pytestmark = pytest.mark.e2e

SESSIONS, ROUNDS = 8, 3
#: A session that is kept holds about 1.4 MiB: a round of them would be 6 % of the server's memory.
MOST = 0.03


@pytest.mark.timeout(900)
def test_a_round_of_sessions_leaves_no_memory_behind(tmp_path: Path) -> None:
    held = memory_by_round(tmp_path, SESSIONS, ROUNDS)
    # The first round fills what all sessions share.
    assert held[-1] <= held[-2] * (1 + MOST), held
