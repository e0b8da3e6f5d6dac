"""What calls of Athena need.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonathena.html
"""

from ..state import state
from ..wire.incoming_call import IncomingCall
from .need import Need, need, own_action, regional_arn


def athena_needs(call: IncomingCall) -> list[Need]:
    """The right on the workgroup: the one that is named, or the one that a query runs in."""
    query = call.get("QueryExecutionId")
    name = state.query_workgroups.get(query, "") if query else call.get("WorkGroup") or call.get("Name")
    if name is None and call.operation != "StartQueryExecution":
        return [need(own_action(call))]
    return [need(own_action(call), regional_arn(call, "athena", f"workgroup/{name or 'primary'}"))]
