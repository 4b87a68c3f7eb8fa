"""Latent diffusion models: loading them and looking at their cross-attention."""
