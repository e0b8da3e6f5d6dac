"""What Athena says of a statement that may not run, or may not read.

https://docs.aws.amazon.com/athena/latest/ug/workgroups-troubleshooting.html
https://docs.aws.amazon.com/athena/latest/ug/troubleshooting-athena.html
The others are as users of Athena have reported them. They come as the refusal of a call, or as the reason of a state.
"""

from __future__ import annotations

from .said import Said

# By engine version 3, by version 2 and for DDL, by newer readers, and by IAM. Not all of them name a bucket.
S3_PATH_DENIED = Said("Permission denied on S3 path: {path}")
S3_DENIED = Said("Access Denied (Service: Amazon S3; Status Code: 403;")
S3_DENIED_TOO = Said("Access Denied (Service: S3, Status Code: 403")
S3_ACCESS_DENIED = Said("Amazon S3 access denied on {path}")
S3_NOT_ALLOWED = Said("not authorized to perform: s3:{action} on resource: {arn}")

NO_RESULTS = Said("Access denied when writing output to url: {path}")
NO_RESULTS_TOO = Said("Access denied when writing to location: {path}")
NO_RESULT_BUCKET = Said("Unable to verify/create output bucket {bucket}")
NO_RESULT_LOCATION = Said(
    "No output location provided. An output location is required either through the Workgroup result configuration "
    "setting or as an API input."
)

NO_WORKGROUP = Said("WorkGroup {name} is not found.")
DISABLED = Said("WorkGroup {name} is disabled.")
MAY_NOT_QUERY = Said("not authorized to perform: athena:{action}")
CUT_OFF = Said("Bytes scanned limit was exceeded")

NO_DATABASE = Said("Database does not exist: {database}")
NO_SCHEMA = Said("Schema '{database}' does not exist")
NO_TABLE = Said("Table '{table}' does not exist")
NO_TABLE_TOO = Said("Table not found {table}")
TABLE_EXISTS = Said("AlreadyExistsException(message:Table {table} already exist")
CATALOG_DENIED = Said("not authorized to perform: glue:{action}")
LAKE_FORMATION = Said("Insufficient Lake Formation permission(s)")
NO_PRIVILEGE = Said("Principal does not have any privilege on specified resource")
