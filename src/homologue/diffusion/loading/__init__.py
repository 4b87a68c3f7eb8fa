"""Load a model from the Hub, a folder, a single file, or the package."""
