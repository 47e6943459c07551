"""The ledger: what workers must know together, in SQL. SQLite embedded, PostgreSQL where there are several machines."""
