"""Lets the tests of this folder import what they share: small_batches and plain_twin."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
