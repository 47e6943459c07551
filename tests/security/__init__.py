"""What is done against those who would be answered and may not be; `docs/security.md` is written from these tests."""
