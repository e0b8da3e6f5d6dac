"""Glue's crawlers in the sandbox: only with a role that may, only over what S3 shows it, and step by step."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox import policies
from onemata_helpers.sandbox.server import Sandbox
from tests.sandbox.actors import Actor, allow, deny, refused, role, user

READER = "AWSGlueServiceRoleOnemata"
PLACE = f"s3://{sandbox.BUCKET}/{sandbox.PREFIX}"
LOG = "/aws-glue/crawlers"
SERVICE_POLICY = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"
ARN = f"arn:aws:glue:{sandbox.REGION}:{sandbox.CLIENT_ACCOUNT}"


def create(glue: Any, path: str = PLACE, name: str = "ours", reader: str = READER, **more: Any) -> None:
    target = {"Path": path, **more.pop("target", {})}
    glue.create_crawler(Name=name, Role=reader, DatabaseName="ours", Targets={"S3Targets": [target]}, **more)


def crawled(glue: Any, name: str = "ours") -> dict[str, Any]:
    """The crawler, when it has run."""
    glue.start_crawler(Name=name)
    for _ in range(5):
        found: dict[str, Any] = glue.get_crawler(Name=name)["Crawler"]
        if found["State"] == "READY":
            return found
    raise AssertionError(found["State"])


def tables(glue: Any) -> dict[str, list[str]]:
    found = glue.get_tables(DatabaseName="ours")["TableList"]
    return {each["Name"]: [column["Name"] for column in each["StorageDescriptor"]["Columns"]] for each in found}


def logged(box: Sandbox) -> list[str]:
    return [each["message"] for each in box.client("logs").filter_log_events(logGroupName=LOG)["events"]]


@pytest.fixture
def glue(box: Sandbox) -> Any:
    """Glue, for the client's admin, with a role that reads and a database."""
    role(box, READER, "glue.amazonaws.com", allow("s3:*"))
    box.client("iam").attach_role_policy(RoleName=READER, PolicyArn=SERVICE_POLICY)
    client = box.client("glue")
    client.create_database(DatabaseInput={"Name": "ours"})
    return client


def put(box: Sandbox, key: str, body: bytes) -> None:
    box.client("s3", account=sandbox.ONEMATA_ACCOUNT).put_object(Bucket=sandbox.BUCKET, Key=key, Body=body)


# --- making one -------------------------------------------------------------------------------------------------------


def test_the_role_must_be_there_be_the_accounts_own_and_trust_glue(glue: Any, box: Sandbox) -> None:
    role(box, "elsewhere", "ec2.amazonaws.com", allow("s3:*"))
    foreign = f"arn:aws:iam::{sandbox.ONEMATA_ACCOUNT}:role/onemata-delivery-example"
    for reader in ("nobody", "elsewhere", foreign):
        code, said = refused(lambda reader=reader: create(glue, reader=reader))
        assert code == "InvalidInputException"
        assert said == "Service is unable to assume provided role. Please verify role's TrustPolicy"
    create(glue, reader=f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/{READER}")


def test_a_new_role_takes_time(glue: Any, box: Sandbox) -> None:
    box.propagation_seconds = 600
    role(box, "fresh", "glue.amazonaws.com", allow("s3:*"))
    assert "TrustPolicy" in refused(lambda: create(glue, reader="fresh"))[1]
    box.propagation_seconds = 0
    assert "Status Code: 403" in refused(lambda: create(glue, reader="fresh"))[1]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("s3://onemata-nowhere/", "S3 bucket onemata-nowhere does not exist."),
        (f"s3://{sandbox.BUCKET}/{sandbox.OTHER_PREFIX}", "Access Denied (Service: Amazon S3; Status Code: 403;"),
        (f"s3://{sandbox.OTHER_BUCKET}/", "Access Denied (Service: Amazon S3; Status Code: 403;"),
        ("https://example.com/", "is not a path in Amazon S3"),
        ("", "is not a path in Amazon S3"),
    ],
)
def test_s3_must_show_the_place_to_the_role(glue: Any, path: str, said: str) -> None:
    code, found = refused(lambda: create(glue, path))
    assert code == "InvalidInputException"
    assert said in found
    assert glue.list_crawlers()["CrawlerNames"] == []


def test_it_may_also_ask_for_the_whole_bucket(glue: Any, box: Sandbox) -> None:
    box.let_crawlers_ask_for_buckets()
    assert "Error Code: 403 Forbidden" in refused(lambda: create(glue))[1]


