"""An account's shared access signature: `KEY=... azure_sas.py ACCOUNT PERMISSIONS HOURS [IP]`.

HOURS may be negative: then it has expired. As of version 2021-08-06 of the service's reference,
"Create an account SAS".
"""

import base64
import datetime
import hashlib
import hmac
import os
import sys
import urllib.parse

VERSION = "2021-08-06"


def signature(account, key, permissions, hours, ip=""):
    now = datetime.datetime.now(datetime.timezone.utc)
    start, end = (
        (now + datetime.timedelta(hours=h)).strftime("%Y-%m-%dT%H:%M:%SZ") for h in (-48, hours)
    )
    lines = [account, permissions, "b", "sco", start, end, ip, "https,http", VERSION, "", ""]
    mac = hmac.new(base64.b64decode(key), "\n".join(lines).encode(), hashlib.sha256)
    fields = {"sv": VERSION, "ss": "b", "srt": "sco", "sp": permissions, "st": start, "se": end}
    fields |= {"sip": ip} if ip else {}
    fields |= {"spr": "https,http", "sig": base64.b64encode(mac.digest()).decode()}
    return urllib.parse.urlencode(fields)


if __name__ == "__main__":
    print(signature(sys.argv[1], os.environ["KEY"], sys.argv[2], float(sys.argv[3]), *sys.argv[4:]))
