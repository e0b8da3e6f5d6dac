"""What calls of the Redshift Data API need.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshiftdataapi.html
https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-iam.html
"""

from ..state import state
from ..wire.incoming_call import IncomingCall
from .need import Need, need, own_action, regional_arn

_SENDING = ("BatchExecuteStatement", "ExecuteStatement")


def redshift_data_needs(call: IncomingCall) -> list[Need]:
    """Rights on the cluster and to log in to it; of a statement, those of its owner."""
    if call.operation not in _SENDING:
        owner = state.statement_owners.get(call.get("Id", ""), "")
        return [need(own_action(call), "*", {"redshift-data:statement-owner-iam-userid": (owner,)})]
    if session := call.get("SessionId"):
        cluster, owner = state.data_sessions.get(session, ("", ""))
        arn = regional_arn(call, "redshift", f"cluster:{cluster}")
        return [need(own_action(call), arn, {"redshift-data:session-owner-iam-userid": (owner,)})]
    cluster = call.get("ClusterIdentifier", "")
    return [need(own_action(call), regional_arn(call, "redshift", f"cluster:{cluster}")), *_login(call, cluster)]


def _login(call: IncomingCall, cluster: str) -> list[Need]:
    if secret := call.get("SecretArn"):
        return [need("secretsmanager:GetSecretValue", secret)]
    database = regional_arn(call, "redshift", f"dbname:{cluster}/{call.get('Database', '')}")
    if user := call.get("DbUser"):
        arns = (regional_arn(call, "redshift", f"dbuser:{cluster}/{user}"), database)
        return [need("redshift:GetClusterCredentials", arn) for arn in arns]
    return [need("redshift:GetClusterCredentialsWithIAM", database)]
