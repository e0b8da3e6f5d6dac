"""The forms of the status: complete, and with nothing in them that acts."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from base64 import b64encode
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType, SimpleNamespace
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from onemata_helpers import waits
from onemata_helpers.archive import Folder
from onemata_helpers.cli import app
from onemata_helpers.status import Form
from onemata_helpers.status.forms import show_status
from onemata_helpers.text import is_plain
from onemata_helpers.told import Told
from onemata_helpers.waits import waits_for

from .conftest import BAD, GOOD, OPEN, Keep, planned

NASTY = "</td><script>alert(1)</script>\x1b[2J\u202e =cmd|' /C calc'!A0"


def status(tmp_path: Path, form: Form) -> str:
    written: list[bytes] = []
    show_status(Folder(tmp_path / "records"), form, written.append)
    return b"".join(written).decode()


class Page(HTMLParser):
    """A page's text, the elements in it, and their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.found = "", list[tuple[str, dict[str, str | None]]]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def some_of_each(keep: Keep) -> None:
    keep("acme", 1, "apply", "verified", checks=[GOOD])
    keep("acme", 2, "verify", "failed", plan=planned(OPEN), checks=[BAD])
    keep("acme", 2, "apply", "verified", service="ec2", checks=[GOOD])
    keep("bolt", 3, "apply", "waiting", reason="Onemata has not yet given its role.", sandbox=True)
    keep("core", 3, "apply", None).write_text("{")
    keep("dune", 3, "apply", None, doing="change 2 of 3")


def test_the_page_is_whole_and_needs_nothing_from_outside(keep: Keep, tmp_path: Path) -> None:
    some_of_each(keep)
    text = status(tmp_path, Form.HTML)
    page = Page(text)
    assert [each["scope"] for each in page.all("th")] == ["col"] * 5 + ["row"] * 4
    assert len(page.all("caption")) == 1
    assert page.all("html") == [{"lang": "en"}]
    assert not re.search(r"url\(|@import|https?:", text)
    assert {tag for tag, attributes in page.found if attributes.keys() & {"src", "srcset", "action"}} == set()
    assert page.all("link") == []
    for said in ("drifted (1)", "policy X on role r", "✗ failed", "cut off", "unreadable", "sandbox", "change 2 of 3"):
        assert said in page.text
    assert "5 runbooks of 4 clients: 1 failed, 1 unreadable, 1 cut off, 1 waiting, 1 verified, 1 drifted." in page.text
    assert page.text.index("core") > page.text.index("acme")


