"""Benchmarks: pairs of images with keypoints that are each other's counterparts."""
