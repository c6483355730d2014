"""Options that several commands share; they stand after the command's name."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])

YEAR_MIN, YEAR_MAX = 1900, 2200
"""Instants outside these years are slips; the wire formats draw the same line."""

DATA_DEFAULT = Path("saattaen-data")


class HubPlace(NamedTuple):
    """Where an embedded hub lies: its folder, the region's agreement, its secrets.

    `region` None is the demonstration region, `keys` None the file `DATA.key` beside the folder.
    """

    data: Path
    region: Path | None
    keys: Path | None


class InstantType(click.ParamType):
    """An instant in ISO 8601; without an offset it is local time in Finland."""

    name = "ISO"

    def convert(
        self,
        value: Any,  # noqa: ANN401  # as click's: text, or already converted
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int:
        """Read the text, or end with a usage error."""
        from streams.domain.calendar import HELSINKI, instant

        if isinstance(value, int):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail("not an ISO 8601 instant, as 2026-03-02T12:00:00+02:00", param, ctx)
        if not YEAR_MIN <= moment.year <= YEAR_MAX:
            self.fail(f"a year before {YEAR_MIN} or after {YEAR_MAX}", param, ctx)
        return instant(moment if moment.tzinfo else moment.replace(tzinfo=HELSINKI))


INSTANT = InstantType()


def hub_options(command: _Command) -> _Command:
    """Let a command name a hub: it gets `place`, a `HubPlace`."""

    @wraps(command)
    def with_place(
        *arguments: object,
        data: Path,
        region: Path | None,
        keys: Path | None,
        **others: object,
    ) -> object:
        return command(*arguments, place=HubPlace(data, region, keys), **others)

    placed = data_option(region_option(keys_option()(with_place)))
    return cast("_Command", placed)


def json_option(command: _Command) -> _Command:
    """Let a command answer in JSON: it gets `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Answer, and fail, in JSON.")(
        command
    )


def region_option(command: _Command) -> _Command:
    """Let a command name the agreement: it gets `region`."""
    return click.option(
        "--region",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="The region's agreement file or folder (default: the demonstration region).",
    )(command)


def data_option(command: _Command) -> _Command:
    """Let a command name an embedded hub's folder: it gets `data`."""
    return click.option(
        "--data",
        metavar="DIR",
        type=click.Path(path_type=Path),
        default=DATA_DEFAULT,
        help="The hub's folder (default: ./saattaen-data).",
    )(command)


def keys_option(
    does: str = "The hub's secrets (default: DATA.key beside the folder).",
) -> Callable[[_Command], _Command]:
    """Let a command name the hub's secrets, with other help where wanted: it gets `keys`."""
    return click.option(
        "--keys",
        metavar="FILE",
        envvar="SAATTAEN_KEYS_FILE",
        type=click.Path(path_type=Path),
        help=does,
    )
