"""Facts out of raw portal strings: fees, durations, papers, legal numbers; shared by all source formats."""