@pytest.mark.parametrize(
    "more",
    [
        {"name": "x" * 256},
        {"target": {"SampleSize": 0}},
        {"target": {"SampleSize": 250}},
        {"Description": "x" * 2049},
        {"TablePrefix": "x" * 129},
        {"Tags": {str(number): "" for number in range(51)}},
        {"Classifiers": ["nowhere"]},
    ],
)
def test_limits_are_kept(glue: Any, more: dict[str, Any]) -> None:
    assert refused(lambda: create(glue, **more))[0] == "InvalidInputException"


def test_targets_are_in_s3(glue: Any) -> None:
    some: list[dict[str, Any]] = [{}, {"S3Targets": []}, {"DynamoDBTargets": [{"Path": "x"}]}]
    for targets in some:
        assert refused(glue.create_crawler, Name="x", Role=READER, Targets=targets)[0] == "InvalidInputException"


def test_names_are_taken_once_and_what_is_not_there_is_not_found(glue: Any) -> None:
    create(glue, Tags={"team": "data"})
    assert refused(lambda: create(glue))[0] == "AlreadyExistsException"
    assert glue.list_crawlers()["CrawlerNames"] == ["ours"]
    assert glue.get_tags(ResourceArn=f"{ARN}:crawler/ours")["Tags"] == {"team": "data"}
    assert glue.get_tags(ResourceArn=f"{ARN}:database/ours")["Tags"] == {}
    glue.delete_crawler(Name="ours")
    for operation in (
        "get_crawler",
        "start_crawler",
        "stop_crawler",
        "delete_crawler",
        "get_classifier",
        "delete_classifier",
    ):
        assert refused(getattr(glue, operation), Name="ours")[0] == "EntityNotFoundException"
    assert refused(glue.get_tags, ResourceArn=f"{ARN}:crawler/ours")[0] == "EntityNotFoundException"
    create(glue)
    assert glue.get_tags(ResourceArn=f"{ARN}:crawler/ours")["Tags"] == {}


# --- running it -------------------------------------------------------------------------------------------------------


def test_it_runs_stops_and_is_ready_and_then_tells_of_its_crawl(glue: Any, box: Sandbox) -> None:
    create(glue)
    assert "LastCrawl" not in glue.get_crawler(Name="ours")["Crawler"]
    glue.start_crawler(Name="ours")
    seen = [glue.get_crawler(Name="ours")["Crawler"] for _ in range(5)]
    assert [each["State"] for each in seen] == ["RUNNING", "RUNNING", "STOPPING", "READY", "READY"]
    assert [("LastCrawl" in each) for each in seen] == [False, False, False, True, True]
    last = seen[-1]["LastCrawl"]
    assert last["Status"] == "SUCCEEDED"
    assert (last["LogGroup"], last["LogStream"]) == (LOG, "ours")
    assert all(line.startswith(f"[{last['MessagePrefix']}] ") for line in logged(box))


def test_what_runs_can_be_stopped_and_not_started_or_deleted(glue: Any) -> None:
    create(glue)
    assert refused(glue.stop_crawler, Name="ours")[0] == "CrawlerNotRunningException"
    glue.start_crawler(Name="ours")
    assert refused(glue.start_crawler, Name="ours")[0] == "CrawlerRunningException"
    assert refused(glue.delete_crawler, Name="ours")[0] == "CrawlerRunningException"
    glue.stop_crawler(Name="ours")
    assert refused(glue.stop_crawler, Name="ours")[0] == "CrawlerStoppingException"
    assert refused(glue.delete_crawler, Name="ours")[0] == "CrawlerRunningException"
    assert glue.get_crawler(Name="ours")["Crawler"]["LastCrawl"]["Status"] == "CANCELLED"
    assert tables(glue) == {}
    glue.delete_crawler(Name="ours")


def test_one_that_hangs_runs_until_it_is_stopped(glue: Any, box: Sandbox) -> None:
    box.let_crawls_hang()
    create(glue)
    glue.start_crawler(Name="ours")
    assert {glue.get_crawler(Name="ours")["Crawler"]["State"] for _ in range(9)} == {"RUNNING"}
    glue.stop_crawler(Name="ours")
    assert [glue.get_crawler(Name="ours")["Crawler"]["State"] for _ in range(2)] == ["STOPPING", "READY"]


def no_trust(box: Sandbox) -> None:
    text = json.dumps(policies.service_trust("ec2.amazonaws.com"))
    box.client("iam").update_assume_role_policy(RoleName=READER, PolicyDocument=text)


def no_service_policy(box: Sandbox) -> None:
    box.client("iam").detach_role_policy(RoleName=READER, PolicyArn=SERVICE_POLICY)


def no_database(box: Sandbox) -> None:
    box.client("glue").delete_database(Name="ours")


