"""What the client is given: the page before the call, and the record after it. Whatever is in them, nothing acts."""

from __future__ import annotations

import html
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from onemata_helpers.cli import app
from onemata_helpers.handout.export import page
from onemata_helpers.handout.page import rendered
from onemata_helpers.handout.parts import part
from onemata_helpers.handout.policy_parts import LONGEST, length, parts
from onemata_helpers.handout.prepare import prepare
from onemata_helpers.handout.sanitised import output, prose
from onemata_helpers.notebook import as_record, template
from onemata_helpers.parameter_files import changed, from_folder
from onemata_helpers.parameters import Ec2Parameters, ServiceParameters
from onemata_helpers.permissions import policy
from onemata_helpers.policies import Document, document, pretty, statements
from onemata_helpers.record import SANDBOX_NOTICE, Record
from onemata_helpers.sandbox.server import Sandbox

from .conftest import EXAMPLE, SERVICES, run

HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>",
    "<a href='javascript:x'>y</a>",
    "<iframe src='http://127.0.0.1/'></iframe>", "<style>@import 'http://127.0.0.1/'</style>", "<form action=x>", "-->",
    "<div style='background:url(http://127.0.0.1/x)'>", "<div style='position:fixed;top:0'>", "<p onclick=x>", "]]>",
    "<details ontoggle=x open>", "<math><mtext><table><mglyph><style><img src=x onerror=x>", "{{ 7*7 }}", "\x1b[2J",
    "<th scope='javascript:x'>", "<div style='width:expression(alert(1))'>", "<base href='http://127.0.0.1/'>",
    "\u202e",
    "<div style='background:\\75rl(http://127.0.0.1)'>", "<noscript><p title='</noscript><img src=x onerror=x>'>",
    "<meta http-equiv=refresh content='0;url=http://127.0.0.1'>", "![x](http://127.0.0.1/x)", "[y](javascript:z)",
]  # fmt: skip
hostile = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=10), max_size=6).map("".join)


