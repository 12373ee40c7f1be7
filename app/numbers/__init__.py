"""Calls of one number: which numbers no limit applies to, and what the board has forgotten of a day (C6)."""
