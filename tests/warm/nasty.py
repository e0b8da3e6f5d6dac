"""A notebook that does all that a notebook can do to its kernel, each cell in a way that always ends the same."""

from __future__ import annotations

from typing import Any

import nbformat

_MAY_FAIL = ["raises-exception"]

# (source, tags). A stream is flushed where its order beside another matters: both go through buffers of their own.
_CELLS: list[tuple[str, list[str]]] = [
    ("who = 'nobody'", ["parameters"]),
    (
        "import sys\n"
        "for n in range(3):\n"
        "    print('out', n, flush=True)\n"
        "    print('err', n, file=sys.stderr, flush=True)\n"
        "print('the end')",
        [],
    ),
    ("from IPython.display import *\ndisplay(HTML('<b>x</b>'))", []),
    ("shown = display('first', display_id='one')\ndisplay('second')\nprint('between')\n'result'", []),
    ("update_display(Markdown('*changed later*'), display_id='one')\ndisplay('again', display_id='one')", []),
    ("print('gone')\nclear_output()\nprint('gone, too')\nclear_output(wait=True)\nprint('stays')", []),
    ("1 / 0", _MAY_FAIL),
    ("def f(n):\n    return f(n - 1) if n else {}['key']\nf(3)", _MAY_FAIL),
    ("this is no Python", _MAY_FAIL),
    ("raise SystemExit(3)", _MAY_FAIL),
    ("raise KeyboardInterrupt", _MAY_FAIL),
    ("import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(60)", _MAY_FAIL),
    ("input('who are you?')", _MAY_FAIL),
    ("print('x' * 2_000_000)", []),
    ("'y' * 300_000", []),
    (
        "import subprocess, threading\n"
        "def until_seen(text, owner, name, act):\n"
        "    'Act, and wait until what this writes has gone the way that another thread takes it.'\n"
        "    seen, method = threading.Event(), getattr(type(owner), name)\n"
        "    def noting(what, *args, **kwargs):\n"
        "        method(owner, what, *args, **kwargs)\n"
        "        if text in (what if isinstance(what, str) else b''.join(what).decode()):\n"
        "            seen.set()\n"
        "    setattr(owner, name, noting)\n"
        "    act()\n"
        "    assert seen.wait(60)\n"
        "    delattr(owner, name)\n"
        "until_seen('descriptor', sys.stdout, 'write', lambda: os.write(1, b'to the descriptor\\n'))",
        [],
    ),
    ("until_seen('of', sys.stdout, 'write', lambda: subprocess.run(['sh', '-c', 'echo of a process']))", []),
    ("until_seen('its', sys.stderr, 'write', lambda: subprocess.run(['sh', '-c', 'echo its error >&2']))", []),
    ("!echo of a shell", []),
    ("def in_thread():\n    print('of a thread')\n    display('shown by a thread')", []),
    ("t = threading.Thread(target=in_thread)\nt.start()\nt.join()\nprint('joined')", []),
    ("import asyncio\nawait asyncio.sleep(0)\nprint('awaited')", []),
    ("await asyncio.sleep(0)\n1 / 0", _MAY_FAIL),
    ("sleep = asyncio.sleep(0)\ntry:\n    asyncio.run(sleep)\nfinally:\n    sleep.close()", _MAY_FAIL),
    ("import warnings\nwarnings.warn('careful')", []),
    ("import logging\nlogging.getLogger('x').warning('logged')\nlogging.basicConfig(level='DEBUG')", []),
    ("import random, uuid\nprint('\\x1b[31mred\\x1b[0m', 'a\\rb', '\\u2028', 'ü', '\\U0001f600')", []),
    ("class Odd:\n    def _repr_mimebundle_(self, **_):\n        return {'application/json': {'a': [1]}}\nOdd()", []),
    ("class Broken:\n    def __repr__(self):\n        raise ValueError('no')\nBroken()", _MAY_FAIL),
    ("class Png:\n    def _repr_png_(self):\n        return b'\\x89PNG\\r\\n\\x1a\\n' + bytes(30)\nPng()", []),
    ("import ipywidgets\nipywidgets.IntSlider(value=3)", []),
    # Not `with output:`: on a busy machine nbclient then waits for a real kernel for ever, now and then.
    ("output = ipywidgets.Output()\ndisplay(output)\noutput.append_stdout('inside')", []),
    ("%%capture kept\nprint('kept')", []),
    ("kept.show()\n%env NOWHERE=1", []),
    ("sys.stdout.write('no line end')", []),
    ("who, __name__, type(get_ipython()).__name__, sys.path[0], os.environ['NOWHERE'], In[1], sorted(Out)[:3]", []),
    ("import multiprocessing\nother = multiprocessing.get_context('fork').Process(target=print, args=('of a fork',))\n"
     "def fork():\n    other.start()\n    other.join()\n"
     "until_seen('of a fork', get_ipython().kernel.iopub_thread, '_really_send', fork)", []),
    ("%time 1 + 1; None\nsys.stdout.isatty(), sys.stdin.isatty()", []),
    ("get_ipython().run_cell_magic('bash', '', 'echo in bash; exit 3')", _MAY_FAIL),
    ("", []),
    ("raise RuntimeError('this ends it')", []),
    ("print('never')", []),
]  # fmt: skip


def nasty() -> Any:
    """The notebook."""
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})  # type: ignore[no-untyped-call]
    notebook.metadata["language_info"] = {"name": "python"}
    for number, (source, tags) in enumerate(_CELLS):
        cell = nbformat.v4.new_code_cell(source, id=f"cell-{number}", metadata={"tags": tags})  # type: ignore[no-untyped-call]
        notebook.cells += [nbformat.v4.new_markdown_cell("Prose.", id=f"prose-{number}"), cell]  # type: ignore[no-untyped-call]
    return notebook
