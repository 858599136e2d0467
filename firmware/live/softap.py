# softap.*: the state of the soft-AP.


def get(leaf, session):
    softap = session.device.softap  # None: it has not been up
    if leaf == b"client_list":
        rows = [b"!  # MAC               IP"]
        if softap:
            rows.extend(softap.clients())
    else:
        rows = softap.info() if softap else (b"state: down", b"clients: 0")
    return b"\r\n".join(rows)
