"""HTTP/1.1 on loopback, with a thread for each connection, and connections that stay open for the next request.

werkzeug's own handler closes each, since its applications may leave a request half read. The gate reads all of it.
"""

import socket
from collections.abc import Callable, Iterable
from threading import Thread
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, ThreadedWSGIServer

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class _Handler(MotoRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request."""
        environ = self.make_environ()
        status, headers = "", list[tuple[str, str]]()

        def start_response(*started: Any) -> Callable[[bytes], object]:
            nonlocal status, headers
            status, headers, *_ = started
            return self.wfile.write

        body = b"".join(self.server.app(environ, start_response))
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        named = {name.lower() for name, _ in headers}
        if "content-length" not in named and self.command != "HEAD":
            headers = [*headers, ("Content-Length", str(len(body)))]
        if "transfer-encoding" in self.headers:  # which is not read
            headers = [*headers, ("Connection", "close")]
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log(self, *_: Any, **__: Any) -> None:
        """Say nothing: a notebook's output is no place for a server's log."""


class HttpServer(ThreadedWSGIServer):
    """Serves the application at a free port of 127.0.0.1, from `start` until `stop`."""

    def __init__(self, application: Application) -> None:
        super().__init__("127.0.0.1", 0, application, _Handler)
        self._open: set[socket.socket] = set()
        self._thread = Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def is_running(self) -> bool:
        """Whether it answers."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port, and every connection."""
        close(self, self._thread)
        for connection in list(self._open):
            _hang_up(connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer on this connection until it is closed."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """A connection has come to its end."""
        self._open.discard(request)
        super().shutdown_request(request)


def close(server: BaseWSGIServer, thread: Thread) -> None:
    """Close the port of a server that the thread serves."""
    _hang_up(server.socket)  # wakes the thread, which waits for the next connection
    server.shutdown()
    thread.join()
    server.server_close()


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:  # it has come to its end by itself, or the system does not do this to a port
        return
