# What services and streams use that nobody else does, to be taken from RAM when they have ended.
# Read only then, so that these names are not in RAM meanwhile.
PARTS = {
    "discovery": "net.subnet net.udp_port services.name_heard",
    "soft-AP": "net.softap services.softap services.dhcp_server services.dns_server "
    "services.on_call",
    # What makes connections.
    "streams": "net.connecting net.tcp net.udp net.udp_stream",
}
