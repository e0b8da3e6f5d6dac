"""Instead of `aws`: has the server fork a process that is this one in all that the AWS CLI sees, and waits for its end.

Run with the server's address, the real program, and the program's arguments.
"""

import json
import os
import socket
import sys

address, program, *arguments = sys.argv[1:]


NO_MATTER = ("PYTHONDONTWRITEBYTECODE", "PYTHONUSERBASE")
"""The second has no say in a virtual environment, which has no folder of the user's."""
AT_THE_START = ("LC_", "LANG", "PYTHON", "AWS_DATA_PATH", "AWS_NEW_RETRIES", "BOTO_")
"""What Python and the AWS CLI look at when they are loaded, and so cannot be made up for later."""


def _is_like_the_server() -> bool:
    given = {name: value for name, value in os.environ.items() if name not in NO_MATTER}
    if given.get("LC_CTYPE") == "C.UTF-8":  # which Python sets by itself
        del given["LC_CTYPE"]
    return os.path.isdir(given.get("HOME", "")) and not any(name.startswith(AT_THE_START) for name in given)  # noqa: PTH112


def _ask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    request = {"arguments": arguments, "environment": dict(os.environ), "folder": os.getcwd(), "umask": mask}  # noqa: PTH109
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        socket.send_fds(server, [b"{"], [0, 1, 2])
        server.sendall(json.dumps(request).encode()[1:] + b"\n")
        return int(server.recv(16))


if not _is_like_the_server():
    os.execv(program, [program, *arguments])
code = _ask()
if code < 0:
    os.kill(os.getpid(), -code)
sys.exit(code)
