"""The connector's page shows what the connector really writes."""

import re
from pathlib import Path

import orjson
import pytest

import connectors.sote
from streams.domain.codes import NoticeKind
from streams.promises.connector import OpenNotice
from tests.connectors.region import NOW, REGION
from tests.connectors.sote.documents import CONNECTOR
from tests.connectors.sote.notices import IN_THE_README

PAGE = (Path(connectors.sote.__file__).parent / "README.md").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"^### ([^\n]+)\n+```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))


def test_the_page_shows_every_kind_of_notice() -> None:
    assert list(SHOWN) == list(IN_THE_README)
    kinds = {notice.kind for notice, _ in IN_THE_README.values()}
    assert kinds == set(NoticeKind) - {NoticeKind.UNKNOWN}


@pytest.mark.parametrize("heading", list(IN_THE_README))
def test_an_example_is_what_the_connector_writes(heading: str) -> None:
    notice, details = IN_THE_README[heading]
    written = CONNECTOR.render(OpenNotice(notice, details, NOW), REGION)
    assert orjson.loads(SHOWN[heading]) == orjson.loads(written)
