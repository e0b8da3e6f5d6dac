"""What crawlers log in CloudWatch Logs, and the one way to read it here.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..iam.signer import Signer
from ..wire.errors import AwsError
from ..wire.incoming_call import IncomingCall
from .own_services import serve

GROUP = "/aws-glue/crawlers"
_TERM = re.compile(r'"([^"]*)"')


@dataclass(frozen=True)
class _Event:
    stream: str
    message: str
    moment: int


_events: dict[tuple[str, str], list[_Event]] = defaultdict(list)


def install() -> None:
    """Let the sandbox answer for the log, which is not there before the first crawl."""
    _events.clear()
    serve("logs", {"FilterLogEvents": _filter})


def write(account: str, region: str, stream: str, message: str) -> None:
    """Add a line to the log of an account's crawlers."""
    _events[account, region].append(_Event(stream, message, int(datetime.now(UTC).timestamp() * 1000)))


def _filter(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    """The events of these streams that hold a term, which is the only pattern that is known here."""
    events = _events.get((call.account, call.region))
    if call.get("logGroupName") != GROUP or not events:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    pattern, streams = call.get("filterPattern", ""), call.get("logStreamNames")
    term = _TERM.fullmatch(pattern)
    if pattern and term is None:
        raise AwsError("InvalidParameterException", "The sandbox knows no filter pattern but one quoted term.")
    found = [
        {"logStreamName": each.stream, "timestamp": each.moment, "message": each.message, "eventId": str(number)}
        for number, each in enumerate(events)
        if (not streams or each.stream in streams) and (term is None or term[1] in each.message)
    ]
    return {"events": found, "searchedLogStreams": []}
