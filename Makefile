# The one way in. `make` alone lists the targets; each installs what it needs and lacks, through tools/bootstrap.sh.
# Recipes only name commands: what they do lives in tools/airwire, and how they are installed in the bootstrap.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
PYTHON_HERE := $(VENV)/bin/python
HOST := build/host.stamp
TEST := build/test.stamp

# Two more settings are read from the environment or the command line: PYTHON=/path (tools/bootstrap.sh) and
# MICROPYTHON=/path, an interpreter of one's own instead of the installed one (airwire.interpreter).

# A venv holds absolute paths. Where it is missing, or made for another folder (a tree that was moved), install again.
ifneq ($(shell cat $(VENV)/root 2>/dev/null),$(CURDIR))
.PHONY: $(HOST) $(TEST)
endif

.PHONY: help run test acceptance image flash deploy monitor erase frozen release hil bench lint docs example arduino clean interpreter programs cc lan lock

help:
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-11s %s\n", $$1, $$2 }' Makefile

run: $(HOST) interpreter  ## build the image and run it: virtual board, access point, WWEP server, console
	@$(VENV)/bin/airwire run

test: $(TEST) interpreter programs lan  ## all tests with reduced counts, under 15 minutes on two cores
	$(PYTHON_HERE) -m pytest -n auto --dist worksteal $(ARGS)

# Full counts take longer than the limit that fits reduced ones; what waits has limits of its own.
acceptance: $(TEST) interpreter programs lan  ## all tests with the full figures; prints its random seed (SEED=N repeats a run)
	AIRWIRE_COUNTS=full $(PYTHON_HERE) -m pytest -n auto --dist worksteal --timeout=3600 $(if $(SEED),--seed=$(SEED)) $(ARGS)

image: $(HOST)  ## build build/flash.bin (FIRMWARE=micropython.bin: the ESP32's program, DCT=dct.bin)
	@$(VENV)/bin/airwire image build $(if $(FIRMWARE),--firmware "$(FIRMWARE)") $(if $(DCT),--dct "$(DCT)") -o build/flash.bin

# PORT may be left out where one board is on USB. `exec`: a signal that ends make is passed on to its
# child, which no shell may be.
flash: $(HOST)  ## write it to an ESP32: PORT=/dev/ttyUSB0 FIRMWARE=micropython.bin; files and DCT stay
	@exec $(VENV)/bin/airwire flash --port "$(PORT)" --firmware "$(FIRMWARE)" $(if $(DCT),--dct "$(DCT)")

deploy: $(HOST)  ## copy what differs to a board that runs: PORT=/dev/ttyUSB0 (DEPLOY=ampy: with that)
	@exec $(VENV)/bin/airwire deploy --port "$(PORT)" $(if $(DEPLOY),--with "$(DEPLOY)")

monitor: $(HOST)  ## a terminal at a board's USB port, with keys that reset it: PORT=/dev/ttyUSB0
	@exec $(VENV)/bin/airwire monitor --port "$(PORT)"

erase: $(HOST)  ## erase the whole flash of an ESP32: PORT=/dev/ttyUSB0
	@exec $(VENV)/bin/airwire erase --port "$(PORT)"

hil: $(TEST)  ## test a real board: PORT=/dev/ttyUSB0, BENCH=host_tests/benches/NAME.toml; docs/hil.md
	@exec $(PYTHON_HERE) -m host_tests.hil $(if $(PORT),--port "$(PORT)") $(if $(BENCH),--bench "$(BENCH)") \
	    $(if $(FIRMWARE),--firmware "$(FIRMWARE)") $(if $(RESULTS),--results "$(RESULTS)") -- $(ARGS)

frozen: $(HOST)  ## write build/frozen/, the modules for a MicroPython of one's own: docs/custom-build.md
	@$(VENV)/bin/airwire image frozen

release: $(HOST)  ## write build/release/, what is published of a version: FIRMWARE=micropython.bin
	@$(VENV)/bin/airwire release $(if $(FIRMWARE),--firmware "$(FIRMWARE)")

bench: $(TEST) interpreter  ## measure against the budgets; writes build/bench.json
	@sh tools/bootstrap.sh command valgrind
	@$(PYTHON_HERE) host_tests/bench/run.py

lint: $(TEST)  ## ruff, its formatting, and the rules of who may import whom
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(PYTHON_HERE) -m pytest host_tests/lint

docs: $(TEST) interpreter  ## write the generated parts of docs/ and README.md anew
	@$(PYTHON_HERE) tools/docs.py

example: cc  ## compile the C driver's example, tools/c/example_linux.c, and run it: PORT=/dev/ttyUSB1
	@mkdir -p build
	@cc -std=c99 -D_DEFAULT_SOURCE -Wall -Wextra -Werror -o build/example_linux tools/c/example_linux.c tools/c/airwire.c
	@build/example_linux "$(PORT)"

arduino: $(HOST)  ## write build/Airwire.zip, the C driver as a library for Arduino
	@$(PYTHON_HERE) tools/arduino.py

clean:  ## remove everything that was made: build/ and .venv/
	rm -rf build $(VENV)

interpreter: $(HOST)
	@$(PYTHON_HERE) -m airwire.interpreter install

# What the tests run that is not ours: compilers and a checker for the C driver; the console is looked at in tmux, the
# web app in a browser. The HTTP server has clients of many kinds, and its system calls are counted.
programs: cc
	@sh tools/bootstrap.sh command c++ g++
	@sh tools/bootstrap.sh command arm-none-eabi-gcc gcc-arm-none-eabi
	@sh tools/bootstrap.sh command cppcheck
	@sh tools/bootstrap.sh command curl
	@sh tools/bootstrap.sh command wget
	@sh tools/bootstrap.sh command wrk
	@sh tools/bootstrap.sh command node nodejs
	@sh tools/bootstrap.sh command strace
	@sh tools/bootstrap.sh command tmux
	@sh tools/bootstrap.sh command chromium

cc:
	@sh tools/bootstrap.sh command cc gcc libc6-dev

# What LAN mode needs (airwire lan): a DHCP server, ping and the like.
lan: $(HOST)
	@$(PYTHON_HERE) -m airwire.lan.programs install

$(HOST): requirements/host.txt tools/bootstrap.sh pyproject.toml
	@sh tools/bootstrap.sh venv requirements/host.txt
	@mkdir -p build && touch $@

$(TEST): requirements/test.txt $(HOST)
	@sh tools/bootstrap.sh venv requirements/test.txt
	@mkdir -p build && touch $@

# Not in the list: renews requirements/*.txt from requirements/*.in, each the whole closure at its newest versions with
# the hashes of all their files, for every system. Reads the network; review the difference before committing it.
lock:
	python3 -m venv build/lock
	build/lock/bin/pip install --quiet uv
	for set in build host test interpreter; do \
	    build/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	        --no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	        requirements/$$set.in --output-file requirements/$$set.txt || exit 1; \
	done
