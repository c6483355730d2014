"""One element of a `<viesti>` and what stands in it: read field by field, every finding kept.

A field that is absent or empty is None; a field that is wrong is a finding and None, so that
reading goes on and all errors of a message come at once. No text of a message goes into a finding.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final, TypeVar

from lxml.etree import _Element

from connectors.directory import AgencyDirectory
from connectors.finnish_codes import nearest
from connectors.kela.dates import DateStyle, read_date
from connectors.kela.era import NAMESPACE
from streams.domain.entry import Problem
from streams.domain.ids import AgencyId

Meaning = TypeVar("Meaning")

ID_LENGTH_MAX = 128
NAME_LENGTH_MAX = 256
REFERENCE_LENGTH_MAX = 512
LISTED_MAX = 64
"""Repeats of an element that may be repeated (categories, agencies)."""

_SPACE = " \t\r\n"
# No control characters, and no line breaks by another name.
_ID = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_TEXT_ONLY = "text, and no elements, stands here"
_LOCAL_NAMES: Final[dict[object, str]] = {
    f"{{{NAMESPACE}}}{name}": name
    for name in (
        *("viestiTunnus", "versio", "pvm", "klo"),
        *("asiakas", "hetu", "nimi", "kotikunta", "turvakielto"),
        *("ohjaus", "ohjausPeruttu", "ohjausVirheellinen", "takaisinvetoKuitattu", "vastaus"),
        *("suostumus", "kielto", "vaihe", "vastuuhenkilo"),
        *("lahettaja", "vastaanottaja", "oid", "ytunnus"),
        *("palvelu", "etuus", "kiireellisyys", "perustelu"),
        *("luovutus", "peruste", "viite", "tietoryhma"),
        *("kasittelytunnus", "lahdetunnus", "syy", "selite", "tulos"),
        *("suostumusTunnus", "luovuttaja", "saaja", "tarkoitus", "alkaen", "paattyen"),
        *("antaja", "valtuutus", "naytto", "laji", "suunta", "asiakirja", "palvelutehtava"),
        *("tehtava", "toimipiste"),
    )
}


class Findings:
    """The problems of one message, and what its fields are read by."""

    __slots__ = ("agencies", "problems", "service_tasks", "style")

    def __init__(
        self, agencies: AgencyDirectory, style: DateStyle | None, service_tasks: tuple[str, ...]
    ) -> None:
        """Begin with nothing wrong; `style` is how the batch writes dates, None for any.

        `service_tasks` are the agreed ones that a person may prohibit; any where there is none.
        """
        self.agencies = agencies
        self.service_tasks = service_tasks
        self.style = style
        self.problems: list[Problem] = []

    def note(self, code: str, pointer: str, detail: str, near: str | None = None) -> None:
        """Add a problem; `detail` is the hub's own words."""
        self.problems.append(Problem(code, pointer, detail, near))

    def missing(self, pointer: str) -> None:
        """Add that something is missing that the event needs."""
        self.note("missing-field", pointer, "the event needs this")

    def meaning(self, code: str, pointer: str, known: Mapping[str, Meaning]) -> Meaning | None:
        """Read a code; one that is not known is a finding with the nearest that is."""
        meaning = known.get(code)
        if meaning is None:
            self.note("unknown-code", pointer, "no such code", nearest(code, known))
        return meaning

    def identifier(
        self, text: str | None, pointer: str, length_max: int = ID_LENGTH_MAX
    ) -> str | None:
        """Read an id: at most 128 characters, none of them a control character."""
        if text is None:
            return None
        if len(text) > length_max or _ID.fullmatch(text) is None:
            self.note("bad-value", pointer, f"1 to {length_max} characters, none a control")
            return None
        return text

    def reference(self, text: str | None, pointer: str) -> str | None:
        """Read where something is kept: an address, or whatever its agency finds it by."""
        return self.identifier(text, pointer, REFERENCE_LENGTH_MAX)

    def service_task(self, text: str, pointer: str) -> str | None:
        """Read the code of a service task; misspelt, it would prohibit nothing."""
        if self.service_tasks:
            return self.meaning(text, pointer, {task: task for task in self.service_tasks})
        return self.identifier(text, pointer)

    def number(self, text: str | None, pointer: str, least: int, most: int) -> int | None:
        """Read a whole number from `least` to `most`."""
        if text is None:
            return None
        number = int(text) if _WHOLE_NUMBER.fullmatch(text) else least - 1
        if not least <= number <= most:
            self.note("bad-value", pointer, f"a whole number from {least} to {most}")
            return None
        return number

    def day(self, text: str | None, pointer: str) -> date | None:
        """Read a date in the batch's style."""
        if text is None:
            return None
        day = read_date(text, self.style)
        if day is None:
            self.note("bad-time", pointer, "no such date, or not in the style of its batch")
        return day

    def agency(self, text: str, pointer: str) -> AgencyId | None:
        """Find the agency of a business id or an OID."""
        found = self.agencies.by_business_id(text) or self.agencies.by_oid(text)
        if found is None:
            self.note("unknown-agency", pointer, "not an agency of the agreement")
        return found


