"""What stands above a report: title, author, day and logo."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import date
from pathlib import Path

#: Bytes. A logo is a small picture; a larger file is a photograph that was taken for one.
LARGEST_LOGO = 1_000_000


@dataclass(frozen=True)
class Cover:
    """What stands above a report.

    Attributes:
        title: empty for one made from the data set.
        logo: an image as a ``data:`` address, from :func:`logo_address`; empty for none.
    """

    day: date
    title: str = ""
    author: str = ""
    logo: str = ""


def logo_file(path: str | Path) -> str:
    """An image file as a ``data:`` address.

    Raises:
        FileNotFoundError: no such file.
        ValueError: as :func:`logo_address` does.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file for the logo")
    with path.open("rb") as file:
        # One byte more than is allowed tells, whatever the size.
        return logo_address(file.read(LARGEST_LOGO + 1), str(path))


def logo_address(content: bytes, name: str) -> str:
    """An image as a ``data:`` address, so that the report carries it.

    Args:
        name: what the error calls it.

    Raises:
        ValueError: neither PNG, JPEG, WebP nor SVG by its content, or too large.
    """
    if len(content) > LARGEST_LOGO:
        raise ValueError(f"{name}: too large for a logo; at most {LARGEST_LOGO / 1e6:g} MB")
    kind = _image_kind(content)
    if kind is None:
        raise ValueError(f"{name}: a logo must be a PNG, JPEG, WebP or SVG image")
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _image_kind(content: bytes) -> str | None:
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "webp"
    # Shown as an image, an SVG can neither run a script nor fetch anything.
    head = content[:1000].lstrip(b"\xef\xbb\xbf \t\r\n")
    return "svg+xml" if head.startswith((b"<svg", b"<?xml")) and b"<svg" in content else None
