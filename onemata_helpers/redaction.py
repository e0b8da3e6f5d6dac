"""Keep credentials out of whatever is shown or written.

What we wrote ourselves (a whole record, a rendered plan) is only cleared of what is a credential for certain, for what
was accepted as a parameter must come back unaltered. What others wrote is cleared of all that may be one.
"""

from __future__ import annotations

import html
import logging
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from math import log2
from urllib.parse import quote

from .text import visible

_REMOVED = "[removed]"
# Systems Manager keeps so much of what a command printed; no message of AWS's is longer.
# https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html
_LONGEST = 24_000
_LONGEST_CREDENTIAL = 4_096

# Text may come escaped: as JSON in JSON, as HTML, or in a URL.
_QUOTE = r"(?:\\{0,7}[\"'`]|&#3[49];|&#x2[27];|&quot;|&apos;|%2[27]|\\u002[27])"
_SYMBOL = r"(?:[/+=]|\\/|%(?:2[FBfb]|3[Dd])|&#(?:4[37]|61|x2[FBfb]|x3[Dd]);|\\u00(?:2[FBfb]|3[Dd]))"

# Access key ids, and session tokens by how they begin.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
_CERTAIN = re.compile(
    rf"(?:AKIA|ASIA)[A-Z0-9]{{16,}}|(?:IQoJb3JpZ2lu|F[wQ]oGZXIvYXdz)(?:[A-Za-z0-9_-]|{_SYMBOL})+",
)
# What each of them has in it. A text without any, like most, is seen to be one much faster so.
_IN_CERTAIN = ("AKIA", "ASIA", "IQoJb3JpZ2lu", "oGZXIvYXdz")
# A secret access key has 40 letters, digits, `/` and `+`, and nothing else that says what it is.
_FORTY = re.compile(
    r"(?:(?<![A-Za-z0-9/+])|(?<=\\[nrt])|(?<=%(?!2[FBfb])[0-9A-Fa-f]{2})|(?<=\\u[0-9a-f]{4}))"
    rf"(?:[A-Za-z0-9]|(?!=){_SYMBOL}){{40}}(?![A-Za-z0-9/+])"
)
# Of a million random secrets, three alternate more seldom.
_ALTERNATIONS = 12
_NAMES = (
    r"(?:secret[ _-]?access[ _-]?key|secret[ _-]?key|aws[_-]?secret|client[_-]?secret|"
    r"(?:session|security|access|auth|refresh|id|api|bearer)[ _-]?token|(?:api|private|account|auth)[_-]?key|"
    r"pass(?:word|wd|phrase)|pwd|x-amz-signature|authorization)"
)
_BETWEEN = rf"(?:\]|{_QUOTE}|\s)*(?:=>|:=|[:=|]+|&gt;|>|%3[DAda]|\\u003[da])(?:\s|&gt;)*(?:(?:bearer|basic)\s+)?"
_VALUE = (
    rf"(?:(?P<quote>{_QUOTE})(?:\\.|[^\\\n]){{0,1000}}?(?P=quote)|"
    rf"(?:(?!</|&lt;/|{_QUOTE}\s*[,}}\]])\S)+)"
)
_NAMED = re.compile(
    rf"(?<!</)(?<!&lt;/)(?P<name>{_NAMES}{_BETWEEN}"
    rf"|{_NAMES}\s+(?={_QUOTE})"  # SQL: PASSWORD 'x'
    rf"|--(?:\w+-)*(?:{_NAMES}|secret|token)[\s=]+"
    rf"|(?<![A-Za-z])(?:secret|token)\s*=\s*"
    rf"|{_QUOTE}(?:secret|token){_QUOTE}\s*:\s*){_VALUE}",
    re.IGNORECASE,
)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----[^-]*(?:-----END [A-Z0-9 ]*-----)?")
_IN_URL = re.compile(r"(?<=://)[^\s/]+@")
_JWT = re.compile(r"(?<![\w-])eyJ[\w=-]+\.[\w=-]+(?:\.[\w=-]*)*")


