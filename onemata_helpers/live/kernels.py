"""The kernels of the session's JupyterLab: none of them outlives it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError


class Kernels(AsyncMappingKernelManager):
    """Jupyter's, but at the end those that are just starting are waited for, and ended with the others.

    Jupyter's own does not end them, and then does not always end itself. Where the process that adopts orphans is not
    number 1, as in some containers, ipykernel does not see that it has become one: it would run for ever, with the
    terminal or pipe of whoever started the session in its hands.
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

    async def restart_kernel(self, *which: Any, **how: Any) -> Any:
        """Restart one: it ends, and starts."""
        return await self._to_its_end(super().restart_kernel(*which, **how))

    async def shutdown_all(self, now: bool = False) -> None:  # type: ignore[override]
        """End all. None starts any more."""
        self._ending = True
        if self._starting:
            await asyncio.wait(self._starting)
        await super().shutdown_all(now)

    async def _to_its_end(self, start: Coroutine[Any, Any, Any]) -> Any:
        """Also if whoever asked for it goes away meanwhile."""
        task = asyncio.ensure_future(start)
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)
        return await asyncio.shield(task)
