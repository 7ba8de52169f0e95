#!/usr/bin/env python3
"""Hold the source against src/FLOORS: who may include whom, which library has which door.

    floors.py [SRC]          fails on: an include that FLOORS does not allow, a library outside its
                             door, a cycle between rooms, a room or a door that does not exist, a
                             permission nobody uses
    floors.py --make [SRC]   prints, as make variables, each room with all the rooms below it

Files directly in src/ (main.c) belong to the room cli. Rooms without a file yet hold.
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def head(path):
    """The room of a permission or an include: "store" of "store" and of "store/store.h"."""
    return path.split("/")[0]


class Floors:
    """The table: rooms[name] = what it may include, doors[library prefix] = its one file in each room."""

    def __init__(self, src):
        self.src = pathlib.Path(src)
        self.rooms, self.doors = {}, {}
        for line in (self.src / "FLOORS").read_text().splitlines():
            line = line.split("#")[0].rstrip()
            if not line:
                continue
            name, may, libraries = re.split(r"\s{2,}", line)
            self.rooms[name] = [p for p in may.split() if p != "-"]
            for pair in libraries.split():
                if pair != "-":
                    library, door = pair.split(":")
                    self.doors.setdefault(library, []).append(f"{name}/{door}")

    def next_below(self, room):
        may = self.rooms.get(room, [])
        return [r for r in self.rooms if r != room] if "*" in may else sorted(set(map(head, may)))

    def floor(self, room, above=()):
        """0 for the ground; ends the program on a cycle."""
        if room in above:
            sys.exit("cycle: " + " -> ".join(above + (room,)))
        return 1 + max((self.floor(r, above + (room,)) for r in self.next_below(room)), default=-1)

    def below(self, room):
        """The room and all that it may reach, itself first."""
        found = [room]
        for r in found:
            found += [b for b in self.next_below(r) if b not in found]
        return found

    def files(self):
        return sorted(p for p in self.src.rglob("*") if p.suffix in (".c", ".h", ".def"))

    def faults(self):
        """One line per fault."""
        used, faults, occupied = set(), [], set()
        for path in self.files():
            rel = path.relative_to(self.src).as_posix()
            room = head(rel) if "/" in rel else "cli"
            occupied.add(room)
            if room not in self.rooms:
                faults.append(f"{rel}: no room of this name in FLOORS")
                continue
            text = COMMENT.sub("", path.read_text(errors="replace"))
            for kind, target in INCLUDE.findall(text):
                if kind == "<":
                    faults += self.library_faults(rel, target, used)
                elif "/" in target and head(target) != room:
                    faults += self.room_faults(rel, room, target, used)
        for room, may in self.rooms.items():
            faults += [f"FLOORS: {room} may include {p}, which is no room"
                       for p in may if p != "*" and head(p) not in self.rooms]
            if room in occupied:  # a room still empty uses nothing
                faults += [f"FLOORS: {room} does not use {p}"
                           for p in may if p != "*" and (room, p) not in used]
        faults += [f"FLOORS: nobody includes {library}" for library, doors in self.doors.items() for door in doors
                   if (library, door) not in used and (self.src / door).exists()]
        return faults

    def library_faults(self, rel, target, used):
        # The longest prefix wins: a part of a library may have its door in another room.
        for library in sorted(self.doors, key=len, reverse=True):
            doors = self.doors[library]
            if target.startswith(library):
                used.add((library, rel))
                return [] if rel in doors else [f"{rel}: <{target}> has its door in {' and '.join(doors)}"]
        return []

    def room_faults(self, rel, room, target, used):
        allowed = [p for p in self.rooms[room] if p in ("*", target, head(target))]
        used.update((room, p) for p in allowed)
        return [] if allowed else [f"{rel}: may not include {target}"]


def main(arguments):
    make = "--make" in arguments
    paths = [a for a in arguments if a != "--make"]
    floors = Floors(paths[0] if paths else "src")
    levels = {room: floors.floor(room) for room in floors.rooms}
    if make:
        for room in floors.rooms:
            print(f"below_{room} := {' '.join(floors.below(room))}")
        return 0
    faults = floors.faults()
    if faults:
        print("\n".join(faults))
        return 1
    print("floors hold: " + "  ".join(
        f"{n}:{'+'.join(r for r in levels if levels[r] == n)}"
        for n in range(max(levels.values()) + 1)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
