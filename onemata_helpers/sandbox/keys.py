"""The credentials of the sandbox, and whose they are."""

import secrets
import string
from dataclasses import dataclass

_ID_ALPHABET = string.ascii_uppercase + "234567"
_SECRET_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Key:
    """A long-lived access key of an account."""

    account: str
    id: str
    secret: str

    def __repr__(self) -> str:
        return f"Key({self.account}, {self.id})"


def new_secret() -> str:
    """A secret that nobody can guess, and that needs no escaping in a url."""
    return _text(_SECRET_ALPHABET, 40)


def new_key(account: str) -> Key:
    """A key that nobody can guess."""
    return Key(account, "AKIA" + _text(_ID_ALPHABET, 16), _text(_SECRET_ALPHABET, 40))


def _text(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
