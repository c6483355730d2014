"""Sealing: personal data is readable only with the person's own key."""
