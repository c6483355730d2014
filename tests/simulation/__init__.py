"""Simulated histories: a town of referrals told from a seed, and slow checkers that watch it.

`python -m tests.simulation SEED` tells one again.
"""
