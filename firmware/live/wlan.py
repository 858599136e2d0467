# wlan.*: the station's state.


def get(leaf, session):
    station = session.device.station
    if leaf == b"mac":
        return station.mac_text()
    if leaf == b"join.result":
        return station.result
    if leaf == b"network.status":
        return station.state
    return station.info()
