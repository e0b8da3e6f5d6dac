"""Each notebook's process is its own: nothing of another is in it, and its end is seen, told and complete."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import psutil
import pytest
from nbclient.exceptions import DeadKernelError

from onemata_helpers.warm import process
from onemata_helpers.warm.process import NotForked, Process, Warm, warm

from ..processes import LONG, running
from .small import printed, run_in


@pytest.fixture
def own_warm() -> Iterator[Warm]:
    """A server that a test may harm."""
    server = Warm()
    yield server
    server.stop()


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def has_ended(process_id: int) -> bool:
    """Whether it runs no more, also where nobody waits for it: a container's first process may not."""
    try:
        return psutil.Process(process_id).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def later(path: Path, sign: str, act: Callable[[], None]) -> Thread:
    """Act as soon as the saved notebook shows a sign."""

    def wait() -> None:
        until(lambda: path.exists() and sign in path.read_text())
        act()

    thread = Thread(target=wait)
    thread.start()
    return thread


def test_nothing_of_one_is_in_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the first client")
    monkeypatch.chdir(tmp_path)
    changes = (
        "import os, sys, builtins, json, tempfile\n"
        "print(os.environ['AWS_SECRET_ACCESS_KEY'], os.getcwd())\n"
        "os.environ['LEFT'] = 'x'; os.chdir('/'); builtins.left = json.left = 'x'; sys.path.append('/left')\n"
        "kept = open(tempfile.mkstemp()[0])\n"
        "from onemata_helpers import redaction; redaction._REMOVED = 'x'"
    )
    with warm.fork() as process:
        assert run_in(process, tmp_path / "one.ipynb", changes) == [f"of the first client {tmp_path}\n"]
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    looks = (
        "import os, sys, builtins, json\n"
        "from onemata_helpers import redaction\n"
        "print([name for name in os.environ if name in ('LEFT', 'AWS_SECRET_ACCESS_KEY')], os.getcwd())\n"
        "print(hasattr(builtins, 'left'), hasattr(json, 'left'), '/left' in sys.path, redaction._REMOVED)"
    )
    with warm.fork() as process:
        shown = run_in(process, tmp_path / "two.ipynb", looks)
    assert shown == [f"[] {tmp_path}\nFalse False False [removed]\n"]


def test_what_is_random_is_so_in_each(tmp_path: Path) -> None:
    cell = (
        "import random, secrets, uuid, tempfile, ssl\n"
        "for made in (random.random(), secrets.token_hex(), uuid.uuid4(), uuid.uuid1(), ssl.RAND_bytes(9),\n"
        "             next(tempfile._get_candidate_names())):\n"
        "    print(made)"
    )
    drawn = []
    for _ in range(2):
        with warm.fork() as process:
            drawn += run_in(process, tmp_path / "random.ipynb", cell)[0].split("\n")[:-1]
    assert len(drawn) == 12
    assert len(set(drawn)) == 12


def test_it_has_no_file_or_socket_of_another(tmp_path: Path) -> None:
    """What is open beside the three streams is its own: the socket to the runner, and what the kernel opened."""
    with open(tmp_path / "of the runner", "w"), warm.fork() as other, warm.fork() as process:  # noqa: PTH123
        assert warm._server is not None
        for known in (other.pid, warm._server.pid):
            until(lambda: connections(process.pid).isdisjoint(connections(known)))  # noqa: B023 - it is called at once
        assert not [name for name in opened(process.pid) if "of the runner" in name]
        for each in (other, process):
            run_in(each, tmp_path / "end.ipynb", "")


def opened(pid: int) -> set[str]:
    found = set()
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed just now
            found.add(str(path.readlink()))
    return found


def connections(pid: int) -> set[str]:
    return {name for name in opened(pid) if name.startswith(("socket:", "pipe:"))}


