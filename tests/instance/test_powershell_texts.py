"""The texts for Windows. PowerShell is not at hand here, so this holds their form, not their run."""

import base64
import re
import subprocess
from pathlib import Path

import pytest

from onemata_helpers.instance import scripts
from onemata_helpers.instance.profile_section import ProfileSection
from onemata_helpers.instance.quoting import ps_quote, ps_values, sh_values, windows_arguments
from tests.instance.instance_box import ROLE

HOSTILE = [
    "it's",
    "'; Remove-Item C:\\ #",
    "$(calc)",
    "`n",
    '"',
    "a b",
    "\u2019; calc; \u2018",
    "Jos\u00e9",
    "@'x'@",
    "%PATH%",
    "",
]
TEXTS = {
    "read": scripts.read_config("windows", "CORP\\Jo Doe"),
    "write": scripts.write_config("windows", "Administrator", scripts.ABSENT, b"[a]\r\n"),
    "proof": scripts.proof_commands("windows", "Administrator", "my role", "b", "it's/"),
    "denied": scripts.denied_commands(
        "windows", "Administrator", ProfileSection("my role", ROLE, "id-7", "eu-west-1"), ROLE + "x", "it's"
    ),
    "manual": scripts.manual_block("windows", ProfileSection("my role", ROLE), "b", "it's/"),
}


def literal(quoted: str) -> str:
    """Read a PowerShell literal as PowerShell does: all between single quotes, doubled ones made single."""
    encoded = re.fullmatch(
        r"\[Text\.Encoding\]::UTF8\.GetString\(\[Convert\]::FromBase64String\('([\w+/=]*)'\)\)", quoted
    )
    if encoded:
        return base64.b64decode(encoded[1]).decode()
    whole = re.fullmatch(r"'((?:[^']|'')*)'", quoted)
    assert whole, quoted
    return whole[1].replace("''", "'")


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_stays_a_value_in_powershell(value: str) -> None:
    quoted = ps_quote(value)
    assert quoted.isascii()
    assert literal(quoted) == value
    assert ps_values(Name=value) == f"$Name = {quoted}\n"


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_stays_a_value_in_sh(value: str) -> None:
    text = sh_values(name=value) + 'printf %s "$name"'
    assert subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True).stdout == value


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\x00b", "a\x1b[0m"])
def test_control_characters_are_refused(value: str) -> None:
    for write in (sh_values, ps_values):
        with pytest.raises(ValueError, match="control character"):
            write(name=value)
    with pytest.raises(ValueError, match="control character"):
        scripts.proof_commands("windows", "a", "p", "b", value)


def test_arguments_are_joined_as_windows_splits_them() -> None:
    assert windows_arguments("s3", "ls", "s3://b/p/") == "s3 ls s3://b/p/"
    assert windows_arguments("a b", 'c"d', "e\\ f\\") == '"a b" "c\\"d" "e\\ f\\\\"'


@pytest.mark.parametrize("name", TEXTS)
def test_the_texts_are_ascii_and_their_brackets_close(name: str) -> None:
    text = TEXTS[name]
    assert text.isascii()  # PowerShell 5.1 reads a script in the machine's code page
    assert "{{" not in text  # Systems Manager would look for a parameter there
    code = re.sub(r"#.*", "", re.sub(r"'(?:[^'\n]|'')*'", "''", text))
    code = re.sub(r'"[^"\n]*"', '""', code)
    for opening, closing in ("()", "[]", "{}"):
        assert code.count(opening) == code.count(closing), opening
    assert "'" not in code.replace("''", "")


@pytest.mark.parametrize("name", TEXTS)
def test_no_text_needs_what_5_1_lacks(name: str) -> None:
    text = TEXTS[name]
    for newer in ("??", "?.", " && ", " || ", "-AsHashtable", "ForEach-Object -Parallel", "utf8NoBOM"):
        assert newer not in text.replace("\"'?'\"", ""), newer


def test_the_block_to_paste_has_no_empty_line_and_ends_where_it_begins() -> None:
    block = TEXTS["manual"]
    assert "\n\n" not in block
    assert (block.startswith("& {\n"), block.endswith("\n}\n")) == (True, True)
    assert "'[profile \"my role\"]'" in block
    assert "& aws 's3' 'ls' 's3://b/it''s/' '--profile' 'my role'" in block


def test_the_content_to_write_arrives_whole() -> None:
    assert f"$Addition = '{base64.b64encode(bytes([91, 97, 93, 13, 10])).decode()}'" in TEXTS["write"]


def test_the_content_to_write_is_checked_before_it_is_placed() -> None:
    assert TEXTS["write"].index("if (-not (Test-Meant $new)) { throw") < TEXTS["write"].index(
        "$backup = Set-Config $new"
    )


def test_what_is_tried_stands_in_the_text_word_by_word() -> None:
    section = TEXTS["denied"].split("function Invoke-Attempts {\n")[1].split("}\n")[0]
    identity = "sts get-caller-identity --profile onemata-check"
    source, region = "'credential_source = Ec2InstanceMetadata'", "'region = eu-west-1'"
    title = "'[profile onemata-check]'"
    assert section.splitlines() == [
        f"    Invoke-Attempt 'no_external_id' 'aws {identity}' '{identity}' "
        f"@({title}, 'role_arn = {ROLE}', {source}, {region})",
        f"    Invoke-Attempt 'other_role' 'aws {identity}' '{identity}' "
        f"@({title}, 'role_arn = {ROLE}x', {source}, 'external_id = id-7', {region})",
        """    Invoke-Attempt 'other_bucket' 'aws s3 ls "s3://it''s" --profile "my role"' """
        """'s3 ls "s3://it''s" --profile "my role"' @()""",
    ]


@pytest.mark.parametrize("name", ["proof", "denied"])
def test_the_aws_cli_gets_a_home_of_its_own_that_goes_away(name: str) -> None:
    text = TEXTS[name]
    assert "foreach ($name in 'HOME', 'USERPROFILE') { $start.EnvironmentVariables[$name] = $Scratch }" in text
    assert re.search(r"\ntry \{\n(    .*\n)+\} finally \{\n    Remove-Item .*\$Scratch -Recurse.*\n\}\n$", text)


def test_every_text_has_its_file() -> None:
    folder = Path(scripts.__file__).parent
    for path in [*folder.glob("shell/*.sh"), *folder.glob("powershell/*.ps1")]:
        assert path.read_text(encoding="ascii").endswith("\n")
