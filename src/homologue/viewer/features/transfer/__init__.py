"""Transfer: the points of one source located in many targets, with manual corrections."""