# A secret key may stand alone, behind a `=`, or be a part of a path; there more is asked of it, since 40 characters
# of a path of names are not so different. With the bits of Shannon entropy of a character that make it one: 4.8 are
# usual, and 4.2 in a path of names.
_SECRET_KEY = (
    (re.compile(r"(?<![A-Za-z0-9/+=])([A-Za-z0-9/+=]{40})(?![A-Za-z0-9/+=])"), 4.3),
    (re.compile(r"(?<![A-Za-z0-9/+])([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])"), 4.3),
    (re.compile(r"(?<![A-Za-z0-9+])(?=([A-Za-z0-9/+]{40})(?![A-Za-z0-9+]))"), 4.5),
)


def looks_like_credential(text: str) -> bool:
    """Whether an access key id, a session token or a secret access key stands in `text`: no parameter may hold one."""
    if _CERTAIN.search(text):
        return True
    return any(_is_secret_key(run, bits) for pattern, bits in _SECRET_KEY for run in pattern.findall(text))


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """`text` without these credentials, as they are, in a URL or in HTML, nor any access key id or session token."""
    for secret in secrets:
        for form in {secret, quote(secret, safe=""), html.escape(secret)}:
            text = text.replace(form, _REMOVED)
    return _CERTAIN.sub(_REMOVED, text) if any(each in text for each in _IN_CERTAIN) else text


def foreign(text: str) -> str:
    """What AWS, an instance, a person or another program wrote, fit to be shown and kept.

    Visible (`text.visible`), without whatever may be a credential, and cut where no honest message is so long.
    """
    cleared = text[: _LONGEST + _LONGEST_CREDENTIAL]
    for pattern in (_PRIVATE_KEY, _IN_URL, _CERTAIN, _JWT, *_of_vendors()):
        cleared = pattern.sub(_REMOVED, cleared)
    cleared = _NAMED.sub(lambda found: found["name"] + _REMOVED, cleared)
    cleared = visible(_FORTY.sub(lambda found: _REMOVED if _is_random(found[0]) else found[0], cleared))
    return cleared if len(text) <= _LONGEST else f"{cleared[:_LONGEST]} … ({len(text)} characters in all)"


def _is_random(text: str) -> bool:
    """Whether capitals, small letters, digits and signs alternate as by chance; in names and paths they do not."""
    kinds = ["A" if each.isupper() else "a" if each.islower() else "0" for each in text]
    return {"A", "a", "0"} == set(kinds) and sum(one != other for one, other in pairwise(kinds)) >= _ALTERNATIONS


def _is_secret_key(run: str, bits: float) -> bool:
    kinds = (str.isupper, str.islower, str.isdigit)
    return all(any(map(kind, run)) for kind in kinds) and _entropy(run) >= bits


def _entropy(run: str) -> float:
    return -sum(n / len(run) * log2(n / len(run)) for n in Counter(run).values())


@cache
def _of_vendors() -> tuple[re.Pattern[str], ...]:
    """The forms of tokens of well-known services. Loaded when first needed, which takes a fifth of a second."""
    from detect_secrets.plugins import (
        discord,
        github_token,
        gitlab_token,
        openai,
        pypi_token,
        sendgrid,
        slack,
        square_oauth,
        stripe,
        twilio,
    )

    logging.captureWarnings(False)  # which it turns on, so that nobody would see a warning any more
    detectors = (
        discord.DiscordBotTokenDetector, github_token.GitHubTokenDetector, gitlab_token.GitLabTokenDetector,
        openai.OpenAIDetector, pypi_token.PypiTokenDetector, sendgrid.SendGridDetector, slack.SlackDetector,
        square_oauth.SquareOAuthDetector, stripe.StripeDetector, twilio.TwilioKeyDetector,
    )  # fmt: skip
    return tuple(pattern for detector in detectors for pattern in detector.denylist)
