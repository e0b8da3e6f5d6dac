"""The client's folder that `onemata open` was given: this session's values come from it, and are saved in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..parameter_edits import save
from ..parameter_files import from_folder
from ..parameters import SCHEMAS, ServiceParameters

CLIENT_DIR = "ONEMATA_CLIENT_DIR"
"""Set by `onemata open`."""

# What belongs to this run, and not to the client.
OF_THE_RUN = ("record", "approved_plan", "approved_by", "approval_reference", "plan_shown")


class ClientFolder:
    """A client's folder, with the parameters of one service in it.

    What runs is what is saved there: only what belongs to the run itself comes from the notebook's variables.
    """

    def __init__(self, path: Path, service: str, variables: Mapping[str, Any]) -> None:
        self.path, self._service = path, service
        self._of_the_run = {key: variables[key] for key in OF_THE_RUN if key in variables}
        self.parameters = self._read()

    @classmethod
    def of_this_session(cls, service: str, variables: Mapping[str, Any]) -> ClientFolder | None:
        """The folder that the notebook was opened for; None for a notebook of another client, or opened otherwise.

        Raises ParameterError with every problem in the folder.
        """
        if not os.environ.get(CLIENT_DIR):
            return None
        folder = cls(Path(os.environ[CLIENT_DIR]), service, variables)
        return folder if folder.parameters.client == variables.get("client") else None

    @property
    def schema(self) -> type[ServiceParameters]:
        """The schema of the service's parameters."""
        return SCHEMAS[self._service]

    @property
    def values(self) -> dict[str, Any]:
        """The values of this run."""
        return self.parameters.model_dump(mode="json") | self._of_the_run

    def save(self, changes: Mapping[str, Any]) -> list[Path]:
        """Save changed values, and read all anew. Raises ParameterError and OSError; then nothing was saved."""
        written = save(self.path, self.parameters.service, changes)
        self.parameters = self._read()
        return written

    def _read(self) -> ServiceParameters:
        return from_folder(self.path)[self._service]
