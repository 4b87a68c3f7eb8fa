"""The one kind of error a user can mend."""


class HomologueError(ValueError):
    """Bad input or an impossible request.

    The message is one sentence that names the file or value and says how to mend it. The command
    line prints it without a traceback and exits with code 2.
    """
