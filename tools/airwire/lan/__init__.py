"""LAN mode of the virtual board: boards, clients and an access point with a DHCP server, each in a
network namespace of its own, on real addresses and ports.

`client.Lan` is the way in, for tests and for `airwire lan`. `keeper` is the process that owns all
of it and whose end is the end of all of it.
"""
