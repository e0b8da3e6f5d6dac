"""Groups of options that several commands have, each declared once, as a dataclass."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, get_type_hints


def taking(*groups: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function that takes these groups of options, one of each, in this order."""

    def command_of(function: Callable[..., None]) -> Callable[..., None]:
        parameters = [each for group in groups for each in _parameters(group)]

        def command(**values: Any) -> None:
            made = [group(**{each.name: values[each.name] for each in fields(group)}) for group in groups]
            function(*made)

        command.__name__, command.__doc__ = function.__name__, function.__doc__
        command.__annotations__ = {each.name: each.annotation for each in parameters}
        vars(command)["__signature__"] = inspect.Signature(parameters)
        return command

    return command_of


def _parameters(group: type) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if each.default is MISSING else each.default,
            annotation=hints[each.name],
        )
        for each in fields(group)
    ]
