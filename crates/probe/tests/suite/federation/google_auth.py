"""Signs in as a workload by Google's own library, at the services of the given address.

Arguments: the address, the file with the token, the audience, the service account.
"""

import sys

from google.auth import identity_pool
from google.auth.transport.requests import Request

address, file, audience, account = sys.argv[1:]
credentials = identity_pool.Credentials(
    audience=audience,
    subject_token_type="urn:ietf:params:oauth:token-type:jwt",
    token_url=f"{address}/v1/token",
    credential_source={"file": file, "format": {"type": "text"}},
    service_account_impersonation_url=f"{address}/v1/projects/-/serviceAccounts/{account}:generateAccessToken",
    scopes=["https://www.googleapis.com/auth/devstorage.read_write"],
)
credentials.refresh(Request())
