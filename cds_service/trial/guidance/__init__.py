"""Guidance for enrolled patients: what has been done, what the protocol wants next (rulebook sections 7 and 8)."""
