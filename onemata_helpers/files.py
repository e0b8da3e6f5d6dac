"""Files that a kill at any moment leaves whole, and that never take another's place."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace_file(path: Path, text: str) -> None:
    """Write a file so that a kill at any moment leaves the old text or the new one, never half of it.

    Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}."[:100])
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def take(path: Path) -> None:
    """Make an empty file that nobody else has. Raises FileExistsError if there is one, and OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(exist_ok=False)


def try_folder(folder: Path) -> None:
    """Make a folder if need be, write a file there, and remove the file. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(100_000))  # a record with its notebook
