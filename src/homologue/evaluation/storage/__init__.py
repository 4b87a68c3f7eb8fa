"""Keeping runs in SQLite, and merging them."""
