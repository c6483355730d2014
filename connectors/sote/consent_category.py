"""Consent.category: a consent to go outside sote, or a permit (luovutuslupa) and which way it goes.

The hub's own codes decide. Without one the words of other code systems do: Kanta's codes of the two
directions are not public (facts 2.4), its displays are Finnish.
"""

from typing import NamedTuple

from connectors.sote import systems
from connectors.sote.findings import Findings, Json
from connectors.sote.vocabulary import CONSENT_CATEGORIES
from streams.domain.codes import Branch
from streams.domain.statements import StatementKind

_PERMIT_WORD = "luovutuslupa"
# Where data goes stands in the illative or the allative; where it comes from in another case.
_TO_BRANCH = {
    Branch.SOCIAL: ("sosiaalihuoltoon", "sosiaalihuollolle"),
    Branch.HEALTH: ("terveydenhuoltoon", "terveydenhuollolle"),
}


class ConsentCategory(NamedTuple):
    """What a Consent is: its kind and, of a permit, the branch of sote that data goes to."""

    kind: StatementKind
    to_branch: Branch


class _Said(NamedTuple):
    kind: StatementKind
    to_branch: Branch
    at: str


def read_category(
    findings: Findings, resource: Json, at: str, otherwise: StatementKind
) -> ConsentCategory:
    """Read what a Consent is; `otherwise` is its kind where no category says.

    The branch is unknown for a consent, and where nothing says which way a permit goes.
    """
    coded: list[_Said] = []
    worded: list[_Said] = []
    for category, place in findings.parts(resource, "category", at):
        for coding, own_place in findings.parts(category, "coding", place):
            words = f"{coding.get('code')} {coding.get('display')}"
            worded.append(_in_words(words, otherwise, f"{own_place}.display"))
            if coding.get("system") == systems.CONSENT_CATEGORY:
                known = findings.needed_code(coding, "code", own_place, CONSENT_CATEGORIES)
                if known is not None:
                    coded.append(_Said(*known, f"{own_place}.code"))
        worded.append(_in_words(str(category.get("text")), otherwise, f"{place}.text"))
    kinds = [one.kind for one in coded or worded]
    for one in coded:
        if one.kind is not kinds[0]:
            findings.note("bad-value", one.at, "another category says that it is of another kind")
    kind = StatementKind.PERMIT if StatementKind.PERMIT in kinds else (*kinds, otherwise)[0]
    if kind is not StatementKind.PERMIT:
        return ConsentCategory(kind, Branch.UNKNOWN)
    ways = [one for one in coded if one.to_branch is not Branch.UNKNOWN]
    ways = ways or [one for one in worded if one.to_branch is not Branch.UNKNOWN]
    for one in ways:
        if one.to_branch is not ways[0].to_branch:
            findings.note("bad-value", one.at, "a permit goes one way: the other is its own permit")
    return ConsentCategory(kind, ways[0].to_branch if ways else Branch.UNKNOWN)


def _in_words(words: str, otherwise: StatementKind, at: str) -> _Said:
    text = words.lower()
    kind = StatementKind.PERMIT if _PERMIT_WORD in text else otherwise
    ways = [way for way, forms in _TO_BRANCH.items() if any(form in text for form in forms)]
    return _Said(kind, ways[0] if len(ways) == 1 else Branch.UNKNOWN, at)
