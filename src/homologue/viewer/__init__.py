"""The viewer: a web page for matching points and browsing results, and its server."""
