/* attack.c -- tries the ways out of a container that others were left by.
 *
 *   attack all                  every attack below, a line each
 *   attack NAME...              just these
 *   attack list                 their names, with what each of them tries
 *   attack dirty COMMAND...     become COMMAND with a bad inheritance: an open directory, a secret
 *                               in the environment, signals blocked and ignored, a key
 *   attack outside DIR COMMAND...
 *                               make DIR the root, but stay outside of it
 *   attack swap A B             exchange these two, again and again, until the input ends
 *   attack scribble PATH...     write a word to each, and make a file in each
 *   attack ambush               for each line of input, look at all processes of the container that
 *                               were not born in it, and say which of what they hold is in reach
 *   attack victim NAME          what an attack wants to reach: a process with an abstract socket
 *                               @NAME; prints its PID, and ends when its input ends
 *
 * A line is "NAME closed WHY", "NAME OPEN WHAT", or "NAME untried WHY" where this machine has not
 * what the attack needs. Status: 0 all closed, 1 something is open, 2 something was not tried.
 *
 * Each attack goes as far as the door and looks whether it opens; none of them goes through. Files
 * of the kernel are opened for writing, and nothing is written. A call that would do harm gets an
 * argument that the kernel refuses, but only after it has looked at our rights: then EPERM means
 * closed, and EINVAL or ENOENT means open. What changes mounts works only where ATTACK_MNT (the
 * inode of the machine's own mount namespace) is given, and is another one.
 *
 * What the attacks need to know of the world outside, from the environment:
 *   ATTACK_PID     a process out there                ATTACK_SOCKET  an abstract socket
 *   ATTACK_DIR     a directory to make files in (else /tmp and others)
 *   ATTACK_VOLUME  a directory of the machine's       ATTACK_RO      one that is shown read-only
 *
 * Libc only, and static: it must run in every root. Musl without the kernel's headers will do.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Numbers that are the same on all processors, and what older headers lack. */
enum {
    OPEN_TREE = 428, FSOPEN = 430, CLONE3 = 435, PIDFD_OPEN = 434, MOUNT_SETATTR = 442,
    IO_URING_SETUP = 425,
};
enum { SEIZE = 0x4206 };                                        /* PTRACE_SEIZE */
enum { JOIN_SESSION = 1, KEY_READ = 11, KEY_SEARCH = 10 };      /* keyctl(2) */
enum { SESSION_KEYRING = -3, USER_KEYRING = -4, USER_SESSION_KEYRING = -5 };

/* ------------------------------------------------------------------ verdicts */

static const char *name;    /* of the attack that runs */
static char tries[600];     /* what was tried, and what the kernel said */

/* Each attack runs in a child of its own, and ends it by its verdict. */
__attribute__((noreturn, format(printf, 3, 4)))
static void verdict(const char *word, int status, const char *fmt, ...)
{
    char why[1000];
    va_list args;

    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    printf("%s %s %s\n", name, word, why);
    fflush(stdout);
    _exit(status);
}
#define open_because(...) verdict("OPEN", 1, __VA_ARGS__)
#define untried(...) verdict("untried", 2, __VA_ARGS__)

__attribute__((noreturn))
static void closed(void)
{
    verdict("closed", 0, "%s", *tries ? tries : "nothing of it is in sight");
}

static const char *error_name(int err)
{
    static const struct { int number; const char *name; } known[] = {
        { EPERM, "EPERM" },     { EACCES, "EACCES" },  { ENOENT, "ENOENT" },
        { EINVAL, "EINVAL" },   { ENOSYS, "ENOSYS" },  { EROFS, "EROFS" },
        { ESRCH, "ESRCH" },     { ENOTTY, "ENOTTY" },  { EIO, "EIO" },
        { ENXIO, "ENXIO" },     { ENODEV, "ENODEV" },  { ENOTDIR, "ENOTDIR" },
        { ENOKEY, "ENOKEY" },   { ESTALE, "ESTALE" },  { ECONNREFUSED, "ECONNREFUSED" },
        { EBUSY, "EBUSY" },     { ENOSPC, "ENOSPC" },  { EOPNOTSUPP, "EOPNOTSUPP" },
        { EAFNOSUPPORT, "EAFNOSUPPORT" },
    };
    static char number[20];

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].number == err)
            return known[i].name;
    snprintf(number, sizeof number, "errno %d", err);
    return number;
}

/* One try that did not open: remembered, with errno. */
static void said(const char *what)
{
    size_t n = strlen(tries);

    snprintf(tries + n, sizeof tries - n, "%s%s: %s", n ? ", " : "", what, error_name(errno));
}

/* WHAT was a try, and RESULT what the kernel answered: anything but -1 is a door. */
static void must_fail(const char *what, long result)
{
    if (result != -1)
        open_because("%s works", what);
    said(what);
}

/* A call with an argument that cannot be: only who has the right is told so. */
static void must_be_forbidden(const char *what, long result)
{
    if (result != -1 || (errno != EPERM && errno != EACCES && errno != ENOSYS))
        open_because("%s was not forbidden: %s", what, result != -1 ? "it works"
                                                                    : error_name(errno));
    said(what);
}

/* PATH, for writing. ETXTBSY counts as open: it is busy now, and will not be for ever. */
static void must_not_write(const char *path)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd >= 0 || errno == ETXTBSY)
        open_because("%s can be written%s", path, fd < 0 ? ", as soon as it is not busy" : "");
    if (errno != ENOENT)
        said(path);
}

static const char *from_outside(const char *variable)
{
    const char *value = getenv(variable);

    if (!value || !*value)
        untried("%s is not set", variable);
    return value;
}

static ino_t inode(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? st.st_ino : 0;
}

