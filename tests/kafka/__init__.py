"""Tests on a real broker, a real schema registry and a real PostgreSQL.

`fixtures` gives them to every test that asks, wherever it stands; `sources` says where they come
from; `shared` lets all processes of one run use the same ones. All tests of this folder run in one
process, one after the other (`tests/conftest.py`): topics have fixed names, and two cores suffice
for one broker under fault.
"""
