"""What moto's Redshift lacks: roles that are attached to a cluster, step by step.

A change is first `adding` or `removing`, and a new cluster `creating`. Each look at the cluster
moves it one step on, so that callers must really wait and tests need no clock.
"""

import copy
import json

from moto.core.responses import ActionResult
from moto.redshift import urls
from moto.redshift.exceptions import RedshiftClientError
from moto.redshift.models import Cluster, RedshiftBackend
from moto.redshift.responses import RedshiftResponse

from ..iam.needs_regional import secret_arn
from ..iam.policy_engine import service_may_assume
from ..iam.signer import find_role
from ..state import state

ROLE_QUOTA = 50
"""https://docs.aws.amazon.com/redshift/latest/mgmt/amazon-redshift-limits.html"""


class SandboxRedshift(RedshiftResponse):
    """Redshift's API as the sandbox serves it."""

    def create_cluster(self) -> ActionResult:
        """Create a cluster that is first `creating`, with a password that AWS manages if asked.

        https://docs.aws.amazon.com/redshift/latest/APIReference/API_CreateCluster.html
        """
        roles = self._get_param("IamRoles", [])
        for arn in roles:
            _check_role(arn, self.current_account)
        result = super().create_cluster()
        cluster = self._cluster()
        cluster.status = "creating"
        _role_states(cluster).update(dict.fromkeys(roles, "in-sync"))
        _set_default(cluster, self._get_param("DefaultIamRoleArn"))
        if self._get_bool_param("ManageMasterPassword", False):
            arn = secret_arn(
                self.current_account,
                self.region,
                cluster.cluster_identifier,
                cluster.master_username,
            )
            vars(cluster)["master_password_secret_arn"] = arn
        return result

    def describe_clusters(self) -> ActionResult:
        """Show the clusters, and let what is under way take its next step.

        https://docs.aws.amazon.com/redshift/latest/APIReference/API_DescribeClusters.html
        """
        shown = super().describe_clusters()
        clusters: list[Cluster] = shown.result["Clusters"]  # type: ignore[index]
        pictures = [_picture(cluster) for cluster in clusters]
        for cluster in clusters:
            _settle(cluster)
        return ActionResult({"Clusters": pictures})

    def modify_cluster_iam_roles(self) -> ActionResult:
        """Add and remove roles; what is not named stays.

        Raises AWS's ClusterNotFound, InvalidClusterState and InvalidParameterValue.
        https://docs.aws.amazon.com/redshift/latest/APIReference/API_ModifyClusterIamRoles.html
        """
        cluster = self._cluster()
        _check_available(cluster)
        add, states = self._get_param("AddIamRoles", []), _role_states(cluster)
        for arn in add:
            _check_role(arn, self.current_account)
        if len({*states, *add}) > ROLE_QUOTA:
            text = f"The cluster would exceed its quota of {ROLE_QUOTA} IAM roles."
            raise RedshiftClientError("InvalidParameterValue", text)
        states.update({arn: "adding" for arn in add if arn not in states})
        gone = [arn for arn in self._get_param("RemoveIamRoles", []) if arn in states]
        states.update(dict.fromkeys(gone, "removing"))
        if default := self._get_param("DefaultIamRoleArn"):
            _set_default(cluster, default)
        return ActionResult({"Cluster": _picture(cluster)})

    def _cluster(self) -> Cluster:
        backend: RedshiftBackend = self.redshift_backend
        return backend.describe_clusters(self._get_param("ClusterIdentifier"))[0]


def _check_available(cluster: Cluster) -> None:
    """Refuse a change while the cluster is busy. Asking again helps, as it does in AWS."""
    pending = any(applied != "in-sync" for applied in _role_states(cluster).values())
    if state.busy_cluster <= 0 and cluster.status == "available" and not pending:
        return
    state.busy_cluster = max(0, state.busy_cluster - 1)
    _settle(cluster)
    raise RedshiftClientError(
        "InvalidClusterState",
        f"There is an operation running on the Cluster {cluster.cluster_identifier}. "
        "Please try to modify it at a later time.",
    )


def _settle(cluster: Cluster) -> None:
    """Finish what is under way at the cluster."""
    states = _role_states(cluster)
    for arn, applied in list(states.items()):
        if applied == "removing":
            del states[arn]
        else:
            states[arn] = "in-sync"
    if cluster.status == "creating":
        cluster.status = "available"


def _role_states(cluster: Cluster) -> dict[str, str]:
    """The apply status by role, kept at the cluster. moto knows only the roles at its creation."""
    first = dict.fromkeys(cluster.iam_roles_arn, "in-sync")
    states: dict[str, str] = vars(cluster).setdefault("role_states", first)
    return states


def _set_default(cluster: Cluster, role_arn: str | None) -> None:
    vars(cluster)["default_iam_role_arn"] = role_arn


def _picture(cluster: Cluster) -> Cluster:
    """The cluster as it stands now, apart from the one that goes on changing."""
    picture = copy.copy(cluster)
    vars(picture)["role_states"] = dict(_role_states(cluster))
    return picture


def _iam_roles(cluster: Cluster) -> list[dict[str, str]]:
    states = _role_states(cluster)
    return [{"IamRoleArn": arn, "ApplyStatus": applied} for arn, applied in states.items()]


def _check_role(arn: str, account: str) -> None:
    """Refuse a role that is not the account's, or that Redshift cannot assume (yet).

    https://docs.aws.amazon.com/redshift/latest/mgmt/copy-unload-iam-role.html
    """
    role = find_role(arn) if arn.startswith(f"arn:aws:iam::{account}:role/") else None
    if role and not state.is_fresh(arn):
        trust = json.loads(role.assume_role_policy_document)
        if service_may_assume(trust, "redshift.amazonaws.com"):
            return
    raise RedshiftClientError(
        "InvalidParameterValue",
        f"The IAM role {arn} is not valid. The IAM role must delegate access to an Amazon Redshift account.",
    )


def install() -> None:
    """Let moto's server answer for Redshift with the class above."""
    urls.url_paths["{0}/$"] = SandboxRedshift.dispatch
    setattr(Cluster, "iam_roles", property(_iam_roles))  # noqa: B010
