"""The judgement of the two commands: on AWS's own words, and on what the real AWS CLI prints."""

import json
import subprocess
from pathlib import Path

import pytest

from onemata_helpers.instance.assignment import Assignment
from onemata_helpers.instance.known_errors import ASSUME_ERRORS, BUCKET_ERRORS, CONFIG_ERRORS, KnownError
from onemata_helpers.instance.paste import judge_typed
from onemata_helpers.instance.proof import judge_identity, judge_listing
from onemata_helpers.location import Location
from tests.forked_cli.program import forked_cli
from tests.instance.instance_box import HOSTILE, ROLE, SECTION, WANTED, swapped

AT_B = Assignment(WANTED, Location("b", "p/"))
SESSION = "arn:aws:sts::987654321098:assumed-role/onemata-reader/botocore-session-1700000000"
OWN = "arn:aws:sts::012345670123:assumed-role/onemata-ec2/i-0e0a3c5b7d9f12468"
LISTING = "                           PRE daily/\n2026-01-02 03:04:05        789 index.html\n"
REFUSED = (
    f"An error occurred (AccessDenied) when calling the AssumeRole operation: User: {OWN} "
    f"is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
)
LIST_REFUSED = "An error occurred (AccessDenied) when calling the ListObjectsV2 operation: Access Denied"


def as_json(arn: str) -> str:
    return json.dumps({"UserId": "AROAX:s", "Account": "987654321098", "Arn": arn}, indent=4)


@pytest.mark.parametrize(
    "output",
    [
        as_json(SESSION),
        f"987654321098\t{SESSION}\tAROAX:botocore-session-1700000000",
        f"Account: '987654321098'\nArn: {SESSION}\nUserId: AROAX:s",
        f"|  Arn    |  {SESSION}  |",
        f'"Account": "987654321098",\n\n "UserId": "AROAX:s",\n\n "Arn": "{SESSION}"\n',
        as_json(SESSION).replace("\n", "\r\n"),
    ],
)
def test_the_right_role_is_proven_in_every_output_format(output: str) -> None:
    judgement = judge_identity(output, ROLE, 0)
    assert (judgement.result, judgement.who) == ("proven", "")
    assert SESSION in judgement.sentence


@pytest.mark.parametrize(
    ("arn", "words"),
    [
        (OWN, "its account is 012345670123"),
        (SESSION.replace("987654321098", "987654321090"), "its account is 987654321090"),
        (SESSION.replace("arn:aws:", "arn:aws-cn:"), "its partition is aws-cn"),
        (SESSION.replace("onemata-reader", "Onemata-reader"), "its role is Onemata-reader"),
        (SESSION.replace("onemata-reader", "delivery"), "its role is delivery"),
        ("arn:aws:iam::987654321098:user/onemata-reader", "no session of a role but user"),
        ("arn:aws:iam::987654321098:root", "no session of a role but root"),
    ],
)
def test_any_other_identity_fails(arn: str, words: str) -> None:
    judgement = judge_identity(as_json(arn), ROLE, 0)
    assert (judgement.result, judgement.who) == ("failed", "engineer")
    assert words in judgement.sentence


@pytest.mark.parametrize("output", ["", "hello", "{}", as_json(SESSION) + as_json(OWN)])
def test_no_identity_or_two_prove_nothing(output: str) -> None:
    assert judge_identity(output, ROLE).result == "unclear"


def test_the_right_arn_does_not_outweigh_an_error_code() -> None:
    judgement = judge_identity(as_json(SESSION) + "\nboom", ROLE, 1)
    assert (judgement.result, judgement.who) == ("failed", "engineer")
    assert "ended with code 1: boom" in judgement.sentence
    assert "did not end in time" in judge_identity("", ROLE, 124).sentence


def test_without_a_role_to_compare_with_it_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="not the ARN of a role"):
        judge_identity(as_json(SESSION), "onemata-reader", 0)


def test_a_listing_is_proven_by_its_entries() -> None:
    for output, code in ((LISTING, 0), (LISTING, None), ("2026-01-02 03:04:05  0 a b (AccessDenied) kms:x\n", 0)):
        assert judge_listing(output, code, AT_B.location).result == "proven"
    assert "s3://b/p/: PRE daily/" in judge_listing(LISTING, 0, AT_B.location).sentence


