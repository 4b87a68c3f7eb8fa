"""Vision backbones of transformers and their dense features."""
