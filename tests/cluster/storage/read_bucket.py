"""What a person writes in a notebook: copies what lies below MODEL_PATH of the connection's bucket
into a folder, by the variables that OpenShift AI documents and by nothing else.

    read_bucket.py FOLDER
"""

import os
import pathlib
import sys

import boto3

folder = pathlib.Path(sys.argv[1])
path = os.environ["MODEL_PATH"]
# boto3 reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION and AWS_CA_BUNDLE itself.
client = boto3.client("s3", endpoint_url=os.environ["AWS_S3_ENDPOINT"])
bucket = os.environ["AWS_S3_BUCKET"]
found = client.list_objects_v2(Bucket=bucket, Prefix=path).get("Contents", [])
if not found:
    sys.exit(f"nothing in bucket {bucket} below {path}")
for key in (each["Key"] for each in found):
    target = folder / key.removeprefix(path).lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    client.download_file(bucket, key, str(target))
