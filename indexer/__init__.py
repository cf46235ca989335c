"""From source files to a published snapshot that `knowledge_base` reads."""