static bool same_place(const char *a, const char *b)
{
    struct stat x, y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

/* What would change mounts must not do it to the machine's. */
static void only_in_own_mounts(void)
{
    if (inode("/proc/self/ns/mnt") == strtoul(from_outside("ATTACK_MNT"), NULL, 10))
        untried("this is the machine's own mount namespace");
}

/* A directory that we may write, or NULL. */
static const char *writable(void)
{
    static const char *const places[] = { "/tmp", "/", "/dev/shm", "." };

    if (getenv("ATTACK_DIR"))
        return getenv("ATTACK_DIR");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (access(places[i], W_OK) == 0)
            return places[i];
    return NULL;
}

/* The numbers in /proc, those of ourselves too. */
static size_t processes(int *list, size_t room)
{
    DIR *proc = opendir("/proc");
    size_t n = 0;

    for (struct dirent *e; proc && n < room && (e = readdir(proc));)
        if (atoi(e->d_name) > 0)
            list[n++] = atoi(e->d_name);
    if (proc)
        closedir(proc);
    return n;
}

/* ------------------------------------------------------------------ what was handed down */

/* CVE-2019-5736: the program that starts the container, reached from inside and overwritten. */
static void attack_exe(void)
{
    int list[4096];
    size_t n = processes(list, 4096);

    for (size_t i = 0; i < n; i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/exe", list[i]);
        if (same_place(path, "/proc/self/exe"))
            continue;
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        int seals = fd >= 0 ? fcntl(fd, F_GET_SEALS) : -1;
        close(fd);
        if (seals > 0 && seals & F_SEAL_WRITE)
            snprintf(tries, sizeof tries, "%s is a sealed copy in memory", path);
        else
            must_not_write(path);
    }
    closed();
}

/* CVE-2024-21626: a descriptor that was left open leads to a directory outside. */
static void attack_fds(void)
{
    char path[4096], target[4096] = "";

    for (int fd = 0; fd < 4096; fd++) {
        struct stat st;
        if (fstat(fd, &st) < 0 || (fd < 3 && !S_ISDIR(st.st_mode)))
            continue;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (readlink(path, target, sizeof target - 1) < 0)
            strcpy(target, "?");
        open_because("descriptor %d was handed down, and leads to %.200s", fd, target);
    }
    closed();
}

/* The same by the directory in which we begin: is it below our root? */
static void attack_cwd(void)
{
    char here[4096] = "";

    if (!getcwd(here, sizeof here) || *here != '/')
        open_because("we begin outside of our root: %.200s", *here ? here : "no name");
    for (int i = 0; i < 64; i++)
        if (chdir("..") < 0)
            break;
    if (!same_place(".", "/"))
        open_because("from %.200s, .. leads past the root", here);
    closed();
}

static void attack_environ(void)
{
    static const char secret[] = "hunter2";
    static const char *const files[] = { "environ", "cmdline" };
    int list[4096];
    size_t n = processes(list, 4096);

    for (size_t i = 0; i < 2 * n; i++) {
        char path[64], text[65536];
        snprintf(path, sizeof path, "/proc/%d/%s", list[i / 2], files[i % 2]);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t got = fd >= 0 ? read(fd, text, sizeof text) : 0;
        if (got > 0 && memmem(text, (size_t)got, secret, strlen(secret)))
            open_because("%s holds the secret of whoever started us", path);
        close(fd);
    }
    closed();
}

static void attack_signals(void)
{
    /* The bare call: libc would hide signals 32 and 33. */
    struct { uintptr_t handler, flags, restorer; uint64_t mask; } action;
    uint64_t mask = 0;

    syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, sizeof mask);
    if (mask)
        open_because("signals are blocked: %llx", (unsigned long long)mask);
    for (int sig = 1; sig <= 64; sig++)
        if (syscall(SYS_rt_sigaction, sig, NULL, &action, sizeof mask) == 0 &&
            action.handler == (uintptr_t)SIG_IGN)
            open_because("signal %d is ignored", sig);
    closed();
}

/* A key of the caller's session, as Kerberos or ecryptfs keep them. */
static void attack_keyring(void)
{
    static const int rings[] = { SESSION_KEYRING, USER_SESSION_KEYRING, USER_KEYRING };
    static const char *const names[] = { "session keyring", "user session", "user keyring" };

    for (size_t i = 0; i < 3; i++) {
        char text[100] = "";
        long key = syscall(SYS_keyctl, KEY_SEARCH, rings[i], "user", "attack", 0);
        long got = key < 0 ? -1 : syscall(SYS_keyctl, KEY_READ, key, text, sizeof text - 1);
        must_fail(names[i], got);
    }
    closed();
}

/* Groups of the caller's that were not dropped: what group docker may open, we may. */
static void attack_groups(void)
{
    gid_t list[256];
    int n = getgroups(256, list);

    for (int i = 0; i < n; i++)
        if (list[i] != getegid())
            open_because("we are still in a group of the caller's, shown as %u", list[i]);
    closed();
}

/* A number is 0 where it has none in our PID namespace. */
static void attack_group(void)
{
    if (getpgid(0) == 0)
        open_because("our process group is a job outside: kill(0, SIGKILL) ends it");
    closed();
}

/* ------------------------------------------------------------------ files */

