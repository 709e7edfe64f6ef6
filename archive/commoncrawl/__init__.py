"""Common Crawl by name: its crawls, their path lists and indexes, and selections out of them."""
