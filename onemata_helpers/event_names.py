"""botocore's events, of which each call has a dozen: whether a name is an old one is seen at once.

botocore itself goes through its whole table of old names for each event of each client.
"""

from __future__ import annotations

import botocore.session
from botocore.hooks import EventAliaser
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
    """A session of botocore's that has read nothing yet."""
    session = botocore.session.Session()
    session._events = _Events(session._events._emitter)  # type: ignore[attr-defined]
    session.register_component("event_emitter", session._events)  # type: ignore[attr-defined]
    return session
