"""Pages for people: the shared look, the words, the timeline picture, the assessment."""
