"""Files that a kill at any moment leaves whole, and that never take another's place."""

from __future__ import annotations

import os
import stat
import tempfile
from errno import EINVAL, ENOTDIR
from pathlib import Path


def read_file(path: Path) -> bytes:
    """What an ordinary file holds. Raises OSError, also for what is none: to read a pipe would wait for ever."""
    with open(path, "rb", opener=_open_without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(EINVAL, "it is no ordinary file", str(path))
        return file.read()


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def replace_file(path: Path, content: str | bytes) -> None:
    """Write a file so that a kill at any moment leaves the old content or the new one, never half of it.

    A link is replaced, and not followed. Raises OSError.
    """
    _make(path.parent)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}."[:100])
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet. Raises FileExistsError if there is one, and any other OSError.

    If it cannot be written, as on a full disk, there is none.
    """
    take(path)
    try:
        replace_file(path, text)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def take(path: Path) -> None:
    """Make an empty file that nobody else has. Raises FileExistsError if there is one, and any other OSError."""
    _make(path.parent)
    path.touch(exist_ok=False)


def try_folder(folder: Path) -> None:
    """Make a folder if need be, write a file there, and remove the file. Raises OSError."""
    _make(folder)
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(100_000))  # a record with its notebook


def _make(folder: Path) -> None:
    """Make a folder if need be. A file in its place must not be taken for the file that is to be in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR), str(folder)) from error
