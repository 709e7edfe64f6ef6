"""Checks that a store is what it says: every byte, leaf, root and sum, and nothing else there."""

from archive.verify.findings import Finding, Report
from archive.verify.run import verify

__all__ = ["Finding", "Report", "verify"]
