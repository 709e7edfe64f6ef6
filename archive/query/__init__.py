"""SQL over snapshots: one's own in this process, somebody else's in a locked one."""
