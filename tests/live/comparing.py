"""Two records of the very same thing, side by side."""

from __future__ import annotations

import json
import re
from itertools import groupby
from typing import Any

from onemata_helpers.record import Record

# What differs from run to run.
_VARYING = (
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    r"query: +\d+",
    r"Rid [0-9A-F]+",
    r"Request ID: \S+",
    r"botocore-session-\d+",
    r"A[A-Z]{3}[A-Z0-9]{10,}",
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[^\s\"]*",
)
OF_THE_APPROVAL = ("approved_plan", "approved_by", "approval_reference")


def comparable(record: Record) -> list[str]:
    """A record without times, ids, the approver, and the number of looks while waiting."""
    content = record.model_dump(mode="json", exclude={"started", "finished", "approved_by", "approval_reference"})
    for key in (*OF_THE_APPROVAL, "record"):
        content["parameters"].pop(key, None)
    for done in content["changes_done"]:
        done["time"] = ""
    content["calls"] = _once_each(content["calls"])
    text = re.sub("|".join(_VARYING), "", json.dumps(content, indent=1))
    return text.splitlines()


def _once_each(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each once of what was looked at in a row, in an order that does not depend on what was side by side."""
    same = [call | {"time": "", "request_id": "", "seconds": 0} for call in calls]
    kept: list[dict[str, Any]] = []
    for access, group in groupby(same, key=lambda call: call["access"]):
        if access == "read":
            texts = sorted({json.dumps(call, sort_keys=True) for call in group})
            kept += map(json.loads, texts)
        else:
            kept += group
    return kept
