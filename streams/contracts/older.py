"""Bytes of an earlier release, brought forward to the current contracts."""

from io import BytesIO
from typing import Any

from streams.contracts.codec import within
from streams.contracts.declarations import ContractError, Schema, resolved

_MEANINGS = "logicalType"


class Renewal:
    """Brings bytes of one contract of then forward; made once, since compiling is what costs."""

    def __init__(self, record: str, written_with: dict[str, Any]) -> None:
        """Compile both contracts.

        Args:
            record: The current contract's name.
            written_with: The contract of then, standing alone.

        Raises:
            ContractError: There is no such current contract, or that of then is no contract.
        """
        # Imported here: it costs a tenth of a second, and current bytes are read without it.
        import fastavro  # noqa: PLC0415  # see above

        self._record = record
        self._library = fastavro
        current = _numbers(resolved(record))
        try:
            self._then = fastavro.parse_schema(_numbers(written_with), _force=True)
            self._now = fastavro.parse_schema(current, _force=True)
        except Exception as refused:  # noqa: BLE001  # from outside: the library raises anything
            raise ContractError(record, f"older bytes: {type(refused).__name__}") from None

    def renew(self, data: bytes) -> bytes:
        """Write bytes of then anew, as the current contract has them.

        Raises:
            ContractError: The bytes do not fit the contract of then, or that one cannot be read
                with the current one.
        """
        within(self._record, data)
        source, target = BytesIO(data), BytesIO()
        try:
            value = self._library.schemaless_reader(
                source,
                self._then,
                self._now,
                return_record_name=True,
                return_record_name_override=True,
            )
            self._library.schemaless_writer(target, self._now, value)
        except Exception as refused:  # noqa: BLE001  # from outside: the library raises anything
            raise ContractError(self._record, f"older bytes: {type(refused).__name__}") from None
        if source.tell() != len(data):
            raise ContractError(self._record, "older bytes go on after the end")
        return target.getvalue()


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
    return Renewal(record, written_with).renew(data)


def _numbers(schema: Schema) -> Any:  # noqa: ANN401  # the same shape that it was given
    """Leave logical types out, so that moments stay whole numbers: the bytes are the same."""
    if isinstance(schema, list):
        return [_numbers(branch) for branch in schema]
    if isinstance(schema, dict):
        return {key: _numbers(value) for key, value in schema.items() if key != _MEANINGS}
    return schema
