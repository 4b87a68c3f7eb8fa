"""What a run can keep of a matcher's work besides the points that were found."""
