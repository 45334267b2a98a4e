"""The rules by which two runs are fused at decision level; apart from fusing, which loads tables."""

from __future__ import annotations

from typing import Literal

#: ``avg`` takes the mean of the class probabilities, ``product`` their product, renormalised.
Rule = Literal["avg", "product"]
