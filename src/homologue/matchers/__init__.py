"""Matchers: find the counterparts of a source's points in a target."""