def no_list(box: Sandbox) -> None:
    text = json.dumps(policies.document(deny("s3:ListBucket")))
    box.client("iam").put_role_policy(RoleName=READER, PolicyName="no", PolicyDocument=text)


@pytest.mark.parametrize(
    ("damage", "error", "said"),
    [
        (no_trust, "Please verify role's TrustPolicy", ""),
        (no_service_policy, "Internal Service Exception", "glue:GetDatabase"),
        (no_database, "Internal Service Exception", "EntityNotFoundException"),
        (no_list, "Internal Service Exception", "Error Code: AccessDenied"),
    ],
)
def test_a_crawl_fails_by_what_its_role_may_not(
    glue: Any, box: Sandbox, damage: Callable[[Sandbox], None], error: str, said: str
) -> None:
    create(glue)
    damage(box)
    last = crawled(glue)["LastCrawl"]
    assert last["Status"] == "FAILED"
    assert error in last["ErrorMessage"]
    assert any(said in line for line in logged(box))


# --- what it reads ----------------------------------------------------------------------------------------------------


def test_a_denied_object_is_logged_and_its_table_has_no_columns(glue: Any, box: Sandbox) -> None:
    text = json.dumps(policies.document(deny("s3:GetObject")))
    box.client("iam").put_role_policy(RoleName=READER, PolicyName="no", PolicyDocument=text)
    create(glue, target={"SampleSize": 1})
    assert crawled(glue)["LastCrawl"]["Status"] == "SUCCEEDED"
    assert tables(glue) == {"example_client": []}
    said = f"retrieving file at {PLACE}2021-02-10/part-0000.csv. Tables created did not infer schemas from this file."
    assert any(line.endswith(said) for line in logged(box))


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        (b"id,visits\n1,2\n", ["id", "visits"]),
        (b"1,2\n3,4\n", ["col0", "col1"]),
        (b"one,two\nthree,four\n", ["col0", "col1"]),
        (b"id,visits\n", []),  # two rows are wanted
        (b"onemata\nonemata\n", []),  # and two columns
        (b"1,2\n3\n", []),
        (b"", []),
        (b"\xff\xfe", []),
    ],
)
def test_columns_are_found_as_glue_finds_them(glue: Any, box: Sandbox, content: bytes, columns: list[str]) -> None:
    put(box, f"{sandbox.PREFIX}Try/x.csv", content)
    create(glue, f"{PLACE}Try/", TablePrefix="p_")
    crawled(glue)
    assert tables(glue) == {"p_try": columns}


@pytest.mark.parametrize(
    ("settings", "columns"),
    [
        ({"AllowSingleColumn": True, "ContainsHeader": "ABSENT"}, ["col0"]),
        ({"AllowSingleColumn": True, "ContainsHeader": "PRESENT"}, ["onemata"]),
        ({"AllowSingleColumn": True, "Header": ["line"]}, ["line"]),
        ({"AllowSingleColumn": True, "Header": ["one", "two"]}, []),
        ({"ContainsHeader": "ABSENT"}, []),
    ],
)
def test_a_classifier_of_ones_own_comes_first(glue: Any, settings: dict[str, Any], columns: list[str]) -> None:
    glue.create_classifier(CsvClassifier={"Name": "own", **settings})
    assert refused(glue.create_classifier, CsvClassifier={"Name": "own"})[0] == "AlreadyExistsException"
    create(glue, f"{PLACE}_onemata/", Classifiers=["own"])
    crawled(glue)
    assert tables(glue) == {"_onemata": columns}
    glue.delete_classifier(Name="own")


def test_it_reads_so_many_objects_of_each_folder_and_none_that_is_excluded(glue: Any, box: Sandbox) -> None:
    read: list[str] = []
    box.before("GetObject", lambda call: read.append(call.get("Key").removeprefix(sandbox.PREFIX)))
    put(box, f"{sandbox.PREFIX}2021-02-10/part-0001.csv", b"id,visits\n1,2\n")
    for target, expected in (
        (
            {"SampleSize": 1},
            ["2021-02-10/part-0000.csv", "2021-02-11/part-0000.csv", "README.txt", "_onemata/probe.csv"],
        ),
        ({"Exclusions": ["*/**"]}, ["README.txt"]),
        ({"Exclusions": ["**.csv"]}, ["README.txt"]),
        ({"Exclusions": ["*.txt", "2021-02-1?/*", "_onemata"]}, ["_onemata/probe.csv"]),
    ):
        read.clear()
        create(glue, target=target)
        crawled(glue)
        glue.delete_crawler(Name="ours")
        assert read == expected


