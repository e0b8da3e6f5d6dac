"""What the reader sees: each result as HTML for the notebook and as text for everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from .apply import Done
from .checks import Check
from .hand_over import HandOver
from .parameters import ServiceParameters
from .plan import Change, Field, Plan
from .policies import pretty
from .record import SANDBOX_NOTICE
from .redaction import without_secrets
from .session import Identity
from .text import one_line, visible

_SIGNS = {
    "create": "+", "add": "+", "attach": "+", "update": "~", "detach": "-", "delete": "-",
    "nothing": "=", "keep": "=", "waiting": "…", "blocked": "!",
    "begun": "…", "done": "✓", "proven": "✓", "failed": "✗", "not provable from here": "?",
    "passed": "✓", "found": "!",
}  # fmt: skip


# Jupyter and nbconvert take `$...$` for a formula, which may hide what stands in it, but not within these classes.
# https://docs.mathjax.org/en/latest/options/document.html (pandas does the same: styler.html.mathjax)
_AS_IT_IS = '<div class="tex2jax_ignore mathjax_ignore">\n{}\n</div>'


class View:
    """One result, in two forms. Jupyter shows the HTML; `str()` gives the text."""

    def __init__(self, template: str, **values: Any) -> None:
        self._template = template
        self._values = values

    def __str__(self) -> str:
        return _render(f"{self._template}.txt", self._values)

    def __repr__(self) -> str:
        return str(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        html = _AS_IT_IS.format(_render(f"{self._template}.html", self._values))
        return {"text/html": html, "text/plain": str(self)}


def sentence(text: str) -> View:
    """A plain sentence."""
    return View("sentence", text=text)


def parameters(values: ServiceParameters) -> View:
    """The parameters that are set, with what each means."""
    shown = values.model_dump(exclude_defaults=True) | {"action": values.action, "sandbox": values.sandbox}
    shown.pop("record", None)
    fields = type(values).model_fields
    rows = [(name, shown[name], fields[name].description) for name in fields if name in shown]
    return View("parameters", rows=rows)


def identity(who: Identity, endpoints: Mapping[str, str], *, sandbox: bool) -> View:
    """Who we are and where, and which services answer at an address that is not AWS's."""
    return View("identity", who=who, endpoints=endpoints, notice=SANDBOX_NOTICE if sandbox else "")


def plan(the_plan: Plan) -> View:
    """Each change with its reason and fields, the calls that it makes, and the digest to approve."""
    return View("plan", plan=the_plan, counts=_counted([change.kind for change in the_plan.changes]))


def plan_for_terminal(name: str, the_plan: Plan) -> str:
    """The same for a terminal: what is in order already is left out. `name` says whose plan it is."""
    return str(View("terminal_plan", name=name, plan=the_plan))


def in_one_line(change: Change) -> str:
    """A change by its sign, kind and resource."""
    return one_line(without_secrets(f"{_SIGNS[change.kind]} {change.kind}: {change.resource}", []))


def done(changes: Sequence[Done]) -> View:
    """What was carried out."""
    return View("done", changes=changes)


def checks(found: Sequence[Check]) -> View:
    """What was looked at, and what was seen."""
    return View("checks", checks=found, counts=_counted([check.result for check in found]))


def hand_over(content: HandOver) -> View:
    """What to send to Onemata, and what to copy."""
    return View("hand_over", content=content)


def outcome(result: str, why: str, path: Path, *, sandbox: bool) -> View:
    """How it ended, and where the record is."""
    return View("outcome", outcome=result, why=why, path=_short(path), notice=SANDBOX_NOTICE if sandbox else "")


def _short(path: Path) -> str:
    """The path from the folder of the records on: what lies above it is nobody's business."""
    return Path(*path.parts[-4:]).as_posix() if path.is_absolute() else path.as_posix()


def _counted(words: Sequence[str]) -> str:
    return ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))


def _value(value: Any) -> str:
    return value if isinstance(value, str) else pretty(value)


def _sides(field: Field) -> list[tuple[str, str]]:
    """The sides of a field that have something, each with its sign."""
    both = [("-", field.before), ("+", field.after)]
    return [(sign, _value(value)) for sign, value in both if value is not None]


def _shown(value: Any) -> Any:
    """Every value that a template puts out: what is not our own markup is made visible."""
    return value if isinstance(value, Markup) else visible(str(value))


def load() -> None:
    """Compile all templates now, and not when each is first shown."""
    for name in _templates().list_templates():
        _templates().get_template(name)


def _render(name: str, values: dict[str, Any]) -> str:
    return without_secrets(_templates().get_template(name).render(values).strip("\n"), [])


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("onemata_helpers", "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"sign": _SIGNS.__getitem__, "sides": _sides, "value": _value}
    return environment
