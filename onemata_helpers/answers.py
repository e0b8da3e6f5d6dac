"""The form that an answer of AWS's must have before anything is decided from it.

A proxy, a captive portal or an endpoint that is not AWS's answers, too, and in any form.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic.alias_generators import to_pascal

from .policies import well_formed
from .text import counted, is_plain


class Answer(BaseModel):
    """What a read needs of an answer: fields in our spelling (`role_name`), filled from AWS's (`RoleName`).

    Nothing is converted: a number is not taken for a text. What a read does not need is left out.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, alias_generator=to_pascal)


def _plain(value: str) -> str:
    if not is_plain(value):
        raise ValueError("must be printable text")
    return value


Plain = Annotated[str, StringConstraints(max_length=2048), AfterValidator(_plain)]
"""Text in one line, like a name, an id or a state."""

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
Arn = Annotated[Plain, StringConstraints(pattern=r"^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}|aws)?:\S+$")]

# https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html
AccountId = Annotated[Plain, StringConstraints(pattern=r"^[0-9]{12}$")]

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
PolicyDocument = Annotated[dict[str, Any], AfterValidator(well_formed)]


def misfit(error: ValidationError) -> str:
    """The first field that does not fit, and how many more; never its value, which may be anything."""
    first, *others = error.errors(include_input=False, include_url=False)
    field = ".".join(str(part) for part in first["loc"]) or "the whole"
    said = f"{field}: {first['msg'].removeprefix('Value error, ')}"
    return f"{said}, and {counted(len(others), 'more problem')}" if others else said
