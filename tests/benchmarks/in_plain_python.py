"""Run by the benchmark: each runbook of the clients in this process, with all that the notebooks would show."""

from __future__ import annotations

import sys
from pathlib import Path

from onemata_helpers import Runbook
from onemata_helpers.parameter_files import from_folder
from onemata_helpers.wait import Wait

STEPS = ("connect", "plan", "apply", "verify", "hand_over", "finish")

for folder in map(Path, sys.argv[1:]):
    for service, parameters in from_folder(folder).items():
        runbook = Runbook(service, parameters.model_dump(mode="json") | {"action": "apply"}, Wait(tell=lambda _: None))
        runbook._repr_mimebundle_()
        for step in STEPS:
            getattr(runbook, step)()._repr_mimebundle_()
