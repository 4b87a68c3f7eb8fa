"""File formats of points: annotation tools, and JSON and CSV of this package."""
