"""What the end of a COPY … NOLOAD proves, by AWS's words, and who acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ..aws_words import redshift as words
from ..aws_words.said import Said
from ..location import Location
from ..resources.data_api import Ended
from .copy_statement import CopyStatement
from .verdict import Verdict

Result = Literal["proven", "failed", "not provable from here"]
_UNSEEN: Final = "not provable from here"
_RUN_AGAIN = "the engineer runs it again"

# What a role, trust or policy that was just made, and that does not work everywhere yet, looks like.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
_PERHAPS_NOT_YET = (words.NO_CREDENTIALS, words.UNAUTHORIZED, words.NOT_ASSUMABLE, words.S3_REFUSED)
_REACHED = (words.NOT_PARSED, words.NO_PREFIX, words.NO_KEY)

_ATTACHED = (
    "the client's admin checks that {role} is attached to {target} and in-sync, and that its trust policy lets in "
    "Redshift (for a workgroup redshift-serverless.amazonaws.com, too), in this region, for this database user "
    "(sts:ExternalId)"
)
_CHAINED = "; Onemata checks that its role trusts {role}, with no external ID or with the one that Redshift sends: {id}"
# In the order in which they are looked for.
_MEANINGS: tuple[tuple[tuple[Said, ...], Result, str, str], ...] = (
    (
        (words.NO_ASSUMEROLE,),
        _UNSEEN,
        "The database user of the proof may not use the role: ASSUMEROLE was revoked. This says nothing about access.",
        "the client's database administrator runs this, then the engineer runs it again: {grant}",
    ),
    ((words.NOT_ASSUMABLE,), "failed", "{target} may not assume the role.", _ATTACHED),
    (
        (words.NO_CREDENTIALS, words.UNAUTHORIZED),
        "failed",
        "{target} gets no credentials of the role.",
        _ATTACHED,
    ),
    (
        (words.OTHER_REGION,),
        "failed",
        "The bucket is in another region than the parameters say.",
        "the engineer sets bucket_region to the region of the bucket {bucket}, and runs it again",
    ),
    (
        (words.NO_PREFIX, words.NO_KEY),
        _UNSEEN,
        "{target} may list the bucket there, but there is no object {object}: reading is not proven.",
        "Onemata puts the probe object there, or names another for probe_object; then the engineer runs it again",
    ),
    (
        (words.NOT_PARSED,),
        "proven",
        "{target} has read {object}: its content is not CSV of one column, which says nothing against access.",
        "",
    ),
    (
        (words.NO_DATABASE, words.NO_LOGIN, words.NOT_PERMITTED),
        _UNSEEN,
        "The database refused the statements before any access to the data was tried.",
        "the engineer corrects database and the user of the proof, or the client's database administrator grants what "
        "the message names",
    ),
)


@dataclass(frozen=True)
class Reader:
    """Who reads what: the name of a cluster or workgroup, its COPY, and the database user and ARN that it has there."""

    target: str
    copy: CopyStatement
    user: str
    user_arn: str

    def reading(self, ended: Ended, place: Location) -> Verdict:
        """What the end of a COPY that must read proves. A refusal by S3 is a `refused_by_s3`, and not known here."""
        if ended.in_order:
            return Verdict("proven", f"{self.target} has read {place.uri} with the role. Nothing was loaded.")
        for said, result, sentence, who in _MEANINGS if ended.status == "FAILED" else ():
            if any(each.within(ended.said) for each in said):
                return self._verdict(result, sentence, self._with_chain(who), place)
        return _without_meaning(ended)

    def refusal(self, ended: Ended, place: Location) -> Verdict:
        """What the end of a COPY that must be refused proves."""
        if refused_by_s3(ended):
            return Verdict("proven", "S3 refuses it, as it must.")
        if ended.in_order or any(each.within(ended.said) for each in _REACHED):
            who = "Onemata takes what is not this client's out of the bucket policy or role that lets {role} in"
            return self._verdict("failed", "{target} reaches {object}, which must be refused.", who, place)
        why = "It was not S3 that refused it, so this says nothing about access."
        return Verdict(_UNSEEN, why, f"{_RUN_AGAIN} when what AWS's message names is mended")

    def _verdict(self, result: Result, sentence: str, who: str, place: Location) -> Verdict:
        user = self.user or "the user of the secret"
        names = {
            "target": self.target,
            "role": self.copy.roles[0],
            "bucket": place.bucket,
            "object": place.uri,
            "id": self.user_arn,
            "grant": f'GRANT ASSUMEROLE ON {self.copy.chain} TO "{user}" FOR COPY;',
        }
        return Verdict(result, sentence.format(**names), who.format(**names))

    def _with_chain(self, who: str) -> str:
        return who + _CHAINED if who == _ATTACHED and len(self.copy.roles) > 1 else who


def refused_by_s3(ended: Ended) -> bool:
    """Whether S3 refused to list or give the object."""
    return ended.status == "FAILED" and words.S3_REFUSED.within(ended.said)


def perhaps_not_yet(ended: Ended) -> bool:
    """Whether it may only mean that what was just made does not work everywhere yet."""
    return ended.status == "FAILED" and any(each.within(ended.said) for each in _PERHAPS_NOT_YET)


def _without_meaning(ended: Ended) -> Verdict:
    if ended.under_way:
        who = f"the client's database administrator looks at what keeps the database busy; then {_RUN_AGAIN}"
        return Verdict(_UNSEEN, f"The statement was {ended.status} when the time was up, and was cancelled.", who)
    if ended.status == "ABORTED":
        return Verdict(_UNSEEN, "Somebody stopped the statement.", _RUN_AGAIN)
    who = "the engineer reads AWS's message, and asks the client's admin or Onemata about it"
    return Verdict(_UNSEEN, f"The statement ended {ended.status}, for a reason that is not known here.", who)
