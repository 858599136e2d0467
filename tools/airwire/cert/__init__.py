"""Certificates and keys: making them, reading and writing their files, looking at them, fetching
those of a server, and the checks before a board gets them.
"""