@pytest.mark.parametrize(
    ("output", "code", "outcome", "who"),
    [
        ("", 0, "unclear", "Onemata"),
        ("", 1, "unclear", "Onemata"),
        ("2026-01-02 03:04:05          0 \n", 0, "unclear", "Onemata"),
        ("", None, "unclear", "engineer"),
        ("hello", None, "unclear", "engineer"),
        ("", 255, "failed", "engineer"),
        (LISTING + "boom", 1, "failed", "engineer"),
        (LISTING + LIST_REFUSED, 254, "failed", "Onemata"),
    ],
)
def test_a_listing_without_entries_or_with_an_error_proves_nothing(
    output: str, code: int | None, outcome: str, who: str
) -> None:
    judgement = judge_listing(output, code, AT_B.location)
    assert (judgement.result, judgement.who) == (outcome, who)


IDENTITY_ERRORS = {
    REFUSED: ("Onemata", "does not say why"),
    f"{REFUSED} because no identity-based policy allows the sts:AssumeRole action": ("engineer", "inline policy"),
    f"{REFUSED} because no resource-based policy allows the sts:AssumeRole action": ("Onemata", "trust"),
    f"{REFUSED} with an explicit deny in a service control policy": ("client", "organisation"),
    f"{REFUSED} because no permissions boundary allows it": ("client", "boundary"),
    "An error occurred (InvalidClientTokenId) when calling the AssumeRole operation: x": ("engineer", "does not know"),
    "An error occurred (ExpiredToken) when calling the AssumeRole operation: x": ("client", "clock"),
    "An error occurred (ValidationError) when calling the AssumeRole operation: The requested DurationSeconds "
    "exceeds the 1 hour session limit for roles assumed by role chaining.": ("client", "duration_seconds"),
    "An error occurred (RegionDisabledException) when calling the AssumeRole operation: x": ("engineer", "region"),
    'Could not connect to the endpoint URL: "https://sts.eu-west-1.amazonaws.com/"': ("client", "does not reach"),
    'Connect timeout on endpoint URL: "https://sts.amazonaws.com/"': ("client", "does not reach"),
    "sh: 1: aws: not found": ("client", "not installed"),
    "bash: aws: command not found": ("client", "not installed"),
    "timeout: failed to run command ‘aws’: No such file or directory": ("client", "not installed"),
    "aws : The term 'aws' is not recognized as the name of a cmdlet": ("client", "not installed"),
    'Unable to locate credentials. You can configure credentials by running "aws login".': (
        "engineer",
        "no credentials",
    ),
}
LISTING_ERRORS = {
    LIST_REFUSED: ("Onemata", "s3:ListBucket"),
    f"{LIST_REFUSED} because no VPC endpoint policy allows the s3:ListBucket action": ("client", "VPC endpoint"),
    "An error occurred (NoSuchBucket) when calling the ListObjectsV2 operation: x": ("engineer", "no bucket"),
    "An error occurred (AllAccessDisabled) when calling the ListObjectsV2 operation: x": ("Onemata", "switched off"),
    "An error occurred (AccessDenied) when calling the GetObject operation: User is not authorized to perform: "
    "kms:Decrypt on the resource": ("Onemata", "kms:Decrypt"),
    "An error occurred (PermanentRedirect) when calling the ListObjectsV2 operation: x": ("engineer", "region"),
    REFUSED: ("Onemata", "does not say why"),
}


@pytest.mark.parametrize("output", IDENTITY_ERRORS)
def test_identity_errors_say_what_who_and_how(output: str) -> None:
    judgement = judge_identity(f"\n{output}\n", ROLE, 254)
    who, words = IDENTITY_ERRORS[output]
    assert (judgement.result, judgement.who) == ("failed", who)
    assert words in judgement.sentence


@pytest.mark.parametrize("output", LISTING_ERRORS)
def test_listing_errors_say_what_who_and_how(output: str) -> None:
    judgement = judge_listing(f"\n{output}\n", 254, AT_B.location)
    who, words = LISTING_ERRORS[output]
    assert (judgement.result, judgement.who) == ("failed", who)
    assert words in judgement.sentence


def test_a_busy_service_is_no_failure() -> None:
    assert judge_identity("(Throttling) when calling the AssumeRole operation", ROLE, 254).result == "unclear"


@pytest.mark.parametrize("error", CONFIG_ERRORS + ASSUME_ERRORS + BUCKET_ERRORS, ids=lambda error: error.pattern)
def test_every_sentence_is_one_and_names_who_acts(error: KnownError) -> None:
    sentence, who = error.sentence, error.who
    assert sentence.count(". ") == 0
    assert sentence.endswith(".")
    names = {
        "client": ("the client's admin", "the owner of the file"),
        "engineer": ("the engineer",),
        "Onemata": ("Onemata",),
    }
    assert any(name in sentence for name in names[who])


