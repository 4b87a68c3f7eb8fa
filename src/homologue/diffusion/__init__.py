"""Latent diffusion models: load them and read their cross-attention."""
