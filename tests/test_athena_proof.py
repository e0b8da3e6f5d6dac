"""Athena proven by queries as those who query: broken one at a time, through the whole runbook."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from moto.athena.models import WorkGroup, athena_backends

from onemata_helpers import sandbox
from onemata_helpers.checks import Check
from onemata_helpers.errors import OddAnswer
from onemata_helpers.parameter_files import from_notebook
from onemata_helpers.resources.athena_queries import carried_out, statement
from onemata_helpers.resources.athena_workgroup import Workgroup
from onemata_helpers.resources.probe_table import ProbeTable
from onemata_helpers.sandbox import policies as documents
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.aws import athena, own_services
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.services.athena_proof import AthenaProof
from onemata_helpers.services.athena_statements import AthenaStatements
from onemata_helpers.session import Identity, connect
from onemata_helpers.wait import Wait

from .conftest import Run, between_tries_no_time_passes, run, values
from .test_redshift_proof import asked, emptied, onemata, opened_to_all_prefixes, without_bucket_policy, without_probe

ANALYST = sandbox.ANALYST_ROLE_ARN
READING = f"Athena reads for {ANALYST}"
TABLE = "onemata_probe_9e680b98"
LEFT = f"table default.{TABLE} is not left behind"
PROBE = f"{sandbox.PREFIX}{sandbox.PROBE_KEY}"
USER = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user"
ROLES = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role"
PROVE: dict[str, Any] = {
    "prove": "crawler",
    "athena_principals": [ANALYST],
    "athena_workgroup": sandbox.WORKGROUP,
    "denied_prefix": sandbox.OTHER_PREFIX,
    "denied_bucket": sandbox.OTHER_BUCKET,
}
UNSEEN = "not provable from here"
LONG = Wait(tell=lambda _: None, sleep=lambda _: None, seconds=60)


def prove(action: str = "verify", wait: Wait = LONG, **changes: Any) -> Run:
    return run("glue", action, wait, **(PROVE | changes))


def check(done: Run, name: str = READING) -> Check:
    (found,) = [each for each in done.record.checks if each.name == name]
    return found


def of_athena(done: Run) -> dict[str, str]:
    """The results of all checks of Athena's, by name."""
    return {each.name: each.result for each in done.record.checks if "Athena" in each.name or each.name == LEFT}


def denials(done: Run) -> list[str]:
    return [each.result for each in done.record.checks if re.match("Athena .* is refused ", each.name)]


def sent(done: Run, service: str = "athena") -> list[str]:
    return [each.operation for each in done.record.calls if each.service == service]


def tables(box: Sandbox) -> list[str]:
    return [each["Name"] for each in box.client("glue").get_tables(DatabaseName="default")["TableList"]]


def workgroup() -> WorkGroup:
    return athena_backends[sandbox.CLIENT_ACCOUNT][sandbox.REGION].work_groups[sandbox.WORKGROUP]


def test_all_is_proven_and_nothing_is_left(aws: Sandbox) -> None:
    done = prove("apply")
    assert done.error is None
    assert set(of_athena(done).values()) == {"proven"}
    assert len(of_athena(done)) == 4
    assert "1 row." in check(done).evidence
    refused = check(done, f"Athena for {ANALYST} is refused another bucket").evidence
    assert f"Permission denied on S3 path: s3://{sandbox.OTHER_BUCKET}/_onemata/" in refused
    assert tables(aws) == []
    assert sent(done).count("StartQueryExecution") == 9
    assert sent(done, "sts") == ["GetCallerIdentity", "AssumeRole"]


def test_what_is_sent_is_what_the_plan_showed(aws: Sandbox) -> None:
    seen: list[dict[str, Any]] = []
    for operation in ("StartQueryExecution", "AssumeRole"):
        aws.before(operation, lambda call: seen.append(without_token(asked(call))))
    plan = prove().record.plan
    assert plan is not None
    shown = [each for each in plan.proofs if "Athena" in each.proves]
    assert seen == [call.arguments for proof in shown for call in proof.calls]


def without_token(arguments: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in arguments.items() if key != "ClientRequestToken"}


