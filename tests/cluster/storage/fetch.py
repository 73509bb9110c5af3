"""What the container `storage-initializer` of KServe runs: fetches each source into the folder
behind it, by KServe's own code and by nothing but the environment it is given.

    fetch.py SOURCE FOLDER [SOURCE FOLDER...]

An exception ends it, as it ends the container; its last line is what Kubernetes would show as the
pod's termination message.
"""

import sys

from kserve_storage import Storage, configure_logging

configure_logging()
arguments = sys.argv[1:]
Storage.download_files(arguments[0::2], arguments[1::2])
