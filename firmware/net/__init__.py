# Links, sockets, names and streams.
