"""Laws that hold for every record, searched for counterexamples over whole random charts."""
