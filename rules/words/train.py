#!/usr/bin/env python3
"""Makes trigrams.bin: how surprising each letter of a name or word is behind the two before it.

    train.py FOLDER... > trigrams.bin

Reads words and identifiers from texts and source code under the folders. Every distinct one counts by the
logarithm of how often it occurs, so that no keyword rules the table. The alphabet has 28 symbols: a-z, any
digit, and the boundary between the words of a name. One byte a trigram: sixteenths of a bit.
"""
import collections, math, os, re, sys

SYMBOLS = 28
DIGIT, BOUNDARY = 26, 27
TEXT = (".c", ".h", ".rs", ".py", ".js", ".ts", ".java", ".rst", ".txt", ".md", ".yaml", ".yml", ".toml",
        ".json", ".html", ".sh", ".go", ".rb", ".pl", ".pm")
NAME = re.compile(rb"[A-Za-z][A-Za-z0-9_]{1,40}")
FILES_PER_FOLDER = 60_000
BYTES_PER_FILE = 200_000


def symbols(name):
    """The name as symbols, words split where snake and camel case split them."""
    out = [BOUNDARY, BOUNDARY]
    previous = 0
    for i, c in enumerate(name):
        follows = name[i + 1] if i + 1 < len(name) else 0
        upper, lower = 65 <= c <= 90, 97 <= c <= 122
        hump = upper and (97 <= previous <= 122 or (65 <= previous <= 90 and 97 <= follows <= 122))
        if hump and out[-1] != BOUNDARY:
            out.append(BOUNDARY)
        if upper or lower:
            out.append((c | 32) - 97)
        elif 48 <= c <= 57:
            out.append(DIGIT)
        elif out[-1] != BOUNDARY:
            out.append(BOUNDARY)
        previous = c
    if out[-1] != BOUNDARY:
        out.append(BOUNDARY)
    return out


def main():
    names = collections.Counter()
    for folder in sys.argv[1:]:
        count = 0
        for root, folders, files in os.walk(folder):
            folders.sort()
            for file in sorted(files):
                if not file.endswith(TEXT) or ".min." in file or count >= FILES_PER_FOLDER:
                    continue
                count += 1
                with open(os.path.join(root, file), "rb") as f:
                    names.update(NAME.findall(f.read(BYTES_PER_FILE)))
    table = [1e-3] * SYMBOLS ** 3
    pairs = [1e-3] * SYMBOLS ** 2
    for name, times in names.items():
        # Once is a typing error, a hash or a test's nonsense.
        if times < 4:
            continue
        weight = math.log2(times)
        row = symbols(name)
        for a, b, c in zip(row, row[1:], row[2:]):
            table[(a * SYMBOLS + b) * SYMBOLS + c] += weight
            pairs[b * SYMBOLS + c] += weight
    totals = [sum(pairs[b * SYMBOLS:(b + 1) * SYMBOLS]) for b in range(SYMBOLS)]
    out = bytearray()
    for a in range(SYMBOLS):
        for b in range(SYMBOLS):
            start = (a * SYMBOLS + b) * SYMBOLS
            total = sum(table[start:start + SYMBOLS])
            for c in range(SYMBOLS):
                # Rare contexts lean on the pair alone, and a little on chance.
                pair = pairs[b * SYMBOLS + c] / totals[b]
                share = 0.97 * (table[start + c] + 20 * pair) / (total + 20) + 0.03 / SYMBOLS
                out.append(min(255, round(-16 * math.log2(share))))
    sys.stdout.buffer.write(out)


if __name__ == "__main__":
    main()
