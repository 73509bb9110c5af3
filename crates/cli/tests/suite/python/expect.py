"""What checks expect."""

import contextlib
import json
import time

from kubernetes.client.exceptions import ApiException


@contextlib.contextmanager
def refused(status, reason, part=""):
    """What is inside is refused with this status and reason, and a message with this part."""
    try:
        yield
    except ApiException as error:
        found = json.loads(error.body)
        assert (error.status, found["reason"]) == (status, reason), error.body
        assert part in found["message"], found["message"]
        assert found["kind"] == "Status" and found["code"] == status, error.body
    else:
        raise AssertionError(f"it is not refused with {status} {reason}")


def eventually(holds):
    """Something becomes true."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, "it does not become true"
        time.sleep(0.02)
