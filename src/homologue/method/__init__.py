"""The method: fit embeddings to points of a source and locate their counterparts in a target."""
