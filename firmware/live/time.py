# time.*: uptime.


def get(leaf, session):
    return session.device.uptime()
