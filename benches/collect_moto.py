#!/usr/bin/env python3
"""Collects from moto (an AWS on this machine, `pip install moto[server]`), scans, and says what came out.

    benches/collect_moto.py [target/debug/tenure]

moto does not page the authorization details and does not know service-last-accessed jobs: pages, faults and
interruptions are tested in tests/collect.rs.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time

import boto3

USERS, ROLES = 40, 25


def populate(url):
    """An account in an organisation with users, keys, roles, policies and providers."""
    session = boto3.Session("testing", "testing", region_name="us-east-1")
    iam = session.client("iam", endpoint_url=url)
    organizations = session.client("organizations", endpoint_url=url)
    document = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*"}]})
    policy = iam.create_policy(PolicyName="everything", PolicyDocument=document)["Policy"]["Arn"]
    keys = set()
    for i in range(USERS):
        name = f"robot-{i}"
        iam.create_user(UserName=name, Tags=[{"Key": "team", "Value": "build & release"}])
        if i % 2:
            keys.add(iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"])
        if i % 10 == 0:
            iam.attach_user_policy(UserName=name, PolicyArn=policy)
    for i in range(ROLES):
        trust = json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
        iam.create_role(RoleName=f"machine-{i}", AssumeRolePolicyDocument=trust)
    iam.create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com", ClientIDList=["sts.amazonaws.com"],
        ThumbprintList=["1c58a3a8518e8759bf075b76b750d4f2df264fcd"])
    organizations.create_organization(FeatureSet="ALL")
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(ParentId=root, Name="work")["OrganizationalUnit"]["Id"]
    guard = organizations.create_policy(
        Name="guard", Description="", Type="SERVICE_CONTROL_POLICY", Content=document)["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=guard, TargetId=unit)
    organizations.create_account(Email="work@example.com", AccountName="work")
    return keys


def main():
    tenure = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/debug/tenure")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(["moto_server", "-H", "127.0.0.1", "-p", str(port)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        keys = populate(url)
        with tempfile.TemporaryDirectory() as room:
            environment = {"HOME": room, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "hidden-secret",
                           "AWS_EC2_METADATA_DISABLED": "true"}
            start = time.time()
            collected = subprocess.run(
                [tenure, "collect", "aws", "--organization", "--endpoint-url", url, "--output", "out", "--attempts", "2"],
                cwd=room, env=environment, capture_output=True, text=True)
            print(f"collect: exit {collected.returncode}, {time.time() - start:.1f} s")
            print(collected.stderr, end="")
            for folder, _, files in sorted(os.walk(os.path.join(room, "out"))):
                for name in sorted(files):
                    path = os.path.join(folder, name)
                    print(f"  {os.path.relpath(path, room)}: {os.path.getsize(path)} bytes")
                    assert "hidden-secret" not in open(path).read()
            scanned = subprocess.run([tenure, "scan", "out", "--format", "json"], cwd=room, capture_output=True)
            report = json.loads(scanned.stdout)
            names = {identity["name"] for identity in report["identities"]}
            wanted = {f"robot-{i}" for i in range(USERS)} | {f"machine-{i}" for i in range(ROLES)}
            found = {credential["id"] for credential in report["credentials"]}
            print(f"scan: exit {scanned.returncode}, {len(report['identities'])} identities")
            print(f"  users and roles that are not there: {sorted(wanted - names)}")
            print(f"  keys that are not there: {len([k for k in keys if not any(k in f for f in found)])} of {len(keys)}")
            print(f"  problems: {json.dumps(report['coverage'].get('problems', []), indent=2)}")
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
