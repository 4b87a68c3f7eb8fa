"""Looking through evaluation runs: pairs, numbers, maps."""
