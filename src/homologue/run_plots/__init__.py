"""Plots of runs: their numbers, and the pictures that they are about."""
