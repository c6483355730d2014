"""Views: what people ask of the ledger, kept as tables that any query can be put to.

    database     where they lie: a file in an embedded hub's folder, or a PostgreSQL server
    tables       the tables: handoffs, cases, clocks, deliveries, and how far they have been read
    cursors      of which version they are, and how far each partition has been read
    sheets       rows under change, read and written many at a time
    facts        what each fact of an entry makes of the rows
    deadlines    what becomes of clocks: started, paused, moved, met, breached, who was told
    fates        what becomes of notices: started, delivered, dead, cancelled
    disclosures  what was let go, held back and fetched back, and what became of it
    rules        under which agreement the hub decided, moment by moment
    desk         the views of a hub: caught up from the ledger, asked by commands and pages
    feed         the views of a hub on partitions, written by several workers at once
    kept_ledger  the entries of a hub on partitions, to be read by person and by place
    story        the entries that tell of one handoff, case or person
    reckoning    why a clock is due when it is
    escalations  who was told of which rung, and who has taken it up
    routes       why a handoff went to its recipient
    statements   what a person has said of their data, as of an instant
    retelling    a person's lane decided again, so that a decision can be asked again
    decisions    which data may go, category by category, and why
    grounds      on which ground each category of a disclosure went
    audit_events disclosures as FHIR AuditEvents

Nothing here decides anything: a view can be thrown away and built again from the ledger.
"""
