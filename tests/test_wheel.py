"""The package works as a wheel outside its checkout: command, data files and app."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it; what it requires comes from the running environment."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(folder),
        str(CHECKOUT),
    ]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    environment = folder / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    site_packages = next(environment.glob("lib/python*/site-packages"))
    # A path in a .pth file does not read the .pth files there, so the checkout stays out of sight.
    (site_packages / "requirements.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(environment / "bin/python"),
        "install",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run([*install, "--quiet", str(wheel)], check=True)
    return environment


def run(installed: Path, *words: str) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [str(installed / "bin" / words[0]), *words[1:]],
        cwd=installed,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_is_on_the_path(installed: Path) -> None:
    assert "train" in run(installed, "cropdash", "--help")
    assert run(installed, "cropdash", "--version").startswith("cropdash, version")


def test_the_installed_package_finds_its_data_files(installed: Path) -> None:
    code = "import cropdash as cd; print(cd.__file__); print(len(cd.published())); print(cd.Nomenclature.rpg_groups().name)"
    where, published, nomenclature = run(installed, "python", "-c", code).split()
    assert Path(where).is_relative_to(installed)
    assert int(published) > 5
    assert nomenclature == "rpg_groups"


def test_panel_serves_the_installed_app(installed: Path) -> None:
    app = run(
        installed,
        "python",
        "-c",
        "import cropdash, pathlib; print(pathlib.Path(cropdash.__file__).with_name('app.py'))",
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        str(installed / "bin/python"),
        "-m",
        "panel",
        "serve",
        app.strip(),
        "--port",
        str(port),
        "--address",
        "127.0.0.1",
    ]
    with subprocess.Popen(
        command, cwd=installed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            assert "cropdash" in _page(f"http://127.0.0.1:{port}/app", server)
        finally:
            server.terminate()


def _page(address: str, server: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=120) as answer:
                return str(answer.read(), "utf-8")
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.3)
    pytest.fail(f"no answer from {address}; the server's exit status is {server.poll()}")
