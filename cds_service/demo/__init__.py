"""The demonstration: invented patients, and a small CDS Hooks client that opens their charts."""
