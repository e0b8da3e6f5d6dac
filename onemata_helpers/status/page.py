"""The status as one HTML page, which needs nothing from outside and reads without its script."""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ..outcome_signs import SIGNS
from ..text import visible
from .matrix import Matrix, ago


def page(matrix: Matrix) -> str:
    """The page."""
    script = _source("status.js")
    allowed = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    values = {"matrix": matrix, "script": Markup(script), "style": Markup(_source("status.css")), "allowed": allowed}  # noqa: S704 - our own files
    return _templates().get_template("status.html").render(values)


def _source(name: str) -> str:
    environment = _templates()
    assert environment.loader is not None  # noqa: S101 - it was just made with one
    return environment.loader.get_source(environment, name)[0]


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("onemata_helpers.status", "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"sign": SIGNS.__getitem__, "ago": ago, "utc": _utc, "href": _href}
    return environment


def _shown(value: Any) -> Any:
    """What is not our own markup is made visible."""
    return value if isinstance(value, Markup) else visible(str(value))


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _href(path: str) -> str:
    """A path as a relative address; no part of it can be taken for a scheme, a query or a fragment."""
    return quote(os.fsencode(path))
