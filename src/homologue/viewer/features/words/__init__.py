"""Words: heat maps of the words of a prompt, and the words nearest to a fitted point."""
