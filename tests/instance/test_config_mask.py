"""What is read from the client's file travels without its secrets, and is decided alike."""

import base64
import re

import pytest
from onemata_helpers.instance.aws_config import decide

from onemata_helpers import sandbox
from onemata_helpers.instance.scripts import SIZE_CAP, read_config
from onemata_helpers.sandbox.server import Sandbox
from tests.instance.instance_box import EQUAL, HOSTILE, ODD_BUT_GOOD, OLD, SECTION, USER, WANTED, Box, read, sha256
from tests.instance.on_instance import send

SECRET = "wJalrXUtnFEMIexampleKEY"
FILES = {
    **{f"odd: {name}": content for name, content in ODD_BUT_GOOD.items() if content is not None},
    **{f"equal: {name}": content for name, content in EQUAL.items()},
    **{f"hostile: {name}": content for name, (content, _) in HOSTILE.items()},
    "secret in ours": SECTION + b"aws_secret_access_key = wJalr\n",
    "secret for all": b"[DEFAULT]\naws_session_token = wJalr\n",
    "settings all indented": SECTION.replace(b"\n", b"\n  ").rstrip(b" "),
    "sections all indented": b"  [profile a]\n  x = 1\n  " + SECTION.replace(b"\n", b"\n  ").rstrip(b" "),
    "only carriage returns": SECTION.replace(b"\n", b"\r"),
    "a gap in a value": b"[a]\ns3 =\n\n  x = 1\n# c\n   y = 2\n" + SECTION,
    "nothing after the sign": b"[a]\nx =\ny:   \n" + SECTION,
    "nested by a colon": b"[a]\ns3 =\n  x : 1\n",
    "nested by both signs": b"[a]\ns3 =\n  x : 1 = 2\n",
    "no key": b"[a]\n= x\n",
    "not UTF-8 in a hidden value": b"[a]\nx = 1\nkey = caf\xe9\nz = \xc3\xa9\n",
    "not UTF-8 in a shown value": b"[a]\nregion = \xe9\n",
    "not UTF-8 behind a title": b"[a] \xc0\xaf\n",
    "a surrogate is not UTF-8": b"[a]\nkey = \xed\xa0\x80\n",
    "UTF-8 inside cut UTF-8": b"[a]\nkey = \xe2\xc3\xa9\x82\xac\n",
    "cut UTF-8 at the end": b"[a]\nkey = \xf0\x9f\x98",
    "all widths of UTF-8": "[a]\nkey = é€😀\n# é€😀\n".encode() + SECTION,
}

HOLDS_SECRETS = f"""[default] {SECRET}
aws_secret_access_key = {SECRET}
credential_process = /opt/get {SECRET}
Region = eu-west-1
# {SECRET}
  ; {SECRET}
region source_profile = {SECRET}
s3 =
  key = {SECRET}
  {SECRET}==
x: {SECRET}
 {SECRET}
y=1\r{SECRET} = {SECRET}\rz = {SECRET}
{SECRET}
\taws_session_token = {SECRET}""".encode()
WITHOUT = b"""[default]
aws_secret_access_key = hidden
credential_process = hidden
Region = eu-west-1
#
#
region source_profile = hidden
s3 =
  hidden = hidden
  hidden = hidden
x: hidden
 hidden
y= hidden\rhidden = hidden\rz = hidden
hidden
\thidden = hidden"""


@pytest.mark.parametrize("name", FILES)
def test_the_masked_file_is_decided_like_the_file_itself(name: str, user_box: Box) -> None:
    content = FILES[name]
    user_box.put(content)
    report = read(user_box)
    assert report.content is not None
    assert report.sha256 == sha256(content)
    masked, real = decide(report.content, WANTED), decide(content, WANTED)
    assert (masked.action, masked.sentence, masked.addition) == (real.action, real.sentence, real.addition)
    assert [difference.line for difference in masked.differences] == [
        difference.line for difference in real.differences
    ]


@pytest.mark.parametrize("name", [name for name in FILES if "BOM" not in name and "UTF-16" not in name])
def test_masked_lines_end_as_they_did(name: str, user_box: Box) -> None:
    user_box.put(FILES[name])
    content = read(user_box).content
    assert content is not None
    assert re.findall(rb"[\r\n]", content) == re.findall(rb"[\r\n]", FILES[name])
    assert content.endswith(b"\n") == FILES[name].endswith(b"\n")


def test_every_place_where_a_secret_may_stand_is_hidden(box: Box) -> None:
    content = HOLDS_SECRETS.replace(f"\r{SECRET} = ".encode(), b"\rhidden = ")
    box.put(content)
    report = read(box)
    assert report.content == WITHOUT
    assert report.sha256 == sha256(content)


def test_what_is_harmless_comes_as_it_is(user_box: Box) -> None:
    user_box.put(OLD + SECTION)
    assert read(user_box).content == OLD + SECTION


def test_where_secrets_cannot_be_hidden_nothing_is_read(user_box: Box) -> None:
    user_box.add_shim("awk", "exit 2")
    user_box.put(OLD)
    report = read(user_box)
    assert report.content is None
    assert "cannot be hidden" in report.refusal


def test_masking_cannot_make_a_report_too_long(user_box: Box) -> None:
    user_box.put(b"[a]\n" + b"b=1\n" * (SIZE_CAP // 5))
    printed = user_box.run(read_config("linux", USER)).stdout
    assert "holds more than the 16000 bytes" in printed
    assert len(printed) < 24_000


def test_systems_manager_keeps_no_secret_of_the_file(aws: Sandbox) -> None:
    secret = SECRET.encode()
    config = aws.instance.home / ".aws" / "config"
    config.parent.mkdir()
    config.write_bytes(HOLDS_SECRETS.replace(f"\r{SECRET} = ".encode(), b"\rk = "))
    assert "content: " in send(aws, read_config("linux", USER))
    ssm = aws.client("ssm")
    (listed,) = ssm.list_command_invocations(Details=True)["CommandInvocations"]
    one = ssm.get_command_invocation(CommandId=listed["CommandId"], InstanceId=sandbox.INSTANCE_ID)
    kept = repr((listed, one))
    assert WITHOUT.split(b"\n")[0] in base64.b64decode(re.findall(r"content: ([\w+/=]+)", kept)[0])
    forms = [SECRET, *(base64.b64encode(b"\0" * shift + secret)[4:-4].decode() for shift in range(3))]
    assert [form for form in forms if form in kept] == []
