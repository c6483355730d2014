"""The story: four simulated agencies and their persons, played through a real hub in virtual time.

    persons -> plot, background -> agencies -> stage (hub, dispatch) -> chronicle -> report

The agencies speak their own wire formats and read the hub's notices in them; who wants to see what
a format looks like from the other side of the wire reads `sote_system`, `employment_system` and
`kela_system`. Nobody in the story exists.
"""
