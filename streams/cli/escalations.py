"""`saattaen escalations`: who was told of what is late, and who takes it up."""

import click

from streams.cli.command_line import LazyGroup, Row

_ANSWERS = "streams.cli.escalation_answers"
_TABLE = {
    "list": Row("streams.cli.escalation_list:list_escalations", "List escalations."),
    "acknowledge": Row(f"{_ANSWERS}:acknowledge", "Say that somebody on duty has seen one."),
    "assign": Row(f"{_ANSWERS}:assign", "Give one to a role or a duty id."),
    "snooze": Row(f"{_ANSWERS}:snooze", "Let one rest until a moment, for a reason."),
}


@click.group(
    cls=LazyGroup,
    table=_TABLE,
    epilog=(
        "\b\nExamples:\n"
        "  saattaen escalations list --open --json\n"
        "  saattaen escalations acknowledge c-0123456789ABCDEFGHJKMNPQRS breach --by coordinator"
    ),
)
def escalations() -> None:
    """List escalations, and take them up."""
