"""Where Onemata delivers: a bucket, and a prefix in it. Spelled once, for statements, policies and commands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Location:
    """A place in S3. An empty prefix is the whole bucket; a prefix counts as a folder, with or without its last `/`."""

    bucket: str
    prefix: str = ""

    @property
    def uri(self) -> str:
        """Like `s3://bucket/prefix/`; without a prefix `s3://bucket/`."""
        return f"s3://{self.bucket}/{self.prefix}"

    @property
    def folder(self) -> str:
        """The prefix without its last `/`."""
        return self.prefix.rstrip("/")

    @property
    def around(self) -> Location:
        """The folder that an object lies in, with its last `/`."""
        return Location(self.bucket, self.prefix[: self.prefix.rfind("/") + 1])

    def bucket_arn(self, partition: str) -> str:
        """The ARN of the bucket."""
        return f"arn:{partition}:s3:::{self.bucket}"

    def objects_arn(self, partition: str) -> str:
        """The ARN pattern of all objects of this place."""
        return f"{self.bucket_arn(partition)}/{self.folder}/*" if self.folder else f"{self.bucket_arn(partition)}/*"


PROBE = "_onemata/probe.csv"
"""Where Onemata puts the probe object for each client, from the client's prefix on: one line, one column."""


@dataclass(frozen=True)
class Probe:
    """What a service reads to prove access, and what it must be refused.

    `key` names the object; empty: Onemata's probe object. `denied_prefix` is another client's place in the same
    bucket, `denied_bucket` another bucket of Onemata's; either may be empty.
    """

    location: Location
    key: str = ""
    denied_prefix: str = ""
    denied_bucket: str = ""

    @property
    def object(self) -> Location:
        """The object that must be readable."""
        return Location(self.location.bucket, self.key or _inside(self.location.folder))

    @property
    def refused(self) -> dict[str, Location]:
        """The objects that must not be readable: the same one of another client's, by what it is."""
        bucket, prefix = self.denied_bucket, self.denied_prefix.rstrip("/")
        places = {
            "another client's prefix": Location(self.location.bucket, _inside(prefix)) if prefix else None,
            "another bucket": Location(bucket, PROBE) if bucket else None,
        }
        return {what: place for what, place in places.items() if place}


def _inside(folder: str) -> str:
    return f"{folder}/{PROBE}" if folder else PROBE