def test_its_links_lead_to_the_records(keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some_of_each(keep)
    keep("odd #1?:", 1, "apply", "verified")
    monkeypatch.chdir(tmp_path)
    links = [each["href"] or "" for each in Page(status(tmp_path, Form.HTML)).all("a")]
    assert len(links) == 6
    assert all((tmp_path / unquote(link)).is_file() and link.startswith("records/") for link in links)


def test_every_form_has_every_row(keep: Keep, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    some_of_each(keep)
    found = json.loads(status(tmp_path, Form.JSON))["runbooks"]
    table = list(csv.DictReader(io.StringIO(status(tmp_path, Form.CSV))))
    assert [(row["client"], row["service"], row["outcome"]) for row in found] == [
        ("acme", "ec2", "verified"),
        ("acme", "glue", "failed"),
        ("bolt", "glue", "waiting"),
        ("core", "glue", "unreadable"),
        ("dune", "glue", "cut off"),
    ]
    assert [(row["client"], row["outcome"]) for row in table] == [(row["client"], row["outcome"]) for row in found]
    assert found[1]["drift"]["what"] == [table[1]["drifted"]] == ["policy X on role r"]
    assert [row["waits for"] for row in table] == ["", "engineer", "Onemata", "engineer", "engineer"]
    assert status(tmp_path, Form.TABLE) == ""
    said = capsys.readouterr().out
    assert all(word in said for word in ("acme", "✗ failed", "… waiting", "DRIFTED", "5 runbooks of 4 clients"))


def test_what_a_record_says_acts_nowhere(keep: Keep, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change = OPEN | {"resource": NASTY}
    keep(f"<b>{'x' * 5}=", 1, "apply", "verified", checks=[GOOD], doing=NASTY)
    keep("acme", 1, "apply", "verified", checks=[GOOD])
    keep("acme", 2, "verify", "failed", plan=planned(change), reason=NASTY, checks=[BAD | {"name": NASTY}])
    page = Page(status(tmp_path, Form.HTML))
    assert len(page.all("script")) == 1
    (script,) = re.findall("<script>(.*?)</script>", status(tmp_path, Form.HTML), re.DOTALL)
    allowed = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'" in str(page.all("meta"))
    assert page.all("b") == []
    assert "\\x1b[2J\\u202e" in page.text
    status(tmp_path, Form.TABLE)
    said = capsys.readouterr().out
    assert "DRIFTED" in said
    for text in (said, status(tmp_path, Form.CSV), status(tmp_path, Form.JSON)):
        assert all(is_plain(line.rstrip("\r")) for line in text.split("\n"))


def test_the_table_says_once_when_it_was_looked_at(
    keep: Keep, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep("acme", 1, "apply", "verified", checks=[GOOD])
    keep("bolt", 1, "plan", "planned")
    status(tmp_path, Form.TABLE)
    said = capsys.readouterr().out
    assert "never verified" in said
    assert not re.search(r"verified (never|\d+ \w+ ago|just now)", said)


def test_what_is_alike_of_many_is_said_once(keep: Keep, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(7):
        keep(f"c-{number}", 1, "apply", "waiting", reason="Onemata has not yet given its role.")
    keep("c-7", 1, "apply", "waiting", reason="Onemata looks.")
    status(tmp_path, Form.TABLE)
    said = [line for line in capsys.readouterr().out.split("\n") if ": Onemata" in line]
    assert said == [
        "c-0 glue, c-1 glue, c-2 glue, c-3 glue, c-4 glue and 2 more: Onemata has not yet given its role.",
        "c-7 glue: Onemata looks.",
    ]


ARN = "arn:aws:iam::123456789012:role/onemata/for-the-client/that-has-a-name-longer-than-any-column-of-the-table"


@pytest.mark.parametrize("before", [10, 440, 495])
def test_an_arn_is_in_the_table_whole_or_not_at_all(
    keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], before: int
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    reason = f"Who acts: the engineer {'x ' * (before // 2)}{ARN} corrects it."
    keep("acme", 1, "apply", "verified", checks=[GOOD])
    keep("acme", 2, "verify", "failed", plan=planned(OPEN | {"resource": f"role {ARN}"}), reason=reason, checks=[BAD])
    status(tmp_path, Form.TABLE)
    said = capsys.readouterr().out
    assert f"acme glue: drifted: role {ARN}" in said
    assert said.count("arn:") == said.count(ARN) == 1 + (before < 440)
    assert "acme glue: The engineer x x" in said


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=12), st.sampled_from(["", "=", "+", "-", "@", "\t", " =", "＝"]))
def test_no_cell_begins_a_formula(keep: Keep, tmp_path: Path, text: str, begin: str) -> None:
    keep("acme", 1, "apply", "failed", reason=begin + text)
    for row in csv.reader(io.StringIO(status(tmp_path, Form.CSV))):
        assert not any(cell.strip().startswith(("=", "+", "-", "@", "＝", "\t", "\r")) for cell in row)
        assert all(is_plain(cell) for cell in row)


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_utc_has_not_is_of_a_record_that_cannot_be_read(keep: Keep, tmp_path: Path, time: str) -> None:
    keep("acme", 1, "verify", "verified", finished=time, checks=[GOOD])
    for form in (Form.JSON, Form.CSV, Form.HTML):
        assert "unreadable" in status(tmp_path, form)


BLOCKED = {"action": "verify", "outcome": "blocked", "started": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    "text", ["Who acts: " * 20_000, "the client decided " * 20_000, "the client decided; " * 20_000]
)
def test_a_reason_of_any_length_is_read_once(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    read = [counting(monkeypatch, waits, name) for name in ("_ACTS", "_DECIDES")]
    told = Told.model_validate(BLOCKED | {"reason": text})
    assert [each.who for each in waits_for(told, None)] == ["engineer"]
    assert all(sum(each) <= len(text) for each in read)
    assert any(read)


def counting(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str) -> list[int]:
    """The lengths of the texts that a pattern is tried on."""
    pattern: re.Pattern[str] = getattr(module, name)
    lengths: list[int] = []

    def counted(text: str) -> str:
        lengths.append(len(text))
        return text

    tried = SimpleNamespace(
        match=lambda text: pattern.match(counted(text)), search=lambda text: pattern.search(counted(text))
    )
    monkeypatch.setattr(module, name, tried)
    return lengths


def test_the_command(keep: Keep, tmp_path: Path) -> None:
    some_of_each(keep)
    run = CliRunner().invoke
    good = run(app, ["status", str(tmp_path / "records"), "--format", "json"])
    assert good.exit_code == 0
    assert len(json.loads(good.stdout)["runbooks"]) == 5
    bad = run(app, ["status", str(tmp_path / "nowhere")])
    assert bad.exit_code == 2
    assert "cannot be read: No such file or directory. Who acts: the engineer" in bad.stderr


def test_each_service_of_a_client_that_is_not_well_has_its_own_reason_in_every_form(
    keep: Keep, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep("acme", 1, "apply", "failed", reason="AWS refused iam:GetRole. Who acts: the client's admin allows it.")
    keep("acme", 1, "apply", "blocked", service="ec2", reason="profile p: It is not ours. The client decides: which.")
    seen = BAD | {"evidence": "It does not exist. Who acts: the engineer runs it again."}
    keep("acme", 1, "verify", "failed", service="redshift", reason="1 of 1 checks failed.", checks=[seen])
    reasons = {
        "ec2": ("blocked", "profile p: It is not ours.", "The client decides: which."),
        "glue": ("failed", "AWS refused iam:GetRole.", "The client's admin allows it."),
        "redshift": (
            "failed",
            "1 of 1 checks failed. policy X on role r: It does not exist.",
            "The engineer runs it again.",
        ),
    }
    status(tmp_path, Form.TABLE)
    said = capsys.readouterr().out
    page = " ".join(Page(status(tmp_path, Form.HTML)).text.split())
    found = {row["service"]: row for row in json.loads(status(tmp_path, Form.JSON))["runbooks"]}
    table = {row["service"]: row for row in csv.DictReader(io.StringIO(status(tmp_path, Form.CSV)))}
    for service, (outcome, why, who) in reasons.items():
        assert f"acme {service}: {outcome}: {why}" in said
        assert f"acme {service}: {who}" in said
        assert f"{service} {outcome}: {why}" in page
        assert who in page
        assert why in found[service]["reason"]
        assert who in [wait["what"] for wait in found[service]["waits"]]
        assert why in table[service]["reason"]
        assert who in table[service]["what"]
