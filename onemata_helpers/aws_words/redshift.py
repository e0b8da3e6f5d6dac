"""What Redshift says of a COPY that may not read, or not now, in the error of a statement.

https://docs.aws.amazon.com/redshift/latest/dg/s3serviceexception-error.html
https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT-usage-notes.html
The others are as users of Redshift have reported them. The Data API puts `ERROR: ` before them.
"""

from __future__ import annotations

from .said import Said

NO_ASSUMEROLE = Said('User {user} does not have ASSUMEROLE permission on IAM role "{role}" for COPY')
NOT_ASSUMABLE = Said("User {user} is not authorized to assume IAM Role {role}")
NO_CREDENTIALS = Said("Not authorized to get credentials of role {role}")
UNAUTHORIZED = Said("exception name : UnauthorizedException")

# S3 puts its own sentence into the gap: `Access Denied`, or which action of which policy it misses.
S3_REFUSED = Said("S3ServiceException:{why},Status 403,Error AccessDenied,")
OTHER_REGION = Said("must be addressed using the specified endpoint")
NO_PREFIX = Said("The specified S3 prefix '{key}' does not exist")
NO_KEY = Said("The specified key does not exist")

NOT_PARSED = Said("Load into table '{table}' failed")

NO_DATABASE = Said('database "{database}" does not exist')
NOT_PERMITTED = Said("permission denied for {what}")
NO_LOGIN = Said('password authentication failed for user "{user}"')

NOT_IN_A_TRANSACTION = Said("cannot run inside a transaction block")
