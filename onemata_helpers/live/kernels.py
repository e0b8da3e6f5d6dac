"""The kernels of the session's JupyterLab: none of them outlives it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError

from ..errors import who_acts
from ..text import one_line

# Seconds. Jupyter kills a kernel that does not end after five.
_ENDING = 60


class Kernels(AsyncMappingKernelManager):
    """Jupyter's, but at the end those that are just starting are waited for, and ended with the others.

    Jupyter's own leaves them alone. Where the process that adopts orphans is not number 1, as in some containers,
    ipykernel does not see that it has become one: it would run for ever, with the terminal or pipe of whoever started
    the session in its hands.
    https://github.com/ipython/ipykernel/blob/main/ipykernel/parentpoller.py
    """

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)  # type: ignore[no-untyped-call]
        self._starting: set[asyncio.Task[Any]] = set()
        self._ending = False

    def __bool__(self) -> bool:
        """Also without any kernel that has started: Jupyter asks before it ends them all."""
        return True

    async def start_kernel(self, **how: Any) -> str:  # type: ignore[override]
        """Start one. Raises HTTPError when the session is ending."""
        if self._ending:
            raise HTTPError(503, "The session is ending: no kernel starts any more.")
        return str(await self._to_its_end(super().start_kernel(**how)))

    async def restart_kernel(self, kernel_id: str, now: bool = False) -> Any:  # type: ignore[override]
        """Restart one: it ends, and starts."""
        return await self._to_its_end(super().restart_kernel(kernel_id, now))  # type: ignore[no-untyped-call]

    async def shutdown_all(self, now: bool = False) -> None:  # type: ignore[override]
        """End all. None starts any more. Raises nothing: whatever goes wrong with a kernel, the session ends."""
        self._ending = True
        try:
            async with asyncio.timeout(_ENDING):
                if self._starting:
                    await asyncio.wait(self._starting)
                await super().shutdown_all(now)
        except Exception as error:
            why = f" within {_ENDING} s" if isinstance(error, TimeoutError) else f": {one_line(str(error))}"
            happened = f"The session's kernel could not be ended{why}"
            print(who_acts(happened, "the engineer ends the process `ipykernel_launcher`"), file=sys.stderr)

    async def _to_its_end(self, start: Coroutine[Any, Any, Any]) -> Any:
        """Also if whoever asked for it goes away meanwhile."""
        task = asyncio.ensure_future(start)
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)
        return await asyncio.shield(task)
