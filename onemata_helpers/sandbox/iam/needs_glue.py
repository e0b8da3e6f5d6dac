"""What calls of Glue need, and those that read what its crawlers log.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsglue.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
"""

from ..wire.incoming_call import IncomingCall
from .need import Need, need, own_action, pass_role, regional_arn, tag_keys


def glue_needs(call: IncomingCall) -> list[Need]:
    """Rights on what the call is about, to set tags, and to pass the role that a crawler or job gets."""
    tags = call.get("Tags") or {}
    context = tag_keys("aws:RequestTag", tags.items()) | ({"aws:TagKeys": tuple(tags)} if tags else {})
    needs = [need(own_action(call), arn, context) for arn in _arns(call)]
    if tags and call.operation in ("CreateCrawler", "CreateDatabase"):
        kind = call.operation.removeprefix("Create").lower()
        needs.append(need("glue:TagResource", regional_arn(call, "glue", f"{kind}/{_name(call)}"), context))
    if role := call.get("Role"):
        arn = role if role.startswith("arn:") else f"arn:aws:iam::{call.account}:role/{role}"
        needs.append(pass_role(arn, "glue.amazonaws.com"))
    return needs


def logs_needs(call: IncomingCall) -> list[Need]:
    """Rights on a log group, which AWS weighs as rights on its streams."""
    group = call.get("logGroupName")
    return [need(own_action(call), regional_arn(call, "logs", f"log-group:{group}:log-stream:") if group else "*")]


def _arns(call: IncomingCall) -> list[str]:
    if arn := call.get("ResourceArn"):
        return [arn]
    return [regional_arn(call, "glue", thing) for thing in _things(call)] or ["*"]


def _name(call: IncomingCall) -> str:
    return str(call.get("Name") or call.get("DatabaseInput.Name") or call.get("TableInput.Name", ""))


def _things(call: IncomingCall) -> list[str]:
    """Nothing for what is a right on everything."""
    name = _name(call)
    database = call.get("DatabaseName") or name
    catalog = ["catalog", f"database/{database}"]
    match call.operation:
        case "GetCrawler" | "StartCrawler" | "StopCrawler" | "UpdateCrawler" | "DeleteCrawler":
            return [f"crawler/{name}"]
        case "CreateDatabase" | "GetDatabase" | "UpdateDatabase":
            return catalog
        case "DeleteDatabase":
            return [*catalog, f"table/{database}/*", f"userDefinedFunction/{database}/*"]
        case "GetTables":
            return [*catalog, f"table/{database}/*"]
        case "CreateTable" | "GetTable" | "UpdateTable" | "DeleteTable":
            return [*catalog, f"table/{database}/{name}"]
    return []
