"""Reading what is elsewhere: politely, again where it may help, and never half or mixed.

http and https through urllib3, s3 through s3fs, and what else fsspec opens. Lengths, ranges, marks
and digests are checked where they are told. Time is only waited for; it decides no byte.
"""

from archive.remote.cache import Cache, cache_folder
from archive.remote.clock import Clock, SystemClock
from archive.remote.politeness import Politeness, polite, politely
from archive.remote.ranges import read_ranges
from archive.remote.reply import Facts
from archive.remote.transfer import Got, download, read_bytes, read_start, size_and_mark

__all__ = [
    "Cache",
    "Clock",
    "Facts",
    "Got",
    "Politeness",
    "SystemClock",
    "cache_folder",
    "download",
    "polite",
    "politely",
    "read_bytes",
    "read_ranges",
    "read_start",
    "size_and_mark",
]
