"""SQLAlchemy Core tables and small stores. Frozen records go out, rows never do."""
