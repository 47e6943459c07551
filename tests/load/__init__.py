"""Many clients at once on the whole installation, also while a part of it is away: no answer wrong, none lost."""
