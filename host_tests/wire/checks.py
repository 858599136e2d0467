# What the tests of lib/wire share. Runs on CPython and on MicroPython, so without pytest.


def raises(error, function, *arguments):
    """Call the function and return the exception, which must be of exactly the type `error`."""
    try:
        result = function(*arguments)
    except (
        Exception
    ) as raised:  # the type is compared below: a subclass or another error is reported by its name
        assert type(raised) is error, "%r instead of %s" % (raised, error.__name__)
        return raised
    raise AssertionError("%r instead of %s" % (result, error.__name__))
