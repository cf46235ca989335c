"""What the procedures are, and how to find one. Importing this package loads no index and no model."""
