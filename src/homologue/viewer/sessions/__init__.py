"""What a person is working on: two pictures, points, settings, and what can be undone."""
