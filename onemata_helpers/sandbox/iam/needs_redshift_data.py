"""What calls of the Redshift Data API need.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshiftdataapi.html
https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-iam.html
"""

from ..state import state
from ..wire.incoming_call import IncomingCall
from .need import Need, need, own_action, regional_arn
from .needs_redshift_serverless import workgroup_arn

_SENDING = ("BatchExecuteStatement", "ExecuteStatement")


def redshift_data_needs(call: IncomingCall) -> list[Need]:
    """Rights on the cluster or workgroup and to log in to it; of a statement or session, those of its owner."""
    if call.operation not in _SENDING:
        owner = state.statement_owners.get(call.get("Id", ""), "")
        return [need(own_action(call), "*", {"redshift-data:statement-owner-iam-userid": (owner,)})]
    if session := call.get("SessionId"):
        arn, owner = state.data_sessions.get(session, ("*", ""))
        return [need(own_action(call), arn, {"redshift-data:session-owner-iam-userid": (owner,)})]
    return [need(own_action(call), target_arn(call)), *_login(call)]


def target_arn(call: IncomingCall) -> str:
    """The ARN of the cluster or workgroup that the call names."""
    if workgroup := call.get("WorkgroupName"):
        return workgroup_arn(call, workgroup)
    return regional_arn(call, "redshift", f"cluster:{call.get('ClusterIdentifier', '')}")


def _login(call: IncomingCall) -> list[Need]:
    if secret := call.get("SecretArn"):
        return [need("secretsmanager:GetSecretValue", secret)]
    if workgroup := call.get("WorkgroupName"):
        return [need("redshift-serverless:GetCredentials", workgroup_arn(call, workgroup))]
    cluster = call.get("ClusterIdentifier", "")
    database = regional_arn(call, "redshift", f"dbname:{cluster}/{call.get('Database', '')}")
    if user := call.get("DbUser"):
        arns = (regional_arn(call, "redshift", f"dbuser:{cluster}/{user}"), database)
        return [need("redshift:GetClusterCredentials", arn) for arn in arns]
    return [need("redshift:GetClusterCredentialsWithIAM", database)]
