"""Runs: evaluation runs, filtered, sorted and displayed pair by pair."""
