"""A box that warns shows what addresses and runs say as it stands."""

from __future__ import annotations

import html
import re

import pytest

from cropdash.dashboard.warning_box import warning_box


@pytest.mark.parametrize(
    "said",
    [
        '<img src="x" onerror="steal()">',
        "&lt;img src=x onerror=steal()&gt;",
        "[a link](https://elsewhere.example) and ![a picture](https://elsewhere.example/x.png)",
        "**loud** _and_ `code` \\",
        "one\n\n    <b>two</b>",
        "<script>steal()</script>",
    ],
)
def test_nothing_that_is_quoted_becomes_markup(said: str) -> None:
    sent = warning_box(f"The address names the page “{said}”; it was left out.")
    # As the browser takes it: unescaped once, then set as HTML.
    content = html.unescape(sent._process_param_change({"object": sent.object})["object"])
    assert set(re.findall(r"<[^>]*>", content)) == {"<p>", "</p>"}
    shown = html.unescape(re.sub("<[^>]*>", "", content)).strip()
    assert shown == f"The address names the page “{' '.join(said.split())}”; it was left out."
