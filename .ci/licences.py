"""Check that everything the binary is built from may be shipped with it.

Reads `cargo metadata` and fails when a package states no licence, or one that is not in ALLOWED. In an
expression, one allowed side of an OR is enough and every side of an AND is needed.
"""

import json
import re
import subprocess
import sys

ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    # Weak copyleft per file: we link it unchanged, and its source is where Cargo.lock says.
    "MPL-2.0",
    "NCSA",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
    "bzip2-1.0.6",
}


def allowed(expression: str) -> bool:
    """Whether an SPDX expression can be met with ALLOWED alone."""
    # Old manifests write "MIT/Apache-2.0".
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))
    at = 0

    def either() -> bool:
        nonlocal at
        value = both()
        while at < len(tokens) and tokens[at] == "OR":
            at += 1
            value = both() or value
        return value

    def both() -> bool:
        nonlocal at
        value = one()
        while at < len(tokens) and tokens[at] == "AND":
            at += 1
            value = one() and value
        return value

    def one() -> bool:
        nonlocal at
        if tokens[at] == "(":
            at += 1
            value = either()
            at += 1
            return value
        name = tokens[at]
        at += 1
        if at < len(tokens) and tokens[at] == "WITH":
            name = f"{name} WITH {tokens[at + 1]}"
            at += 2
        return name in ALLOWED

    return either()


def main() -> int:
    host = re.search(r"^host: (.+)$", subprocess.check_output(["rustc", "-vV"], text=True), re.M).group(1)
    metadata = json.loads(
        subprocess.check_output(
            ["cargo", "metadata", "--format-version=1", "--locked", f"--filter-platform={host}"], text=True
        )
    )
    used = {node["id"] for node in metadata["resolve"]["nodes"]}
    packages = [package for package in metadata["packages"] if package["id"] in used]
    wrong = []
    for package in packages:
        name = f"{package['name']} {package['version']}"
        source = package["source"]
        if source is not None and source != "registry+https://github.com/rust-lang/crates.io-index":
            wrong.append(f"{name}: comes from {source}; take it from crates.io")
        licence = package["license"]
        if licence is None:
            if package["license_file"] is None:
                wrong.append(f"{name}: states no licence")
        elif not allowed(licence):
            wrong.append(f"{name}: {licence} is not among the licences that .ci/licences.py allows")
    print("\n".join(wrong) or f"{len(packages)} packages, all under licences that may be shipped")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
