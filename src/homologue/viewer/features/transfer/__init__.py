"""One source, many targets: the source's points are found in all of them, and corrected."""
