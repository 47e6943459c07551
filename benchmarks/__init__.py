"""The speed of the hot path, measured on generated charts: `python -m benchmarks`."""