def test_the_proof_is_under_the_digest_with_its_costs(aws: Sandbox) -> None:
    shown = prove("plan")
    assert "about $5 for each TB" in shown.shown["plan"]
    assert "cuts a query off at 10 MB, about $0.00005." in shown.shown["plan"]
    assert f"Results go to {world.RESULTS}." in shown.shown["plan"]
    assert "StartQueryExecution" not in sent(shown)
    others: list[dict[str, Any]] = [{}, {"prove": "none"}, {"athena_database": "other"}]
    digests = {prove("plan", **each).record.plan_digest for each in others}
    workgroup().configuration["BytesScannedCutoffPerQuery"] = 20_000_000
    assert len(digests | {prove("plan").record.plan_digest}) == 4


def test_with_none_nothing_is_run_and_the_client_is_told_how(aws: Sandbox) -> None:
    done = prove(prove="none")
    assert sent(done) == sent(done, "glue") == []
    assert done.record.plan is not None
    assert done.record.plan.proofs == ()
    assert of_athena(done) == {READING: UNSEEN}
    for beginning in ("CREATE EXTERNAL TABLE", "SELECT count(*)", "DROP TABLE"):
        assert beginning in check(done).evidence


def test_each_of_several_is_asked_on_its_own(aws: Sandbox) -> None:
    other = f"{USER}/somebody"
    done = prove(athena_principals=[ANALYST, other])
    assert of_athena(done)[READING] == "proven"
    found = check(done, f"Athena reads for {other}")
    assert found.result == UNSEEN
    assert "SELECT count(*)" in found.evidence
    assert "Who acts: whoever signs in as it runs this notebook" in found.evidence
    assert f"This session is not {other}" in done.shown["plan"]


def test_the_operator_is_asked_as_itself_with_its_own_permissions(aws: Sandbox) -> None:
    operator = f"{USER}/{world.OPERATOR}"
    reading = f"Athena reads for {operator}"
    may_not = prove(athena_principals=[operator])
    assert check(may_not, reading).result == UNSEEN
    assert "not authorized to perform: athena:StartQueryExecution" in check(may_not, reading).evidence
    everything = "arn:aws:iam::aws:policy/AdministratorAccess"
    aws.client("iam").attach_user_policy(UserName=world.OPERATOR, PolicyArn=everything)
    let_in(aws, operator)
    done = prove(athena_principals=[operator])
    assert set(of_athena(done).values()) == {"proven"}
    assert "AssumeRole" not in sent(done, "sts")


@pytest.mark.parametrize(
    ("arn", "principal", "entered"),
    [
        ("arn:aws:sts::012345670123:assumed-role/athena-analyst/me", ANALYST, False),
        ("arn:aws:sts::012345670123:assumed-role/Athena-Analyst/me", f"{ROLES}/team/athena-analyst", False),
        ("arn:aws:sts::012345670123:assumed-role/athena/athena-analyst", ANALYST, True),
        ("arn:aws:sts::012345670123:assumed-role/me/me", f"{USER}/me", None),
        ("arn:aws:iam::012345670123:user/athena-analyst", ANALYST, True),
        ("arn:aws:iam::012345670123:user/team/me", f"{USER}/team/me", False),
        ("arn:aws:iam::012345670123:user/me", f"{USER}/team/me", None),
        ("arn:aws:sts::012345670123:federated-user/me", f"{USER}/me", None),
    ],
)
def test_a_role_is_entered_unless_we_are_it_and_a_user_cannot_be(
    arn: str, principal: str, entered: bool | None
) -> None:
    p = from_notebook("glue", values("glue", **PROVE))
    table = ProbeTable(step="", database="default", name=TABLE)
    proof = AthenaProof(principal, table, sandbox.WORKGROUP, p.probe)
    found = proof.proofs(Identity(account=sandbox.CLIENT_ACCOUNT, arn=arn, partition="aws", region="r"), Workgroup())
    operations = [call.operation for each in found for call in each.calls]
    assert ("assume_role" in operations if found else None) is entered


def test_no_row_is_copied_into_the_results(aws: Sandbox) -> None:
    prove()
    s3 = aws.client("s3")
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=world.RESULTS_BUCKET)["Contents"]]
    kept = [s3.get_object(Bucket=world.RESULTS_BUCKET, Key=key)["Body"].read() for key in keys if key.endswith("csv")]
    assert kept == [b'"rows_read"\n"1"\n']


