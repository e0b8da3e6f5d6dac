"""Puts Onemata's roles, buckets and keys into moto's backends, for several clients in one account of Onemata's."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from moto.kms.models import Key, kms_backends
from moto.s3.models import FakeBucket, s3_backends

from .client_world import ClientWorld, StoredObject
from .iam_entities import ensure_role
from .policies import account_trust, bucket_policy, document, key_policy, merged, reader_policy, trust_of_onemata


def populate_onemata(clients: Sequence[ClientWorld]) -> None:
    """Put in what these clients' deliveries need. What is there stays, and policies get what they lack."""
    for client in clients:
        if client.onemata_role_arn:
            _role(client)
    for client in clients:
        if client.denied_role_arn:
            ensure_role(client.denied_role_arn, account_trust(client.account), "Delivery to another client")
    _buckets(clients)
    for client in clients:
        if client.kms_key_arn:
            _key(client)
        for each in client.objects:
            _object(client, each)


def _role(client: ClientWorld) -> None:
    role = ensure_role(client.onemata_role_arn, document(), "Delivery to a client")
    role.assume_role_policy_document = merged(role.assume_role_policy_document, trust_of_onemata(client))
    role.policies["read-delivery"] = merged(role.policies.get("read-delivery"), reader_policy(client))


def _buckets(clients: Sequence[ClientWorld]) -> None:
    """All clients' own first: an object for a proof may lie in the bucket of another client."""
    for client in clients:
        _bucket(client, client.bucket)
    by_bucket = groupby(sorted(clients, key=lambda each: each.bucket), lambda each: each.bucket)
    for name, sharing in by_bucket:
        bucket = _found(name)
        bucket.policy = merged(bucket.policy, *map(bucket_policy, sharing)).encode()


def _bucket(client: ClientWorld, name: str) -> None:
    if name not in s3_backends.bucket_accounts:
        s3_backends[client.onemata_account]["aws"].create_bucket(name, client.bucket_region)


def _found(name: str) -> FakeBucket:
    partition, account = s3_backends.bucket_accounts[name]
    return s3_backends[account][partition].buckets[name]


def _object(client: ClientWorld, each: StoredObject) -> None:
    """The client's own objects are encrypted with the key that the folder names."""
    _bucket(client, each.bucket)
    bucket = _found(each.bucket)
    if each.key in bucket.keys:
        return
    own = each.bucket == client.bucket and each.key.startswith(client.prefix)
    encryption: dict[str, Any] = {}
    if own and client.kms_key_arn:
        encryption = {"encryption": "aws:kms", "kms_key_id": client.kms_key_arn}
    s3_backends[bucket.account_id]["aws"].put_object(each.bucket, each.key, each.content, **encryption)


def _key(client: ClientWorld) -> None:
    region, account, name = client.kms_key_arn.split(":")[3:6]
    keys: dict[str, Key] = kms_backends[account][region].keys
    key_id = name.removeprefix("key/")
    if key_id not in keys:
        made = kms_backends[account][region].create_key(
            None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "Onemata's data", tags=None
        )
        del keys[made.id]
        made.id, made.arn = key_id, client.kms_key_arn
        keys[key_id] = made
    keys[key_id].policy = merged(keys[key_id].policy, key_policy(client))
