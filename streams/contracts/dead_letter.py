"""Dead letters as bytes.

Their class stands with the engine's promise, a ring above this one: whoever reads names it.
"""

from typing import Any, TypeVar

from streams.contracts.codec import codec_of
from streams.contracts.declarations import ContractError

_DeadLetter = TypeVar("_DeadLetter", bound=tuple[Any, ...])
_CONTRACT = "DeadLetter"


def encode_dead_letter(dead_letter: tuple[Any, ...]) -> bytes:
    """Write a dead letter, its sealed body with it.

    Raises:
        ContractError: The value is no dead letter, does not fit, or is over 1 MiB.
    """
    return codec_of(_named(type(dead_letter))).encode(dead_letter)


def decode_dead_letter(data: bytes, of: type[_DeadLetter]) -> _DeadLetter:
    """Read a dead letter back.

    Args:
        data: What `encode_dead_letter` gave.
        of: The promise's class, `streams.promises.engine.DeadLetter`.

    Raises:
        ContractError: The bytes are no dead letter in its one spelling.
    """
    return codec_of(_named(of)).decode(data)


def _named(of: type[_DeadLetter]) -> type[_DeadLetter]:
    if of.__name__ != _CONTRACT:
        raise ContractError(_CONTRACT, "the class is another record's")
    return of
