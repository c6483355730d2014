"""Dispatch: notices on their way to agencies."""
