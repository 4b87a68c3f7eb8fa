"""What the viewer can do, a folder for each of its screens."""
