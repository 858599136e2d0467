"""Every command and variable of the description is there, under its name and its shortcut, or is
one of those that this release leaves out.
"""

from host_tests.board import names

SUCCESS, UNKNOWN_COMMAND, UNKNOWN_OPTION = 0, 3, 6

# More arguments than any command takes: nothing is carried out, and the answer tells a command
# from what is none.
TOO_MANY = " ?" * 15


def commands():
    """Name -> shortcut, None where the description has none."""
    rows = [line.split() for line in names.COMMANDS.splitlines() if line]
    return {name: None if shortcut == "-" else shortcut for name, shortcut in rows}


def variables():
    """Name -> (shortcut or None, index to try as text, with a space before it)."""
    found = {}
    for line in filter(None, names.VARIABLES.splitlines()):
        name, *words = line.split()
        index = ""
        if len(line) > 46 and words:  # the third column
            index = f" {words.pop()}"
        shortcut = " ".join(words)
        found[name] = (None if shortcut == "-" else shortcut, index)
    return found


def is_command(console, word):
    return console.run(word + TOO_MANY).code != UNKNOWN_COMMAND


def is_variable(console, words):
    return console.run(f"get {words}").code == SUCCESS


def own_shortcut(console, word):
    """What `help` says that the shortcut of a command or variable is."""
    first = console.ok(f"help {word}").partition("\r\n")[0]
    name, _, shortcut = first.partition(" : ")
    assert name == word, first
    return shortcut


def check(console, name, shortcut, found, index=""):
    """What is wrong with one name, as text."""
    if not found(console, name + index):
        return f"{name} is missing"
    own = own_shortcut(console, name)
    if shortcut is not None and own != shortcut:
        return f"{name}: its shortcut is {own}, not {shortcut}"
    if not found(console, own + index):
        return f"{name} is not known as {own}"
    return None


def missing(wrong):
    return {text.split()[0] for text in wrong if text.endswith("is missing")}


def test_commands(board, figure):
    console = board.machine()
    absent = set(names.ABSENT_COMMANDS.split())
    expected = commands()
    assert absent <= set(expected)
    wrong = [check(console, *row, is_command) for row in expected.items() if row[0] not in absent]
    wrong = [text for text in wrong if text]
    here = len(expected) - len(absent) - len(missing(wrong))
    figure(f"commands {here} of {len(expected)} ({len(absent)} left out)")
    assert not wrong
    for name in sorted(absent):
        for word in (name, expected[name]):
            reply = console.run(word + TOO_MANY)
            assert (reply.code, reply.text) == (UNKNOWN_COMMAND, b"Unknown command"), word


def test_variables(board, figure):
    console = board.machine()
    absent = set(names.ABSENT_VARIABLES.split())
    expected = variables()
    assert absent <= set(expected)
    wrong = []
    for name, (shortcut, index) in expected.items():
        if name not in absent:
            wrong += filter(None, [check(console, name, shortcut, is_variable, index)])
    here = len(expected) - len(absent) - len(missing(wrong))
    figure(f"variables {here} of {len(expected)} ({len(absent)} left out)")
    assert not wrong
    for name in sorted(absent):
        for words in filter(None, (name, expected[name][0])):
            for line in (f"get {words}", f"set {words} 1"):
                reply = console.run(line)
                assert reply.code == UNKNOWN_OPTION, line
                assert reply.text.startswith(b"Unknown variable"), line


def test_aliases(board):
    console = board.machine()
    for line in filter(None, names.ALIASES.splitlines()):
        alias, name = line[:34].strip(), line[34:].strip()
        assert console.ok(f"get {alias}") == console.ok(f"get {name}"), alias


def test_no_two_names_are_one():
    shortcuts = [s for s in commands().values() if s]
    shortcuts += [s for s, _ in variables().values() if s]
    assert len(set(shortcuts)) == len(shortcuts)
