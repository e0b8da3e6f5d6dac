"""What the reader sees: each result as HTML for the notebook and as text for everything else."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from .apply import Done
from .checks import Check
from .choices import TITLES
from .errors import OnemataError
from .hand_over import HandOver
from .in_words import opens, undo
from .outcome_signs import SIGNS
from .parameters import ServiceParameters
from .permitted import Preflight
from .plan import Change, Field, Plan
from .policies import pretty
from .preflight import to_add
from .record import Record
from .redaction import without_secrets
from .session import Identity
from .templating import templates
from .text import counted, one_line, visible

_SIGNS = SIGNS | {
    "create": "+", "add": "+", "attach": "+", "update": "~", "detach": "-", "delete": "-",
    "nothing": "=", "keep": "=", "begun": "…", "done": "✓", "proven": "✓", "not provable from here": "?",
    "allowed": "✓", "denied": "✗", "ready": "✓", "not ready": "!",
    "passed": "✓", "found": "!", "not yet": "…", "stale": "!",
}  # fmt: skip

_WHOSE_TURN = {
    "planned": "the client's: to approve the plan, or to decline it.",
    "declined": "the client's and the engineer's: to agree on other values, and plan again.",
    "applied": "the client's and Onemata's: to prove in the service what could not be proven from here.",
    "verified": "nobody's. The hand-over tells Onemata what it needs to know.",
    "waiting": "Onemata's: to answer the hand-over. Then the runbook is run again.",
    "removed": "nobody's.",
    "blocked": "the client's: to decide what stands in the way. Then the runbook is run again.",
    "failed": "named above.",
}

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


def trouble(error: OnemataError) -> View:
    """What stopped the run, and who does what about it."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).capitalize()
    return View("trouble", word="failed", heading=name, lines=str(error).split("\n"))


def word(which: str, heading: str, *lines: str) -> View:
    """A card that says how things stand, by one of the words that results have."""
    return View("trouble", word=which, heading=heading, lines=lines)


def parameters(values: ServiceParameters, source: str = "") -> View:
    """The parameters that are set, with what each means. `source` says where they come from."""
    shown = values.model_dump(exclude_defaults=True) | {"action": values.action, "sandbox": values.sandbox}
    shown.pop("record", None)
    fields = type(values).model_fields
    rows = [(name, shown[name], fields[name].description) for name in fields if name in shown]
    return View("parameters", rows=rows, source=source)


def identity(who: Identity, endpoints: Mapping[str, str], *, sandbox: bool, preflight: Preflight | None = None) -> View:
    """Who we are and where, which services answer at an address that is not AWS's, and what we may not do."""
    found = preflight or Preflight()
    counts = _counted([each.verdict for each in found.permitted])
    return View(
        "identity",
        who=who,
        endpoints=endpoints,
        sandbox=sandbox,
        preflight=preflight,
        counts=counts,
        lacking=_together(found),
        to_add=to_add(found.having("denied")),
    )


def plan(the_plan: Plan) -> View:
    """Each change with its reason and fields, the calls that it makes, and the digest to approve."""
    counts = _counted(["unchanged" if each.kind == "nothing" else each.kind for each in the_plan.changes])
    adding = to_add(each.permission for each in the_plan.missing)
    return View("plan", plan=the_plan, counts=counts, summary=summary(the_plan), to_add=adding)


def summary(the_plan: Plan) -> str:
    """What will change, and in which account, in one line."""
    where = f"in account {the_plan.account_id}, {the_plan.region}"
    if the_plan.blocked:
        return f"Blocked: a person has to decide first. Nothing will change {where}."
    if not the_plan.pending:
        return f"Nothing will change {where}."
    lacking = f" {counted(len(the_plan.missing), 'permission')} missing." if the_plan.missing else ""
    return f"{counted(len(the_plan.pending), 'change')} {where}.{lacking}"


def plan_for_terminal(name: str, the_plan: Plan) -> str:
    """The same for a terminal: what is in order already is left out. `name` says whose plan it is."""
    adding = to_add(each.permission for each in the_plan.missing)
    return str(View("terminal_plan", name=name, plan=the_plan, to_add=adding))


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


def outcome(record: Record, path: Path) -> View:
    """How a run ended, in which account, what is proven, what is open, whose turn it is, and where the record is."""
    by_result = {
        "Proven": [check.name for check in record.checks if check.result == "proven"],
        "Failed": [check.name for check in record.checks if check.result == "failed"],
        "Not provable from here": [check.name for check in record.checks if check.result not in ("proven", "failed")],
    }
    of_all = len(record.checks)
    found = [(f"{heading}: {len(names)} of {of_all}", names) for heading, names in by_result.items() if names]
    return View(
        "outcome",
        record=record,
        title=TITLES.get(record.service, record.service),
        why=record.reason,
        found=found,
        turn=_turn(record),
        path=_short(path),
    )


def _turn(record: Record) -> str:
    if record.outcome == "planned" and record.plan is not None and not record.plan.pending:
        return "nobody's: there is nothing to do."
    return _WHOSE_TURN[record.outcome or "failed"]


def _short(path: Path) -> str:
    """The path from the folder of the records on: what lies above it is nobody's business."""
    return Path(*path.parts[-4:]).as_posix() if path.is_absolute() else path.as_posix()


def _together(preflight: Preflight) -> list[tuple[str, str, str, str]]:
    """What is not allowed for certain: verdict, actions, resource and reason; actions together that have the same."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for each in (*preflight.having("denied"), *preflight.having("not provable from here")):
        found.setdefault((each.verdict, each.resource, each.why), []).append(each.action)
    return [(verdict, ", ".join(actions), resource, why) for (verdict, resource, why), actions in found.items()]


def _counted(words: Sequence[str]) -> str:
    return ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))


def _value(value: Any) -> str:
    return value if isinstance(value, str) else pretty(value)


def _sides(field: Field) -> list[tuple[str, str]]:
    """The sides of a field that have something, each with its sign."""
    both = [("-", field.before), ("+", field.after)]
    return [(sign, _value(value)) for sign, value in both if value is not None]


def _how(field: Field) -> str:
    if field.before is None:
        return "new"
    return "removed" if field.after is None else "changed"


def _difference(field: Field) -> str:
    """The lines of a field that stay, go and come, each with its sign."""
    before, after = ([] if each is None else _value(each).split("\n") for each in (field.before, field.after))
    return "\n".join(line.rstrip() for line in difflib.ndiff(before, after) if not line.startswith("?"))


def _prose(text: Any) -> Markup:
    """Our own sentences mark names with backticks."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(visible(str(text))))))  # noqa: S704 - escaped


def load() -> None:
    """Compile all templates now, and not when each is first shown."""
    for name in _templates().list_templates():
        _templates().get_template(name)


def _render(name: str, values: dict[str, Any]) -> str:
    return without_secrets(_templates().get_template(name).render(values).strip("\n"), [])


@cache
def _templates() -> Environment:
    return templates(
        "templates",
        sign=_SIGNS.__getitem__,
        sides=_sides,
        value=_value,
        how=_how,
        difference=_difference,
        prose=_prose,
        opens=opens,
        undo=undo,
    )