def test_where_there_is_nothing_there_is_no_table(glue: Any) -> None:
    create(glue, f"{PLACE}nothing/")
    assert crawled(glue)["LastCrawl"]["Status"] == "SUCCEEDED"
    assert tables(glue) == {}


# --- who may ----------------------------------------------------------------------------------------------------------

PASS = allow("iam:PassRole", StringEquals={"iam:PassedToService": "glue.amazonaws.com"})


def glue_of(actor: Actor) -> Any:
    return actor.client("glue")


def test_each_call_needs_its_own_right_on_what_it_is_about(glue: Any, box: Sandbox) -> None:
    create(glue)
    crawled(glue)
    crawler, catalog, database = f"{ARN}:crawler/ours", f"{ARN}:catalog", f"{ARN}:database/ours"
    table, all_tables = f"{ARN}:table/ours/example_client", f"{ARN}:table/ours/*"
    functions = f"{ARN}:userDefinedFunction/ours/*"
    calls: list[tuple[str, list[str], dict[str, Any]]] = [
        ("get_crawler", [crawler], {"Name": "ours"}),
        ("get_tags", [crawler], {"ResourceArn": crawler}),
        ("get_database", [catalog, database], {"Name": "ours"}),
        ("get_tables", [catalog, database, all_tables], {"DatabaseName": "ours"}),
        ("get_table", [catalog, database, table], {"DatabaseName": "ours", "Name": "example_client"}),
        ("start_crawler", [crawler], {"Name": "ours"}),
        ("stop_crawler", [crawler], {"Name": "ours"}),
        ("delete_table", [catalog, database, table], {"DatabaseName": "ours", "Name": "example_client"}),
        ("delete_database", [catalog, database, all_tables, functions], {"Name": "ours"}),
    ]
    for operation, resources, arguments in calls:
        action = "glue:" + "".join(word.title() for word in operation.split("_"))
        for lacking in resources:
            some = [each for each in resources if each != lacking]
            actor = user(
                box, *(allow(action, on=each) for each in some), name=f"{operation}-{resources.index(lacking)}"
            )
            code, said = refused(getattr(glue_of(actor), operation), **arguments)
            assert (code, f"perform: {action} on resource: {lacking}" in said) == ("AccessDeniedException", True)
        actor = user(box, *(allow(action, on=each) for each in resources), name=operation)
        getattr(glue_of(actor), operation)(**arguments)


def test_to_make_one_takes_leave_to_pass_its_role_and_to_tag_it(glue: Any, box: Sandbox) -> None:
    make = allow("glue:CreateCrawler")
    tag = allow("glue:TagResource", on=f"{ARN}:crawler/ours")
    tags: dict[str, Any] = {"Tags": {"team": "data"}}
    for number, (rights, lacking) in enumerate([([make, tag], "iam:PassRole"), ([make, PASS], "glue:TagResource")]):
        actor = user(box, *rights, name=f"lacking-{number}")
        assert f"perform: {lacking}" in refused(lambda actor=actor: create(glue_of(actor), **tags))[1]
    create(glue_of(user(box, make, PASS, name="untagged")), name="other")
    create(glue_of(user(box, make, PASS, tag, name="tagged")), **tags)


def test_the_log_is_for_who_may_read_it_and_by_a_term(glue: Any, box: Sandbox) -> None:
    logs = box.client("logs")
    assert refused(logs.filter_log_events, logGroupName=LOG)[0] == "ResourceNotFoundException"
    create(glue)
    prefix = crawled(glue)["LastCrawl"]["MessagePrefix"]
    crawled(glue)
    found = logs.filter_log_events(logGroupName=LOG, logStreamNames=["ours"], filterPattern=f'"{prefix}"')["events"]
    assert len(found) == 2
    assert len(logged(box)) == 4
    assert logs.filter_log_events(logGroupName=LOG, logStreamNames=["other"])["events"] == []
    assert refused(logs.filter_log_events, logGroupName=LOG, filterPattern="ERROR")[0] == "InvalidParameterException"
    group = f"arn:aws:logs:{sandbox.REGION}:{sandbox.CLIENT_ACCOUNT}:log-group:{LOG}"
    stranger = user(box, allow("logs:FilterLogEvents", on=f"{group}-other:*"), name="stranger")
    assert refused(stranger.client("logs").filter_log_events, logGroupName=LOG)[0] == "AccessDeniedException"
    reader = user(box, allow("logs:FilterLogEvents", on=f"{group}:*"), name="reader")
    assert reader.client("logs").filter_log_events(logGroupName=LOG)["events"]
