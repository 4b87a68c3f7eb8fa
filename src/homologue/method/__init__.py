"""The method: from points of a source to their counterparts in any target."""
