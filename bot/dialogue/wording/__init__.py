"""The sentences, one module per flow. Short, polite, concrete, one next step; every fact from a record."""
