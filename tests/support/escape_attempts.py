"""Ways out of a sandbox, as data: each is a piece of Python that knows what it is after (`goal`).

The same piece runs twice: as a plain process, where its sign must show, and confined, where none may.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Sign = Literal["read", "written", "reached", "disturbed", "left", "told"]
"""What the outside world sees of a success. `told`: nothing but the attempt itself can tell, and prints
ESCAPED."""

PRELUDE = """
import ctypes, fcntl, json, mmap, os, resource, select, signal, socket, struct, subprocess, sys, time
goal = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
print("STARTED", flush=True)
def escaped(condition=True):
    if condition:
        print("ESCAPED", flush=True)
def call(name, *arguments):
    words = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    done = libc.syscall(ctypes.c_long(goal["calls"][name]), *words)
    if done < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), name)
    return done
def show(path):
    with open(path, errors="replace") as file:
        print(file.read(100_000), flush=True)
def put(path, mode="w"):
    with open(path, mode) as file:
        file.write("evil")
"""
"""Stands before each attempt."""


@dataclass(frozen=True)
class Attempt:
    """One way out."""

    name: str
    sign: Sign
    code: str
    needs_root: bool = False
    """Works outside for root only."""
    timeout_s: float = 20
    settle_s: float = 0
    """How long after its end what it left behind is to be seen at the earliest."""


WRITING = (
    Attempt("write by an absolute path", "written", "put(goal['victim'])"),
    Attempt("write by a path that climbs up", "written", "put(os.path.relpath(goal['victim']))"),
    Attempt("write through a link of its own", "written", "os.symlink(goal['victim'], 'l'); put('l')"),
    Attempt("write through a link that the tree brought", "written", "put('planted-link')"),
    Attempt("write through a folder's link", "written", "os.symlink(goal['home'], 'd'); put('d/.bashrc', 'a')"),
    Attempt("write through a hard link", "written", "os.link(goal['victim'], 'h'); put('h', 'a')"),
    Attempt("move a file out", "written", "put('x'); os.rename('x', goal['outside'] + '/x')"),
    Attempt("move a file in", "written", "os.rename(goal['victim'], 'mine')"),
    Attempt("remove a file", "written", "os.unlink(goal['victim'])"),
    Attempt("empty a file without opening it", "written", "os.truncate(goal['victim'], 0)"),
    Attempt("change a file's mode", "written", "os.chmod(goal['victim'], 0o777)"),
    Attempt("change a file's times", "written", "os.utime(goal['victim'], (1, 1))"),
    Attempt("change a file's attributes", "written", "os.setxattr(goal['victim'], 'user.evil', b'1')"),
    Attempt("change the mode by a new call", "written", "call('fchmodat2', -100, goal['victim'].encode(), 0o777, 0)"),
    Attempt("start-up file of a shell", "written", "put(goal['home'] + '/.bashrc', 'a')"),
    Attempt("key for logging in", "written", "put(goal['home'] + '/.ssh/authorized_keys')"),
    Attempt("hook of git", "written", "put(goal['repository'] + '/.git/hooks/pre-commit')"),
    Attempt("git folder in other letters", "written", "os.makedirs(goal['repository'] + '/.GIT/hooks')"),
    Attempt("copy of another run", "written", "put(goal['neighbour'] + '/app.py')"),
    Attempt(
        "compiled module for the next run",
        "written",
        "os.makedirs(goal['neighbour'] + '/__pycache__'); put(goal['neighbour'] + '/__pycache__/app.pyc')",
    ),
    Attempt("file in a folder that is shown", "written", "put(goal['shown'] + '/sitecustomize.py')"),
    Attempt("mode of a folder that is shown", "written", "os.chmod(goal['shown'], 0o777)"),
    Attempt("root of another process", "written", "put(f'/proc/{goal[\"sentinel\"]}/root' + goal['victim'])"),
    Attempt("the machine's own folder for temporary files", "written", "put('/var/tmp/' + goal['nonce'])"),
    Attempt(
        "memory that is shared by name", "written", "put('/dev/shm/' + goal['nonce'])"
    ),
    Attempt(
        "shared memory of System V",
        "written",
        "call('shmget', goal['key'], 4096, 0o1600)",
    ),
    Attempt("a descriptor that was left open", "written", "os.unlink('victim', dir_fd=goal['descriptor'])"),
)  # fmt: skip

READING = (
    Attempt("private key", "read", "show(goal['home'] + '/.ssh/id_ed25519')"),
    Attempt("token in git's configuration", "read", "show(goal['repository'] + '/.git/config')"),
    Attempt("journal of another run", "read", "show(goal['repository'] + '/.git/agent-gate/runs/1/events.jsonl')"),
    Attempt("link to a secret that the tree brought", "read", "show('planted-secret')"),
    Attempt("environment of its own", "read", "print(dict(os.environ))"),
    Attempt("environment of another process", "read", "show(f'/proc/{goal[\"sentinel\"]}/environ')"),
    Attempt(
        "environment of any process",
        "read",
        """
