"""Points of the source found in the target, with their heat maps, while one looks on."""
