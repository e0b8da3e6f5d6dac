"""Jupyter's messages over a stream socket: which channel, how long each part is, and the parts.

https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol (the parts)
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Sequence
from datetime import datetime
from threading import Lock
from typing import Any

from jupyter_client.session import DELIM, Session

Parts = list[bytes]
SHELL, IOPUB = "shell", "iopub"
READY = b"ready"
"""What the server says when it has loaded all; anything else is why it cannot fork."""


def new_session() -> Session:
    """Makes messages, and reads them. The key is no secret: only the two have the socket."""
    return Session(key=b"onemata")


def read_message(parts: Parts) -> dict[str, Any]:
    """A message, as `Session.deserialize` gives it, but faster: only where dates stand they are looked for."""
    _, _, *texts = parts[parts.index(DELIM) :]
    header, parent, metadata, content = map(json.loads, texts[:4])
    for each in (header, parent):
        if "date" in each:
            each["date"] = datetime.fromisoformat(each["date"])
    return {
        "header": header,
        "msg_id": header["msg_id"],
        "msg_type": header["msg_type"],
        "parent_header": parent,
        "metadata": metadata,
        "content": content,
        "buffers": [memoryview(each) for each in texts[4:]],
    }


class Outbox:
    """What Jupyter takes for a socket: one channel of a socket that several channels share."""

    def __init__(self, stream: socket.socket, channel: str, lock: Lock) -> None:
        self._stream, self._channel, self._lock = stream, channel, lock

    def send_multipart(self, parts: Sequence[bytes | memoryview], **_: object) -> None:
        """Send one message. Raises OSError when the other side is gone."""
        plain = [bytes(part) for part in parts]
        head = json.dumps([self._channel, *map(len, plain)]).encode() + b"\n"
        with self._lock:
            self._stream.sendall(b"".join([head, *plain]))


class Inbox:
    """Puts what comes in pieces together again."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def put(self, piece: bytes) -> Iterator[tuple[str, Parts]]:
        """The messages that are whole with this piece, each with its channel."""
        self._rest += piece
        while (end := self._rest.find(b"\n")) >= 0:
            channel, *sizes = json.loads(self._rest[:end])
            start, whole = end + 1, end + 1 + sum(sizes)
            if len(self._rest) < whole:
                return
            parts: Parts = []
            for size in sizes:
                parts.append(bytes(self._rest[start : start + size]))
                start += size
            del self._rest[:whole]
            yield channel, parts
