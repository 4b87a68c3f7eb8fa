"""The features of the viewer, one folder for each screen."""
