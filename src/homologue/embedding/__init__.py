"""Optimising text embeddings until they mean a point of an image."""
