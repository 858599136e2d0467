# The value of mdns.service: the services that mDNS announces, as text.
#
#     <protocol>[.<transport>] [local] [<port>] [<name>] [<key>=<value> ...]
#
# several of them separated by `,` or `;`. The protocol may also be written as it is announced,
# _http._tcp; a port is needed where the protocol is not one of those below. Words without `=` are
# the name that people see. %20 and the like are the characters that would else have a meaning.

# The same as in mdns_records, which is not needed for a value to be checked.
MAX_SERVICES = 5
_MAX_TXT = 800
# RFC 6335: the longest name of a protocol.
_MAX_PROTOCOL = 15
_MAX_LABEL = 63
_MAX_STRING = 255
_PORTS = {
    b"http": 80,
    b"https": 443,
    b"telnet": 23,
    b"ftp": 21,
    b"ssh": 22,
    b"tftp": 69,
    b"ntp": 123,
    b"mqtt": 1883,
}
_UDP = (b"tftp", b"ntp")


def parse(text, name):
    """The services for mdns.Responder: (type, instance, port, strings). An instance without a name
    of its own is called `name`. Raises ValueError, whose text says what is wrong.
    """
    services = []
    for part in text.replace(b";", b",").split(b","):
        words = part.split()
        if words:
            services.append(_service(words, name))
    if len(services) > MAX_SERVICES:
        raise ValueError("more than %d services" % MAX_SERVICES)
    return services


def _service(words, name):
    protocol, _, transport = words.pop(0).lower().partition(b".")
    if protocol[:1] == b"_":
        protocol = protocol[1:]
    if transport[:1] == b"_":
        transport = transport[1:]
    if not transport:
        transport = b"udp" if protocol in _UDP else b"tcp"
    if transport not in (b"tcp", b"udp"):
        raise ValueError("transports are tcp and udp")
    if not 0 < len(protocol) <= _MAX_PROTOCOL or not _is_name(protocol):
        raise ValueError("bad name of a protocol")
    if words and words[0].lower() == b"local":
        words.pop(0)
    port = _PORTS.get(protocol, 0)
    if words and words[0].isdigit():
        port = int(words.pop(0))
    if not 0 < port < 65536:
        raise ValueError("the port is missing or wrong")
    strings = [_plain(word) for word in words if b"=" in word]
    instance = b" ".join([_plain(word) for word in words if b"=" not in word]) or name
    if len(instance) > _MAX_LABEL:
        raise ValueError("the name of a service is too long")
    for string in strings:
        if string[:1] == b"=" or len(string) > _MAX_STRING:
            raise ValueError("a TXT is too long or has no key")
    if sum([len(string) + 1 for string in strings]) > _MAX_TXT:
        raise ValueError("TXT too long")
    return b"_%s._%s" % (protocol, transport), instance, port, strings


def _is_name(protocol):
    for byte in protocol:
        if not (0x61 <= byte <= 0x7A or 0x30 <= byte <= 0x39 or byte == 0x2D):
            return False
    return True


def _plain(word):
    # A % that no two hexadecimal digits follow stands for itself.
    parts = word.split(b"%")
    found = parts.pop(0)
    for part in parts:
        digits = part[:2].lower()
        if len(digits) == 2 and not digits.strip(b"0123456789abcdef"):
            found += bytes((int(digits, 16),)) + part[2:]
        else:
            found += b"%" + part
    return found
