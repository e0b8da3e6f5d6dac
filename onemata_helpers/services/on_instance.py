"""EC2's part on the instances themselves: the profile there, the scripts that run there, the proofs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..checks import Check
from ..errors import RunFailed
from ..hand_over import Snippet
from ..instance import windows
from ..instance.assignment import Assignment
from ..instance.profile_section import ProfileSection
from ..instance.quoting import command_line
from ..instance.scripts import manual_block
from ..location import Location
from ..parameters import Ec2Parameters
from ..plan import Script
from ..resources.base import Look
from ..resources.instance_config import InstanceConfig
from ..resources.instance_state import instance
from ..resources.run_command import managed_platform
from ..wait import Wait
from .instance_proof import InstanceProof

_WINDOWS = "The refusals are not tried on Windows."
_BLOCK = "The block to paste in the hand-over runs it."
_BLOCK_TRIES = "The block to paste in the hand-over tries it."
_SKIPPED = "configure is `skip`, so it was not run."


@dataclass(frozen=True)
class OnInstances:
    """What `configure` asks for on the instances, once Onemata has named its role."""

    parameters: Ec2Parameters

    @property
    def assignment(self) -> Assignment:
        """What is wanted on each of them."""
        p = self.parameters
        section = ProfileSection(p.config_profile, p.onemata_role_arn, p.onemata_external_id, p.region)
        place = Location(p.bucket, p.prefix)
        return Assignment(section, place, p.denied_role_arn, p.denied_bucket, p.negative_checks)

    def configs(self) -> list[InstanceConfig]:
        """The profile on each instance, when Systems Manager is to add it and Onemata has named its role."""
        p = self.parameters
        if p.configure != "ssm" or not p.onemata_role_arn:
            return []
        step, wanted = "EC2, on the instance 1–6", self.assignment
        return [InstanceConfig(step, each, p.instance_user, wanted) for each in p.instance_ids]

    def scripts(self, look: Look) -> tuple[Script, ...]:
        """What is run on the instances to look and to prove. What is run to add is in the plan's changes."""
        configs = [each for each in self.configs() if managed_platform(look, each.instance_id) == "linux"]
        ids = {each.instance_id for each in configs}
        proofs = [each for each in self.proofs() if each.instance_id in ids] if ids else []
        found = [each.look_script for each in configs] + [each.proof_script for each in proofs]
        return (*found, *(each.denied_script for each in proofs if each.denied_script))

    def proofs(self) -> list[InstanceProof]:
        """The proofs, one for each instance."""
        p, wanted = self.parameters, self.assignment
        return [InstanceProof(each, p.instance_user, wanted) for each in p.instance_ids]

    def checks(self, look: Look, wait: Wait, *, patient: bool) -> Iterator[Check]:
        """The checks of all instances, made now where Systems Manager makes them."""
        for proof in self.proofs():
            if self.parameters.configure == "ssm":
                yield from proof.by_command(look, wait, patient=patient)
            else:
                yield from proof.not_made(*self._why_not_made(look, proof.instance_id))

    def judge(self, pasted: Mapping[str, str]) -> list[Check]:
        """The checks, from what a person pasted for each instance. Raises RunFailed if that is not asked for."""
        if self.parameters.configure != "manual":
            raise RunFailed(
                "Pasted output counts only with configure: manual. The engineer sets that, or leaves the cell empty."
            )
        if not self.parameters.onemata_role_arn:
            raise RunFailed("Onemata has not yet named its role (onemata_role_arn), so there is nothing to judge.")
        proofs = {proof.instance_id: proof for proof in self.proofs()}
        unknown = sorted(pasted.keys() - proofs)
        if unknown:
            raise RunFailed(f"{', '.join(unknown)}: not among instance_ids. The engineer corrects the id in the cell.")
        return [check for instance_id, text in pasted.items() for check in proofs[instance_id].by_paste(text)]

    def snippets(self, look: Look) -> tuple[Snippet, ...]:
        """What a person copies on the instance."""
        if not self.parameters.onemata_role_arn:
            return ()
        wanted = self.assignment
        section = Snippet(title="Section for ~/.aws/config on the instance", text=wanted.section.render())
        commands = "\n".join(command_line(*each.command) for each in wanted.proofs())
        proof = Snippet(title="Proof, on the instance", text=commands)
        return (section, proof, *(self._to_paste(look) if self.parameters.configure == "manual" else ()))

    def _to_paste(self, look: Look) -> tuple[Snippet, ...]:
        platforms = {self._platform(look, each) for each in self.parameters.instance_ids}
        block = self._block() if "linux" in platforms else ()
        return (*block, *(self._windows_commands() if "windows" in platforms else ()))

    def _block(self) -> tuple[Snippet, ...]:
        title = f"Or all at once: paste this into a shell on the instance, as {self.parameters.instance_user}"
        return (Snippet(title=title, text=manual_block(self.assignment)),)

    def _windows_commands(self) -> tuple[Snippet, ...]:
        """First the look, on its own: `aws configure set` would change a profile that is there."""
        wanted, user = self.assignment, self.parameters.instance_user
        look = f"On Windows, as {user}: this must say that the profile could not be found. If not, stop"
        then = f"Then, on Windows, as {user}: the profile, and the two commands that prove it"
        commands = "\n".join([*windows.set_commands(wanted), *windows.proof_commands(wanted)])
        return (Snippet(title=look, text=windows.first_look(wanted)), Snippet(title=then, text=commands))

    def _why_not_made(self, look: Look, instance_id: str) -> tuple[str, str]:
        user = self.parameters.instance_user
        if self.parameters.configure == "skip":
            return f"{_SKIPPED} On the instance, as {user}:", _SKIPPED
        if self._platform(look, instance_id) == "windows":
            return f"Paste what this prints on the instance, as {user}:", _WINDOWS
        return _BLOCK, _BLOCK_TRIES

    def _platform(self, look: Look, instance_id: str) -> str:
        state = instance(look, instance_id)
        return state.platform if state else ""
