#!/usr/bin/env python3
"""Hold the bot's texts against their list, src/bot/texts.def.

    texts_check.py [SRC]     fails on: a text that a language lacks, gives twice or does not know;
                             other placeholders than the list says; a form of a plural that is
                             missing; markup that Telegram would refuse; an answer to a press of
                             over 200 characters; a text that nobody says
"""
import pathlib
import re
import sys

FORMS = {"ru": ["one", "few", "many"], "en": ["one", "other"]}
ROW = re.compile(r'^TEXT\((\w+), "([\w.]+)", (HTML|PLAIN|COUNT), "([^"]*)"\)$', re.M)
PARAM = re.compile(r'^TEXT_PARAM\(\w+, "(\w+)"\)$', re.M)
TAGS = {"b", "i", "u", "s", "code", "pre", "blockquote"}
LONGEST = {"toast": 200, "pay_refused": 200, "button": 40, "command": 256, "stars": 255}


class Texts:
    """rows[key] = (name, kind, placeholders); values[language][key as in the file] = text."""

    def __init__(self, src):
        self.src = pathlib.Path(src)
        listed = (self.src / "bot/texts.def").read_text()
        self.params = PARAM.findall(listed)
        self.rows = {key: (name, kind, set(params.split()))
                     for name, key, kind, params in ROW.findall(listed)}
        self.faults = [f"texts.def: not understood: {line}" for line in listed.splitlines()
                       if line.startswith("TEXT") and not ROW.match(line) and not PARAM.match(line)]
        self.values = {language: self.read(language) for language in FORMS}

    def read(self, language):
        values = {}
        path = self.src / f"bot/lang/{language}.ini"
        for number, line in enumerate(path.read_text().splitlines(), 1):
            where = f"{path.name}:{number}"
            if not line.strip() or line.startswith("#"):
                continue
            key, equals, value = (part.strip() for part in line.partition("="))
            if not equals or not value:
                self.faults.append(f"{where}: no `key = text`")
            elif key in values:
                self.faults.append(f"{where}: {key} is given twice")
            values[key] = value
        return values

    def keys(self, language):
        """Each key the file of this language must have, with its row."""
        for key, row in self.rows.items():
            forms = [f".{form}" for form in FORMS[language]] if row[1] == "COUNT" else [""]
            for form in forms:
                yield key + form, row

    def check(self):
        for language, values in self.values.items():
            wanted = dict(self.keys(language))
            self.faults += [f"{language}.ini: {key} is missing" for key in wanted if key not in values]
            self.faults += [f"{language}.ini: {key} is not in texts.def"
                            for key in values if key not in wanted]
            for key in wanted.keys() & values.keys():
                _, kind, params = wanted[key]
                self.faults += [f"{language}.ini: {key}: {fault}"
                                for fault in value_faults(key, values[key], kind, params)]
        self.faults += [f"texts.def: nobody says {key}" for key in self.unsaid()]
        used = set().union(*(row[2] for row in self.rows.values()))
        self.faults += [f"texts.def: no text takes {{{p}}}" for p in self.params if p not in used]
        return self.faults

    def unsaid(self):
        """By name in the bot, by key in the shop, counted from the first of its kind, or found by a
        key that starts with a word of the bot ("why.")."""
        bot = "\n".join(p.read_text() for p in sorted((self.src / "bot").glob("*.[ch]")))
        shop = "\n".join(p.read_text() for p in sorted((self.src / "shop").glob("*.[ch]")))
        counted = tuple(re.findall(r"\b(TEXT_[A-Z]+_)\w+ \+", bot))
        for key, (name, _, _) in self.rows.items():
            named = (re.search(rf"\bTEXT_{name}\b", bot) or f'"{key}"' in shop
                     or f'"{key.split(".")[0]}."' in bot)
            if not named and not f"TEXT_{name}".startswith(counted or ("?",)):
                yield key


def value_faults(key, value, kind, params):
    found = set(re.findall(r"\{(\w+)\}", value))
    if found != params:
        yield f"placeholders {sorted(found)}, the list says {sorted(params)}"
    if re.search(r"[{}]", re.sub(r"\{\w+\}", "", value)):
        yield "a stray brace"
    if re.search(r"\\(?!n)", value):
        yield r"only \n is known"
    if kind == "HTML":
        yield from markup_faults(value)
    elif re.search(r"[<>&]", value):
        yield "markup in a plain text"
    most = next((most for start, most in LONGEST.items() if key.startswith(start)),
                4096 if kind == "HTML" else 128)
    if len(value) > most:
        yield f"{len(value)} characters, at most {most}"


def markup_faults(value):
    open_tags = []
    for slash, tag, end in re.findall(r"<(/?)([^<>]*)(>?)", value):
        if not end or tag not in TAGS:
            yield f"<{slash}{tag} is no tag of ours"
        elif not slash:
            open_tags.append(tag)
        elif not open_tags or open_tags.pop() != tag:
            yield f"</{tag}> closes nothing"
    if open_tags:
        yield f"<{open_tags[-1]}> is not closed"
    if re.search(r"&(?!(lt|gt|amp|quot);)", value):
        yield "a bare &"


def main(arguments):
    texts = Texts(arguments[0] if arguments else "src")
    faults = texts.check()
    if faults:
        print("\n".join(faults))
        return 1
    print(f"texts hold: {len(texts.rows)} in {' and '.join(texts.values)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
