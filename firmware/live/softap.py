# softap.*: the state of the soft-AP, which is down: nothing in this release brings it up.


def get(leaf, session):
    if leaf == b"client_list":
        return b"!  # MAC               IP"
    return b"state: down\r\nclients: 0"
