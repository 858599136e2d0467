# Setting the module up: the web setup and scripts (setup), and the questions of `network_up -s`.
from micropython import const

from firmware.console import catalogue, errors, log, registry, starved
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.store import settings, variables
from wire import cmdline

# Where there is no other name: the user's script, then the one that came with the module.
_SCRIPTS = (b"setup.script", b"default_setup.script")
_LONGEST = const(4096)  # bytes of a script, which is read whole: a hundred lines


@command(b"setup", b"setup", 1, 2)
async def setup(session, args):
    """setup web | stop | status | cmd [<filename>]
    Web: leave the network, and bring up a soft-AP with a page on which a network is chosen, whose
    settings are saved; setup.web.* say how. Stop ends that; status tells whether it runs: 0 or 1.
    Cmd: carry out a script, a file whose lines are commands: setup.script unless told, or
    default_setup.script. A line that fails ends it; empty lines and those that begin with # are
    passed over.
    """
    word = args.pop(0)
    if word in (b"web", b"stop", b"status"):
        if args:
            raise CommandError(errors.TOO_MANY)
        return await _web(session.device, word)
    if word != b"cmd":
        raise CommandError(errors.BAD_ARGUMENT)
    number = 0
    for line in _script(args or _SCRIPTS).split(b"\n"):
        number += 1
        line = line.rstrip(b"\r")
        if not line.strip() or line.lstrip()[:1] == b"#":
            continue
        if _is_setup(line):
            raise CommandError(errors.FAILED, b"Line %d: a script cannot carry out one" % number)
        if starved.announced(line):  # its bytes would be the host's
            raise CommandError(errors.FAILED, b"Line %d: a script has no data" % number)
        code, text = await session.execute(line)
        if code:
            raise CommandError(code, b"Line %d: %s" % (number, text))
        if text and session.print_level >= log.OPERATION:
            from firmware.console import ask

            await ask.say(session, text)


async def _web(device, word):
    running = "web setup" in device.services
    if word == b"status":
        return b"%d" % running
    if running == (word == b"web"):
        return None
    module = device.service("web_setup")
    if word == b"stop":
        await module.stop(device)
    elif not await module.start(device):
        raise CommandError(errors.FAILED)
    return None


def _script(names):
    # The text of the first of these files that is there. Raises CommandError.
    from firmware.store import files

    for name in names:
        try:
            reader = files.Reader(name)
        except OSError:
            continue
        try:
            if reader.size > _LONGEST:
                raise CommandError(errors.BOUNDS, b"File too large")
            return reader.read(reader.size)
        finally:
            reader.close()
    raise CommandError(errors.FAILED, b"File not found")


def _is_setup(line):
    try:
        return catalogue.name(cmdline.split(line)[0]) == b"setup"
    except (cmdline.ParseError, registry.UnknownCommand):
        return False  # execute() tells


async def choose_network(session):
    """Ask for a network in reach and its password, and save them. Raises CommandError."""
    # What a command file imports stays in RAM when the file goes; the network's is the caller.
    from firmware.console import ask

    from . import network

    await ask.say(session, b"Scanning for networks...")
    found = await network.scan(session)
    await ask.say(session, b"\r\n".join(network.table(found)))
    if not found:
        raise CommandError(errors.FAILED, b"No networks in reach")
    answer = await ask.ask(session, b"Type the number of the network to join: ")
    ssid, _, _, _, security, _ = found[_choice(answer, len(found))]
    ssid = ssid or await ask.ask(session, b"Type the name of the network: ")
    passkey = b""
    if security:
        passkey = await ask.ask(session, b"Type the network password: ", True)
    _put(b"wlan.ssid", ssid)
    _put(b"wlan.passkey", passkey)
    for name in (b"wlan.bssid", b"wlan.security"):  # they were for the network before
        variables.values.pop(name, None)
    await ask.say(session, b"Saving network credentials")
    try:
        settings.save()
    except OSError:
        raise CommandError(errors.FAILED, b"Flash full")


def _choice(text, count):
    if not text.lstrip(b"-").isdigit():
        raise CommandError(errors.BAD_ARGUMENT)
    if not 0 <= int(text) < count:
        raise CommandError(errors.BOUNDS)
    return int(text)


def _put(name, text):
    _, kind, default, _ = variables.find([name])
    try:
        variables.put(name, kind, default, variables.parse(kind, text))
    except ValueError:
        raise CommandError(errors.BAD_ARGUMENT)
