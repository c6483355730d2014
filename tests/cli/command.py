"""The command line as tests run it: in this process, against folders of their own."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner

from streams.cli.command_line import saattaen

WIRE = Path(__file__).parents[1] / "data" / "wire"
REGION = WIRE / "agreement-sample.toml"


class Ended(NamedTuple):
    """How a command ended: its exit code, its data and its talk."""

    code: int
    data: str
    talk: str

    def document(self) -> Any:  # noqa: ANN401  # JSON is whatever it is
        """Read the data as one JSON document."""
        return json.loads(self.data)

    def lines(self) -> list[Any]:
        """Read the data as one JSON object a line."""
        return [json.loads(line) for line in self.data.splitlines()]


def run(*words: object, stdin: bytes = b"", **environment: str) -> Ended:
    """Run a command; its words are written as a shell would give them."""
    ended = CliRunner(env={"NO_COLOR": "1", **environment}).invoke(
        saattaen, [str(word) for word in words], input=stdin
    )
    assert ended.exception is None or isinstance(ended.exception, SystemExit)
    return Ended(ended.exit_code, ended.stdout, ended.stderr)


class OneHub(NamedTuple):
    """One hub's folder, and the options that name it."""

    data: Path
    region: Path = REGION

    def run(self, *words: object, stdin: bytes = b"") -> Ended:
        """Run a command on this hub; words after `--` stay at the end."""
        return run(*words, "--data", self.data, "--region", self.region, stdin=stdin)

    def ingest(self, agency: str, *files: object, at: str = "2026-02-12T12:00:00+02:00") -> Ended:
        """Take files of an agency in."""
        return self.run("ingest", "--from", agency, "--recorded-at", at, *files)

    def json(self, *words: object) -> Any:  # noqa: ANN401  # as above
        """Run a command that gives one JSON document."""
        ended = self.run(*words, "--json")
        assert ended.code == 0, ended.talk + ended.data
        return ended.document()
