"""What calls of EC2, Redshift, SSM and Access Analyzer need.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshift.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsiamaccessanalyzer.html
"""

from moto.ec2.models import EC2Backend, ec2_backends

from ..wire.incoming_call import IncomingCall
from .conditions import Context
from .need import Need, need, own_action, pass_role, regional_arn, request_tags, tag_keys
from .signer import iam

_PROFILE_OPERATIONS = frozenset({"AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation", "RunInstances"})


def ec2_needs(call: IncomingCall) -> list[Need]:
    """Rights on the instances that the call is about; describing is a right on everything."""
    if call.operation.startswith("Describe"):
        return [need(own_action(call))]
    arns = {regional_arn(call, "ec2", f"instance/{id_}"): id_ for id_ in _instances(call)}
    needs = [need(own_action(call), arn, _instance_tags(call, id_)) for arn, id_ in arns.items()]
    needs = needs or [need(own_action(call))]
    if call.operation in _PROFILE_OPERATIONS:
        needs += [pass_role(arn, "ec2.amazonaws.com") for arn in profile_roles(call)]
    return needs


def profile_roles(call: IncomingCall) -> list[str]:
    """The ARNs of the roles in the instance profile that the call names."""
    spec = call.get("IamInstanceProfile", {})
    return [
        role.arn
        for profile in iam(call.account).get_instance_profiles()
        if profile.arn == spec.get("Arn") or profile.name == spec.get("Name")
        for role in profile.roles
    ]


def redshift_needs(call: IncomingCall) -> list[Need]:
    """Rights on the cluster, and to pass the roles that it gets."""
    cluster = call.get("ClusterIdentifier")
    if call.operation.startswith("Describe") or not cluster:
        return [need(own_action(call))]
    arn, context = regional_arn(call, "redshift", f"cluster:{cluster}"), request_tags(call)
    needs = [need(own_action(call), arn, context)]
    if call.operation == "CreateCluster" and call.get("Tags"):
        needs.append(need("redshift:CreateTags", arn, context))
    if call.get("ManageMasterPassword"):
        # Redshift's own role may not create the secret, so the caller must be able to.
        secret = secret_arn(call.account, call.region, cluster, call.get("MasterUsername", ""))
        needs += [need(f"secretsmanager:{one}", secret) for one in ("CreateSecret", "TagResource")]
    roles = [*call.get("IamRoles", []), *call.get("AddIamRoles", [])]
    return needs + [pass_role(role, "redshift.amazonaws.com") for role in roles]


def secret_arn(account: str, region: str, cluster: str, user: str) -> str:
    """The secret in which AWS keeps a cluster's managed password.

    https://docs.aws.amazon.com/redshift/latest/mgmt/redshift-secrets-manager-integration.html
    """
    return f"arn:aws:secretsmanager:{region}:{account}:secret:redshift!{cluster}-{user}-Ab1Cd2"


def ssm_needs(call: IncomingCall) -> list[Need]:
    """SendCommand is a right on the document and on each instance."""
    if call.operation != "SendCommand":
        return [need(own_action(call))]
    document = call.get("DocumentName", "")
    owner = "" if document.startswith("AWS-") else call.account
    arns = [f"arn:aws:ssm:{call.region}:{owner}:document/{document}"]
    arns += [regional_arn(call, "ec2", f"instance/{id_}") for id_ in _instances(call)]
    return [need(own_action(call), arn) for arn in arns]


def access_analyzer_needs(call: IncomingCall) -> list[Need]:
    """A right on everything that Access Analyzer has in the region, as its refusals name it."""
    return [need(own_action(call), regional_arn(call, "access-analyzer", "*"))]


def _instances(call: IncomingCall) -> list[str]:
    """The instances that the call names, also through one of their associations."""
    if association_id := call.get("AssociationId"):
        associations = _ec2(call).iam_instance_profile_associations.values()
        return [one.instance_id for one in associations if one.association_id == association_id]
    one = call.get("InstanceId")
    return [one] if one else list(call.get("InstanceIds", []))


def _instance_tags(call: IncomingCall, instance_id: str) -> Context:
    tags = [(tag["key"], tag["value"]) for tag in _ec2(call).describe_tags({"resource-id": [instance_id]})]
    return tag_keys("aws:ResourceTag", tags) | tag_keys("ec2:ResourceTag", tags)


def _ec2(call: IncomingCall) -> EC2Backend:
    return ec2_backends[call.account][call.region]
