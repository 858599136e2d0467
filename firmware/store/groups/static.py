# The station's own address, used where network.dhcp.enabled is 0: static.*
VARIABLES = (
    ("static.dns", "st d", "ip", "0.0.0.0", "rw", "join", "Name server"),
    ("static.gateway", "st g", "ip", "0.0.0.0", "rw", "join", "Gateway"),
    ("static.ip", "st i", "ip own", "0.0.0.0", "rw", "join", "Address of the module"),
    ("static.netmask", "st n", "ip", "0.0.0.0", "rw", "join", "Network mask"),
)
