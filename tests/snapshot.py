"""All that a runbook may touch in the client's account, as plain data: to compare before and after."""

from __future__ import annotations

import re
from typing import Any

from onemata_helpers.policies import canonical
from onemata_helpers.sandbox.server import Sandbox


def everything(aws: Sandbox) -> dict[str, Any]:
    """Roles, users, groups and profiles with their policies, what clusters and instances have, and what is in Glue."""
    iam = aws.client("iam")
    found = iam.get_account_authorization_details(Filter=["User", "Group", "Role"])
    assert not found["IsTruncated"]
    holders = {
        f"{kind.lower()} {each[f'{kind}Name']}": _policies(each, kind)
        for kind in ("User", "Group", "Role")
        for each in found[f"{kind}DetailList"]
    }
    roles = {each["RoleName"]: _role(iam, each["RoleName"]) for each in found["RoleDetailList"]}
    return {"policies": holders, "roles": roles, "profiles": _profiles(iam), **_attached(aws), "glue": in_glue(aws)}


def in_glue(aws: Sandbox) -> list[str]:
    """Crawlers, databases beside the client's own, and all tables. (A classifier goes with its database.)"""
    glue = aws.client("glue")
    databases = [each["Name"] for each in glue.get_databases()["DatabaseList"]]
    tables = [table["Name"] for each in databases for table in glue.get_tables(DatabaseName=each)["TableList"]]
    return [*glue.list_crawlers()["CrawlerNames"], *(each for each in databases if each != "default"), *tables]


def _policies(holder: dict[str, Any], kind: str) -> dict[str, Any]:
    inline = {each["PolicyName"]: canonical(each["PolicyDocument"]) for each in holder.get(f"{kind}PolicyList", [])}
    attached = holder.get("AttachedManagedPolicies", [])
    return {"inline": inline, "attached": sorted(each["PolicyArn"] for each in attached)}


def _role(iam: Any, name: str) -> dict[str, Any]:
    role = iam.get_role(RoleName=name)["Role"]
    return {
        "trust": canonical(role["AssumeRolePolicyDocument"]),
        "tags": {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
        "boundary": role.get("PermissionsBoundary"),
        "description": role.get("Description", ""),
    }


def _profiles(iam: Any) -> dict[str, Any]:
    found = iam.list_instance_profiles()["InstanceProfiles"]
    return {
        each["InstanceProfileName"]: {
            "roles": [role["RoleName"] for role in each["Roles"]],
            "tags": {tag["Key"]: tag["Value"] for tag in each.get("Tags", [])},
        }
        for each in found
    }


def _attached(aws: Sandbox) -> dict[str, Any]:
    ec2, redshift, serverless = aws.client("ec2"), aws.client("redshift"), aws.client("redshift-serverless")
    for _ in range(3):  # each look lets AWS take its next step
        ec2.describe_iam_instance_profile_associations()
        redshift.describe_clusters()
        namespaces = [page["namespaces"] for page in serverless.get_paginator("list_namespaces").paginate()]
    associations = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    clusters = redshift.describe_clusters()["Clusters"]
    return {
        "instances": {
            each["InstanceId"]: each["IamInstanceProfile"]["Arn"]
            for each in associations
            if each["State"] == "associated"
        },
        "clusters": {
            each["ClusterIdentifier"]: {
                "roles": sorted(role["IamRoleArn"] for role in each["IamRoles"]),
                "default": each.get("DefaultIamRoleArn"),
            }
            for each in clusters
        },
        "namespaces": {
            each["namespaceName"]: {
                "roles": sorted(map(arn_of, each["iamRoles"])),
                "default": each.get("defaultIamRoleArn"),
            }
            for page in namespaces
            for each in page
        },
    }


def arn_of(role: str) -> str:
    """The ARN in AWS's `IamRole(applyStatus=in-sync, iamRoleArn=...)`."""
    (arn,) = re.findall(r"iamRoleArn=([^,)]+)", role)
    return str(arn)
