"""The report as people read it: the document's figures in lines, one thread after the other."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

_WAITS = {
    "for_basis": "for a legal basis",
    "in_transit": "in transit",
    "for_acceptance": "for an answer",
    "for_start": "for the service to start",
    "for_the_person": "for the person",
}


def told(report: Json) -> str:
    """Tell a report's document as text, ending with a newline."""
    lines = [*_head(report), ""]
    for number, outcome in enumerate(report["outcomes"].values(), start=1):
        lines += [*_thread(number, outcome), ""]
    lines += ["DEAD LETTERS", *_dead_letters(report), ""]
    lines += ["NOTICES DELIVERED", *_notices(report), ""]
    lines += ["REPLAY OF THE LEDGER", *_replay(report), ""]
    lines += ["NEXT", *[f"  {command}" for command in report["next"]]]
    return "\n".join(lines) + "\n"


def _head(report: Json) -> Iterator[str]:
    clocks, receipts = report["clocks"], report["receipts"]
    yield (
        f"{report['began_at'][:10]} to {report['ended_at'][:10]} in South Karelia, played in "
        f"virtual time (seed {report['seed']}). All persons are artificial."
    )
    yield (
        f"{len(report['agencies'])} agencies, {report['persons']} persons, "
        f"{report['handoffs']} handoffs ({report['handoffs_open']} open), "
        f"{report['entries']} ledger entries."
    )
    said = ", ".join([f"{count} {status}" for status, count in receipts.items()])
    yield f"Messages: {said}."
    yield (
        f"Clocks: {clocks['met']} met, {clocks['breached']} breached, {clocks['running']} running; "
        f"{clocks['escalations']} escalations."
    )


def _thread(number: int, outcome: Json) -> Iterator[str]:
    mark = "" if outcome["happened"] else "   (DID NOT HAPPEN)"
    yield f"{number:2}. {outcome['title']}{mark}"
    if "case_id" not in outcome:
        return
    for handoff in outcome["handoffs"]:
        yield from _handoff(handoff)
    for decline in outcome["declines"]:
        yield f"      declined by {decline['recipient']}: {decline['reason']}"
    if outcome["convened_with"] is not None:
        yield f"      convened with {outcome['convened_with']}, every reason attached"
    yield f"      responsible now: {outcome['responsible']}"


def _handoff(handoff: Json) -> Iterator[str]:
    reason = f" ({handoff['status_reason']})" if handoff["status_reason"] else ""
    yield f"    {handoff['handoff_id']}  {handoff['service']}"
    yield f"      {handoff['source']} -> {handoff['recipient']}: {handoff['status']}{reason}"
    waited = handoff["waited_days"]
    waits = [f"{waited[kind]} days {what}" for kind, what in _WAITS.items() if waited.get(kind)]
    if waits:
        yield f"      waited {', '.join(waits)}"
    clocks = [f"{rule} {state}" for rule, state in handoff["clocks"].items()]
    if clocks:
        late = f", {handoff['late_by_days']} days late" if handoff["late_by_days"] else ""
        yield f"      clocks: {', '.join(clocks)}{late}"
    if handoff["escalated_to"]:
        yield f"      escalated to {', '.join(dict.fromkeys(handoff['escalated_to']))}"
    yield from _disclosure(handoff)


def _disclosure(handoff: Json) -> Iterator[str]:
    if handoff["status_reason"] == "basis-withdrawn":
        if not handoff["data_left"]:
            yield "      nothing had left"
    else:
        yield from _withheld(handoff["withheld"])
    for agency in handoff["recalled_from"]:
        confirmed = agency in handoff["recalls_confirmed_by"]
        yield f"      recalled from {agency}, {'confirmed' if confirmed else 'not confirmed yet'}"
    if handoff["rerouted_to"] is not None:
        yield f"      passed on as {handoff['rerouted_to']}"


def _withheld(withheld: list[Json]) -> Iterator[str]:
    asks: dict[str, list[str]] = {}
    for each in withheld:
        acts = [
            f"{act['act']} {act['ask_for']} to {act['to']} for {act['purpose']}"
            for act in each["missing"]
        ]
        ask = " and ".join(acts) or each["reason"]
        asks.setdefault(ask, []).append(each["category"])
    for ask, categories in asks.items():
        yield f"      withheld {', '.join(categories)}: {ask}"


def _dead_letters(report: Json) -> Iterator[str]:
    for letter in report["dead_letters"]:
        yield f"  {letter['dead_letter_id']}  {letter['agency']}"
        for error in letter["errors"]:
            yield f"      {error['code']}  {error['mend']}"


def _notices(report: Json) -> Iterator[str]:
    for sent in report["notices"]:
        kinds = ", ".join([f"{count} {kind}" for kind, count in sent["kinds"].items()])
        yield f"  {sent['agency']:<24}{sent['delivered']:>4}  {sent['format']}: {kinds}"


def _replay(report: Json) -> Iterator[str]:
    replay = report["replay"]
    yield f"  live     {replay['live']}"
    agrees = "the same" if replay["agrees"] else "DIFFERENT"
    yield f"  replayed {replay['replayed']}  {agrees}"
