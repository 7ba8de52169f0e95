#!/usr/bin/env python3
"""Makes src/sandbox/bot_api.def from a machine-readable description of the Bot API.

    tests/tools/bot_api_def.py bot-api-spec.json >src/sandbox/bot_api.def

The description is JSON: {"version", "methods": {name: {"returns", "fields"}}, "types": {name: {"fields"
| "subtypes"}}}, a field being {"name", "types", "required", "enum"?, "limits"?}. Only what a bot can
send is taken: all methods, and the types that can be reached from their parameters. The table is
committed; the description is needed only for a new version of the Bot API.
"""
import json
import re
import sys

SCALARS = {'Integer': 'int', 'Float': 'float', 'String': 'text', 'Boolean': 'bool', 'True': 'bool',
           'InputFile': 'file'}
# Alternatives of scalars, and unions the documentation gives no name of its own.
MIXED = {('Integer', 'String'): 'chat', ('InputFile', 'String'): 'media'}
NAMED = {
    ('InlineKeyboardMarkup', 'ReplyKeyboardMarkup', 'ReplyKeyboardRemove', 'ForceReply'):
        'ReplyMarkup',
    ('InputMediaAudio', 'InputMediaDocument', 'InputMediaLivePhoto', 'InputMediaPhoto',
     'InputMediaVideo'): 'AlbumMedia',
    ('InputMediaAnimation', 'InputMediaAudio', 'InputMediaDocument', 'InputMediaPhoto',
     'InputMediaVideo', 'InputMediaVoiceNote'): 'RichMessageMedia',
}
# Runs of fields that many owners share stand in lines of their own: name -> (owner, first, last).
SETS = {
    'set_target': ('sendPhoto', 'business_connection_id', 'ephemeral_message_parameters'),
    'set_send': ('sendPhoto', 'disable_notification', 'reply_markup'),
    'set_caption': ('sendPhoto', 'caption', 'caption_entities'),
    'set_answer': ('InlineQueryResultGif', 'reply_markup', 'input_message_content'),
    'set_invoice': ('sendInvoice', 'title', 'suggested_tip_amounts'),
}
CHARSET = 'A-Za-z0-9_-'
COLUMNS = 100
HEADER = '''/* bot_api.def: what may be sent to the Bot API: every method, every type a parameter leads to.
 *
 * {version}. Made by tests/tools/bot_api_def.py, not by hand; read by bot_api.c. One line each:
 *
 *   API_LINE(sendX, "true|other  field...")      a method, and whether its result is just True
 *   API_LINE(SomeType, "object  field...")       API_LINE(SomeUnion, "union  type...")
 *   API_LINE(set_x, "set  field...")             fields that others take in by a word set_x
 *   API_LINE(Update, "kinds  name...")           what allowed_updates may name
 *
 *   field    name:type     name!:type (required)     name:type[] (array)
 *   type     text int float bool file  chat (int or text)  media (file or text)  or another line
 *   limit    <1-64b> bytes  <0-16c> code points  <1-4096p> code points after parsing entities
 *            <1-256t> of A-Za-z0-9_-  <1-100i> items  <1-100r> value  {{a|b}} one of these words
 */
'''


def split(type_name):
    depth = 0
    while type_name.startswith('Array of '):
        type_name = type_name[len('Array of '):]
        depth += 1
    return type_name, depth


class Table:
    def __init__(self, spec):
        self.types = spec['types']
        self.methods = spec['methods']
        self.unions = {}   # those of NAMED that were met: name -> member types
        self.reached = []  # in order of first use

    def type_text(self, alternatives):
        """The single type that stands for a field's alternatives."""
        parts = [split(t) for t in alternatives]
        depths = {depth for _, depth in parts}
        if len(depths) != 1:
            sys.exit(f'alternatives of different depth: {alternatives}')
        key = tuple(name for name, _ in parts)
        if len(key) == 1:
            name = SCALARS.get(key[0]) or self.reach(key[0])
        elif key in MIXED:
            name = MIXED[key]
        elif key in NAMED:
            self.unions[NAMED[key]] = list(key)
            name = self.reach(NAMED[key])
        else:
            sys.exit(f'this union needs a name in NAMED: {alternatives}')
        return name + '[]' * depths.pop()

    def reach(self, name):
        if name not in self.reached:
            self.reached.append(name)
        return name

    def members(self, name):
        if name in self.unions:
            return self.unions[name]
        members = list(self.types[name]['subtypes'])
        # The list of types leaves out what the text says: plain text and arrays are rich text too.
        return members + ['String', 'Array of RichText'] if name == 'RichText' else members

    @staticmethod
    def limit(field):
        if 'enum' in field:
            words = [str(word) for word in field['enum']]
            if any(set(word) & set(' |{}') for word in words):
                sys.exit(f'a word of {field} would break the line')
            return '{' + '|'.join(words) + '}'
        limits = field.get('limits', {})
        if 'items' in limits:
            (low, high), unit = limits['items'], 'i'
        elif 'range' in limits:
            (low, high), unit = limits['range'], 'r'
        elif 'len' in limits:
            low, high = limits['len']
            unit = {'bytes': 'b', 'chars': 'c'}[limits['unit']]
            if limits.get('after_entities'):
                unit = 'p'
            if limits.get('charset'):
                if limits['charset'] != CHARSET:
                    sys.exit(f'unknown charset {limits["charset"]}')
                unit = 't'
        else:
            return ''
        return f'<{low}-{high}{unit}>'

    def fields(self, fields):
        return [field['name'] + ('!' if field['required'] else '') + ':' +
                self.type_text(field['types']) + self.limit(field) for field in fields]

    def lines(self):
        for name, method in self.methods.items():
            kind = 'true' if method['returns'] == ['True'] else 'other'
            yield name, [kind] + self.fields(method['fields'])
        done = 0
        while done < len(self.reached):
            name = self.reached[done]
            done += 1
            if name in self.unions or 'subtypes' in self.types[name]:
                yield name, ['union'] + [self.type_text([m]) for m in self.members(name)]
            else:
                yield name, ['object'] + self.fields(self.types[name].get('fields', []))
        updates = [f['name'] for f in self.types['Update']['fields'] if f['name'] != 'update_id']
        yield 'Update', ['kinds'] + updates


def share(lines):
    """Take the runs of SETS out of the lines."""
    lines = list(lines)
    by_name = dict(lines)
    sets = []
    for name, (owner, first, last) in SETS.items():
        words = by_name[owner]
        at = [word.split(':')[0].rstrip('!') for word in words]
        sets.append((name, words[at.index(first):at.index(last) + 1]))
    for _, words in lines:
        for name, run in sets:
            for i in range(len(words) - len(run) + 1):
                if words[i:i + len(run)] == run:
                    words[i:i + len(run)] = [name]
                    break
    return [(name, ['set'] + run) for name, run in sets] + lines


def show(name, words):
    """One API_LINE, its text cut into string literals that fit the page: before a blank, behind a bar."""
    rows, row = [], ''
    for piece in re.findall(r' ?[^ |]+\|?', ' '.join(words)):
        if row and len(row) + len(piece) > COLUMNS - 8:
            rows.append(row)
            row = ''
        row += piece
    rows.append(row)
    return f'API_LINE({name},\n' + '\n'.join(f'    "{row}"' for row in rows) + ')'


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        spec = json.load(file)
    print(HEADER.format(version=spec['version']), end='')
    for name, words in share(Table(spec).lines()):
        print(show(name, words))


if __name__ == '__main__':
    main()
