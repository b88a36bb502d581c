#!/usr/bin/env python3
"""compose.py -- what is each service of a compose file, for one reader of it? For tests/23-compose.bats.

    python3 compose.py ours   <what `minicontainer compose config` prints
    python3 compose.py docker <what `docker-compose config` prints
    python3 compose.py podman <the words that podman-compose gives to podman, see there

A line for each service, sorted, in which nothing depends on who has read: paths are absolute, numbers are
numbers, entrypoint and command are one list. Two readers that agree print the same. pids is left out of
all if the variable NO_PIDS is set: podman-compose 1.0.3 does not know it.
"""
import argparse
import json
import os
import shlex
import sys

import yaml

UNITS = {'b': 0, 'k': 10, 'm': 20, 'g': 30}


def memory(text):
    text = str(text).lower()
    if text[-1] in UNITS:
        return int(text[:-1]) << UNITS[text[-1]]
    return int(text)


def volume(text):
    source, target, mode = (text.split(':') + ['rw'])[:3]
    if source[0] in './':
        source = os.path.abspath(source)
    return [source, target, mode]


def port(text):
    parts = text.removesuffix('/tcp').split(':')
    return (['127.0.0.1'] + parts)[-3:]


def show(name, service):
    """A service, whose values are as run's options are. What is the default is left out."""
    said = {
        'service': name,
        'image': service.image,
        'words': service.words,
        'workdir': service.workdir,
        'memory': service.memory and memory(service.memory),
        'cpus': service.cpus and float(service.cpus),
        'read_only': bool(service.read_only),
        'init': bool(service.init),
        'env': sorted(service.env),
        'volumes': sorted(map(volume, service.volume)),
        'ports': sorted(map(port, service.publish)),
        'networks': sorted(service.network),
        'cap_add': sorted(service.cap_add),
        'cap_drop': sorted(service.cap_drop),
    }
    if 'NO_PIDS' not in os.environ:
        said['pids'] = service.pids_limit and int(service.pids_limit)
    return json.dumps({key: said[key] for key in said if said[key]})


def parser():
    """The options of run, and those of podman create that podman-compose uses."""
    p = argparse.ArgumentParser(allow_abbrev=False)
    one = ('--image', '--hostname', '--workdir/-w', '--memory/-m', '--cpus', '--pids-limit', '--name',
           '--entrypoint', '--network-alias', '--expose')
    many = ('--env/-e', '--volume/-v', '--publish/-p', '--network/--net', '--cap-add', '--cap-drop', '--label')
    for words in one:
        p.add_argument(*words.split('/'))
    for words in many:
        p.add_argument(*words.split('/'), action='append', default=[])
    for word in ('--read-only', '--init', '--no-init'):
        p.add_argument(word, action='store_true')
    p.add_argument('words', nargs=argparse.REMAINDER)
    return p


def ours():
    for line in sys.stdin:
        service = parser().parse_args(shlex.split(line)[2:])
        if service.words[:1] == ['--']:
            del service.words[0]
        if service.entrypoint is not None:
            service.words.insert(0, service.entrypoint)
        yield show(service.hostname, service)


def podman():
    """Of each call of podman its words, with a zero byte behind each, and one more at its end."""
    for call in sys.stdin.read().split('\0\36\0')[:-1]:
        words = call.split('\0')
        if words[0] != 'create':
            continue
        service = parser().parse_args(words[1:])
        service.image, *service.words = service.words
        if service.entrypoint is not None:
            service.words[:0] = json.loads(service.entrypoint)
        labels = dict(label.split('=', 1) for label in service.label)
        project = labels['com.docker.compose.project'] + '_'
        service.network = [name.removeprefix(project).replace('default', 'Default')
                           for names in service.network for name in names.split(',')]
        service.volume = [name.removeprefix(project) for name in service.volume]
        yield show(service.hostname or labels['com.docker.compose.service'], service)


def words_of(value):
    """A command or an entrypoint. `config` writes a $ as the file has it."""
    if isinstance(value, str):
        value = shlex.split(value)
    return [word.replace('$$', '$') for word in value or []]


def docker():
    def published(entry):
        if isinstance(entry, str):
            return entry
        return '%s:%s' % (entry['published'], entry['target'])

    for name, has in yaml.safe_load(sys.stdin)['services'].items():
        service = parser().parse_args([])
        for key in ('image', 'cpus', 'pids_limit', 'read_only', 'init'):
            setattr(service, key, has.get(key))
        service.workdir, service.memory = has.get('working_dir'), has.get('mem_limit')
        service.env = ['%s=%s' % (key, str(value).replace('$$', '$'))
                       for key, value in has.get('environment', {}).items()]
        service.volume = has.get('volumes', [])
        service.publish = [published(entry) for entry in has.get('ports', [])]
        service.network = list(has.get('networks', ['Default']))
        service.cap_add, service.cap_drop = has.get('cap_add', []), has.get('cap_drop', [])
        service.words = words_of(has.get('entrypoint')) + words_of(has.get('command'))
        yield show(has.get('hostname', name), service)


print(*sorted({'ours': ours, 'docker': docker, 'podman': podman}[sys.argv[1]]()), sep='\n')
