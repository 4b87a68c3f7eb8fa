"""The commands: one file for those that belong together. They parse, call and print."""
