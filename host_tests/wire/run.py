# Runs test modules on MicroPython, which has no pytest: `micropython run.py test_a.py test_b.py`.
#
# Calls every function named test_* of each module, in the order of their names. Prints one line
# per failure and at the end `N passed, N failed`. The exit code is 1 if anything failed or nothing
# ran.

import io
import sys


def main(files):
    passed = failed = 0
    for file in files:
        name = file[:-3] if file.endswith(".py") else file
        try:
            module = __import__(name)
        except Exception as error:  # a module that cannot be imported is a failure like any other
            report(name, "import", error)
            failed += 1
            continue
        for attribute in sorted(dir(module)):
            test = getattr(module, attribute)
            if not attribute.startswith("test_") or not callable(test):
                continue
            try:
                test()
                passed += 1
            except Exception as error:  # the same: whatever a test raises fails that test
                report(name, attribute, error)
                failed += 1
    print("%d passed, %d failed" % (passed, failed))
    return 0 if passed and not failed else 1


def report(module, test, error):
    # One line: where the error was raised, then what it was.
    trace = io.StringIO()
    sys.print_exception(error, trace)
    lines = trace.getvalue().split("\n")
    places = [line.strip() for line in lines if line.startswith("  File ")]
    print("FAIL %s.%s: %r at %s" % (module, test, error, places[-1] if places else "?"))


sys.exit(main(sys.argv[1:]))
