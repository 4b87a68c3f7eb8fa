"""Is a model sound on this machine? Checks that need no annotation; see docs/check.md."""
