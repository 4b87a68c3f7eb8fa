"""English words: where they are in the source, and what points would be called."""
