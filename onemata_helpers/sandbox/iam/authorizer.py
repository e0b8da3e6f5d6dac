"""Whether a caller may make a call: all its needs, held against all the policies."""

from collections.abc import Callable

from ..wire.errors import AwsError, access_denied
from ..wire.incoming_call import IncomingCall
from .need import Need, need, own_action
from .needs_athena import athena_needs
from .needs_glue import glue_needs, logs_needs
from .needs_iam import iam_needs, sts_needs
from .needs_redshift_data import redshift_data_needs
from .needs_redshift_serverless import redshift_serverless_needs
from .needs_regional import access_analyzer_needs, ec2_needs, redshift_needs, ssm_needs
from .needs_s3 import s3_needs
from .policy_engine import Decision, Request, Verdict, decide
from .signer import Signer

_NEEDS: dict[str, Callable[[IncomingCall], list[Need]]] = {
    "access-analyzer": access_analyzer_needs,
    "athena": athena_needs,
    "ec2": ec2_needs,
    "glue": glue_needs,
    "iam": iam_needs,
    "logs": logs_needs,
    "redshift": redshift_needs,
    "redshift-data": redshift_data_needs,
    "redshift-serverless": redshift_serverless_needs,
    "s3": s3_needs,
    "ssm": ssm_needs,
    "sts": sts_needs,
}


def authorize(signer: Signer, call: IncomingCall) -> None:
    """Raise the service's own error for the first permission that the caller lacks."""
    for one in needs(call):
        context = {
            **signer.context,
            "aws:RequestedRegion": (call.region,),
            **one.request.context,
        }
        request = Request(one.request.action, one.request.resource, context)
        decision = decide(signer.caller, request, one.owner)
        if decision.verdict is not Verdict.ALLOWED:
            raise _refusal(signer, call, request, decision)


def needs(call: IncomingCall) -> list[Need]:
    """Every permission that the call needs; in services not named above, one on everything."""
    find = _NEEDS.get(call.service)
    return find(call) if find else [need(own_action(call))]


def _refusal(signer: Signer, call: IncomingCall, request: Request, decision: Decision) -> AwsError:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html"""
    text = f"User: {signer.caller.arn} is not authorized to perform: {request.action}"
    if request.resource != "*":
        text += f" on resource: {request.resource}"
    # STS does not tell which side refused.
    reason = "" if call.service == "sts" else f" {decision.reason}"
    return access_denied(call.service, text + reason)
