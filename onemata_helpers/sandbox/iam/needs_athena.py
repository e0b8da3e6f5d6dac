"""What calls of Athena need, and what tables of the Glue catalog do.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonathena.html
https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html (with a table go its database and catalog)
"""

from ..state import state
from ..wire.incoming_call import IncomingCall
from .need import Need, need, own_action, regional_arn

_ON_A_TABLE = ("CreateTable", "DeleteTable", "GetTable")


def athena_needs(call: IncomingCall) -> list[Need]:
    """The right on the workgroup: the one that is named, or the one that a query runs in."""
    query = call.get("QueryExecutionId")
    name = state.query_workgroups.get(query, "") if query else call.get("WorkGroup") or call.get("Name")
    if name is None and call.operation != "StartQueryExecution":
        return [need(own_action(call))]
    return [need(own_action(call), regional_arn(call, "athena", f"workgroup/{name or 'primary'}"))]


def table_arns(call: IncomingCall) -> list[str]:
    """The ARNs that a call about one table is about; none for other calls."""
    if call.operation not in _ON_A_TABLE:
        return []
    database, table = call.get("DatabaseName", ""), call.get("Name") or call.get("TableInput.Name", "")
    names = ("catalog", f"database/{database}", f"table/{database}/{table}")
    return [regional_arn(call, "glue", name) for name in names]
