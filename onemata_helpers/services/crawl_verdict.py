"""What the end of a crawler proves, by AWS's words, and who acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ..aws_words import glue as words
from ..aws_words.said import Said
from ..location import Location
from ..resources.crawls import Ended
from .verdict import Verdict

Result = Literal["proven", "failed", "not provable from here"]
_UNSEEN: Final = "not provable from here"
_RUN_AGAIN = "the engineer runs it again"
_BY_S3 = (words.S3_DENIED, words.S3_FORBIDDEN, words.S3_DENIED_ANEW)

# In the order in which they are looked for.
_MEANINGS: tuple[tuple[tuple[Said, ...], Result, str, str], ...] = (
    (
        (words.NO_STS,),
        "failed",
        "Glue cannot assume any role here: STS is not active in this region.",
        "the client's admin activates STS for the region; then {again}",
    ),
    (
        (words.TRUST,),
        "failed",
        "Glue may not assume the role {role}.",
        "{again} with action: apply if the role is ours; else the client's admin checks that it is there, and that its "
        "trust policy lets in glue.amazonaws.com",
    ),
    (
        (words.NO_BUCKET,),
        "failed",
        "Glue finds no bucket {bucket}.",
        "the engineer corrects bucket, as Onemata names it; if it is right, Onemata looks at its bucket policy",
    ),
    (
        (words.LAKE_FORMATION, words.LAKE_FORMATION_DATA),
        _UNSEEN,
        "Lake Formation refused it before the data was tried: this says nothing about access to S3.",
        "the client's Lake Formation administrator grants what the message names, to the role {role} or to the "
        "operator; then {again}",
    ),
    (
        (words.INTERNAL,),
        _UNSEEN,
        "The crawl failed, and AWS says no more than this.",
        "the engineer reads the crawler's log, and runs it again later",
    ),
    (
        (words.NOT_VALIDATED,),
        _UNSEEN,
        "Glue could not look at {place}.",
        "the engineer reads AWS's message, and asks Onemata about the bucket",
    ),
)


@dataclass(frozen=True)
class Reader:
    """The role with which a crawler reads."""

    role_arn: str

    def seeing(self, ended: Ended, place: Location) -> Verdict:
        """What a crawler that was only made proves. A refusal by S3 is a `refused_by_s3`, and not known here."""
        if ended.made:
            return Verdict("proven", f"Glue has assumed the role, and made a crawler over {place.uri} with it.")
        return self._refused(ended, place)

    def reading(self, ended: Ended, place: Location) -> Verdict:
        """What a crawl that must read proves. A refusal by S3 is a `refused_by_s3`, and not known here."""
        if ended.has_read:
            return Verdict("proven", f"Glue has read {place.uri} with the role, and found columns there.")
        if not ended.made or ended.status == "FAILED":
            return self._refused(ended, place)
        if ended.status == "CANCELLED":
            return Verdict(_UNSEEN, "Somebody stopped the crawler.", _RUN_AGAIN)
        if ended.status != "SUCCEEDED":
            sentence = f"The crawler was still {ended.status} when the time was up, and was stopped."
            return Verdict(_UNSEEN, sentence, f"{_RUN_AGAIN} later")
        if ended.tables:
            sentence = "The crawl made a table without columns, so it is not seen that it read anything."
            return Verdict(_UNSEEN, sentence, "the engineer reads the crawler's log, and asks Onemata about the object")
        who = f"Onemata puts the probe object there, or names another for probe_object; then {_RUN_AGAIN}"
        return Verdict(_UNSEEN, f"Glue may look at {place.uri}, but found nothing there: reading is not proven.", who)

    def refusal(self, ended: Ended, place: Location) -> Verdict:
        """What a crawler over a place that must be refused proves."""
        policy = f"the bucket policy that lets {self.role_arn} in"
        if ended.has_read or (ended.made and not ended.status):
            who = f"Onemata takes what is not this client's out of {policy}"
            return Verdict("failed", f"Glue reaches {place.uri}, which must be refused.", who)
        if refused_by_s3(ended):
            return Verdict("proven", "S3 refuses it to Glue, as it must.")
        if ended.status == "SUCCEEDED":
            sentence = f"Glue was not seen to be refused at {place.uri}, and read nothing there either."
            return Verdict(_UNSEEN, sentence, f"Onemata looks at {policy}, and puts the probe object there")
        why = "It was not S3 that refused it, so this says nothing about access."
        return Verdict(_UNSEEN, why, f"{_RUN_AGAIN} when what AWS's message names is mended")

    def not_this_way(self, place: Location) -> Verdict:
        """The verdict on a crawler that was made over another client's prefix, and did not run."""
        sentence = (
            f"Glue made a crawler over {place.uri}. That is no access: it may have asked for the bucket alone, and the "
            "crawler did not run."
        )
        return Verdict(_UNSEEN, sentence, "the client lets it run: prove: crawl")

    def perhaps_too_narrow(self, place: Location) -> Verdict:
        """The verdict on a role with scoped access over whose place no crawler could be made, since S3 refuses it."""
        sentence = (
            f"S3 refuses what Glue asks for before it makes a crawler over {place.uri}. With s3_access: scoped that "
            "may be more than reading takes, so it is not provable this way."
        )
        who = (
            f"Onemata checks that its bucket policy lets {self.role_arn} list the place; if it does, the client proves "
            "it with a Glue job, or chooses s3_access: managed"
        )
        return Verdict(_UNSEEN, sentence, who)

    def _refused(self, ended: Ended, place: Location) -> Verdict:
        names = {"role": self.role_arn, "bucket": place.bucket, "place": place.uri, "again": _RUN_AGAIN}
        for said, result, sentence, who in _MEANINGS:
            if any(each.within(ended.said) for each in said):
                return Verdict(result, sentence.format(**names), who.format(**names))
        who = "the engineer reads AWS's message, and asks the client's admin or Onemata about it"
        return Verdict(_UNSEEN, "Glue refused it, for a reason that is not known here.", who)


def refused_by_s3(ended: Ended) -> bool:
    """Whether S3 refused Glue the place or an object in it."""
    return not ended.has_read and any(each.within(ended.said) for each in _BY_S3)
