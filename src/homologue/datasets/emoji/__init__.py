"""The emoji benchmark: the same things drawn by seven artists; see its README.md."""
