"""One conversation a file, its pages in the order in which people live them."""
