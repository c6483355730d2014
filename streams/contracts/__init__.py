"""Contracts: Avro records in and out, and what a change of them may do to others.

    declarations     where `schemas/avro/<concept>/<Record>.avsc` is read
    event, entry, person, dead_letter
                     bytes of one record, and the digests that prove them
    catalogue        what contracts there are, and whether they keep to a release
    compatibility    whether readers and writers of two schemas understand each other
    older            bytes of an earlier release, brought forward

The modules are imported where they are used: `import streams.contracts` alone costs nothing.
"""