/* Take a root below where we stand, and the way up is free. */
static void attack_chroot(void)
{
    static const char *const below[] = { "proc", "dev", "tmp", "mnt", "usr", "d" };
    struct stat before, after, up;
    int top = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = -1;

    if (stat("/", &before) < 0 || stat("/..", &up) < 0 || chdir("/") < 0)
        untried("there is no /");
    if (before.st_ino != up.st_ino || before.st_dev != up.st_dev)
        open_because("/.. is not /: another root lies above it");
    mkdir("/d", 0755); /* for a root that holds nothing else */
    for (size_t i = 0; i < 6 && rc < 0; i++)
        rc = chroot(below[i]);
    if (rc < 0) {
        said("chroot");
        rmdir("/d");
        closed();
    }
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 64; i++)
            if (chdir("..") < 0)
                break;
        if (stat(".", &after) == 0 &&
            (after.st_ino != before.st_ino || after.st_dev != before.st_dev))
            open_because("64 times .. leads past the root");
        if (fchdir(top) < 0)
            break;
    }
    rmdir("d");
    strcpy(tries, "chroot: allowed, but .. ends at the same root");
    closed();
}

/* The root, or the directory, of another process: by its magic link. */
static void attack_procroot(void)
{
    int list[4096];
    size_t n = processes(list, 4096);

    for (size_t i = 0; i < n; i++) {
        char path[64];
        struct stat st;
        snprintf(path, sizeof path, "/proc/%d/root/.", list[i]);
        if (stat(path, &st) == 0 && !same_place(path, "/"))
            open_because("%s is another root", path);
    }
    if (getenv("ATTACK_PID")) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%.20s/root/.", getenv("ATTACK_PID"));
        must_fail(path, access(path, F_OK));
    }
    closed();
}

struct handle { unsigned size; int type; unsigned char bytes[128]; };

/* "Shocker": an inode by its number, past every directory and every mount. Number 2 is the root of
 * an ext4 file system, of which perhaps only one directory was shown to us. */
static void attack_handle(void)
{
    static const char *const places[] = { NULL, "/usr", "/etc", "/dev/shm", "/tmp", "/" };

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *place = places[i] ? places[i] : getenv("ATTACK_VOLUME");
        struct handle own = { .size = sizeof own.bytes };
        struct handle root = { 8, 1, { 2 } };
        int mount_id, at = place ? open(place, O_RDONLY | O_CLOEXEC) : -1;
        if (at < 0)
            continue;
        if (syscall(SYS_open_by_handle_at, at, &root, O_RDONLY) >= 0)
            open_because("the root of the file system behind %s was opened by its number", place);
        said("root");
        if (syscall(SYS_name_to_handle_at, at, "", &own, &mount_id, AT_EMPTY_PATH) < 0)
            continue;
        must_fail(place, syscall(SYS_open_by_handle_at, at, &own, O_RDONLY));
    }
    closed();
}

