"""What nobody has yet confirmed of AWS, as a checklist for whoever first has a real account."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import yaml
from pydantic import TypeAdapter

from .frozen import Frozen


class Item(Frozen):
    """One thing that the code takes for granted, how to see it, what it means otherwise, and the files to correct."""

    assumed: str
    see: str
    otherwise: str
    correct: tuple[str, ...]


@cache
def items() -> dict[str, tuple[Item, ...]]:
    """All of them, by service, as `unconfirmed.yaml` has them."""
    text = (files(__package__) / "unconfirmed.yaml").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, tuple[Item, ...]]).validate_python(yaml.safe_load(text))


def services_of() -> dict[str, str]:
    """The names of the services as somebody types them, like `access-analyzer`, with those in the checklist."""
    return {name.lower().replace(" ", "-"): name for name in items()}


def as_markdown(chosen: Sequence[str] = ()) -> str:
    """The checklist of these services, or of all, to read in a terminal or to paste into an issue.

    Raises KeyError for a service that `services_of` does not have.
    """
    wanted = [services_of()[each] for each in chosen] or list(items())
    return "\n\n".join(f"## {name}\n\n" + "\n".join(map(_shown, items()[name])) for name in wanted)


def _shown(item: Item) -> str:
    correct = ", ".join(f"`{each}`" for each in item.correct)
    more = {"See it": item.see, "If not": item.otherwise, "Correct": correct}
    return "\n".join([f"- [ ] {item.assumed}", *(f"  - {name}: {text}" for name, text in more.items())])
