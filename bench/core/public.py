"""Making text public: what is printed or kept holds no password of an address."""

import re

USER = re.compile(r"(?<=://)[^/\s'\"]*@")  # with the password, in front of a host
NAMES = "password|passwd|pwd|token|secret|sslpassword|api_?key"
FIELD = re.compile(rf"(?i)([?&;](?:{NAMES})=)[^&;\s'\"]*")


def public(text: str) -> str:
    """A text whose addresses have lost user and password, fit for screen, store and reports."""
    return FIELD.sub(r"\1***", USER.sub("", text))
