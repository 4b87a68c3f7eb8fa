"""English words: where a model sees each in an image, and what it would call a point."""
