"""Where snapshots lie: a folder of objects and refs, or the same at a URL to be read."""
