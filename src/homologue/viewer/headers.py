"""Response headers that several routes share."""

IMMUTABLE = {"Cache-Control": "private, max-age=31536000, immutable"}
"""For a URL whose content never changes."""


UNBUFFERED = {"X-Accel-Buffering": "no"}
"""For a stream of events: nginx forwards each event immediately."""


def attachment(name: str) -> dict[str, str]:
    """Return the headers of a download with this file name."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}
