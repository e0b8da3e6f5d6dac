"""The plans of a client in the terminal, and whether a person approves them."""

from __future__ import annotations

from collections.abc import Sequence

from ..display import plan_for_terminal
from ..plan import Plan
from ..terminal import out, say, shown
from .jobs import Job

_SIGNS = {"+": "green", "-": "red", "~": "yellow", "!": "bold red"}


def show_plan(name: str, plan: Plan) -> None:
    """Print a plan; each line has the colour of its sign."""
    out.print()
    for line in plan_for_terminal(name, plan).splitlines():
        say(line, _SIGNS.get(line.strip()[:1], ""))


def approves(planned: Sequence[tuple[Job, Plan]]) -> bool:
    """Show the plans of one client, and ask. Nothing but `yes` approves."""
    for job, plan in planned:
        show_plan(job.name, plan)
    p = planned[0][0].parameters
    out.print()
    what = "this" if len(planned) == 1 else f"these {len(planned)} plans"
    question = f"{'Remove' if p.action == 'remove' else 'Apply'} exactly {what} for {p.client}, account {p.account_id}?"
    out.print(shown(f"{question} Only `yes` approves: "), soft_wrap=True, end="")
    try:
        return input().strip() == "yes"
    except EOFError:
        return False
