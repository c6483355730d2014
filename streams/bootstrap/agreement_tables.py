"""The tables of an agreement file as parsed, whatever their values: each with its place."""

from collections.abc import Iterator, Mapping

from streams.bootstrap.agreement_problems import Place


def tables(
    owner: Mapping[str, object], name: str, within: Place = ()
) -> Iterator[tuple[Place, Mapping[str, object]]]:
    """Give every table of a name, alone or in an array; a service's are one level further down."""
    found = owner.get(name)
    if name == "service" and isinstance(found, dict):
        for code, value in found.items():
            yield from tables({code: value}, code, within=(*within, name))
    elif isinstance(found, list):
        for position, table in enumerate(found):
            if isinstance(table, dict):
                yield (*within, name, position), table
    elif isinstance(found, dict):
        yield (*within, name), found


def texts(record: Mapping[str, object], key: str) -> list[str]:
    """Give the texts of a list, none where it is no list."""
    found = record.get(key)
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []
