"""Looks over an installation before patients depend on it: each check says what it found and what to do."""
