# SPDX-License-Identifier: GPL-2.0-or-later
"""A second reader of captures, written from tracetop-capture(5) and from nothing else.

It shares no code with tracetop: where both read the same, the page says enough.  As a program:
reader.py FILE prints how many samples each function has.
"""
import collections
import ctypes
import struct
import sys
import zlib

HEADER, KINDS_AT = 16, 88
CHUNK, INDEX = b"tTch", b"tTix"
DATA, STATE, FACTS = range(3)
HOST, EVENT, SAMPLE, TASK, DSO, SYMBOL = 1, 2, 5, 7, 9, 10
SLOTS, STRING_SIZES, STRING_BYTES, THREADS, FRAMES, NODES = 32, 33, 34, 35, 37, 38
ROW_COLUMNS = {0: "kind", 1: "thread", 2: "cpu", 3: "stack", 4: "name", 5: "flags", 16: "time",
               17: "duration", 18: "result"}
U64 = 1 << 64


class Damaged(Exception):
    """What is read is not as the page says."""


def zstd():
    """libzstd, which tracetop itself needs."""
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_decompress.restype = ctypes.c_size_t
    library.ZSTD_decompress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p,
                                        ctypes.c_size_t]
    return library


ZSTD = zstd()


def unpacked(body, size):
    if len(body) == size:
        return body
    out = ctypes.create_string_buffer(size)
    if ZSTD.ZSTD_decompress(out, size, body, len(body)) != size:
        raise Damaged("a section is no frame of zstd of its size")
    return out.raw


