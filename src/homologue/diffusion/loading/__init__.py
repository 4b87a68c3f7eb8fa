"""Load a model from the hub, a folder, a single file, or the package."""
