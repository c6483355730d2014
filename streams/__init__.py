"""Saattaen, a referral hub: responsibility, legal basis and clocks of handoffs in one ledger."""
