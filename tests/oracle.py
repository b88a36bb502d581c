#!/usr/bin/env python3
"""oracle.py -- does `compose config` read a file as others do? Started by tests/oracle.bash.

    python3 oracle.py MINICONTAINER MUTANTS SEED [FILE...]

Valid files are changed at random. Each mutant that minicontainer accepts is read by PyYAML (YAML 1.1) and
by npm's yaml (YAML 1.2), too; what they read is written as lines of run by words(), below, and must
be the same. That a mutant is refused is always right. FILE: these files, as they are, and no mutants.
"""
import base64
import json
import os
import random
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import yaml

NODE = """
const yaml = require('yaml');
function read(bytes) {
    try {
        const doc = yaml.parseDocument(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
                                       { version: '1.2', uniqueKeys: true });
        if (doc.errors.length + doc.warnings.length)
            return { no: String(doc.errors.concat(doc.warnings)[0]) };
        return { is: doc.toJS() };
    } catch (e) {
        return { no: String(e) };
    }
}
require('readline').createInterface({ input: process.stdin }).on('line', line => {
    const bytes = Buffer.from(line, 'base64');
    console.log(JSON.stringify(read(bytes)));
});
"""

# ---------------------------------------------------------------- what a file means

OPTIONS = {
    'image': '--image', 'hostname': '--hostname', 'working_dir': '--workdir', 'mem_limit': '--memory',
    'cpus': '--cpus', 'pids_limit': '--pids-limit', 'read_only': '--read-only', 'init': '--init',
    'environment': '--env', 'volumes': '--volume', 'ports': '--publish', 'cap_add': '--cap-add',
    'cap_drop': '--cap-drop', 'networks': '--network',
}
NUMBERS = ('mem_limit', 'cpus', 'pids_limit')
NO_OPTION = ('depends_on', 'expose', 'command', 'entrypoint')


class Other(Exception):
    """The file is none of ours."""


def want(so, what):
    if not so:
        raise Other(what)


def text(value, number=False):
    """A scalar as Docker takes it: $$ is $; numbers only where they are allowed."""
    if number and type(value) in (int, float):
        return str(value)
    want(type(value) is str, f'no text: {value!r}')
    parts = value.split('$$')
    want(not any('$' in part for part in parts), f'a variable: {value!r}')
    return '$'.join(parts)


def split(line):
    out, word, quote = [], None, ''
    for c in line:
        if quote and c == quote:
            quote = ''
        elif not quote and c in '"\'':
            quote, word = c, word or ''
        elif not quote and c == ' ':
            if word is not None:
                out.append(word)
            word = None
        else:
            word = (word or '') + c
    want(not quote, 'a quote without its end')
    return out if word is None else out + [word]


def values(key, value):
    if key in ('command', 'entrypoint') and type(value) is str:
        return split(text(value))
    if type(value) is list:
        want(key not in NUMBERS, 'a list')
        return [text(v) for v in value]
    if key == 'environment' and type(value) is dict:
        return [text(k) + '=' + text(v, True) for k, v in value.items()]
    if key in ('read_only', 'init'):
        want(type(value) is bool, f'neither true nor false: {value!r}')
        return [value]
    want(OPTIONS.get(key) and key not in ('environment', 'volumes', 'ports', 'networks', 'cap_add', 'cap_drop'),
         f'{key} is no list')
    return [text(value, key in NUMBERS)]


def words(name, service):
    """One service as the words of run."""
    out = ['run', '--hostname', name]
    for key, value in service.items():
        want(key in OPTIONS or key in NO_OPTION, f'no key: {key!r}')
        for v in values(key, value):
            if type(v) is bool:
                out += [OPTIONS[key]] if v else ['--no-init'] if key == 'init' else []
            elif key in OPTIONS:
                out += [OPTIONS[key], v]
    if not service.get('networks'):
        out += ['--network', 'Default']
    entry = values('entrypoint', service.get('entrypoint', []))
    image = text(service['image'])
    if entry and '/' not in image:
        out += ['--entrypoint', entry.pop(0)]
    return out + ['--'] + entry + values('command', service.get('command', []))


