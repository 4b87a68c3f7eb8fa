"""Heat maps of words over an image, and the words nearest to fitted points."""
