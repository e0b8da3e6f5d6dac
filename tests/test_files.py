"""Only what an ordinary file holds is read, also if something else came to be in its place a moment ago."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from onemata_helpers.files import read_file


def test_an_ordinary_file_is_read_whole_also_by_a_link(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(content := bytes(range(256)) * 1000)
    link.symlink_to(file)
    assert read_file(file) == read_file(link) == content


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_all_else_is_refused_without_waiting_and_is_not_left_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None]
) -> None:
    """Whoever looks before opening finds an ordinary file here: the other thing took its place in between."""
    file, other = tmp_path / "file", tmp_path / "other"
    file.touch()
    make(other)
    seen, before = file.stat(), psutil.Process().num_fds()
    monkeypatch.setattr(Path, "stat", lambda *_, **__: seen)
    with pytest.raises(OSError, match=r"it is no ordinary file|Is a directory"):
        read_file(other)
    monkeypatch.undo()
    assert psutil.Process().num_fds() == before
