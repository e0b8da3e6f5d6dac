"""How the files for the client are made: one page that needs nothing from outside. Values are data, and act in none."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from ..redaction import without_secrets
from ..text import visible


def rendered(template: str, **values: Any) -> str:
    """A template with its values; `style`, `script` and `allowed` are ours."""
    script = _source("copy.js")
    allowed = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    ours = {"style": Markup(_source("handout.css")), "script": Markup(script), "allowed": allowed}  # noqa: S704
    text = _templates().get_template(template).render(values | ours)
    return without_secrets(re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n", [])


def _source(name: str) -> str:
    environment = _templates()
    assert environment.loader is not None  # noqa: S101 - it was just made with one
    return environment.loader.get_source(environment, name)[0].strip("\n")


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("onemata_helpers.handout", "."),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else visible(str(value)),
        trim_blocks=True,
        lstrip_blocks=True,
    )
