"""Sessions: the images, points and settings that a user works on, with undo and redo."""
