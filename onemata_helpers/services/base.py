"""What the three services have in common: each is a short list of resources, and a hand-over."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Generic, TypeVar

from .. import policies
from ..checks import Check
from ..hand_over import HandOver, Snippet
from ..parameters import ServiceParameters
from ..permitted import Readiness
from ..plan import Proof, Script
from ..resources.attached_policies import AttachedPolicy
from ..resources.base import Look, Permission, Resource
from ..resources.delivery import Delivery
from ..resources.inline_policies import InlinePolicy
from ..resources.role_state import description_for
from ..resources.role_use import RoleUse
from ..resources.roles import Role
from ..wait import Wait

P = TypeVar("P", bound=ServiceParameters)

Choices = list[tuple[str, str]]
"""Values that a parameter may have, each after the name by which people know it."""

# What our inline policies are called, before the id of the delivery.
SCOPED_POLICY = "s3-read"
DECRYPT_POLICY = "kms-decrypt"
ASSUME_POLICY = "assume-role"


class Service(ABC, Generic[P]):
    """One service of the client's, by its parameters."""

    title: ClassVar[str]

    @property
    @abstractmethod
    def apis(self) -> tuple[str, ...]:
        """The AWS services that its runbook calls, beside STS."""

    def __init__(self, parameters: P) -> None:
        self.parameters = parameters

    @abstractmethod
    def resources(self, look: Look) -> list[Resource]:
        """What should be in the account, in the order in which it can be made."""

    def removals(self, look: Look) -> list[Resource]:
        """What an earlier run may have made under any parameters; taken away from the last to the first."""
        return self.resources(look)

    @abstractmethod
    def permissions(self) -> list[Permission]:
        """What the operator needs for plan, apply, verify and remove."""

    @abstractmethod
    def hand_over(self, look: Look) -> HandOver:
        """What Onemata must receive."""

    def proofs(self, look: Look) -> tuple[Proof, ...]:
        """All that `prove` will ask of the service, word for word, as the plan shows it."""
        return ()

    @abstractmethod
    def prove(self, look: Look, wait: Wait, *, patient: bool) -> Iterator[Check]:
        """Whether the service really reads the data, or how that can be seen where it cannot be seen from here.

        Each check comes as soon as it was made. `patient` gives what was just made the time to become usable.
        """

    def proven_by_scripts(self) -> tuple[str, ...]:
        """The names of the checks that `prove` makes by scripts; of all others, `proofs` has them."""
        return ()

    def scripts(self, look: Look) -> tuple[Script, ...]:
        """What is run on instances to look and to prove, word for word, as the plan shows it."""
        return ()

    def judge(self, pasted: Mapping[str, str]) -> list[Check]:
        """Checks from what a person pasted; only EC2 has such."""
        raise TypeError(f"nothing is pasted for {self.title}")

    def choices(self, look: Look) -> dict[str, Choices]:
        """What the account has for parameters to name, by the parameters' names."""
        return {}

    def readiness(self, look: Look) -> tuple[Readiness, ...]:
        """How the clusters, workgroups or instances stand that the parameters name."""
        return ()

    def waiting_for(self) -> str:
        """What Onemata has to give first, as a sentence; empty when nothing."""
        return ""

    def notes(self, look: Look) -> tuple[str, ...]:
        """What the client should hear before approving."""
        return (self._about_s3_access(),)

    @property
    def delivery(self) -> Delivery:
        """What this run serves."""
        return Delivery(str(self.parameters.service), self.parameters.location)

    @property
    def use(self) -> RoleUse:
        """Our role, as this delivery uses it."""
        return RoleUse(self.parameters.role_name, self.delivery, self.targets, self.having)

    @property
    def trust(self) -> policies.Document:
        """The trust that our role needs for this service."""
        return policies.service_trust(self.parameters.service, self.parameters.partition)

    @property
    def targets(self) -> tuple[str, ...]:
        """The clusters, workgroups or instances that the parameters name."""
        return ()

    def having(self, look: Look) -> list[str]:
        """The clusters, workgroups or instances of the region that have our role now."""
        return []

    def removal_notes(self) -> tuple[str, ...]:
        """What a removal cannot know."""
        p = self.parameters
        names = (
            f"This removal covers what the parameters name: the role {p.role_name}, in account {p.account_id} and "
            f"region {p.region}. What an earlier run made under other names or in another region is not known here."
        )
        return (names,)

    def role(
        self,
        step: str,
        managed: tuple[str, ...],
        inline: tuple[str, ...],
        profiles: tuple[str, ...] = (),
        marks: dict[str, str] | None = None,
    ) -> Role:
        """The service's role. `managed` are the names of AWS's policies, `inline` the kinds of ours, that it may have.

        `marks` are tags by which a later run finds what belongs to it.
        """
        p = self.parameters
        ours = (self.delivery.policy_name(what) for what in inline)
        return Role(
            step=step,
            use=self.use,
            path=p.role_path,
            region=p.region,
            trust=self.trust,
            description=description_for(self.title),
            boundary=p.permissions_boundary_arn,
            tags=p.tags,
            adopt=p.adopt_existing,
            policies=(*map(self.managed_policy, managed), *ours),
            profiles=profiles,
            marks=marks or {},
        )

    def role_permissions(self) -> list[Permission]:
        """What the role with its policies takes."""
        p = self.parameters
        found = [
            *Role.permissions(p.role_arn, bounded=bool(p.permissions_boundary_arn)),
            *InlinePolicy.permissions(p.role_arn),
        ]
        return [*found, *AttachedPolicy.permissions(p.role_arn)] if p.managed_s3_policy else found

    def s3_access(self, step: str) -> list[Resource]:
        """S3 access of the chosen kind, and the absence of the other kind."""
        p = self.parameters
        scoped = p.s3_access == "scoped"
        document = policies.s3_read(p.partition, p.location, p.kms_key_arn)
        read = "Read access to Onemata's bucket and prefix only."
        found: list[AttachedPolicy | InlinePolicy] = [self.inline_policy(step, SCOPED_POLICY, document, read, scoped)]
        if p.managed_s3_policy:
            found.append(
                AttachedPolicy(
                    step=step,
                    use=self.use,
                    policy_arn=self.managed_policy(p.managed_s3_policy),
                    why=f"The guide's policy: {self._reach()} to every bucket that this account may reach.",
                    wanted=not scoped,
                )
            )
            decrypt = [each for each in document["Statement"] if each["Sid"] == "Decrypt"]
            key = "AWS's S3 policies do not open the KMS key that the objects are encrypted with."
            wanted = bool(decrypt) and not scoped
            found.append(self.inline_policy(step, DECRYPT_POLICY, policies.document(*decrypt), key, wanted))
        # What is wanted comes first, so that access is never taken away before the other kind is there.
        return [*(each for each in found if each.wanted), *(each for each in found if not each.wanted)]

    def inline_policy(
        self, step: str, what: str, document: policies.Document, why: str, wanted: bool = True
    ) -> InlinePolicy:
        """An inline policy of this delivery's on the service's role."""
        name = self.delivery.policy_name(what)
        return InlinePolicy(step=step, use=self.use, name=name, document=document, why=why, wanted=wanted)

    def managed_policy(self, name: str) -> str:
        """The ARN of an AWS managed policy in the client's partition."""
        return f"arn:{self.parameters.partition}:iam::aws:policy/{name}"

    def bucket_statements(self, principals: list[str]) -> tuple[Snippet, ...]:
        """The statements of Onemata's bucket policy (and key policy) that let these roles and users read."""
        p = self.parameters
        who = policies.grant_to(principals, p.account_id, p.partition)
        reading = policies.s3_read(p.partition, p.location, p.kms_key_arn)["Statement"]
        named = [_with_principal(statement, who) for statement in reading]
        bucket = [statement for statement in named if statement["Sid"] != "Decrypt"]
        key = [statement | {"Resource": "*"} for statement in named if statement["Sid"] == "Decrypt"]
        text = policies.pretty(bucket)
        snippets = [Snippet(title=f"Bucket policy of {p.bucket}", text=text, policy_of="AWS::S3::Bucket")]
        if key:
            title = f"Key policy of {p.kms_key_arn}"
            snippets.append(Snippet(title=title, text=policies.pretty(key), policy_of="AWS::KMS::Key"))
        return tuple(snippets)

    @property
    def probe_object(self) -> str:
        """What Onemata provides for the proofs, as a sentence."""
        probe = self.parameters.probe
        what = "an object that is there already" if probe.key else "one line of CSV with one column, for each client"
        return f"the probe object {probe.object.uri}: {what}. The proofs read it."

    def onemata_trust(self, roles: list[str], external_id: str = "", external_ids_like: Sequence[str] = ()) -> Snippet:
        """The statement of the trust policy of Onemata's role that lets these roles assume it.

        It may ask for an external ID, or for one that fits one of several patterns.
        """
        p = self.parameters
        who = policies.grant_to(roles, p.account_id, p.partition)
        external: policies.Statement = {"StringEquals": {"sts:ExternalId": external_id}} if external_id else {}
        if external_ids_like:
            external = {"StringLike": {"sts:ExternalId": list(external_ids_like)}}
        statement = {"Effect": "Allow", "Principal": who["Principal"], "Action": "sts:AssumeRole"}
        text = policies.pretty(statement | {"Condition": who["Condition"] | external})
        title = "Trust policy of Onemata's role"
        return Snippet(title=title, text=text, policy_of="AWS::IAM::AssumeRolePolicyDocument")

    def _reach(self) -> str:
        return "full control" if self.parameters.managed_s3_policy == "AmazonS3FullAccess" else "read access"

    def _about_s3_access(self) -> str:
        p = self.parameters
        managed = f"{p.managed_s3_policy}, {self._reach()} to all buckets" if p.managed_s3_policy else "no S3 policy"
        if p.s3_access == "scoped":
            return f"s3_access is `scoped`: reading {p.location.uri} only. The guide's `managed` would mean {managed}."
        return f"s3_access is `managed`, the guide's way: {managed}. `scoped` would mean reading {p.location.uri} only."


def _with_principal(statement: policies.Statement, who: policies.Statement) -> policies.Statement:
    condition = statement.get("Condition", {}) | who["Condition"]
    named = {"Sid": statement["Sid"], "Effect": "Allow", "Principal": who["Principal"]}
    return named | {key: statement[key] for key in ("Action", "Resource")} | {"Condition": condition}
