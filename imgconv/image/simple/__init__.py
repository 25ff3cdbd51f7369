"""Formats of one module each."""
