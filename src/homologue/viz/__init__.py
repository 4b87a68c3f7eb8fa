"""Figures of results: matches, words, pairs of a run, curves and ablations."""