class Found(HTMLParser):
    """The elements and attributes of a page, as a browser finds them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def acts(text: str) -> list[str]:
    """What in a page of ours would act, load or lead elsewhere."""
    found = Found(text)
    allowed = {"class", "style", "scope", "open", "lang", "charset", "http-equiv", "content", "name"}
    strange = [f"{name}={value}" for name, value in found.attributes if name not in allowed]
    styles = [
        value for name, value in found.attributes if name == "style" if re.search(r"url|position|expr|@|\\", value)
    ]
    tags = {"script", "img", "a", "iframe", "svg", "math", "form", "base", "object", "link", "button", "noscript"}
    return [*strange, *styles, *(tag for tag in found.tags if tag in tags)]


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


# The record after it.


def recorded(service: str = "glue", **changes: Any) -> Record:
    return run(service, **changes).record


def shown_by(text: str) -> dict[str, Any]:
    """A notebook that says this everywhere."""
    notebook = template("glue")
    outputs: list[dict[str, Any]] = [
        {"output_type": "display_data", "metadata": {}, "data": {"text/html": text}},
        {"output_type": "display_data", "metadata": {}, "data": {"text/plain": [text, text]}},
        {"output_type": "stream", "name": "stdout", "text": text},
        {"output_type": "error", "ename": "E", "evalue": text, "traceback": [f"\x1b[31m{text}", text]},
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {"application/javascript": text, "image/svg+xml": text},
        },
        {"output_type": "display_data", "metadata": {}, "data": {"application/vnd.jupyter.widget-view+json": {}}},
    ]
    for cell in notebook["cells"]:
        cell["source"] = text
        if cell["cell_type"] == "code":
            cell["outputs"] = outputs
    notebook["cells"].append({"cell_type": "raw", "metadata": {"raw_mimetype": "text/html"}, "source": text})
    return notebook


@given(hostile)
@settings(max_examples=150)
def test_nothing_of_a_notebook_from_elsewhere_acts(text: str) -> None:
    assert acts(prose(text)) == []
    assert acts(output({"data": {"text/html": text}})) == []
    assert acts(output({"data": {"text/plain": text}})) == []
    assert acts(output({"output_type": "stream", "text": [text]})) == []


def test_nothing_of_a_record_from_elsewhere_acts() -> None:
    text = "\n\n".join(HOSTILE)
    record = Record.model_validate(
        recorded().model_dump() | {"client": text, "service": text, "reason": text, "region": text}
    )
    for whole in (page(shown_by(text), record, Path("x.json")), page(None, record, Path("x.json"))):
        assert acts(whole) == []
        assert "default-src 'none'" in whole
        assert "script-src" not in whole
        assert "\x1b" not in whole
        assert "widget" not in whole


def test_our_own_views_stay_as_they_look(aws: Sandbox) -> None:
    """What is taken away from a view of ours would be missing to the client."""
    for service in SERVICES:
        shown = page(None, recorded(service), Path("records/example/glue/x.json"))
        badges = re.findall(r'<strong style="white-space: nowrap; color: #fff; background: #[0-9a-f]{6};', shown)
        assert len(badges) > 3
        assert 'scope="row"' in shown
        assert shown.index("APPLIED") < shown.index("The plan") < shown.index("Hand over")
        assert shown.count(SANDBOX_NOTICE) == 1


@pytest.mark.parametrize("service", SERVICES)
def test_what_only_its_operator_needs_is_not_on_the_page(service: str) -> None:
    notebook = template(service)
    shown = Found(page(notebook, None, Path("x.json"))).text
    for begin in ("To begin:", "In a notebook that", "In the template", "Unattended there are", "run this cell"):
        assert begin not in shown
    for cell in notebook["cells"]:
        begin = "".join(cell["source"])[:20].lstrip("# ")
        if cell["cell_type"] == "markdown":
            assert (begin in shown) == ("tags" not in cell["metadata"]), begin


@pytest.fixture
def kept(aws: Sandbox, tmp_path: Path) -> Path:
    """A record with its notebook, made without a kernel."""
    path = tmp_path / "records/example/glue/2026-01-01T120000.000Z.json"
    record = recorded()
    path.parent.mkdir(parents=True)
    path.write_text(record.model_dump_json())
    path.with_suffix(".ipynb").write_text(json.dumps(as_record(template("glue"), record, path)))
    return path


def no_browser(patch: pytest.MonkeyPatch, folder: Path, script: str = "") -> None:
    """Only this program is there to print, or none."""
    (folder / "bin").mkdir()
    if script:
        (folder / "bin/chromium").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "bin/chromium").chmod(0o755)
    patch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}/bin" if script else str(folder / "bin"))


@pytest.mark.parametrize("named", [".json", ".ipynb", ""])
def test_a_record_is_exported_by_any_of_its_names(
    kept: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str
) -> None:
    no_browser(monkeypatch, tmp_path)
    code, said = onemata("export", kept.with_suffix(named))
    assert code == 0
    assert said.splitlines()[0] == str(kept.with_suffix(".html"))
    assert "There is no PDF: no Chromium, Chrome or Edge is installed." in said
    whole = kept.with_suffix(".html").read_text()
    assert whole.index("APPLIED") < whole.index("1. Parameters")
    assert "records/example/glue/2026-01-01T120000.000Z.json" in whole
    assert '<summary class="quiet">Code</summary>' in whole
    assert acts(whole) == []
    assert str(tmp_path) not in whole


def test_what_is_missing_is_said_on_the_page(kept: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    no_browser(monkeypatch, tmp_path)
    notebook = kept.with_suffix(".ipynb").read_text()
    kept.with_suffix(".ipynb").write_text("{")
    assert onemata("export", kept)[0] == 0
    assert "made of the JSON record alone" in kept.with_suffix(".html").read_text()
    kept.with_suffix(".ipynb").write_text(notebook)
    kept.rename(tmp_path / "elsewhere.json")
    assert onemata("export", kept.with_suffix(".ipynb"))[0] == 0
    assert "made of the notebook alone" in kept.with_suffix(".html").read_text()
    cut_off = Record.model_validate_json((tmp_path / "elsewhere.json").read_text()).model_copy(update={"outcome": None})
    whole = page(template("glue"), cut_off, kept)
    assert "No outcome is on record" in whole
    assert SANDBOX_NOTICE in whole


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"a": 1}'])
def test_what_is_no_record_is_refused_in_a_sentence(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "x.json"
    if content is not None:
        path.write_text(content)
    code, said = onemata("export", path)
    assert code == 2
    assert "cannot be exported" in said
    assert content is not None or said.startswith(f"{path} cannot be exported: ")
    assert "Who acts: the engineer names a record" in said
    assert "Traceback" not in said
    assert not path.with_suffix(".html").exists()


@pytest.mark.parametrize("address", ["s3://b", "s3://b/x.json", "s3://b/../../../x.json", "s3://b/p/../glue/x.json"])
def test_what_is_no_record_in_a_bucket_is_refused(address: str) -> None:
    code, said = onemata("export", address)
    assert code == 2
    assert "Traceback" not in said


def test_a_browser_that_fails_makes_no_pdf_and_says_so(
    kept: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    no_browser(monkeypatch, tmp_path, "echo 'no display \033[2J' >&2; exit 1")
    code, said = onemata("export", kept)
    assert code == 0
    assert "There is no PDF: chromium made none. no display \\x1b[2J." in said
    assert kept.with_suffix(".html").exists()
    assert not kept.with_suffix(".pdf").exists()


def test_the_browser_is_told_the_page_and_nothing_else(
    kept: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    to_pdf = 'for a in "$@"; do case $a in --print-to-pdf=*) echo "$@" > "${a#--print-to-pdf=}";; esac; done'
    no_browser(monkeypatch, tmp_path, to_pdf)
    code, said = onemata("export", kept)
    assert code == 0
    assert said.splitlines()[1] == str(kept.with_suffix(".pdf"))
    told = kept.with_suffix(".pdf").read_text().split()
    assert told[-1] == kept.with_suffix(".html").as_uri()
    assert "--headless" in told
    assert kept.with_suffix(".pdf").stat().st_mode & 0o077 == 0


def test_the_services_are_named_as_in_a_sentence() -> None:
    every = client()
    named = [prepare({name: every[name] for name in names}).services for names in (["ec2"], ["redshift", "ec2"], every)]
    assert named == ["EC2", "Redshift and EC2", "Redshift, Glue and Athena, and EC2"]


def test_a_link_in_the_place_of_the_pdf_is_replaced_and_not_followed(
    kept: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    no_browser(monkeypatch, tmp_path, 'for a in "$@"; do case $a in --print-to-pdf=*) echo > "${a#*=}";; esac; done')
    (tmp_path / "mine").write_text("mine")
    kept.with_suffix(".pdf").symlink_to(tmp_path / "mine")
    assert onemata("export", kept)[0] == 0
    assert (tmp_path / "mine").read_text() == "mine"
    assert kept.with_suffix(".pdf").read_text() == "\n"
    assert not kept.with_suffix(".pdf").is_symlink()


@pytest.mark.parametrize(
    ("metadata", "code"),
    [("{}", 0), (f'{{"a": {"[" * 900}{"]" * 900}}}', 2)],
    ids=["no outputs", "nested deeply"],
)
def test_a_notebook_from_elsewhere_has_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metadata: str, code: int
) -> None:
    no_browser(monkeypatch, tmp_path)
    cells = '[{"cell_type": "code", "metadata": {}, "source": "x"}]'
    (tmp_path / "x.ipynb").write_text(f'{{"nbformat": 4, "metadata": {metadata}, "cells": {cells}}}')
    assert onemata("export", tmp_path / "x.ipynb")[0] == code


def test_what_is_begun_and_never_ended_is_text() -> None:
    shown = output({"data": {"text/html": "<script>1</script>" + "<script>2" * 20 + "<style>3" * 20}})
    assert (shown.count("1"), shown.count("2"), shown.count("3")) == (0, 20, 20)
    assert acts(shown) == []


def test_ec2_of_the_example_says_who_opens_a_shell() -> None:
    p = changed(client()["ec2"], {"configure": "manual"})
    assert isinstance(p, Ec2Parameters)
    assert part(p).people == ("Somebody who can open a shell on the instance.",)