def test_the_warm_process_holds_no_credentials(own_warm: Warm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the client")
    own_warm.start()
    assert own_warm._server is not None
    server = psutil.Process(own_warm._server.pid)
    until(lambda: server.environ())
    assert not [name for name in server.environ() if name.startswith("AWS_")]


def test_it_has_read_what_will_be_called_and_no_more(own_warm: Warm, tmp_path: Path) -> None:
    cell = (
        "from pathlib import Path\n"
        "from onemata_helpers.practice import practise\n"
        "from onemata_helpers.service_descriptions import descriptions\n"
        "def tell(_, path): print(Path(path).parts[-3]); raise LookupError\n"
        "type(descriptions().file_loader).load_file = tell\n"
        "practise({'iam': 'list_roles', 'redshift': 'describe_clusters'})\n"
        "practise({'ec2': 'describe_instances'})"
    )
    own_warm.start({"iam", "redshift"})
    with own_warm.fork() as process:
        assert run_in(process, tmp_path / "made.ipynb", cell) == ["ec2\nLookupError"]


def test_a_terminals_ctrl_c_does_not_reach_it() -> None:
    with warm.fork() as process:
        until(lambda: os.getsid(process.pid) == process.pid)
        assert os.getpgid(process.pid) == process.pid
        process.kill()


def test_it_is_not_ended_by_what_asks_all_processes_of_a_service_to_end(own_warm: Warm, tmp_path: Path) -> None:
    cell = (
        "import os, signal, subprocess\n"
        "for each in (os.getpid(), os.getppid()): os.kill(each, signal.SIGTERM)\n"
        "started = subprocess.Popen(['sleep', '60'])\n"
        "started.terminate()\n"
        "print(started.wait(30))"
    )
    with own_warm.fork() as process:
        assert run_in(process, tmp_path / "one.ipynb", cell, "print('next')") == ["-15\n", "next\n"]
    with own_warm.fork() as process:
        assert run_in(process, tmp_path / "two.ipynb", "print('another')") == ["another\n"]
    assert own_warm._runs()


def test_ctrl_c_beside_a_cell_is_nothing(tmp_path: Path) -> None:
    """Neither before the first request, nor before or after a cell while its answer is made."""
    cell = (
        "import os, signal\n"
        "kernel = get_ipython().kernel\n"
        "kernel.init_metadata = lambda _: os.kill(os.getpid(), signal.SIGINT) or {}\n"
        "kernel.finish_metadata = lambda _, metadata, __: os.kill(os.getpid(), signal.SIGINT) or metadata"
    )
    with warm.fork() as process:
        os.kill(process.pid, signal.SIGINT)
        assert run_in(process, tmp_path / "beside.ipynb", cell, "print('well')") == ["", "well\n"]


def test_ctrl_c_right_beside_a_cells_code_fails_the_cell(tmp_path: Path) -> None:
    """IPython does not catch it there, and gives no answer, for which nbclient would wait for ever."""
    cell = (
        "import os, signal\n"
        "payloads = get_ipython().payload_manager\n"
        "payloads.read_payload = lambda: os.kill(os.getpid(), signal.SIGINT)"
    )
    with warm.fork() as process:
        shown = run_in(process, tmp_path / "right beside.ipynb", f"print('well')\n{cell}", "print('never')")
    assert shown == ["well\nKeyboardInterrupt", ""]


def test_an_interrupt_breaks_no_message_in_two(tmp_path: Path) -> None:
    """A cell sends what it shows by itself, and much of it is half sent at any time."""
    cell = (
        "import os, signal, threading, time\n"
        "def interrupt():\n"
        "    for _ in range(20):\n"
        "        time.sleep(0.02)\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "thread = threading.Thread(target=interrupt)\n"
        "thread.start()\n"
        "while thread.is_alive():\n"
        "    try:\n"
        "        display('x' * 3_000_000, display_id='one')\n"
        "        update_display('', display_id='one')\n"
        "    except KeyboardInterrupt:\n"
        "        pass"
    )
    with warm.fork() as process:
        run_in(process, tmp_path / "much.ipynb", f"from IPython.display import display, update_display\n{cell}")


def test_what_threads_print_is_whole_and_in_its_cell(tmp_path: Path) -> None:
    cells = [
        "import sys, threading\n"
        "def say(name):\n"
        "    for n in range(200):\n"
        "        sys.stdout.write(f'{name}{n} ')\n"
        "threads = [threading.Thread(target=say, args=(each,)) for each in 'ab']\n"
        "[each.start() for each in threads]\n"
        "say('c')\n"
        "[each.join() for each in threads]; None",
        "print('the next')",
    ]
    with warm.fork() as process:
        first, second = run_in(process, tmp_path / "threads.ipynb", *cells)
    assert sorted(first.split()) == sorted([f"{name}{n}" for name in "abc" for n in range(200)])
    assert second == "the next\n"


def test_what_was_printed_before_a_kill_is_in_the_notebook_and_what_it_started_ends_too(tmp_path: Path) -> None:
    path = tmp_path / "killed.ipynb"
    cell = (
        "import subprocess, time\nchild = subprocess.Popen(['sleep', '600'], start_new_session=False)\n"
        "print(child.pid, 'star' + 'ted', flush=True)\ntime.sleep(600)"
    )
    with warm.fork() as process:
        thread = later(path, "started", process.kill)
        with pytest.raises(DeadKernelError):
            run_in(process, path, "print('done')", cell)
        thread.join()
        assert process.exit_code() == -signal.SIGKILL
    done, begun = printed(path)
    assert done == "done\n"
    child = int(begun.split()[0])
    until(lambda: has_ended(child))


def test_an_exit_is_seen_with_its_code(tmp_path: Path) -> None:
    with warm.fork() as process:
        with pytest.raises(DeadKernelError):
            run_in(process, tmp_path / "exit.ipynb", "import os\nos._exit(7)")
        assert process.exit_code() == 7


def test_a_signal_after_its_end_reaches_nobody(tmp_path: Path) -> None:
    with warm.fork() as process:
        run_in(process, tmp_path / "short.ipynb", "1")
    with warm.fork() as other:
        process.kill()
        assert run_in(other, tmp_path / "other.ipynb", "print('well')") == ["well\n"]


def test_a_notebook_survives_the_server_and_the_next_has_a_new_one(own_warm: Warm, tmp_path: Path) -> None:
    with own_warm.fork() as process:
        assert own_warm._server is not None
        own_warm._server.kill()
        own_warm._server.wait(LONG)
        assert run_in(process, tmp_path / "orphan.ipynb", "print('well')") == ["well\n"]
    with own_warm.fork() as process:
        assert run_in(process, tmp_path / "next.ipynb", "print('well')") == ["well\n"]


def test_when_the_runner_is_killed_nothing_stays(tmp_path: Path) -> None:
    path = tmp_path / "left.ipynb"
    runner = (
        "from pathlib import Path\n"
        "from onemata_helpers.warm.process import warm\n"
        "from tests.warm.small import run_in\n"
        "with warm.fork() as process:\n"
        f"    run_in(process, Path({str(path)!r}), \"print('be' + 'gun', flush=True)\\nimport time; time.sleep(600)\")"
    )
    with running([sys.executable, "-c", runner], cwd=tmp_path) as process:
        until(lambda: path.exists() and "begun" in path.read_text())
        started = psutil.Process(process.pid).children(recursive=True)
        process.kill()
    assert len(started) == 2
    until(lambda: all(has_ended(each.pid) for each in started))


def test_a_warm_process_with_a_thread_does_not_fork(
    own_warm: Warm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ['PYTHONPATH']}")
    with pytest.raises(NotForked, match="the warm process has 2 threads"):
        own_warm.fork()


def test_nothing_is_forked_where_the_system_cannot(own_warm: Warm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    with pytest.raises(NotForked, match="cannot be forked safely"):
        own_warm.fork()


def test_a_server_that_does_not_heed_its_end_is_killed(
    own_warm: Warm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import time\ntime.sleep(600)")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ['PYTHONPATH']}")
    monkeypatch.setattr(process, "_ENDING", 0.1)
    own_warm.start()
    server = own_warm._server
    assert server is not None
    own_warm.stop()
    assert server.returncode == -signal.SIGKILL


def test_what_fails_while_loading_is_told(own_warm: Warm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['boto3'] = None")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ['PYTHONPATH']}")
    with pytest.raises(NotForked, match="ModuleNotFoundError"):
        own_warm.fork()


def test_many_at_once(tmp_path: Path) -> None:
    processes = [warm.fork() for _ in range(8)]
    assert len({process.pid for process in processes}) == 8
    shown: dict[int, list[str]] = {}

    def run(number: int, process: Process) -> None:
        with process:
            cell = f"import time\ntime.sleep(0.2)\nprint({number})"
            shown[number] = run_in(process, tmp_path / f"{number}.ipynb", cell, cell)

    threads = [Thread(target=run, args=each) for each in enumerate(processes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shown == {number: [f"{number}\n"] * 2 for number in range(8)}
    assert json.dumps(sorted(shown)) == "[0, 1, 2, 3, 4, 5, 6, 7]"
