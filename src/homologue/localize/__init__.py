"""Reading where embeddings attend in a target image."""
