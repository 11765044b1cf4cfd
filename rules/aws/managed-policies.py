#!/usr/bin/env python3
"""Makes managed-policies.bin: the documents of the policies that AWS manages, compressed.

    managed-policies.py MOTO_WHEEL > managed-policies.bin

MOTO_WHEEL is a release of `moto` (PyPI, Apache-2.0), whose `moto/iam/aws_managed_policies.py` holds the default
version of each as AWS publishes it.

The file: lines of text that begin with `#`; a line with the length of the compressed index and those of the
compressed blocks; then index and blocks, raw deflate. The index has a line a policy, sorted: path and name, version,
date of that version, block, start and end within it.
"""
import ast, json, sys, zipfile, zlib

BLOCK = 32


def deflated(text):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(text) + packer.flush()


def main(wheel):
    with zipfile.ZipFile(wheel) as archive:
        code = archive.read("moto/iam/aws_managed_policies.py").decode()
        release = wheel.rsplit("/", 1)[-1].split("-")[1]
    tree = ast.parse(code)
    text = next(ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign))
    policies = {}
    for name, policy in json.loads(text).items():
        policies[policy["Path"].lstrip("/") + name] = policy
    newest = max(policy["UpdateDate"] for policy in policies.values())
    index, blocks, block, length = [], [], [], 0
    for name in sorted(policies):
        policy = policies[name]
        document = json.dumps(policy["Document"], separators=(",", ":"), sort_keys=True).encode()
        if len(block) == BLOCK:
            blocks.append(deflated(b"".join(block)))
            block, length = [], 0
        date = policy["UpdateDate"][:10]
        index.append(f"{name}\t{policy['DefaultVersionId']}\t{date}\t{len(blocks)}\t{length}\t{length + len(document)}\n")
        block.append(document)
        length += len(document)
    blocks.append(deflated(b"".join(block)))
    packed = deflated("".join(index).encode())
    head = f"# {len(policies)} AWS-managed policies as AWS published them until {newest[:10]}; made by managed-policies.py.\n"
    head += f"# Origin: moto {release} (PyPI, Apache-2.0), moto/iam/aws_managed_policies.py\n"
    head += " ".join(str(len(part)) for part in [packed, *blocks]) + "\n"
    sys.stdout.buffer.write(head.encode() + packed + b"".join(blocks))


if __name__ == "__main__":
    main(*sys.argv[1:])
