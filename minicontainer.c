/* minicontainer -- a Linux container, step by step, in one C file
 *
 * A container is an ordinary process that sees less. The kernel has no object
 * called "container": it has namespaces, each of which gives a process its own
 * copy of one thing (a host name, a table of mounts, a list of processes ...).
 * This program makes them one by one. Every isolation is a switch:
 *
 *     $ ./minicontainer run                     a shell with all of them
 *     $ ./minicontainer run --no-net            all but one
 *     $ ./minicontainer run --only user,uts     just these
 *     $ ./minicontainer compare                 what it changes, side by side
 *     $ ./minicontainer run --step              this file, told as it runs
 *
 * Build     cc minicontainer.c -o minicontainer        (Linux and libc, no more)
 *
 * How to read it
 *   From top to bottom: no name is used before it is explained. Each chapter
 *   has a lesson (lessons/NN-topic), a test (tests/NN-topic.bats), a flag, and
 *   a row of THE TABLE. In a hurry: main(), THE TABLE, parent_side() and
 *   child_side(), then the chapters.
 *
 *      the narrator     how the program says what it does
 *    0 the request      what a container is made of
 *    1 first container  a child, its supervisor, signals, exec
 *    2 uts   3 pid   4 mnt   5 proc   6 root   7 user
 *    8 ipc   9 net  10 cgroup  11 time
 *      THE TABLE        one row for each isolation; all else is driven by it
 *      the dance        parent_side() and child_side(), step by step
 *      lab, exec        a practice host; a second window into a container
 *      look, compare    what a process sees
 *      the command line
 *
 * The system calls that everything rests on
 *   clone(2)        make a child process, and new namespaces for it
 *   unshare(2)      leave a namespace: a new one for ourselves
 *   setns(2)        enter a namespace that exists
 *   mount(2)        attach a file system; MS_BIND shows a directory twice
 *   open_tree(2), move_mount(2)   take a directory as a mount, attach it
 *   mount_setattr(2)              make a whole tree of mounts read-only
 *   pivot_root(2)   make another directory the root; the old one can then go
 *   sethostname(2)  name the machine, or just our UTS namespace
 *   prctl(2)        PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS ...
 *   execve(2)       become the command
 *
 * It teaches. It is not a security product: use runc or bubblewrap to hold
 * code that you do not trust.
 *
 * MIT licence. Sources of the facts: the man pages named in each chapter and
 * the kernel's own code.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define VERSION "0.1"

/* Names that an older libc lacks. The numbers are the kernel's own
 * (include/uapi/linux/sched.h, mount.h; since 5.2 and 5.12 system calls have
 * the same number on every processor family that we support). */
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 0x04
#define MOVE_MOUNT_T_EMPTY_PATH 0x40
#endif
#ifndef MOUNT_ATTR_RDONLY
#define MOUNT_ATTR_RDONLY 0x01
#define MOUNT_ATTR_NOSUID 0x02
#define MOUNT_ATTR_NODEV 0x04
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#define JOIN_SESSION_KEYRING 1 /* KEYCTL_JOIN_SESSION_KEYRING, linux/keyctl.h */
#define CAP_SETGID_BIT 6       /* linux/capability.h */
#define CAP_SETUID_BIT 7
#define CAP_SYS_ADMIN_BIT 21

/* The exit statuses that are ours, as Docker and every shell have them. */
enum { OURS = 125, NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

/* A copy of this very file inside the program: the assembler reads it in while
 * the compiler works. `source` prints it, --step shows it line by line, and
 * the lab gives it to the learner. */
__asm__(".pushsection .rodata\n"
        "own_source: .incbin \"" __FILE__ "\"\n"
        "own_source_end: .byte 0\n"
        ".popsection\n");
extern const char own_source[], own_source_end[];

/* =====================================================================
 * THE NARRATOR -- how the program says what it does
 * =====================================================================
 * A step is written so that the code is the message:
 *
 *     say("renaming our UTS namespace leaves the machine's name alone");
 *     SYS(sethostname(c->hostname, strlen(c->hostname)));
 *
 * say() stands where a comment would stand: a comment that can be run.
 * SYS(call) makes the call, checks it, and with --explain tells its own source
 * text and its result. TRY(call) only checks: it is for plumbing. put() writes
 * a file and tells the shell line that would do the same. So what is told
 * cannot differ from what is done.
 *
 * Parent and child never speak at the same time: the child waits in a read(2)
 * until the parent has said all it has to say. One line is one write(2).
 */
static struct {
    bool explain;     /* --explain: tell each step                        */
    bool step;        /* --step: and wait for Enter before it             */
    const char *who;  /* who is speaking: parent, child, init             */
    const char *peek; /* what to try in a second window; %d is the PID    */
    pid_t pid;        /* the container's PID, as the world outside has it */
    pid_t child;      /* our child, killed if we leave too early          */
    char *title;      /* where our command line is kept, for ps(1)        */
    size_t title_size;
} narrator = { .who = "parent" };

/* ESC[...m for a terminal that wants colour, nothing for all else. Colour is
 * never the only sign. https://no-color.org */
static const char *paint(int fd, const char *code)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

    if ((no && *no) || !term || strcmp(term, "dumb") == 0 || !isatty(fd))
        return "";
    return code;
}

/* Write HEAD and TEXT to stderr. On a terminal, lines longer than 80 columns
 * go on below, under the text. */
static void write_line(const char *head, const char *text)
{
    size_t indent = strlen(head), room = isatty(2) ? 79 - indent : 4096;
    char line[4400];

    for (bool first = true; first || *text; first = false) {
        size_t cut = strlen(text);
        if (cut > room)
            for (cut = room; cut > room / 2 && text[cut] != ' '; cut--)
                continue;
        int n = snprintf(line, sizeof line, "%-*s%.*s\n", (int)indent,
                         first ? head : "", (int)cut, text);
        if (write(2, line, (size_t)n) < 0)
            return; /* a closed stderr must not stop the container */
        text += cut;
        text += *text == ' ';
    }
}

/* One line of the narration: who speaks, what KIND of line it is, the text. */
__attribute__((format(printf, 2, 3)))
static void tell(const char *kind, const char *fmt, ...)
{
    char text[2048], head[32];
    va_list args;

    if (!narrator.explain)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    snprintf(head, sizeof head, "%-7s%-6s", narrator.who, kind);
    write_line(head, text);
}

/* A remark of ours that is no failure. */
__attribute__((format(printf, 1, 2)))
static void note(const char *fmt, ...)
{
    char text[1024];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    write_line("minicontainer: note: ", text);
}

/* Leave before the command has run. _exit(2): a child shares the parent's
 * stdio buffers and must not write them out a second time. */
__attribute__((noreturn))
static void leave(int status)
{
    if (narrator.child > 0) {
        kill(narrator.child, SIGKILL);
        waitpid(narrator.child, NULL, 0);
    }
    _exit(status);
}

/* The start of line N (from 1) of our own source, or its end. */
static const char *source_line(int n)
{
    const char *at = own_source;

    while (--n > 0 && at < own_source_end)
        at = strchr(at, '\n') + 1;
    return at;
}

/* The title line of the chapter that AT lies in ("2. UTS -- ..."), or NULL.
 * A title is the line between two rulers. */
static const char *chapter_of(const char *at)
{
    static const char ruler[] = "/* =====";
    const char *title = NULL;

    for (const char *p = own_source; (p = strstr(p, ruler)) && p <= at; p++)
        if (p == own_source || p[-1] == '\n')
            title = strchr(p, '\n') + strlen("\n * ");
    return title;
}

/* errno by name. glibc has strerrorname_np(3), musl has not. */
static const char *errno_name(int err)
{
    static const struct { int number; const char *name; } names[] = {
        { EPERM, "EPERM" },     { ENOENT, "ENOENT" },   { EACCES, "EACCES" },
        { EINVAL, "EINVAL" },   { ENOSPC, "ENOSPC" },   { EBUSY, "EBUSY" },
        { ENOMEM, "ENOMEM" },   { ENOSYS, "ENOSYS" },   { EROFS, "EROFS" },
        { ENODEV, "ENODEV" },   { ENOTDIR, "ENOTDIR" }, { EAGAIN, "EAGAIN" },
        { ERANGE, "ERANGE" },   { EMFILE, "EMFILE" },   { ESRCH, "ESRCH" },
        { ENOEXEC, "ENOEXEC" }, { ELOOP, "ELOOP" },     { E2BIG, "E2BIG" },
        { EEXIST, "EEXIST" },   { EUSERS, "EUSERS" },   { EINTR, "EINTR" },
        { ENFILE, "ENFILE" },   { EBADF, "EBADF" },     { EISDIR, "EISDIR" },
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == err)
            return names[i].name;
    return "error";
}

/* Read a whole small file into BUF, as a string; "" if there is none.
 * Files of /proc must be read by one read(2), or they may change meanwhile. */
static char *slurp(const char *path, char *buf, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n, got = 0;

    while (fd >= 0 && (size_t)got < size - 1 &&
           (n = read(fd, buf + got, size - 1 - (size_t)got)) > 0)
        got += n;
    if (fd >= 0)
        close(fd);
    buf[got] = '\0';
    return buf;
}

/* What forbids it, and what to do: the refusals that are met most often. The
 * first row that fits is printed. CALL is a part of the failed call's text.
 * FILE must hold TEXT ("" fits any file that is there, NULL asks that it is
 * missing); without FILE the row fits always. */
static const struct cure {
    const char *call;
    int err;
    const char *file, *text;
    const char *cause, *cure;
} cures[] = {
/*    call           errno   file                      must hold */
    { "clone",       EPERM,  "/proc/self/status",      "\nSeccomp:\t2",
      "a seccomp filter: we are inside Docker, a devcontainer or Codespaces",
      "start it with docker run --security-opt seccomp=unconfined "
      "--security-opt apparmor=unconfined --security-opt systempaths=unconfined" },
    { "clone",       EPERM,  "/proc/sys/kernel/unprivileged_userns_clone", "\n0\n",
      "kernel.unprivileged_userns_clone=0: only root may make user namespaces",
      "sudo sysctl -w kernel.unprivileged_userns_clone=1, or use sudo" },
    { "clone",       EPERM,  NULL,                     NULL,
      "in a chroot(2) the kernel makes no user namespace",
      "leave the chroot, or enter that directory by `minicontainer run --image`" },
    { "clone",       EACCES, NULL,                     NULL,
      "a security module (AppArmor, SELinux) forbids user namespaces; "
      "see /sys/kernel/security/lsm and /proc/self/attr/current",
      "use sudo, or allow it: lessons/README.md, \"What laptops refuse\"" },
    { "clone",       ENOSPC, "/proc/sys/user/max_user_namespaces", "\n0\n",
      "user.max_user_namespaces may be 0 (RHEL and CentOS 7)",
      "sudo sysctl -w user.max_user_namespaces=15000" },
    { "clone",       ENOSPC, NULL,                     NULL,
      "too many namespaces, or nested deeper than 32",
      "leave some of the labs; see /proc/sys/user/max_*_namespaces" },
    { "clone",       EINVAL, "/proc/self/ns/user",     NULL,
      "this kernel has no user namespaces (WSL 1 has none)",
      "wsl --set-version DISTRIBUTION 2, or a kernel built with CONFIG_USER_NS" },
    { "clone",       EINVAL, NULL,                     NULL,
      "this kernel was built without one of these namespaces",
      "see ls /proc/self/ns, and leave the missing one out with --no-X" },
    { "unshare",     EINVAL, NULL,                     NULL,
      "this kernel has no time namespaces (before 5.6, and WSL 2 until lately)",
      "leave it out: --no-time" },
    { "_map",        EPERM,  "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
      "\n1\n", "Ubuntu's AppArmor restriction of user namespaces (23.10 and later)",
      "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or use sudo,"
      " or load a profile: lessons/README.md, \"What laptops refuse\"" },
    { "\"proc\"",    EPERM,  NULL,                     NULL,
      "parts of /proc are masked by other mounts (Docker, Podman), and then the "
      "kernel shows no fresh one",
      "docker run --security-opt systempaths=unconfined, podman run "
      "--security-opt unmask=ALL, or leave it out: --no-proc" },
    { "pivot_root",  EPERM,  NULL,                     NULL,
      "a seccomp filter forbids it: docker run --cap-add SYS_ADMIN is not enough",
      "docker run --security-opt seccomp=unconfined, or leave it out: --no-root" },
    { "pivot_root",  EINVAL, NULL,                     NULL,
      "/ is the initramfs (a live system), which cannot be pivoted",
      "leave it out: --no-root" },
    { "mount",       EACCES, NULL,                     NULL,
      "AppArmor (docker-default) or SELinux (container_t) forbids mounts",
      "docker run --security-opt apparmor=unconfined, or label=disable" },
    { "mount",       EPERM,  "/proc/self/status",      "\nSeccomp:\t2",
      "a seccomp filter forbids mounts: we are inside a container engine",
      "docker run --security-opt seccomp=unconfined" },
    { "sethostname", EPERM,  NULL,                     NULL,
      "a seccomp filter forbids it, even in a UTS namespace of our own (Podman)",
      "podman run --security-opt seccomp=unconfined, or leave it out: --no-uts" },
    { "mount_setattr", ENOSYS, NULL,                   NULL,
      "this kernel is older than 5.12", "a newer kernel" },
};

/* Print the row of `cures` that fits. */
static void print_cure(const char *call, int err)
{
    char buf[8192] = "\n"; /* so that a TEXT can ask for the start of a line */

    for (size_t i = 0; i < sizeof cures / sizeof *cures; i++) {
        const struct cure *r = &cures[i];
        if (r->err != err || !strstr(call, r->call))
            continue;
        if (r->file && !r->text && access(r->file, F_OK) == 0)
            continue;
        if (r->file && r->text && 
            (slurp(r->file, buf + 1, sizeof buf - 1), !strstr(buf, r->text)))
            continue;
        write_line("  cause:  ", r->cause);
        write_line("  cure:   ", r->cure);
        return;
    }
}

/* A system call failed, and we cannot go on: the call as it is written, errno
 * by name, the chapter, the likely cause and its cure. Exits with 125. */
__attribute__((noreturn))
static void failed(const char *call, const char *values, int line)
{
    int err = errno;
    char text[2048];
    const char *title = chapter_of(source_line(line));
    bool numbered = title && isdigit((unsigned char)*title);

    snprintf(text, sizeof text, "%s%s%s%s failed: %s (%s)", call,
             *values ? " [" : "", values, *values ? "]" : "",
             errno_name(err), strerror(err));
    write_line("minicontainer: ", text);
    print_cure(call, err);
    if (numbered) {
        snprintf(text, sizeof text, "chapter %d, line %d: minicontainer source %d",
                 atoi(title), line, atoi(title));
        write_line("  where:  ", text);
    }
    leave(OURS);
}

/* We refuse: what was asked for cannot be had. Exits with 125. */
__attribute__((noreturn, format(printf, 1, 2)))
static void refuse(const char *fmt, ...)
{
    char text[2048];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    /* Lines after the first ("  try:    ...") keep their own heads. */
    char *rest = strchr(text, '\n');
    if (rest)
        *rest++ = '\0';
    write_line("minicontainer: ", text);
    for (char *save, *p = rest ? strtok_r(rest, "\n", &save) : NULL; p;
         p = strtok_r(NULL, "\n", &save))
        write_line(p[0] == ' ' ? "" : "  ", p);
    leave(OURS);
}

/* Behind SYS, SYSV and TRY: go on with the result, or fail. */
__attribute__((format(printf, 5, 6)))
static int checked(long result, bool told, const char *call, int line,
                   const char *fmt, ...)
{
    char values[1024];
    va_list args;
    int err = errno;

    if (result >= 0 && !(told && narrator.explain))
        return (int)result;
    va_start(args, fmt);
    vsnprintf(values, sizeof values, fmt, args);
    va_end(args);
    errno = err;
    if (result < 0)
        failed(call, values + 1, line);
    tell("call", values[1] ? "%s = %ld  [%s]" : "%s = %ld%s", call, result,
         values + 1);
    return (int)result;
}
/* SYSV also tells the values behind the names in the call. (The blank before
 * a format keeps the compiler's check of formats: an empty one is an error.) */
