"""The one exception that the commands turn into a sentence for the user."""


class UserError(Exception):
    """Something the user can put right. The message is one sentence: what is wrong, where, what to do."""


class NotThereError(UserError):
    """What was asked for by name is not there at present, and may come."""
