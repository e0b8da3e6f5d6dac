"""A value is data wherever it goes: what a parameter may hold acts nowhere, and comes back as it went in."""

from __future__ import annotations

import json
import re
import shlex
import types
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from botocore.configloader import load_config
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError
from sqlglot import TokenType
from sqlglot.dialects.redshift import Redshift

from onemata_helpers import policies, values
from onemata_helpers.errors import ParameterError
from onemata_helpers.location import Location
from onemata_helpers.parameter_files import from_notebook
from onemata_helpers.parameters import SCHEMAS
from onemata_helpers.redaction import looks_like_credential
from onemata_helpers.text import is_plain

from .conftest import SERVICES
from .conftest import values as example_values

ACCOUNT = "012345670123"
PLAIN = re.compile(r"[A-Za-z0-9_+=,.@:/-]*")
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
# What acts somewhere: quotes, expansions, wildcards, line ends of every kind, cursor and direction controls.
ACTING = "'\"`\\$*?;|&<>(){}[]#!~^% ,\n\r\t\0\x0b\x1b\x7f\x85\xa0\xad\u200b\u202e\u2028\u2029\u3164\ufeff\ud800"
NEAR = st.text(alphabet=st.sampled_from("aZ09_+=,.@:/-" + ACTING), max_size=40)
ANYTHING = st.text(max_size=40) | NEAR
KINDS: dict[str, Any] = {
    "RoleArn": values.RoleArn,
    "PolicyArn": values.PolicyArn,
    "QueryPrincipalArn": values.QueryPrincipalArn,
    "PolicyHolderArn": values.PolicyHolderArn,
    "RoleName": values.RoleName,
    "InstanceProfileName": values.InstanceProfileName,
    "IamPath": values.IamPath,
    "ExternalId": values.ExternalId,
    "OptionalBucket": values.OptionalBucket,
    "Prefix": values.Prefix,
    "KmsKeyArn": values.KmsKeyArn,
}
BEFORE = {
    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/",
    "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/",
    "QueryPrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/",
    "PolicyHolderArn": f"arn:aws:iam::{ACCOUNT}:group/",
    "IamPath": "/",
    "KmsKeyArn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/",
}
# Texts that stay on our side of AWS, and so may be in any language.
ANY_LANGUAGE = {"approval_reference", "approved_by", "aws_profile", "record", "tags"}


def accepted(kind: str, value: str) -> str | None:
    """The value as a parameter of this kind holds it; None if it is refused."""
    try:
        return str(TypeAdapter(KINDS[kind]).validate_python(value))
    except ValidationError:
        return None


def good(kind: str, alphabet: str = "aZ09_+=.@-/,:") -> st.SearchStrategy[str]:
    """Values of a kind that are accepted, from near its alphabet."""
    texts = st.text(alphabet=alphabet, min_size=1, max_size=30)
    end = "/" if kind == "IamPath" else ""
    return texts.map(lambda text: BEFORE.get(kind, "") + text + end).filter(lambda text: accepted(kind, text) == text)


def literals(statement: str) -> list[str]:
    """The string literals of a statement, as Redshift reads them."""
    return [token.text for token in Redshift.Tokenizer().tokenize(statement) if token.token_type == TokenType.STRING]


@pytest.mark.parametrize("kind", KINDS)
@given(text=ANYTHING)
def test_what_is_accepted_is_plain(kind: str, text: str) -> None:
    for value in (text, BEFORE.get(kind, "") + text, f"/{text}/"):
        kept = accepted(kind, value)
        assert kept in (None, value)
        assert kept is None or PLAIN.fullmatch(kept)


@pytest.mark.parametrize("kind", KINDS)
@given(acting=st.sampled_from(ACTING.replace(",", "")), data=st.data())
def test_a_character_that_acts_is_refused_wherever_it_stands(kind: str, acting: str, data: st.DataObject) -> None:
    value = data.draw(good(kind, "az09"))
    place = data.draw(st.integers(0, len(value)))
    assert accepted(kind, value[:place] + acting + value[place:]) is None


