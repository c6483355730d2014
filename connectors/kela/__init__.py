"""Kela's XML batches: `<era>` in, one contract event a `<viesti>`, and notices out as `<era>`."""
