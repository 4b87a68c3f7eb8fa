"""Pictures of results: matches, words, pairs of a run, curves."""