def test_results_that_athena_keeps_itself_need_no_bucket(aws: Sandbox) -> None:
    workgroup().configuration |= {"ResultConfiguration": {}, "ManagedQueryResultsConfiguration": {"Enabled": True}}
    done = prove()
    assert set(of_athena(done).values()) == {"proven"}
    assert "Results go to the place that Athena keeps for the workgroup." in done.shown["plan"]


# --- broken one at a time ---------------------------------------------------------------------------------------------


def trusts(arn: str) -> Callable[[Sandbox], None]:
    """The analysts' role lets in somebody else."""

    def damage(box: Sandbox) -> None:
        text = json.dumps(documents.analyst_trust()).replace(f"{USER}/{world.OPERATOR}", arn)
        box.client("iam").update_assume_role_policy(RoleName=world.ANALYST_ROLE, PolicyDocument=text)

    return damage


def just_trusted(box: Sandbox) -> None:
    box.propagation_seconds = 600
    trusts(f"{USER}/{world.OPERATOR}")(box)


def denies(*actions: str, on: str = "*") -> Callable[[Sandbox], None]:
    """The analysts' policies deny something."""

    def damage(box: Sandbox) -> None:
        text = json.dumps(documents.document({"Effect": "Deny", "Action": list(actions), "Resource": on}))
        box.client("iam").put_role_policy(RoleName=world.ANALYST_ROLE, PolicyName="less", PolicyDocument=text)

    return damage


def at_home_everywhere(box: Sandbox) -> None:
    """The analysts may do all in the catalog."""
    text = json.dumps(documents.document({"Effect": "Allow", "Action": "glue:*", "Resource": "*"}))
    box.client("iam").put_role_policy(RoleName=world.ANALYST_ROLE, PolicyName="more", PolicyDocument=text)


def without_s3(box: Sandbox) -> None:
    """The analysts' policy says nothing of any bucket but that for results."""
    policy = documents.analyst_policy()
    for each in policy["Statement"]:
        if "s3:ListBucket" in each["Action"]:
            each["Resource"] = [f"arn:aws:s3:::{world.RESULTS_BUCKET}{end}" for end in ("", "/*")]
    iam = box.client("iam")
    iam.put_role_policy(RoleName=world.ANALYST_ROLE, PolicyName="analysts", PolicyDocument=json.dumps(policy))


def let_in(box: Sandbox, arn: str) -> None:
    """Onemata's bucket policy names another reader than the analysts."""
    text = json.dumps(documents.bucket_policy()).replace(ANALYST, arn)
    onemata(box, "s3").put_bucket_policy(Bucket=sandbox.BUCKET, Policy=text)


def encrypted(box: Sandbox) -> None:
    """The probe object is encrypted with a key that only Onemata may use."""
    only = {"AWS": f"arn:aws:iam::{sandbox.ONEMATA_ACCOUNT}:root"}
    policy = documents.document({"Effect": "Allow", "Principal": only, "Action": "kms:*", "Resource": "*"})
    arn: str = onemata(box, "kms").create_key(Policy=json.dumps(policy))["KeyMetadata"]["Arn"]
    onemata(box, "s3").put_object(
        Bucket=sandbox.BUCKET, Key=PROBE, Body=b"onemata\n", ServerSideEncryption="aws:kms", SSEKMSKeyId=arn
    )


def emptied_probe(box: Sandbox) -> None:
    onemata(box, "s3").put_object(Bucket=sandbox.BUCKET, Key=PROBE, Body=b"")


def clients_table(box: Sandbox) -> None:
    storage = {"Columns": [{"Name": "id", "Type": "int"}], "Location": "s3://theirs/sales/"}
    table = {"Name": TABLE, "StorageDescriptor": storage, "Parameters": {"owner": "sales"}}
    box.client("glue").create_table(DatabaseName="default", TableInput=table)


def set_up(**settings: Any) -> Callable[[Sandbox], None]:
    """The workgroup's settings are others."""
    return lambda _: workgroup().configuration.update(settings)


