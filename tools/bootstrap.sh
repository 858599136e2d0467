#!/bin/sh
# Brings a bare machine to where the Makefile can go on: a Python, the venv, and Debian's packages. POSIX sh, because
# there may be no Python yet; whatever can wait for Python is done in tools/airwire instead.
#
#   bootstrap.sh venv REQUIREMENTS   the venv with these requirements and airwire itself (editable)
#   bootstrap.sh command NAME [PACKAGE...]
#                                    the program NAME, from Debian's package of the same name unless told
#
# Run from the top of the tree. As root on a Debian system, missing packages are installed; otherwise one line tells
# what is missing and how to install it.
set -eu

VENV=.venv

say() {
    echo "airwire: $*" >&2
}

# packages WHAT PACKAGE...: WHAT is missing and the packages bring it.
packages() {
    what=$1
    shift
    if ! command -v apt-get >/dev/null; then
        say "$what is missing; install it with your system's package manager (on Debian: apt-get install $*)"
        exit 2
    fi
    if [ "$(id -u)" -ne 0 ]; then
        say "$what is missing; install it with: sudo apt-get install $*"
        exit 2
    fi
    say "$what is missing; installing $*"
    log=$(mktemp)
    if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; } \
        >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        rm -f "$log"
        say "$what is missing and could not be installed (above); install it with: apt-get install $*"
        exit 2
    fi
    rm -f "$log"
}

# Whether $1 is new enough and can make a venv: Debian splits what that needs from python3.
fit() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# Sets `python` to a fit one: the one that PYTHON names, or the first on the path.
find_python() {
    for python in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11; do
        fit "$python" && return 0
    done
    return 1
}

make_venv() {
    if [ -n "${PYTHON-}" ] && ! fit "$PYTHON"; then
        say "PYTHON=$PYTHON is not a Python 3.11 or newer with its venv module"
        exit 2
    fi
    if ! find_python; then
        packages "Python 3.11 or newer with its venv module" python3 python3-venv
        if ! find_python; then
            say "this system's Python is older than 3.11; name a newer one: make PYTHON=/path/to/python3"
            exit 2
        fi
    fi
    say "making $VENV with $("$python" --version)"
    "$python" -m venv --clear "$VENV"
}

# pip quietly; what it says of a failure is shown before our line.
pip() {
    "$VENV/bin/python" -m pip --disable-pip-version-check --quiet --no-input "$@" || {
        say "the Python packages could not be installed; pip's reasons are above"
        exit 2
    }
}

install_venv() {
    if [ "$(cat "$VENV/root" 2>/dev/null)" != "$PWD" ] || ! "$VENV/bin/python" -c '' 2>/dev/null; then
        make_venv
    fi
    say "installing $1"
    # First what builds the others: a source package must not fetch a builder that has no hash here.
    pip install --require-hashes --no-deps -r requirements/build.txt
    pip install --require-hashes --no-deps --no-build-isolation -r "$1"
    pip install --no-deps --no-build-isolation --editable .
    printf %s "$PWD" >"$VENV/root"
}

case ${1-} in
venv) install_venv "$2" ;;
command)
    command=$2
    shift 2
    command -v "$command" >/dev/null || packages "$command" "${@:-$command}"
    ;;
*)
    say "usage: bootstrap.sh venv REQUIREMENTS | command NAME [PACKAGE...]"
    exit 2
    ;;
esac
