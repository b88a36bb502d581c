"""ports.py -- servers and callers for 22-ports.bats; each is one side of a call, or many.

    ports.py free N             N ports of this machine at which nobody listens
    ports.py serve HOW PORT [ADDRESS [MB]]
                                says "serving", and serves until somebody ends it. HOW:
        echo    what comes goes back, and then the end
        count   after the caller's end: how many bytes came, and their sum
        hello   says hello, and ends its own direction; then prints how many bytes came
        both    sends MB while it receives; prints the sums of what it sent and of what came
        early   an answer at once, and hangs up: nothing of what comes is read
        never   listens, and takes no call
    ports.py ask PORT TEXT      says TEXT, ends its direction; prints what comes
    ports.py listen PORT N      says nothing, and prints what comes; then sends N bytes
    ports.py both PORT MB       sends MB while it receives; prints both sums
    ports.py push PORT MB       sends MB, whatever comes of it, and prints what has come
    ports.py hold PORT N        N calls at once; a line for each: answered, hung up. They are
                                held until our input ends
    ports.py idle PORT          calls, and asks for more than can be on the way: never reads
    ports.py steal              in a container: takes what it can get of the porter
"""
import asyncio
import ctypes
import errno
import hashlib
import os
import random
import resource
import socket
import sys
import threading

MB = 1 << 20
HOST = "127.0.0.1"


def more_files():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def said(*words):
    print(*words, flush=True)


def chunks(megabytes, seed):
    """Never the same twice, and fast."""
    block = random.Random(seed).randbytes(2 * MB)
    for i in range(megabytes):
        yield block[i * 997:i * 997 + MB]


# A server -----------------------------------------------------------------------------------


class Server:
    def __init__(self, megabytes):
        self.megabytes = megabytes

    async def echo(self, r, w):
        while data := await r.read(65536):
            w.write(data)
            await w.drain()

    async def count(self, r, w):
        data = await r.read()
        w.write(f"{len(data)} {hashlib.sha256(data).hexdigest()}\n".encode())

    async def hello(self, r, w):
        w.write(b"hello\n")
        w.write_eof()
        said("came", len(await r.read()))

    async def early(self, r, w):
        r._transport.pause_reading()
        w.write(b"early\n")
        await w.drain()

    async def both(self, r, w):
        sent, came = hashlib.sha256(), hashlib.sha256()

        async def send():
            for data in chunks(self.megabytes, 1):
                sent.update(data)
                w.write(data)
                await w.drain()
            w.write_eof()

        async def receive():
            while data := await r.read(MB):
                came.update(data)

        await asyncio.gather(send(), receive())
        said("server sent", sent.hexdigest())
        said("server got", came.hexdigest())

    async def serve(self, how, port, address):
        async def call(r, w):
            try:
                await getattr(self, how)(r, w)
                w.close()
            except OSError:
                w.close()

        server = await asyncio.start_server(call, address, port, backlog=4096)
        said("serving")
        async with server:
            await server.serve_forever()


def serve(how, port, address="0.0.0.0", megabytes="1"):
    more_files()
    if how == "never":
        server = socket.create_server((address, int(port)), backlog=100)
        server.listen()
        said("serving")
        threading.Event().wait()
    asyncio.run(Server(int(megabytes)).serve(how, int(port), address))


# Callers ------------------------------------------------------------------------------------


def call(port):
    return socket.create_connection((HOST, int(port)))


def rest(s):
    data = b""
    while more := s.recv(MB):
        data += more
    return data


def ask(port, text):
    s = call(port)
    s.sendall(text.encode())
    s.shutdown(socket.SHUT_WR)
    print(rest(s).decode(), end="")


def listen(port, n):
    s = call(port)
    print(rest(s).decode(), end="", flush=True)  # its end has come: ours has not
    s.sendall(b"x" * int(n))
    s.close()


def both(port, megabytes):
    s, sent, came = call(port), hashlib.sha256(), hashlib.sha256()

    def receive():
        while data := s.recv(MB):
            came.update(data)

    t = threading.Thread(target=receive)
    t.start()
    for data in chunks(int(megabytes), 2):
        sent.update(data)
        s.sendall(data)
    s.shutdown(socket.SHUT_WR)
    t.join()
    said("caller sent", sent.hexdigest())
    said("caller got", came.hexdigest())


def push(port, megabytes):
    s = call(port)
    try:
        for data in chunks(int(megabytes), 3):
            s.sendall(data)
    except OSError as e:
        said(os.strerror(e.errno))
    print(rest(s).decode(), end="")


def idle(port):
    s = call(port)
    s.settimeout(5)
    try:
        while True:
            s.send(b"x" * MB)
    except TimeoutError:
        said("full")
    sys.stdin.read()


def hold(port, n):
    more_files()

    async def one(i):
        word = b"%d\n" % i
        try:
            r, w = await asyncio.open_connection(HOST, int(port))
            w.write(word)
            said("answered" if await r.readline() == word else "hung up")
            return w
        except OSError:
            said("hung up")

    async def every():
        calls = [asyncio.ensure_future(one(i)) for i in range(int(n))]
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        for c in calls:
            c.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    asyncio.run(every())


def free(n):
    found = []
    while len(found) < int(n):
        s = socket.socket()
        try:
            s.bind(("0.0.0.0", random.randrange(10000, 32000)))
            found.append(s)
        except OSError:
            s.close()
    print(*[s.getsockname()[1] for s in found])


# A thief ------------------------------------------------------------------------------------


def status(pid, word):
    with open(f"/proc/{pid}/status") as f:
        return next(line.split()[1] for line in f if line.startswith(word + ":"))


def porter():
    """The child of one of our forefathers."""
    fathers, pid = set(), os.getpid()
    while pid > 1:
        pid = int(status(pid, "PPid"))
        fathers.add(pid)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if status(pid, "Name") == "porter" and int(status(pid, "PPid")) in fathers:
                return int(pid)
        except OSError:
            pass
    sys.exit("no porter in sight")


def steal():
    libc = ctypes.CDLL(None, use_errno=True)
    pid = porter()
    pidfd = os.pidfd_open(pid)

    def checked(n):
        if n < 0:
            raise OSError(ctypes.get_errno(), "")
        return n

    def getfd():
        for fd in range(3, 64):
            try:
                s = socket.socket(fileno=checked(libc.syscall(438, pidfd, fd, 0)))
                if s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    return said("pidfd_getfd: a door")
            except OSError as e:
                if e.errno in (errno.EPERM, errno.EACCES):
                    raise

    def trace():
        checked(libc.ptrace(0x4206, pid, 0, 0))  # PTRACE_SEIZE
        said("ptrace: seized")

    def files():
        said("/proc/PID/fd:", "a door" if any(
            os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:")
            for fd in os.listdir(f"/proc/{pid}/fd")) else "none")

    def memory():
        open(f"/proc/{pid}/mem", "r+b").close()
        said("/proc/PID/mem: open")

    def root():
        os.listdir(f"/proc/{pid}/root/")
        said("/proc/PID/root: read")

    for how in getfd, files, memory, root, trace:
        try:
            how()
        except OSError as e:
            said(f"{how.__name__}: {os.strerror(e.errno)}")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
