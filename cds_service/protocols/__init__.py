"""Trial protocols as data, and how a file becomes a TrialProtocol."""
