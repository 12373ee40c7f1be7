"""How the network says no to a REST request."""

from __future__ import annotations


class Refusal(Exception):
    """A request the carrier refuses: HTTP `status`, the carrier's error `code` and its words."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{status}/{code}: {message}")
        self.status = status
        self.code = code
        self.message = message


def not_found(what: str) -> Refusal:
    """The carrier's answer for a resource that does not exist."""
    return Refusal(404, 20404, f"The requested resource {what} was not found")
