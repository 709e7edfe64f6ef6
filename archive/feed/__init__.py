"""Clean data for training jobs, in an order that can be proved and resumed from one integer."""
