"""The commands of `homologue`. A command parses its arguments, calls the library and prints."""
