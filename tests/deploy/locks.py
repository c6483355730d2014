"""The locks of the container image: the part of `requirements.lock` that runs a hub, or builds it.

python -m tests.deploy.locks        writes deploy/runtime.lock and deploy/build.lock anew
"""

import re
import sys
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
WHOLE = ROOT / "requirements.lock"
LOCKS = {
    ROOT / "deploy" / "runtime.lock": ("saattaen[kafka]",),
    ROOT / "deploy" / "build.lock": ("hatchling", "editables"),
}
"""Each lock, and what it installs."""

_ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?:[^\\\n]|\\\n)*$", re.MULTILINE)


def needed(wanted: Iterable[str]) -> set[str]:
    """Name everything that requirements bring with them, as installed here, but the hub itself."""
    found: set[tuple[str, str]] = set()
    waiting = [(Requirement(each), "") for each in wanted]
    while waiting:
        requirement, under = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": under}):
            continue
        name = canonicalize_name(requirement.name)
        for extra in ("", *sorted(requirement.extras)):
            if (name, extra) not in found:
                found.add((name, extra))
                brought = distribution(name).requires or ()
                waiting += [(Requirement(each), extra) for each in brought]
    return {name for name, _ in found} - {"saattaen"}


def entries() -> dict[str, str]:
    """Read the whole lock: each name with its line, hashes and all."""
    return {
        canonicalize_name(entry["name"]): entry.group().strip() + "\n"
        for entry in _ENTRY.finditer(WHOLE.read_text())
    }


def lock_of(wanted: Iterable[str]) -> str:
    """Give the lock that installs requirements and nothing else."""
    locked = entries()
    return "".join(locked[name] for name in sorted(needed(wanted)))


def main() -> int:
    """Write the locks."""
    for place, wanted in LOCKS.items():
        place.write_text(lock_of(wanted))
        sys.stdout.write(f"{place.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
