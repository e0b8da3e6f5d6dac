"""What calls of Redshift Serverless need. Its ARNs end in ids, and not in the names that a call has.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshiftserverless.html
"""

from ..state import state
from ..wire.incoming_call import IncomingCall
from .need import Need, need, own_action, pass_role, regional_arn


def redshift_serverless_needs(call: IncomingCall) -> list[Need]:
    """Rights on the workgroup or namespace, and to pass each role that a namespace is to have, old or new.

    AWS's own solutions pass all roles, "for keeping existing associated roles".
    """
    if name := call.get("workgroupName"):
        return [need(own_action(call), workgroup_arn(call, name))]
    if name := call.get("namespaceName"):
        found = state.serverless[call.account, call.region].namespaces.get(name)
        arn = regional_arn(call, "redshift-serverless", f"namespace/{found.id if found else name}")
        roles = call.get("iamRoles", [])
        return [need(own_action(call), arn), *(pass_role(each, "redshift-serverless.amazonaws.com") for each in roles)]
    return [need(own_action(call))]


def workgroup_arn(call: IncomingCall, name: str) -> str:
    """The ARN of a workgroup in the call's account and region; with its name in it if it is not there."""
    found = state.serverless[call.account, call.region].workgroups.get(name)
    return regional_arn(call, "redshift-serverless", f"workgroup/{found.id if found else name}")
