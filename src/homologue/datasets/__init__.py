"""Benchmarks: image pairs with corresponding keypoints."""
