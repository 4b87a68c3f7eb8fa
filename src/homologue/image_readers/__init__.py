"""Reading pictures of every kind as RGB floats."""