/* A node of the machine's disk, or of its memory: made, and opened for reading. */
static void attack_mknod(void)
{
    const char *dir = writable();
    dev_t nodes[16] = { makedev(8, 0), makedev(254, 0), makedev(259, 0) };
    size_t n = 3;
    glob_t found = { 0 };

    if (!dir)
        untried("nothing here can be written");
    if (glob("/sys/dev/block/*", GLOB_NOSORT, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc && n < 16; i++) {
            unsigned major, minor;
            if (sscanf(strrchr(found.gl_pathv[i], '/'), "/%u:%u", &major, &minor) == 2)
                nodes[n++] = makedev(major, minor);
        }
    for (size_t i = 0; i <= n; i++) {
        char path[64];
        bool memory = i == n; /* last: /dev/mem */
        snprintf(path, sizeof path, "%s/attack-node", dir);
        if (mknod(path, (memory ? S_IFCHR : S_IFBLK) | 0600, memory ? makedev(1, 1) : nodes[i])) {
            if (i == 0)
                said("mknod");
            continue;
        }
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        int err = errno;
        unlink(path);
        if (fd >= 0)
            open_because("device %u:%u can be made and opened", major(nodes[i % n]),
                         minor(nodes[i % n]));
        errno = err;
        if (i == 0)
            said("open");
    }
    closed();
}

/* Disks and memory that are there already. */
static void attack_devices(void)
{
    DIR *dev = opendir("/dev");
    static const char *const memory[] = { "mem", "kmem", "port", "kmsg", "vhost-net", "kvm" };

    for (struct dirent *e; dev && (e = readdir(dev));) {
        char path[300];
        struct stat st;
        snprintf(path, sizeof path, "/dev/%s", e->d_name);
        bool is_memory = false;
        for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
            is_memory |= strcmp(e->d_name, memory[i]) == 0;
        if (lstat(path, &st) < 0 || (!S_ISBLK(st.st_mode) && !is_memory))
            continue;
        must_fail(path, open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    }
    closed();
}

/* A setuid file that we make in a directory of the machine's. Started by another user, it must not
 * make him its owner. (This program, started as "attack-suid", tells who it is.) */
static void attack_suid(void)
{
    const char *dir = getenv("ATTACK_VOLUME") ? getenv("ATTACK_VOLUME") : writable();
    char path[300], block[65536];
    int status = 0, in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    snprintf(path, sizeof path, "%s/attack-suid", dir ? dir : "");
    int out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    if (in < 0 || out < 0)
        untried("no file can be made in %s", dir);
    for (ssize_t got; (got = read(in, block, sizeof block)) > 0;)
        if (write(out, block, (size_t)got) != got)
            untried("%s cannot be written", path);
    fchmod(out, 04755);
    close(out);
    pid_t child = fork();
    if (child == 0) {
        if (setresgid(1, 1, 1) < 0 || setresuid(1, 1, 1) < 0)
            _exit(50);
        execl(path, "attack-suid", (char *)NULL);
        _exit(51);
    }
    waitpid(child, &status, 0);
    unlink(path);
    if (!WIFEXITED(status) || WEXITSTATUS(status) >= 50)
        untried("%s", WEXITSTATUS(status) == 50 ? "there is no second user in this container"
                                                : "it cannot be executed");
    if (WEXITSTATUS(status) != 1)
        open_because("user 1 became user %d by a setuid file", WEXITSTATUS(status));
    strcpy(tries, "user 1 stayed user 1");
    closed();
}

/* ------------------------------------------------------------------ mounts */

/* Can a file be made in DIR, or in any mount below it? It is removed at once. */
static void must_not_create(const char *dir)
{
    FILE *mounts = fopen("/proc/self/mounts", "re");
    char what[200], where[1000], path[1100];

    snprintf(where, sizeof where, "%s", dir);
    do {
        if (strncmp(where, dir, strlen(dir)) != 0)
            continue;
        snprintf(path, sizeof path, "%s/attack-file", where);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0) {
            unlink(path);
            open_because("a file could be made in %.200s", where);
        }
        said(where);
    } while (mounts && fscanf(mounts, "%199s %999s %*[^\n]", what, where) == 2);
}

/* A volume that is read-only, and what is mounted below it. */
static void attack_ro_volume(void)
{
    must_not_create(from_outside("ATTACK_RO"));
    closed();
}

/* The same flags, but writable. mount_setattr(2), and the older way. */
static bool remounted(const char *where, const char *options)
{
    struct { uint64_t set, clear, propagation, fd; } attr = { .clear = 1 };
    unsigned long flags = MS_REMOUNT | MS_BIND;

    flags |= strstr(options, "nosuid") ? MS_NOSUID : 0;
    flags |= strstr(options, "nodev") ? MS_NODEV : 0;
    flags |= strstr(options, "noexec") ? MS_NOEXEC : 0;
    return mount(NULL, where, NULL, flags, NULL) == 0 ||
           syscall(MOUNT_SETATTR, AT_FDCWD, where, 0, &attr, sizeof attr) == 0;
}

/* All that is read-only here (the volume, /usr, /proc/sys): take that back. */
static void attack_remount(void)
{
    FILE *mounts = fopen("/proc/self/mounts", "re");
    char where[1000], options[1000];
    int n = 0;

    only_in_own_mounts();
    while (mounts && fscanf(mounts, "%*s %999s %*s %999[^\n]", where, options) == 2) {
        if (strncmp(options, "ro", 2) != 0)
            continue;
        n++;
        if (remounted(where, options))
            open_because("%s is writable again", where);
        if (n <= 3)
            said(where);
    }
    if (n == 0)
        untried("nothing is read-only here");
    closed();
}

/* A mount of our own making: by the old interface, the new one, and a copy of what is there. */
static void attack_mount(void)
{
    const char *where = access("/tmp", F_OK) == 0 ? "/tmp" : "/";

    only_in_own_mounts();
    if (mount("attack", where, "tmpfs", 0, NULL) == 0) {
        umount2(where, MNT_DETACH);
        open_because("a tmpfs could be mounted on %s", where);
    }
    said("mount");
    must_fail("bind", mount("/", where, NULL, MS_BIND, NULL));
    must_fail("fsopen", syscall(FSOPEN, "tmpfs", 0));
    must_fail("open_tree", syscall(OPEN_TREE, AT_FDCWD, "/", 1));
    closed();
}

/* Are our mounts tied to those outside? Then what is mounted here appears there. */
static void attack_propagation(void)
{
    FILE *f = fopen("/proc/self/mountinfo", "re");
    char line[4096];
    int n = 0;

    for (; f && fgets(line, sizeof line, f); n++) {
        char *end = strstr(line, " - ");
        if (end)
            *end = '\0';
        if (strstr(line, " shared:") || strstr(line, " master:"))
            open_because("a mount is tied to others: %.200s", line);
    }
    if (n == 0)
        untried("there is no /proc");
    snprintf(tries, sizeof tries, "%d mounts, and all are private", n);
    closed();
}

/* The program that the kernel starts on the machine, as root, when a control group is empty. Only
 * hierarchies that exist are mounted: none is made. */
static void attack_release_agent(void)
{
    FILE *f = fopen("/proc/cgroups", "re");
    char line[200], group[100], path[200];
    const char *dir = writable();
    unsigned hierarchy;
    int n = 0;

    glob_t found = { 0 };
    if (glob("/sys/fs/cgroup/*/release_agent", 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            must_not_write(found.gl_pathv[i]);
    only_in_own_mounts();
    snprintf(path, sizeof path, "%s/attack-cgroup", dir ? dir : "");
    mkdir(path, 0755);
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "%99s %u", group, &hierarchy) != 2 || hierarchy == 0)
            continue;
        n++;
        if (mount("cgroup", path, "cgroup", 0, group) < 0) {
            said(group);
            continue;
        }
        strcat(path, "/release_agent");
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        *strrchr(path, '/') = '\0';
        umount2(path, MNT_DETACH);
        if (fd >= 0)
            rmdir(path);
        if (fd >= 0)
            open_because("release_agent of %s can be written", group);
        said("release_agent");
    }
    rmdir(path);
    if (n == 0 && found.gl_pathc == 0)
        untried("this machine has no control groups of version 1");
    closed();
}

/* ------------------------------------------------------------------ switches of the kernel */

static void attack_sysrq(void)
{
    if (access("/proc/sysrq-trigger", F_OK) < 0)
        untried("there is no /proc/sysrq-trigger");
    must_not_write("/proc/sysrq-trigger");
    closed();
}

/* Switches that belong to the whole machine: a program that the kernel starts, how it defends
 * itself, what it does when memory ends. */
