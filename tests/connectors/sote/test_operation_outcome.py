"""Problems as FHIR says them."""

from typing import Any

from fhir.resources.R4B.operationoutcome import OperationOutcome

from connectors.sote.operation_outcome import operation_outcome
from streams.domain.entry import Problem


def test_an_operation_outcome_holds_every_problem_at_once() -> None:
    problems = (
        Problem("unknown-code", "Task.status", "no such code", "requested"),
        Problem("malformed", "", "no JSON", None),
    )
    outcome = operation_outcome(problems)
    OperationOutcome.model_validate(outcome)
    issues: Any = outcome["issue"]
    assert [issue["code"] for issue in issues] == ["code-invalid", "structure"]
    assert [issue["expression"] for issue in issues] == [["Task.status"], ["%resource"]]
    assert issues[0]["extension"] == [{"url": "urn:saattaen:nearest", "valueCode": "requested"}]
    assert issues[1]["details"]["coding"][0]["system"] == "urn:saattaen:error"
