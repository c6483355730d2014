"""What our own Avro costs beside fastavro's: `python -m tests.contracts.figures`.

The same state of one person, from named tuples to bytes and back, both ways, in turn.
"""

import gc
import sys
from collections.abc import Callable
from io import BytesIO
from statistics import median
from time import perf_counter
from typing import Any

from fastavro import parse_schema, schemaless_reader, schemaless_writer

from streams.contracts.declarations import resolved
from streams.contracts.person import decode_state, encode_state
from streams.domain.person import PersonState
from tests.contracts.examples import example_of

CALLS, ROUNDS = 2_000, 9
_NAMES = {"from_": "from", "with_": "with"}


def plain(schema: Any) -> Any:  # noqa: ANN401  # a schema is any JSON
    """Leave out what only documents: moments then stay integers on both sides."""
    if isinstance(schema, list):
        return [plain(branch) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    left = {k: v for k, v in schema.items() if k not in {"doc", "logicalType", "sealed"}}
    for key in ("type", "items"):
        if key in left:
            left[key] = plain(left[key])
    if "fields" in left:
        left["fields"] = [plain(field) for field in left["fields"]]
    return left["type"] if set(left) == {"type"} else left


def as_records(value: Any) -> Any:  # noqa: ANN401  # any value of a contract
    """Turn named tuples into what fastavro writes."""
    if hasattr(value, "_fields"):
        pairs = zip(value._fields, value, strict=True)
        return {_NAMES.get(name, name): as_records(each) for name, each in pairs}
    if isinstance(value, tuple):
        return [as_records(each) for each in value]
    return value.replace("-", "_") if type(value).__module__.startswith("streams") else value


def main() -> None:
    """Print microseconds a call: median of the rounds."""
    state: PersonState = example_of(PersonState)._replace(parked=())
    schema = parse_schema(plain(resolved("PersonState")))
    ours = encode_state(state).data

    def their_bytes() -> bytes:
        out = BytesIO()
        schemaless_writer(out, schema, {**as_records(state), "sealed": []})
        return out.getvalue()

    theirs = their_bytes()
    rows: dict[str, Callable[[], object]] = {
        "ours, tuples to bytes": lambda: encode_state(state),
        "fastavro, tuples to records to bytes": their_bytes,
        "ours, bytes to tuples": lambda: decode_state(ours),
        "fastavro, bytes to records": lambda: schemaless_reader(BytesIO(theirs), schema, None),
    }
    spent: dict[str, list[float]] = {name: [] for name in rows}
    gc.disable()
    for _ in range(ROUNDS):
        for name, call in rows.items():
            began = perf_counter()
            for _ in range(CALLS):
                call()
            spent[name].append((perf_counter() - began) / CALLS * 1e6)
    for name, found in spent.items():
        sys.stdout.write(f"{name:<40}{median(found):8.1f} us\n")


if __name__ == "__main__":
    main()
