"""Carriers of notices and messages: file, webhook, in-process."""
