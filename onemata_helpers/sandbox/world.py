"""The example's world: the client's account and Onemata's, all with ids that never change."""

from .client_world import Athena, ClientWorld, Cluster, StoredObject, Trusted, Workgroup

CLIENT_ACCOUNT = "012345670123"
"""The client's account. It starts with a zero on purpose: YAML eats those when not quoted."""

ONEMATA_ACCOUNT = "987654321098"
REGION = "us-east-1"

CLUSTER = "example-analytics"
CLUSTER_ROLE = "analytics-unload"
CLUSTER_ROLE_ARN = f"arn:aws:iam::{CLIENT_ACCOUNT}:role/{CLUSTER_ROLE}"
"""A role of the client's own, attached to the cluster as its default. Not ours to touch."""

SERVERLESS_WORKGROUP = "example-adhoc"
NAMESPACE = Workgroup(SERVERLESS_WORKGROUP).namespace
NAMESPACE_ROLE = "adhoc-unload"
NAMESPACE_ROLE_ARN = f"arn:aws:iam::{CLIENT_ACCOUNT}:role/{NAMESPACE_ROLE}"
"""A role of the client's own, the default role of the namespace. Not ours to touch either."""

INSTANCE_ID = "i-0a1b2c3d4e5f60718"
STOPPED_INSTANCE_ID = "i-0f1e2d3c4b5a69788"

BUCKET = "onemata-example-data"
PREFIX = "example-client/"
OTHER_BUCKET = "onemata-another-client-data"
"""A bucket of Onemata's that the example's client must not read."""

EXTERNAL_ID = "example-client-7f3a"
ONEMATA_ROLE = "onemata-delivery-example"
ONEMATA_ROLE_ARN = f"arn:aws:iam::{ONEMATA_ACCOUNT}:role/{ONEMATA_ROLE}"

OTHER_ROLE = "onemata-delivery-another"
OTHER_ROLE_ARN = f"arn:aws:iam::{ONEMATA_ACCOUNT}:role/{OTHER_ROLE}"
"""Another role of Onemata's. It lets the client's account in, so only the client's own policy keeps it out."""

EC2_ROLE_ARN = f"arn:aws:iam::{CLIENT_ACCOUNT}:role/onemata-ec2"
"""The client's role that Onemata's role trusts."""

ANALYST_ROLE = "athena-analyst"
ANALYST_ROLE_ARN = f"arn:aws:iam::{CLIENT_ACCOUNT}:role/{ANALYST_ROLE}"
"""A role of the client's own that queries with Athena, and that the operator may enter."""

WORKGROUP = "example-analysts"
"""The workgroup in which it queries. It limits what a query scans, and results go to a bucket of the client's."""

SCAN_LIMIT = 10_000_000
RESULTS_BUCKET = "example-athena-results"
RESULTS = f"s3://{RESULTS_BUCKET}/analysts/"

READER_ROLE_ARNS = (
    f"arn:aws:iam::{CLIENT_ACCOUNT}:role/onemata-redshift",
    f"arn:aws:iam::{CLIENT_ACCOUNT}:role/AWSGlueServiceRoleOnemata",
    ANALYST_ROLE_ARN,
)
"""The client's roles that Onemata's bucket policy lets read."""

OPERATOR = "onemata-operator"
"""The IAM user in each client's account whose credentials come from the sandbox's url."""

OTHER_PREFIX = "another-client/"
"""The place of another client in the same bucket."""

PROBE_KEY = "_onemata/probe.csv"
"""Where Onemata puts the probe object of each client, from the client's prefix on."""

_PROBE = b"onemata\n"

OBJECTS = {
    f"{PREFIX}{PROBE_KEY}": _PROBE,
    f"{OTHER_PREFIX}{PROBE_KEY}": _PROBE,
    f"{PREFIX}2021-02-10/part-0000.csv": b"id,visits\n1,12\n2,7\n",
    f"{PREFIX}2021-02-11/part-0000.csv": b"id,visits\n1,9\n2,11\n",
    f"{PREFIX}README.txt": b"Example data, delivered daily.\n",
    f"{OTHER_PREFIX}2021-02-10/part-0000.csv": b"id,visits\n3,5\n",
}

EXAMPLE = ClientWorld(
    account=CLIENT_ACCOUNT,
    region=REGION,
    onemata_account=ONEMATA_ACCOUNT,
    bucket=BUCKET,
    bucket_region=REGION,
    prefix=PREFIX,
    objects=(
        *(StoredObject(BUCKET, key, content) for key, content in OBJECTS.items()),
        StoredObject(OTHER_BUCKET, "2021-02-10/part-0000.csv", b"id,visits\n4,1\n"),
        StoredObject(OTHER_BUCKET, PROBE_KEY),
    ),
    readers=READER_ROLE_ARNS,
    onemata_role_arn=ONEMATA_ROLE_ARN,
    trusted=(Trusted(EC2_ROLE_ARN, EXTERNAL_ID),),
    denied_role_arn=OTHER_ROLE_ARN,
    clusters=(Cluster(CLUSTER),),
    workgroups=(Workgroup(SERVERLESS_WORKGROUP),),
    athena=Athena((ANALYST_ROLE_ARN,), WORKGROUP, "default", RESULTS),
    instances=(INSTANCE_ID,),
    stopped_instances=(STOPPED_INSTANCE_ID,),
)

SERVERLESS_WORKGROUP_ID, NAMESPACE_ID = EXAMPLE.id_of(SERVERLESS_WORKGROUP), EXAMPLE.id_of(NAMESPACE)
