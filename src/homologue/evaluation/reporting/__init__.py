"""Tables, exports and JSON of runs."""
