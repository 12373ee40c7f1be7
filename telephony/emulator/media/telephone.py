"""x"""
from __future__ import annotations
def routes(exchange): return []
