"""How right a matcher is on a benchmark's pairs."""
