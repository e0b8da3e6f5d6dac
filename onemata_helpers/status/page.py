"""The status as one HTML page, which needs nothing from outside and reads without its script."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from urllib.parse import quote

from jinja2 import Environment

from ..outcome_signs import SIGNS
from ..templating import own_parts, templates
from .matrix import Matrix, ago


def page(matrix: Matrix) -> str:
    """The page."""
    ours = own_parts(_templates(), "status.css", "status.js")
    return _templates().get_template("status.html").render(ours, matrix=matrix)


@cache
def _templates() -> Environment:
    return templates("status", sign=SIGNS.__getitem__, ago=ago, utc=_utc, href=_href)


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _href(path: str) -> str:
    """A path as a relative address; no part of it can be taken for a scheme, a query or a fragment."""
    return quote(os.fsencode(path))
