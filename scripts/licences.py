#!/usr/bin/env python3
"""Prints the licences of the crates that the program is made of, with their texts, each text once."""

import json
import subprocess
from collections import defaultdict
from pathlib import Path

PREFIXES = ("licen", "copying", "notice", "copyright", "unlicense")


def crates() -> list[dict]:
    """The crates from registries that are linked into the program, by name."""
    command = ["cargo", "metadata", "--locked", "--format-version=1", f"--filter-platform={host()}"]
    metadata = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    packages = {it["id"]: it for it in metadata["packages"]}
    nodes = {it["id"]: it for it in metadata["resolve"]["nodes"]}
    left = [key for key, it in packages.items() if it["name"] == "jerakia"]
    linked = set()
    while left:
        key = left.pop()
        if key in linked:
            continue
        linked.add(key)
        for dependency in nodes[key]["deps"]:
            if any(it["kind"] is None for it in dependency["dep_kinds"]):
                left.append(dependency["pkg"])
    of_others = [packages[it] for it in linked if packages[it]["source"]]
    return sorted(of_others, key=lambda it: (it["name"], it["version"]))


def host() -> str:
    """The triple of this machine."""
    version = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    return next(it.removeprefix("host: ") for it in version.splitlines() if it.startswith("host: "))


def main():
    texts = defaultdict(list)
    print("The program contains these crates, under these licences. Their texts follow.\n")
    for crate in crates():
        name = f"{crate['name']} {crate['version']}"
        print(f"{name}: {crate['license'] or 'see its text'}")
        folder = Path(crate["manifest_path"]).parent
        for file in sorted(folder.iterdir()):
            if file.is_file() and file.name.lower().startswith(PREFIXES) and file.suffix != ".rs":
                texts[file.read_text(errors="replace").strip()].append(name)
    for text, names in texts.items():
        print(f"\n{'=' * 80}\n{', '.join(dict.fromkeys(names))}\n{'=' * 80}\n\n{text}")


main()
