"""S3's conditional writes and deletes: of two at a time one is refused, where moto may let both through.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from ..iam.needs_s3 import find_bucket
from ..wire.errors import AwsError
from ..wire.incoming_call import Environ, IncomingCall
from .own_services import CALL

_WRITES = ("PutObject", "CopyObject", "CompleteMultipartUpload", "DeleteObject")


class OneWriteAtATime:
    """WSGI: lets a write of an object through to `app` when its conditions hold, and no other write is under way."""

    def __init__(self, app: Callable[[Environ, Any], Iterable[bytes]]) -> None:
        self._app = app
        self._under_way: list[tuple[str, str]] = []
        self._mutex = Lock()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        call: IncomingCall = environ[CALL]
        if call.service != "s3" or call.operation not in _WRITES:
            return self._app(environ, start_response)
        with self._alone(call):
            _check(call)
            for header in ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"):  # moto knows no `*`
                environ.pop(header, None)
            return self._app(environ, start_response)

    @contextmanager
    def _alone(self, call: IncomingCall) -> Iterator[None]:
        written = (call.get("Bucket"), call.get("Key"))
        with self._mutex:
            if written in self._under_way and (call.get("IfMatch") or call.get("IfNoneMatch")):
                message = "The conditional request cannot succeed due to a conflicting operation against this resource."
                raise AwsError("ConditionalRequestConflict", message, 409)
            self._under_way.append(written)
        try:
            yield
        finally:
            with self._mutex:
                self._under_way.remove(written)


def _check(call: IncomingCall) -> None:
    bucket = find_bucket(call.get("Bucket", ""))
    found = bucket.keys.get(call.get("Key", "")) if bucket else None
    etag = getattr(found, "etag", None)  # a delete marker has none: what it stands for is not there
    wanted, unwanted = call.get("IfMatch", "").strip('"'), call.get("IfNoneMatch")
    if unwanted not in (None, "*") or (unwanted and wanted) or (wanted == "*" and call.operation != "DeleteObject"):
        raise AwsError("NotImplemented", "A header you provided implies functionality that is not implemented", 501)
    if wanted and etag is None:
        raise AwsError("NoSuchKey", "The specified key does not exist.", 404)
    if (unwanted and etag) or (wanted not in ("", "*") and wanted != str(etag).strip('"')):
        raise AwsError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412)
