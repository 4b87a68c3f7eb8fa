"""Anything that maps a source, its points and a target to points."""
