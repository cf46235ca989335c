"""One file per source format; each yields the same `Procedure` and reports what it repaired or refused."""
