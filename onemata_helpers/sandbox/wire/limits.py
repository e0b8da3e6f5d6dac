"""How long each call takes, and how many AWS takes in a second: token buckets, one for each account and operation.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/throttling.html (EC2's; IAM's and STS's are not published)
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from .errors import throttling
from .incoming_call import IncomingCall

ANY = "*"
"""All operations of an account together."""


@dataclass
class _Bucket:
    tokens: float
    filled: float


class Limits:
    """The latency of calls, and the limits that are set. `clock` and `sleep` are time's own unless told."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self.latency = 0.0
        self._clock, self._sleep = clock, sleep
        self._rates: dict[str, float] = {}
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._lock = Lock()

    def limit(self, operation: str, per_second: float) -> None:
        """Let each account make so many calls of the operation in a second, and one second's worth at once."""
        self._rates[operation] = per_second

    def take(self, call: IncomingCall) -> None:
        """Wait as long as the call takes to come in. Raises the service's throttling error for one too many."""
        if self.latency:
            self._sleep(self.latency)
        for operation in (call.operation, ANY):
            rate = self._rates.get(operation)
            if rate and not self._has_token(operation, call.account, rate):
                raise throttling(call.service)

    def _has_token(self, operation: str, account: str, rate: float) -> bool:
        with self._lock:
            now = self._clock()
            bucket = self._buckets.setdefault((operation, account), _Bucket(max(1.0, rate), now))
            bucket.tokens = min(max(1.0, rate), bucket.tokens + rate * (now - bucket.filled))
            bucket.filled = now
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True
