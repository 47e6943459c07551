"""What breaks around the service, or in it: each test is a row of docs/faults.md."""
