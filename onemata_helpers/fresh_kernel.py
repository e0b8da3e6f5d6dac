"""A kernel started for one notebook, as papermill does it, where none can be forked."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from traitlets.config import Config

# At its end a kernel is interrupted, and logs that as an error on the terminal. A crash is not told by its log.
_QUIET = ["--IPKernelApp.log_level=CRITICAL"]
# unix(7): a socket's path has 108 bytes; the rest is `/onemata-xxxxxxxx/kernel-5`.
_LONGEST_FOLDER = 75


@contextmanager
def fresh_kernel(on_process: Callable[[Callable[[], None]], None]) -> Iterator[dict[str, Any]]:
    """What to tell papermill: sockets in a private folder of its own, where its path is short enough for sockets.

    There are no ports to run out of or to collide on, and nobody else on the machine can listen. `on_process` is told
    how to kill the kernel.
    """
    config = Config({"NotebookClient": {"extra_arguments": _QUIET}})
    with tempfile.TemporaryDirectory(prefix="onemata-", dir=_short_folder()) as folder:
        config.KernelManager.transport = "ipc"
        config.KernelManager.ip = f"{folder}/kernel"
        yield {"config": config, "kernel_manager_class": _telling(on_process)}


def _telling(on_process: Callable[[Callable[[], None]], None]) -> type[AsyncKernelManager]:
    """A kernel manager that tells of its kernel's process."""

    class Telling(AsyncKernelManager):
        async def _async_launch_kernel(self, kernel_cmd: list[str], **kw: Any) -> None:
            await super()._async_launch_kernel(kernel_cmd, **kw)
            provisioner: Any = self.provisioner
            on_process(provisioner.process.kill)

        _launch_kernel = _async_launch_kernel

    return Telling


def _short_folder() -> str:
    """A folder for temporary files in which a socket can be: its whole path has about 100 bytes at most."""
    usual = tempfile.gettempdir()
    return usual if len(os.fsencode(usual)) <= _LONGEST_FOLDER else "/tmp"  # noqa: S108 - a folder of ours is made in it
