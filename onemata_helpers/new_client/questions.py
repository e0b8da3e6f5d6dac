"""What is asked about a new client, at a terminal: each answer is checked at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..choices import TITLES, ServiceName
from ..parameter_files import what_is_wrong
from ..services.glue_proof import COST as CRAWL_COST
from ..terminal import complain, out, say, shown
from ..text import one_line
from .folder import SHARED, Values, as_typed, schema_of

_ASKED: dict[str, tuple[str, ...]] = {
    SHARED: (
        "region", "account_id", "aws_profile", "operator_role_arn", "operator_external_id", "onemata_account_id",
        "onemata_role_arn", "onemata_external_id", "bucket", "prefix", "denied_prefix", "denied_bucket",
        "permissions_boundary_arn",
    ),
    "redshift": ("s3_access", "cluster_identifiers", "workgroup_names", "database_user"),
    "glue": ("s3_access", "athena_principals", "athena_workgroup", "athena_database"),
    "ec2": ("instance_ids", "on_existing_profile", "configure", "instance_user", "denied_role_arn"),
}  # fmt: skip
# What is asked only where another answer makes it matter.
_ONLY_WITH = {
    "operator_external_id": "operator_role_arn",
    "database_user": "cluster_identifiers",
    "athena_workgroup": "athena_principals",
    "athena_database": "athena_principals",
}
# What costs something where a key is set (empty: always), and the values by which the client agrees to it.
_COSTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "redshift": (
        "workgroup_names",
        "The proof wakes each workgroup: AWS charges for its capacity while it is awake, at least for a minute.",
        {"confirm_proof_costs": True},
    ),
    "glue": (
        "",
        f"Glue proves that it reads by a crawl, or two. {CRAWL_COST} Without it, reading stays unproven.",
        {"prove": "crawl", "confirm_proof_costs": True},
    ),
}
_TITLES = {SHARED: "All services"} | TITLES

Ask = Callable[[str], str]


def asked_services(ask: Ask) -> list[ServiceName]:
    """Which services the client uses."""
    while True:
        answer = as_typed(ask("Services that the client uses (redshift, glue, ec2; glue is for Athena, too): "), [])
        chosen = [each for each in ServiceName if each in answer]
        if chosen and len(chosen) == len(set(answer)):
            return chosen
        complain("  must be one or more of redshift, glue, ec2, with spaces between them")


def ask_all(values: Values, ask: Ask) -> None:
    """Ask for what a client's folder needs, and put the answers into the values. Ends with EOFError at Ctrl-D."""
    say("Enter takes what stands in [ ]. Everything can be changed later, in the files.")
    for name in values:
        say(f"\n{_TITLES[name]}", "bold")
        for key in _ASKED[name]:
            if _ONLY_WITH.get(key) is None or values[name][_ONLY_WITH[key]]:
                values[name][key] = _answer(values, name, key, ask)
        _ask_about_costs(values, name, ask)


def at_the_terminal(question: str) -> str:
    """Ask a person. Raises EOFError at Ctrl-D."""
    out.print(shown(question), soft_wrap=True, end="")
    return input()


def _answer(values: Values, name: str, key: str, ask: Ask) -> Any:
    """An answer that the schema takes; what is wrong with another one is said beside it, and it is asked again."""
    before, schema = values[name][key], schema_of(name)
    several = ", several with spaces between them" if isinstance(before, list) else ""
    default = " ".join(before) if isinstance(before, list) else before
    question = f"{schema.model_fields[key].description}{several}\n  {key} [{default}]: "
    while True:
        typed = ask(question)
        value = as_typed(typed, before) if typed.strip() else before
        known = values[SHARED] | values[name] | {key: value}
        must = what_is_wrong(schema, _so_far(known, name, key)).get(key)
        if not must:
            return value
        complain(f"  {one_line(key)} {one_line(must)}")


def _so_far(known: Mapping[str, Any], name: str, key: str) -> dict[str, Any]:
    """The values of other files, and of this one those that were asked before this key, and the key itself."""
    later = _ASKED[name][_ASKED[name].index(key) + 1 :]
    return {each: value for each, value in known.items() if each not in later}


def _ask_about_costs(values: Values, name: str, ask: Ask) -> None:
    """Nobody agrees to a cost by leaving a question unanswered."""
    if name not in _COSTS:
        return
    only_with, what, agreed = _COSTS[name]
    question = f"{what}\n  Does the client agree to that? yes or no [no]: "
    if (not only_with or values[name][only_with]) and _agrees(question, ask):
        values[name] |= agreed


def _agrees(question: str, ask: Ask) -> bool:
    while True:
        answer = ask(question).strip().lower()
        if answer in ("", "n", "no", "y", "yes"):
            return answer in ("y", "yes")
        complain("  must be yes or no")
