"""Kela: XML batches."""
