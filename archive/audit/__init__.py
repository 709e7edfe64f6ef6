"""How much of a corpus is human: proven, estimated, undetermined."""
