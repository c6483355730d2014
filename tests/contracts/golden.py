"""Released contracts: frozen copies, with bytes that were written under them, and what they meant.

    released/<version>/<Record>.avsc     the contract as released, never edited again
    released/<version>/<Record>.golden   JSON: `hex`, the bytes, and `value`, what they mean

What stands here may be on somebody's disk: it must stay readable.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from streams.contracts.catalogue import compare, fingerprint
from streams.contracts.declarations import declared, folder, read, resolved
from streams.contracts.older import renew
from tests.contracts.examples import RECORDS, as_json, decode, encoded_example

RELEASED = Path(__file__).parent / "released"
DIGESTS = ("LedgerEntry.entry_digest", "PersonState.state_digest")
"""They are of the bytes, which are other ones under another contract."""


def release(place: Path) -> None:
    """Freeze the current contracts in a folder that is not there yet, with their golden bytes."""
    place.mkdir(parents=True)
    for contract in sorted(folder().rglob("*.avsc")):
        shutil.copyfile(contract, place / contract.name)
    for record in RECORDS:
        data = encoded_example(record)
        golden = {"hex": data.hex(), "value": as_json(decode(record, data))}
        text = json.dumps(golden, indent=1, ensure_ascii=False)
        (place / f"{record}.golden").write_text(text + "\n", encoding="utf-8")


def departures(place: Path) -> list[str]:
    """Say where the current contracts do not keep to a release; nothing, where they do."""
    found = [f"{path}: {why}" for path, why in compare(place)]
    released = read(place)
    for golden in sorted(place.glob("*.golden")):
        record = golden.stem
        if record not in released or record not in declared():
            found.append(f"{record}: golden bytes without a contract")
            continue
        then = resolved(record, among=released)
        kept = json.loads(golden.read_text(encoding="utf-8"))
        data = bytes.fromhex(kept["hex"])
        now = renew(record, data, then)
        if now != data and fingerprint(then) == fingerprint(resolved(record)):
            found.append(f"{record}: the same value has other bytes")
        found += _differences(kept["value"], as_json(decode(record, now)), record)
    return found


def _differences(then: Any, now: Any, path: str) -> Iterator[str]:  # noqa: ANN401  # any JSON
    if isinstance(then, dict) and isinstance(now, dict):
        # A field that only one of them has came or went with a default; `compare` has judged it.
        for name in [name for name in then if name in now]:
            yield from _differences(then[name], now[name], f"{path}.{name}")
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for place, (before, after) in enumerate(zip(then, now, strict=True)):
            yield from _differences(before, after, f"{path}[{place}]")
    elif then != now and path not in DIGESTS:
        yield f"{path}: golden bytes mean something else now"
