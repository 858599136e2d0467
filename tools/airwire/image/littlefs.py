"""The file system in partition `vfs`: made and read with littlefs-python, the way MicroPython's
VfsLfs2 mounts it.

Knows blocks and files, not which files ship (tree.py) nor where the partition lies (layout.py).
The same files give the same bytes: they are written in order of their paths and carry no times.
"""

from collections.abc import Mapping
from typing import NamedTuple

from littlefs import LittleFS, LittleFSError, UserContext
from littlefs.lfs import LFSConfig

from airwire.image.partitions import SECTOR, Partition

# MicroPython's defaults for readsize, progsize and lookahead on a Partition.
_UNIT = 32
# VfsLfs2 gives littlefs a cache of four units. Not to be raised where something is written:
# littlefs stores files up to this size inside a directory block, and a reader with a smaller cache
# cannot read such a file. Who only reads asks for a tenth as many pieces with a cache of a block.
_CACHE = 4 * _UNIT
# VfsLfs2's limit of a name; it refuses to mount a file system that allows more.
_NAME_MAX = 255
# 2.1 is what VfsLfs2 makes since MicroPython 1.21. It would upgrade 2.0 at its first write: one
# more flash operation.
_DISK_VERSION = 0x00020001


class _Image(UserContext):
    """A file system image in memory; littlefs-python's own logs each access, which takes longer
    than the access.
    """

    def read(self, cfg: LFSConfig, block: int, off: int, size: int) -> bytearray:
        start = block * SECTOR + off
        return self.buffer[start : start + size]


class Volume(NamedTuple):
    """A file system: disk version, bytes used and free (in whole blocks), files by path."""

    version: str
    used: int
    free: int
    files: dict[str, bytes]


def build(files: Mapping[str, bytes], partition: Partition) -> bytes:
    """An image of `partition.size` bytes with these files (path without leading slash -> content).

    Raises ImageError when a file does not fit or has a name that the file system does not take.
    """
    context = _Image(partition.size)
    fs = _littlefs(context, partition.size, disk_version=_DISK_VERSION)
    fs.format()
    fs.mount()
    for path in sorted(files):
        try:
            if folder := path.rpartition("/")[0]:
                fs.makedirs(folder, exist_ok=True)
            with fs.open(path, "wb") as file:
                file.write(files[path])
        except LittleFSError as error:
            if error.code == LittleFSError.Error.LFS_ERR_NOSPC:
                total = sum(map(len, files.values()))
                raise partition.error(
                    f"{len(files)} files of {total} bytes do not fit into its {partition.size}: "
                    f"no room for {path}"
                ) from None
            raise partition.error(f"cannot write {path}: {error}") from None
    fs.unmount()
    return bytes(context.buffer)


def update(
    image: bytes, files: Mapping[str, bytes], partition: Partition
) -> tuple[bytes, list[str]] | None:
    """A file system with the files of `image` and these; also the paths of those that stay. In
    folders and under names of the first level that `files` has, nothing else stays.

    What stays is not written anew, times included. None when `image` is no LittleFS of the
    partition's size, or a damaged one; raises ImageError when there is no room.
    """
    if len(image) != partition.size:
        return None
    context = _Image(buffer=bytearray(image))
    fs = _littlefs(context, partition.size)
    ours = {path.partition("/")[0] for path in files}
    try:
        fs.mount()
        there = _paths(fs)
        for path in there:
            _content(fs, path)  # a damaged one shows now
        stays = [path for path in there if path.partition("/")[0] not in ours]
        for path in set(there) - set(stays) - set(files):
            fs.remove(path)
        for folder in sorted(_folders(fs), reverse=True):  # what is in one comes before it
            if folder.partition("/")[0] in ours and not fs.listdir(folder):
                fs.rmdir(folder)
        for path in sorted(files):
            if path in there and _content(fs, path) == files[path]:
                continue
            if folder := path.rpartition("/")[0]:
                fs.makedirs(folder, exist_ok=True)
            with fs.open(path, "wb") as file:
                file.write(files[path])
        fs.unmount()
    except LittleFSError as error:
        if error.code == LittleFSError.Error.LFS_ERR_NOSPC:
            raise partition.error(
                f"no room beside {len(stays)} files that stay: delete files of yours there "
                "(file_delete), or --erase-settings"
            ) from None
        return None
    return bytes(context.buffer), stays


def read(image: bytes) -> Volume | None:
    """What is in a file system image of whole blocks, or None when it is not (or no longer) a
    LittleFS.
    """
    fs = _littlefs(_Image(buffer=bytearray(image)), len(image), cache=SECTOR)
    try:
        fs.mount()
        info = fs.fs_stat()
        used = fs.used_block_count * SECTOR
        files = {path: _content(fs, path) for path in _paths(fs)}
        fs.unmount()
    except LittleFSError:
        return None
    version = f"{info.disk_version >> 16}.{info.disk_version & 0xFFFF}"
    return Volume(version, used, len(image) - used, files)


def _littlefs(
    context: UserContext, size: int, disk_version: int = 0, cache: int = _CACHE
) -> LittleFS:
    return LittleFS(
        context=context,
        mount=False,
        block_size=SECTOR,
        block_count=size // SECTOR,
        read_size=_UNIT,
        prog_size=_UNIT,
        cache_size=cache,
        lookahead_size=_UNIT,
        name_max=_NAME_MAX,
        disk_version=disk_version,
    )


def _folders(fs: LittleFS) -> list[str]:
    return [
        f"{top.strip('/')}/{name}".lstrip("/") for top, names, _ in fs.walk("/") for name in names
    ]


def _paths(fs: LittleFS) -> list[str]:
    found = []
    for folder, _, names in fs.walk("/"):
        found += [f"{folder.rstrip('/')}/{name}".lstrip("/") for name in names]
    return sorted(found)


def _content(fs: LittleFS, path: str) -> bytes:
    with fs.open(path, "rb") as file:
        return file.read()
