"""The one exception that the commands turn into a sentence for the user."""


class UserError(Exception):
    """Something the user can put right. The message is one sentence: what is wrong, where, what to do."""


def reason(error: Exception) -> str:
    """What another library's exception says, in one line."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


class NotThereError(UserError):
    """What was asked for by name is not there at present, and may come."""
