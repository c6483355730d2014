"""Views: what people ask of the ledger, kept as tables that any query can be put to.

    tables       the tables: handoffs, cases, clocks, deliveries, and how far they have been read
    sheets       rows under change, read and written many at a time
    facts        what each fact of an entry makes of the rows
    deadlines    what becomes of clocks: started, paused, moved, met, breached, who was told
    fates        what becomes of notices: started, delivered, dead, cancelled
    desk         the views of a hub: caught up from the ledger, asked by commands and pages
    story        the entries that tell of one handoff, case or person
    reckoning    why a clock is due when it is
    escalations  who was told of which rung, and who has taken it up
    routes       why a handoff went to its recipient

Nothing here decides anything: a view can be thrown away and built again from the ledger.
"""
