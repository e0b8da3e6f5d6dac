"""Two records of the very same thing, side by side."""

from __future__ import annotations

import json
import re

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
OF_THE_APPROVAL = ("approved_plan", "approved_by", "approval_reference", "plan_shown")


def comparable(record: Record) -> list[str]:
    """A record without times, ids, the approver, and how often and in which order it looked: some looks overlap."""
    of_this_run = {"started", "finished", "approved_by", "approval_reference", "approved_at"}
    content = record.model_dump(mode="json", exclude=of_this_run)
    for key in (*OF_THE_APPROVAL, "record"):
        content["parameters"].pop(key, None)
    for done in content["changes_done"]:
        done["time"] = ""
    calls = [call | {"time": "", "request_id": "", "seconds": 0} for call in content.pop("calls")]
    content["writes"] = [call for call in calls if call["access"] == "write"]
    content["reads"] = sorted({json.dumps(call) for call in calls if call["access"] != "write"})
    text = re.sub("|".join(_VARYING), "", json.dumps(content, indent=1))
    return text.splitlines()
