"""The pages in a real browser: what a clinician does, on every width, in both languages, light and dark."""
