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

    def bucket_arn(self, partition: str) -> str:
        """The ARN of the bucket."""
        return f"arn:{partition}:s3:::{self.bucket}"

    def objects_arn(self, partition: str) -> str:
        """The ARN pattern of all objects of this place."""
        return f"{self.bucket_arn(partition)}/{self.folder}/*" if self.folder else f"{self.bucket_arn(partition)}/*"
