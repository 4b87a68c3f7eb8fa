"""The viewer: a page in the browser to click, look and understand, and the server behind it."""