#define SYS(call) checked((call), true, #call, __LINE__, " ")
#define SYSV(call, ...) checked((call), true, #call, __LINE__, " " __VA_ARGS__)
#define TRY(call) checked((call), false, #call, __LINE__, " ")

/* Write TEXT into a file that exists, by one write(2). 0, or -1 and errno. */
static int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return -1;
    ssize_t n = write(fd, text, strlen(text));
    int err = errno;
    close(fd);
    errno = err;
    return n < 0 ? -1 : 0;
}

/* Behind put(): write a file of /proc, and tell it as a shell would do it. */
__attribute__((format(printf, 4, 5)))
static void put_at(int line, bool must, const char *path, const char *fmt, ...)
{
    char text[512], quoted[1024];
    size_t n = 0;
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    for (const char *p = text; *p; p++) /* a newline is shown as \n */
        n += (size_t)snprintf(quoted + n, sizeof quoted - n,
                              *p == '\n' ? "\\n" : "%c", *p);
    if (write_file(path, text) < 0) {
        if (must) {
            snprintf(text, sizeof text, "echo '%s' > %s", quoted, path);
            failed(text, "", line);
        }
        tell("note", "%s: %s; we go on without", path, strerror(errno));
        return;
    }
    tell("shell", "echo %s'%s' > %s", strchr(text, '\n') ? "$" : "", quoted, path);
}
#define put(path, ...) put_at(__LINE__, true, path, __VA_ARGS__)
#define put_if_allowed(path, ...) put_at(__LINE__, false, path, __VA_ARGS__)

/* --step: the source around LINE, from the comment above it to the end of the
 * paragraph, 14 lines at most. */
static void show_source(int line)
{
    int last = line;
    char text[120], head[16];

    for (const char *p = source_line(line); last < line + 12; last++) {
        p = strchr(p, '\n') + 1;
        if (*p == '\n' || *p == '}' || strncmp(p, "    say(", 8) == 0)
            break;
    }
    for (int i = line > 2 ? line - 2 : 1; i <= last; i++) {
        const char *at = source_line(i);
        snprintf(text, sizeof text, "%.*s", (int)strcspn(at, "\n"), at);
        snprintf(head, sizeof head, "%c%5d  ", i == line ? '>' : ' ', i);
        write_line(head, text);
    }
}

/* Wait for Enter. No terminal, or its end: run on. */
static void pause_at(int line)
{
    char answer = 0, byte;
    const char *bold = paint(2, "\033[1m"), *off = paint(2, "\033[m");

    for (;;) {
        show_source(line);
        if (narrator.peek && narrator.pid > 0) {
            char text[256];
            int n = snprintf(text, sizeof text, "in a second window: ");
            /* The format comes from THE TABLE, and has one %d. */
            snprintf(text + n, sizeof text - (size_t)n, narrator.peek, narrator.pid);
            write_line("       ", text);
        }
        dprintf(2, "%s[Enter] do it  [r] again  [c] run on  [q] leave:%s ", bold, off);
        answer = '\n';
        while (read(0, &byte, 1) == 1 && byte != '\n')
            answer = byte;
        if (answer == 'q')
            leave(OURS);
        if (answer == 'c')
            narrator.step = false;
        if (answer != 'r')
            return;
    }
}

__attribute__((format(printf, 2, 3)))
static void say_at(int line, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    tell("why", "%s", text);
    if (narrator.step && isatty(0) && isatty(2))
        pause_at(line);
}
#define say(...) say_at(__LINE__, __VA_ARGS__)

/* Our name for ps(1): COMM is what pgrep finds, TITLE what `ps ax` prints (it
 * reads our own memory, where the command line was). */
static void rename_process(const char *comm, const char *title)
{
    prctl(PR_SET_NAME, comm, 0, 0, 0);
    if (narrator.title_size > 1) {
        memset(narrator.title, 0, narrator.title_size);
        snprintf(narrator.title, narrator.title_size, "%s", title);
    }
}

/* =====================================================================
 * 0. WHAT IS A CONTAINER -- the request, and who we are
 * =====================================================================
 * Problem   Two programs on one machine see the same files, the same process
 *           list, the same network, and get into each other's way.
 * Kernel    No container there: only processes, and namespaces that they are
 *           in. A virtual machine has a kernel of its own; a container has not.
 * Parent    fills in `struct container` from the command line.
 * Child     reads it, isolation by isolation.
 * Order     the rows of THE TABLE stand in the order in which they are made.
 * See it    $ ./minicontainer compare
 * Not this  an image, a registry, a daemon: those carry and manage containers.
 * Read      lessons/00-what-is-a-container, namespaces(7)
 */

/* The rows of THE TABLE, in its order. Row R is bit 1 << R of a set. */
enum { TIME, MNT, USER, UTS, IPC, NET, CGROUP, PID, ROOT, PROC, ROWS };
#define BIT(row) (1u << (row))
#define ALL_ROWS (BIT(ROWS) - 1)

/* One line of a user namespace's map: COUNT ids from INSIDE on are the ids
 * from OUTSIDE on. user_namespaces(7) */
struct map { unsigned inside, outside, count; };

/* One --volume: SRC of the machine appears as DST in the container. */
struct volume {
    const char *src, *dst;
    bool read_only;
    int fd; /* the source as a mount that is attached nowhere yet; the child's */
};

/* All that one container is asked to be. parent_side() owns it; the child gets
 * its copy by clone(2), as it gets everything. */
struct container {
    unsigned rows;        /* the isolations that are on                      */
    unsigned named;       /* those switched on by name: honoured or refused  */
    unsigned denied;      /* those switched off by name                      */
    bool only;            /* --only: nothing else is on                      */
    bool lab;             /* furnish it as the practice host                 */
    bool init;            /* PID 1 is ours, the command is its child         */
    bool read_only;       /* the root cannot be written                      */
    const char *hostname; /* NULL: the preset's                              */
    const char *image;    /* NULL: a root out of the machine's own files     */
    const char *workdir;  /* NULL: / , or where we are if root is off        */
    const char *boottime; /* seconds since the container's "boot"; NULL: 0   */
    struct map map[8];    /* --map, or the default                           */
    int maps;
    struct volume *volume;
    int volumes;
    char **env;           /* --env K=V                                       */
    int envs;
    char **argv;          /* the command; NULL: a shell                      */

    /* What runs in the child instead of a command: `look`, `compare`. It gets
     * REPORT, a descriptor to write its answer to. */
    int (*instead)(struct container *);
    int report;
    int compared;         /* the row that compare_side() compares            */
    struct container *nested; /* and the container that it starts            */
    int output;           /* the command's stdout and stderr, if >= 0        */

    /* While it runs. */
    pid_t pid;            /* the child, as the parent counts                 */
    int life[2];          /* a pipe. A PID through it is "go"; its end means
                           * that the parent is gone. Parent keeps [1],
                           * the child keeps [0]                             */
    int proc_fd;          /* the machine's /proc, opened before all mounts   */
    ino_t machine_mnt;    /* the mount namespace that we must not touch      */
    int image_fd;         /* the image as a mount, attached nowhere yet      */
    int root_fd;          /* the new root (or /), to look paths up in        */
    dev_t own_dev;        /* our own tmpfs: here we may make directories     */
};

static bool on(const struct container *c, int row)
{
    return c->rows & BIT(row);
}

/* A field of /proc/PID/status that holds a hexadecimal set of bits. 0 if it
 * cannot be read. proc(5) */
static unsigned long long status_bits(const char *pid, const char *field)
{
    char path[64], buf[8192];

    snprintf(path, sizeof path, "/proc/%s/status", pid);
    const char *at = strstr(slurp(path, buf, sizeof buf), field);
    return at ? strtoull(at + strlen(field), NULL, 16) : 0;
}

/* May this process use capability number CAP? capabilities(7) */
static bool has_cap(int cap)
{
    return status_bits("self", "CapEff:") >> cap & 1;
}

/* Does our own user namespace know COUNT ids from FIRST on? The machine's
 * knows all of them, the one of a container only those of its map. */
static bool knows_ids(unsigned first, unsigned count)
{
    char buf[4096];
    unsigned inside, outside, length;
    int used;
    const char *p = slurp("/proc/self/uid_map", buf, sizeof buf);

    for (; sscanf(p, "%u %u %u%n", &inside, &outside, &length, &used) == 3; p += used)
        if (inside <= first && first - inside <= length &&
            length - (first - inside) >= count)
            return true;
    return false;
}

/* Real root: user 0 of the machine itself, not of some user namespace. */
static bool root_of_machine(void)
{
    return geteuid() == 0 && knows_ids(0, UINT_MAX);
}

/* The inode of a namespace of ours: its identity. 0 if there is none.
 * namespaces(7): two processes are in the same one if this is equal. */
static ino_t namespace_id(const char *name)
{
    char path[64];
    struct stat st;

    snprintf(path, sizeof path, "/proc/self/ns/%s", name);
    return stat(path, &st) == 0 ? st.st_ino : 0;
}

/* =====================================================================
 * 1. FIRST CONTAINER -- a child, its supervisor, and the command
 * =====================================================================
 * Problem   A program that starts another must answer for it: pass signals
 *           on, wait, give back its status, leave nothing behind.
 * Kernel    fork, wait, exec. PID 1 of a PID namespace ignores every signal
 *           that it has no handler for, and its end ends all the others.
 * Parent    the supervisor: stays outside, waits, passes signals on.
 * Child     clean_start(), then execve(2): the child *becomes* the command.
 * Order     PR_SET_PDEATHSIG after the change of user: that clears it.
 * See it    $ ./minicontainer run --explain -- true
 * Not this  a daemon. Docker's client asks dockerd, dockerd asks containerd,
 *           that starts runc, and runc does what this file does.
 * Read      lessons/01-first-container, pid_namespaces(7), prctl(2), signal(7)
 */

/* Signals that we pass on, and those that stop a job of a shell. */
static const int passed_on[] = { SIGTERM, SIGHUP,  SIGINT, SIGQUIT,
                                 SIGWINCH, SIGUSR1, SIGUSR2 };
static const int stopping[] = { SIGTSTP, SIGTTIN, SIGTTOU };
#define LENGTH(array) (sizeof (array) / sizeof *(array))

/* The set of all signals that a supervisor fetches with sigwaitinfo(2). They
 * are blocked before the clone, so that none is lost. */
static sigset_t watched_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (size_t i = 0; i < LENGTH(passed_on); i++)
        sigaddset(&set, passed_on[i]);
    for (size_t i = 0; i < LENGTH(stopping); i++)
        sigaddset(&set, stopping[i]);
    return set;
}

/* Is the other end of the life pipe closed? Only the parent holds it, so this
 * means that the parent is dead, however it died. */
static bool parent_is_gone(const struct container *c)
{
    struct pollfd p = { .fd = c->life[0] };

    return poll(&p, 1, 0) > 0;
}

/* Child: be killed when the parent dies. The kernel forgets the wish when we
 * change our user, so it is made after that. A parent that died *before* the
 * wish was made is found by its pipe: without this second look, some starts
 * that are killed at the wrong moment leave a live child. */
static void die_with_parent(const struct container *c, int signal)
{
    TRY(prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0));
    if (parent_is_gone(c))
        leave(OURS);
}

/* Would SIG be dropped by PROCESS? That happens to PID 1 of a PID namespace:
 * what it neither handles, nor blocks, nor ignores on purpose, is not even
 * delivered. NSpid lists its number in each namespace, ours first. */
static bool unheard(pid_t process, int sig)
{
    char pid[16], path[64], buf[8192];

    snprintf(pid, sizeof pid, "%d", process);
    snprintf(path, sizeof path, "/proc/%s/status", pid);
    const char *ns = strstr(slurp(path, buf, sizeof buf), "NSpid:\t");
    const char *end = ns ? strchr(ns, '\n') : NULL;
    if (!end || end[-1] != '1' || end[-2] != '\t' || end - ns < 10)
        return false;
    unsigned long long heard = status_bits(pid, "SigCgt:") |
                               status_bits(pid, "SigBlk:") |
                               status_bits(pid, "SigIgn:");
    return !(heard >> (sig - 1) & 1);
}

/* ^Z, or a read from a terminal that is another job's. PID 1 cannot be stopped
 * by these signals, only by SIGSTOP: so we stop it, then ourselves, and the
 * shell that started us sees a stopped job. `fg` wakes us, and we wake it. */
static void stop_together(pid_t child)
{
    kill(child, SIGSTOP);
    kill(getpid(), SIGSTOP);
    kill(child, SIGCONT);
}

/* Supervisor: one signal has come. A signal of the terminal (^C) goes to every
 * process in the foreground, so the command has it already: only a signal
 * that some process sent (si_code <= 0) is passed on, or it would come twice.
 * What PID 1 does not hear must not leave anybody stuck. */
static void pass_on(pid_t child, const siginfo_t *info)
{
    static bool warned;
    int sig = info->si_signo;
    bool deadly = sig == SIGTERM || sig == SIGHUP || sig == SIGINT || sig == SIGQUIT;

    for (size_t i = 0; i < LENGTH(stopping); i++)
        if (sig == stopping[i]) {
            stop_together(child);
            return;
        }
    if (info->si_code <= 0)
        kill(child, sig);
    if (!deadly || !unheard(child, sig))
        return;
    if (sig == SIGINT && info->si_code > 0 && !warned) {
        warned = true;
        note("PID 1 has no handler for SIG%s, so the kernel drops it (chapter 3); "
             "^C again ends the container", "INT");
        return;
    }
    note("PID 1 has no handler for signal %d (%s), so the kernel drops it "
         "(chapter 3); docker stop waits ten seconds and kills, we kill now",
         sig, strsignal(sig));
    kill(child, SIGKILL);
}

/* Wait for CHILD to end, and answer for it meanwhile. Returns the status that
 * we shall exit with: its own, or 128+n if signal n ended it. The signals of
 * watched_signals() must be blocked. Also the main loop of our own init, which
 * reaps every orphan that falls to it, and watches the life pipe. */
static int supervise(const struct container *c, pid_t child, bool is_init)
{
    sigset_t set = watched_signals();
    siginfo_t info;
    int status;

    for (;;) {
        for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
            if (pid == child)
                return WIFEXITED(status) ? WEXITSTATUS(status)
                                         : 128 + WTERMSIG(status);
        if (is_init && parent_is_gone(c))
            return OURS;
        if (sigwaitinfo(&set, &info) < 0 || info.si_signo == SIGCHLD)
            continue;
        if (!is_init)
            pass_on(child, &info);
        else if (info.si_code <= 0)
            kill(child, info.si_signo);
    }
}

/* The parent of process NAME, as /proc tells it; 0 if it is gone. The second
 * field of `stat` is a name in brackets, which may hold brackets itself. */
static pid_t parent_of(int proc_fd, const char *name)
{
    char path[300], buf[512];
    int parent = 0;

    snprintf(path, sizeof path, "%s/stat", name);
    int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, buf, sizeof buf - 1);
    close(fd);
    buf[n > 0 ? n : 0] = '\0';
    const char *close_bracket = strrchr(buf, ')');
    if (close_bracket)
        sscanf(close_bracket, ") %*c %d", &parent);
    return parent;
}

/* Kill every child of ours. Numbers in /proc mean something to us only if it
 * shows our own PID namespace: then it shows ourselves under our own number. */
