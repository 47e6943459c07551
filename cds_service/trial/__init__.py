"""The pure core: answers, verdicts, Child-Pugh, assessment. No I/O, no clock, no globals."""