static void attack_sysctl(void)
{
    static const char *const files[] = {
        "kernel/core_pattern", "kernel/modprobe", "kernel/sysrq", "kernel/panic",
        "kernel/randomize_va_space", "kernel/printk", "kernel/kptr_restrict",
        "kernel/unprivileged_bpf_disabled", "kernel/pid_max", "kernel/hotplug",
        "kernel/usermodehelper/bset", "kernel/perf_event_paranoid", "kernel/kexec_load_disabled",
        "vm/drop_caches", "vm/overcommit_memory", "vm/panic_on_oom", "fs/suid_dumpable",
        "fs/protected_symlinks", "fs/binfmt_misc/register", "dev/tty/legacy_tiocsti",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[100];
        size_t length = strlen(tries);
        snprintf(path, sizeof path, "/proc/sys/%s", files[i]);
        must_not_write(path);
        if (i > 2)
            tries[length] = '\0'; /* three of them are enough to read */
    }
    if (access("/proc/sys/kernel", F_OK) < 0)
        untried("there is no /proc/sys");
    closed();
}

static void attack_sys(void)
{
    static const char *const patterns[] = {
        "/sys/kernel/uevent_helper", "/sys/power/state", "/sys/kernel/profiling",
        "/sys/kernel/mm/transparent_hugepage/enabled", "/sys/module/*/parameters/*",
        "/sys/block/*/queue/scheduler", "/sys/bus/pci/rescan",
    };
    int n = 0;

    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        glob_t found = { 0 };
        glob(patterns[i], 0, NULL, &found);
        for (size_t k = 0; k < found.gl_pathc; k++, n++) {
            size_t length = strlen(tries);
            must_not_write(found.gl_pathv[k]);
            if (n > 2)
                tries[length] = '\0';
        }
        globfree(&found);
    }
    if (n == 0)
        untried("there is no /sys");
    closed();
}

/* Memory of the machine, its log, and what Docker covers in /proc and /sys. */
static void attack_masked(void)
{
    static const char *const files[] = {
        "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/proc/latency_stats",
        "/proc/interrupts",
    };
    static const char *const dirs[] = {
        "/proc/acpi", "/proc/scsi", "/proc/asound", "/sys/firmware",
        "/sys/devices/virtual/powercap",
    };
    char byte;

    if (access("/proc/self", F_OK) < 0)
        untried("there is no /proc");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        int fd = open(files[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd >= 0 && read(fd, &byte, 1) == 1)
            open_because("%s can be read", files[i]);
        close(fd);
    }
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
        DIR *d = opendir(dirs[i]);
        for (struct dirent *e; d && (e = readdir(d));)
            if (*e->d_name != '.')
                open_because("%s can be listed", dirs[i]);
        if (d)
            closedir(d);
    }
    strcpy(tries, "all of them are empty");
    closed();
}

static void attack_syslog(void)
{
    char text[64];
    int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (fd >= 0)
        open_because("/dev/kmsg can be read");
    must_fail("syslog", klogctl(3, text, sizeof text));
    closed();
}

static void attack_clock(void)
{
    /* Both NULL: the right is looked at, and nothing is set. */
    must_fail("settimeofday", syscall(SYS_settimeofday, NULL, NULL));
    closed();
}

static void attack_module(void)
{
    must_be_forbidden("init_module", syscall(SYS_init_module, NULL, 0, ""));
    must_be_forbidden("finit_module", syscall(SYS_finit_module, -1, "", 0));
    must_be_forbidden("delete_module", syscall(SYS_delete_module, "attack_no_such", O_NONBLOCK));
    closed();
}

