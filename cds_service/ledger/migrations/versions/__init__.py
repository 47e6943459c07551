"""One module a step; the newest revision is `LATEST` of `cds_service.ledger.engine`."""
