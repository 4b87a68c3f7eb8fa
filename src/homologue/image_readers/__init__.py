"""Read images of any kind as RGB floats."""
