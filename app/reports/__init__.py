"""Figures out of the record: what was, counted by definitions that are said beside them."""
