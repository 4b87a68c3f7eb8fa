"""Store runs in SQLite, and merge them."""
