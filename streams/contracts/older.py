"""Bytes of an earlier release, brought forward to the current contracts."""

from io import BytesIO
from typing import Any

from streams.contracts.codec import within
from streams.contracts.declarations import ContractError, Schema, resolved

_MEANINGS = "logicalType"


def renew(record: str, data: bytes, written_with: dict[str, Any]) -> bytes:
    """Write bytes of an earlier release anew, as the current contract of the record has them.

    Args:
        record: The current contract's name.
        data: What was written then.
        written_with: The contract of then, standing alone.

    Raises:
        ContractError: The bytes do not fit the contract of then, or that one cannot be read with
            the current one.
    """
    # Imported here: it costs a tenth of a second, and current bytes are read without it.
    import fastavro  # noqa: PLC0415  # see above

    within(record, data)
    current = _numbers(resolved(record))
    source, target = BytesIO(data), BytesIO()
    try:
        then = fastavro.parse_schema(_numbers(written_with), _force=True)
        now = fastavro.parse_schema(current, _force=True)
        value = fastavro.schemaless_reader(
            source, then, now, return_record_name=True, return_record_name_override=True
        )
        fastavro.schemaless_writer(target, now, value)
    except Exception as refused:  # noqa: BLE001  # bytes from outside: the library raises anything
        raise ContractError(record, f"older bytes: {type(refused).__name__}") from None
    if source.tell() != len(data):
        raise ContractError(record, "older bytes go on after the end")
    return target.getvalue()


def _numbers(schema: Schema) -> Any:  # noqa: ANN401  # the same shape that it was given
    """Leave logical types out, so that moments stay whole numbers: the bytes are the same."""
    if isinstance(schema, list):
        return [_numbers(branch) for branch in schema]
    if isinstance(schema, dict):
        return {key: _numbers(value) for key, value in schema.items() if key != _MEANINGS}
    return schema