static void attack_kexec(void)
{
    must_be_forbidden("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0xfff0UL));
    closed();
}

static void attack_reboot(void)
{
    must_be_forbidden("reboot", syscall(SYS_reboot, 0, 0, 0, NULL));
    closed();
}

static void attack_swap(void)
{
    must_be_forbidden("swapoff", syscall(SYS_swapoff, "/attack/no/such"));
    must_be_forbidden("swapon", syscall(SYS_swapon, "/attack/no/such", 0));
    closed();
}

static void attack_acct(void)
{
    must_be_forbidden("acct", syscall(SYS_acct, "/attack/no/such"));
    closed();
}

/* ------------------------------------------------------------------ much used holes of the kernel */

static void attack_bpf(void)
{
    struct { uint32_t type, key, value, entries; char rest[112]; } map = { 2, 4, 4, 1, "" };

    must_fail("bpf", syscall(SYS_bpf, 0, &map, sizeof map));
    closed();
}

static void attack_perf(void)
{
    /* struct perf_event_attr: a software event, ourselves, user side only. */
    struct { uint32_t type, size; uint64_t config, period, sample, read, bits; char rest[64]; }
        attr = { .type = 1, .size = 112, .bits = 1 << 5 | 1 << 6 };

    must_fail("perf_event_open", syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
    closed();
}

static void attack_userfaultfd(void)
{
    must_fail("userfaultfd", syscall(SYS_userfaultfd, O_CLOEXEC | 1));
    closed();
}

static void attack_io_uring(void)
{
    char params[256] = "";

    must_fail("io_uring_setup", syscall(IO_URING_SETUP, 1, params));
    closed();
}

static void attack_fanotify(void)
{
    must_fail("fanotify_init", syscall(SYS_fanotify_init, 0x200, O_RDONLY));
    closed();
}

static void attack_personality(void)
{
    must_fail("ADDR_NO_RANDOMIZE", personality(0x0040000));
    closed();
}

static void attack_vsock(void)
{
    must_fail("socket(AF_VSOCK)", socket(40, SOCK_STREAM, 0));
    closed();
}

/* A root of a new user namespace has every capability again, over that. */
static void attack_userns(void)
{
    uint64_t args[8] = { 0x10000000, 0, 0, 0, SIGCHLD, 0, 0, 0 };
    long child = syscall(SYS_clone, 0x10000000UL | SIGCHLD, NULL, NULL, NULL, NULL);

    if (child == 0)
        _exit(0);
    must_fail("clone(CLONE_NEWUSER)", child);
    child = syscall(CLONE3, args, sizeof args);
    if (child == 0)
        _exit(0);
    must_fail("clone3", child);
    must_fail("unshare", unshare(0x10000000));
    must_fail("unshare(CLONE_NEWNS)", unshare(0x20000));
    closed();
}

/* The back doors of an x86-64 kernel: its 32-bit calls, and those of x32, have other numbers. A
 * filter that does not know them is walked around. */
static void attack_int80(void)
{
#ifdef __x86_64__
    long result;

    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
    if (result > 0)
        open_because("getpid by a 32-bit call: %ld", result);
    errno = (int)-result;
    said("int 0x80");
    closed();
#else
    untried("not on this processor");
#endif
}

static void attack_x32(void)
{
#ifdef __x86_64__
    must_fail("getpid of x32", syscall(0x40000000 + 39));
    closed();
#else
    untried("not on this processor");
#endif
}

static void attack_iopl(void)
{
#ifdef __x86_64__
    must_fail("iopl", syscall(SYS_iopl, 3));
    must_fail("ioperm", syscall(SYS_ioperm, 0x80, 1, 1));
    closed();
#else
    untried("not on this processor");
#endif
}

/* ------------------------------------------------------------------ others, and the terminal */

static pid_t victim(void)
{
    return (pid_t)strtol(from_outside("ATTACK_PID"), NULL, 10);
}

static void attack_kill(void)
{
    must_fail("kill", kill(victim(), 0));
    must_fail("pidfd_open", syscall(PIDFD_OPEN, victim(), 0));
    must_fail("sched_getparam", getpgid(victim()));
    closed();
}

static void attack_prlimit(void)
{
    struct rlimit old;

    must_fail("prlimit", syscall(SYS_prlimit64, victim(), RLIMIT_NOFILE, NULL, &old));
    closed();
}

static void attack_ptrace(void)
{
    char byte;
    struct iovec here = { &byte, 1 }, there = { &byte, 1 };

    must_fail("PTRACE_SEIZE", syscall(SYS_ptrace, SEIZE, victim(), 0, 0));
    if (process_vm_readv(victim(), &here, 1, &there, 1, 0) >= 0 || errno == EFAULT)
        open_because("process_vm_readv reaches it");
    said("process_vm_readv");
    closed();
}

/* Every namespace that any process in sight is in, and that we are not. */
static void attack_setns(void)
{
    static const char *const kinds[] = {
        "user", "mnt", "uts", "ipc", "net", "pid", "cgroup", "time",
    };
    int list[4096];
    size_t n = processes(list, 4095);

    if (getenv("ATTACK_PID"))
        list[n++] = atoi(getenv("ATTACK_PID"));
    for (size_t i = 0; i < 8 * n; i++) {
        char theirs[64], ours[64];
        snprintf(theirs, sizeof theirs, "/proc/%d/ns/%s", list[i / 8], kinds[i % 8]);
        snprintf(ours, sizeof ours, "/proc/self/ns/%s", kinds[i % 8]);
        int fd = open(theirs, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && inode(theirs) != inode(ours)) {
            if (setns(fd, 0) == 0)
                open_because("we entered %s", theirs);
            said(theirs);
        }
        close(fd);
    }
    closed();
}

static void attack_abstract(void)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(to.sun_path + 1, sizeof to.sun_path - 1, "%s", from_outside("ATTACK_SOCKET"));
    size_t length = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(to.sun_path + 1);
    if (connect(fd, (struct sockaddr *)&to, (socklen_t)length) == 0)
        open_because("connected to @%s", to.sun_path + 1);
    /* (A lab's victim has the zero byte at the end in its name, too.) */
    must_fail("connect", connect(fd, (struct sockaddr *)&to, (socklen_t)length + 1));
    closed();
}

static int terminal(void)
{
    int fd = isatty(0) ? 0 : open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (fd < 0)
        untried("there is no terminal");
    return fd;
}

/* Type a space into the shell outside. Only 32 bits of the number count for the kernel, and a
 * filter that compares 64 is walked around. */
static void attack_tiocsti(void)
{
    int fd = terminal();

    must_fail("TIOCSTI", syscall(SYS_ioctl, fd, 0x5412UL, " "));
    must_fail("with high bits", syscall(SYS_ioctl, fd, 0x100005412UL, " "));
    closed();
}

/* The same on a console of the machine, by its clipboard. On any other terminal the number is
 * unknown, ENOTTY: then nobody held it back. */
static void attack_tioclinux(void)
{
    int fd = terminal();
    char paste = 3;

    must_be_forbidden("TIOCLINUX", syscall(SYS_ioctl, fd, 0x541cUL, &paste));
    must_be_forbidden("with high bits", syscall(SYS_ioctl, fd, 0x10000541cUL, &paste));
    closed();
}

/* Take the terminal away from the session that it belongs to. */
static void attack_ctty(void)
{
    int fd = terminal();

    setsid();
    must_fail("TIOCSCTTY", ioctl(fd, TIOCSCTTY, 1));
    closed();
}

/* ------------------------------------------------------------------ limits */

/* Our own limits, where they are set: a container that can write there has none. */
static void attack_limits(void)
{
    static const char *const patterns[] = {
        "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/cpu.max",
        "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/cgroup.subtree_control",
        "/sys/fs/cgroup/*/cgroup.procs", "/sys/fs/cgroup/*/*.max",
    };
    glob_t found = { 0 };
    int flags = 0;

    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        glob(patterns[i], flags, NULL, &found);
        flags = GLOB_APPEND;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        size_t length = strlen(tries);
        must_not_write(found.gl_pathv[i]);
        if (i > 2)
            tries[length] = '\0';
    }
    closed();
}

