"""The TYP register's wire format, both ways: the employment services' events, of a clienthood.

Every event adds `typAsiakkuusTunnus` and `jasenet`, and its writer speaks for a party of the pair
(`virkailija.osapuoli`). Samples: `tests/data/wire/typ`; what goes out: `README.md` of
`connectors/employment`.
"""

from connectors.finnish_json.connector import FinnishJsonConnector
from connectors.finnish_json.wire import TypHead


class TypConnector(FinnishJsonConnector):
    """Reads and writes the JSON events of the TYP register."""

    head_shape = TypHead
