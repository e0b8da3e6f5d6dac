"""The role of a client is signed in with once a batch, and each notebook of the client goes on with that session."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Lock

import psutil
import pytest
from moto.sts.models import sts_backends
from nbformat.v4 import new_code_cell

from onemata_helpers import execute
from onemata_helpers.batch import commands
from onemata_helpers.notebook import Notebook, template
from onemata_helpers.sandbox.wire.incoming_call import IncomingCall
from onemata_helpers.warm.process import warm

from .conftest import How, Which, records
from .many_accounts import Accounts, account, accounts

pytestmark = pytest.mark.usefixtures("kernels")


def server() -> psutil.Process:
    """The process that all notebooks are forked from."""
    warm.start()
    assert warm._server is not None
    return psutil.Process(warm._server.pid)


@contextmanager
def cores_are_kept() -> Iterator[None]:
    """Whatever crashes has its memory written to a file, unless it forbids that itself."""
    soft, hard = resource.prlimit(server().pid, resource.RLIMIT_CORE)
    resource.prlimit(server().pid, resource.RLIMIT_CORE, (hard, hard))
    yield
    resource.prlimit(server().pid, resource.RLIMIT_CORE, (soft, hard))


def secrets(number: int = 0, account_of: str = "") -> set[bytes]:
    """What STS gave for the roles of a client, or of an account, but for the key ids, which are no secrets."""
    given = sts_backends[account_of or account(number)]["aws"].assumed_roles
    assert given
    return {text.encode() for each in given for text in (each.secret_access_key, each.session_token)}


def files_with(folder: Path, *wanted: bytes) -> list[Path]:
    """The files in which one of these texts stands."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(each in path.read_bytes() for each in wanted)]


def in_memory(pid: int, texts: set[bytes]) -> bool:
    """Whether one of these texts is in the memory of a process."""
    areas = [line.split()[:2] for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for area, rights in areas:
            begin, end = (int(each, 16) for each in area.split("-"))
            if rights.startswith("rw") and any(text in _piece(memory.fileno(), begin, end) for text in texts):
                return True
    return False


def _piece(memory: int, begin: int, end: int) -> bytes:
    try:
        return os.pread(memory, end - begin, begin)
    except OSError:  # of the kernel's own
        return b""


def told_to_all(process: psutil.Process) -> bytes:
    """What a process is told in a way that others can read: its environment and its arguments."""
    return b"".join(Path(f"/proc/{process.pid}/{name}").read_bytes() for name in ("environ", "cmdline"))


def once(act: Callable[[], None]) -> Callable[[object], None]:
    """A hook that acts at the first call only; the others wait until that is done."""
    done, lock = list[bool](), Lock()

    def hook(_: object) -> None:
        with lock:
            if not done:
                done.append(True)
                act()

    return hook


def test_a_client_is_signed_in_to_once_and_only_its_notebooks_have_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Two clients with two services each. Both first notebooks run when the processes are looked into."""
    seen: dict[str, list[bool]] = {}
    told = list[bytes]()

    def look() -> None:
        notebooks = server().children()
        assert len(notebooks) == 2
        for name, process in (("server", server()), *(("notebook", each) for each in notebooks)):
            seen.setdefault(name, []).extend(in_memory(process.pid, secrets(number)) for number in (0, 1))
            told.append(told_to_all(process))

    monkeypatch.setattr(execute, "template", lambda service: and_its_environment(template(service)))
    with accounts(tmp_path, 2, "glue", "redshift", patch=monkeypatch) as found:
        found.hear("AssumeRole", "GetCallerIdentity")
        when_both_run(found, look)
        assert commands.run(Which(found.folders), How(jobs=2), "plan")
        given = secrets(0) | secrets(1)
    assert (found.count("AssumeRole"), found.count("GetCallerIdentity")) == (2, 6)
    assert seen["server"] == [False, False]
    assert sorted([seen["notebook"][:2], seen["notebook"][2:]]) == [[False, True], [True, False]]
    operators = {name: made.operator_arn for name, (made,) in records(tmp_path).items()}
    assert operators == {
        f"client-{n}/{service}": f"arn:aws:sts::{account(n)}:assumed-role/entry/onemata-runbooks"
        for n in range(2)
        for service in ("glue", "redshift")
    }
    assert len(list(tmp_path.rglob("*.ipynb"))) == len(list(tmp_path.glob("environment-*"))) == 4
    assert files_with(tmp_path, *given) == []
    told += [text.encode() for text in capfd.readouterr()]
    assert not [text for text in told if any(each in text for each in given)]


def and_its_environment(notebook: Notebook) -> Notebook:
    """A notebook that at its end also writes to a file what it would hand down to whatever it starts."""
    source = (
        "import os, pathlib\npathlib.Path(f'environment-{os.getpid()}').write_bytes(repr(dict(os.environb)).encode())"
    )
    notebook["cells"].append(new_code_cell(source))  # type: ignore[no-untyped-call]
    return notebook


def when_both_run(found: Accounts, look: Callable[[], None]) -> None:
    """Have it looked when notebooks of two clients are in the middle of a call: the first waits for the other."""
    both, here = Barrier(2, look), set[str]()

    def hook(call: IncomingCall) -> None:
        if call.account not in here:
            here.add(call.account)
            both.wait(60)

    found.box.before("GetRole", hook)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_notebook_that_dies_leaves_no_credentials_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    """Where the system would keep a crashed process's memory in a file, it does not keep that of a notebook."""

    def kill() -> None:
        (notebook,) = server().children()
        assert in_memory(notebook.pid, secrets(0))
        notebook.send_signal(number)
        psutil.wait_procs([notebook], timeout=60)

    with cores_are_kept(), accounts(tmp_path, 1, "glue", "redshift", patch=monkeypatch) as found:
        found.hear("AssumeRole")
        found.box.before("GetRole", once(kill))
        assert not commands.run(Which(found.folders), How(), "plan")
        given = secrets(0)
    outcomes = sorted(str(made.outcome) for (made,) in records(tmp_path).values())
    assert outcomes == ["failed", "planned"]
    assert found.count("AssumeRole") == 1
    assert files_with(tmp_path, *given) == []
    said = "".join(capfd.readouterr())
    assert f"by signal {number.value}" in said
    assert not [each for each in given if each.decode() in said]
