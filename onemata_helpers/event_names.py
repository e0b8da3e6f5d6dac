"""botocore's events: what it does at each is registered once, and whether a name is an old one is seen at once.

botocore itself registers 130 handlers anew for each session, and goes through its whole table of old names for each
event of each client; a call has a dozen.
"""

from __future__ import annotations

from copy import copy
from functools import cache

import botocore.session
from botocore.hooks import EventAliaser, HierarchicalEmitter
from botocore.utils import EVENT_ALIASES

# An old name may have several parts; then the first of them stands in the event's name, too.
_OLD = frozenset(old.split(".")[0] for old in EVENT_ALIASES)


class _Events(EventAliaser):
    def _alias_event_name(self, event_name: str) -> str:
        if _OLD.isdisjoint(event_name.split(".")):
            return event_name
        known_by: str = super()._alias_event_name(event_name)  # type: ignore[misc]
        return known_by


def new_session() -> botocore.session.Session:
    """A session of botocore's that has read nothing yet. What is registered with it, no other one hears."""
    handlers = copy(_handlers())
    session = botocore.session.Session(event_hooks=handlers, include_builtin_handlers=False)
    session._events = _Events(handlers)  # type: ignore[attr-defined]
    session.register_component("event_emitter", session._events)  # type: ignore[attr-defined]
    return session


@cache
def _handlers() -> HierarchicalEmitter:
    """botocore's own, which know nothing of a session."""
    handlers: HierarchicalEmitter = botocore.session.Session()._events._emitter  # type: ignore[attr-defined]
    return handlers