BROKEN = {
    "no section": (b"[default]\n", "lacks the word"),
    "without profile": (HOSTILE["without profile"][0], "lacks the word"),
    "wrong case": (HOSTILE["wrong case"][0], "upper and lower case count"),
    "inline comment": (HOSTILE["inline comment"][0], "no comment may follow"),
    "both sources": (HOSTILE["source_profile too"][0], "source_profile out"),
    "no source": (swapped("credential_source = Ec2InstanceMetadata\n", ""), "lacks credential_source"),
    "BOM": (HOSTILE["BOM"][0], "cannot read ~/.aws/config at all"),
    "duplicate": (HOSTILE["duplicate section"][0], "cannot read ~/.aws/config at all"),
    "no role_arn": (b"[profile client-ec2]\nregion = eu-west-1\n", "leads to no credentials"),
    "no metadata": (SECTION, "no credentials from the instance metadata service"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_the_real_cli_says_is_understood(name: str, tmp_path: Path) -> None:
    content, words = BROKEN[name]
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_bytes(content)
    result = subprocess.run(
        [forked_cli(), "sts", "get-caller-identity", "--profile", "client-ec2"],
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    judgement = judge_identity(result.stdout + result.stderr, ROLE, result.returncode)
    assert judgement.result == "failed"
    assert words in judgement.sentence


PASTED = f"""Last login: today
[ec2-user@ip-10-0-0-1 ~]$ aws sts get-caller-identity --profile client-ec2
{as_json(SESSION)}
[ec2-user@ip-10-0-0-1 ~]$ aws s3 ls s3://b/p/ --profile client-ec2
{LISTING}[ec2-user@ip-10-0-0-1 ~]$ """


def outcomes(text: str) -> tuple[str, str]:
    identity, listing = judge_typed(text, AT_B)
    return identity.result, listing.result


def test_a_terminal_is_pasted_with_prompts_and_all() -> None:
    assert outcomes(PASTED) == ("proven", "proven")
    assert outcomes(PASTED.replace("\n", "\r\n")) == ("proven", "proven")
    assert outcomes(PASTED.replace("[ec2-user@ip-10-0-0-1 ~]$", "PS C:\\Users\\a>")) == ("proven", "proven")
    assert outcomes(PASTED.replace("s3://b/p/", '"s3://b/p"')) == ("proven", "proven")


def test_the_last_run_of_a_command_counts() -> None:
    failed = PASTED.replace(as_json(SESSION), REFUSED).replace(LISTING, LIST_REFUSED + "\n")
    assert outcomes(failed) == ("failed", "failed")
    assert outcomes(failed + "\n" + PASTED) == ("proven", "proven")
    assert outcomes(PASTED + "\n" + failed) == ("failed", "failed")


def test_a_paste_proves_no_more_than_it_holds() -> None:
    assert outcomes("") == ("unclear", "unclear")
    assert outcomes(as_json(SESSION)) == ("proven", "unclear")
    assert outcomes(LISTING) == ("unclear", "unclear")
    assert outcomes(PASTED.split("[ec2-user@ip-10-0-0-1 ~]$ aws s3")[0]) == ("proven", "unclear")


@pytest.mark.parametrize("place", ["s3://other/p/", "s3://b/", "s3://b/p/q/", "", "'s3://b/p/"])
def test_a_listing_of_another_place_is_no_proof(place: str) -> None:
    assert outcomes(PASTED.replace("s3://b/p/", place)) == ("proven", "failed")


@pytest.mark.parametrize("words", ["", "--profile other", "--profile=other", "--profile", "--profile client-ec2x"])
def test_what_another_profile_printed_is_no_proof(words: str) -> None:
    assert outcomes(PASTED.replace("--profile client-ec2", words)) == ("failed", "failed")
    listing_only = PASTED.replace("s3://b/p/ --profile client-ec2", f"s3://b/p/ {words}")
    assert outcomes(listing_only) == ("proven", "failed")
    _, listing = judge_typed(listing_only, AT_B)
    assert "not with --profile client-ec2: run the command as it is shown here." in listing.sentence


@pytest.mark.parametrize("words", ["--profile=client-ec2", "--profile 'client-ec2'", '--profile "client-ec2"'])
def test_our_profile_is_known_however_it_is_written(words: str) -> None:
    assert outcomes(PASTED.replace("--profile client-ec2", words)) == ("proven", "proven")
