# What tests/89-store.bats makes its images of, by hand: good ones and hostile ones.
#   image("web", [tar(("f", "f", "words"))], {"Cmd": ["/bin/sh"]})
import gzip, hashlib, io, json, os, tarfile

top = os.environ["XDG_DATA_HOME"] + "/minicontainer"
for part in "blobs/sha256", "layers", "containers", "cache", "volumes":
    os.makedirs(top + "/" + part, exist_ok=True)
REF = "org.opencontainers.image.ref.name"


def index(text):
    with open(top + "/index.json", "w") as f:
        f.write(text)


if not os.path.exists(top + "/index.json"):
    index('{"schemaVersion":2,"manifests":[]}')


def sha(data):
    return hashlib.sha256(data).hexdigest()


def blob(data):
    with open(top + "/blobs/sha256/" + sha(data), "wb") as f:
        f.write(data)
    return "sha256:" + sha(data)


def name(ref, digest):
    with open(top + "/index.json") as f:
        old = json.load(f)
    old["manifests"].append({"digest": digest, "size": 1, "annotations": {REF: ref}})
    index(json.dumps(old))


# LAYERS: archives, or pairs of what is stored and what it is without compression. RAW: the
# configuration as bytes, @ in it is the list of the layers.
def image(ref, layers=(), config=None, raw=None):
    pairs = [one if isinstance(one, tuple) else (one, one) for one in layers]
    diffs = json.dumps(["sha256:" + sha(plain) for _, plain in pairs])
    if raw is None:
        raw = '{"architecture":"amd64","os":"linux","config":%s,"rootfs":{"type":"layers",' \
              '"diff_ids":@}}' % json.dumps(config or {})
    config_digest = blob(raw.replace("@", diffs).encode("latin1"))
    digest = blob(json.dumps({"schemaVersion": 2, "config": {"digest": config_digest}, "layers": [
        {"digest": blob(stored), "size": len(stored)} for stored, _ in pairs]}).encode())
    name(ref + ":latest", digest)
    return digest


# Entries: (NAME, KIND, CONTENTS or target or (major, minor), MODE); the kinds are those of find(1).
def tar(*entries):
    out = io.BytesIO()
    archive = tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT)
    for path, kind, *rest in entries:
        what = rest[0] if rest else ""
        entry = tarfile.TarInfo(path)
        entry.mode = rest[1] if len(rest) > 1 else 0o755
        entry.type = {"f": tarfile.REGTYPE, "d": tarfile.DIRTYPE, "l": tarfile.SYMTYPE,
                      "h": tarfile.LNKTYPE, "p": tarfile.FIFOTYPE, "c": tarfile.CHRTYPE,
                      "b": tarfile.BLKTYPE}[kind]
        data = None
        if kind in "lh":
            entry.linkname = what
        elif kind in "cb":
            entry.devmajor, entry.devminor = what
        elif kind == "f":
            data = what if isinstance(what, bytes) else what.encode()
            entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data) if data is not None else None)
    archive.close()
    return out.getvalue()


# A directory with extended attributes, as GNU tar and others write them.
def marked(path, marks):
    out = io.BytesIO()
    archive = tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT)
    entry = tarfile.TarInfo(path)
    entry.type, entry.mode = tarfile.DIRTYPE, 0o755
    entry.pax_headers = {"SCHILY.xattr." + key: value for key, value in marks.items()}
    archive.addfile(entry)
    archive.close()
    return out.getvalue()


# The size field of the first entry, and its sum, as they should not be.
def sized(archive, field):
    head = bytearray(archive)
    head[124:136] = field
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head[:512])
    return bytes(head)


def base():
    with open(os.popen("command -v busybox").read().strip(), "rb") as f:
        entries = [("bin", "d"), ("bin/busybox", "f", f.read())]
    for applet in "sh ls cat rm mkdir touch sleep echo true wc chmod stat ln seq env".split():
        entries.append(("bin/" + applet, "l", "busybox"))
    return tar(*entries, *[(d, "d") for d in ("tmp", "etc", "proc", "dev", "sys", "root")])
