"""What may be written down of an error: its class and place. Its message may quote a person, a code or a token."""

import traceback


def where(error: BaseException) -> str:
    """Class and places of an error, the innermost last, and of what caused it; never a message."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    said = f"{type(error).__name__} at " + " > ".join(f"{frame.filename}:{frame.lineno}" for frame in frames)
    cause = error.__cause__
    return said if cause is None else f"{said} (from {type(cause).__name__})"