class Section:
    """An element, where it stands, and its known children; unknown ones are passed over."""

    __slots__ = ("_repeated", "at", "children", "element", "findings")

    def __init__(self, element: _Element, at: str, findings: Findings) -> None:
        """Look at the element's children; `at` is its XPath without prefixes."""
        self.element = element
        self.at = at
        self.findings = findings
        children: dict[str, _Element] = {}
        repeated: dict[str, list[_Element]] = {}
        for child in element:
            name = _LOCAL_NAMES.get(child.tag)
            if name is None:
                continue
            if name in children:
                repeated.setdefault(name, [children[name]]).append(child)
            else:
                children[name] = child
        self.children = children
        self._repeated = repeated

    def count(self, name: str) -> int:
        """Count the elements of that name."""
        if name in self._repeated:
            return len(self._repeated[name])
        return 1 if name in self.children else 0

    def _one(self, name: str) -> _Element | None:
        if name in self._repeated:
            # Taking either would be a guess at what the agency meant.
            self.findings.note("bad-value", f"{self.at}/{name}[2]", "stands here only once")
            return None
        return self.children.get(name)

    def section(self, name: str) -> "Section | None":
        """Open a child that holds elements of its own."""
        child = self.children.get(name) if not self._repeated else self._one(name)
        return Section(child, f"{self.at}/{name}", self.findings) if child is not None else None

    def needed_section(self, name: str) -> "Section | None":
        """Open a child that the event cannot do without."""
        if name not in self.children:
            self.findings.missing(f"{self.at}/{name}")
        return self.section(name)

    def text(self, name: str) -> str | None:
        """Read a child's text without its outer spaces."""
        child = self.children.get(name) if not self._repeated else self._one(name)
        if child is None:
            return None
        if len(child):
            self.findings.note("bad-value", f"{self.at}/{name}", _TEXT_ONLY)
            return None
        text = child.text
        return (text.strip(_SPACE) or None) if text is not None else None

    def is_blank(self, name: str) -> bool:
        """Say whether nothing stands under that name: no element, or one empty element."""
        if name in self._repeated:
            return False
        child = self.children.get(name)
        return child is None or (not len(child) and not (child.text or "").strip(_SPACE))

    def needed(self, name: str) -> str | None:
        """Read a text that the event cannot do without."""
        text = self.text(name)
        if text is None and self.is_blank(name):
            self.findings.missing(f"{self.at}/{name}")
        return text

    def name(self, name: str) -> str | None:
        """Read what somebody or something is called: at most 256 characters."""
        text = self.text(name)
        if text is not None and len(text) > NAME_LENGTH_MAX:
            pointer = f"{self.at}/{name}"
            self.findings.note("bad-value", pointer, f"at most {NAME_LENGTH_MAX} characters")
            return None
        return text

    def identifier(self, name: str) -> str | None:
        """Read an id."""
        text = self.text(name)
        return self.findings.identifier(text, f"{self.at}/{name}") if text else None

    def needed_identifier(self, name: str) -> str | None:
        """Read an id that the event cannot do without."""
        text = self.needed(name)
        return self.findings.identifier(text, f"{self.at}/{name}") if text else None

    def code(self, name: str, known: Mapping[str, Meaning]) -> Meaning | None:
        """Read a code of a table."""
        text = self.text(name)
        return self.findings.meaning(text, f"{self.at}/{name}", known) if text else None

    def needed_code(self, name: str, known: Mapping[str, Meaning]) -> Meaning | None:
        """Read a code that the event cannot do without."""
        text = self.needed(name)
        return self.findings.meaning(text, f"{self.at}/{name}", known) if text else None

    def day(self, name: str) -> date | None:
        """Read a date."""
        return self.findings.day(self.text(name), f"{self.at}/{name}")

    def needed_day(self, name: str) -> date | None:
        """Read a date that the event cannot do without."""
        return self.findings.day(self.needed(name), f"{self.at}/{name}")

    def attribute(self, name: str) -> str | None:
        """Read an attribute of the element itself, without outer spaces."""
        value = self.element.get(name)
        return (value.strip(_SPACE) or None) if value is not None else None

    def needed_attribute(self, name: str) -> str | None:
        """Read an attribute that the event cannot do without."""
        value = self.attribute(name)
        if value is None:
            self.findings.missing(f"{self.at}/@{name}")
        return value

    def needed_attribute_code(self, name: str, known: Mapping[str, Meaning]) -> Meaning | None:
        """Read a code in an attribute that the event cannot do without."""
        value = self.needed_attribute(name)
        return self.findings.meaning(value, f"{self.at}/@{name}", known) if value else None

    def _listed(self, name: str) -> list[tuple[str, str]]:
        """Read the texts of a repeated child, each with its pointer; an empty one is missing."""
        if name not in self.children:
            return []
        children = self._repeated.get(name) or [self.children[name]]
        if len(children) > LISTED_MAX:
            pointer = f"{self.at}/{name}[{LISTED_MAX + 1}]"
            self.findings.note("bad-value", pointer, f"at most {LISTED_MAX} of these")
        found: list[tuple[str, str]] = []
        for index, child in enumerate(children[:LISTED_MAX], start=1):
            pointer = f"{self.at}/{name}[{index}]"
            text = (child.text or "").strip(_SPACE)
            if len(child):
                self.findings.note("bad-value", pointer, _TEXT_ONLY)
            elif text:
                found.append((text, pointer))
            else:
                # Left out, an empty name would widen the list to everybody.
                self.findings.missing(pointer)
        return found

    def codes(self, name: str, known: Mapping[str, Meaning]) -> tuple[Meaning, ...]:
        """Read a repeated code, each meaning once, in their order."""
        read = (self.findings.meaning(text, at, known) for text, at in self._listed(name))
        return tuple(dict.fromkeys(meaning for meaning in read if meaning is not None))

    def agencies(self, name: str) -> tuple[AgencyId, ...]:
        """Read repeated business ids or OIDs, each agency once, in their order."""
        read = (self.findings.agency(text, at) for text, at in self._listed(name))
        return tuple(dict.fromkeys(agency for agency in read if agency is not None))

    def identifiers(self, name: str) -> tuple[str, ...]:
        """Read repeated ids, each once, in their order."""
        read = (self.findings.identifier(text, at) for text, at in self._listed(name))
        return tuple(dict.fromkeys(identifier for identifier in read if identifier is not None))

    def service_tasks(self, name: str) -> tuple[str, ...]:
        """Read repeated codes of service tasks, each once, in their order."""
        read = (self.findings.service_task(text, at) for text, at in self._listed(name))
        return tuple(dict.fromkeys(task for task in read if task is not None))

    def agency(self) -> AgencyId | None:
        """Find the agency that this element names by `oid`, by `ytunnus`, or by both alike."""
        oid = self.needed("oid") if "oid" in self.children else None
        business_id = self.needed("ytunnus") if "ytunnus" in self.children else None
        if not self.children.keys() & {"oid", "ytunnus"}:
            self.findings.missing(self.at)
        named: list[AgencyId | None] = []
        if oid is not None:
            named.append(self.findings.agency(oid, f"{self.at}/oid"))
        if business_id is not None:
            named.append(self.findings.agency(business_id, f"{self.at}/ytunnus"))
        if None not in named and len(set(named)) > 1:
            self.findings.note("bad-value", self.at, "its names mean different agencies")
        return named[0] if named else None
