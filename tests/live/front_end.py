"""A real kernel with a test as its front end: it keeps what a notebook would show, and clicks without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from jupyter_client.session import Session

from onemata_helpers.notebook import template, with_values

LONG = 120
"""Seconds after which a test gives up, on any machine."""


class OfAnEditor(Session):
    """Numbers its messages as front ends do that are no Python program."""

    @property
    def msg_id(self) -> str:
        return str(uuid4())


@contextmanager
def front_end(folder: Path, *, questions: bool = True) -> Iterator[FrontEnd]:
    """A front end to a kernel in a folder. Without `questions` it says that it cannot answer any."""
    kernel = KernelManager(kernel_name="python3", transport="ipc", ip=str(folder / "kernel"))
    kernel.start_kernel(cwd=str(folder))
    client = kernel.blocking_client()
    client.session = OfAnEditor(key=kernel.session.key)
    client.start_channels()
    try:
        client.wait_for_ready(timeout=LONG)
        yield FrontEnd(client, questions=questions)
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)


class FrontEnd:
    """What its notebook shows, by the ids of the outputs, and the widgets that the kernel has.

    `history` is the text of all that was ever shown, `printed` what was printed. As a page does, it tells what it is
    asked for by links, unless it has none.
    """

    def __init__(self, client: BlockingKernelClient, *, questions: bool) -> None:
        self._client, self._questions = client, questions
        self.links = True
        self._unanswered: list[tuple[str, ...]] = []
        self.history: list[str] = []
        self.printed: list[str] = []
        self._outputs: dict[str, dict[str, Any]] = {}
        self._widgets: dict[str, dict[str, Any]] = {}

    @property
    def shown(self) -> str:
        """All that the notebook shows, as text."""
        return "\n".join(str(output.get("text/plain", "")) for output in self._outputs.values())

    def run(self, source: str) -> str:
        """Run a cell to its end; whether it ended `ok`, or with `error`."""
        sent = self._client.execute(source, allow_stdin=self._questions)
        while not self._takes(self._client.get_iopub_msg(timeout=LONG), sent):
            pass
        while True:  # to what was asked to see whether the kernel is ready, more than one answer may come
            answer = self._client.get_shell_msg(timeout=LONG)
            if answer["parent_header"].get("msg_id") == sent:
                return str(answer["content"]["status"])

    def run_all(self, service: str, *, cells: int | None = None, **changes: Any) -> None:
        """Run the service's notebook with these values, or its first cells, as far as they end well."""
        code = [cell for cell in with_values(template(service), changes)["cells"] if cell["cell_type"] == "code"]
        for cell in code[:cells]:
            if self.run("".join(cell["source"])) != "ok":
                return

    def until(self, text: str) -> None:
        """Take what the kernel sends until this is shown."""
        while text not in self.shown:
            self._takes(self._client.get_iopub_msg(timeout=LONG), "")

    def click(self, label: str) -> None:
        """Click the newest button whose label begins so."""
        self.click_on(self._widget(label))

    def click_on(self, button: str) -> None:
        """Click this button, also where there is a newer one."""
        self._send(button, {"method": "custom", "content": {"event": "click"}})

    def buttons(self, label: str) -> list[str]:
        """All buttons so far whose label begins so."""
        return [key for key, each in self._widgets.items() if (each.get("description") or "").startswith(label)]

    def type_into(self, label: str, text: str) -> None:
        """Fill in the newest field with this label."""
        self._send(self._widget(label), {"method": "update", "state": {"value": text}, "buffer_paths": []})

    def until_said(self, text: str) -> None:
        """Take what the kernel sends until a widget holds this."""
        while not any(text in str(each.get("value")) for each in self._widgets.values()):
            self._takes(self._client.get_iopub_msg(timeout=LONG), "")

    def answer(self) -> None:
        """Do what links do on a page when they begin."""
        for source, attribute, target, other in self._unanswered:
            value = self._widgets[source.removeprefix("IPY_MODEL_")][attribute]
            answer = {"method": "update", "state": {other: value}, "buffer_paths": []}
            self._send(target.removeprefix("IPY_MODEL_"), answer)
        self._unanswered.clear()

    @contextmanager
    def another_page(self) -> Iterator[None]:
        """What is sent within, another page of the same notebook sends."""
        session = self._client.session
        before, session.session = session.session, "another"
        try:
            yield
        finally:
            session.session = before

    def _widget(self, label: str) -> str:
        """The newest widget with this label, as soon as there is one."""
        while True:
            found = [key for key, each in self._widgets.items() if each.get("description", "").startswith(label)]
            if found:
                return found[-1]
            self._takes(self._client.get_iopub_msg(timeout=LONG), "")

    def _send(self, comm: str, data: dict[str, Any]) -> None:
        message = self._client.session.msg("comm_msg", {"comm_id": comm, "data": data})
        self._client.shell_channel.send(message)

    def _takes(self, message: dict[str, Any], sent: str) -> bool:
        """Take a message of the kernel; whether it says that what was sent has ended."""
        kind, content = message["msg_type"], message["content"]
        if kind in ("display_data", "update_display_data", "execute_result"):
            output = content.get("transient", {}).get("display_id") or message["header"]["msg_id"]
            self._outputs[output] = content["data"]
            self.history.append(content["data"].get("text/plain", ""))
        elif kind == "stream":
            self.printed.append(content["text"])
        elif kind == "comm_open":
            self._widgets[content["comm_id"]] = state = content["data"]["state"]
            if state.get("_model_name") == "DirectionalLinkModel":
                self._unanswered.append((*state["source"], *state["target"]))
                if self.links:
                    self.answer()
        elif kind == "comm_msg" and content["data"]["method"] == "update":
            self._widgets[content["comm_id"]] |= content["data"]["state"]
        idle = kind == "status" and content["execution_state"] == "idle"
        return bool(idle and message["parent_header"].get("msg_id") == sent)