for name in os.listdir('/proc'):
    try:
        show(f'/proc/{name}/environ')
    except OSError:
        pass
""",
    ),
    Attempt("arguments of another process", "read", "show(f'/proc/{goal[\"sentinel\"]}/cmdline')"),
    Attempt("folder of another process", "read", "show(f'/proc/{goal[\"sentinel\"]}/cwd/.ssh/id_ed25519')"),
    Attempt("open file of another process", "read", "show(f'/proc/{goal[\"sentinel\"]}/fd/0')"),
    Attempt(
        "memory of another process",
        "read",
        """
words = open(f'/proc/{goal["sentinel"]}/stat').read().rpartition(')')[2].split()
start, end = int(words[47]), int(words[48])
with open(f'/proc/{goal["sentinel"]}/mem', 'rb') as memory:
    memory.seek(start)
    print(memory.read(end - start))
""",
    ),
    Attempt(
        "memory of another process by its own call",
        "read",
        """
words = open(f'/proc/{goal["sentinel"]}/stat').read().rpartition(')')[2].split()
start, end = int(words[47]), int(words[48])
room = ctypes.create_string_buffer(end - start)
here = struct.pack('PN', ctypes.addressof(room), end - start)
there = struct.pack('PN', start, end - start)
call('process_vm_readv', goal['sentinel'], here, 1, there, 1, 0)
print(room.raw)
""",
    ),
    Attempt(
        "file by its handle",
        "read",
        """
class Handle(ctypes.Structure):
    _fields_ = [('size', ctypes.c_uint), ('kind', ctypes.c_int), ('data', ctypes.c_ubyte * 128)]
handle, mount = Handle(128), ctypes.c_int()
path = (goal['home'] + '/.ssh/id_ed25519').encode()
if libc.name_to_handle_at(-100, path, ctypes.byref(handle), ctypes.byref(mount), 0) == 0:
    place = os.open('.', os.O_RDONLY)
    print(os.read(call('open_by_handle_at', place, ctypes.byref(handle), os.O_RDONLY), 4096))
""",
        needs_root=True,
    ),
    Attempt(
        "key of the user's session",
        "read",
        """
search, read, session = 10, 11, -3
key = call('keyctl', search, session, b'user', goal['nonce'].encode(), 0)
room = ctypes.create_string_buffer(200)
call('keyctl', read, key, room, 200)
print(room.value)
""",
    ),
    Attempt(
        "a device of its own",
        "told",
        "os.mknod('device', 0o20666, os.makedev(1, 5)); escaped(open('device', 'rb').read(1) == bytes(1))",
        needs_root=True,
    ),
    Attempt("listing of a folder", "told", "escaped('.ssh' in os.listdir(goal['home']))"),
    Attempt(
        "names of files as they come and go",
        "told",
        """
watch = libc.inotify_init1(0)
escaped(libc.inotify_add_watch(watch, goal['home'].encode(), 0xFFF) > 0)
""",
    ),
)  # fmt: skip

REACHING = (
    Attempt("a port of the machine", "reached", "socket.create_connection(('127.0.0.1', goal['tcp']), 5)"),
    Attempt("a port of the machine by IPv6's loopback", "reached", "socket.create_connection(('::1', goal['tcp6']), 5)"),
    Attempt(
        "a name server",
        "reached",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'secret.example', ('127.0.0.1', goal['udp']))",
    ),
    Attempt("an agent's socket", "reached", "socket.socket(socket.AF_UNIX).connect(goal['stream'])"),
    Attempt(
        "the agent that the environment names",
        "reached",
        "socket.socket(socket.AF_UNIX).connect(os.environ['SSH_AUTH_SOCK'])",
    ),
    Attempt(
        "a logger's socket, from a pair",
        "reached",
        """
mine, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
mine.sendto(b'evil', goal['datagram'])
""",
    ),
    Attempt("a socket without a path", "reached", "socket.socket(socket.AF_UNIX).connect(chr(0) + goal['nonce'])"),
    Attempt(
        "a way to the cloud's metadata",
        "told",
        """
probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
probe.connect(('169.254.169.254', 80))  # finds a route, sends nothing
escaped()
""",
    ),
    Attempt("the machine's network cards", "told", "escaped([i for i in socket.if_nameindex() if i[1] != 'lo'])"),
    Attempt("the host of a virtual machine", "told", "socket.socket(40, socket.SOCK_STREAM); escaped()"),
    Attempt("packets as they are on the wire", "told", "socket.socket(17, socket.SOCK_RAW); escaped()", needs_root=True),
)  # fmt: skip

_DAEMON = """
if os.fork():
    time.sleep(0.2)
    os._exit(0)
"""

DISTURBING = (
    Attempt("end a process", "disturbed", "os.kill(goal['sentinel'], 9)"),
    Attempt("end all processes", "disturbed", "os.kill(-1, 9)"),
    Attempt("stop a process", "disturbed", "os.kill(goal['sentinel'], signal.SIGSTOP)"),
    Attempt(
        "signal by a descriptor",
        "disturbed",
        "signal.pidfd_send_signal(os.pidfd_open(goal['sentinel']), signal.SIGKILL)",
    ),
    Attempt(
        "lower the limits of a process",
        "disturbed",
        "resource.prlimit(goal['sentinel'], resource.RLIMIT_NOFILE, (3, 3))",
    ),
    Attempt("slow a process down", "disturbed", "os.setpriority(os.PRIO_PROCESS, goal['sentinel'], 15)"),
    Attempt("slow all processes of the user down", "disturbed", "os.setpriority(os.PRIO_USER, 0, 15)"),
    Attempt(
        "take hold of a process as a debugger",
        "told",
        "call('ptrace', 16, goal['sentinel'], 0, 0); escaped()",
    ),
    Attempt("a daemon in a session of its own", "left", _DAEMON + "os.setsid(); time.sleep(60)"),
    Attempt(
        "a daemon that forks twice",
        "left",
        _DAEMON + "os.setsid()\nif os.fork(): os._exit(0)\nos.closerange(0, 9); time.sleep(60)",
    ),
    Attempt("a daemon in a group of its own", "left", _DAEMON + "os.setpgid(0, 0); time.sleep(60)"),
    Attempt("a process in the background", "left", _DAEMON + "time.sleep(60)"),
    Attempt(
        "a daemon of a shell",
        "left",
        "subprocess.Popen(['/bin/sh', '-c', 'nohup sleep 60 >/dev/null 2>&1 & disown; true', goal['nonce']])\n"
        "time.sleep(0.2)",
    ),
    Attempt(
        "a daemon with nothing of its own",
        "left",
        _DAEMON + "os.setsid(); os.execve('/bin/sleep', ['sleep', '60.' + goal['number']], {})",
    ),
    Attempt(
        "a daemon that ignores signals",
        "left",
        _DAEMON + "[signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)]; time.sleep(60)",
    ),
    Attempt(
        "a family that forks on",
        "left",
        """
end = time.time() + 0.6
if os.fork():
    time.sleep(0.2)
    os._exit(0)
while time.time() < end:
    if os.fork():
        os._exit(0)
time.sleep(60)
""",
        settle_s=0.8,
    ),
    Attempt(
        "outlast the time limit",
        "left",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)",
        timeout_s=0.5,
    ),
)

RISING = (
    Attempt("a user namespace of its own", "told", "call('unshare', 0x10000000); escaped()"),
    Attempt(
        "a user namespace by clone",
        "told",
        "child = call('clone', 0x10000011, 0, 0, 0, 0)\nif not child: os._exit(0)\nescaped()",
    ),
    Attempt(
        "a user namespace by clone3",
        "told",
        """
arguments = struct.pack('11Q', 0x10000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0)
child = call('clone3', arguments, len(arguments))
if not child:
    os._exit(0)
