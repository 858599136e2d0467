# Runs scenarios on MicroPython: run.py IMAGE MODULE STATE STEP FIRST. MODULE has SCENARIOS, a dict
# of state -> list of scenarios; STEP and FIRST are engine.run()'s. Prints one line of JSON per
# scenario. The file system that the scenarios see is the image's, the host's files are below
# /host.

import json
import os
import sys

import vfs


def main(image, module, state, step, first):
    with open(image, "rb") as f:
        data = f.read()
    host = vfs.VfsPosix("/")
    vfs.umount("/")
    vfs.mount(host, "/host")
    sys.path[:] = ["/host" + p if p.startswith("/") else p for p in sys.path] + ["/lib", ""]
    import engine

    for scenario in __import__(module).SCENARIOS[state]:
        result = engine.run(data, scenario, int(step), int(first))
        print(json.dumps(result.as_dict()))
    os.chdir("/host")


main(*sys.argv[1:])
