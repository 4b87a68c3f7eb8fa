"""Check a model on this machine without annotation; see docs/check.md."""