static void kill_children(int proc_fd)
{
    char self[16] = "";
    int fd = openat(proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (readlinkat(proc_fd, "self", self, sizeof self - 1) < 0 ||
        atoi(self) != getpid())
        narrator.child = 0; /* we cannot tell who is who: kill nobody */
    else
        for (struct dirent *e; dir && (e = readdir(dir));)
            if (isdigit((unsigned char)e->d_name[0]) &&
                parent_of(proc_fd, e->d_name) == getpid())
                kill(atoi(e->d_name), SIGKILL);
    if (dir)
        closedir(dir);
}

/* Without a PID namespace nothing ends the rest when the command ends. We are
 * a subreaper: orphans below us become our children. So kill our children
 * until there are none. prctl(2), PR_SET_CHILD_SUBREAPER */
static void end_orphans(const struct container *c)
{
    do
        kill_children(c->proc_fd);
    while (waitpid(-1, NULL, 0) > 0);
}

/* The default of this program for everything that a parent hands down. */
static void clean_start(void)
{
    sigset_t none;

    say("a clean start: no signals, descriptors or rights of the caller's");
    sigemptyset(&none);
    for (int sig = 1; sig < NSIG; sig++)
        signal(sig, SIG_DFL); /* SIGKILL and SIGSTOP refuse: fine */
    TRY(sigprocmask(SIG_SETMASK, &none, NULL));
    umask(022);
    /* A keyring of our own: keys of the caller's session stay out of reach.
     * It may fail (no quota left, a filter): then there are no keys to have. */
    syscall(SYS_keyctl, JOIN_SESSION_KEYRING, NULL);
    /* From now on no setuid file gives more rights than we have. */
    SYS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    /* Any descriptor above 2 could lead out of the container. */
    if (syscall(SYS_close_range, 3, ~0U, 0) < 0)
        for (int fd = 3; fd < 65536; fd++) /* before Linux 5.9 */
            close(fd);
}

/* The environment: a fresh one. What the caller has in theirs (tokens, paths
 * of another tree) is not the container's business. */
static void fresh_environment(const struct container *c, const char *hostname)
{
    static const char *const kept[] = { "TERM=", "LANG=", "LC_", "NO_COLOR=" };
    char **old = environ, prompt[80];
    const char *home = getenv("HOME");

    home = on(c, ROOT) || !home ? "/root" : home;
    clearenv();
    for (; old && *old; old++)
        for (size_t i = 0; i < LENGTH(kept); i++)
            if (strncmp(*old, kept[i], strlen(kept[i])) == 0)
                putenv(*old);
    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:"
                   "/opt/minicontainer", 1);
    setenv("HOME", home, 1);
    setenv("HOSTNAME", hostname, 1);
    setenv("container", "minicontainer", 1);
    snprintf(prompt, sizeof prompt, "%s# ", hostname);
    setenv("PS1", prompt, 1);
    for (int i = 0; i < c->envs; i++)
        putenv(c->env[i]);
}

/* The program that the kernel needs in order to start PATH: what stands behind
 * #!, or the loader that a dynamic ELF file names (PT_INTERP). "" if none. */
static const char *interpreter(const char *path, char *out, size_t size)
{
    union { char text[4096]; Elf64_Ehdr elf; } head = { .text = "" };
    Elf64_Phdr program;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    out[0] = '\0';
    if (fd < 0)
        return out;
    if (read(fd, &head, sizeof head - 1) > 2 && strncmp(head.text, "#!", 2) == 0) {
        const char *name = head.text + 2 + strspn(head.text + 2, " \t");
        snprintf(out, size, "%.*s", (int)strcspn(name, " \t\n"), name);
    } else if (memcmp(head.text, ELFMAG, SELFMAG) == 0) {
        for (int i = 0; i < head.elf.e_phnum; i++) {
            off_t at = (off_t)(head.elf.e_phoff + (size_t)i * sizeof program);
            if (pread(fd, &program, sizeof program, at) == sizeof program &&
                program.p_type == PT_INTERP &&
                pread(fd, out, size - 1, (off_t)program.p_offset) > 0)
                out[size - 1] = '\0';
        }
    }
    close(fd);
    return out;
}

/* execve(2) failed: say why, as exactly as can be found out, and leave with
 * 127 (not found) or 126 (found, but not to be executed). */
__attribute__((noreturn))
static void explain_exec(const struct container *c, const char *path, int err)
{
    char missing[256], text[1024];
    const char *where = !on(c, ROOT) ? "this root"
                      : c->image     ? c->image : "the container's root";
    bool there = access(path, F_OK) == 0;

    if (err == ENOENT && there && *interpreter(path, missing, sizeof missing))
        snprintf(text, sizeof text, "%s is there, but %s, which must load it, is "
                 "missing in %s", path, missing, where);
    else if (err == ENOENT || err == ENOTDIR)
        snprintf(text, sizeof text, "%s: not found in %s", path, where);
    else if (err == ENOEXEC)
        snprintf(text, sizeof text, "%s: no program for this processor, and no "
                 "script that begins with #!", path);
    else
        snprintf(text, sizeof text, "%s: %s (%s), in %s", path, strerror(err),
                 errno_name(err), where);
    write_line("minicontainer: ", text);
    if (err == ENOENT && !there && !strchr(path, '/'))
        write_line("  try:    ", "the first word is the command; an image is a "
                   "directory: minicontainer run --image DIR -- COMMAND");
    _exit(err == ENOENT || err == ENOTDIR ? NOT_FOUND : NOT_EXECUTABLE);
}

/* Become the command: what execvp(3) does, written out so that we know which
 * path failed. Does not return. */
__attribute__((noreturn))
static void exec_command(const struct container *c, char **argv)
{
    const char *name = argv[0], *dirs = getenv("PATH");
    char path[PATH_MAX];
    int worst = ENOENT;

    if (strchr(name, '/')) {
        execve(name, argv, environ);
        explain_exec(c, name, errno);
    }
    for (size_t n; dirs && *dirs; dirs += n + (dirs[n] == ':')) {
        n = strcspn(dirs, ":");
        snprintf(path, sizeof path, "%.*s/%s", (int)n, dirs, name);
        tell("call", "execve(\"%s\", argv, environ)", path);
        execve(path, argv, environ);
        if (errno == ENOENT && access(path, F_OK) == 0)
            explain_exec(c, path, ENOENT);
        if (errno != ENOENT && errno != ENOTDIR)
            worst = errno;
    }
    explain_exec(c, name, worst);
}

/* Last step of every child: a clean start, then the command. */
__attribute__((noreturn))
static void start_command(struct container *c)
{
    static char *bash[] = { "bash", "--norc", NULL }, *sh[] = { "sh", NULL };
    char hostname[65] = "";

    if (c->instead)
        _exit(c->instead(c));
    if (c->output >= 0) {
        TRY(dup2(c->output, 1));
        TRY(dup2(c->output, 2));
    }
    clean_start();
    snprintf(hostname, sizeof hostname, "%s", c->hostname);
    fresh_environment(c, hostname);
    if (!c->argv)
        c->argv = access("/bin/bash", X_OK) == 0 ? bash : sh;
    exec_command(c, c->argv);
}

/* =====================================================================
 * 2. UTS -- a host name of its own                              --uts
 * =====================================================================
 * Problem   In a plain child, sethostname(2) renames the machine for all.
 * Kernel    A UTS namespace holds two names: the host's, and the NIS domain's.
 *           CLONE_NEWUTS makes a *copy* of them.
 * Parent    nothing.
 * Child     sethostname(2).
 * Order     after user: the right to rename comes from the user namespace.
 * See it    $ ./minicontainer compare uts -- hostname oops
 * Not this  /etc/hostname is a file, DNS is a service: no namespace touches
 *           them. The NIS domain name is not the one of DNS.
 * Read      lessons/02-uts, uts_namespaces(7), sethostname(2)
 */
static void enter_uts(struct container *c)
{
    say("the new UTS namespace has a copy of the names: we change the copy");
    SYSV(sethostname(c->hostname, strlen(c->hostname)), "\"%s\"", c->hostname);
}

static void look_uts(char *out, size_t size)
{
    char host[65] = "", domain[65] = "";

    gethostname(host, sizeof host - 1);
    if (getdomainname(domain, sizeof domain - 1) == 0 && domain[0] != '(' && *domain)
        snprintf(out, size, "%s, NIS domain %s", host, domain);
    else
        snprintf(out, size, "%s", host);
}

/* =====================================================================
 * 3. PID -- process numbers of its own                          --pid
 * =====================================================================
 * Problem   A plain child can name every process of the machine; what it can
 *           name and owns, it can end.
 * Kernel    Each PID namespace counts from 1. A process has one number in its
 *           own namespace, and one in each namespace around it.
 * Parent    CLONE_NEWPID in clone(2): a process cannot change its own number,
 *           so the namespace begins with a child.
 * Child     nothing: it is born as number 1.
 * Order     with clone(2), before any fork.
 * See it    $ ./minicontainer compare pid
 * Not this  /proc: it shows the namespace it was mounted for (chapter 5).
 * Read      lessons/03-pid, pid_namespaces(7)
 *
 * PID 1 is special. It gets orphans and must wait for them, it ignores every
 * signal that it has no handler for, and when it ends the kernel kills all
 * the others: that is why nothing of a container survives.
 */
static void enter_pid(struct container *c)
{
    say("nothing to do: clone(2) made us number 1; outside we are %d", c->pid);
}

static void look_pid(char *out, size_t size)
{
    char name[32];

    if (getpid() == 1) {
        snprintf(out, size, "I am 1");
        return;
    }
    slurp("/proc/1/comm", name, sizeof name);
    name[strcspn(name, "\n")] = '\0';
    snprintf(out, size, "I am %d, 1 is %s", getpid(), *name ? name : "?");
}

/* Our own init: PID 1 with --init and in the lab. And, where the PID
 * namespace is off, the guardian inside: a subreaper that ends every process
 * below it when the parent is gone. The command is its child. */