def meaning(doc):
    want(type(doc) is dict and type(doc.get('services')) is dict, 'no services')
    for section in doc:
        want(section in ('version', 'services', 'networks', 'volumes'), f'section {section!r}')
    for section in ('networks', 'volumes'):
        names = doc.get(section, {})
        want(type(names) is dict, f'{section} is no list of names')
        for name, value in names.items():
            want(type(name) is str and value is None, f'{section}: {name!r} has something')
    services, done, out = doc['services'], [], []

    def add(name, before=()):
        want(name in services and name not in before, f'depends_on {name!r}')
        if name in done:
            return
        want(type(name) is str and type(services[name]) is dict, f'service {name!r}')
        for other in values('depends_on', services[name].get('depends_on', [])):
            add(other, before + (name,))
        done.append(name)
        out.append(words(name, services[name]))

    for name in services:
        add(name)
    return out


# ---------------------------------------------------------------- mutants

SHOP = b"""# A shop
version: "3.8"
services:
  web:
    image: shop
    command: ["httpd", -f, '-p', "80"]
    ports:
      - "8080:80"   # the door
    networks: [front, back]
    environment:
      NAME: the shop
      LEVEL: 3
      RATE: 0.25
    depends_on: [app]
  app:
    image: ./img
    entrypoint: sh -c
    command:
      - 'echo "$$HOME" ''
      - "it's # no comment"
    networks:
      - back
    read_only: true
    init: false
    mem_limit: 64m
    cpus: 0.5
    pids_limit: 20
  db:
    hostname: store
    image: base
    working_dir: /srv
    volumes: ["./img:/img:ro"]
    cap_add: [NET_ADMIN]
    cap_drop:
      - CHOWN
      - KILL
    expose: ["5432"]
    command: sleep 1000

networks:
  front:
  back:
volumes:
  keep:
""".replace(b" ''\n", b"'\n")
SMALL = b"services:\n  a:\n    image: x\n    command: [a, b]\n"
LINES = b"""services:
  one:
    image: a.b
    command: sh -c 'echo "x  y"; exit 3'
    environment: [A=1, "B=a: b", 'C=d # e', D=e#f, "E=[x]"]
  two-2:
    image: x   # an image
    environment:
      A: "no"
      B: 'yes'
      C: x y  # z
      D: ""
      _E: http://a.b/c?d=e&f
    mem_limit: 104857600
    entrypoint: [ "/bin/sh" , -c ]
    command: [ 'a, b' , "c: d" , e-f , --g=h , i:j ]
"""
VALID = [SHOP, SMALL, LINES]

BITS = [b.encode() for b in """ ~  ~:~: ~- ~-~#~ #~'~"~''~[~]~{~}~,~, ~&~&a ~*a~!~!!str ~!!int ~|~>~|-~%~@~`~?~? ~\t~\r~\n~
  ~
    ~
      - ~\n---\n~\n...\n~<<~<<: ~=~no~yes~on~y~n~True~null~Null~010~0o17~0x1f~0b1~1e3~1_0~.5~1.~1.0~1.10~1.5~0~7~-1
~+1~22:22~1:2~190:20:30~2024-01-01~2024-01-01 10:00:00~.inf~-.Inf~.NaN~$~$$~${A}~\\~\\n~\u2028~\u2029~\x85~\ufeff~é~😀~
\x00~\x7f~\x1b~\xa0~\u3000~ : ~:x~a: b~[a]~{a: b}~""~x~services~image~a~"a"~'a'~12345678901~1.2345~00~0.0~-~--~%YAML 1.1
""".replace('\n~', '~').split('~')] + [b'~', b'\xff', b'\xc3', b'\xed\xa0\x80', b'\xc0\xaf', b'\xef\xbf\xbe']


def mutant(r):
    data = r.choice(VALID)
    for _ in range(r.choice((1, 1, 1, 2, 2, 3))):
        lines = data.split(b'\n')
        n, at, how = r.randrange(len(lines)), r.randrange(len(data) + 1), r.randrange(12)
        line = lines[n]
        if how <= 2:  # something put in, anywhere
            data = data[:at] + r.choice(BITS) + data[at:]
            continue
        if how == 3:  # a few bytes lost, or another in their place
            data = data[:at] + r.choice((b'', r.choice(BITS))) + data[at + r.randrange(1, 4):]
            continue
        if how == 4:
            del lines[n]
        elif how == 5:
            lines.insert(r.randrange(len(lines) + 1), line)
        elif how == 6:  # deeper, or less deep
            lines[n] = b' ' * r.choice((1, 2, 4)) + line if r.randrange(2) else line[r.choice((1, 2)):]
        elif how == 7:  # another value
            head, colon, _ = line.partition(b': ')
            lines[n] = head + colon + r.choice(BITS) if colon else line + r.choice(BITS)
        elif how == 8:  # other quotes
            a, b = r.sample((b'"', b"'", b''), 2)
            lines[n] = line.replace(a, b) if a else line
        elif how == 9:  # a word for a word
            parts = line.split(b' ')
            parts[r.randrange(len(parts))] = r.choice(BITS)
            lines[n] = b' '.join(parts)
        elif how == 10:  # two lines are one, or one is two
            lines[n:n + 2] = [b' '.join(lines[n:n + 2])] if r.randrange(2) else [line[:4], line[4:]] + lines[n + 1:n + 2]
        else:  # a comment, blanks at the end
            lines[n] = line + r.choice((b' # x', b'#x', b'  ', b' #', b' "#"', b' x'))
        data = b'\n'.join(lines)
    return data


