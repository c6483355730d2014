"""The commands by name, each loaded only when it is called.

A new command is a row of `COMMANDS`: its help text stands here, so that `saattaen --help` loads
none. Options that several commands share are in `options`; how errors end is in `failures`.
"""

import difflib
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import click

from streams.cli import failures


class Row(NamedTuple):
    """Where a command is found, as `module:attribute`, and what it does, in one line."""

    target: str
    does: str


COMMANDS = {
    "demo": Row("streams.cli.demo:demo", "Play 60 days of four simulated agencies."),
    "run": Row("streams.cli.run:run", "Run a hub in the foreground: inbox, dispatch, clocks."),
    "ingest": Row("streams.cli.ingest:ingest", "Take in an agency's messages from files."),
    "advance": Row("streams.cli.advance:advance", "Move the hub's virtual time on."),
    "handoffs": Row("streams.cli.handoffs:handoffs", "List handoffs and where they stand."),
    "trace": Row("streams.cli.trace:trace", "Tell the story of a handoff, case or person."),
    "ledger": Row("streams.cli.ledger:ledger", "Print ledger entries, one JSON object a line."),
    "explain": Row("streams.cli.explain:explain", "Say why the hub decided as it did."),
    "deliveries": Row("streams.cli.deliveries:deliveries", "List notices and their fate."),
    "consents": Row("streams.cli.consents:consents", "List what a person has said of their data."),
    "disclosures": Row(
        "streams.cli.disclosures:disclosures", "List who got what of a person's data, and on what."
    ),
    "clocks": Row("streams.cli.clocks:clocks", "List clocks: what is due when."),
    "escalations": Row(
        "streams.cli.escalations:escalations", "List escalations, and take them up."
    ),
    "dead-letters": Row(
        "streams.cli.dead_letters:dead_letters", "List, show and replay dead letters."
    ),
    "replay": Row("streams.cli.replay:replay", "Decide the ledger again, and compare."),
    "person-id": Row("streams.cli.person_id:person_id", "Give a person's pseudonym."),
    "agreement": Row("streams.cli.agreement:agreement", "Lint, show and test agreements."),
    "contracts": Row("streams.cli.contracts:contracts", "List and check the Avro contracts."),
    "worker": Row("streams.cli.worker:worker", "Run one stage of a Kafka hub."),
    "kafka": Row("streams.cli.kafka:kafka", "Run a local Kafka, and make a hub's topics."),
    "doctor": Row("streams.cli.doctor:doctor", "Check all that a hub needs, and say each mend."),
}


class LazyGroup(click.Group):
    """A group whose commands stand in a table, and are imported one at a time."""

    def __init__(
        self,
        name: str | None = None,
        table: Mapping[str, Row] | None = None,
        **settings: Any,  # noqa: ANN401  # click's own settings, passed on
    ) -> None:
        """Keep the table of commands that are not loaded yet."""
        super().__init__(name, **settings)
        self._table = dict(table or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands, in the table's order."""
        return [*self._table, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command of the table."""
        row = self._table.get(cmd_name)
        if row is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = row.target.partition(":")
        found: click.Command = getattr(import_module(module), attribute)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the nearest one."""
        names = self.list_commands(ctx)
        if args and args[0] not in names and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], names, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            ctx.fail(f"there is no command {args[0]!r}{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with the table's own words."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.does) for name, row in self._table.items()])


class CommandLine(LazyGroup):
    """The whole command line: every way that a command may end is an exit code."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,  # noqa: ANN401  # click's own, passed on
    ) -> Any:  # noqa: ANN401  # as click's
        """Run a command and exit; a caller that is not standalone gets the exit code."""
        given = list(sys.argv[1:] if args is None else args)

        def run() -> object:
            return super(CommandLine, self).main(
                given,
                prog_name or "saattaen",
                complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                **extra,
            )

        code = failures.exit_code_of(run, as_json=failures.asks_for_json(given))
        if standalone_mode:
            sys.exit(code)
        return code


@click.group(
    cls=CommandLine,
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=(
        "Options stand after the command's name. Data goes to stdout, talk to stderr. Exit codes: "
        "0 ok, 1 failure, 2 usage, 3 not found, 4 conflict, 5 invalid input, 6 findings, "
        "7 unavailable, 130 interrupted."
    ),
)
@click.version_option(package_name="saattaen", message="%(prog)s %(version)s")
def saattaen() -> None:
    """Saattaen: warm handoffs between agencies, with responsibility, legal basis and clocks."""
