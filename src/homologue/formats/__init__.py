"""Files of annotation tools and of this package that hold points."""
