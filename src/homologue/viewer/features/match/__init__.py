"""Matching: the counterparts of the source's points in the target, with their heat maps."""
