"""The employment services' wire format, both ways.

Samples: `tests/data/wire/employment`; what goes out: `README.md` beside this file.
"""

from connectors.finnish_json.connector import FinnishJsonConnector
from connectors.finnish_json.wire import Head


class EmploymentConnector(FinnishJsonConnector):
    """Reads and writes the JSON events of an employment service's system."""

    head_shape = Head
