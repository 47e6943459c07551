"""The timeline of an enrolled patient as a picture: rows, their places, SVG, and the same in a table of words."""
