"""Which files the session's JupyterLab may write, and how a notebook becomes a record when it is saved."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError
from traitlets import Unicode

from ..files import replace_file
from ..notebook import kept, named_record
from .frontend import masked
from .mask import HiddenAccounts

_STAYS = "This file stays as it is: of notebooks and records only the one that `onemata open` began is written."


class Records(AsyncLargeFileManager):
    """Jupyter's files, of which one notebook can be written: the record of this session.

    Templates and earlier records stay as they are. Other files, like a client's parameters, can be edited. Where
    account ids are hidden on the screen, they are hidden in what is read from here, and stay in what is written.
    """

    own = Unicode(help="The path of this session's notebook; empty: none can be written.").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._hidden = HiddenAccounts()

    async def get(self, path: str, *args: Any, **kwargs: Any) -> Any:
        model = await super().get(path, *args, **kwargs)  # type: ignore[no-untyped-call]
        if not self._may_write(path):
            model["writable"] = False
        if masked() and model.get("format") in ("json", "text") and model["type"] != "directory":
            model["content"] = self._hidden.hide(model["content"], code=path.strip("/") != self.own)
        return model

    async def save(self, model: dict[str, Any], path: str = "") -> Any:
        if not self._may_write(path):
            raise HTTPError(403, _STAYS)
        if model.get("content"):
            model = model | {"content": self._hidden.restore(model["content"])}
        if model.get("type") == "notebook" and model.get("content"):
            folder = (Path(self.root_dir) / path.strip("/")).parent
            model = model | {"content": kept(model["content"], named_record(model["content"], folder))}
        return await super().save(model, path)  # type: ignore[no-untyped-call]

    async def rename_file(self, old_path: str, new_path: str) -> Any:
        self._refuse_if_kept(old_path, new_path)
        return await super().rename_file(old_path, new_path)  # type: ignore[no-untyped-call]

    async def restore_checkpoint(self, checkpoint_id: str, path: str) -> Any:
        if not self._may_write(path):
            raise HTTPError(403, _STAYS)
        return await super().restore_checkpoint(checkpoint_id, path)  # type: ignore[no-untyped-call]

    async def delete_file(self, path: str) -> Any:
        self._refuse_if_kept(path)
        return await super().delete_file(path)  # type: ignore[no-untyped-call]

    @contextmanager
    def atomic_writing(self, os_path: str, text: bool = True, **_: Any) -> Iterator[IO[Any]]:
        """Jupyter's own empties the file before it writes it."""
        whole: IO[Any] = io.StringIO() if text else io.BytesIO()
        with self.perm_to_403(os_path):
            yield whole
            whole.seek(0)
            content = whole.read()
            # Half characters as JSON has them: only notebooks are written as text.
            replace_file(Path(os_path).resolve(), content.encode("utf-8", "backslashreplace") if text else content)

    def _may_write(self, path: str) -> bool:
        return path.strip("/") == self.own or not self._is_kept(path)

    def _refuse_if_kept(self, *paths: str) -> None:
        if any(map(self._is_kept, paths)):
            raise HTTPError(403, "Records and notebooks are not moved or deleted here.")

    def _is_kept(self, path: str) -> bool:
        """Whether it is a notebook or a record, or lies with the records, by whichever name it is reached."""
        root = Path(self.root_dir).resolve()
        place = (root / path.strip("/")).resolve()
        below = place.relative_to(root).parts if place.is_relative_to(root) else place.parts
        return place.suffix.lower() in (".ipynb", ".json") or "records" in below
