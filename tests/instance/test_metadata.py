"""The metadata service in each of its moods, asked by the real script with the real curl."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import sleep

import pytest

from onemata_helpers.instance.metadata import judge_metadata
from onemata_helpers.instance.reports import Metadata, ProofReport, parse_proof_report
from onemata_helpers.instance.scripts import proof_text
from tests.instance.instance_box import ASSIGNMENT, USER, Box, box_for, remove

NEW_CLI = "aws-cli/2.15.0 Python/3.11"
OLD_CLI = "aws-cli/1.16.288 Python/2.7.5"
OFF, ANSWERS, V2_ONLY, NO_ROLE, TOKEN_LOST = range(5)


@contextmanager
def service(mood: int) -> Iterator[str]:
    """Serve the metadata service on a free port; give its address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def answer(self, status: int, body: str = "") -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def do_PUT(self) -> None:
            if mood == TOKEN_LOST:
                self.close_connection = True
                sleep(3.5)  # longer than the script waits
                return
            self.answer(403 if mood == OFF else 200, "token-1")

        def do_GET(self) -> None:
            if mood == OFF:
                self.answer(403)
            elif mood == V2_ONLY and self.headers["X-aws-ec2-metadata-token"] != "token-1":
                self.answer(401)
            elif self.path.endswith("security-credentials/"):
                self.answer(404, "<html>") if mood == NO_ROLE else self.answer(200, "onemata-ec2")
            else:
                self.answer(200, "i-1")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def box() -> Iterator[Box]:
    """An instance whose AWS CLI does nothing but tell its version."""
    box = box_for(os.getuid())
    box.add_shim("aws", f"[ $1 = --version ] && echo {NEW_CLI}")
    yield box
    remove(box)


def prove(box: Box, imds: str) -> ProofReport:
    text = proof_text(USER, ASSIGNMENT)
    return parse_proof_report(
        box.run(text, {"AWS_EC2_METADATA_SERVICE_ENDPOINT": imds, "http_proxy": "http://127.0.0.1:9"}).stdout,
        ASSIGNMENT,
    )


@pytest.mark.parametrize(
    ("mood", "outcome", "words"),
    [
        (ANSWERS, "proven", "credentials of the role onemata-ec2"),
        (V2_ONLY, "proven", "credentials of the role onemata-ec2"),
        (OFF, "failed", "is switched off (HttpEndpoint: disabled)"),
        (NO_ROLE, "failed", "has no role to give"),
        (TOKEN_LOST, "failed", "HttpPutResponseHopLimit to 2"),
    ],
)
def test_each_mood_has_its_sentence(mood: int, outcome: str, words: str, box: Box) -> None:
    with service(mood) as imds:
        report = prove(box, imds)
    judgement = judge_metadata(report.metadata, report.aws_version)
    assert (judgement.result, words in judgement.sentence) == (outcome, True)
    assert report.metadata.role == ("onemata-ec2" if outcome == "proven" or mood == TOKEN_LOST else "")


def test_no_answer_is_told_from_not_asked(box: Box) -> None:
    report = prove(box, "http://127.0.0.1:9")
    assert report.metadata == Metadata("000", "000", "", "000")
    assert "does not answer" in judge_metadata(report.metadata, NEW_CLI).sentence
    assert judge_metadata(Metadata(), NEW_CLI).result == "unclear"


def test_a_lost_token_is_told_where_v2_is_required_too() -> None:
    assert "HttpPutResponseHopLimit" in judge_metadata(Metadata("000", "401", "", "401"), NEW_CLI).sentence


def test_an_old_cli_fails_only_where_v2_is_required() -> None:
    optional, required = Metadata("200", "200", "r", "200"), Metadata("200", "200", "r", "401")
    assert judge_metadata(optional, OLD_CLI).result == "proven"
    assert judge_metadata(required, NEW_CLI).result == "proven"
    judgement = judge_metadata(required, OLD_CLI)
    assert (judgement.result, judgement.who) == ("failed", "client")
    assert "aws-cli/1.16.288; it must be 1.16.289" in judgement.sentence


def test_something_else_at_that_address_is_not_clear() -> None:
    assert judge_metadata(Metadata("405", "200", "", "200"), NEW_CLI).result == "unclear"


def test_the_token_is_in_no_output(box: Box) -> None:
    with service(ANSWERS) as imds:
        text = proof_text(USER, ASSIGNMENT)
        result = box.run(text, {"AWS_EC2_METADATA_SERVICE_ENDPOINT": imds})
    assert "token-1" not in result.stdout + result.stderr
