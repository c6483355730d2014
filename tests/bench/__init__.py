"""Measurements: the floor and the hub's full path, in one run, on one machine."""
