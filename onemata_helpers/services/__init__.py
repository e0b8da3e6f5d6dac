"""The three services of the guide."""

from __future__ import annotations

from typing import Any

from ..parameters import Ec2Parameters, GlueParameters, RedshiftParameters, ServiceParameters
from ..resources import athena_workgroup, data_api
from ..resources.attached_policies import AttachedPolicy
from ..resources.base import Permission
from ..resources.inline_policies import InlinePolicy, SharedPolicy
from ..resources.instance_config import InstanceConfig
from ..resources.instance_profiles import InstanceProfile
from ..resources.instances import ProfileAssociation
from ..resources.probe_crawler import ProbeCrawler
from ..resources.redshift import ClusterRole, LaunchedCluster
from ..resources.roles import Role
from ..resources.workgroup_role import WorkgroupRole
from .base import Service
from .ec2 import Ec2
from .glue import Glue
from .redshift import Redshift

_SERVICES: dict[type[ServiceParameters], type[Service[Any]]] = {
    RedshiftParameters: Redshift,
    GlueParameters: Glue,
    Ec2Parameters: Ec2,
}


def service_of(parameters: ServiceParameters) -> Service[Any]:
    """The service that these parameters are for."""
    return _SERVICES[type(parameters)](parameters)


def every_permission() -> list[Permission]:
    """What any service may need under any parameters, on all resources."""
    anything = ("*",)
    return [
        *Role.permissions("*", bounded=True),
        *AttachedPolicy.permissions("*"),
        *InlinePolicy.permissions("*"),
        *(each for holder in ("user", "group", "role") for each in SharedPolicy.permissions(holder, "*")),
        *ClusterRole.permissions("*", "*"),
        *LaunchedCluster.permissions("*", "*", "*"),
        *WorkgroupRole.permissions("*", "*", "*"),
        *data_api.permissions("*"),
        Permission(("redshift:GetClusterCredentials", "redshift:GetClusterCredentialsWithIAM")),
        Permission(("redshift-serverless:GetCredentials",)),
        Permission(("secretsmanager:GetSecretValue", "iam:SimulatePrincipalPolicy")),
        *athena_workgroup.permissions("*"),
        Permission(("glue:DeleteTable", "glue:GetTable", "sts:AssumeRole")),
        *ProbeCrawler("*", "*", "*", "*", "*").permissions(to_run=True),
        *InstanceProfile.permissions("*", "*"),
        *ProfileAssociation.permissions(anything, "*", "*", "stop"),
        *ProfileAssociation.permissions(anything, "*", "*", "replace"),
        *InstanceConfig.permissions(anything, "*"),
    ]
