"""The HTTP edge: discovery, hooks, feedback, health, metrics; errors as OperationOutcomes."""
