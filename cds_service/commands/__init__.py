"""The commands of `cotsom-cds`, one module each."""