def text_fields() -> list[tuple[str, str]]:
    fields = {(name, service) for service in SERVICES for name in SCHEMAS[service].model_fields}
    return sorted({name: (name, service) for name, service in sorted(fields)}.values())


def held(service: str, name: str, value: object) -> Any:
    """What the parameter holds after this was given; None if it is refused."""
    try:
        return getattr(from_notebook(service, example_values(service, **{name: value})), name)
    except ParameterError as error:
        said = str(error)
    assert all(is_plain(line) for line in said.split("\n"))
    return None


@pytest.mark.parametrize(("name", "service"), text_fields())
@settings(max_examples=40)
@given(text=ANYTHING)
def test_every_parameter_keeps_what_it_is_given_or_refuses_it(name: str, service: str, text: str) -> None:
    for value in (text, f"{text}.json", [text], {text: text}):
        kept = held(service, name, value)
        assert kept in (None, value)
        if kept and name not in ANY_LANGUAGE:
            assert all(PLAIN.fullmatch(each) for each in ([kept] if isinstance(kept, str) else kept))
        assert kept is None or is_plain("".join(str(kept)))


@given(text=ANYTHING | st.text(alphabet="aé字ב _.:/=+@-", max_size=20))
def test_tags_and_the_own_profile_hold_letters_of_any_language_and_nothing_unseen(text: str) -> None:
    for kept in (held("glue", "tags", {"team": text}), held("glue", "aws_profile", text)):
        assert kept is None or re.fullmatch(r"[\w .:/=+@,-]*", kept["team"] if isinstance(kept, dict) else kept)


def test_tags_in_other_languages_are_good() -> None:
    assert held("glue", "tags", {"équipe": "données 2", "團隊": "a@b.c"}) == {"équipe": "données 2", "團隊": "a@b.c"}


@pytest.mark.parametrize(
    "tags",
    [
        {"aws:mine": "x"},
        {"mine": "aws:x"},
        {"onemata:runbook": "x"},
        {"": "x"},
        {"ok": "x" * 257},
        {"x" * 129: "ok"},
        {"two": "lines\nhere"},
        {" edge": "x"},
        {1: "x"},
        {"number": 1},
        {f"key-{number}": "x" for number in range(50)},
    ],
)
def test_tags_that_aws_would_not_take_are_refused(tags: object) -> None:
    assert held("glue", "tags", tags) is None


@given(prefix=good("Prefix"), bucket=good("OptionalBucket", "az09.-"), role=good("RoleArn"), other=good("RoleArn"))
def test_a_copy_statement_reads_back(prefix: str, bucket: str, role: str, other: str) -> None:
    read = literals(f"COPY t FROM 's3://{bucket}/{prefix}' IAM_ROLE '{role},{other}' FORMAT AS PARQUET")
    assert read == [f"s3://{bucket}/{prefix}", f"{role},{other}"]
    assert read[1].split(",") == [role, other]


@given(arn=good("RoleArn"), prefix=good("Prefix"))
def test_a_policy_names_that_role_and_that_prefix_only(arn: str, prefix: str) -> None:
    statement = json.loads(policies.pretty(policies.assume_role(arn)))["Statement"][0]
    assert statement["Resource"] == arn
    reading = json.loads(policies.pretty(policies.s3_read("aws", Location("data", prefix), "")))["Statement"]
    assert reading[2]["Resource"].removeprefix("arn:aws:s3:::data/") == f"{prefix.rstrip('/')}/*"
    assert not re.search(r"[*?$]", arn + prefix)


@given(words=st.lists(st.sampled_from(sorted(KINDS)).flatmap(good), min_size=1, max_size=4))
def test_a_shell_takes_each_as_one_word(words: list[str]) -> None:
    assert shlex.split(" ".join(words)) == words


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=good("RoleName"), arn=good("RoleArn"), external_id=good("ExternalId"))
@example(name="=", arn=f"arn:aws:iam::{ACCOUNT}:role/=", external_id="=:")
def test_a_section_of_the_aws_clis_configuration_reads_back(
    tmp_path: Path, name: str, arn: str, external_id: str
) -> None:
    kept = held("ec2", "profile_name", name)
    if kept:
        (tmp_path / "config").write_text(f"[profile {kept}]\nrole_arn = {arn}\nexternal_id = {external_id}\n")
        profiles = load_config(str(tmp_path / "config"))["profiles"]
        assert profiles == {name: {"role_arn": arn, "external_id": external_id}}


