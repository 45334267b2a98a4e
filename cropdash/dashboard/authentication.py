"""Who may see the dashboard: names and passwords of ``cropdash serve --basic-auth``, checked by Panel.

Single sign-on (OAuth) is Panel's too: ``panel serve cropdash/app.py`` takes all of its options.
"""

from __future__ import annotations

import json
import os
import secrets
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any


def basic_auth_options(basic_auth: str) -> dict[str, Any]:
    """What ``panel.serve`` is given for basic authentication.

    Cookies are signed with ``PANEL_COOKIE_SECRET`` (or Bokeh's variable of that name), so that visitors stay signed
    in over a restart; where there is none, with a secret of this start alone.

    Args:
        basic_auth: a JSON file of passwords by name, or one password for every name.

    Raises:
        ValueError: the file is no JSON object of passwords by name, or the password is empty.
    """
    if not basic_auth.strip():
        raise ValueError("the password of --basic-auth is empty")
    path = Path(basic_auth)
    if path.suffix == ".json" or path.is_file():
        _check_passwords(path)
        basic_auth = str(path.resolve())
    known = os.environ.get("PANEL_COOKIE_SECRET") or os.environ.get("BOKEH_COOKIE_SECRET")
    # Panel reads the template while the server is made, so a file unpacked for a moment would do as well.
    with as_file(files("cropdash.dashboard").joinpath("login.html")) as template:
        return {
            "basic_auth": basic_auth,
            "cookie_secret": known or secrets.token_hex(32),
            "login_template": str(template),
        }


def _check_passwords(path: Path) -> None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file of names and passwords") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: not valid JSON ({error})") from None
    if not isinstance(content, dict) or not content:
        raise ValueError(
            f'{path}: must be an object of passwords by name, such as {{"anna": "a long password"}}'
        )
    for name, password in content.items():
        if not name or not isinstance(password, str) or not password:
            raise ValueError(f"{path}: {name or 'a name'}: must have a password, as text that is not empty")
