"""How the files for the client are made: one page that needs nothing from outside. Values are data, and act in none."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jinja2 import Environment

from ..redaction import without_secrets
from ..templating import own_parts, templates


def rendered(template: str, **values: Any) -> str:
    """A template with its values; `style`, `script` and `allowed` are ours."""
    ours = own_parts(_templates(), "handout.css", "copy.js")
    text = _templates().get_template(template).render(values | ours)
    return without_secrets(re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n", [])


@cache
def _templates() -> Environment:
    return templates("handout")
