"""One message of the sote format, read into a contract event or into every reason why not."""

from connectors.sote.bundle import Enclosed
from connectors.sote.consent import read_consent
from connectors.sote.findings import Findings
from connectors.sote.folder import Folder
from connectors.sote.person import PersonReader
from connectors.sote.referral import read_service_request
from connectors.sote.submission import Submission
from connectors.sote.task import read_task
from streams.domain.agreement import Agreement
from streams.domain.ids import AgencyId, Instant
from streams.promises.connector import Message, Reading, Unreadable

_READERS = {"Task": read_task, "Consent": read_consent, "ServiceRequest": read_service_request}


def read(
    message: Message, agency: AgencyId, agreement: Agreement, recorded_at: Instant
) -> Reading | Unreadable:
    """Read one message that `agency` sent, as of `recorded_at`.

    Never raises for what a sender can send; every problem of the message is told.
    """
    enclosed = message.parsed
    if not isinstance(enclosed, Enclosed):
        return Unreadable(message.problems, None, None)
    document, folder = enclosed.document, enclosed.folder
    if enclosed.focal < 0:
        only = _only_hetu(folder, agreement, recorded_at)
        return Unreadable(message.problems, None, only)
    focal = folder.entries[enclosed.focal]
    bundle = document if document is not focal.resource else {}
    submission = Submission(
        folder, focal, bundle, agency=agency, agreement=agreement, recorded_at=recorded_at
    )
    submission.hold_bundle_type()
    submission.findings.problems += enclosed.noted
    draft = _READERS[focal.kind](submission)
    problems = tuple(dict.fromkeys(submission.findings.problems))
    found = submission.person.hetu
    if problems or draft.event is None or found is None:
        hetu = found.text if found is not None else None
        return Unreadable(problems, submission.message_id, hetu)
    return Reading(draft.event, found.text, draft.details, draft.document_ids, draft.about)


def _only_hetu(folder: Folder, agreement: Agreement, recorded_at: Instant) -> str | None:
    """Find whose lane a dead letter belongs to where no message is: the only Patient's."""
    patients = folder.of_kind("Patient")
    if len(patients) != 1:
        return None
    persons = PersonReader(folder, Findings(), agreement.profile, recorded_at)
    found = persons.of_patient(patients[0]).hetu
    return found.text if found is not None else None
