"""The browser that the tests drive: one that is installed, or else one that can be had; and how it is started.

Run as a module before the tests, it makes sure that there is one, installing it if need be.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
_ADVICE = (
    "no browser for the tests: install Chrome, Chromium or Edge, "
    "or run 'python -m playwright install chromium', or set CROPDASH_BROWSER to one"
)

#: A quiet browser: headless, and without the background requests that a closed network refuses.
_ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Chromium's sandbox refuses to start as root, as in most containers.
    *(("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()),
)


def find_browser() -> str | None:
    """The path of a Chromium-family browser: ``CROPDASH_BROWSER``, an installed one, or Playwright's own."""
    named = os.environ.get("CROPDASH_BROWSER")
    if named:
        return named if Path(named).is_file() else None
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    for place in _PLACES:
        if Path(place).is_file():
            return place
    return _playwrights_own()


@contextmanager
def started_browser() -> Iterator[Any]:
    """Playwright's handle of the browser, which ends with the block.

    Raises:
        RuntimeError: there is none; the message says how to have one.
    """
    from playwright.sync_api import sync_playwright

    path = find_browser()
    if path is None:
        raise RuntimeError(_ADVICE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        yield browser
        browser.close()


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def _install() -> None:
    """Chromium from Debian's or Ubuntu's packages as root, else Playwright's own download."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if is_root and shutil.which("apt-get"):
        print("installing Chromium for the browser tests", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
            if subprocess.run(command, env=environment, stdout=subprocess.DEVNULL).returncode != 0:
                break
    if find_browser() is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def main() -> int:
    if find_browser() is None and not os.environ.get("CROPDASH_BROWSER"):
        _install()
    found = find_browser()
    print(f"browser tests use {found}" if found else _ADVICE)
    return 0 if found else 1


if __name__ == "__main__":
    raise SystemExit(main())
