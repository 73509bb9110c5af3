"""Fills moto's account and then turns its checks on: `moto_setup.py URL`.

Prints the keys of a user who may do everything and of one who may do nothing, a role that may read,
and one that may do nothing, one word a line.
"""

import json
import sys
import urllib.request

import boto3
from botocore.config import Config

url = sys.argv[1]
PATH_STYLE = Config(s3={"addressing_style": "path"})


def client(service):
    login = {"aws_access_key_id": "setup", "aws_secret_access_key": "setup"}
    return boto3.client(service, endpoint_url=url, region_name="us-east-1", config=PATH_STYLE, **login)


def allow(*actions):
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def user(name):
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return arn, key["AccessKeyId"], key["SecretAccessKey"]


iam = client("iam")
arn, key, secret = user("user")
iam.put_user_policy(UserName="user", PolicyName="all", PolicyDocument=allow("*"))
_, denied_key, denied_secret = user("denied")
statement = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}
trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
narrow = iam.create_role(RoleName="narrow", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
rights = allow("s3:ListBucket", "s3:GetObject", "ecr:GetAuthorizationToken")
iam.put_role_policy(RoleName="reader", PolicyName="some", PolicyDocument=rights)
client("ecr").create_repository(repositoryName="team/app")
s3 = client("s3")
s3.create_bucket(Bucket="models")
s3.put_object(Bucket="models", Key="demo/hello.txt", Body=b"hello")
print(key, secret, denied_key, denied_secret, role, narrow, sep="\n")
headers = {"Content-Type": "text/plain"}
urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset-auth", b"0", headers))
