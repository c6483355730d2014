"""Options of commands that speak to a Kafka hub; they stand after the command's name.

`kafka_options` is for commands that only a Kafka hub has, `any_hub_options` for those that read
either kind: a hub is an embedded one unless `--kafka` or SAATTAEN_KAFKA names another. For a
command that needs its database alone, `--database` or SAATTAEN_DATABASE does so as well.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from streams.cli.options import HubPlace, data_option, keys_option, region_option

_Command = TypeVar("_Command", bound=Callable[..., Any])

KAFKA, REGISTRY, DATABASE, KEYS = "kafka", "registry", "database", "keys"
_VARIABLES = {
    KAFKA: "SAATTAEN_KAFKA",
    REGISTRY: "SAATTAEN_REGISTRY",
    DATABASE: "SAATTAEN_DATABASE",
    KEYS: "SAATTAEN_KEYS_FILE",
}
_DRIVER = "postgresql+psycopg"


class KafkaPlace(NamedTuple):
    """Where a Kafka hub lies: its broker, registry and database, the agreement, its secrets.

    `kafka` is host:port, or several with commas; `registry` the base of Confluent's interface;
    `database` an SQLAlchemy URL of PostgreSQL. Each is empty where the command does not need it and
    nobody named it. `region` None is the demonstration region; `keys` None means that nobody named
    the hub's secrets.
    """

    kafka: str
    registry: str
    database: str
    region: Path | None
    keys: Path | None


AnyPlace = HubPlace | KafkaPlace
"""A hub of either kind."""


def kafka_options(*needs: str) -> Callable[[_Command], _Command]:
    """Let a command name a Kafka hub: it gets `place`, a `KafkaPlace`.

    Args:
        needs: Which of `KAFKA`, `REGISTRY`, `DATABASE` and `KEYS` must be there; a command that
            lacks one ends with a usage error that names the option and the variable.
    """

    def decorate(command: _Command) -> _Command:
        @wraps(command)
        def with_place(
            *arguments: object,
            kafka: str,
            registry: str,
            database: str,
            region: Path | None,
            keys: Path | None,
            **others: object,
        ) -> object:
            place = KafkaPlace(kafka, registry, database, region, keys)
            _demand(place, needs)
            return command(*arguments, place=place, **others)

        return cast("_Command", _placed(region_option(keys_option(_KEYS_HELP)(with_place))))

    return decorate


def any_hub_options(*needs: str) -> Callable[[_Command], _Command]:
    """Let a command name either kind of hub: it gets `place`, a `HubPlace` or a `KafkaPlace`.

    Args:
        needs: As for `kafka_options`, where the hub turns out to be on Kafka.
    """

    def decorate(command: _Command) -> _Command:
        @wraps(command)
        def with_place(
            *arguments: object,
            data: Path,
            kafka: str,
            registry: str,
            database: str,
            region: Path | None,
            keys: Path | None,
            **others: object,
        ) -> object:
            place: AnyPlace = HubPlace(data, region, keys)
            # Whoever needs the database alone may be told of it alone.
            named = {DATABASE: database} if needs == (DATABASE,) else {}
            if _is_on_kafka({KAFKA: kafka, **named}):
                place = KafkaPlace(kafka, registry, database, region, keys)
                _demand(place, needs)
            return command(*arguments, place=place, **others)

        return cast("_Command", _placed(data_option(region_option(keys_option()(with_place)))))

    return decorate


_KEYS_HELP = "The hub's secrets (TOML with master and pseudonym), the same file for every worker."


def _is_on_kafka(named: Mapping[str, str]) -> bool:
    """Say which kind is meant; what stands on the command line beats the environment."""
    context = click.get_current_context()
    said = {
        name
        for name in ("data", *named)
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    if "data" in said and len(said) > 1:
        other = " and ".join([f"--{name}" for name in named if name in said])
        raise click.UsageError(f"--data names an embedded hub, {other} another one: give one")
    return bool(said - {"data"}) or ("data" not in said and any(named.values()))


def _demand(place: KafkaPlace, needs: tuple[str, ...]) -> None:
    missing = [need for need in needs if not getattr(place, need)]
    if missing:
        named = ", ".join(f"--{need} (or {_VARIABLES[need]})" for need in missing)
        hint = "" if missing == [KEYS] else "; `saattaen kafka dev` starts all that a hub needs"
        raise click.UsageError(f"a Kafka hub needs {named}{hint}")


def _placed(command: Callable[..., Any]) -> Callable[..., Any]:
    kafka = click.option(
        "--kafka",
        metavar="BOOTSTRAP",
        envvar=_VARIABLES[KAFKA],
        default="",
        callback=_brokers,
        help="The Kafka hub's brokers, host:port with commas (SAATTAEN_KAFKA).",
    )
    registry = click.option(
        "--registry",
        metavar="URL",
        envvar=_VARIABLES[REGISTRY],
        default="",
        callback=_registry,
        help="Its schema registry, the whole base with /apis/ccompat/v7 (SAATTAEN_REGISTRY).",
    )
    database = click.option(
        "--database",
        metavar="URL",
        envvar=_VARIABLES[DATABASE],
        default="",
        callback=_database,
        help="Its PostgreSQL, as an SQLAlchemy URL (SAATTAEN_DATABASE).",
    )
    return kafka(registry(database(command)))


def state_option(command: _Command) -> _Command:
    """Let a worker have a folder of its own: it gets `state`, None for the first free one."""
    return click.option(
        "--state",
        metavar="DIR",
        type=click.Path(path_type=Path),
        default=None,
        help="The worker's own folder (default: the first free one under ./saattaen-state).",
    )(command)


def session_option(
    default_ms: int = 10_000, most_ms: int = 300_000
) -> Callable[[_Command], _Command]:
    """Let a worker say how long its group waits for it: it gets `session_ms`."""
    return click.option(
        "--session-ms",
        metavar="MS",
        type=click.IntRange(1_000, most_ms),
        default=default_ms,
        envvar="SAATTAEN_SESSION_MS",
        help="How long others wait for this worker when it gives no sign (SAATTAEN_SESSION_MS).",
    )


def health_option(command: _Command) -> _Command:
    """Let a worker answer how it is: it gets `health_port`, None where nobody asks."""
    return click.option(
        "--health-port",
        metavar="P",
        type=click.IntRange(1, 2**16 - 1),
        envvar="SAATTAEN_HEALTH_PORT",
        default=None,
        help="Serve /livez, /readyz and /metrics on this port (SAATTAEN_HEALTH_PORT).",
    )(command)


def registry_option(command: _Command) -> _Command:
    """Let a command name a schema registry and nothing else: it gets `registry`, maybe empty."""
    return click.option(
        "--registry",
        metavar="URL",
        envvar=_VARIABLES[REGISTRY],
        default="",
        callback=_registry,
        help="A schema registry, the whole base with /apis/ccompat/v7 (SAATTAEN_REGISTRY).",
    )(command)


def _brokers(_: click.Context, __: click.Parameter, value: str) -> str:
    brokers = [broker.strip() for broker in value.split(",") if broker.strip()]
    for broker in brokers:
        host, _colon, port = broker.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
            raise click.BadParameter(f"{broker!r} is not host:port")
    return ",".join(brokers)


def _registry(_: click.Context, __: click.Parameter, value: str) -> str:
    if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).netloc):
        raise click.BadParameter("it is not http://HOST:PORT/apis/ccompat/v7")
    return value.rstrip("/")


def _database(_: click.Context, __: click.Parameter, value: str) -> str:
    scheme, colon, rest = value.partition("://")
    if scheme in ("postgres", "postgresql"):
        # The driver that the extra brings; the library would look for another by itself.
        scheme = _DRIVER
    if value and (scheme != _DRIVER or not colon):
        # Without the value: it may hold a password.
        raise click.BadParameter("it is not postgresql://USER:PASSWORD@HOST/NAME")
    return f"{scheme}{colon}{rest}"
