"""Bounded waiting, with the reason shown: AWS says a thing exists before it can be used."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import ClientError
from tenacity import (
    RetryCallState,
    RetryError,
    Retrying,
    retry_if_exception,
    retry_if_result,
    stop_after_delay,
    wait_exponential,
)

from .errors import NotUsable
from .redaction import foreign
from .text import one_line, sentence

Result = TypeVar("Result")


def say(text: str) -> None:
    """Print a sentence of which a part may be AWS's words."""
    print(one_line(text))


@dataclass(frozen=True)
class Transient:
    """A refusal that passes by itself: AWS's error code, a part of its message, and what it really means.

    `removing` limits it to what takes something away (True) or to what makes something (False).
    """

    code: str
    message: str
    meaning: str
    removing: bool | None = None

    def fits(self, error: BaseException) -> bool:
        """Whether this is that refusal; the code alone is not enough."""
        if not isinstance(error, ClientError):
            return False
        said = error.response.get("Error", {})
        return said.get("Code") == self.code and self.message.lower() in said.get("Message", "").lower()


@dataclass(frozen=True)
class Wait:
    """How long to wait and whom to tell. `sleep` takes seconds; `tell` a sentence."""

    tell: Callable[[str], None] = say
    sleep: Callable[[float], Any] = time.sleep
    seconds: float = 180
    longest_pause: float = 10

    def retry(self, call: Callable[[], Result], transients: tuple[Transient, ...]) -> Result:
        """The result of `call`, tried again while AWS's refusal is one of `transients`.

        Raises the last refusal when the time is up, and every other refusal at once.
        """

        def passing(error: BaseException) -> bool:
            return any(transient.fits(error) for transient in transients)

        def told(attempt: RetryCallState) -> None:
            error = attempt.outcome.exception() if attempt.outcome else None
            meaning = next((t.meaning for t in transients if error and t.fits(error)), foreign(str(error)))
            self.tell(sentence(f"Waiting: {meaning}"))

        return self._retrying(retry_if_exception(passing), self.seconds, told, reraise=True)(call)

    def until(self, what: str, state: Callable[[], str], wanted: str, seconds: float | None = None) -> None:
        """Ask `state` again and again until it is `wanted`.

        Raises NotUsable after `seconds`, with the last state.
        """

        def told(attempt: RetryCallState) -> None:
            self.tell(f"Waiting: {what} is {attempt.outcome.result() if attempt.outcome else 'unknown'}.")

        limit = seconds or self.seconds
        try:
            self._retrying(retry_if_result(lambda found: found != wanted), limit, told)(state)
        except RetryError as error:
            raise NotUsable(
                f"{what} is still {error.last_attempt.result()!r} after {limit:.0f} s, not {wanted!r}. What was done "
                "stays. Who acts: the client's admin looks at it in the AWS console; then the engineer runs it again."
            ) from None

    def patiently(
        self, saying: str, look: Callable[[], Result], good: Callable[[Result], bool], seconds: float | None = None
    ) -> Result:
        """What `look` finds, looked at again until it is `good` or the time is up; then the last finding.

        `saying` is why it has to be waited for.
        """

        def told(_: RetryCallState) -> None:
            self.tell(f"Waiting: {saying}.")

        limit = self.seconds if seconds is None else min(seconds, self.seconds)
        retrying = self._retrying(retry_if_result(lambda found: not good(found)), limit, told)
        retrying.retry_error_callback = lambda attempt: attempt.outcome.result() if attempt.outcome else None
        found: Result = retrying(look)
        return found

    def _retrying(
        self, condition: Any, seconds: float, told: Callable[[RetryCallState], None], *, reraise: bool = False
    ) -> Retrying:
        return Retrying(
            stop=stop_after_delay(seconds),
            wait=wait_exponential(multiplier=0.5, max=self.longest_pause),
            retry=condition,
            before_sleep=told,
            sleep=self.sleep,
            reraise=reraise,
        )