@pytest.mark.parametrize("given_name", ["default", "Default", "DEFAULT"])
def test_the_profile_on_the_instance_is_never_the_default(given_name: str) -> None:
    for changes in ({"profile_name": given_name}, {"role_name": given_name}):
        with pytest.raises(ParameterError, match="every AWS command of that user on the instance would act"):
            from_notebook("ec2", example_values("ec2", **changes))
    assert from_notebook("ec2", example_values("ec2", role_name=given_name, profile_name="onemata"))


@pytest.mark.parametrize(
    ("service", "changes"),
    [
        ("ec2", {"operator_external_id": "abc"}),
        ("ec2", {"onemata_account_id": ACCOUNT}),
        ("ec2", {"profile_name": "two words"}),
        ("ec2", {"profile_name": "-x"}),
        ("ec2", {"role_name": "-x"}),
        ("ec2", {"instance_user": "a\\0033c"}),
        ("ec2", {"instance_user": "CORP\\user"}),
        ("ec2", {"instance_user": "0"}),
        ("ec2", {"instance_user": "1000"}),
        ("ec2", {"denied_bucket": "onemata-example-data"}),
        ("redshift", {"role_path": "/x,arn:aws:iam::666666666666:role/"}),
        ("redshift", {"role_path": "/*/"}),
        ("redshift", {"role_path": f"/{'x' * 511}/"}),
        ("redshift", {"role_name": "a,b"}),
        ("redshift", {"prefix": "a" * 901}),
        ("redshift", {"prefix": "a//"}),
        ("redshift", {"prefix": "a//b"}),
        ("redshift", {"launch_subnet_group": "Default"}),
        ("redshift", {"launch_subnet_group": "a b"}),
        ("redshift", {"launch_database": "a$b"}),
        ("redshift", {"launch_node_type": ""}),
        ("redshift", {"launch_admin": None}),
        ("redshift", {"record": "records/run.txt"}),
        ("redshift", {"record": ".json"}),
        ("redshift", {"record": "s3://our-records/run.json"}),
        ("redshift", {"onemata_role_arn": "arn:aws:iam::987654321098:role/*/x"}),
        ("glue", {"pass_role_to": [f"arn:aws:iam::{ACCOUNT}:user/*"]}),
        ("glue", {"pass_role_to": [f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"]}),
        ("glue", {"pass_role_to": [f"arn:aws:iam::{ACCOUNT}:user/{'p' * 511}/x"]}),
        ("glue", {"pass_role_to": [f"arn:aws:iam::{ACCOUNT}:user/a/ana", f"arn:aws:iam::{ACCOUNT}:user/b/Ana"]}),
        ("glue", {"athena_principals": [f"arn:aws:iam::{ACCOUNT}:role/x", f"arn:aws:iam::{ACCOUNT}:role/x"]}),
    ],
)
def test_what_would_fail_or_act_later_is_refused_at_the_door(service: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ParameterError) as caught:
        from_notebook(service, example_values(service, **changes))
    assert {problem.key.split(".")[0] for problem in caught.value.problems} <= {*changes, "profile_name"}


@pytest.mark.parametrize(
    ("service", "changes"),
    [
        ("glue", {"pass_role_to": [f"arn:aws:iam::{ACCOUNT}:{kind}/a/ana" for kind in ("user", "group", "role")]}),
        ("glue", {"athena_principals": [f"{BEFORE['RoleArn']}aws-reserved/sso.amazonaws.com/AWSReservedSSO_x"]}),
        ("redshift", {"kms_key_arn": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/mrk-1234abcd12ab34cd56ef1234567890ab"}),
        ("redshift", {"permissions_boundary_arn": "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"}),
        ("glue", {"pass_role_to": [f"arn:aws:iam::{ACCOUNT}:user/{'p' * 510}/x"]}),
        ("redshift", {"role_path": "/a/b.c@d/", "prefix": "a" * 900, "launch_subnet_group": "Data-1_a"}),
        ("redshift", {"prefix": "x/password=", "aws_profile": "équipe de données"}),
        (
            "redshift",
            {"operator_role_arn": f"{BEFORE['RoleArn']}in", "operator_external_id": "a:b,c", "record": "ü 1.json"},
        ),
    ],
)  # fmt: skip
def test_what_aws_takes_is_taken(service: str, changes: dict[str, Any]) -> None:
    kept = from_notebook(service, example_values(service, **changes))
    assert {name: getattr(kept, name) for name in changes} == changes


class Moody:
    """An object that answers no question, as an array of several numbers."""

    def __bool__(self) -> bool:
        raise ValueError("neither true nor false")

    def __eq__(self, other: object) -> bool:
        raise ValueError("neither equal nor not")

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        raise ValueError("nothing to show")


class Proxy:
    """An object that stands for another one, which is not there. pytest cannot hold one as a test's parameter."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise ValueError("of no class")


class Impostor:
    """An object that says that it is a text."""

    __class__ = str  # type: ignore[assignment]


class Word(str):
    """A text of a class of its own, as libraries have them."""

    __slots__ = ()


class Anything(BaseModel):
    """An object of a class that parameters have nothing to do with."""


WRONG_KINDS: list[Any] = [
    (True,), ("apply",), {"x"}, frozenset(), b"x", datetime(2024, 1, 1, tzinfo=UTC), date(2024, 1, 1),
    Decimal(1), 1.5, 10**5000, object(), Anything(), types, len, Anything, {1: 2}, [None], [[]], range(3), 1j,
    Moody(), [Moody()], {"a": Moody()}, Impostor(),
]  # fmt: skip


@pytest.mark.parametrize(("name", "service"), text_fields())
def test_a_variable_that_the_schema_names_is_read_whatever_it_holds(name: str, service: str) -> None:
    for value in WRONG_KINDS:
        with pytest.raises(ParameterError) as caught:
            from_notebook(service, example_values(service, **{name: value}))
        assert any(problem.key.startswith(name) for problem in caught.value.problems)


@given(value=st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.dates() | ANYTHING,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(ANYTHING, inner, max_size=3)),
    data=st.data(),
)  # fmt: skip
def test_a_variable_is_held_or_refused_and_never_dropped(value: object, data: st.DataObject) -> None:
    name, service = data.draw(st.sampled_from(text_fields()))
    kept = held(service, name, value)
    assert kept is None or kept == ("" if value is None else value)
    assert kept is None or type(kept) is type("" if value is None else value)


def test_a_trailing_comma_is_named() -> None:
    with pytest.raises(
        ParameterError, match=r"sandbox = \(True,\): must be true or false, not a tuple: is there a comma"
    ):
        from_notebook("glue", example_values("glue", sandbox=(True,)))


@pytest.mark.parametrize(
    "value", [1, "x", None, (1,), {1}, b"x", Decimal(1), date(2024, 1, 1), pytest.param(10**5000, id="huge")]
)
def test_other_data_in_a_notebook_is_an_unknown_parameter(value: object) -> None:
    with pytest.raises(ParameterError, match="did you mean bucket"):
        from_notebook("glue", example_values("glue", buckett=value))


@pytest.mark.parametrize("value", [types, len, Anything, Anything(), object()])
def test_what_is_no_data_in_a_notebook_is_no_parameter(value: object) -> None:
    assert from_notebook("glue", example_values("glue", helper=value))


@pytest.mark.parametrize("secret", ["AKIA0123456789ABCDEF", "ASIA0123456789ABCDEF", SECRET, "IQoJb3JpZ2luX2VjEJ"])
@pytest.mark.parametrize(("name", "service"), text_fields())
def test_a_credential_is_refused_and_never_repeated(name: str, service: str, secret: str) -> None:
    for value in (secret, f"x/{secret}/", [secret], {"team": secret}, {secret: "x"}, (secret,)):
        with pytest.raises(ParameterError) as caught:
            from_notebook(service, example_values(service, **{name: value}))
        assert secret[:12] not in str(caught.value)


@pytest.mark.parametrize("changes", [{"password": "hunter2"}, {"tags": [{"db_password": "hunter2"}]}])
def test_what_is_named_a_secret_is_never_repeated(changes: dict[str, Any]) -> None:
    with pytest.raises(ParameterError) as caught:
        from_notebook("glue", example_values("glue", **changes))
    assert "hunter2" not in str(caught.value)


@given(secret=st.text(alphabet=st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+"),
                      min_size=40, max_size=40).filter(lambda text: len(set(text)) >= 30
    and re.search("[A-Z]", text) and re.search("[a-z]", text) and re.search("[0-9]", text)))  # fmt: skip
def test_forty_random_characters_look_like_a_secret_key(secret: str) -> None:
    for text in (secret, f"x/{secret}", f"key={secret}", f"'{secret}'"):
        assert looks_like_credential(text)
    for text in (secret[:39], f"{secret}x", secret.lower()):
        assert not looks_like_credential(text)


@pytest.mark.parametrize(
    "text",
    [
        "onemata-delivery-example", "arn:aws:iam::987654321098:role/onemata-delivery-example", "x/password=", "",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709", "Deliveries/AcmeCorporation/Quarterly2024/", "AKIAN",
        "arn:aws:iam::012345670123:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_AdministratorAccess_0123456789abcdef",
    ],
)  # fmt: skip
def test_names_and_digests_do_not(text: str) -> None:
    assert not looks_like_credential(text)


@pytest.mark.parametrize("service", SERVICES)
def test_a_switch_that_answers_nothing_is_refused(service: str) -> None:
    for name in ("sandbox", "adopt_existing"):
        for value in (Moody(), Proxy(), Impostor()):
            with pytest.raises(ParameterError, match="must be true or false"):
                from_notebook(service, example_values(service, **{name: value}))


@pytest.mark.parametrize("name", ["_sandbox", "__sandbox", "sandbox_", "Sandbox"])
def test_a_parameter_with_a_slip_in_its_name_is_not_passed_over(name: str) -> None:
    with pytest.raises(ParameterError, match=f"{name} = True: must be a known key; did you mean sandbox?"):
        from_notebook("glue", example_values("glue", **{name: True}))


def test_the_examples_values_are_known_whatever_class_they_have() -> None:
    given = {"sandbox": False, "bucket": Word("onemata-example-data"), "instance_ids": [Word("i-0a1b2c3d4e5f60718")]}
    with pytest.raises(ParameterError) as caught:
        from_notebook("ec2", example_values("ec2", **given))
    assert {"bucket", "instance_ids"} <= {problem.key for problem in caught.value.problems}


@given(text=good("RoleName"))
def test_a_text_of_another_class_is_held_as_plain_text(text: str) -> None:
    kept = from_notebook("glue", example_values("glue", role_name=Word(text))).role_name
    assert (kept, type(kept)) == (text, str)


def test_what_stands_for_nothing_is_no_parameter_and_no_text() -> None:
    for helper in (Moody(), Proxy(), Impostor()):
        assert from_notebook("glue", example_values("glue", helper=helper))
    with pytest.raises(ParameterError, match="must be text, not an object"):
        from_notebook("glue", example_values("glue", bucket=Proxy()))


@pytest.mark.parametrize(
    ("name", "digits"),
    [("account_id", "٠١٢٣٤٥٦٧٠١٢٣"), ("account_id", "０１２３４５６７０１２３"), ("approved_plan", "٠" * 20)],
)
def test_only_the_digits_that_aws_knows_are_digits(name: str, digits: str) -> None:
    with pytest.raises(ParameterError, match="must be"):
        from_notebook("glue", example_values("glue", **{name: digits}))
