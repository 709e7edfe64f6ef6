"""Tests of archive.sources."""
