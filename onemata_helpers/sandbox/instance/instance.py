"""The sandbox's EC2 instances as a whole: what AWS knows of them, their metadata service and their machines."""

from pathlib import Path
from threading import Lock

from . import ssm
from .ec2_instance import Ec2Instance
from .imds import MetadataServer
from .machine import Machine

Place = tuple[str, str, str]
"""Where an instance is: account, region and its id."""


class Instance(Ec2Instance):
    """An instance of a client's that runs commands. Its machine is there when it is first needed."""

    def __init__(self, place: Place, metadata: MetadataServer, endpoint: str, cli: Path) -> None:
        super().__init__(*place)
        self._endpoint, self._cli = endpoint, cli
        self._lock = Lock()
        self._machine: Machine | None = None
        self._stopped = False
        self.imds_endpoint = metadata.address_for(self)
        """The address of the metadata service. Secret, since its holder can act as the role."""

    @property
    def machine(self) -> Machine:
        """What its commands run on. Raises OSError if it was never needed before the sandbox stopped."""
        with self._lock:  # commands begin in threads of their own
            if self._machine is None:
                self._machine = self._new_machine()
            return self._machine

    def _new_machine(self) -> Machine:
        if self._stopped:
            raise ProcessLookupError("The sandbox's machine is gone.")
        return Machine(
            {
                # An AWS CLI of before 2023 joins it to the path as it is.
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"{self.imds_endpoint}/",
                "AWS_ENDPOINT_URL": self._endpoint,
            },
            self._cli,
        )

    @property
    def home(self) -> Path:
        """The home directory of `ec2-user`."""
        return self.machine.home

    def stop(self) -> None:
        """End what runs, delete the machine's files."""
        with self._lock:
            self._stopped = True
        if self._machine:
            self._machine.remove()


class Instances:
    """All instances that run commands, by their places, until `stop`. The AWS CLI there, `cli`, talks to `endpoint`."""

    def __init__(self, endpoint: str, cli: Path) -> None:
        self._endpoint, self._cli = endpoint, cli
        self._metadata = MetadataServer()
        self._found: dict[Place, Instance] = {}

    def __getitem__(self, place: Place) -> Instance:
        return self._found[place]

    def add(self, place: Place) -> None:
        """Let commands reach this instance."""
        if place not in self._found:
            instance = self._found[place] = Instance(place, self._metadata, self._endpoint, self._cli)
            ssm.connect(instance, lambda: instance.machine)

    def stop(self) -> None:
        """End what runs, delete all files, close the port."""
        ssm.disconnect_all()
        for instance in self._found.values():
            instance.stop()
        self._metadata.stop()
