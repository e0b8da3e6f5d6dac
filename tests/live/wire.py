"""What the kernel and the page tell each other, held back by a test as a slow line would."""

from __future__ import annotations

import re

from playwright.sync_api import Page, WebSocketRoute


class Wire:
    """The page's line to its kernel. While it is held, nothing of the kernel's arrives at the page."""

    def __init__(self, page: Page) -> None:
        self._until = b""
        self._held: list[tuple[WebSocketRoute, str | bytes]] = []
        page.route_web_socket(re.compile(r"/api/kernels/.*/channels"), self._connect)

    def hold(self, until: str) -> None:
        """From now on, until the kernel sends this text: then all arrives, in its order."""
        self._until = until.encode()

    def _connect(self, page: WebSocketRoute) -> None:
        page.connect_to_server().on_message(lambda message: self._tell(page, message))

    def _tell(self, page: WebSocketRoute, message: str | bytes) -> None:
        self._held.append((page, message))
        if self._until in (message if isinstance(message, bytes) else message.encode()):
            self._until = b""
        if not self._until:
            for to, each in self._held:
                to.send(each)
            self._held.clear()
