"""Saattaen: a referral hub between agencies; responsibility, legal basis and clocks in one ledger."""