escaped()
""",
    ),
    Attempt("mount", "told", "call('mount', b'x', b'/mnt', b'tmpfs', 0, 0); call('umount2', b'/mnt', 2); escaped()", needs_root=True),
    Attempt("mount by the new calls", "told", "call('fsopen', b'tmpfs', 0); escaped()", needs_root=True),
    Attempt("leave the root", "told", "os.chroot('.'); escaped()", needs_root=True),
    Attempt("another user", "told", "os.setresuid(0, 0, 0); escaped()", needs_root=True),
    Attempt(
        "programs that rise",
        "told",
        "escaped('NoNewPrivs:\\t0' in open('/proc/self/status').read())",
    ),
    Attempt(
        "capabilities", "told", "escaped(int(open('/proc/self/status').read().split('CapEff:')[1].split()[0], 16) & ~4)", needs_root=True
    ),
    Attempt("calls past the filter", "told", "call('io_uring_setup', 8, ctypes.create_string_buffer(120)); escaped()"),
    Attempt("a program in the kernel", "told", "call('bpf', 0, struct.pack('IIII104x', 2, 4, 8, 1), 120); escaped()", needs_root=True),
    Attempt("faults of memory in its own hands", "told", "call('userfaultfd', 0); escaped()", needs_root=True),
    Attempt("counters of the processor", "told", "call('perf_event_open', struct.pack('II112x', 1, 120), 0, -1, -1, 0); escaped()", needs_root=True),
    Attempt("the kernel's log", "told", "call('syslog', 3, ctypes.create_string_buffer(100), 100); escaped()", needs_root=True),
    Attempt(
        "type into a terminal",
        "told",
        """
outer, inner = os.openpty()
os.setsid()
fcntl.ioctl(inner, 0x540E, 0)
fcntl.ioctl(inner, 0x5412, b'x')
escaped()
""",
        needs_root=True,
    ),
)  # fmt: skip

_MANY = """
def fill(folder, count, size):
    for number in range(count):
        with open(f'{folder}/{number}', 'wb') as file:
            file.write(bytes(size))
"""

OVERUSING = (
    Attempt(
        "processes without end",
        "told",
        """
children = []
try:
    for _ in range(100):
        child = os.fork()
        if not child:
            time.sleep(20)
            os._exit(0)
        children.append(child)
    escaped()
finally:
    for child in children:
        os.kill(child, 9)
""",
    ),
    Attempt("memory of one process", "told", "held = bytearray(300_000_000); escaped()"),
    Attempt(
        "memory of many processes",
        "told",
        """
ready, tell = os.pipe()
for _ in range(6):
    if not os.fork():
        held = bytearray(b'x' * 60_000_000)
        os.write(tell, b'.')
        time.sleep(20)
        os._exit(0)
for _ in range(6):
    os.read(ready, 1)
time.sleep(1.2)
escaped()
""",
    ),
    Attempt(
        "memory that is shared",
        "told",
        """
held = mmap.mmap(-1, 250_000_000)
for start in range(0, 250_000_000, 4096):
    held[start] = 1
time.sleep(1.2)
escaped()
""",
    ),
    Attempt(
        "a file in memory alone",
        "told",
        "held = os.memfd_create('x')\nfor _ in range(40): os.write(held, bytes(10_000_000))\nescaped()",
    ),
    Attempt("one large file", "told", "open('large', 'wb').write(bytes(30_000_000)); escaped()"),
    Attempt("one file of a terabyte", "told", "put('sparse'); os.truncate('sparse', 1 << 40); escaped()"),
    Attempt("many files", "told", _MANY + "fill('.', 16, 15_000_000)\ntime.sleep(1.2)\nescaped()"),
    Attempt(
        "many files for a while", "told", _MANY + "fill(os.environ.get('TMPDIR', '/tmp'), 16, 15_000_000)\ntime.sleep(1.2)\nescaped()"
    ),
    Attempt(
        "files that have no name any more",
        "told",
        """
held = []
for number in range(16):
    held.append(open('gone', 'wb'))
    os.unlink('gone')
    held[-1].write(bytes(15_000_000))
    held[-1].flush()
time.sleep(1.2)
escaped()
""",
    ),
    Attempt("names without end", "told", _MANY + "fill('.', 2500, 0)\ntime.sleep(1.2)\nescaped()"),
    Attempt("descriptors without end", "told", "held = [open('/dev/null') for _ in range(300)]; escaped()"),
    Attempt(
        "the processor without end",
        "told",
        "while time.process_time() < 1.6: pass\nescaped()",
    ),
    Attempt("dump of memory", "told", "escaped(resource.getrlimit(resource.RLIMIT_CORE)[1])"),
)  # fmt: skip

ATTEMPTS = (*WRITING, *READING, *REACHING, *DISTURBING, *RISING, *OVERUSING)
PROBING = tuple(
    next(attempt for attempt in ATTEMPTS if attempt.name == name)
    for name in (
        "write by an absolute path", "change a file's mode", "file in a folder that is shown", "private key",
        "environment of another process", "key of the user's session", "an agent's socket", "a port of the machine",
        "end a process", "a daemon that forks twice", "outlast the time limit", "a user namespace of its own",
        "processes without end", "memory of one process", "many files",
    )
)  # fmt: skip
"""One or two of each kind: for the same sandbox started by another user."""
