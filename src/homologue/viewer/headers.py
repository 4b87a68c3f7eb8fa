"""Headers that answers have in common."""

FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}
"""For what an address always holds once it has held it."""


AT_ONCE = {"X-Accel-Buffering": "no"}
"""For a stream of events: nginx passes each on as it comes."""


def to_save(name: str) -> dict[str, str]:
    """For a file that is to be kept under a name."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}
