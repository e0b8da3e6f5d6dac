"""JupyterLab for one session: on this machine only, with no settings but ours, and nothing that calls elsewhere."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..errors import who_acts

# Without an own key nothing of a reader's is asked for, fetched or shown over the work.
# https://jupyterlab.readthedocs.io/en/stable/user/directories.html#overrides-json
_SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True},
    "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 5, "renameUntitledFileOnSave": False},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}
_PAGE = {
    "disabledExtensions": {
        "@jupyterlab/extensionmanager-extension": True,
        "@jupyterlab/apputils-extension:announcements": True,
    }
}
_EXTENSIONS = Path(__file__).parent / "labextensions"
# The notebook has the whole width: a list of files is nothing for a client to see.
_LAYOUT = {"data": {"layout-restorer:data": {"left": {"collapsed": True}}}, "metadata": {"id": "default"}}
# All that would bring settings, extensions or kernels of the user's own, which may be anything.
_NOT_THE_USERS = ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "JUPYTERLAB_DIR", "JUPYTER_PREFER_ENV_PATH")
# Seconds that the page's last requests have to come to their end by themselves, and then when they are broken off.
_MOMENT, _ENDING = 2, 60


def serve(root: Path, notebook: Path, told: Mapping[str, str], *, writable: bool, ready: Callable[[str], None]) -> None:
    """Serve JupyterLab until Ctrl-C, with one notebook to open; `ready` is told its address, which needs no login.

    `root` is the folder that can be reached, `told` the environment of the kernels. Raises OSError.
    """
    shown = notebook.relative_to(root).as_posix()
    with tempfile.TemporaryDirectory(prefix="onemata-lab-") as folder, _environment(Path(folder), told):
        from jupyterlab.labapp import LabApp  # it takes seconds, and reads the environment

        app = LabApp.initialize_server(argv=[], **_settings(Path(folder), root, shown if writable else ""))
        _quiet(app)
        ended = _once(lambda: app.stop(from_signal=True))
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, ended)
        try:
            address = f"{app.connection_url}lab/tree/{quote(shown)}?token={app.token}"
            app.io_loop.add_callback(_begin, app, shown if writable else "", address, ready)
            app.start()
            _break_off(app)
        finally:
            app.clear_instance()


async def _begin(app: Any, own: str, address: str, ready: Callable[[str], None]) -> None:
    """Once the server answers. The kernel is there before the page, since without one no cell is run."""
    if own:
        await app.session_manager.create_session(path=own, name=Path(own).name, type="notebook", kernel_name="python3")
    ready(address)


def _once(act: Callable[[], None]) -> Callable[..., None]:
    """A signal's handler. Whoever is impatient and sends it again must not cut the end short."""
    left = [act]
    return lambda *_: left.pop()() if left else None


def _break_off(app: Any) -> None:
    """End what the page still waits for: Python does not end before the threads do that work for a request.

    Each of them waits for the end of its request, which does not come once the server's loop has stopped.
    https://github.com/agronholm/anyio/blob/master/src/anyio/_backends/_asyncio.py (WorkerThread)
    """
    try:
        app.io_loop.run_sync(partial(_requests_end, app), timeout=_ENDING)
    except TimeoutError:
        happened = f"What the page asked for last did not end within {_ENDING} s"
        print(who_acts(happened, "the engineer ends this process, if it does not end by itself"), file=sys.stderr)


async def _requests_end(app: Any) -> None:
    connections = asyncio.ensure_future(app.http_server.close_all_connections())
    requests = asyncio.all_tasks() - {asyncio.current_task()}
    _, waiting = await asyncio.wait(requests, timeout=_MOMENT)
    for each in waiting:
        each.cancel()
    await asyncio.gather(connections, *waiting, return_exceptions=True)


def open_browser(address: str) -> None:
    """Show the address in the user's browser, if there is one. A browser in a terminal would be waited for."""
    threading.Thread(target=webbrowser.open, args=(address, 2), daemon=True).start()


def _quiet(app: Any) -> None:
    """Its own words at the start, which it logs as critical, say what ours say."""
    app.log.addFilter(lambda entry: entry.levelno < logging.CRITICAL)


def _settings(folder: Path, root: Path, own: str) -> dict[str, Any]:
    from traitlets.config import Config

    from .contents import Records
    from .kernels import Kernels

    config = Config()
    config.ServerApp.update(
        ip="127.0.0.1",
        port=0,
        port_retries=0,
        allow_remote_access=False,
        allow_root=True,
        root_dir=str(root),
        open_browser=False,
        answer_yes=True,
        terminals_enabled=False,
        log_level="ERROR",
        contents_manager_class=Records,
        kernel_manager_class=Kernels,
    )
    config.Records.own = own
    config.AsyncFileCheckpoints.checkpoint_dir = str(folder / "checkpoints")
    config.KernelManager.transport = "ipc"
    config.KernelManager.ip = str(folder / "kernel")
    config.LabApp.update(
        extra_labextensions_path=[str(_EXTENSIONS)],
        app_settings_dir=str(folder / "settings"),
        user_settings_dir=str(folder / "user"),
        workspaces_dir=str(folder / "workspaces"),
        check_for_updates_class="jupyterlab.NeverCheckForUpdate",
        news_url=None,
        extension_manager="readonly",
        log_level="ERROR",
    )
    return {"config": config}


@contextmanager
def _environment(folder: Path, told: Mapping[str, str]) -> Iterator[None]:
    from jupyterlab_server.workspaces_handler import WorkspacesManager

    before = dict(os.environ)
    (folder / "settings").mkdir()
    (folder / "settings" / "overrides.json").write_text(json.dumps(_SETTINGS), encoding="utf-8")
    (folder / "settings" / "page_config.json").write_text(json.dumps(_PAGE), encoding="utf-8")
    WorkspacesManager(str(folder / "workspaces")).save("default", json.dumps(_LAYOUT))
    for name in _NOT_THE_USERS:
        os.environ.pop(name, None)
    os.environ |= {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        **told,
    }
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