__attribute__((noreturn))
static void init_side(struct container *c)
{
    sigset_t watched = watched_signals();

    narrator.who = "init";
    TRY(sigprocmask(SIG_BLOCK, &watched, NULL));
    if (on(c, PID)) {
        rename_process(c->lab ? "lab" : "init", "init");
        die_with_parent(c, SIGKILL); /* and the kernel kills the others */
    } else {
        say("no PID namespace: an init that catches orphans takes its place");
        SYS(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
        /* SIGCHLD as the news of a dead parent: it only wakes supervise(),
         * and that looks at the pipe. */
        die_with_parent(c, SIGCHLD);
    }
    pid_t command = TRY(fork());
    if (command == 0) {
        narrator.who = "child";
        start_command(c);
    }
    int status = supervise(c, command, true);
    if (!on(c, PID))
        end_orphans(c);
    _exit(status);
}

/* =====================================================================
 * 4. MNT -- a table of mounts of its own                        --mnt
 * =====================================================================
 * Problem   A mount(2) in a plain child changes the file tree of everybody.
 * Kernel    A mount namespace is a table: which file system is attached where.
 *           CLONE_NEWNS copies the whole table. It was the first namespace
 *           (2002), so its flag is just "new namespace".
 * Parent    remembers which mount namespace is the machine's.
 * Child     makes sure that it has left that one, and cuts the ties of the
 *           copy: under systemd mounts are "shared", and travel back.
 * Order     before anything is mounted, and before we change our user: a path
 *           that only the caller may enter can still be opened now.
 * See it    $ ./minicontainer compare mnt
 * Not this  the files. Both tables point to the same file systems: what is
 *           written there is seen by all. That is root's work (chapter 6).
 * Read      lessons/04-mnt, mount_namespaces(7), mount(2), open_tree(2)
 */

/* Make the mount at PATH (below AT) read-only, or take setuid files and device
 * nodes from it. With AT_RECURSIVE in FLAGS also all the mounts below it:
 * the older MS_REMOUNT|MS_RDONLY reaches only the top one. mount_setattr(2) */
static void restrict_mount(int at, const char *path, unsigned flags, uint64_t set)
{
    /* struct mount_attr: what to set, what to clear, propagation, userns_fd */
    struct { uint64_t set, clear, propagation, userns_fd; } attr = { set, 0, 0, 0 };

    SYSV(syscall(SYS_mount_setattr, at, path, flags, &attr, sizeof attr), "%s%s",
         *path ? path : "the detached mount",
         set & MOUNT_ATTR_RDONLY ? ", read-only" : "");
}

/* Take directory or file PATH as a mount that is attached nowhere yet. */
static int take_mount(const char *path)
{
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;

    return SYSV(syscall(SYS_open_tree, AT_FDCWD, path, flags), "\"%s\"", path);
}

static void enter_mnt(struct container *c)
{
    /* The promise of this program: not one mount(2) in the machine's table. */
    if (!c->machine_mnt || namespace_id("mnt") == c->machine_mnt)
        refuse("still in the machine's mount namespace: nothing is mounted there");
    say("cut the copy's ties: no mount of ours may travel back");
    SYS(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    if (c->image)
        c->image_fd = take_mount(c->image);
    for (int i = 0; i < c->volumes; i++) {
        struct volume *v = &c->volume[i];
        uint64_t set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
        v->fd = take_mount(v->src);
        restrict_mount(v->fd, "", AT_EMPTY_PATH | AT_RECURSIVE,
                       v->read_only ? set | MOUNT_ATTR_RDONLY : set);
    }
    c->root_fd = TRY(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static void look_mnt(char *out, size_t size)
{
    char line[4096];
    int mounts = 0;
    FILE *f = fopen("/proc/self/mountinfo", "re");

    while (f && fgets(line, sizeof line, f))
        mounts += strchr(line, '\n') != NULL;
    if (f)
        fclose(f);
    snprintf(out, size, "%d mounts", mounts);
}

/* Walk down PATH (without its leading slash) from the root, one name at a
 * time, by descriptors. A symbolic link is never followed: a hostile image
 * could let it point out of itself, and swap it while we look. In our own
 * tmpfs what is missing is made; never in an image, which is the caller's.
 * Returns an O_PATH descriptor, or -1 with errno; ELOOP for a link. */
static int walk(const struct container *c, const char *path, bool want_dir)
{
    char names[PATH_MAX], *save;
    int at = fcntl(c->root_fd, F_DUPFD_CLOEXEC, 3);

    snprintf(names, sizeof names, "%s", path);
    for (char *next, *name = strtok_r(names, "/", &save); name && at >= 0; name = next) {
        struct stat st;
        next = strtok_r(NULL, "/", &save);
        if (fstat(at, &st) == 0 && st.st_dev == c->own_dev) {
            if (next || want_dir)
                mkdirat(at, name, 0755); /* EEXIST is as good */
            else
                mknodat(at, name, S_IFREG | 0644, 0);
        }
        int below = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (below >= 0 && fstat(below, &st) == 0 && S_ISLNK(st.st_mode)) {
            close(below);
            below = -1;
            errno = ELOOP;
        }
        int err = errno;
        close(at);
        errno = err;
        at = below;
    }
    return at;
}

/* Attach the volumes, after everything else that makes up the tree. */
static void attach_volumes(struct container *c)
{
    for (int i = 0; i < c->volumes; i++) {
        const struct volume *v = &c->volume[i];
        struct stat st;
        TRY(fstat(v->fd, &st));
        say("volume %s: the same files in two trees", v->dst);
        int to = walk(c, v->dst + 1, S_ISDIR(st.st_mode));
        if (to < 0 && errno == ELOOP)
            refuse("--volume: %s goes through a symbolic link\n"
                   "  try:    the path that the link leads to", v->dst);
        if (to < 0)
            refuse("--volume: there is no %s in this root (%s), and we make none in "
                   "what is not ours\n  try:    mkdir it first", v->dst, errno_name(errno));
        SYSV(syscall(SYS_move_mount, v->fd, "", to, "",
                     MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
             "%s on %s", v->src, v->dst);
        close(to);
    }
}

/* =====================================================================
 * 5. PROC -- a view of processes and devices of its own        --proc
 * =====================================================================
 * Problem   ps(1) reads /proc. In a new PID namespace the old /proc still
 *           shows the processes, and the numbers, of the world outside.
 * Kernel    A proc file system shows the PID namespace of who mounts it;
 *           sysfs shows the network namespace of who mounts it.
 * Parent    nothing.
 * Child     mounts a fresh /proc, and a fresh /sys (read-only) if the network
 *           is its own. Else /sys is the machine's, bound read-only.
 * Order     while the old /proc is still in sight: a user namespace may mount
 *           a new one only if it can see one that nothing masks. So after
 *           root has built the new tree, and before it lets the old one go.
 * See it    $ ./minicontainer compare proc
 * Not this  a namespace: there is no CLONE_NEWPROC. It is two mounts.
 * Read      lessons/05-proc, proc(5), sysfs(5)
 */

/* Stand in directory PATH of the new root, to mount on ".": so no path is
 * looked up twice. false, with a note, if this root has no such directory
 * (refused if row ROW was asked for by name). */
static bool stand_in(const struct container *c, const char *path, int row)
{
    int at = walk(c, path, true);
    bool named = c->named & BIT(row);

    if (at < 0 && errno == ELOOP)
        refuse("/%s of the image is a symbolic link: nothing is mounted there", path);
    if (at < 0 && named)
        refuse("the image has no directory /%s, which --%s needs", path, "proc");
    if (at < 0) {
        note("%s has no directory /%s: it is left out", c->image, path);
        return false;
    }
    TRY(fchdir(at));
    close(at);
    return true;
}

/* The machine's own /proc or /sys, for a root where the row proc is off. */
static void bind_machines(const struct container *c, const char *path)
{
    if (!stand_in(c, path + 1, ROWS))
        return;
    SYSV(mount(path, ".", NULL, MS_BIND | MS_REC, NULL), "%s on /%s", path, path + 1);
}

static void enter_proc(struct container *c)
{
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

    if (stand_in(c, "proc", PROC)) {
        say("a fresh /proc shows the PID namespace of the process that mounts it");
        SYS(mount("proc", ".", "proc", flags, NULL));
    }
    if (!stand_in(c, "sys", ROWS))
        return;
    if (!on(c, NET)) {
        say("the network is the machine's, so /sys stays the machine's too");
        SYS(mount("/sys", ".", NULL, MS_BIND | MS_REC, NULL));
        if (stand_in(c, "sys", ROWS)) /* what is mounted there now */
            restrict_mount(AT_FDCWD, ".", AT_RECURSIVE, MOUNT_ATTR_RDONLY);
        return;
    }
    say("a fresh /sys lists the network interfaces of our own namespace");
    SYS(mount("sysfs", ".", "sysfs", flags | MS_RDONLY, NULL));
}

static void look_proc(char *out, size_t size)
{
    int processes = 0;
    size_t n;
    DIR *dir = opendir("/proc");

    for (struct dirent *e; dir && (e = readdir(dir));)
        processes += isdigit((unsigned char)e->d_name[0]) != 0;
    if (dir)
        closedir(dir);
    n = (size_t)snprintf(out, size, "%d process%s,", processes, processes == 1 ? "" : "es");
    dir = opendir("/sys/class/net");
    for (struct dirent *e; dir && n < size && (e = readdir(dir));)
        if (e->d_name[0] != '.')
            n += (size_t)snprintf(out + n, size - n, " %s", e->d_name);
    if (dir)
        closedir(dir);
    else
        snprintf(out + n, size - n, " no /sys");
}

/* =====================================================================
 * 6. ROOT -- a file tree of its own                            --root
 * =====================================================================
 * Problem   With a mount table of its own, a process still sees every file.
 * Kernel    pivot_root(2) makes another mount the root of the namespace; the
 *           old root can then be detached, and no path leads there any more.
 * Parent    nothing.
 * Child     builds the new tree at /tmp (hidden by it, for us alone), then
 *           pivots into it. With --image the tree is that directory; without,
 *           a tmpfs with the machine's own /usr in it, read-only.
 * Order     after user (only a mapped user may make files), pivot last.
 * See it    $ ./minicontainer compare root
 * Not this  chroot(2): that changes where *this process* begins its paths,
 *           and root leaves it with chdir("..").
 * Read      lessons/06-root, pivot_root(2), tmpfs(5)
 */
#define NEW_ROOT "/tmp"

/* What a container needs of the machine so that its tools work. Never a file
 * with passwords, keys or secrets. What a machine does not have is left out. */
static const char *const brought[] = {
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix",
    "/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf",
    "/etc/ld.so.conf.d", "/etc/ssl/certs", "/etc/ssl/openssl.cnf",
    "/etc/ca-certificates", "/etc/pki/ca-trust", "/etc/pki/tls/certs",
    "/etc/terminfo", "/etc/services", "/etc/protocols", "/etc/localtime",
    "/etc/os-release", "/etc/debian_version",
};

/* Copy a file of the machine, contents only. Unreadable: left out. */
static void copy_file(const char *from, const char *to, mode_t mode)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);

    if (in < 0)
        return;
    int out = TRY(open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    while (sendfile(out, in, NULL, 1 << 20) > 0)
        continue;
    close(in);
    close(out);
}

/* Write a file of the new tree; the current directory is the new root. */
__attribute__((format(printf, 2, 3)))
static void make_file(const char *path, const char *fmt, ...)
{
    char text[2048];
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    int fd = TRY(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    TRY(write(fd, text, (size_t)n));
    close(fd);
}

/* Bring PATH of the machine into the new tree, under the same name: a link as
 * a link, a file as a copy, a directory as a read-only bind mount, with all
 * that is mounted below it. The current directory is the new root. */
static void bring(const char *path)
{
    const char *name = path + 1;
    char target[PATH_MAX];
    struct stat st;

    if (lstat(path, &st) < 0)
        return;
    if (S_ISLNK(st.st_mode)) {
        ssize_t n = TRY(readlink(path, target, sizeof target - 1));
        target[n] = '\0';
        TRY(symlink(target, name));
    } else if (S_ISDIR(st.st_mode)) {
        TRY(mkdir(name, 0755));
        SYSV(mount(path, name, NULL, MS_BIND | MS_REC, NULL), "%s", path);
        restrict_mount(AT_FDCWD, name, AT_RECURSIVE, MOUNT_ATTR_RDONLY);
    } else {
        copy_file(path, name, 0644);
    }
}

/* The default root: every program of the machine is there, and nothing of the
 * machine can be written. The current directory is the new root. */
static void build_default_root(const struct container *c)
{
    static const char *const made[] = {
        "etc", "etc/ssl", "etc/pki", "etc/pki/tls", "proc", "sys", "dev", "root",
        "home", "srv", "opt", "mnt", "run", "var", "var/log", "var/lib",
    };

    for (size_t i = 0; i < LENGTH(made); i++)
        TRY(mkdir(made[i], 0755));
    TRY(mkdir("tmp", 0777));
    TRY(chmod("tmp", 01777));
    TRY(mkdir("var/tmp", 0777));
    TRY(chmod("var/tmp", 01777));
    TRY(symlink("/run", "var/run"));
    say("the machine's own programs, read-only, with all that is mounted below");
    for (size_t i = 0; i < LENGTH(brought); i++)
        bring(brought[i]);
    copy_file("/etc/resolv.conf", "etc/resolv.conf", 0644);
    const char *shell = access("bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
    make_file("etc/passwd", "root:x:0:0:root:/root:%s\n"
              "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n", shell);
    make_file("etc/group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n");
    make_file("etc/hostname", "%s\n", c->hostname);
    make_file("etc/hosts", "127.0.0.1 localhost %s\n::1 localhost\n", c->hostname);
    make_file("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
}

/* Bind one device file of the machine into /dev: a user namespace must not
 * make device files (mknod(2) is EPERM), but may show those that exist. */
static void bind_device(const char *from, const char *name)
{
    int fd = TRY(open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));

    close(fd);
    SYSV(mount(from, name, NULL, MS_BIND, NULL), "%s", from);
}

/* A /dev with what every program expects, and no disk. */
static void build_dev(const struct container *c)
{
    static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full",
                                           "/dev/random", "/dev/urandom", "/dev/tty" };
    static const char *const links[][2] = {
        { "/proc/self/fd", "fd" },         { "/proc/self/fd/0", "stdin" },
        { "/proc/self/fd/1", "stdout" },   { "/proc/self/fd/2", "stderr" },
        { "pts/ptmx", "ptmx" },
    };
    const char *terminal = ttyname(0);

    if (!stand_in(c, "dev", ROWS))
        return;
    say("a /dev with harmless devices and no disk");
    SYS(mount("dev", ".", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64m"));
    stand_in(c, "dev", ROWS); /* in the tmpfs now, no longer below it */
    for (size_t i = 0; i < LENGTH(devices); i++)
        bind_device(devices[i], devices[i] + strlen("/dev/"));
    for (size_t i = 0; i < LENGTH(links); i++)
        TRY(symlink(links[i][0], links[i][1]));
    TRY(mkdir("shm", 01777));
    TRY(chmod("shm", 01777));
    TRY(mkdir("pts", 0755));
    SYS(mount("devpts", "pts", "devpts", MS_NOSUID | MS_NOEXEC,
              "newinstance,ptmxmode=0666,mode=0620"));
    /* The terminal we came from is not in the new devpts: show it here, and
     * tty(1) and job control find it. */
    if (terminal && access(terminal, F_OK) == 0)
        bind_device(terminal, "console");
    if (on(c, IPC)) {
        TRY(mkdir("mqueue", 0755));
        SYS(mount("mqueue", "mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
    }
}

static void enter_root(struct container *c)
{
    struct stat st;

    say("the new tree is built at " NEW_ROOT ", where nobody else sees it");
    if (c->image)
        SYSV(syscall(SYS_move_mount, c->image_fd, "", AT_FDCWD, NEW_ROOT,
                     MOVE_MOUNT_F_EMPTY_PATH), "%s on " NEW_ROOT, c->image);
    else
        SYS(mount("minicontainer", NEW_ROOT, "tmpfs", MS_NOSUID | MS_NODEV,
                  "mode=755,size=512m"));
    c->root_fd = TRY(open(NEW_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC));
    TRY(fchdir(c->root_fd));
    if (!c->image) {
        TRY(fstat(c->root_fd, &st));
        c->own_dev = st.st_dev;
        build_default_root(c);
    } else if (c->read_only) {
        restrict_mount(c->root_fd, "", AT_EMPTY_PATH | AT_RECURSIVE, MOUNT_ATTR_RDONLY);
    }
    build_dev(c);
    if (!on(c, PROC)) {
        bind_machines(c, "/proc");
        bind_machines(c, "/sys");
    }
}

/* The last step: the old tree goes. pivot_root(".", ".") puts the old root on
 * top of the new one; what "." then names is the old one, and is detached. */
static void pivot(struct container *c)
{
    say("the new tree becomes /, and the old one goes out of reach");
    TRY(fchdir(c->root_fd));
    SYS(syscall(SYS_pivot_root, ".", "."));
    SYS(umount2(".", MNT_DETACH));
    SYS(chdir("/"));
    if (c->read_only && !c->image)
        restrict_mount(AT_FDCWD, "/", 0, MOUNT_ATTR_RDONLY);
}

/* --image without a mount namespace: all that is left is chroot(2). */
static void enter_chroot(struct container *c)
{
    say("chroot(2) only moves where our paths begin: root walks out of it");
    TRY(fchdir(c->image_fd));
    SYS(chroot("."));
    note("--image without mnt is chroot(2): it keeps nobody in who is root "
         "(lesson 06)");
}

/* The kind of file system that / is, and how many names it holds. */
static void look_root(char *out, size_t size)
{
    char line[4096], type[64] = "?", source[64] = "";
    int names = 0;
    FILE *f = fopen("/proc/self/mountinfo", "re");
    DIR *dir = opendir("/");

    /* mountinfo: id parent dev root MOUNT-POINT options - TYPE SOURCE */
    while (f && fgets(line, sizeof line, f)) {
        const char *dash = strstr(line, " - ");
        char at[8] = "";
        if (sscanf(line, "%*s %*s %*s %*s %7s", at) == 1 && strcmp(at, "/") == 0 && dash)
            sscanf(dash, " - %63s %63s", type, source);
    }
    for (struct dirent *e; dir && (e = readdir(dir));)
        names += e->d_name[0] != '.';
    if (dir)
        closedir(dir);
    if (f)
        fclose(f);
    snprintf(out, size, "%s %s, %d names", type, source, names);
}

/* =====================================================================
 * 7. USER -- user numbers of its own                           --user
 * =====================================================================
 * Problem   All that is privileged needs root, and root may do everything.
 * Kernel    A user namespace maps user numbers: 0 inside can be 1000 outside.
 *           Its first process has every capability, but only over what
 *           belongs to that namespace: root of nothing else.
 * Parent    writes the maps. From outside, because a process may give itself
 *           no more than one number: its own.
 * Child     waits until that is done, then becomes user 0.
 * Order     clone(2) makes it before all others, so that they belong to it;
 *           before the map is written nobody in it can make a file.
 * See it    $ ./minicontainer run --only user -- id
 * Not this  a password, a login, /etc/passwd: names are a matter of files.
 * Read      lessons/07-user, user_namespaces(7), credentials(7)
 *
 * If real root started us, 0 inside is not 0 outside: it is the first of a
 * range that nobody owns (systemd sets 524288 and up aside for containers).
 */
#define RANGE_FIRST 524288u
#define RANGE_COUNT 65536u

/* Fill in the map, if --map did not. */
static void default_map(struct container *c)
{
    if (c->maps > 0)
        return;
    c->maps = 1;
    if (geteuid() == 0 && has_cap(CAP_SETUID_BIT) && knows_ids(RANGE_FIRST, RANGE_COUNT))
        c->map[0] = (struct map){ 0, RANGE_FIRST, RANGE_COUNT };
    else /* an ordinary user, or root of a lab: only ourselves */
        c->map[0] = (struct map){ 0, geteuid(), 1 };
}

/* An ordinary user may write a map of just one number, their own. For more
 * there are newuidmap(1) and newgidmap(1), setuid programs that look into
 * /etc/subuid and /etc/subgid: the one case where we run another program. */
static void write_map_by_helper(const char *helper, pid_t pid, char *lines)
{
    char *argv[3 + 3 * 8] = { (char *)helper }, number[16];
    int n = 1, status;

    snprintf(number, sizeof number, "%d", pid);
    argv[n++] = number;
    tell("shell", "%s %d %s", helper, pid, lines);
    for (char *save, *w = strtok_r(lines, " \n", &save); w; w = strtok_r(NULL, " \n", &save))
        argv[n++] = w;
    pid_t child = TRY(fork());
    if (child == 0) {
        execvp(helper, argv);
        _exit(NOT_FOUND);
    }
    TRY(waitpid(child, &status, 0));
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND)
        refuse("%s is missing: without it an ordinary user maps only their own id\n"
               "  cure:   sudo apt-get install uidmap", helper);
    if (status != 0)
        refuse("%s refused this --map: see /etc/sub%.3s\n  cure:   sudo usermod "
               "--add-subuids 100000-165535 --add-subgids 100000-165535 $USER",
               helper, helper + strlen("new"));
}

/* Parent: write uid_map or gid_map of the child. Our own number stands for
 * whatever we are: for groups, outside number geteuid() means getegid(). */
static void write_map(const struct container *c, pid_t pid, const char *which)
{
    bool groups = strcmp(which, "gid_map") == 0;
    unsigned self = groups ? getegid() : geteuid();
    bool just_us = c->maps == 1 && c->map[0].count == 1 && c->map[0].outside == geteuid();
    char path[64], lines[8 * 36] = "";
    size_t n = 0;

    for (int i = 0; i < c->maps; i++) {
        const struct map *m = &c->map[i];
        bool own = m->outside == geteuid() && m->count == 1;
        n += (size_t)snprintf(lines + n, sizeof lines - n, "%s%u %u %u", i ? "\n" : "",
                              m->inside, own ? self : m->outside, m->count);
    }
    if (!just_us && !has_cap(groups ? CAP_SETGID_BIT : CAP_SETUID_BIT)) {
        write_map_by_helper(groups ? "newgidmap" : "newuidmap", pid, lines);
        return;
    }
    snprintf(path, sizeof path, "/proc/%d/%s", pid, which);
    put(path, "%s", lines);
}

static void map_user(struct container *c)
{
    bool just_us = c->maps == 1 && c->map[0].count == 1;
    char path[64];

    say("who is 0 inside? The map says which numbers outside stand behind it");
    if (!has_cap(CAP_SETGID_BIT) && just_us) {
        /* Dropping a group can give access (a file closed to that group), so
         * who is not privileged must first give up setgroups(2). */
        snprintf(path, sizeof path, "/proc/%d/setgroups", c->pid);
        put(path, "deny");
    }
    write_map(c, c->pid, "uid_map");
    write_map(c, c->pid, "gid_map");
}

static void become_root(struct container *c)
{
    (void)c;
    say("the parent has written the map: we become user 0 of our namespace");
    setgroups(0, NULL); /* EPERM where it is denied: then there is no need */
    SYS(setresgid(0, 0, 0));
    SYS(setresuid(0, 0, 0));
}

static void look_user(char *out, size_t size)
{
    char buf[1024];
    unsigned inside = 0, outside = 0, count = 0;
    int used = 0;

    if (sscanf(slurp("/proc/self/uid_map", buf, sizeof buf), "%u %u %u%n", &inside,
               &outside, &count, &used) < 3)
        snprintf(out, size, "uid %u", geteuid());
    else if (count == UINT_MAX)
        snprintf(out, size, "uid %u, no map", geteuid());
    else
        snprintf(out, size, "uid %u, map %u %u %u%s", geteuid(), inside, outside,
                 count, strchr(buf + used + 1, '\n') ? " ..." : "");
}

/* =====================================================================
 * 8. IPC -- message queues and shared memory of its own         --ipc
 * =====================================================================
 * Problem   System V queues, semaphores and shared memory, and POSIX message
 *           queues, belong to no file and no process: all see them.
 * Kernel    An IPC namespace has its own set of them. CLONE_NEWIPC makes an
 *           empty one; its objects die with its last process.
 * Parent    nothing.
 * Child     nothing but a mount on /dev/mqueue, where root (6) builds /dev.
 * Order     none.
 * See it    $ ./minicontainer compare ipc -- ipcs -q
 * Not this  /dev/shm is a file system: that is mnt's. Pipes and sockets are
 *           not here either.
 * Read      lessons/08-ipc, ipc_namespaces(7), sysvipc(7)
 */
static void enter_ipc(struct container *c)
{
    (void)c;
    say("nothing to do: clone(2) made a namespace without any IPC object");
}

/* The lines of /proc/sysvipc/NAME, less its heading: one an object. */
static int ipc_objects(const char *name)
{
    char path[64], line[512];
    int lines = -1;

    snprintf(path, sizeof path, "/proc/sysvipc/%s", name);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f))
        lines++;
    if (f)
        fclose(f);
    return lines < 0 ? 0 : lines;
}

static void look_ipc(char *out, size_t size)
{
    snprintf(out, size, "queues %d, shm %d, sem %d", ipc_objects("msg"),
             ipc_objects("shm"), ipc_objects("sem"));
}

/* =====================================================================
 * 9. NET -- a network of its own                                --net
 * =====================================================================
 * Problem   Two servers want port 8000. One gets it.
 * Kernel    A network namespace has its own interfaces, addresses, routes,
 *           ports, firewall and abstract sockets. CLONE_NEWNET makes one with
 *           nothing but `lo`, and that is down.
 * Parent    nothing.
 * Child     sets `lo` up, which gives it 127.0.0.1. There is no way out: that
 *           takes a second interface with its other end outside.
 * Order     after user: the right to do it comes from there.
 * See it    $ ./minicontainer compare net
 * Not this  sockets with a path, like /run/docker.sock: they are files.
 * Read      lessons/09-net, network_namespaces(7), netdevice(7)
 *
 * It is the dearest of all: two thirds of the time that a container takes to
 * start are spent by the kernel in making this one.
 */
static void enter_net(struct container *c)
{
    struct ifreq request = { .ifr_name = "lo" };
    int fd = TRY(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

    (void)c;
    say("a new network has only lo, and it is down: set it up");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    SYSV(ioctl(fd, SIOCSIFFLAGS, &request), "ip link set lo up");
    close(fd);
    /* ping(1) without privilege: the group that may, in this namespace. */
    put_if_allowed("/proc/sys/net/ipv4/ping_group_range", "0 0");
}

/* Interfaces and IPv4 addresses, and what is missing. */
static void look_net(char *out, size_t size)
{
    struct ifaddrs *list = NULL;
    char address[INET_ADDRSTRLEN], routes[8192];
    size_t n = 0;

    out[0] = '\0';
    if (getifaddrs(&list) < 0)
        return;
    for (struct ifaddrs *i = list; i && n < size; i = i->ifa_next) {
        bool ip = i->ifa_addr && i->ifa_addr->sa_family == AF_INET;
        bool link = i->ifa_addr && i->ifa_addr->sa_family == AF_PACKET;
        if (ip) {
            struct sockaddr_in in;
            memcpy(&in, i->ifa_addr, sizeof in);
            inet_ntop(AF_INET, &in.sin_addr, address, sizeof address);
            n += (size_t)snprintf(out + n, size - n, "%s %s, ", i->ifa_name, address);
        } else if (link && !(i->ifa_flags & IFF_UP)) {
            n += (size_t)snprintf(out + n, size - n, "%s down, ", i->ifa_name);
        }
    }
    freeifaddrs(list);
    /* A route to 00000000 is the default route: the way out. */
    slurp("/proc/self/net/route", routes, sizeof routes);
    if (n < size)
        snprintf(out + n, size - n, "%s",
                 strstr(routes, "\t00000000\t") ? "a way out" : "no way out");
}

/* =====================================================================
 * 10. CGROUP -- a view of the cgroup tree of its own         --cgroup
 * =====================================================================
 * Problem   /proc/self/cgroup tells where in the machine's tree of control
 *           groups a process stands: names of services, users, containers.
 * Kernel    A cgroup namespace makes the group we stand in the root of the
 *           view: the path becomes "/".
 * Parent    CLONE_NEWCGROUP in clone(2) takes the place where the parent is.
 * Child     mounts the tree as it sees it on /sys/fs/cgroup, read-only.
 * Order     after the process is in the group that shall be its root.
 * See it    $ ./minicontainer compare cgroup
 * Not this  a limit: the namespace hides a path, and holds nothing back. And
 *           a mount made before still shows the old tree, with "/../..".
 * Read      lessons/10-cgroup, cgroup_namespaces(7), cgroups(7)
 */
static void enter_cgroup(struct container *c)
{
    (void)c;
    say("nothing to do: where the parent stood is now the root, /");
}

/* Mount what we see of the cgroup tree where programs look for it. A machine
 * without cgroup v2 has none to mount: no harm. */
static void mount_cgroup(struct container *c)
{
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;

    int at = on(c, PROC) && on(c, NET) ? walk(c, "sys/fs/cgroup", true) : -1;
    if (at < 0)
        return;
    TRY(fchdir(at));
    close(at);
    int result = mount("cgroup2", ".", "cgroup2", flags, NULL);
    tell("call", "mount(\"cgroup2\", \".\", \"cgroup2\", flags, NULL) = %d", result);
}

static void look_cgroup(char *out, size_t size)
{
    char buf[4096];
    /* The last line is the one of v2, or the only one: hierarchy:names:path */
    char *line = slurp("/proc/self/cgroup", buf, sizeof buf), *last;

    while ((last = strchr(line, '\n')) && last[1])
        line = last + 1;
    line[strcspn(line, "\n")] = '\0';
    const char *path = strchr(line, ':');
    path = path ? strchr(path + 1, ':') : NULL;
    snprintf(out, size, "%s", path ? path + 1 : "none");
}

/* =====================================================================
 * 11. TIME -- clocks of its own                                --time
 * =====================================================================
 * Problem   uptime(1) tells a container how long the machine has been up.
 * Kernel    A time namespace adds an offset to the clocks that count from the
 *           boot (CLOCK_MONOTONIC, CLOCK_BOOTTIME).
 * Parent    nothing: clone(2) takes the flag's number for a signal's.
 * Child     unshare(2), writes the offsets, then enters the new namespace,
 *           which otherwise only its children would be in.
 * Order     first of all: the offsets are frozen by the first process, and
 *           only the user who made the namespace may write the file.
 * See it    $ ./minicontainer compare time -- uptime -p
 * Not this  the date: CLOCK_REALTIME is one for the whole machine.
 * Read      lessons/11-time, time_namespaces(7)
 */

/* The offset that a clock has already: offsets count from the machine's own
 * clock, also in a lab in a lab. */
static long long offset_now(const char *clock_name)
{
    char buf[256];
    const char *at = strstr(slurp("/proc/self/timens_offsets", buf, sizeof buf), clock_name);

    return at ? atoll(at + strlen(clock_name)) : 0;
}

static void enter_time(struct container *c)
{
    struct timespec boot, mono;
    long long age = c->boottime ? atoll(c->boottime) : 0;

    say("a time namespace is for our children: make it, set it, then enter it");
    TRY(clock_gettime(CLOCK_BOOTTIME, &boot));
    TRY(clock_gettime(CLOCK_MONOTONIC, &mono));
    SYS(unshare(CLONE_NEWTIME));
    put("/proc/self/timens_offsets", "monotonic %lld 0\nboottime %lld 0",
        offset_now("monotonic") + age - (long long)mono.tv_sec,
        offset_now("boottime") + age - (long long)boot.tv_sec);
    int fd = TRY(open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC));
    SYS(setns(fd, CLONE_NEWTIME));
    close(fd);
}

static void look_time(char *out, size_t size)
{
    struct timespec t = { 0, 0 };

    clock_gettime(CLOCK_BOOTTIME, &t);
    long s = (long)t.tv_sec;
    snprintf(out, size, "up %ld d %02ld:%02ld:%02ld", s / 86400, s / 3600 % 24,
             s / 60 % 60, s % 60);
}

/* =====================================================================
 * THE TABLE -- one row for each isolation, in the order of execution
 * =====================================================================
 * Everything reads it: the options, the help, the clone flags, the hooks of
 * parent and child, the proofs, look, compare, isolations, and the tests.
 * To add an isolation: a chapter with its banner, a row, a lesson, a test.
 *
 * The order is the kernel's. time first (its file wants the caller's own
 * user); mnt before user (paths only the caller may enter); user before all
 * that makes files or needs a right; root before proc (the new tree must be
 * there); `finish` runs after all rows, and root's finish is the pivot.
 */
static const struct isolation {
    const char *name;       /* --NAME, --no-NAME                              */
    int chapter;            /* also of the lesson and of the test             */
    int flag;               /* of clone(2); 0: made by mounts                 */
    const char *flag_name;
    unsigned needs;         /* rows that it cannot be without                 */
    const char *what;       /* what it isolates                               */
    const char *docker;     /* Docker's words for leaving it out              */
    const char *shell;      /* what does the same in a shell                  */
    const char *peek;       /* worth a look in a second window; %d is the PID */
    const char *probe;      /* what `compare ROW` runs by default             */
    void (*parent)(struct container *);
    void (*child)(struct container *);
    void (*finish)(struct container *);
    void (*look)(char *out, size_t size);
} isolations[ROWS] = {
    [TIME] = { "time", 11, CLONE_NEWTIME, "CLONE_NEWTIME", 0,
        "the clocks that count from the boot", "-", "unshare --time --boottime -N",
        "cat /proc/%d/timens_offsets", "cat /proc/uptime; date +%F",
        NULL, enter_time, NULL, look_time },
    [MNT] = { "mnt", 4, CLONE_NEWNS, "CLONE_NEWNS", 0,
        "the mount table", "-", "unshare --mount --propagation private",
        "wc -l /proc/%d/mountinfo", "mount -t tmpfs none /mnt && grep /mnt /proc/mounts",
        NULL, enter_mnt, attach_volumes, look_mnt },
    [USER] = { "user", 7, CLONE_NEWUSER, "CLONE_NEWUSER", 0,
        "user and group numbers, what root is root of", "--userns=host",
        "unshare --user --map-root-user", "cat /proc/%d/uid_map",
        "id -u; hostname oops", map_user, become_root, NULL, look_user },
    [UTS] = { "uts", 2, CLONE_NEWUTS, "CLONE_NEWUTS", 0,
        "host name and NIS domain name", "--uts=host", "unshare --uts",
        "hostname", "hostname oops; hostname", NULL, enter_uts, NULL, look_uts },
    [IPC] = { "ipc", 8, CLONE_NEWIPC, "CLONE_NEWIPC", 0,
        "System V objects, POSIX message queues", "--ipc=host", "unshare --ipc",
        "ls -l /proc/%d/ns/ipc", "ipcrm --all=msg; ipcs -q",
        NULL, enter_ipc, NULL, look_ipc },
    [NET] = { "net", 9, CLONE_NEWNET, "CLONE_NEWNET", 0,
        "interfaces, addresses, ports, abstract sockets", "--network=host", "unshare --net",
        "cat /proc/%d/net/dev", "ip addr add 10.0.0.7/8 dev lo; ip -br addr",
        NULL, enter_net, NULL, look_net },
    [CGROUP] = { "cgroup", 10, CLONE_NEWCGROUP, "CLONE_NEWCGROUP", 0,
        "the view of the cgroup tree", "--cgroupns=host", "unshare --cgroup",
        "cat /proc/%d/cgroup", "tail -n 1 /proc/self/cgroup",
        NULL, enter_cgroup, mount_cgroup, look_cgroup },
    [PID] = { "pid", 3, CLONE_NEWPID, "CLONE_NEWPID", 0,
        "process numbers", "--pid=host", "unshare --pid --fork",
        "grep NSpid /proc/%d/status", "echo I am $$; kill $(cat /run/victim.pid)",
        NULL, enter_pid, NULL, look_pid },
    [ROOT] = { "root", 6, 0, "-", BIT(MNT),
        "the file tree", "-", "pivot_root . . && umount -l .",
        "ls -l /proc/%d/root", "cat /root/diary",
        NULL, enter_root, pivot, look_root },
    [PROC] = { "proc", 5, 0, "-", BIT(MNT),
        "the view of processes in /proc, of devices in /sys", "-", "mount -t proc proc /proc",
        "ls /proc/%d/root/proc", "ls -d /proc/[0-9]* | wc -l",
        NULL, enter_proc, NULL, look_proc },
};

/* The rows in teaching order, by chapter. */
static const int by_chapter[ROWS] = { UTS, PID, MNT, PROC, ROOT,
                                      USER, IPC, NET, CGROUP, TIME };

/* What ROW needs, given that the rows of SET are on. A user namespace may
 * mount /proc only for a PID namespace that belongs to it. */
static unsigned partners(int row, unsigned set)
{
    if (row == PROC && set & BIT(USER))
        return isolations[row].needs | BIT(PID);
    return isolations[row].needs;
}

/* "uts,pid,mnt": the rows of SET. */
static const char *list_rows(unsigned set, char *out, size_t size)
{
    size_t n = 0;

    snprintf(out, size, "none");
    for (int i = 0; i < ROWS; i++)
        if (set & BIT(by_chapter[i]) && n < size)
            n += (size_t)snprintf(out + n, size - n, "%s%s", n ? "," : "",
                                  isolations[by_chapter[i]].name);
    return out;
}

/* The clone flags of the rows that are on; their names go to OUT. A time
 * namespace cannot be made by clone(2). */
static unsigned long clone_flags(const struct container *c, char *out, size_t size)
{
    unsigned long flags = 0;
    size_t n = 0;

    out[0] = '\0';
    for (int row = 0; row < ROWS; row++)
        if (on(c, row) && isolations[row].flag && row != TIME) {
            flags |= (unsigned long)isolations[row].flag;
            n += (size_t)snprintf(out + n, size - n, "%s|", isolations[row].flag_name);
        }
    snprintf(out + n, size - n, "SIGCHLD");
    return flags;
}

/* =====================================================================
 * THE LAB -- a practice host
 * =====================================================================
 * Showing what leaks without an isolation means letting it leak onto a
 * machine. So there is one to break: a container like any other, furnished so
 * that every wall has something to protect. `exit` resets it. It differs from
 * `run` only in its preset (see cmd_lab) and in what furnish() puts there.
 */

/* A second address on lo, so that the lab's network differs from a new one. */
static void add_address(void)
{
    struct ifreq request = { .ifr_name = "lo:0" };
    struct sockaddr_in address = { .sin_family = AF_INET };
    int fd = TRY(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

    inet_pton(AF_INET, "10.0.0.1", &address.sin_addr);
    memcpy(&request.ifr_addr, &address, sizeof address);
    TRY(ioctl(fd, SIOCSIFADDR, &request));
    close(fd);
}

/* A process named victim: it may be killed, and it holds an abstract socket
 * (a name without a file; unix(7)), which belongs to the network. */
static void start_victim(void)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0victim" };
    sigset_t none;
    pid_t pid = TRY(fork());

    if (pid != 0) {
        make_file("/run/victim.pid", "%d\n", pid);
        return;
    }
    setsid(); /* ^C in the lab is not meant for it */
    rename_process("victim", "victim");
    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&name, (socklen_t)(sizeof name.sun_family + 7)) == 0)
        listen(fd, 8);
    for (;;)
        pause();
}

/* The program and its source, for the learner to break: copies. The program
 * comes through /proc/self/exe, which leads to our file wherever it lies. */
static void bring_program(void)
{
    TRY(mkdir("/opt/minicontainer", 0755));
    copy_file("/proc/self/exe", "/opt/minicontainer/minicontainer", 0755);
    int fd = TRY(open("/root/minicontainer.c", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    TRY(write(fd, own_source, (size_t)(own_source_end - own_source)));
    close(fd);
}

static void furnish(const struct container *c)
{
    struct { long type; char text[40]; } message = { 1, "meet me at noon" };

    say("the practice host gets something for every wall to protect");
    put_if_allowed("/proc/sys/kernel/ns_last_pid", "1000");
    make_file("/root/diary", "Dear diary, nobody else shall read this.\n");
    bring_program();
    start_victim();
    add_address();
    int queue = msgget(0x0d1a21, IPC_CREAT | 0600);
    if (queue >= 0)
        msgsnd(queue, &message, sizeof message.text, IPC_NOWAIT);
    if (!c->argv && isatty(2))
        dprintf(2, "minicontainer: a practice host: you are root in it, break what "
                "you like; `exit` resets it\n");
}

/* A container that nothing is said about yet. */
static void preset(struct container *c)
{
    memset(c, 0, sizeof *c);
    c->output = c->report = -1;
}

/* The lab: a container with all rows but cgroup (lesson 10 needs a before),
 * an init, and the learner's lessons where the program has them beside it. */
static void preset_lab(struct container *c)
{
    static char lessons[PATH_MAX];
    static struct volume volume = { .src = lessons, .dst = "/root/lessons", .read_only = true };

    preset(c);
    c->rows = ALL_ROWS & ~BIT(CGROUP);
    c->lab = c->init = true;
    c->hostname = "lab";
    c->workdir = "/root";
    ssize_t n = readlink("/proc/self/exe", lessons, sizeof lessons - 16);
    char *slash = n > 0 ? strrchr(lessons, '/') : NULL;
    if (slash)
        snprintf(slash, 16, "/lessons");
    if (slash && access(lessons, R_OK) == 0) {
        c->volume = &volume;
        c->volumes = 1;
    }
}

/* =====================================================================
 * THE DANCE -- parent_side() and child_side()
 * =====================================================================
 *
 *    parent (the supervisor, outside)         child (becomes the command)
 *
 *  1 block signals, make the life pipe
 *  2 clone(2), with a flag for each row ----> exists, in its namespaces
 *  3 rows' parent hooks: the user map         waits in read(2)
 *  4 start a guardian, where one is needed
 *  5 write its PID to the pipe: go ---------> reads it; end of file: gives up
 *  6 supervise(): wait, pass signals on       rows' child hooks, in order
 *  7                                          rows' finish hooks: the pivot
 *  8                                          die_with_parent()
 *  9                                          clean start, execve(2)
 * 10 the status; terminal given back <------- ends
 *
 * The go is a message and not the end of the file: if the parent dies at any
 * moment, the pipe ends too, and that must mean "give up".
 */

/* Child. Runs in the new namespaces, as user 65534 ("nobody I know") until
 * the row user makes it 0. Never returns. */
__attribute__((noreturn))
static void child_side(struct container *c)
{
    char text[256];

    close(c->life[1]); /* the parent's end: if we kept it, it would never end */
    narrator.who = "child";
    narrator.child = 0;
    if (read(c->life[0], &c->pid, sizeof c->pid) != sizeof c->pid)
        _exit(OURS);
    narrator.pid = c->pid;
    die_with_parent(c, SIGKILL);
    if (c->image && !on(c, MNT))
        c->image_fd = TRY(open(c->image, O_PATH | O_DIRECTORY | O_CLOEXEC));

    for (int row = 0; row < ROWS; row++)
        if (on(c, row)) {
            narrator.peek = isolations[row].peek;
            isolations[row].child(c);
            tell("shell", "%s", isolations[row].shell);
            isolations[row].look(text, sizeof text);
            tell("now", "%s: %s", isolations[row].name, text);
        }
    for (int row = 0; row < ROWS; row++)
        if (on(c, row) && isolations[row].finish)
            isolations[row].finish(c);
    if (c->image && !on(c, MNT))
        enter_chroot(c);
    if (c->workdir && chdir(c->workdir) < 0)
        refuse("--workdir: %s: %s", c->workdir, strerror(errno));
    if (c->workdir && !getcwd(text, sizeof text) && errno == ENOENT)
        refuse("--workdir: %s lies outside this root", c->workdir);
    /* What leads out of the container is not kept in an init of ours. */
    close(c->root_fd);
    close(c->image_fd);
    if (on(c, PID))
        close(c->proc_fd);
    if (c->lab)
        furnish(c);
    if (c->init || !on(c, PID))
        init_side(c);
    die_with_parent(c, SIGKILL); /* again: see become_root() */
    start_command(c);
}

/* May the command change its user, and so lose the wish to die with us? Then
 * somebody outside must watch: a process that waits for the end of the life
 * pipe, and kills PID 1 by its descriptor (a number could be another's by
 * then). Returns the guardian's PID, or 0 where none is needed. */
static pid_t start_guardian(const struct container *c, int pidfd)
{
    struct pollfd end = { .fd = c->life[0] };
    bool one_id = on(c, USER) && c->maps == 1 && c->map[0].count == 1;
    sigset_t all;

    if (!on(c, PID) || c->init || one_id || (!on(c, USER) && geteuid() != 0))
        return 0;
    say("the command may change its user: a guardian shall outlive us");
    pid_t guardian = SYS(fork());
    if (guardian != 0)
        return guardian;
    rename_process("guardian", "guardian");
    close(c->life[1]);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    while (poll(&end, 1, -1) < 0)
        continue;
    syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
    _exit(0);
}

/* The terminal as it was before. Given back at the end: a shell inside may
 * have made itself the foreground job, or turned echo off, and be killed. */
struct terminal { bool there; struct termios modes; };

static void give_terminal_back(const struct terminal *was)
{
    pid_t front = tcgetpgrp(0);

    if (!was->there)
        return;
    /* Only from a job that is no more: not from the shell that put us into
     * the background. */
    if (front > 0 && front != getpgrp() && kill(-front, 0) < 0 && errno == ESRCH)
        tcsetpgrp(0, getpgrp());
    if (tcgetpgrp(0) == getpgrp())
        tcsetattr(0, TCSADRAIN, &was->modes);
}

/* Parent: start the container, wait for its end. Returns the exit status. */
static int parent_side(struct container *c)
{
    struct terminal was = { .there = tcgetpgrp(0) == getpgrp() };
    sigset_t watched = watched_signals(), before;
    char names[256];
    int pidfd = -1;

    was.there = was.there && tcgetattr(0, &was.modes) == 0;
    TRY(sigprocmask(SIG_BLOCK, &watched, &before));
    TRY(pipe2(c->life, O_CLOEXEC));
    c->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    c->machine_mnt = namespace_id("mnt");
    c->image_fd = c->root_fd = -1;
    if (!on(c, PID)) /* orphans of the container become ours */
        TRY(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
    default_map(c);
    unsigned long flags = clone_flags(c, names, sizeof names);

    say("one call makes the child and its namespaces");
    pid_t child = SYSV(syscall(SYS_clone, flags | CLONE_PIDFD | SIGCHLD, NULL,
                               &pidfd, NULL, NULL), "%s", names);
    if (child == 0)
        child_side(c);
    c->pid = narrator.pid = narrator.child = child;
    for (int row = 0; row < ROWS; row++)
        if (on(c, row) && isolations[row].parent)
            isolations[row].parent(c);
    pid_t guardian = start_guardian(c, pidfd);
    close(c->life[0]);
    say("go: the child takes it from here, we wait for its end");
    /* If the child is dead already, this write has no reader: no SIGPIPE. */
    signal(SIGPIPE, SIG_IGN);
    if (write(c->life[1], &child, sizeof child) != sizeof child)
        note("the child ended before it was told to go");

    int status = supervise(c, child, false);
    narrator.child = 0;
    if (!on(c, PID))
        end_orphans(c);
    close(c->life[1]); /* for the guardian: it is over */
    if (guardian > 0)
        waitpid(guardian, NULL, 0);
    close(pidfd);
    close(c->proc_fd);
    give_terminal_back(&was);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return status;
}

/* =====================================================================
 * EXEC -- a second window into a running container
 * =====================================================================
 * A container has no door: a process enters its namespaces one by one, with
 * setns(2). The user namespace first, since the right to enter the others
 * comes from it. A PID namespace is entered by our children only.
 */

/* The first child of PARENT, or 0. */
static pid_t child_of(pid_t parent)
{
    pid_t found = 0;
    int proc_fd = TRY(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    DIR *dir = fdopendir(proc_fd);

    for (struct dirent *e; dir && !found && (e = readdir(dir));)
        if (isdigit((unsigned char)e->d_name[0]) && parent_of(proc_fd, e->d_name) == parent)
            found = atoi(e->d_name);
    if (dir)
        closedir(dir);
    return found;
}

/* The newest process whose name (comm) is NAME, or 0: a lab's init is "lab". */
static pid_t process_named(const char *name)
{
    char path[300], comm[32];
    pid_t found = 0;
    DIR *dir = opendir("/proc");

    for (struct dirent *e; dir && (e = readdir(dir));) {
        snprintf(path, sizeof path, "/proc/%s/comm", e->d_name);
        slurp(path, comm, sizeof comm);
        comm[strcspn(comm, "\n")] = '\0';
        if (isdigit((unsigned char)e->d_name[0]) && strcmp(comm, name) == 0 &&
            atoi(e->d_name) > found)
            found = atoi(e->d_name);
    }
    if (dir)
        closedir(dir);
    return found;
}

/* Open /proc/PID/NAME. Owner: the caller. Refuses if we may not look. */
static int open_of(pid_t pid, const char *name, int flags)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        refuse("%s: %s: only its owner and root may enter a container", path,
               strerror(errno));
    return fd;
}

/* Open the namespaces of PID that are not ours. Returns the set of rows. All
 * before the first setns(2): afterwards /proc may be another one. */
static unsigned open_namespaces(pid_t pid, int fds[ROWS])
{
    unsigned rows = 0;
    char name[32];
    struct stat st;

    for (int row = 0; row < ROWS; row++) {
        if (!isolations[row].flag)
            continue;
        snprintf(name, sizeof name, "ns/%s", isolations[row].name);
        fds[row] = open_of(pid, name, O_RDONLY);
        TRY(fstat(fds[row], &st));
        if (st.st_ino != namespace_id(isolations[row].name))
            rows |= BIT(row);
    }
    return rows;
}

/* Enter the container of process PID and run the command there. */
static int enter_container(struct container *c, pid_t pid)
{
    static const int order[] = { USER, MNT, UTS, IPC, NET, CGROUP, TIME, PID };
    char hostname[65] = "", list[128];
    int fds[ROWS], root = open_of(pid, "root", O_PATH | O_DIRECTORY);
    int cwd = open_of(pid, "cwd", O_PATH | O_DIRECTORY);
    struct stat theirs, ours;
    struct terminal was = { .there = tcgetpgrp(0) == getpgrp() };
    sigset_t watched = watched_signals();

    was.there = was.there && tcgetattr(0, &was.modes) == 0;
    c->rows = open_namespaces(pid, fds);
    say("process %d has other namespaces than we: %s", pid,
        list_rows(c->rows, list, sizeof list));
    for (size_t i = 0; i < LENGTH(order); i++)
        if (on(c, order[i]))
            SYSV(setns(fds[order[i]], isolations[order[i]].flag), "%s",
                 isolations[order[i]].name);
    if (on(c, USER))
        become_root(c);
    TRY(fstat(root, &theirs));
    if (stat("/", &ours) < 0 || ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev) {
        TRY(fchdir(root));
        SYS(chroot("."));
        c->rows |= BIT(ROOT);
    } else if (on(c, MNT)) {
        c->rows |= BIT(ROOT);
    }
    TRY(fchdir(cwd));
    gethostname(hostname, sizeof hostname - 1);
    c->hostname = hostname;
    TRY(sigprocmask(SIG_BLOCK, &watched, NULL));
    TRY(pipe2(c->life, O_CLOEXEC));
    pid_t child = SYS(fork());
    if (child == 0) {
        narrator.who = "child";
        close(c->life[1]);
        die_with_parent(c, SIGKILL);
        if (c->workdir && chdir(c->workdir) < 0)
            refuse("--workdir: %s: %s", c->workdir, strerror(errno));
        start_command(c);
    }
    narrator.child = 0;
    int status = supervise(c, child, false);
    give_terminal_back(&was);
    return status;
}

/* =====================================================================
 * LOOK and COMPARE -- what a process sees
 * =====================================================================
 * look asks each row what this very process sees. The function also runs
 * inside a container, in the place of a command: that is how compare gets
 * the other half of its table, though the program is not in the image.
 */
struct view { char id[40], sees[216]; };

/* What tells whether two processes share row ROW: the namespace's inode; for
 * proc and root, which are mounts, the device and inode of /proc and /. */
static void look_at(int row, struct view *v)
{
    const struct isolation *i = &isolations[row];
    struct stat st;

    memset(v, 0, sizeof *v);
    if (i->flag)
        snprintf(v->id, sizeof v->id, "%lu", (unsigned long)namespace_id(i->name));
    else if (stat(row == PROC ? "/proc" : "/", &st) == 0)
        snprintf(v->id, sizeof v->id, "%lu:%lu", (unsigned long)st.st_dev,
                 (unsigned long)st.st_ino);
    i->look(v->sees, sizeof v->sees);
}

/* In the child, instead of a command: all rows, into the pipe. */
static int report_look(struct container *c)
{
    struct view view[ROWS];

    for (int row = 0; row < ROWS; row++)
        look_at(row, &view[row]);
    return write(c->report, view, sizeof view) == sizeof view ? 0 : OURS;
}

/* stdout is a promise: what could not be written is an error. */
static int flushed(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    write_line("minicontainer: ", "standard output: cannot write");
    return OURS;
}

/* N columns of TEXT, cut with ".." where it is longer. */
static void column(const char *text, int n)
{
    if ((int)strlen(text) <= n)
        printf("%-*s", n, text);
    else
        printf("%.*s..", n - 2, text);
}

/* compare, without a row: this machine and a container of all chosen rows. */
static int compare_all(struct container *c)
{
    struct view here, there[ROWS];
    int pipe_fd[2];
    unsigned own = 0;

    TRY(pipe2(pipe_fd, O_CLOEXEC));
    c->report = pipe_fd[1];
    c->instead = report_look;
    int status = parent_side(c);
    if (status != 0)
        return status;
    if (read(pipe_fd[0], there, sizeof there) != sizeof there)
        refuse("the container gave no answer");
    printf("%-7s %-6s  %-24s %-24s %s\n", "", "", "this machine", "the container",
           "to change it");
    for (int i = 0; i < ROWS; i++) {
        int row = by_chapter[i];
        look_at(row, &here);
        bool differs = strcmp(here.id, there[row].id) != 0;
        own |= differs ? BIT(row) : 0;
        printf("%-7s %s%-6s%s  ", isolations[row].name,
               paint(1, differs ? "\033[32m" : "\033[33m"), differs ? "own" : "shared",
               paint(1, "\033[m"));
        column(here.sees, 24);
        putchar(' ');
        column(there[row].sees, 24);
        printf(" %s%s\n", differs ? "--no-" : "--", isolations[row].name);
    }
    printf("\nown: the container has one of its own.  shared: it is the machine's.\n"
           "One row in detail: minicontainer compare ROW, as in: compare %s\n",
           own & BIT(UTS) ? "uts" : "user");
    return flushed(0);
}

/* The answer of one half of `compare ROW`. */
struct outcome { struct view before, after; int status; char said[2048]; };

/* In a lab, instead of a command: look at the row, run the command in a
 * container of its own, look again. Its output goes to a file in memory. */
static int compare_side(struct container *c)
{
    struct outcome out;

    memset(&out, 0, sizeof out);
    int memory = TRY(memfd_create("said", MFD_CLOEXEC));
    c->nested->output = memory;
    look_at(c->compared, &out.before);
    out.status = parent_side(c->nested);
    look_at(c->compared, &out.after);
    if (pread(memory, out.said, sizeof out.said - 1, 0) < 0)
        return OURS;
    return write(c->report, &out, sizeof out) == sizeof out ? 0 : OURS;
}

/* One half: a lab, and in it a container of just ROWS that runs the command. */
static struct outcome run_in_lab(const struct container *c, int row, unsigned rows)
{
    struct container lab, nested = *c;
    struct outcome out;
    int pipe_fd[2];

    nested.rows = rows;
    preset_lab(&lab);
    lab.nested = &nested;
    lab.compared = row;
    lab.instead = compare_side;
    TRY(pipe2(pipe_fd, O_CLOEXEC));
    lab.report = pipe_fd[1];
    int status = parent_side(&lab);
    if (status != 0)
        leave(status);
    if (read(pipe_fd[0], &out, sizeof out) != sizeof out)
        refuse("the lab gave no answer");
    close(pipe_fd[0]);
    close(pipe_fd[1]);
    return out;
}

/* Print two texts side by side, line by line, 38 columns each. */
static void beside(const char *left, const char *right)
{
    char text[256];

    while (*left || *right) {
        const char **half[] = { &left, &right };
        for (int i = 0; i < 2; i++) {
            size_t n = strcspn(*half[i], "\n");
            snprintf(text, sizeof text, "%.*s", (int)n, *half[i]);
            *half[i] += n + ((*half[i])[n] == '\n');
            if (i == 0) {
                column(text, 38);
                printf(" | ");
            } else {
                printf("%.38s\n", text);
            }
        }
    }
}

/* compare ROW: the same command without and with it, each in a lab that is
 * thrown away. Without means: only what ROW cannot be without. */
static int compare_row(struct container *c, int row)
{
    static char *probe[] = { "sh", "-c", NULL, NULL };
    const struct isolation *i = &isolations[row];
    unsigned without = i->needs | (row == PROC ? BIT(PID) : 0);
    struct outcome out[2];
    char a[256], b[256], list[128];

    probe[2] = (char *)i->probe;
    if (!c->argv)
        c->argv = probe;
    fflush(stdout); /* or the children would print it a second time */
    out[0] = run_in_lab(c, row, without);
    out[1] = run_in_lab(c, row, without | BIT(row));

    printf("$");
    for (char **w = c->argv == probe ? probe + 2 : c->argv; *w; w++)
        printf(" %s", *w);
    printf("\n\n");
    snprintf(a, sizeof a, "without %s: --only %s", i->name,
             list_rows(without, list, sizeof list));
    snprintf(b, sizeof b, "with %s: --only %s", i->name,
             list_rows(without | BIT(row), list, sizeof list));
    beside(a, b);
    beside("--------------------------------------", "--------------------------------------");
    beside(out[0].said, out[1].said);
    snprintf(a, sizeof a, "exit status %d", out[0].status);
    snprintf(b, sizeof b, "exit status %d", out[1].status);
    beside(a, b);
    printf("\nThe lab around it, row %s:\n", i->name);
    beside(out[0].before.sees, out[1].before.sees);
    beside(strcmp(out[0].before.sees, out[0].after.sees) ? "  then" : "  unchanged",
           strcmp(out[1].before.sees, out[1].after.sees) ? "  then" : "  unchanged");
    beside(strcmp(out[0].before.sees, out[0].after.sees) ? out[0].after.sees : "",
           strcmp(out[1].before.sees, out[1].after.sees) ? out[1].after.sees : "");
    return flushed(0);
}

/* Print a chapter or a function of our own source, with line numbers. */
static void print_source(FILE *to, const char *from, const char *end)
{
    int line = 1;

    for (const char *p = own_source; p < from; p++)
        line += *p == '\n';
    for (const char *p = from; p < end; line++) {
        const char *next = strchr(p, '\n') + 1;
        fprintf(to, "%5d  %.*s", line, (int)(next - p), p);
        p = next;
    }
}

/* Where does chapter or function NAME begin and end? NULL: there is none. */
static const char *find_source(const char *name, const char **end)
{
    static const char ruler[] = "\n/* =====";
    char title[80];
    int chapter = isdigit((unsigned char)*name) ? atoi(name) : -1;

    for (int row = 0; row < ROWS; row++)
        if (strcmp(isolations[row].name, name) == 0)
            chapter = isolations[row].chapter;
    /* A chapter: from its ruler to the next chapter's. */
    for (const char *p = own_source; (p = strstr(p, ruler)); p++) {
        const char *at = strstr(p + 1, "\n * ") + 4;
        size_t n = strcspn(at, "-\n");
        snprintf(title, sizeof title, "%.*s", (int)n, at);
        while (n > 0 && title[n - 1] == ' ')
            title[--n] = '\0';
        if ((chapter >= 0 && isdigit((unsigned char)*at) && atoi(at) == chapter) ||
            strcasecmp(title, name) == 0) {
            *end = strstr(p + 1, ruler);
            *end = *end ? *end + 1 : own_source_end;
            return p + 1;
        }
    }
    /* A function: from the comment above it to its closing brace. */
    snprintf(title, sizeof title, "%s(", name);
    for (const char *p = own_source; (p = strstr(p, title)); p++) {
        const char *start = p;
        while (start[-1] != '\n')
            start--;
        const char *line_end = strchr(p, '\n');
        if (!isalpha((unsigned char)*start) || line_end[-1] == ';' ||
            isalnum((unsigned char)p[-1]) || p[-1] == '_')
            continue;
        while (strncmp(start - 2, "\n\n", 2) != 0)
            start--;
        *end = strstr(p, "\n}\n") + 3;
        return start;
    }
    return NULL;
}

/* =====================================================================
 * THE COMMAND LINE -- options, and the rules for a set of rows
 * =====================================================================
 * Two tables, options[] here and isolations[] above, make the parser and the
 * help. What was named is honoured or refused; only what was a default may
 * give way, and only proc and root ever do, because a flag took their partner.
 */
enum { WITHOUT_ROW = -1 };

static const struct option_row {
    const char *name;
    char letter;      /* '\0': only the long one            */
    const char *arg;  /* NULL: takes none                   */
    int row;          /* refused if this row is off         */
    const char *help; /* NULL: not shown                    */
} options[] = {
/*    name       let  argument       row          help */
    { "only",     0,  "LIST",        WITHOUT_ROW, "exactly these isolations, as in --only user,uts" },
    { "none",     0,  NULL,          WITHOUT_ROW, "no isolation at all: a plain child process" },
    { "hostname", 0,  "NAME",        UTS,         "the container's host name (default: box)" },
    { "image",    0,  "DIR",         WITHOUT_ROW, "this directory is the root" },
    { "volume",  'v', "SRC:DST[:ro]", MNT,        "show SRC of this machine as DST (again for more)" },
    { "read-only", 0, NULL,          MNT,         "the root cannot be written" },
    { "workdir", 'w', "DIR",         WITHOUT_ROW, "begin in this directory" },
    { "env",     'e', "NAME=VALUE",  WITHOUT_ROW, "add to the environment (again for more)" },
    { "map",      0,  "IN:OUT:COUNT", USER,       "COUNT ids from IN on are those from OUT on" },
    { "init",     0,  NULL,          WITHOUT_ROW, "PID 1 is an init, the command its child" },
    { "boottime", 0,  "SECONDS",     TIME,        "how long ago it was booted (default: 0)" },
    { "explain",  0,  NULL,          WITHOUT_ROW, "tell each step: why, the call, the proof" },
    { "step",     0,  NULL,          WITHOUT_ROW, "the same, and wait for Enter before each" },
    { "help",    'h', NULL,          WITHOUT_ROW, "this text" },
    /* Docker's words for what is always so here. */
    { "interactive", 'i', NULL,      WITHOUT_ROW, NULL },
    { "tty",     't', NULL,          WITHOUT_ROW, NULL },
    { "rm",       0,  NULL,          WITHOUT_ROW, NULL },
};
/* getopt_long(3) gives each option a number: that of its row in options[],
 * or ROW_ON + row, or ROW_OFF + row. Short ones give their letter. */
enum { ROW_ON = 1000, ROW_OFF = 2000 };

/* Other names of rows, as Docker and the man pages have them. */
static const struct { const char *name; int row; } aliases[] = {
    { "mount", MNT }, { "userns", USER }, { "network", NET }, { "cgroupns", CGROUP },
};

/* How many letters must be changed to make A of B: Levenshtein's distance,
 * computed row by row. For "did you mean". */
static int distance(const char *a, const char *b)
{
    int row[64], n = (int)strlen(b);

    if (n > 60)
        return 99;
    for (int j = 0; j <= n; j++)
        row[j] = j;
    for (int i = 1; a[i - 1]; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            int change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            int least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            row[j] = least < change ? least : change;
        }
    }
    return row[n];
}

/* The row called NAME (its own name or another), or -1. */
static int find_row(const char *name)
{
    for (int row = 0; row < ROWS; row++)
        if (strcmp(isolations[row].name, name) == 0)
            return row;
    for (size_t i = 0; i < LENGTH(aliases); i++)
        if (strcmp(aliases[i].name, name) == 0)
            return aliases[i].row;
    return -1;
}

/* The same, but an unknown name is refused, with the nearest one. */
static int need_row(const char *name)
{
    int best = 0, row = find_row(name);

    if (row >= 0)
        return row;
    for (int i = 1; i < ROWS; i++)
        if (distance(name, isolations[i].name) < distance(name, isolations[best].name))
            best = i;
    refuse("there is no isolation \"%s\"; the nearest is \"%s\"\n"
           "  try:    minicontainer isolations", name, isolations[best].name);
}

static unsigned parse_list(const char *list)
{
    char names[256], *save;
    unsigned set = 0;

    if (strcmp(list, "none") == 0)
        return 0;
    snprintf(names, sizeof names, "%s", list);
    for (char *name = strtok_r(names, ",", &save); name; name = strtok_r(NULL, ",", &save))
        set |= BIT(need_row(name));
    if (set == 0)
        refuse("--only wants a list like user,uts or the word none");
    return set;
}

/* TEXT as a number from 0 to MAX; WHAT is the option, for the message. */
static long long number(const char *text, const char *what, long long max)
{
    char *end;

    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno || value < 0 || value > max)
        refuse("%s: \"%s\" is not a number from 0 to %lld", what, text, max);
    return value;
}

static void parse_map(struct container *c, const char *text)
{
    char part[64], *save;
    long long n[3] = { -1, -1, -1 };
    int i = 0;

    snprintf(part, sizeof part, "%s", text);
    for (char *p = strtok_r(part, ":", &save); p; p = strtok_r(NULL, ":", &save), i++)
        if (i < 3)
            n[i] = number(p, "--map", UINT_MAX);
    if (i != 3 || n[2] == 0)
        refuse("--map wants INSIDE:OUTSIDE:COUNT, as in 0:1000:1, not \"%s\"", text);
    if ((size_t)c->maps == LENGTH(c->map))
        refuse("--map: at most %zu lines", LENGTH(c->map));
    c->map[c->maps++] = (struct map){ (unsigned)n[0], (unsigned)n[1], (unsigned)n[2] };
}

static void parse_volume(struct container *c, const char *text)
{
    struct volume *v = &c->volume[c->volumes++];
    char *src = strdup(text), *dst = src ? strchr(src, ':') : NULL;

    if (!dst || dst == src || dst[1] != '/' || strspn(dst + 1, "/") == strlen(dst + 1))
        refuse("--volume wants SRC:/DST or SRC:/DST:ro, with a whole path "
               "behind the colon, not \"%s\"", text);
    *dst++ = '\0';
    char *option = strchr(dst, ':');
    if (option && strcmp(option, ":ro") != 0 && strcmp(option, ":rw") != 0)
        refuse("--volume: \"%s\" is not ro or rw", option + 1);
    v->read_only = option && strcmp(option, ":ro") == 0;
    if (option)
        *option = '\0';
    for (const char *p = dst; (p = strstr(p, "/..")); p += 3)
        if (p[3] == '/' || p[3] == '\0')
            refuse("--volume: no \"..\" in %s: say where it leads", dst);
    if (access(src, F_OK) < 0)
        refuse("--volume: %s: %s", src, strerror(errno));
    v->src = src;
    v->dst = dst;
}

/* --pid=host means --no-pid; --network=none is what net always is here. */
static void set_row(struct container *c, int row, bool wanted, const char *value,
                    const char *next)
{
    const char *name = isolations[row].name;

    if (value && strcmp(value, "host") == 0)
        wanted = false;
    else if (value && !(row == NET && strcmp(value, "none") == 0))
        refuse("--%s=%s: only \"host\" is known, which is --no-%s", name, value, name);
    if (!value && wanted && next && strcmp(next, "host") == 0)
        refuse("--%s host: the value must be joined\n  try:    --%s=host, which is "
               "--no-%s", name, name, name);
    if (!value && wanted && row == USER && next && isdigit((unsigned char)*next))
        refuse("--user is the user *namespace*; Docker's --user %s is a number in it\n"
               "  try:    minicontainer run --map 0:%u:1 -- COMMAND: who 0 is outside",
               next, geteuid());
    if (wanted)
        c->named |= BIT(row);
    else
        c->denied |= BIT(row);
}

/* One option out of options[]. */
static void set_option(struct container *c, const struct option_row *o, char *value)
{
    const char *name = o->name;

    if (strcmp(name, "only") == 0 || strcmp(name, "none") == 0) {
        c->only = true;
        c->named |= value ? parse_list(value) : 0;
    } else if (strcmp(name, "hostname") == 0) {
        if (strlen(value) > 64 || !*value)
            refuse("--hostname: 1 to 64 letters, not %zu", strlen(value));
        c->hostname = value;
    } else if (strcmp(name, "image") == 0) {
        c->image = value;
    } else if (strcmp(name, "volume") == 0) {
        parse_volume(c, value);
    } else if (strcmp(name, "read-only") == 0) {
        c->read_only = true;
    } else if (strcmp(name, "workdir") == 0) {
        c->workdir = value;
    } else if (strcmp(name, "env") == 0) {
        if (!strchr(value, '=') || *value == '=')
            refuse("--env wants NAME=VALUE, not \"%s\"", value);
        c->env[c->envs++] = value;
    } else if (strcmp(name, "map") == 0) {
        parse_map(c, value);
    } else if (strcmp(name, "init") == 0) {
        c->init = true;
    } else if (strcmp(name, "boottime") == 0) {
        number(value, "--boottime", 1000000000);
        c->boottime = value;
    } else if (strcmp(name, "explain") == 0 || strcmp(name, "step") == 0) {
        narrator.explain = true;
        narrator.step = narrator.step || *name == 's';
    }
}

/* Refuse an option of a row that is off, and what cannot be an image. */
static void check_options(const struct container *c)
{
    const struct { bool given; const char *name; int row; } used[] = {
        { c->hostname, "hostname", UTS }, { c->volumes > 0, "volume", MNT },
        { c->read_only, "read-only", MNT }, { c->maps > 0, "map", USER },
        { c->boottime, "boottime", TIME },
    };
    struct stat st;

    for (size_t i = 0; i < LENGTH(used); i++)
        if (used[i].given && !on(c, used[i].row))
            refuse("--%s belongs to the isolation %s, which is off\n"
                   "  try:    --%s", used[i].name, isolations[used[i].row].name,
                   isolations[used[i].row].name);
    if (!c->image)
        return;
    if (!on(c, ROOT) && (on(c, MNT) || !has_cap(CAP_SYS_ADMIN_BIT)))
        refuse("--image is the new root, and the isolation root is off\n"
               "  try:    --root");
    if (stat(c->image, &st) < 0)
        refuse("--image: %s: %s", c->image, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        refuse("--image: %s is not a directory; an image is a directory tree", c->image);
    if (access(c->image, R_OK | X_OK) < 0)
        refuse("--image: %s: %s", c->image, strerror(errno));
    if (c->maps > 0 && c->map[0].inside != 0)
        refuse("--map: the first line must say who 0 is inside, as in 0:%u:1", geteuid());
}

/* The four rules of DESIGN. Fills in c->rows, or refuses: with the rule, the
 * lesson, and a line to copy that works. */
static void settle_rows(struct container *c)
{
    char list[128], both[128];

    if (c->named & c->denied)
        refuse("%s is asked for and denied at once",
               list_rows(c->named & c->denied, both, sizeof both));
    c->rows = c->only ? c->named : ALL_ROWS & ~c->denied;
    for (int i = 0; i < ROWS; i++) {
        int row = i == 0 ? PROC : i == PROC ? 0 : i;
        unsigned missing = partners(row, c->rows) & ~c->rows;
        if (!on(c, row) || !missing)
            continue;
        list_rows(missing, list, sizeof list);
        if (!c->only && !(c->named & BIT(row))) {
            c->rows &= ~BIT(row);
            note("%s gives way: it cannot be without %s", isolations[row].name, list);
            continue;
        }
        refuse("%s cannot be without %s: %s\n  try:    minicontainer run --only %s\n"
               "  lesson: lessons/%02d-%s", isolations[row].name, list,
               missing & BIT(MNT) ? "its mounts would be the machine's"
               : "a user namespace may mount /proc only for a PID namespace of its own",
               list_rows(c->rows | missing | (has_cap(CAP_SYS_ADMIN_BIT) ? 0 : BIT(USER)),
                         both, sizeof both),
               isolations[row].chapter, isolations[row].name);
    }
    if (c->rows && !on(c, USER) && !has_cap(CAP_SYS_ADMIN_BIT))
        refuse("without privilege only the user namespace is free: it gives the right "
               "to make the others\n  try:    minicontainer run --only %s\n"
               "  try:    minicontainer lab (you are root in it)\n"
               "  lesson: lessons/07-user",
               list_rows(c->rows | BIT(USER), both, sizeof both));
}

/* Real root without a user namespace: what COMMAND changes stays changed. */
static void warn_real_root(const struct container *c)
{
    char list[128];

    if (on(c, USER) || !root_of_machine())
        return;
    note("you are root of this machine and it shares %s with COMMAND: what it changes "
         "stays changed; practise in `minicontainer lab`",
         list_rows(ALL_ROWS & ~c->rows, list, sizeof list));
}

/* All long options for getopt_long(3), out of the two tables. */
static const struct option *long_options(void)
{
    static struct option list[LENGTH(options) + 2 * (ROWS + LENGTH(aliases)) + 1];
    static char no_names[ROWS + LENGTH(aliases)][16];
    size_t n = 0;

    for (size_t i = 0; i < LENGTH(options); i++)
        list[n++] = (struct option){ options[i].name,
            options[i].arg ? required_argument : no_argument, NULL, (int)i };
    for (int i = 0; i < (int)(ROWS + LENGTH(aliases)); i++) {
        const char *name = i < ROWS ? isolations[i].name : aliases[i - ROWS].name;
        int row = i < ROWS ? i : aliases[i - ROWS].row;
        snprintf(no_names[i], sizeof no_names[i], "no-%s", name);
        list[n++] = (struct option){ name, optional_argument, NULL, ROW_ON + row };
        list[n++] = (struct option){ no_names[i], no_argument, NULL, ROW_OFF + row };
    }
    return list;
}

/* getopt_long(3) found something wrong with WORD: say what, and what may have
 * been meant. */
__attribute__((noreturn))
static void bad_option(const char *word, bool lacks_argument)
{
    const struct option *best = NULL;
    char name[64];

    if (lacks_argument)
        refuse("%s wants an argument", word);
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + strspn(word, "-"), "="),
             word + strspn(word, "-"));
    for (const struct option *o = long_options(); o->name; o++)
        if (!best || distance(name, o->name) < distance(name, best->name))
            best = o;
    refuse("there is no option %s; the nearest is --%s\n"
           "  try:    minicontainer run --help", word, best->name);
}

static int help_run(void);

/* Read the options of run (and compare, lab, exec) into C. Returns the index
 * of the first word that is no option. The '+' stops there: what follows the
 * command is the command's. */
static int parse_options(struct container *c, int argc, char **argv)
{
    const struct option *longs = long_options();
    int found, index;

    c->volume = calloc((size_t)argc, sizeof *c->volume);
    c->env = calloc((size_t)argc, sizeof *c->env);
    if (!c->volume || !c->env)
        refuse("no memory");
    opterr = 0;
    optind = 1;
    for (;;) {
        char *word = argv[optind];
        index = -1;
        found = getopt_long(argc, argv, "+:v:w:e:hit", longs, &index);
        if (found == -1)
            break;
        if (found == '?' || found == ':')
            bad_option(word, found == ':');
        /* --no-n must not mean --no-net: a long name must be whole. */
        if (index >= 0 && strcspn(word + 2, "=") != strlen(longs[index].name))
            bad_option(word, false);
        if (found >= ROW_ON) {
            set_row(c, found >= ROW_OFF ? found - ROW_OFF : found - ROW_ON,
                    found < ROW_OFF, optarg, argv[optind]);
            continue;
        }
        for (int i = 0; index < 0 && i < (int)LENGTH(options); i++)
            if (options[i].letter == found) /* a short one */
                found = i;
        if (strcmp(options[found].name, "help") == 0)
            exit(help_run());
        set_option(c, &options[found], optarg);
    }
    return optind;
}

/* Defaults that depend on what is on. */
static void finish_request(struct container *c)
{
    if (!c->hostname)
        c->hostname = "box";
    if (!c->workdir && on(c, ROOT))
        c->workdir = "/";
}

static int cmd_run(int argc, char **argv)
{
    struct container c;

    preset(&c);
    int first = parse_options(&c, argc, argv);
    settle_rows(&c);
    check_options(&c);
    finish_request(&c);
    warn_real_root(&c);
    c.argv = argv[first] ? argv + first : NULL;
    return parent_side(&c);
}

static int cmd_lab(int argc, char **argv)
{
    struct container c, extra;

    preset(&extra);
    preset_lab(&c);
    int first = parse_options(&extra, argc, argv);
    c.argv = argv[first] ? argv + first : NULL;
    return parent_side(&c);
}

static int cmd_compare(int argc, char **argv)
{
    struct container c;
    int row = argc > 1 && argv[1][0] != '-' ? need_row(argv[1]) : -1;

    preset(&c);
    int skip = row >= 0;
    int first = parse_options(&c, argc - skip, argv + skip);
    if (row < 0)
        settle_rows(&c);
    else
        c.rows = ALL_ROWS;
    check_options(&c);
    finish_request(&c);
    if (row >= 0 && !c.image)
        c.workdir = NULL;
    c.argv = argv[first + skip] ? argv + first + skip : NULL;
    return row < 0 ? compare_all(&c) : compare_row(&c, row);
}

static int cmd_exec(int argc, char **argv)
{
    struct container c;
    int fds[ROWS];

    preset(&c);
    int first = parse_options(&c, argc, argv);
    const char *who = argv[first] ? argv[first] : "lab";
    char **command = argv[first] ? argv + first + 1 : argv + first;
    pid_t pid = isdigit((unsigned char)*who) ? (pid_t)number(who, "PID", INT_MAX)
                                             : process_named(who);
    if (pid == 0 || kill(pid, 0) < 0)
        refuse("there is no running container \"%s\"; a PID, or lab\n"
               "  try:    minicontainer lab, in another window", who);
    /* The PID of a supervisor stands for its container. */
    if (open_namespaces(pid, fds) == 0 && child_of(pid) > 0)
        pid = child_of(pid);
    if (*command && strcmp(*command, "--") == 0)
        command++;
    c.argv = *command ? command : NULL;
    return enter_container(&c, pid);
}

static int cmd_look(int argc, char **argv)
{
    bool plain = argc > 1 && strcmp(argv[1], "--porcelain") == 0;
    struct view v;

    if (argc > 2 || (argc == 2 && !plain))
        refuse("look takes no argument but --porcelain");
    if (!plain)
        printf("%-8s %-12s %s\n", "", "id", "what this process sees");
    for (int i = 0; i < ROWS; i++) {
        look_at(by_chapter[i], &v);
        const char *name = isolations[by_chapter[i]].name;
        if (plain)
            printf("%s\tid\t%s\n%s\tsees\t%s\n", name, v.id, name, v.sees);
        else
            printf("%-8s %-12s %.57s\n", name, v.id, v.sees);
    }
    return flushed(0);
}

static int cmd_isolations(int argc, char **argv)
{
    bool plain = argc > 1 && strcmp(argv[1], "--porcelain") == 0;
    char needs[64];

    if (argc > 2 || (argc == 2 && !plain))
        refuse("isolations takes no argument but --porcelain");
    if (!plain)
        printf("%-2s %-7s %-5s %-16s %-17s %s\n", "", "name", "needs", "made by",
               "Docker's word", "isolates");
    for (int n = 0; n < ROWS; n++) {
        const struct isolation *i = &isolations[by_chapter[n]];
        list_rows(i->needs, needs, sizeof needs);
        printf(plain ? "%02d\t%s\t%s\t%s\t%s\t%s\n" : "%02d %-7s %-5s %-16s %-17s %.28s\n",
               i->chapter, i->name, i->needs ? needs : "-",
               i->flag || plain ? i->flag_name : "mounts", i->docker, i->what);
    }
    return flushed(0);
}

static int cmd_source(int argc, char **argv)
{
    const char *end = own_source_end, *from = own_source;
    FILE *to = stdout;

    if (argc > 1 && !(from = find_source(argv[1], &end)))
        refuse("there is no chapter and no function \"%s\"\n"
               "  try:    minicontainer source 2, source uts, source child_side", argv[1]);
    if (isatty(1)) {
        const char *pager = getenv("PAGER");
        to = popen(pager && *pager ? pager : "more", "w");
    }
    if (!to)
        to = stdout;
    print_source(to, from, end);
    if (to != stdout)
        return pclose(to) == 0 ? 0 : OURS;
    return flushed(0);
}

static int help_run(void)
{
    char list[128], head[40];

    printf("Usage: minicontainer run [OPTION]... [--] [COMMAND [ARG]...]\n"
           "  minicontainer run                          a shell in a container\n"
           "  minicontainer run --no-net -- ip -br addr  one isolation less\n"
           "Isolations, all on: %s\n  --X turns X on, --no-X off, --X=host is --no-X\n",
           list_rows(ALL_ROWS, list, sizeof list));
    for (size_t i = 0; i < LENGTH(options); i++) {
        const struct option_row *o = &options[i];
        if (!o->help)
            continue;
        snprintf(head, sizeof head, "%c%c%s --%s %s", o->letter ? '-' : ' ',
                 o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name,
                 o->arg ? o->arg : "");
        printf("  %-27s%s\n", head, o->help);
    }
    printf("  -i -t --rm                 accepted: it is always so here\n"
           "Status: the command's, or 125 ours, 126 not executable, 127 not found.\n");
    return flushed(0);
}

static int cmd_help(int argc, char **argv);
static int cmd_version(int argc, char **argv)
{
    (void)argc; (void)argv;
    puts("minicontainer " VERSION);
    return flushed(0);
}

static const struct command {
    const char *name, *args, *what;
    int (*run)(int argc, char **argv);
} commands[] = {
    { "run", "[OPTIONS] [COMMAND...]", "start COMMAND in a container", cmd_run },
    { "compare", "[ROW] [-- COMMAND...]", "without and with, side by side", cmd_compare },
    { "lab", "[COMMAND...]", "a practice host: break everything", cmd_lab },
    { "exec", "[PID | lab] [COMMAND...]", "a second window into it", cmd_exec },
    { "look", "[--porcelain]", "what this very process sees", cmd_look },
    { "source", "[CHAPTER | FUNCTION]", "this program's own source", cmd_source },
    { "isolations", "[--porcelain]", "the table of isolations", cmd_isolations },
    { "--version", "", "", cmd_version },
    { "--help", "", "", cmd_help },
};

static int cmd_help(int argc, char **argv)
{
    (void)argc; (void)argv;
    printf("Usage: minicontainer COMMAND ...\n"
           "  minicontainer run             a shell in a container\n"
           "  minicontainer compare         what the container has of its own\n\n");
    for (size_t i = 0; i < LENGTH(commands); i++)
        if (*commands[i].what)
            printf("  %-10s %-25s  %s\n", commands[i].name, commands[i].args,
                   commands[i].what);
    printf("\nEach command has --help. It teaches; it is no security product.\n"
           "Lessons: lessons/README.md. Read the program: minicontainer source.\n");
    return flushed(0);
}

/* Before anything else: descriptors 0, 1, 2 must be taken, or a pipe of ours
 * could get such a number and the command would write into it. And an ignored
 * SIGCHLD, inherited, would make the kernel reap children behind our back. */
static void sane_start(int argc, char **argv)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            open("/dev/null", O_RDWR);
    for (size_t i = 0; i < LENGTH(passed_on); i++)
        signal(passed_on[i], SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
    narrator.title = argv[0];
    if (argc > 0) /* the words lie behind each other in memory */
        narrator.title_size = (size_t)(argv[argc - 1] - argv[0]) + strlen(argv[argc - 1]);
}

int main(int argc, char **argv)
{
    sane_start(argc, argv);
    const char *name = argc > 1 ? argv[1] : "--help";

    for (size_t i = 0; i < LENGTH(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    refuse("there is no command \"%s\"\n  try:    minicontainer --help", name);
}
