"""Vendors' own files, read from bytes: what each format looks like (data), and one reader for all of them (code).

Belongs here: layouts, recognition, bounded unpacking, strict parsing. Does not: disks, symbols other than the vendor's own
spelling, judgement on prices (that is for the quality rules).
"""
