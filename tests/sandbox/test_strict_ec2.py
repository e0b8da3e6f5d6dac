"""Associations of instances and profiles as EC2 really handles them."""

from types import SimpleNamespace
from typing import Any

import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox.aws import strict_ec2
from onemata_helpers.sandbox.server import Sandbox
from tests.sandbox.actors import profile, refused, role

pytestmark = pytest.mark.usefixtures("no_time_passes")
PROFILES = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:instance-profile"
GONE: list[Any] = []


@pytest.fixture
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change is done when somebody has looked at it, however long that took."""
    monkeypatch.setattr(strict_ec2, "time", SimpleNamespace(monotonic=lambda: 0.0))


@pytest.fixture
def ec2(box: Sandbox) -> Any:
    """EC2's client, in a sandbox with the profiles `one`, `two` and, without a role, `empty`."""
    for name in ("one", "two"):
        role(box, f"role-{name}", "ec2.amazonaws.com")
        profile(box, name, f"role-{name}")
    profile(box, "empty")
    return box.client("ec2")


def associate(ec2: Any, name: str = "one", instance: str = sandbox.INSTANCE_ID) -> dict[str, Any]:
    answer = ec2.associate_iam_instance_profile(IamInstanceProfile={"Name": name}, InstanceId=instance)
    made: dict[str, Any] = answer["IamInstanceProfileAssociation"]
    return made


def states(ec2: Any) -> list[tuple[str, str]]:
    found = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    return [(one["IamInstanceProfile"]["Arn"], one["State"]) for one in found]


def settled(ec2: Any) -> str:
    """An association that is in force. Its id."""
    made = associate(ec2)
    states(ec2)
    return str(made["AssociationId"])


def test_an_association_takes_its_time(ec2: Any) -> None:
    made = associate(ec2)
    assert made["State"] == "associating"
    assert made["InstanceId"] == sandbox.INSTANCE_ID
    assert states(ec2) == [(f"{PROFILES}/one", "associating")]
    assert states(ec2) == [(f"{PROFILES}/one", "associated")]
    described = ec2.describe_instances(InstanceIds=[sandbox.INSTANCE_ID])
    instance = described["Reservations"][0]["Instances"][0]
    assert instance["IamInstanceProfile"]["Arn"] == f"{PROFILES}/one"


def test_the_id_repeats_from_start_to_start(ec2: Any) -> None:
    assert associate(ec2)["AssociationId"] == "iip-assoc-7dfc444ed1e039c65"


def test_an_end_takes_its_time(ec2: Any) -> None:
    made = settled(ec2)
    answer = ec2.disassociate_iam_instance_profile(AssociationId=made)
    assert answer["IamInstanceProfileAssociation"]["State"] == "disassociating"
    arguments = {"IamInstanceProfile": {"Name": "two"}, "InstanceId": sandbox.INSTANCE_ID}
    assert refused(ec2.associate_iam_instance_profile, **arguments)[0] == "IncorrectState"
    assert states(ec2) == [(f"{PROFILES}/one", "disassociating")]
    assert states(ec2) == GONE
    described = ec2.describe_instances(InstanceIds=[sandbox.INSTANCE_ID])
    assert "IamInstanceProfile" not in described["Reservations"][0]["Instances"][0]
    assert refused(ec2.disassociate_iam_instance_profile, AssociationId=made)[0] == ("InvalidAssociationID.NotFound")
    associate(ec2, "two")


def test_one_association_an_instance(ec2: Any) -> None:
    settled(ec2)
    for name in ("one", "two"):
        arguments = {"IamInstanceProfile": {"Name": name}, "InstanceId": sandbox.INSTANCE_ID}
        assert refused(ec2.associate_iam_instance_profile, **arguments) == (
            "IncorrectState",
            f"There is an existing association for instance {sandbox.INSTANCE_ID}",
        )


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            {"Name": "not-there"},
            "Value (not-there) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
        ),
        (
            {"Arn": f"{PROFILES}/not-there"},
            f"Value ({PROFILES}/not-there) for parameter iamInstanceProfile.arn is invalid. "
            "Invalid IAM Instance Profile ARN",
        ),
        ({"Name": "empty"}, f'IAM Instance Profile "{PROFILES}/empty" has no associated IAM Roles'),
    ],
)
def test_profiles_that_cannot_be_used(ec2: Any, spec: dict[str, str], message: str) -> None:
    refusal = ("InvalidParameterValue", message)
    arguments = {"IamInstanceProfile": spec, "InstanceId": sandbox.INSTANCE_ID}
    assert refused(ec2.associate_iam_instance_profile, **arguments) == refusal
    made = settled(ec2)
    arguments = {"IamInstanceProfile": spec, "AssociationId": made}
    assert refused(ec2.replace_iam_instance_profile_association, **arguments) == refusal


def test_an_instance_that_is_not_there(ec2: Any) -> None:
    arguments = {"IamInstanceProfile": {"Name": "one"}, "InstanceId": "i-00000000000000000"}
    assert refused(ec2.associate_iam_instance_profile, **arguments)[0] == ("InvalidInstanceID.NotFound")


def test_replacing_gives_a_new_id(ec2: Any) -> None:
    made = settled(ec2)
    answer = ec2.replace_iam_instance_profile_association(
        IamInstanceProfile={"Arn": f"{PROFILES}/two"}, AssociationId=made
    )
    new = answer["IamInstanceProfileAssociation"]
    assert new["State"] == "associating"
    assert new["AssociationId"] != made
    states(ec2)
    assert states(ec2) == [(f"{PROFILES}/two", "associated")]
    arguments = {"IamInstanceProfile": {"Name": "one"}, "AssociationId": made}
    assert refused(ec2.replace_iam_instance_profile_association, **arguments)[0] == ("InvalidAssociationID.NotFound")


def test_a_stopped_instance_can_be_associated_but_not_replaced(ec2: Any) -> None:
    made = associate(ec2, instance=sandbox.STOPPED_INSTANCE_ID)["AssociationId"]
    states(ec2)
    assert states(ec2) == [(f"{PROFILES}/one", "associated")]
    arguments = {"IamInstanceProfile": {"Name": "two"}, "AssociationId": made}
    code, message = refused(ec2.replace_iam_instance_profile_association, **arguments)
    assert (code, "is not the active association" in message) == ("IncorrectState", True)


def test_a_profile_given_at_the_launch_can_be_taken_away(ec2: Any) -> None:
    launched = ec2.run_instances(
        ImageId="ami-0c1d2e3f405162738",
        MinCount=1,
        MaxCount=1,
        IamInstanceProfile={"Name": "one"},
    )
    assert launched["Instances"][0]["InstanceId"]
    states(ec2)
    [(arn, state)] = states(ec2)
    assert (arn, state) == (f"{PROFILES}/one", "associated")
    found = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    ec2.disassociate_iam_instance_profile(AssociationId=found[0]["AssociationId"])
    states(ec2)
    assert states(ec2) == GONE