# ---------------------------------------------------------------- the proof

def differ(theirs, ours):
    """The first words that are not the same."""
    flat = [[word for line in lines for word in line] for lines in (theirs, ours)]
    for a, b in zip(*flat):
        if a != b:
            return f'{a!r}, and we: {b!r}'
    return f'{len(flat[0])} words, and we: {len(flat[1])}'


class Reader:
    """One at a time: a directory, a process of node."""

    def __init__(self, program):
        self.program, self.refused = program, {}
        self.dir = tempfile.TemporaryDirectory()
        os.makedirs(self.dir.name + '/img/etc')
        with open(self.dir.name + '/img/etc/hosts', 'wb'):
            pass
        self.node = subprocess.Popen(['node', '-e', NODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     env={'NODE_PATH': '/usr/share/nodejs', **os.environ})

    def ours(self, data):
        with open(self.dir.name + '/compose.yaml', 'wb') as f:
            f.write(data)
        p = subprocess.run([self.program, 'compose', 'config'], cwd=self.dir.name, capture_output=True, timeout=300,
                           env={**os.environ, 'HOME': self.dir.name, 'LC_ALL': 'C'}, check=False)
        if p.returncode == 125:
            return None
        if p.returncode != 0:
            raise Other(f'status {p.returncode}: {p.stderr!r}')
        return [shlex.split(line)[1:] for line in p.stdout.decode(errors='surrogateescape').split('\n')[:-1]]

    def others(self, data):
        """What each of the others says: (who, document), or (who, None, why not)."""
        try:
            yield 'PyYAML', yaml.safe_load(data.decode()), ''
        except (yaml.YAMLError, ValueError) as e:
            yield 'PyYAML', None, str(e)
        self.node.stdin.write(base64.b64encode(data) + b'\n')
        self.node.stdin.flush()
        said = json.loads(self.node.stdout.readline())
        yield "npm's yaml", said.get('is'), said.get('no', '')

    def judge(self, data):
        """None: refused; '': all read it alike, or refuse it; else what is not alike."""
        try:
            ours = self.ours(data)
        except Other as e:
            return f'minicontainer: {e}'
        if ours is None:
            return None
        found = ''
        for who, document, why in self.others(data):
            if why:
                self.refused[who] = self.refused.get(who, 0) + 1
                continue
            try:
                theirs = meaning(document)
                if theirs != ours:
                    found += f'{who}: {differ(theirs, ours)}\n'
            except Other as e:
                found += f'{who}: {e}\n'
        return found


def judge_all(program, inputs):
    reader, accepted, found = Reader(program), 0, []
    for data in inputs:
        said = reader.judge(data)
        accepted += said is not None
        if said:
            found.append((data, said))
    return accepted, found, reader.refused


def main():
    program, count, seed = os.path.abspath(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    inputs, r = [open(name, 'rb').read() for name in sys.argv[4:]], random.Random(seed)
    if not inputs:
        inputs = VALID + [mutant(r) for _ in range(count)]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda part: judge_all(program, part), (inputs[::2], inputs[1::2])))
    accepted, found = sum(r[0] for r in results), sum((r[1] for r in results), [])
    for data, said in found[:int(os.environ.get('SHOW', '10'))]:
        print(f'not ok, a file with another meaning:\n{data!r}\n{said}')
    for who in sorted(set().union(*(r[2] for r in results))):
        print(f'refused by {who}, and read by us: {sum(r[2].get(who, 0) for r in results)}')
    print(f'{len(inputs)} files, {accepted} accepted, {len(found)} with another meaning')
    os._exit(1 if found or accepted < len(inputs) / 20 else 0)


main()
