"""What botocore works out anew for each client, and always the same: for all clients of the tests once.

The names of events, the arguments that its handlers take, and what the descriptions of services say.

It answers nothing in botocore's place: each value is what botocore's own function gave for the same question. The
commands, kernels and notebooks that tests start are processes of their own, and have botocore as everybody has it.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

from botocore import client, hooks
from botocore.client import ClientCreator
from botocore.hooks import EventAliaser, HierarchicalEmitter
from botocore.model import ServiceModel


def work_out_once() -> None:
    """In this process, from now on."""
    translated = cache(EventAliaser(HierarchicalEmitter())._alias_event_name)  # type: ignore[attr-defined]
    EventAliaser._alias_event_name = lambda _, name: translated(name)  # type: ignore[attr-defined]
    hooks.accepts_kwargs = lru_cache(500)(hooks.accepts_kwargs)  # which may hold a whole client
    setattr(client, "ServiceModel", _model)  # noqa: B010
    setattr(ClientCreator, "_create_methods", _methods)  # noqa: B010


_AT_MOST = 50
_models: dict[tuple[int, str], ServiceModel] = {}
_made: dict[ServiceModel, dict[str, Any]] = {}
_create_methods = ClientCreator._create_methods  # type: ignore[attr-defined]


def _model(description: dict[str, Any], service_name: str) -> ServiceModel:
    """One for each description that was read. It holds it, so that no other can get its id."""
    key = (id(description), service_name)
    if key not in _models:
        if len(_models) >= _AT_MOST:  # those of sandboxes and sessions that have long ended
            _models.clear()
            _made.clear()
        _models[key] = ServiceModel(description, service_name)
    return _models[key]


def _methods(creator: ClientCreator, model: ServiceModel) -> dict[str, Any]:
    if model not in _made:
        _made[model] = _create_methods(creator, model)
    return dict(_made[model])