class Columns:
    """Packed columns, one behind the other."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + 9 > len(self.data):
            raise Damaged("a column is missing")
        width, base = struct.unpack_from("<BQ", self.data, self.at)
        planes = self.data[self.at + 9:self.at + 9 + width * count]
        if width > 8 or len(planes) != width * count:
            raise Damaged("a column is cut off")
        self.at += 9 + width * count
        return [(base + sum(planes[k * count + i] << 8 * k for k in range(width))) % U64
                for i in range(count)]


Record = collections.namedtuple("Record", "type subtype time thread cpu frames name flags numbers texts")
Thread = collections.namedtuple("Thread", "tid pid cgroup name process")


class Chunk:
    """A chunk, with what its records refer to."""

    def __init__(self, data):
        (self.size, version, self.cls, self.flags, self.sequence, self.start, self.end, _, self.lost,
         self.rows, strings, _, threads, _, frames, nodes, kinds, sections) = struct.unpack_from(
             "<IHBBQQQQQIIIIIIIHH", data, 8)
        if version != 1:
            raise Damaged(f"layout {version}")
        self.kinds = [struct.unpack_from("<HBBII", data, KINDS_AT + 12 * i) for i in range(kinds)]
        if sum(kind[4] for kind in self.kinds) != self.rows:
            raise Damaged("kinds and rows are not as many")
        self.bodies = self.take_sections(data, KINDS_AT + 12 * kinds, sections)
        self.strings = self.take_strings(strings)
        self.threads = self.take_threads(threads)
        columns = Columns(self.bodies[FRAMES, 0])
        self.frames = list(zip(columns.take(frames), columns.take(frames)))
        self.stacks = self.take_stacks(nodes)

    def take_sections(self, data, at, count):
        bodies, body = {}, at + 12 * count
        for i in range(count):
            what, _, record_type, size, stored = struct.unpack_from("<BBHII", data, at + 12 * i)
            bodies[what, record_type] = unpacked(data[body:body + stored], size)
            body += stored
        if body != self.size:
            raise Damaged("the sections are not the chunk")
        return bodies

    def take_strings(self, count):
        data, at, strings = self.bodies[STRING_BYTES, 0], 0, []
        for size in Columns(self.bodies[STRING_SIZES, 0]).take(count):
            strings.append(data[at:at + size])
            at += size
        if at != len(data) or strings[0]:
            raise Damaged("strings and their sizes do not fit")
        return strings

    def take_threads(self, count):
        columns = Columns(self.bodies[THREADS, 0])
        return [Thread(tid, pid, cgroup, self.strings[name], self.strings[process])
                for tid, pid, cgroup, name, process, _ in zip(*(columns.take(count) for _ in range(6)))]

    def take_stacks(self, count):
        """Of each node its frames, the one that was executing first."""
        columns = Columns(self.bodies[NODES, 0])
        stacks = [()]
        for node, (less, frame) in enumerate(zip(columns.take(count), columns.take(count))):
            if node and not 1 <= less <= node:
                raise Damaged("a node stands before its caller's")
            if node:
                stacks.append((self.frames[frame],) + stacks[node - less])
        return stacks

    def slots(self):
        """Of each kind, its columns of numbers and of texts."""
        readers, slots = {}, []
        for record_type, numbers, texts, _, count in self.kinds:
            if not numbers + texts:
                slots.append(([], []))
                continue
            columns = readers.setdefault(record_type, Columns(self.bodies[SLOTS, record_type]))
            slots.append(([columns.take(count) for _ in range(numbers)],
                          [[self.strings[text] for text in columns.take(count)] for _ in range(texts)]))
        return slots

    def records(self):
        rows = {name: Columns(self.bodies[number, 0]).take(self.rows)
                for number, name in ROW_COLUMNS.items()}
        slots, seen, time = self.slots(), collections.Counter(), self.start
        for i in range(self.rows):
            kind = rows["kind"][i]
            numbers, texts = slots[kind]
            place = seen[kind]
            seen[kind] += 1
            time = (time + rows["time"][i]) % U64
            thread = self.threads[rows["thread"][i]] if rows["thread"][i] else None
            yield Record(self.kinds[kind][0], self.kinds[kind][3], time, thread, rows["cpu"][i],
                         self.stacks[rows["stack"][i]], self.strings[rows["name"][i]],
                         rows["flags"][i], [column[place] for column in numbers],
                         [column[place] for column in texts])


def chunks(data):
    """The chunks of a file that is whole, from the first on; and where the index begins."""
    if data[:8] != b"TRACETOP" or struct.unpack_from("<I", data, 8)[0] != 1:
        raise Damaged("no capture of version 1")
    found, at = [], HEADER
    while data[at:at + 4] == CHUNK:
        checksum, size = struct.unpack_from("<II", data, at + 4)
        if zlib.crc32(data[at + 8:at + size]) != checksum:
            raise Damaged(f"checksum of the chunk at {at}")
        found.append((at, Chunk(data[at:at + size])))
        at += size
    return found, at


def index(data, at):
    """The entries of the index: (offset, sequence, start, end, duration, lost, size, rows, class, flags)."""
    offset, size, magic = struct.unpack_from("<QI4s", data, len(data) - 16)
    if magic != b"tTnd" or offset != at or offset + size + 16 != len(data) or data[at:at + 4] != INDEX:
        raise Damaged("no index behind the last chunk")
    checksum, count = struct.unpack_from("<II", data, at + 4)
    if zlib.crc32(data[at + 8:at + size]) != checksum or 12 + 64 * count != size:
        raise Damaged("checksum or size of the index")
    return [struct.unpack_from("<QQQQQQIIBB", data, at + 12 + 64 * i) for i in range(count)]


class Capture:
    """A whole file: its records by type, and the names of its code."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        self.chunks, self.end = chunks(self.data)
        self.records = collections.defaultdict(list)
        for _, chunk in self.chunks:
            for record in chunk.records():
                self.records[record.type].append(record)
        self.dsos, self.firsts, self.ranges = {}, {}, collections.defaultdict(list)
        self.take_dsos()
        for symbol in self.records[SYMBOL]:
            self.ranges[self.same(symbol.numbers[0])].append(symbol)

    def index(self):
        return index(self.data, self.end)

    def take_dsos(self):
        """The first record of each number, and the number that first had its build id."""
        builds = {}
        for dso in self.records[DSO]:
            number, build = dso.numbers[0], dso.texts[0]
            self.dsos.setdefault(number, dso)
            if build and number not in self.firsts:
                self.firsts[number] = builds.setdefault(build, number)

    def same(self, dso):
        """The number that a binary is known by: of one build id, the first."""
        return self.firsts.get(dso, dso)

    def symbol(self, frame):
        """Name and path of the function of a frame; None where there is none."""
        dso, address = frame
        for symbol in self.ranges.get(self.same(dso), ()) if dso else ():
            if symbol.numbers[1] <= address < symbol.numbers[2]:
                return symbol.name or None, self.path(symbol.numbers[3] or dso)
        return None, self.path(dso)

    def path(self, dso):
        return self.dsos[self.same(dso)].name if dso else None

    def functions(self):
        """How many samples were in each function, and the sum of their weights."""
        counts = collections.defaultdict(lambda: [0, 0])
        cache = {}
        for sample in self.records[SAMPLE]:
            frame = sample.frames[0] if sample.frames else (0, 0)
            if frame not in cache:
                cache[frame] = self.symbol(frame)
            counts[cache[frame]][0] += 1
            counts[cache[frame]][1] += sample.numbers[0]
        return counts


def main(path):
    functions = Capture(path).functions().items()
    for (name, binary), (count, weight) in sorted(functions, key=lambda function: -function[1][0]):
        print(count, weight, name, binary)


if __name__ == "__main__":
    main(sys.argv[1])
