"""Writes sam-policies.json: the policy templates of AWS SAM.

Taken from the package aws-sam-translator (Apache License 2.0, Amazon.com), which ships them as data; run it again for
a newer release. Descriptions are left out.
"""

import json
import pathlib

import samtranslator

data = pathlib.Path(samtranslator.__file__).parent / "policy_templates_data" / "policy_templates.json"
templates = json.loads(data.read_text())["Templates"]
short = {name: template["Definition"] for name, template in sorted(templates.items())}
out = pathlib.Path(__file__).with_suffix(".json")
lines = ",\n".join(f"{json.dumps(name)}:{json.dumps(d, separators=(',', ':'))}" for name, d in short.items())
out.write_text("{\n" + lines + "\n}\n")
