"""Jinja's templates, with every value as data: made visible, escaped in HTML, and never missing in silence."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from .text import visible


def templates(folder: str, **filters: Any) -> Environment:
    """The templates in a folder of this package, and `page.html`, which a whole page extends."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(__package__, each) for each in (folder, "templates")]),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters
    return environment


def shown(value: Any) -> Any:
    """What is not our own markup is made visible."""
    return value if isinstance(value, Markup) else visible(str(value))


def own_parts(environment: Environment, style: str, script: str) -> dict[str, str]:
    """For a page: its style and script, which lie beside it, and `allowed`, the hash by which no other script runs.

    https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Content-Security-Policy/script-src
    """
    of_style, of_script = _source(environment, style), _source(environment, script)
    allowed = b64encode(hashlib.sha256(of_script.encode()).digest()).decode()
    return {"style": Markup(of_style), "script": Markup(of_script), "allowed": allowed}  # noqa: S704 - our own files


def _source(environment: Environment, name: str) -> str:
    assert environment.loader is not None  # noqa: S101 - it was just made with one
    return environment.loader.get_source(environment, name)[0].strip("\n")
