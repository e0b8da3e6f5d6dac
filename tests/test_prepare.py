"""What the client is given before the call: a page and the operator's policy. Whatever is in them, nothing acts."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from onemata_helpers.cli import app
from onemata_helpers.handout.page import rendered
from onemata_helpers.handout.parts import part
from onemata_helpers.handout.policy_parts import LONGEST, length, parts
from onemata_helpers.handout.prepare import prepare
from onemata_helpers.parameter_files import changed, from_folder
from onemata_helpers.parameters import Ec2Parameters, ServiceParameters
from onemata_helpers.permissions import policy
from onemata_helpers.policies import Document, document, pretty, statements

from .conftest import EXAMPLE
from .pages import Found, acts, hostile


def client() -> dict[str, ServiceParameters]:
    return from_folder(EXAMPLE)


def onemata(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(map(str, arguments)))
    return done.exit_code, done.output


# The policy in parts.

names = st.lists(st.text("abc", min_size=1, max_size=12), min_size=1, max_size=30, unique=True)
documents = st.lists(st.tuples(names, names, st.booleans()), min_size=1, max_size=6).map(
    lambda all_: document(
        *(
            {"Effect": "Allow", "Action": actions, "Resource": resources}
            | ({"Condition": {"StringEquals": {"k": ["v"]}}} if conditional else {})
            for actions, resources, conditional in all_
        )
    )
)


def allowed(*policies: Document) -> set[tuple[str, str, str]]:
    return {
        (action, resource, json.dumps(each.get("Condition", {})))
        for one in policies
        for each in statements(one)
        for action in each["Action"]
        for resource in each["Resource"]
    }


@given(documents, st.integers(250, 1_000))
def test_the_parts_allow_what_the_whole_allows_and_none_is_too_long(whole: Document, longest: int) -> None:
    found = parts(whole, longest)
    assert allowed(*found) == allowed(whole)
    assert all(0 < length(each) <= longest for each in found)
    if length(whole) <= longest:
        assert found == [whole]


# Before the call.


def test_the_page_has_what_the_client_needs(tmp_path: Path) -> None:
    code, said = onemata("prepare", EXAMPLE, "--records", tmp_path)
    assert code == 0
    written = [tmp_path / "example" / f"prepare.{form}" for form in ("html", "txt")]
    assert said.splitlines() == list(map(str, written))
    found = Found(written[0].read_text())
    for text in (found.text, written[1].read_text()):
        for needed in (
            "SANDBOX", "012345670123", "us-east-1", "s3://onemata-example-data/example-client/", "example-analytics",
            "i-0a1b2c3d4e5f60718", "example-analysts", "Systems Manager must reach", "about 55 minutes", "change IAM",
            "database administrator", "A crawl costs about $0.15", f"of the {LONGEST} characters",
        ):  # fmt: skip
            assert needed in text, needed
        assert pretty(policy(client().values())) in text
    (script,) = re.findall(r"<script>.*?</script>", written[0].read_text(), re.DOTALL)
    assert (
        acts(written[0].read_text().replace(script, "").replace("tabindex", "class").replace("aria-label", "class"))
        == []
    )


def test_a_policy_that_is_too_long_is_in_parts_that_each_fit(tmp_path: Path) -> None:
    folder = tmp_path / "example"
    folder.mkdir()
    for name in ("client.yaml", "ec2.yaml"):
        text = (EXAMPLE / name).read_text()
        ids = "\n".join(f"  - i-{number:017x}" for number in range(200))
        (folder / name).write_text(text.replace("  - i-0a1b2c3d4e5f60718", ids))
    code, said = onemata("prepare", folder, "--records", tmp_path / "records")
    assert code == 0
    assert "The policy is longer than AWS takes" in said
    found = from_folder(folder)
    shown = [json.loads(html.unescape(each)) for each in re.findall(
        r"<pre.*?>(.*?)</pre>", (tmp_path / "records/example/prepare.html").read_text(), re.DOTALL
    )]  # fmt: skip
    assert len(shown) > 1
    assert all(length(each) <= LONGEST for each in shown)
    assert allowed(*shown) == allowed(policy(found.values()))
    assert len(shown) <= 10
    assert "Part 2 of" in (tmp_path / "records/example/prepare.txt").read_text()


@pytest.mark.parametrize(
    ("service", "values", "said", "unsaid"),
    [
        ("redshift", {"workgroup_names": ["abc"]}, "only when you agree", "You have agreed"),
        ("redshift", {"workgroup_names": ["abc"], "confirm_proof_costs": True}, "You have agreed", "only when"),
        ("redshift", {"launch": True}, "is not launched before you agree", "you have agreed"),
        ("redshift", {"prove": "none"}, "onemata-redshift", "NOLOAD"),
        ("redshift", {"role_chain": True}, "through which it reads: arn:", "agreed"),
        ("redshift", {"database_user": "loader"}, "database user loader", "IAM identity may log in"),
        ("redshift", {"s3_access": "scoped"}, "and nothing else in S3", "AmazonS3ReadOnlyAccess"),
        ("glue", {"confirm_proof_costs": False}, "only when you agree", "and runs it"),
        ("glue", {"prove": "none"}, "AWSGlueServiceRole", "about $0"),
        ("glue", {"athena_principals": []}, "makes a crawler", "Athena:"),
        ("ec2", {"configure": "manual"}, "A shell on i-0a1b2c3d4e5f60718", "Systems Manager"),
        ("ec2", {"configure": "skip"}, "Changes nothing on the instance", "A shell"),
        ("ec2", {"on_existing_profile": "replace"}, "it is replaced", "we decide together by"),
        ("ec2", {"onemata_role_arn": "", "denied_role_arn": ""}, "the one that Onemata names", "arn:aws:iam::987"),
    ],
)  # fmt: skip
def test_each_service_says_what_its_values_mean(service: str, values: dict[str, Any], said: str, unsaid: str) -> None:
    text = str(part(changed(client()[service], values)))
    assert said in text
    assert unsaid not in text


@given(hostile, hostile)
@settings(max_examples=40)
def test_whatever_a_value_is_it_is_text_on_the_page(one: str, other: str) -> None:
    """The schema takes none of these; the page does not count on that."""
    p = client()["ec2"].model_copy(update={"client": one, "role_name": other, "instance_ids": [one], "region": other})
    it = prepare({"ec2": p})
    shown = rendered("prepare.html", it=it)
    calm = rendered("prepare.html", it=prepare({"ec2": client()["ec2"]}))
    assert sorted(Found(shown).tags) == sorted(Found(calm).tags) or len(it.policies) > 1
    assert "\x1b" not in shown
    assert "\x1b" not in rendered("prepare.txt", it=it)


def test_the_services_are_named_as_in_a_sentence() -> None:
    every = client()
    named = [prepare({name: every[name] for name in names}).services for names in (["ec2"], ["redshift", "ec2"], every)]
    assert named == ["EC2", "Redshift and EC2", "Redshift, Glue and Athena, and EC2"]


def test_ec2_of_the_example_says_who_opens_a_shell() -> None:
    p = changed(client()["ec2"], {"configure": "manual"})
    assert isinstance(p, Ec2Parameters)
    assert part(p).people == ("Somebody who can open a shell on the instance.",)
