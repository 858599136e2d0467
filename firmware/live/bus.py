# bus.*: what stream mode could not deliver.


def get(leaf, session):
    mode = session.device.stream_mode
    return mode.bridge.dropped if mode else 0
