"""Evaluate matchers on the pairs of a benchmark, and store and score the results."""
