"""How much of a batch goes on at the same time. AWS counts calls by the account whose credentials sign them.

IAM, and each service, counts those in a client's account. There are CALLS of them at most, whatever `--jobs` says, for
a client's runbooks come one after the other. Those in other accounts are counted apart, so one bound for all together
would slow a batch, and spare nobody.

All clients share only what is counted in the operator's own account: the sign-ins, at STS or IAM Identity Center. There
are SIGN_INS of them at most, also of those that are made anew in the middle.

STS takes 600 requests in a second from an account in a region; what others take is not published. What is refused is
sent again later, and less from then on (`session`).
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
https://aws.amazon.com/blogs/security/how-to-monitor-and-query-iam-resources-at-scale-part-2/
"""

from __future__ import annotations

from typing import Final

CALLS: Final = 4
"""Calls of one run: enough to hide the way to AWS."""

SIGN_INS: Final = 8
"""Sign-ins of one batch, all of them one operator's."""

CLIENTS: Final = 64
"""Clients of one batch, at most, as `--jobs` says: each has a process, and as a rule an account of its own."""
