"""TYP, the multi-professional joint service."""
