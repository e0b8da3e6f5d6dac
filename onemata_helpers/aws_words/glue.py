"""What Glue says of a crawler that may not use its role or see its data: when it is made, and in its log.

As users of Glue have reported it:
https://github.com/hashicorp/terraform-provider-aws/pull/30370 (made over a place that S3 refuses)
https://github.com/aws-samples/aws-glue-samples/issues/2 (an object that S3 refuses, in the log)
https://docs.aws.amazon.com/glue/latest/dg/error-crawler-config-lf.html
"""

from __future__ import annotations

from .said import Said

NO_STS = Said("enable AWS Security Token Service for this region")
NOT_ASSUMABLE = Said("Service is unable to assume {role}. Please verify role's TrustPolicy")
TRUST = Said("TrustPolicy")

NO_BUCKET = Said("S3 bucket {bucket} does not exist.")
NOT_VALIDATED = Said("Unable to validate existence of s3 target {target} because: {why}")
NOT_READ = Said("{why} retrieving file at {object}. Tables created did not infer schemas from this file.")

# What S3 answered, within what Glue says, and those of these answers that refuse: to lists and reads, to questions
# that S3 answers with a status alone, and as newer services of AWS's put it.
BY_S3 = Said("{why} (Service: Amazon S3; Status Code: {status}; Error Code: {code}; Request ID: {id})")
S3_DENIED = Said("(Service: Amazon S3; Status Code: 403; Error Code: AccessDenied;")
S3_FORBIDDEN = Said("(Service: Amazon S3; Status Code: 403; Error Code: 403 Forbidden;")
S3_DENIED_ANEW = Said("Access Denied (Service: S3, Status Code: 403")

LAKE_FORMATION = Said("Insufficient Lake Formation permission(s)")
LAKE_FORMATION_DATA = Said("lakeformation:GetDataAccess")
INTERNAL = Said("Internal Service Exception")
FINISHED = Said("Crawler has finished running")
