"""Names beside a figure, which leave most of a phone's width to the picture."""

from __future__ import annotations

import pytest

from cropdash.dashboard.figures import in_two_lines


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("maize  80", "maize  80"),
        ("vegetables/flowers", "vegetables/\nflowers"),
        ("gel (land set aside)", "gel (land\nset aside)"),
        ("gel (land set aside)  51", "gel (land\nset aside)  51"),
        ("Wintergetreide", "Wintergetreide"),
        ("pasture and moor", "pasture\nand moor"),
    ],
)
def test_a_long_name_stands_in_two_lines_that_are_about_as_long(name: str, written: str):
    assert in_two_lines(name) == written
