"""Instead of `aws`: has the server fork a process that is this one in all that the AWS CLI sees, and waits for its end.

Run with the server's address, the real program, and the program's arguments.
"""

import marshal
import os
import sys
from _socket import AF_UNIX, SCM_RIGHTS, SOL_SOCKET, socket  # `socket` takes as long to load as Python
from array import array

address, program, *arguments = sys.argv[1:]


NO_MATTER = ("PYTHONDONTWRITEBYTECODE", "PYTHONUSERBASE")
"""The second has no say in a virtual environment, which has no folder of the user's."""
AT_THE_START = ("LC_", "LANG", "PYTHON", "AWS_NEW_RETRIES", "BOTO_")
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
    server = socket(AF_UNIX)
    server.connect(address)
    server.sendmsg([b" "], [(SOL_SOCKET, SCM_RIGHTS, array("i", [0, 1, 2]))])
    message = marshal.dumps(request)
    server.sendall(len(message).to_bytes(8, "big") + message)
    return int(server.recv(16))


if not _is_like_the_server():
    os.execv(program, [program, *arguments])
code = _ask()
if code < 0:
    os.kill(os.getpid(), -code)
sys.exit(code)