static void attack_rlimit(void)
{
    struct rlimit limit = { 100, 100 }, more = { 101, 101 };

    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        untried("no limit can be lowered");
    must_fail("setrlimit", setrlimit(RLIMIT_NOFILE, &more));
    closed();
}

/* Before all others in the queue for the processor. */
static void attack_priority(void)
{
    struct sched_param first = { .sched_priority = 1 };
    struct rlimit nice_limit;

    if (getrlimit(RLIMIT_NICE, &nice_limit) == 0 && nice_limit.rlim_cur > 20)
        untried("everybody may do this here: RLIMIT_NICE is %ld", (long)nice_limit.rlim_cur);
    must_fail("nice -1", setpriority(PRIO_PROCESS, 0, -1));
    must_fail("SCHED_FIFO", syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &first));
    closed();
}

/* ------------------------------------------------------------------ all of them */

static const struct { const char *name; void (*run)(void); const char *tries; } attacks[] = {
    { "exe", attack_exe, "write to the program that started the container (CVE-2019-5736)" },
    { "fds", attack_fds, "a descriptor that was left open (CVE-2024-21626)" },
    { "cwd", attack_cwd, "a directory outside of the root, where the command begins" },
    { "environ", attack_environ, "secrets in the environment of whoever started it" },
    { "signals", attack_signals, "signals that are blocked or ignored" },
    { "keyring", attack_keyring, "keys of the caller's session" },
    { "groups", attack_groups, "groups of the caller's" },
    { "group", attack_group, "the caller's process group" },
    { "chroot", attack_chroot, "climb out of the root" },
    { "procroot", attack_procroot, "the root of another process" },
    { "handle", attack_handle, "open_by_handle_at(2): a file by its number" },
    { "mknod", attack_mknod, "make a node of the disk" },
    { "devices", attack_devices, "disks and memory in /dev" },
    { "suid", attack_suid, "become somebody by a setuid file in a volume" },
    { "ro-volume", attack_ro_volume, "write to a :ro volume, or to a mount below it" },
    { "remount", attack_remount, "make what is read-only writable" },
    { "mount", attack_mount, "mount something" },
    { "propagation", attack_propagation, "mounts that appear outside" },
    { "release-agent", attack_release_agent, "a program that the kernel starts for us" },
    { "sysrq", attack_sysrq, "/proc/sysrq-trigger" },
    { "sysctl", attack_sysctl, "switches of the machine in /proc/sys" },
    { "sys", attack_sys, "switches of the machine in /sys" },
    { "masked", attack_masked, "what /proc and /sys tell of the machine" },
    { "syslog", attack_syslog, "the log of the kernel" },
    { "clock", attack_clock, "set the clock of the machine" },
    { "module", attack_module, "load a module" },
    { "kexec", attack_kexec, "start another kernel" },
    { "reboot", attack_reboot, "reboot" },
    { "swap", attack_swap, "swap files" },
    { "acct", attack_acct, "process accounting" },
    { "bpf", attack_bpf, "bpf(2)" },
    { "perf", attack_perf, "perf_event_open(2)" },
    { "userfaultfd", attack_userfaultfd, "userfaultfd(2)" },
    { "io_uring", attack_io_uring, "io_uring_setup(2)" },
    { "fanotify", attack_fanotify, "fanotify_init(2)" },
    { "personality", attack_personality, "addresses that can be guessed" },
    { "vsock", attack_vsock, "the socket to the hypervisor, which no namespace holds" },
    { "userns", attack_userns, "new namespaces: to be root of another" },
    { "int80", attack_int80, "32-bit system calls" },
    { "x32", attack_x32, "x32 system calls" },
    { "iopl", attack_iopl, "ports of the hardware" },
    { "kill", attack_kill, "signals to a process outside" },
    { "prlimit", attack_prlimit, "limits of a process outside" },
    { "ptrace", attack_ptrace, "the memory of a process outside" },
    { "setns", attack_setns, "enter a namespace outside" },
    { "abstract", attack_abstract, "an abstract socket outside" },
    { "tiocsti", attack_tiocsti, "type into the caller's terminal" },
    { "tioclinux", attack_tioclinux, "paste into the console" },
    { "ctty", attack_ctty, "take the caller's terminal away" },
    { "limits", attack_limits, "change our own control group" },
    { "rlimit", attack_rlimit, "raise our own limits" },
    { "priority", attack_priority, "come before all others" },
};
enum { ATTACKS = sizeof attacks / sizeof *attacks };

