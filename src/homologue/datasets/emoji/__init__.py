"""The emoji benchmark: keypoints of drawings by seven artists; see its README.md."""