def disabled(_: Sandbox) -> None:
    vars(workgroup())["state"] = "DISABLED"


def nothing(_: Sandbox) -> None:
    """What is wrong is in the parameters."""


def without_bucket_policy_at_create(box: Sandbox) -> None:
    box.check_locations()
    without_bucket_policy(box)


@dataclass(frozen=True)
class Broken:
    """What is broken, what comes of the check that it reads, and what of AWS's words and of who acts must be there."""

    damage: Callable[[Sandbox], object]
    result: str
    said: str
    who: str
    changes: dict[str, Any] = field(default_factory=dict)


BROKEN: dict[str, Broken] = {
    "role that cannot be entered": Broken(
        trusts(f"arn:aws:iam::{sandbox.ONEMATA_ACCOUNT}:root"), UNSEEN, "not authorized to perform: sts:AssumeRole",
        "Who acts: the client's admin lets the operator assume it",
    ),
    "no such role": Broken(
        nothing, UNSEEN, "not authorized to perform: sts:AssumeRole", "the client's admin lets the operator assume it",
        {"athena_principals": [ANALYST + "-too"]},
    ),
    "just changed, and not everywhere yet": Broken(
        just_trusted, UNSEEN, "not authorized to perform: sts:AssumeRole",
        "if that was changed just now, the engineer runs the notebook again in a minute",
    ),
    "may not write the results": Broken(
        denies("s3:PutObject"), UNSEEN, f"Access denied when writing output to url: {world.RESULTS}",
        f"Who acts: the client's admin allows {ANALYST} to write and read there",
    ),
    "may not see the results' bucket": Broken(
        denies("s3:GetBucketLocation"), UNSEEN, f"Unable to verify/create output bucket {world.RESULTS_BUCKET}",
        f"Who acts: the client's admin allows {ANALYST} to write and read there",
    ),
    "may not read the results": Broken(
        denies("s3:GetObject", on=f"arn:aws:s3:::{world.RESULTS_BUCKET}/*"), UNSEEN, "perform: s3:GetObject on",
        f"Who acts: the client's admin allows {ANALYST} to write and read there",
    ),
    "no bucket policy": Broken(
        without_bucket_policy, "failed", "Permission denied on S3 path: s3://onemata-example-data/",
        "Who acts: Onemata looks at its bucket policy",
    ),
    "bucket policy for another principal": Broken(
        lambda box: let_in(box, f"{USER}/other"), "failed", "Permission denied on S3 path",
        "Who acts: Onemata looks at its bucket policy",
    ),
    "refused when the table is made": Broken(
        without_bucket_policy_at_create, "failed", "Access Denied (Service: Amazon S3; Status Code: 403;",
        "the client's admin checks the place for results",
    ),
    "without S3 rights of its own": Broken(
        without_s3, "failed", "do not allow s3:ListBucket and s3:GetObject", "Who acts: the client's admin adds the",
    ),
    "KMS key closed to the role": Broken(
        encrypted, "failed", f"Permission denied on S3 path: s3://{sandbox.BUCKET}/{PROBE}", "names it for kms_key_arn",
    ),
    "probe object missing": Broken(
        without_probe, UNSEEN, "no row of the object came back", "Who acts: Onemata puts the probe object there",
    ),
    "probe object empty": Broken(
        emptied_probe, UNSEEN, "it is empty", "Who acts: Onemata puts the probe object there",
    ),
    "prefix empty": Broken(
        emptied, UNSEEN, "no row of the object came back", "Who acts: Onemata puts the probe object there",
    ),
    "table of the client's with our name": Broken(
        clients_table, UNSEEN, f"The client has a table default.{TABLE} of its own",
        "Who acts: the client's admin renames or drops it",
    ),
    "workgroup without a limit": Broken(
        set_up(BytesScannedCutoffPerQuery=None), UNSEEN, "does not limit what a query scans",
        "Who acts: the client's admin sets its data limit for each query",
    ),
    "workgroup without a place for results": Broken(
        set_up(ResultConfiguration={}), UNSEEN, "has no place for results",
        "Who acts: the client's admin sets its result location",
    ),
    "the account's first workgroup": Broken(
        nothing, UNSEEN, "The workgroup primary does not limit what a query scans", "names another one for",
        {"athena_workgroup": "primary"},
    ),
    "no such workgroup": Broken(
        nothing, UNSEEN, "WorkGroup gone is not found", "Who acts: the engineer corrects", {"athena_workgroup": "gone"},
    ),
    "workgroup disabled": Broken(
        disabled, UNSEEN, "is DISABLED", "Who acts: the client's admin enables it",
    ),
    "may not query in the workgroup": Broken(
        denies("athena:StartQueryExecution"), UNSEEN, "not authorized to perform: athena:StartQueryExecution",
        f"Who acts: the client's admin allows {ANALYST} to",
    ),
    "may not follow its query": Broken(
        denies("athena:GetQueryExecution"), UNSEEN, "not authorized to perform: athena:GetQueryExecution",
        f"Who acts: the client's admin allows {ANALYST} to",
    ),
    "may not make the table": Broken(
        denies("glue:CreateTable"), UNSEEN, "not authorized to perform: glue:CreateTable",
        f"Who acts: the client's admin allows {ANALYST} glue:GetDatabase, GetTable, CreateTable and DeleteTable",
    ),
    "no such database": Broken(
        at_home_everywhere, UNSEEN, "Database does not exist: nowhere", "the engineer names one that is there for",
        {"athena_database": "nowhere"},
    ),
    "cut off": Broken(
        set_up(BytesScannedCutoffPerQuery=3), UNSEEN, "Bytes scanned limit was exceeded",
        "Who acts: the engineer names a small object in a folder of its own",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_one_at_a_time(aws: Sandbox, name: str) -> None:
    broken = BROKEN[name]
    broken.damage(aws)
    before = tables(aws)
    done = prove(**broken.changes)
    assert done.record.outcome != "verified"
    (principal,) = (PROVE | broken.changes)["athena_principals"]
    found = check(done, f"Athena reads for {principal}")
    assert found.result == broken.result
    assert broken.said in found.evidence
    assert broken.who in found.evidence
    assert "proven" not in denials(done)
    assert tables(aws) == before


def test_refused_when_a_table_is_made_is_refused(aws: Sandbox) -> None:
    aws.check_locations()
    assert set(of_athena(prove()).values()) == {"proven"}


@pytest.mark.parametrize("there", [True, False])
def test_what_must_be_refused_and_is_not_fails(aws: Sandbox, there: bool) -> None:
    opened_to_all_prefixes(aws)
    if not there:
        onemata(aws, "s3").delete_object(Bucket=sandbox.BUCKET, Key=f"{sandbox.OTHER_PREFIX}{sandbox.PROBE_KEY}")
    done = prove("apply")
    assert done.record.outcome == "failed"
    found = check(done, f"Athena for {ANALYST} is refused another client's prefix")
    assert found.result == "failed"
    assert "Who acts: Onemata" in found.evidence


def test_refusals_that_cannot_be_tried_are_not_passed_over(aws: Sandbox) -> None:
    assert denials(prove(denied_prefix="", denied_bucket="")) == [UNSEEN, UNSEEN]
    assert denials(prove(negative_checks=False)) == []


# --- the table --------------------------------------------------------------------------------------------------------


def test_a_role_that_may_not_drop_the_table_leaves_none(aws: Sandbox) -> None:
    denies("glue:DeleteTable")(aws)
    done = prove()
    assert set(of_athena(done).values()) == {"proven"}
    assert "DeleteTable" in sent(done, "glue")
    assert tables(aws) == []


def test_a_table_that_nobody_may_drop_is_told_of(aws: Sandbox) -> None:
    run("glue")
    denies("glue:DeleteTable")(aws)
    aws.fail("DeleteTable", "AccessDeniedException", 100)
    done = prove(negative_checks=False)
    assert check(done).result == "proven"
    assert check(done, LEFT).result == "failed"
    assert "glue:DeleteTable" in check(done, LEFT).evidence
    assert "Who acts: the client's admin allows it for the operator" in check(done, LEFT).evidence
    assert done.record.outcome == "failed"


def left_behind(box: Sandbox) -> None:
    """What a run leaves that is killed after its first statement was carried out: that statement is sent here."""
    plan = prove("plan").record.plan
    assert plan is not None
    (proof,) = [each for each in plan.proofs if each.proves == READING]
    enter, create = proof.calls[:2]
    keys = own(box, "sts").assume_role(**enter.arguments)["Credentials"]
    queries = box.client_of("athena", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    query = queries.start_query_execution(**create.arguments)["QueryExecutionId"]
    for _ in range(3):
        queries.get_query_execution(QueryExecutionId=query)
    assert tables(box) == [TABLE]


def own(box: Sandbox, service: str) -> Any:
    """A client of the operator's."""
    key = box.operator()
    return box.client_of(service, key.id, key.secret)


@pytest.mark.parametrize("action", ["apply", "verify"])
def test_what_an_interrupted_proof_left_the_next_one_mends(aws: Sandbox, action: str) -> None:
    before = prove("plan").record.plan_digest
    left_behind(aws)
    assert prove("plan").record.plan_digest == before
    assert tables(aws) == [TABLE]
    done = prove(action)
    assert set(of_athena(done).values()) == {"proven"}
    assert tables(aws) == []


def test_what_an_interrupted_proof_left_a_removal_takes_away(aws: Sandbox) -> None:
    run("glue")
    left_behind(aws)
    done = prove("remove", prove="none")
    assert done.record.outcome == "removed"
    assert done.kinds[f"table default.{TABLE}"] == "delete"
    assert tables(aws) == []


def moved(box: Sandbox) -> None:
    """The client has made the table its own: it lies elsewhere now."""
    glue = box.client("glue")
    table = glue.get_table(DatabaseName="default", Name=TABLE)["Table"]
    storage = {"Columns": table["StorageDescriptor"]["Columns"], "Location": "s3://theirs/sales/"}
    new = {"Name": TABLE, "StorageDescriptor": storage, "Parameters": table["Parameters"]}
    glue.update_table(DatabaseName="default", TableInput=new)


@pytest.mark.parametrize("action", ["apply", "verify", "remove"])
@pytest.mark.parametrize("clients", ["made", "moved"])
def test_a_table_of_the_clients_is_never_touched(aws: Sandbox, clients: str, action: str) -> None:
    run("glue")
    if clients == "made":
        clients_table(aws)
    else:
        left_behind(aws)
        moved(aws)
    before = aws.client("glue").get_table(DatabaseName="default", Name=TABLE)["Table"]
    done = prove(action)
    assert done.error is None
    assert done.record.outcome == ("removed" if action == "remove" else "applied")
    assert "StartQueryExecution" not in sent(done)
    assert aws.client("glue").get_table(DatabaseName="default", Name=TABLE)["Table"] == before


def test_an_interrupted_proof_cleans_up(aws: Sandbox) -> None:
    begun: list[str] = []
    aws.before("StartQueryExecution", lambda call: begun.append(call.get("QueryString")))

    def interrupt(_: str) -> None:
        if begun[-1].startswith(("SELECT", "DROP")):
            raise KeyboardInterrupt

    done = prove(wait=Wait(tell=interrupt, sleep=lambda _: None))
    assert done.error is not None
    assert "Interrupted" in str(done.error)
    assert "StopQueryExecution" in sent(done)
    assert tables(aws) == []


# --- what can happen on the way ---------------------------------------------------------------------------------------


def test_a_statement_that_does_not_end_is_stopped(aws: Sandbox) -> None:
    aws.let_statements_hang()
    done = prove(wait=Wait(tell=lambda _: None, sleep=lambda _: None, seconds=0.1))
    assert sent(done).count("StopQueryExecution") == 3
    assert check(done).result == UNSEEN
    assert "was QUEUED when the time was up" in check(done).evidence
    assert "Who acts: the client's admin looks at what keeps the workgroup" in check(done).evidence
    assert denials(done) == [UNSEEN, UNSEEN]


def test_a_query_that_somebody_stops_proves_nothing(aws: Sandbox) -> None:
    begun: list[str] = []

    def stop(call: Any) -> None:
        if "QueryExecutionId" in call.params and begun:
            own_athena.stop_query_execution(QueryExecutionId=call.get("QueryExecutionId"))

    own_athena = aws.client("athena")
    aws.after("StartQueryExecution", lambda call: begun.append("x") if call.get("QueryString")[0] == "S" else None)
    aws.before("GetQueryExecution", stop)
    done = prove(negative_checks=False)
    assert check(done).result == UNSEEN
    assert "Somebody stopped the statement" in check(done).evidence
    assert tables(aws) == []


@pytest.mark.parametrize("how", ["throttled", "lost answer"])
@pytest.mark.parametrize("operation", ["StartQueryExecution", "GetQueryExecution", "GetQueryResults"])
def test_what_passes_by_itself_is_no_obstacle(
    aws: Sandbox, monkeypatch: pytest.MonkeyPatch, operation: str, how: Any
) -> None:
    between_tries_no_time_passes(monkeypatch)
    aws.fail(operation, how)
    done = prove(negative_checks=False)
    assert set(of_athena(done).values()) == {"proven"}
    assert sent(done).count("StartQueryExecution") == 3


@pytest.mark.parametrize("how", ["throttled", "html", "InternalFailure"])
@pytest.mark.parametrize("operation", ["StartQueryExecution", "GetQueryExecution", "GetQueryResults", "GetWorkGroup"])
def test_what_does_not_pass_is_never_taken_for_proof(
    aws: Sandbox, monkeypatch: pytest.MonkeyPatch, operation: str, how: Any
) -> None:
    between_tries_no_time_passes(monkeypatch)
    aws.fail(operation, how, 200)
    done = prove(negative_checks=False)
    assert check(done).result == UNSEEN
    assert "Who acts: " in check(done).evidence
    assert tables(aws) == []


ODD: dict[str, dict[str, Any]] = {
    "of another query": {"QueryExecutionId": "another", "Status": {"State": "SUCCEEDED"}},
    "without an id": {"Status": {"State": "SUCCEEDED"}},
    "without a state": {"Status": {}},
    "an unknown state": {"Status": {"State": "SPLENDID"}},
    "failed, and does not say why": {"Status": {"State": "FAILED"}},
    "stopped": {"Status": {"State": "CANCELLED"}},
}
ROWS: dict[str, list[list[str]]] = {
    "no row": [],
    "only the names": [["rows_read"]],
    "no number": [["rows_read"], ["one"]],
    "a number below none": [["rows_read"], ["-1"]],
    "digits of another script": [["rows_read"], ["\u0661"]],
    "two columns": [["rows_read", "x"], ["1", "1"]],
    "two rows": [["rows_read"], ["1"], ["1"]],
    "nothing in it": [["rows_read"], [""]],
}


def served(handlers: dict[str, Any]) -> Iterator[None]:
    own_services.serve("athena", handlers)
    yield
    athena.install()


@pytest.mark.parametrize("name", ODD)
def test_an_odd_end_proves_nothing(aws: Sandbox, name: str) -> None:
    def described(call: Any, _: Any) -> dict[str, Any]:
        known = {} if name == "without an id" else {"QueryExecutionId": call.get("QueryExecutionId")}
        return {"QueryExecution": known | ODD[name]}

    for _ in served({"GetQueryExecution": described}):
        done = prove(negative_checks=False)
        assert check(done).result == UNSEEN
        assert "Who acts: " in check(done).evidence


def test_an_odd_result_is_no_number(aws: Sandbox) -> None:
    p = from_notebook("glue", values("glue", **PROVE))
    session = connect(p, ("athena",), lambda _: None, aws.url).entered(ANALYST, "test")
    statements = AthenaStatements("default", TABLE, p.probe.object)
    for sql in (statements.create, statements.count):
        asked_for = statement(sandbox.WORKGROUP, "default", sql)
        ended = carried_out(session, asked_for, LONG, counts=sql == statements.count)
        assert ended.in_order
    assert ended.number == 1
    for rows in ROWS.values():
        shown = [{"Data": [{"VarCharValue": value} for value in row]} for row in rows]
        for _ in served({"GetQueryResults": lambda *_, shown=shown: {"ResultSet": {"Rows": shown}}}):
            with pytest.raises(OddAnswer, match="it is not one row with one number"):
                carried_out(session, asked_for, LONG, counts=True)