/* One attack, in a child: some of them change the process, or end it. Returns its status. */
static int attempt(int i)
{
    int status = 0;

    fflush(stdout);
    name = attacks[i].name;
    pid_t child = fork();
    if (child == 0) {
        alarm(10);
        attacks[i].run();
        _exit(3);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    int sig = WTERMSIG(status);
    if (sig == SIGALRM) {
        printf("%s untried it did not end\n", name);
        return 2;
    }
    printf("%s closed ended by signal %d (%s)\n", name, sig, strsignal(sig));
    return 0;
}

static int run(int argc, char **argv)
{
    int open_ones = 0, untried_ones = 0, found;
    bool all = strcmp(argv[1], "all") == 0;

    for (int k = 1; k < argc; k++) {
        found = 0;
        for (int i = 0; i < ATTACKS; i++) {
            if (!all && strcmp(argv[k], attacks[i].name) != 0)
                continue;
            int status = attempt(i);
            open_ones += status == 1;
            untried_ones += status > 1;
            found++;
        }
        if (!found) {
            fprintf(stderr, "attack: there is no attack %s: see attack list\n", argv[k]);
            return 3;
        }
    }
    return open_ones ? 1 : untried_ones ? 2 : 0;
}

/* ------------------------------------------------------------------ the world outside */

/* What careless callers hand down: COMMAND inherits it. */
static int dirty(char **command)
{
    sigset_t some;
    int dir = open(".", O_RDONLY | O_DIRECTORY);

    for (int fd = 3; fd < 12; fd++)
        if (fd != dir)
            dup2(dir, fd);
    setenv("ATTACK_SECRET", "hunter2", 1);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    sigemptyset(&some);
    sigaddset(&some, SIGUSR1);
    sigaddset(&some, SIGTERM);
    sigprocmask(SIG_BLOCK, &some, NULL);
    umask(0);
    /* A keyring that ends with its last process, and a key in it that its owner may read. */
    if (syscall(SYS_keyctl, JOIN_SESSION, NULL) < 0 ||
        syscall(SYS_add_key, "user", "attack", "hunter2", 7, SESSION_KEYRING) < 0)
        perror("attack: keyring");
    execvp(command[0], command);
    perror(command[0]);
    return 127;
}

/* A root that was changed without going there: what a chroot(2) alone leaves. */
static int outside(const char *dir, char **command)
{
    if (chroot(dir) < 0) {
        perror("chroot");
        return 2;
    }
    execv(command[0], command);
    perror(command[0]);
    return 127;
}

/* As fast as one processor can, so that somebody who looks twice sees both. */
static int swap(const char *a, const char *b)
{
    struct pollfd in = { .fd = 0, .events = POLLIN };
    long n = 0;

    do {
        for (int i = 0; i < 1000; i++, n++)
            if (syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2 /* RENAME_EXCHANGE */) < 0) {
                perror("attack: exchange");
                return 2;
            }
    } while (poll(&in, 1, 0) == 0);
    printf("%ld\n", n);
    return 0;
}

/* A careless command: where do its writes land? */
static int scribble(char **path)
{
    for (; *path; path++) {
        char below[4096];
        int fd = open(*path, O_WRONLY | O_NONBLOCK | O_NOCTTY);
        if (fd >= 0 && write(fd, "scribble\n", 9) == 9)
            printf("wrote %s\n", *path);
        close(fd);
        snprintf(below, sizeof below, "%s/scribble", *path);
        fd = open(below, O_WRONLY | O_CREAT | O_NONBLOCK, 0644);
        if (fd >= 0)
            printf("made %s\n", below);
        close(fd);
    }
    return 0;
}

/* Of process PID, which has entered the container from outside: what do we get hold of? */
static void look_into(int pid)
{
    static const char *const links[] = { "exe", "cwd", "root" };
    static const char *const files[] = { "environ", "maps", "mem" };
    char path[64], byte;
    struct iovec here = { &byte, 1 }, there = { &byte, 1 };

    for (int i = 0; i < 67; i++) {
        if (i < 64)
            snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, i);
        else
            snprintf(path, sizeof path, "/proc/%d/%s", pid, links[i - 64]);
        int fd = open(path, O_PATH | O_CLOEXEC);
        if (fd >= 0)
            printf("OPEN %s\n", path);
        close(fd);
    }
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "/proc/%d/%s", pid, files[i]);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
            printf("OPEN %s\n", path);
        close(fd);
    }
    if (process_vm_readv(pid, &here, 1, &there, 1, 0) >= 0 || errno != EPERM)
        printf("OPEN the memory of %d: %s\n", pid, error_name(errno));
}

static int ambush(void)
{
    char byte, path[64], line[600];

    printf("waiting\n");
    fflush(stdout);
    while (read(0, &byte, 1) == 1) {
        int list[4096], parent = -1, seen = 0;
        size_t n = processes(list, 4096);
        for (size_t i = 0; i < n; i++) {
            snprintf(path, sizeof path, "/proc/%d/stat", list[i]);
            FILE *f = fopen(path, "re");
            char *end = f && fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
            if (f)
                fclose(f);
            if (list[i] == 1 || !end || sscanf(end, ") %*c %d", &parent) != 1 || parent != 0)
                continue;
            seen++;
            look_into(list[i]);
        }
        printf("looked at %d\n", seen);
        fflush(stdout);
    }
    return 0;
}

static int be_victim(const char *socket_name)
{
    struct sockaddr_un me = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    char byte;

    snprintf(me.sun_path + 1, sizeof me.sun_path - 1, "%s", socket_name);
    size_t length = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(me.sun_path + 1);
    if (bind(fd, (struct sockaddr *)&me, (socklen_t)length) < 0 || listen(fd, 8) < 0) {
        perror("attack: victim");
        return 2;
    }
    printf("%d\n", getpid());
    fflush(stdout);
    while (read(0, &byte, 1) == 1)
        continue;
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 0 && strcmp(argv[0], "attack-suid") == 0)
        return (int)geteuid(); /* see attack_suid() */
    if (argc == 2 && strcmp(argv[1], "list") == 0) {
        for (int i = 0; i < ATTACKS; i++)
            printf("%-14s %s\n", attacks[i].name, attacks[i].tries);
        return 0;
    }
    if (argc > 2 && strcmp(argv[1], "dirty") == 0)
        return dirty(argv + 2);
    if (argc > 3 && strcmp(argv[1], "outside") == 0)
        return outside(argv[2], argv + 3);
    if (argc == 4 && strcmp(argv[1], "swap") == 0)
        return swap(argv[2], argv[3]);
    if (argc > 2 && strcmp(argv[1], "scribble") == 0)
        return scribble(argv + 2);
    if (argc == 2 && strcmp(argv[1], "ambush") == 0)
        return ambush();
    if (argc == 3 && strcmp(argv[1], "victim") == 0)
        return be_victim(argv[2]);
    if (argc > 1)
        return run(argc, argv);
    fprintf(stderr, "usage: attack all | list | NAME...; the head of attack.c tells the rest\n");
    return 3;
}
