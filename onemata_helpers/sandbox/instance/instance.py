"""The sandbox's EC2 instance as a whole: what AWS knows of it, its metadata service and its machine."""

from pathlib import Path

from . import ssm
from .ec2_instance import Ec2Instance
from .imds import MetadataService
from .machine import AWS_CLI, Machine


class Instance(Ec2Instance):
    """An instance of the client's that runs commands, from `start` until `stop`."""

    def start(self, endpoint: str, cli: Path = AWS_CLI) -> None:
        """Bring up the metadata service and the machine; the AWS CLI there, `cli`, talks to `endpoint`."""
        self._metadata = MetadataService(self)
        self.machine = Machine(
            {
                # An AWS CLI of before 2023 joins it to the path as it is.
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"{self.imds_endpoint}/",
                "AWS_ENDPOINT_URL": endpoint,
            },
            cli,
        )
        ssm.connect(self, self.machine)

    def stop(self) -> None:
        """End what runs, delete the machine's files, close the port."""
        ssm.disconnect(self)
        self.machine.remove()
        self._metadata.stop()

    @property
    def home(self) -> Path:
        """The home directory of `ec2-user`."""
        return self.machine.home

    @property
    def imds_endpoint(self) -> str:
        """The address of the metadata service. Secret, since its holder can act as the role."""
        return self._metadata.endpoint
