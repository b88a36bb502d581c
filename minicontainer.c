/* minicontainer -- a Linux container, step by step, in one C file
 *
 * A container is an ordinary process that sees less. The kernel has no object
 * called "container". It has namespaces: each gives a process its own copy of
 * one thing (a host name, a table of mounts, a list of processes ...). This
 * program makes them one by one, and each of them is a switch:
 *
 *     $ ./minicontainer run                     a shell with all of them
 *     $ ./minicontainer run --no-net            all but one
 *     $ ./minicontainer run --only user,uts     just these
 *     $ ./minicontainer compare                 what it changes, side by side
 *     $ ./minicontainer run --step              this file, told as it runs
 *
 * Build     cc minicontainer.c -o minicontainer      (Linux 5.7 and libc)
 *
 * How to read it
 *   From top to bottom: no name is used before it is explained. Each chapter
 *   has a lesson (lessons/NN-topic), a test (tests/NN-topic.bats), a flag,
 *   and a row of THE TABLE. In a hurry: main(), THE TABLE, parent_side() and
 *   child_side(), then the chapters.
 *
 *      THE NARRATOR     how the program says what it does
 *    0 THE REQUEST      what a container is made of; who we are
 *    1 FIRST CONTAINER  a child, its supervisor, signals, exec
 *    2 UTS    3 PID    4 MNT    5 PROC    6 ROOT    7 USER
 *    8 IPC    9 NET   10 CGROUP  11 TIME
 *   12 CAPS  13 SECCOMP  14 LIMITS  what it may do, and how much
 *      THE TABLE        one row for each isolation; all else is driven by it
 *      THE LAB          a practice host
 *      THE DANCE        parent_side() and child_side(), step by step
 *      EXEC             a second window into a container
 *      LOOK AND COMPARE what a process sees
 *      THE SOURCE, THE COMMAND LINE, THE DOCTOR, THE COMMANDS
 *
 * The thirteen isolations, by chapter, and the question that each answers
 *    2 uts      what is this machine called?
 *    3 pid      which processes are there, and which number am I?
 *    4 mnt      what is attached where in the file tree?
 *    5 proc     what do ps, top and /sys tell me?
 *    6 root     where does the file tree begin?
 *    7 user     who am I, and who is root?
 *    8 ipc      which message queues and shared memory are there?
 *    9 net      which interfaces, addresses and ports are mine?
 *   10 cgroup   where do I stand in the tree of control groups?
 *   11 time     how long ago was the machine booted?
 *   12 caps     what may root do?
 *   13 seccomp  which system calls are there?
 *   14 limits   how much of the machine may I use?
 *   The first ten change what a process sees, the last three what it may do.
 *   Eight of the ten are namespaces; two are nothing but mounts.
 *
 * The system calls that everything rests on
 *   clone(2)           make a child process, and new namespaces for it
 *   unshare(2)         leave a namespace: a new one for ourselves
 *   setns(2)           enter a namespace that exists
 *   mount(2)           attach a file system; MS_BIND shows a directory twice
 *   open_tree(2)       take a directory as a mount that is attached nowhere
 *   move_mount(2)      attach such a mount
 *   mount_setattr(2)   make a whole tree of mounts read-only
 *   pivot_root(2)      make another mount the root; the old one can then go
 *   chroot(2)          move where our paths begin: no wall, only a habit
 *   capset(2)          give capabilities up; prctl(2) for the bounding set
 *   seccomp(2)         take system calls away
 *   clone3(2)          clone(2) that can also choose the cgroup
 *   sethostname(2)     name the machine, or just our UTS namespace
 *   setresuid(2)       become another user
 *   prctl(2)           PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS ...
 *   execve(2)          become the command
 *
 * Words that are used all through this file
 *   process        a running program. It has a number (its PID), a user (a
 *                  number, too), and a parent: the process that made it.
 *   namespace      the kernel's word for "a copy of one thing, for these
 *                  processes only". Children are born into those of the parent.
 *   descriptor     a small number by which a process holds an open file, a
 *                  directory, a pipe, a mount, another process. A descriptor
 *                  still works where a path does not lead any more: that is
 *                  useful here, and it is the way many containers were left.
 *   capability     one of the pieces that root's power is made of.
 *   filter         a program that the kernel runs before each system call of a
 *                  process, to allow it or not.
 *   cgroup         a control group: a directory of the kernel's, with processes
 *                  in it, and with limits for all of them together.
 *   image          the file tree that a container's root shows.
 *   inside         in the container. A word on this side of the wall.
 *   outside, the machine
 *                  where the program was started: your laptop; or a lab.
 *   host           the outside of a container, seen from it. In this file it
 *                  is the machine, or the lab that stands for one.
 *   supervisor     our own first process. It stays outside and waits.
 *   guardian       a second one outside, for the case that the first is killed.
 *   rootless       without any privilege outside: all that a container needs
 *                  comes from the user namespace (chapter 7).
 *
 * How to read a chapter's banner
 *   Problem   what goes wrong without this isolation
 *   Kernel    what the kernel has against it
 *   Parent    what the parent does for it, outside
 *   Child     what the child does for it, inside
 *   Order     what must have happened before, or must not have happened yet
 *   See it    a command to try; in the lab nothing can be broken
 *   Not this  what is often taken for it, and is not
 *   Read      the lesson, and the man pages where the facts stand
 *
 * What this program promises
 *   It never changes the machine. Before is equal to after: mounts, host
 *   name, interfaces, processes, files, the terminal, whatever options were
 *   given, and however it ends, by `kill -9` as well. What is asked to be
 *   isolated is isolated, or refused with the reason; nothing is left out
 *   because a call failed. What your own command does through a wall that
 *   you took away is its own doing: practise in the lab.
 *
 * How errors are handled
 *   A call that fails ends the program: it says the call as it stands here,
 *   the reason, the cause and a cure, and exits with 125. There is nothing to
 *   clean up by hand: all that is made here are objects of the kernel that
 *   vanish with their last process. So there is no label "out:" in this file.
 *   (One thing does not vanish, the directory of chapter 14: see leave().)
 *
 * It teaches. It is not a security product: to hold code that you do not
 * trust, use runc or bubblewrap. The facts stand on the man pages named in
 * each chapter, and on the kernel's own code. MIT licence.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
/* getifaddrs(3), getmntent(3), regcomp(3), poll(2) and others: what is read,
 * not written by hand. */
#include <ifaddrs.h>
#include <limits.h>
#include <mntent.h>
#include <net/if.h>
#include <poll.h>
#include <regex.h>
#include <sched.h>
/* Processes, signals, and what every C program needs. */
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define LENGTH(array) (sizeof (array) / sizeof *(array))
/* What a host name is made of, and most names of programs. */
#define LETTERS \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

/* Names that an older libc, or musl, does not have. The numbers are the
 * kernel's own (include/uapi/linux/sched.h, mount.h, capability.h, keyctl.h);
 * system calls as new as these have one number on all processors. */
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#define MOVE_MOUNT_F_EMPTY_PATH 0x04
#define MOVE_MOUNT_T_EMPTY_PATH 0x40
/* What mount_setattr(2) can take from a mount. */
#define MOUNT_ATTR_RDONLY 0x01
#define MOUNT_ATTR_NOSUID 0x02
#define MOUNT_ATTR_NODEV 0x04
#endif
/* For a whole tree, and not for one mount. */
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
/* System calls, by number. */
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
/* KEYCTL_JOIN_SESSION_KEYRING; CLONE_INTO_CGROUP of clone3(2); and those of the
 * some forty capabilities that the code names (chapter 12 has all of them). */
enum { JOIN_SESSION_KEYRING = 1 };
#define INTO_CGROUP 0x200000000ULL
enum { CAP_DAC_READ_SEARCH = 2, CAP_SETGID = 6, CAP_SETUID = 7,
       CAP_SYS_MODULE = 16, CAP_SYS_RAWIO, CAP_SYS_PTRACE = 19, CAP_SYS_PACCT,
       CAP_SYS_ADMIN, CAP_SYS_BOOT, CAP_SYS_NICE, CAP_SYS_TIME = 25,
       CAP_SYS_TTY_CONFIG, CAP_SYSLOG = 34, CAP_PERFMON = 38, CAP_BPF };

/* The exit statuses that are ours, as Docker and every shell have them: we
 * failed or refused; the command cannot be executed; it was not found. */
enum { OURS = 125, NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

/* A copy of this very file inside the program: the assembler reads it in while
 * the compiler works. `source` prints it, --step shows it line by line, and
 * the lab gives it to the learner. (.pushsection is the assembler's word for
 * "for a moment, over there"; "a" is a part that is loaded and not written: one
 * of its own, so that what each start reads lies close together.) */
__asm__(".pushsection .own_source, \"a\"\n"
        "own_source: .incbin \"" __FILE__ "\"\n"
        "own_source_end: .byte 0\n"
        ".popsection\n");
extern const char own_source[], own_source_end[];

/* =====================================================================
 * THE NARRATOR -- how the program says what it does
 * =====================================================================
 * A step is written so that the code is the message:
 *
 *     say("the new namespace has a copy of the name: we change the copy");
 *     SYS(sethostname(c->hostname, strlen(c->hostname)));
 *
 * say() stands where a comment would stand: a comment that can be run.
 * SYS(call) makes the call, checks it, and with --explain tells its own source
 * text and its result; SYSV(call, ...) also the values behind the names.
 * TRY(call) only checks: it is for plumbing; TRY_BUT(ERROR, call) takes one
 * errno for an answer. put() writes a file and tells the
 * shell line that would do the same. So what is told is what is done.
 *
 * A line of the narration has three parts: who speaks (parent, child, init),
 * what kind of line it is, and the text. The kinds:
 *     why    what the next step is for
 *     call   the call as it stands in this file, and what the kernel answered
 *     shell  what would do the same in a shell
 *     now    the proof: what this process sees now
 *
 * Parent and child never speak at the same time: the child waits for a pipe
 * until the parent has said all it has to say. One line is one write(2).
 *
 * To add a step: write say() with the reason, then the call in SYS(). That
 * is all: --explain, --step and the test that compares what is told with
 * what strace(1) sees know it from then on.
 *
 * A step that fails on purpose, or is not checked, is not told: those are
 * the bare calls in this file, each with its reason beside it.
 */

/* The narrator's state. It and the ring below are all in this program that is
 * changed from everywhere: who speaks and how loud is nobody's argument. */
static struct {
    bool explain;     /* --explain: tell each step                        */
    bool step;        /* --step: and wait for Enter before it             */
    const char *who;  /* who is speaking: parent, child, init             */
    const char *peek; /* what to try in a second window; %d is the PID    */
    pid_t pid;        /* the container's PID, as the world outside has it */
    pid_t child;      /* our child, killed if we leave too early          */
    int told_to_end;  /* the signal that told us to end, or 0             */
    void (*undo)(void); /* what must be removed if we leave too early     */
    char *title;      /* where our command line is kept, for ps(1)        */
    size_t title_size;
    char *next;       /* where the next text goes, in the ring below      */
} narrator = { .who = "parent" };

/* Texts are made all the time here, and nearly all of them are said at once and
 * then forgotten. So there is no malloc(3) for them, and no free(3).
 *
 * Room for a text of up to 8191 bytes that nobody has to free: a ring of 64 KB,
 * which is used again from its beginning when it is full. So a text lives until
 * some 56 KB of others have been made; one that must live longer is copied.
 * fresh() gives the room, taken() keeps as much of it as the text at P has. */
enum { TEXT_MAX = 8191 };

static char *fresh(void) {
    static char ring[65536];
    char *at = narrator.next;
    bool full = !at || at + TEXT_MAX >= ring + sizeof ring;

    at = full ? ring : at;
    *at = '\0';
    return at;
}

static char *taken(char *p) {
    narrator.next = p + strlen(p) + 1;
    return p;
}

/* printf(3) into such a room. Longer texts are cut. errno is kept. */
__attribute__((format(printf, 1, 2)))
static char *text(const char *fmt, ...) {
    char *out = fresh();
    int err = errno;
    va_list args;

    va_start(args, fmt);
    vsnprintf(out, TEXT_MAX + 1, fmt, args);
    va_end(args);
    errno = err;
    return taken(out);
}

/* A small file as a text; "" if there is none, or if we may not read it. All
 * the files of /proc that we read are small. */
static char *slurp(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *out = fresh();
    ssize_t got = 0, n;

    /* A file of /proc says how long it is only by ending. */
    while (fd >= 0 && (n = read(fd, out + got, (size_t)(TEXT_MAX - got))) > 0)
        got += n;
    out[got] = '\0';
    if (fd >= 0)
        close(fd);
    return taken(out);
}

/* How many bytes of the first line of LINES go into N columns. It is cut
 * between words, unless a word is longer than half of the line. */
static size_t fit(const char *lines, size_t n) {
    size_t length = strcspn(lines, "\n"), cut = n;

    if (length <= n)
        return length;
    while (cut > n / 2 && lines[cut] != ' ')
        cut--;
    return lines[cut] == ' ' ? cut : n;
}

/* Write HEAD and LINES to stderr, each line by one write(2), so that lines of
 * several processes are never mixed. On a terminal a long line goes on below,
 * under its own text; into a file or a pipe it stays whole, for programs. */
static void write_line(const char *head, const char *lines) {
    int indent = (int)strlen(head);

    do {
        size_t n = fit(lines, isatty(2) ? 79 - (size_t)indent : 4096);
        char *out = text("%-*s%.*s\n", indent, head, (int)n, lines);
        if (write(2, out, strlen(out)) < 0)
            return; /* a closed stderr must not stop the container */
        head = "";
        lines += n;
        /* After a line that was only too long, the rest is indented; a line
         * that ended by itself is followed by one with a head of its own. */
        if (*lines == '\n')
            indent = 0;
        lines += *lines == ' ' || *lines == '\n';
    } while (*lines);
}
/* A remark of ours that is no failure. */
#define note(...) write_line("minicontainer: note: ", text(__VA_ARGS__))

/* One line of the narration, if it is wanted. */
static void tell(const char *kind, const char *line) {
    if (narrator.explain)
        write_line(text("%-7s%-6s", narrator.who, kind), line);
}

/* Leave before the command has run, and leave no child behind. By _exit(2): a
 * child has a copy of the parent's stdio buffers, and exit(3) would write them
 * out a second time. */
__attribute__((noreturn))
static void leave(int status) {
    if (narrator.child > 0) {
        kill(narrator.child, SIGKILL);
        waitpid(narrator.child, NULL, 0);
    }
    if (narrator.undo) /* a cgroup is a directory: it outlives us (14) */
        narrator.undo();
    _exit(status);
}

/* We refuse: what was asked for cannot be had. The first line says why; those
 * after it begin with "  cause:  ", "  cure:   ", "  try:    " (a line to be
 * copied), or "  lesson: ". Exits with 125. */
__attribute__((noreturn))
static void refuse_with(const char *lines) {
    write_line("minicontainer: ", lines);
    leave(OURS);
}
#define refuse(...) refuse_with(text(__VA_ARGS__))

/* slurp() where we decide by what is in the file: nothing in it means that it
 * could not be read, and then there is nothing to decide by. */
static char *need(const char *path) {
    char *out = slurp(path);

    if (!*out)
        refuse("%s cannot be read", path);
    return out;
}

/* Where line N (from 1) of our own source begins. */
static const char *source_line(int n) {
    const char *at = own_source;

    while (--n > 0 && at < own_source_end)
        at = strchr(at, '\n') + 1;
    return at;
}

/* The number of the chapter that line N lies in; 0 if it is in none. */
static int chapter_of(int n) {
    const char *p = own_source, *end = source_line(n);
    int chapter = 0;

    /* A title stands below the first ruler of a banner: " * 2. UTS -- ..." */
    for (; (p = strstr(p, "\n/* =====")) && p < end; p++)
        chapter = atoi(strchr(p + 1, '\n') + strlen("\n * "));
    return chapter;
}

/* errno by name, as the man pages have it. (glibc has strerrorname_np(3) for
 * this, musl has not.) */
static const char *errno_name(int err) {
#define E(name) [name] = #name
    static const char *const names[] = {
        E(EPERM), E(ENOENT), E(ESRCH), E(EINTR), E(EIO), E(E2BIG), E(ENOEXEC),
        E(EBADF), E(EAGAIN), E(ENOMEM), E(EACCES), E(EBUSY), E(EEXIST),
        E(EXDEV), E(ENODEV), E(ENOTDIR), E(EISDIR), E(EINVAL), E(ENFILE),
        E(EMFILE), E(ENOSPC), E(EROFS), E(ERANGE), E(ENOSYS), E(ELOOP),
        E(EOPNOTSUPP),
    };
    bool known = err > 0 && (size_t)err < LENGTH(names) && names[err];

    return known ? names[err] : text("errno %d", err);
}

/* What forbids it, and what to do: the refusals that are met most often. The
 * first row that fits is printed. It fits if the text of the failed call
 * contains CALL, errno is ERR, and FILE, put after a newline, contains HOLDS.
 * Without HOLDS, FILE must be missing; without FILE, that is all. */
#define DOCKER "docker run --security-opt seccomp=unconfined"
#define RESTRICTED "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"
/* "NAME (enforce)" in a profile of AppArmor; else "unconfined", or no file. */
#define PROFILE "/proc/self/attr/current"
#define POWERLESS "our AppArmor profile allows no privileges in a user " \
                  "namespace: see " PROFILE
#define LAPTOPS "lessons/README.md, \"What laptops refuse\""
static const struct cure {
    const char *call;
    int err;
    const char *file, *holds, *cause, *cure;
} cures[] = {
    /* call, errno, a file, what it must hold; the cause; the cure */
    { "clone", EPERM, "/proc/self/status", "\nSeccomp:\t2",
      "a seccomp filter: we are inside Docker, a devcontainer, Codespaces, or `run`",
      DOCKER " --security-opt apparmor=unconfined --security-opt systempaths=unconfined" },
    /* Debian's own switch: off by default up to Debian 10; in hardened
     * kernels. */
    { "clone", EPERM, "/proc/sys/kernel/unprivileged_userns_clone", "\n0\n",
      "kernel.unprivileged_userns_clone=0: only root may make user namespaces",
      "sudo sysctl -w kernel.unprivileged_userns_clone=1, or use sudo" },
    /* One clone(2) asks for all namespaces, and the profile judges us, not the
     * child: it has no privileges for the others. */
    { "clone", EPERM, PROFILE, " (enforce)\n", POWERLESS, "use sudo, or see " LAPTOPS },
    { "clone", EPERM, NULL, NULL, "we are in a chroot(2), or our user has no number in this user "
      "namespace (id says 65534)", "leave the chroot, and enter that directory by "
      "`minicontainer run --image`; or unshare --map-root-user" },
    /* No plain EPERM but EACCES: somebody else than the kernel's own rules says
     * no. */
    { "clone", EACCES, NULL, NULL, "a security module (AppArmor, SELinux) forbids user namespaces; "
      "see /sys/kernel/security/lsm and /proc/self/attr/current", "use sudo, or see " LAPTOPS },
    { "clone", ENOSPC, "/proc/sys/user/max_user_namespaces", "\n0\n",
      "user.max_user_namespaces=0: no user namespaces (RHEL and CentOS 7)",
      "sudo sysctl -w user.max_user_namespaces=15000" },
    /* ENOSPC has nothing to do with a disk here: a counter is full. */
    { "clone", ENOSPC, NULL, NULL, "too many namespaces, or nested deeper than 32",
      "leave some of the labs; see /proc/sys/user/max_*_namespaces" },
    { "clone", EINVAL, "/proc/self/ns/user", NULL, "this kernel has no user namespaces (WSL 1)",
      "wsl --set-version DISTRIBUTION 2, or a kernel with CONFIG_USER_NS" },
    { "clone", EINVAL, NULL, NULL, "this kernel was built without one of these namespaces",
      "ls /proc/self/ns shows which it has: leave the missing one out with --no-X" },
    { "unshare", EINVAL, NULL, NULL, "this kernel has no time namespaces (before 5.6; old WSL 2)",
      "leave it out: --no-time" },
    { "unshare", ENOSPC, NULL, NULL, "user.max_time_namespaces is used up, or 0",
      "leave it out: --no-time" },
    /* Ubuntu lets the namespace be made, and then it may do nothing. */
    { "_map", EPERM, RESTRICTED, "\n1\n",
      "Ubuntu's AppArmor restriction of user namespaces (23.10 and later)",
      "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or sudo, or " LAPTOPS },
    /* proc_setgroups_open() in the kernel wants CAP_SYS_ADMIN of who opens. */
    { "setgroups", EACCES, PROFILE, " (enforce)\n", POWERLESS, "use sudo, or see " LAPTOPS },
    { "_map", EINVAL, NULL, NULL, "the lines of --map overlap, or name an id past the last one",
      "see user_namespaces(7), \"Defining user and group ID mappings\"" },
    { "\"proc\"", EPERM, NULL, NULL, "other mounts mask parts of /proc (Docker, Podman), and then "
      "the kernel mounts no fresh one", "docker run --security-opt systempaths=unconfined, podman "
      "run --security-opt unmask=ALL, or leave it out: --no-proc" },
    /* The last steps: here most container engines stop a container in them. */
    { "pivot_root", EPERM, NULL, NULL, "a seccomp filter: --cap-add SYS_ADMIN is not enough",
      DOCKER ", or leave it out: --no-root" },
    { "pivot_root", EINVAL, NULL, NULL, "/ is the initramfs (a live system), and cannot be pivoted",
      "leave it out: --no-root" },
    { "mount", EACCES, NULL, NULL, "AppArmor (docker-default) or SELinux (container_t)",
      "docker run --security-opt apparmor=unconfined, or --security-opt label=disable" },
    /* open_tree and move_mount: for --image and --volume. */
    { "SYS_", ENOSYS, NULL, NULL, "this kernel is older than 5.2, or a filter hides the call",
      "a newer kernel; or do without --image and --volume" },
    { "sethostname", EPERM, NULL, NULL, "a seccomp filter (Podman), even in a UTS namespace of our "
      "own", "podman run --security-opt seccomp=unconfined, or leave it out: --no-uts" },
    { "", EPERM, "/proc/self/status", "\nSeccomp:\t2",
      "a seccomp filter forbids this call: we are inside a container engine", DOCKER },
};

/* Does row R of `cures` fit this failure? */
static bool fits(const struct cure *r, const char *call, int err) {
    if (r->err != err || !strstr(call, r->call))
        return false;
    if (!r->file || !r->holds)
        return !r->file || access(r->file, F_OK) < 0;
    return strstr(text("\n%s", slurp(r->file)), r->holds);
}

/* A system call failed, and we cannot go on: say the call as it is written,
 * errno by name, where it stands, the likely cause and its cure. Exits with
 * 125. VALUES are those behind the names in CALL, or "". */
__attribute__((noreturn))
static void failed(const char *call, const char *values, int line) {
    /* errno first: any other call may change it. */
    int err = errno, chapter = chapter_of(line);
    const char *what = *values ? text("  [%s]", values) : "";

    write_line("minicontainer: ", text("%s failed: %s (%s)%s", call,
                                       errno_name(err), strerror(err), what));
    /* One cause and one cure: a list to choose from would help nobody. */
    for (size_t i = 0; i < LENGTH(cures); i++)
        if (fits(&cures[i], call, err)) {
            write_line("  cause:  ", cures[i].cause);
            write_line("  cure:   ", cures[i].cure);
            break;
        }
    /* For the curious, and for who wants to mend it. */
    if (chapter > 0)
        write_line("  where:  ", text("line %d, chapter and lesson %d: "
                   "minicontainer source %d", line, chapter, chapter));
    leave(OURS);
}

/* Behind SYS, SYSV and TRY: go on with the result of a call, or fail. */
static int checked(long result, bool told, const char *call, int line,
                   const char *values) {
    if (result < 0)
        failed(call, values, line);
    /* The bare clone(2) and fork(2) return twice, 0 in the child: only the
     * parent tells it. No other call that is told has such a name. */
    bool untold = !told || !narrator.explain || (result == 0 &&
                  (strstr(call, "fork()") || strstr(call, "SYS_clone")));
    /* Told after it was made: so the result is part of the line. */
    if (!untold)
        tell("call", text(*values ? "%s = %ld  [%s]" : "%s = %ld", call, result,
                          values));
    /* The result goes through unchanged: a descriptor, a PID, or 0. */
    return (int)result;
}
/* #call is the call's own text: the preprocessor makes a string of it. */
#define SYS(call) checked((call), true, #call, __LINE__, "")
#define SYSV(call, ...) \
    checked((call), true, #call, __LINE__, text(__VA_ARGS__))
#define TRY(call) checked((call), false, #call, __LINE__, "")

/* fork(2), for a parent and a child that both have something to say: first the
 * parent tells its half, then the child goes on. Else the two would speak at
 * once, and with --step a line of one would fall into the question of the
 * other. The pipe is closed again when this returns. */
static pid_t fork_in_turn(void) {
    int turn[2];

    TRY(pipe2(turn, O_CLOEXEC));
    pid_t child = SYS(fork());
    /* A pipe ends with the last of its writers. The child is one itself; the
     * other one is the parent, who has told by now, or is dead. */
    TRY(close(turn[1]));
    if (child == 0)
        poll(&(struct pollfd){ .fd = turn[0] }, 1, -1);
    close(turn[0]);
    return child;
}

/* Behind TRY_BUT: one errno is an answer and no failure (there is no such file;
 * there is one already). All others are failures: what is left out because a
 * call failed would be a hole that nobody is told of. Returns the result. */
static int tolerated(long result, int err, const char *call, int line) {
    if (result < 0 && errno != err)
        failed(call, "", line);
    return (int)result;
}
#define TRY_BUT(err, call) tolerated((call), err, #call, __LINE__)

/* Behind put(): write LINES into a file of /proc, and tell it as a shell would
 * do it. By one write(2), as those files want it. A refusal is a failure if it
 * MUST be; else it is only told. */
static void put_at(int line, bool must, const char *path, const char *lines) {
    /* To the kernel one write(2) to such a file is one order: half a map would
     * be a wrong map. (A shell's echo makes one write, too.) */
    const char *shown = lines, *second = strchr(lines, '\n');
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, lines, strlen(lines)) >= 0;

    if (second) /* printf(1) knows \n; a line of ours must not be torn */
        shown = text("%.*s\\n%s", (int)(second - lines), lines, second + 1);
    char *shell = text("%s '%s' > %s", second ? "printf" : "echo", shown, path);
    if (!done && must)
        failed(shell, "", line);
    if (fd >= 0)
        close(fd);
    /* It is told as it was done, also if it was refused and need not be. */
    tell("shell", done ? shell : text("%s  (refused; not needed)", shell));
}
#define put(path, ...) put_at(__LINE__, true, path, text(__VA_ARGS__))
#define put_if_allowed(path, value) put_at(__LINE__, false, path, value)

/* --step: show the source around LINE, to the end of its paragraph. All our
 * code is in functions, four columns in: those are left out. */
static void show_source(int line) {
    for (int i = line - 2; i < line + 12; i++) {
        const char *p = source_line(i);
        bool next_step = strncmp(p, "    say(", 8) == 0;
        if (i > line && (*p == '\n' || *p == '}' || next_step))
            return;
        p += strncmp(p, "    ", 4) == 0 ? 4 : 0;
        write_line(text("%c%4d  ", i == line ? '>' : ' ', i),
                   text("%.*s", (int)strcspn(p, "\n"), p));
    }
}

/* --step: wait for Enter. The end of the input is as good. q leaves before the
 * command was run, c goes on without waiting, r shows it again. */
static void pause_at(int line) {
    char byte, answer;

    /* We are parent or child here, whoever speaks; the other one waits. */
    do {
        show_source(line);
        if (narrator.peek && narrator.pid > 0)
            write_line("  in a second window: ",
                       text(narrator.peek, narrator.pid));
        dprintf(2, "[Enter] do it  [r] again  [c] run on  [q] leave: ");
        /* Byte by byte: what comes after the newline is for somebody else. */
        answer = '\n';
        while (read(0, &byte, 1) == 1 && byte != '\n')
            answer = byte;
    } while (answer == 'r');
    if (answer == 'q')
        leave(OURS);
    narrator.step = answer != 'c';
}

/* Behind say(): tell why; with --step, and a terminal to ask on, wait. */
static void say_at(int line, const char *why) {
    tell("why", why);
    if (narrator.step && isatty(0) && isatty(2))
        pause_at(line);
}
#define say(...) say_at(__LINE__, text(__VA_ARGS__))

/* Our name for ps(1): COMM is what pgrep(1) finds, TITLE what `ps ax` prints.
 * That is read from our own memory, where the words of the command line are:
 * they are gone then, so a process does this only when it needs them no more.
 * prctl(2), PR_SET_NAME; proc(5), cmdline */
static void rename_process(const char *comm, const char *title) {
    /* Only for who looks from outside: if it fails, nothing is lost. */
    prctl(PR_SET_NAME, comm, 0, 0, 0);
    memset(narrator.title, 0, narrator.title_size);
    snprintf(narrator.title, narrator.title_size, "%s", title);
}

/* How many files match PATTERN, as in a shell. glob(7) */
static int count(const char *pattern) {
    glob_t found = { 0 };

    glob(pattern, GLOB_NOSORT, NULL, &found);
    int n = (int)found.gl_pathc;
    globfree(&found);
    return n;
}

/* How many lines a file has; 0 if it cannot be read. */
static int count_lines(const char *path) {
    FILE *f = fopen(path, "re");
    int lines = 0;

    for (int byte; f && (byte = getc(f)) != EOF;)
        lines += byte == '\n';
    if (f)
        fclose(f);
    return lines;
}

/* =====================================================================
 * 0. THE REQUEST -- what a container is made of, and who we are
 * =====================================================================
 * Problem   Two programs on one machine see the same files, the same process
 *           list, the same network, and get into each other's way.
 * Kernel    No container there: only processes, and the namespaces they are
 *           in. A virtual machine has a kernel of its own; a container has not.
 * Parent    fills in `struct container` from the command line.
 * Child     reads it, isolation by isolation.
 * Order     the rows of THE TABLE stand in the order in which they are made.
 * See it    $ ./minicontainer compare
 * Not this  an image, a registry, a daemon: those carry and manage containers.
 * Read      lessons/00-what-is-a-container, namespaces(7)
 *
 * A container beside a virtual machine:
 *
 *       virtual machines             containers
 *       [prog] [prog]                [prog] [prog]
 *       [libs] [libs]                [libs] [libs]
 *       [kernel] [kernel]            [   one kernel   ]
 *       [  hypervisor   ]
 *       [    hardware   ]            [    hardware    ]
 *
 * A machine must boot, and keeps its own memory for its own kernel: seconds
 * and hundreds of megabytes. A container is a process: it starts in
 * milliseconds, and a thousand of them fit where ten machines do. The price
 * is that they all share one kernel: `uname -r` says the same in each, a
 * program for another system cannot run, and a hole in the kernel is a hole
 * in every wall at once.
 */

/* The rows of THE TABLE, in its order. Row R is bit 1 << R of a set.
 *
 * A set of rows is a number, a bit for each: that makes "all but these" and
 * "those that were named" one operation each. */
enum { LIMITS, TIME, MNT, USER, UTS, IPC, NET, CGROUP, PID, ROOT, PROC, CAPS,
       SECCOMP, ROWS };
#define BIT(row) (1u << (row))
#define ALL_ROWS (BIT(ROWS) - 1)
/* Those that change what a process may do; all others change what it sees. */
#define RIGHTS (BIT(CAPS) | BIT(SECCOMP) | BIT(LIMITS))

/* What chapter 14 can limit. */
enum { MEMORY, CPUS, PIDS, LIMIT_COUNT };

/* One line of a user namespace's map: COUNT ids from INSIDE on are the ids
 * from OUTSIDE on. user_namespaces(7) */
struct map { unsigned inside, outside, count; };

/* One --volume: SRC of the machine appears as DST in the container. */
struct volume {
    const char *src, *dst;
    bool read_only;
    int fd; /* SRC as a mount that is attached nowhere yet; the child's */
};

/* How many words our own options may have. */
enum { MOST_WORDS = 10000 };

/* All that one container is asked to be. parent_side() owns it; the child gets
 * its own copy by clone(2), as it gets a copy of all of the parent's memory:
 * what the child changes in it, the parent does not see. (Only the guardian,
 * in THE DANCE, has the parent's memory itself.) */
struct container {
    /* The isolations, as sets of rows. */
    unsigned rows;        /* those that are on: the only set that counts     */
    unsigned named;       /* switched on by name: honoured or refused        */
    unsigned denied;      /* switched off by name                            */
    bool only;            /* --only: nothing else is on                      */

    /* The options of the command line. */
    uint64_t given;       /* which of options[] were given                   */
    bool lab;             /* furnish it as the practice host                 */
    bool init;            /* PID 1 is ours, the command is its child         */
    bool read_only;       /* the root cannot be written                      */
    bool explain, step;   /* for the narrator                                */
    bool always_so;       /* Docker's -i -t --rm                             */
    bool no_mask;         /* leave all of /proc and /sys open (chapter 5)    */
    uint64_t cap_add, cap_drop; /* capabilities, a bit each (chapter 12)     */
    const char *limit[LIMIT_COUNT]; /* as the user wrote them; NULL: none    */
    const char *hostname; /* never NULL                                      */
    const char *image;    /* NULL: a root out of the machine's own files     */
    const char *workdir;  /* NULL: where we are                              */
    const char *boottime; /* seconds since the container's "boot"; NULL: 0   */
    struct map map[8];    /* --map, or the default                           */
    int maps;
    struct volume *volume;
    int volumes;
    char **env;           /* --env NAME=VALUE                                */
    int envs;
    char **argv;          /* the command; NULL: a shell                      */

    /* What runs in the child instead of a command: `look`, half a `compare`. */
    int (*instead)(struct container *);
    int report;               /* the descriptor that it answers to           */
    int compared;             /* the row that compare_side() looks at        */
    struct container *nested; /* and the container that it starts            */
    int output;               /* the command's stdout and stderr, if >= 0    */

    /* While it runs. */
    pid_t pid;            /* the child, as the parent counts                 */
    int pidfd;            /* a descriptor of it; the parent's                */
    int life[2];          /* a pipe. A message through it is "go"; its end
                           * means that the parent is gone. The parent keeps
                           * [1], the child keeps [0]                        */
    int proc_fd;          /* the machine's /proc, opened before all mounts   */
    ino_t machine_mnt;    /* the mount namespace that we must not touch      */
    int image_fd;         /* the image as a mount, attached nowhere yet      */
    int cgroup_fd;        /* where the child is to be born; -1: where we are */
    bool moved;           /* born where we are, then moved: no clone3(2)     */
    int root_fd;          /* the new root (or /), to look paths up in        */
    dev_t own_dev;        /* our own tmpfs: here we may make directories     */
    bool terminal;        /* stdin is a terminal, and we its foreground job  */
    struct termios modes; /* its modes before we did anything                */
};

/* Is ROW on? This is asked all through the file. */
static bool on(const struct container *c, int row) {
    return c->rows & BIT(row);
}

/* A field of STATUS, which is the text of /proc/PID/status, that holds a
 * hexadecimal set of bits; 0 if it is not there. A line of it, one bit a signal
 * or capability: "SigCgt:\t0000000000010002". proc(5) */
static unsigned long long status_bits(const char *status, const char *field) {
    const char *line = text("\n%s", field), *at = strstr(status, line);

    /* (With the newline: the first line is a name that a process chooses.) */
    return at ? strtoull(at + strlen(line), NULL, 16) : 0;
}
#define SELF "/proc/self/status"

/* May this process use capability number CAP? A capability is one of the some
 * forty pieces that root's power is made of; they are kept as sets of 32 bits.
 * capget(2) (version 3), capabilities(7) */
static bool has_cap(int cap) {
    struct { uint32_t version; int pid; } who = { 0x20080522, 0 };
    struct { uint32_t effective, permitted, inheritable; } set[2] = { { 0 } };

    TRY(syscall(SYS_capget, &who, set));
    return set[cap / 32].effective >> cap % 32 & 1;
}

/* Does the user namespace whose MAP this is (the text of a uid_map) know COUNT
 * ids from FIRST on? The machine's own knows all. */
#define OWN_MAP "/proc/self/uid_map"
static bool knows_ids(const char *map, unsigned long first,
                      unsigned long count) {
    /* A line of it: inside, outside, how many. */
    unsigned long n[3] = { 0, 0, 1 };

    for (char *at = (char *)map; n[2] > 0;) {
        for (int i = 0; i < 3; i++)
            n[i] = strtoul(at, &at, 10); /* 0 at the end of the text */
        if (n[0] <= first && first + count <= n[0] + n[2])
            return true;
    }
    return false;
}

/* Real root: user 0 of the machine itself, not of some user namespace. */
static bool root_of_machine(void) {
    return geteuid() == 0 && knows_ids(slurp(OWN_MAP), 0, UINT_MAX);
}

/* The inode of a namespace of ours: its identity; 0 if there is none. Two
 * processes are in the same one if it is the same. namespaces(7) */
static ino_t namespace_id(const char *name) {
    struct stat st;
    const char *path = text("/proc/self/ns/%s", name);

    return TRY_BUT(ENOENT, stat(path, &st)) == 0 ? st.st_ino : 0;
}

/* =====================================================================
 * 1. FIRST CONTAINER -- a child, its supervisor, and the command
 * =====================================================================
 * Problem   A program that starts another must answer for it: pass signals
 *           on, wait, give back its status, leave nothing behind.
 * Kernel    fork, wait, exec. PID 1 of a PID namespace ignores every signal
 *           that it has no handler for (but not SIGKILL and SIGSTOP from
 *           outside), and its end ends all the others.
 * Parent    the supervisor: stays outside, waits, passes signals on.
 * Child     clean_start(), then execve(2): the child *becomes* the command.
 * Order     PR_SET_PDEATHSIG after the change of user: that clears it.
 * See it    $ ./minicontainer run --explain -- true
 * Not this  a daemon. Docker's client asks dockerd, dockerd asks containerd,
 *           that starts runc, and runc does what this file does.
 * Read      lessons/01-first-container, pid_namespaces(7), prctl(2), signal(7)
 *
 * Docker's parts, and where they are here: the client is the command line at
 * the end of this file; the daemon is nowhere, each container has its own
 * supervisor instead; an image is a directory; a registry is not needed.
 *
 * The life pipe. A parent can die at any moment, by `kill -9` as well, and
 * then nothing of the container may live on. The kernel has a wish for that
 * (PR_SET_PDEATHSIG: a signal when my parent dies), but it has two holes: it
 * is forgotten when a process changes its user, and it comes too late for a
 * parent that is dead already. The pipe has none: when its writing end has
 * no holder any more, the reading end says so, for ever. So the child has
 * the wish, and looks at the pipe after it has made it.
 *
 * Who watches whom, in the end:
 *     PID namespace on                the kernel ends all with PID 1, and PID 1
 *                                     ends with its parent, by the wish
 *     ... and if it took that back    a guardian outside kills PID 1 (there is
 *                                     a limit to that: see start_guardian)
 *     ... with --init, or in the lab  our init keeps its user: the wish holds
 *     PID namespace off               our init, inside, ends all below it; and
 *                                     if it is killed itself, the parent does
 *
 * What a signal finds, and why the supervisor asks first (unheard):
 *
 *     the command                     what SIGTERM does
 *     has a handler for it            runs the handler
 *     has none, any other process     ends it
 *     has none, PID 1                 nothing: it is dropped without a trace
 *
 * `docker stop` sends SIGTERM, waits ten seconds, and kills: for most
 * commands in containers these ten seconds are spent in the last line.
 */

/* All the signals that a supervisor fetches with sigwaitinfo(2). They are
 * blocked before the clone, so that none is lost, and no code of ours ever
 * runs in a signal handler. */
static const int watched[] = { SIGCHLD,  SIGTERM, SIGHUP,  SIGINT,
                               SIGQUIT,  SIGWINCH, SIGUSR1, SIGUSR2,
                               SIGTSTP,  SIGTTIN, SIGTTOU };

/* The same as a set, for the calls that want one. */
static sigset_t watched_signals(void) {
    /* A set is a row of bits, one a signal: sigsetops(3). */
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < LENGTH(watched); i++)
        sigaddset(&set, watched[i]);
    return set;
}

/* Is the other end of the life pipe closed? Only the parent holds it, so this
 * means that the parent is dead, however it died. (getppid(2) cannot tell: it
 * is 0 for PID 1 of a PID namespace.) */
static bool parent_is_gone(const struct container *c) {
    /* We ask for no event: the end of a pipe (POLLHUP) is told unasked.
     * poll(2) */
    struct pollfd p = { .fd = c->life[0] };

    return TRY(poll(&p, 1, 0)) > 0;
}

/* Child: get SIG when the parent dies. The kernel forgets the wish when we
 * change our user, so it is made after that. A parent that died *before* the
 * wish was made is found by its pipe: without this second look, a start that
 * is killed at the wrong moment leaves a live child. prctl(2) */
static void die_with_parent(const struct container *c, int sig) {
    /* From here on the kernel watches. What happened before, the pipe knows. */
    TRY(prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0));
    if (parent_is_gone(c))
        leave(OURS);
}

/* A number from PATH, the `stat` file of a process; 0 if that is gone. We count
 * from the second field on: it is a name in brackets, which may hold spaces and
 * brackets itself. proc(5) */
enum { PARENT = 4, KERNEL_FLAGS = 9 };
static int stat_field(const char *path, int field) {
    const char *at = strrchr(slurp(path), ')');

    for (int i = 2; at && i < field; i++)
        at = strchr(at + 1, ' ');
    return at ? (int)strtol(at, NULL, 10) : 0;
}

/* Has PROCESS become the command yet? 0x40 is "forked, and no execve(2)
 * since". */
static bool still_starting(pid_t process) {
    return stat_field(text("/proc/%d/stat", process), KERNEL_FLAGS) & 0x40;
}

/* Would PROCESS not even notice SIG? So it is for PID 1 of a PID namespace, if
 * it neither handles, nor on purpose ignores, nor blocks it: then the kernel
 * does not deliver it. NSpid lists the numbers of a process, from our namespace
 * inwards: "4711 1".
 *
 * Blocked can mean two things. A program that fetches its signals with
 * sigwait(3) blocks them for ever. But libc blocks all signals also for the
 * moment of a fork(2): and what comes in that moment to a PID 1 that has no
 * handler is dropped right after it. So we look again, for 400 ms: a shell that
 * does nothing but start programs, on a busy machine, is nearly always in such
 * a moment. */
static bool unheard(pid_t process, int sig) {
    const char *file = text("/proc/%d/status", process);
    const char *ns = strstr(slurp(file), "\nNSpid:");
    const char *last = ns ? ns + strcspn(ns + 1, "\n") - 1 : "";

    if (strncmp(last, "\t1", 2) != 0 || last - ns <= (int)strlen("\nNSpid:"))
        return false;
    /* Still a copy of us: what it has blocked, it will unblock. (Asked first:
     * what is read below is then the command's.) */
    if (still_starting(process))
        return true;
    /* In sigwait(3) a signal is blocked, though it is not shown as such. */
    if (strstr(slurp(text("/proc/%d/wchan", process)), "sigtimedwait"))
        return false;
    for (int i = 0; i < 200; i++) {
        /* Handled, or ignored on purpose: it has its effect, or shall have
         * none. Not even blocked: it is dropped. */
        const char *status = slurp(file);
        if ((status_bits(status, "SigCgt:") | status_bits(status, "SigIgn:")) >>
            (sig - 1) & 1)
            return false;
        if (!(status_bits(status, "SigBlk:") >> (sig - 1) & 1))
            return true;
        poll(NULL, 0, 2);
    }
    return false;
}

/* Supervisor: SIG would end any other program, but CHILD is PID 1 and deaf to
 * it. Nobody must be left stuck: say why, and end the container. A first ^C,
 * often typed by mistake, is only answered. */
static void end_deaf(pid_t child, int sig, bool terminal) {
    /* What is said is for a learner who typed ^C and saw nothing happen. */
    static bool warned;
    bool once_more = sig == SIGINT && terminal && !warned;

    if (still_starting(child)) {
        kill(child, SIGKILL);
        return;
    }
    /* The first time the reason, the second time what is done. */
    if (warned)
        note("again: SIGKILL from outside is the one that PID 1 cannot drop");
    else /* (strsignal(3): "Terminated") */
        note("PID 1 has no handler for signal %d (%s), so the kernel drops it "
             "(lesson 03); %s", sig, strsignal(sig),
             once_more ? "^C again ends the container"
                       : "docker stop would wait ten seconds, we kill it now");
    warned = true;
    if (!once_more)
        kill(child, SIGKILL);
}

/* ^Z, or a read from a terminal that is another job's. PID 1 cannot be stopped
 * by these, only by SIGSTOP: we stop it, then ourselves by the same signal, and
 * the shell that started us sees a stopped job. `fg` wakes us, we wake it.
 * Where no shell could wake us (an orphaned process group), the kernel drops
 * these signals, but not SIGSTOP: so it must be the same one. */
static void stop_together(pid_t child, int sig) {
    sigset_t one;

    sigemptyset(&one);
    sigaddset(&one, sig);
    kill(child, SIGSTOP); /* from outside: this one is delivered */
    kill(getpid(), sig); /* it is blocked, and comes with the next line */
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    sigprocmask(SIG_BLOCK, &one, NULL);
    kill(child, SIGCONT);
}

/* Supervisor: one signal has come. A signal of the terminal (^C) goes to every
 * process in the foreground, so the command has it already: only one that a
 * process sent (si_code <= 0) is passed on, or it would come twice. But the end
 * of a terminal is told only to the leader of the session, if we are that. */
static void pass_on(const struct container *c, pid_t child,
                    const siginfo_t *info) {
    int sig = info->si_signo;
    bool hangup = sig == SIGHUP && getsid(0) == getpid();
    bool terminal = info->si_code > 0 && !hangup;
    bool deadly = sig == SIGTERM || sig == SIGHUP || sig == SIGINT ||
                  sig == SIGQUIT;

    if (deadly)
        narrator.told_to_end = sig;
    if (sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU)
        stop_together(child, sig);
    /* (An init of ours fetches its signals, and so it hears all of them.) */
    else if (deadly && !c->init && unheard(child, sig))
        end_deaf(child, sig, terminal);
    else if (!terminal)
        kill(child, sig);
}

/* Wait for CHILD to end, and answer for it meanwhile. Returns the status that
 * we shall exit with: its own, or 128+n if signal n ended it. The watched
 * signals must be blocked. Also the main loop of our own init (chapter 3),
 * which reaps every orphan that falls to it, and watches the life pipe. */
static int supervise(const struct container *c, pid_t child, bool is_init) {
    sigset_t set = watched_signals();
    siginfo_t info;
    int status;

    for (;;) {
        pid_t pid;
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
            if (pid == child)
                return WIFEXITED(status) ? WEXITSTATUS(status)
                                         : 128 + WTERMSIG(status);
        /* Cannot be. But if it is, we would wait for ever: so end it, and let
         * our caller clean up. */
        if (pid < 0) {
            write_line("minicontainer: ", text("waitpid: %s", strerror(errno)));
            kill(child, SIGKILL);
            return OURS;
        }
        /* We are init, and alone in the world: end. What is below us ends,
         * too. */
        if (is_init && parent_is_gone(c))
            return OURS;

        /* Sleep until one of our signals comes. It is fetched, not handled:
         * between two lines of this loop nothing can happen to us. */
        if (sigwaitinfo(&set, &info) < 0 || info.si_signo == SIGCHLD)
            continue;
        if (!is_init)
            pass_on(c, child, &info);
        else if (info.si_code <= 0)
            kill(child, info.si_signo);
    }
}

/* Without a PID namespace nothing ends the rest when the command ends. We are
 * a subreaper: orphans below us become our children (prctl(2)). So kill our
 * children until there are none. Their numbers mean something to us only if
 * this /proc shows our PID namespace, and so ourselves under our number. */
static void end_orphans(const struct container *c) {
    char self[16] = "";
    glob_t found = { 0 };

    /* (-1 and ECHILD: we have none.) */
    while (waitpid(-1, NULL, WNOHANG) >= 0) {
        /* Look again and again: who was a grandchild is a child once its parent
         * has ended, and who was just being born has a number now. */
        ssize_t n = readlinkat(c->proc_fd, "self", self, sizeof self - 1);
        if (n < 0 || atoi(self) != getpid() || fchdir(c->proc_fd) < 0)
            return;
        /* /proc is where we stand now, so these are the processes. */
        glob("[0-9]*", 0, NULL, &found);
        for (size_t i = 0; i < found.gl_pathc; i++)
            if (stat_field(text("%s/stat", found.gl_pathv[i]), PARENT) ==
                getpid())
                kill(atoi(found.gl_pathv[i]), SIGKILL);
        globfree(&found);
        waitpid(-1, NULL, 0);
    }
}

/* Supervisor. Remember the terminal as it is before the container runs. A shell
 * inside may make itself the foreground job, or turn echo off, and then be
 * killed. And stderr, or the life pipe, may lose its other end: no signal. */
static void keep_terminal(struct container *c) {
    signal(SIGPIPE, SIG_IGN);
    /* A terminal has one job in its foreground: a process group.
     * credentials(7) */
    c->terminal = tcgetpgrp(0) == getpgrp() && tcgetattr(0, &c->modes) == 0;
}

/* And make it so again. The foreground is taken only from a job that is no
 * more: not from the shell that has put us into the background meanwhile.
 * (SIGTTOU, which tcsetpgrp(3) would send us, is blocked.) */
static void give_terminal_back(const struct container *c) {
    pid_t front = tcgetpgrp(0);

    if (!c->terminal)
        return;
    if (front > 0 && kill(-front, 0) < 0 && errno == ESRCH)
        tcsetpgrp(0, getpgrp());
    if (tcgetpgrp(0) == getpgrp())
        tcsetattr(0, TCSADRAIN, &c->modes);
}

/* Close every descriptor above 2: any of them could lead out of the container
 * (a directory of the machine, a socket of the caller's). close_range(2) */
static void close_from_3(void) {
    if (syscall(SYS_close_range, 3, ~0U, 0) == 0)
        return;
    /* Before Linux 5.9: poll(2) says of many numbers at once which are open. If
     * it fails it says nothing, and all are closed. */
    struct pollfd some[1024];
    for (int from = 3; from < 65536; from += (int)LENGTH(some)) {
        for (int i = 0; i < (int)LENGTH(some); i++)
            some[i] = (struct pollfd){ .fd = from + i };
        poll(some, LENGTH(some), 0);
        for (size_t i = 0; i < LENGTH(some); i++)
            if (!(some[i].revents & POLLNVAL))
                close(some[i].fd);
    }
}

/* Keys, and the rights that a file could give. Before the filter of chapter 13,
 * which forbids the first and wants the second. */
static void give_up_rights(void) {
    narrator.peek = NULL;
    say("no keys of the caller's, and no setuid file shall give rights");
    /* A keyring of our own: keys of the caller's session stay out of reach. A
     * filter that forbids this forbids keys altogether; but without quota the
     * caller's keys stay readable. session-keyring(7) */
    if (syscall(SYS_keyctl, JOIN_SESSION_KEYRING, NULL) < 0 &&
        errno != EPERM && errno != ENOSYS)
        note("no keyring of its own (%s): COMMAND can read your session's keys",
             errno_name(errno));
    /* From now on no setuid file gives more rights than we have. (sudo and su
     * are such files: they do not work in a container of ours.) */
    SYS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/* What a parent hands down to its children without being asked is put back to
 * the default: blocked and ignored signals, and descriptors. */
static void clean_start(void) {
    sigset_t none;

    say("a clean start: no signals and no descriptors of the caller's");
    /* What the caller ignored is default since the start; this was our own. */
    TRY(sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL));
    sigemptyset(&none);
    TRY(sigprocmask(SIG_SETMASK, &none, NULL));
    close_from_3();
}

/* NAME=VALUE goes into the environment LIST, in place of one of that name. */
static void add_to(char **list, char *pair) {
    size_t name = strcspn(pair, "=") + 1;

    while (*list && strncmp(*list, pair, name) != 0)
        list++;
    *list = pair;
}

/* A fresh environment. What the caller has in theirs (tokens, paths of another
 * tree) is not the container's business; the terminal and the language are.
 * With a root of its own, a container also has a home of its own. */
static void fresh_environment(const struct container *c) {
    static const char *const kept[] = { "TERM=", "LANG=", "LC_" };
    static char *list[MOST_WORDS + 100];
    const char *home = on(c, ROOT) ? NULL : getenv("HOME");

    /* The strings of the old environment stay where they are: we only make a
     * new list, and take the harmless ones into it, some 80 at most. (Ours stay
     * in the ring of text(): execve(2) copies them before it is full.) */
    for (char **old = environ; old && *old; old++)
        for (size_t i = 0; i < LENGTH(kept); i++)
            if (strncmp(*old, kept[i], strlen(kept[i])) == 0 && !list[80])
                add_to(list, *old);
    /* What every program may rely on, and nothing that depends on the caller.
     * The last directory is where the lab has this program. */
    add_to(list, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:"
                 "/bin:/run/current-system/sw/bin:/opt/minicontainer");
    add_to(list, text("HOME=%s", home ? home : "/root"));
    add_to(list, text("HOSTNAME=%s", c->hostname));
    /* By this word a program can know where it is; systemd and Podman set it,
     * too. */
    add_to(list, "container=minicontainer");
    add_to(list, text("PS1=%s# ", c->hostname)); /* the prompt: where we are */
    for (int i = 0; i < c->envs; i++)
        add_to(list, c->env[i]);
    environ = list;
}

/* The loader that the dynamic ELF file FD names (its PT_INTERP), into OUT,
 * which has room for a path; HEAD is the file's first page. elf(5) */
static void elf_loader(int fd, const Elf64_Ehdr *head, char *out) {
    Elf64_Phdr part;

    /* The program headers say what is to be loaded, and by whom. What is read
     * has no end of its own. */
    out[PATH_MAX] = '\0';
    bool wide = head->e_ident[EI_CLASS] == ELFCLASS64;
    /* (A 32-bit program has other structures: for it we say only "not
     * found".) */
    for (unsigned i = 0; wide && i < head->e_phnum && i < 64; i++) {
        off_t at = (off_t)(head->e_phoff + i * sizeof part);
        if (pread(fd, &part, sizeof part, at) != sizeof part)
            return;
        if (part.p_type == PT_INTERP &&
            pread(fd, out, PATH_MAX, (off_t)part.p_offset) < 0)
            return;
    }
}

/* The program that the kernel needs in order to start PATH: what stands behind
 * #!, or a loader; "" if none. */
static const char *interpreter(const char *path) {
    union { char start[4096]; Elf64_Ehdr elf; } head = { .start = "" };
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a fifo? */
    char *out = fresh();

    /* The first bytes decide: "#!" is a script, "\177ELF" a program. */
    if (fd >= 0 && read(fd, &head, sizeof head - 1) > 2) {
        const char *name = head.start + 2 + strspn(head.start + 2, " \t");
        if (strncmp(head.start, "#!", 2) == 0)
            snprintf(out, PATH_MAX, "%.*s", (int)strcspn(name, " \t\n"), name);
        else if (memcmp(head.start, ELFMAG, SELFMAG) == 0)
            elf_loader(fd, &head.elf, out);
    }
    /* None of both: a program that stands by itself (static), or no program. */
    if (fd >= 0)
        close(fd);
    return taken(out);
}

/* execve(2) failed: say why, as exactly as can be found out, and leave with
 * 127 (not found) or 126 (found, but not to be executed). */
__attribute__((noreturn))
static void explain_exec(const struct container *c, const char *path, int err) {
    const char *root = on(c, ROOT) ? "the container's root" : "this root";
    const char *where = c->image ? c->image : root, *message;
    const char *needs = err == ENOENT ? interpreter(path) : "";
    bool missing = err == ENOENT || err == ENOTDIR;

    /* The kernel says ENOENT also if the file is there and its loader is not:
     * the commonest riddle of a home-made image. So we look ourselves. */
    if (*needs)
        message = text("%s is there, but %s, which must load it, is missing in "
                       "%s", path, needs, where);
    else if (missing)
        message = text("%s: not found in %s", *path ? path : "\"\"", where);
    else if (err == ENOEXEC) /* it may be executed, but is not known */
        message = text("%s: not for this processor, or a script without #!",
                       path);
    else
        message = text("%s: %s (%s), in %s", path, strerror(err),
                       errno_name(err), where);
    write_line("minicontainer: ", message);
    /* Docker's users type an image's name first: say what is the word here. */
    if (missing && !strchr(path, '/')) {
        write_line("  cause:  ", "the first word is the command; an image is a "
                   "directory, given by --image DIR");
        /* (A line that is to be copied must not hold what a shell would
         * run.) */
        const char *next = c->argv[1] ? c->argv[1] : "";
        if (*next && !next[strspn(next, LETTERS "/_")])
            write_line("  try:    ", text("minicontainer run -- %s", next));
    }
    _exit(missing ? NOT_FOUND : NOT_EXECUTABLE);
}

/* execve(2). Told before it is done: if it works, nobody is left to tell. */
static void become(char **argv, const char *path) {
    tell("call", text("execve(path, argv, environ)  [\"%s\"]", path));
    execve(path, argv, environ);
}

/* Become the command: what execvp(3) does, written out so that we know which
 * path failed. Does not return. */
__attribute__((noreturn))
static void exec_command(const struct container *c, char **argv) {
    const char *name = argv[0], *dirs = getenv("PATH");
    char path[PATH_MAX];
    bool denied = false;

    if (strchr(name, '/')) {
        become(argv, name);
        explain_exec(c, name, errno);
    }
    /* PATH is a list with colons between; the first that works wins. */
    for (size_t n; dirs && *dirs; dirs += n + (dirs[n] == ':')) {
        n = strcspn(dirs, ":");
        snprintf(path, sizeof path, "%.*s/%s", (int)n, dirs, name);
        if (access(path, F_OK) < 0 || !*name)
            continue;
        become(argv, path);
        if (errno != EACCES) /* a directory of that name, or no right to it */
            explain_exec(c, path, errno);
        denied = true;
    }
    explain_exec(c, name, denied ? EACCES : ENOENT);
}

/* Last step of every child: a clean start, then the command. The caller's
 * terminal is the command's too: descriptors 0, 1 and 2 stay as they are. That
 * is a hole in the wall: by ioctl(2) TIOCSTI it can type into the caller's
 * shell, before Linux 6.2 and where dev.tty.legacy_tiocsti is 1. */
__attribute__((noreturn))
static void start_command(struct container *c) {
    static char *bash[] = { "bash", "--norc", NULL }, *sh[] = { "sh", NULL };

    /* look and compare: a function of ours in the place of a command. */
    if (c->instead)
        _exit(c->instead(c));
    if (c->output >= 0) {
        TRY(dup2(c->output, 1));
        TRY(dup2(c->output, 2));
    }
    clean_start();
    fresh_environment(c);
    /* No command: a shell. --norc: so that the prompt is ours, not the
     * caller's. */
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
 * Parent    CLONE_NEWUTS in clone(2), which makes the child.
 * Child     sethostname(2).
 * Order     after user: the right to rename comes from the user namespace; and
 *           before caps and seccomp, which take it away.
 * See it    $ ./minicontainer compare uts -- hostname oops
 * Not this  /etc/hostname is a file, DNS is a service: no namespace touches
 *           them. The NIS domain name is not the one of DNS.
 * Read      lessons/02-uts, uts_namespaces(7), sethostname(2)
 *
 * (UTS is "UNIX Time-sharing System", from struct utsname of uname(2).)
 *
 * A namespace begins as a copy, not empty: the new one has the machine's
 * name until somebody changes it. So without the call below one would see no
 * difference at all. That is true of mnt and cgroup as well; pid, ipc and net
 * begin empty.
 */

/* Child, root of its user namespace. */
static void enter_uts(struct container *c) {
    say("the new UTS namespace has a copy of the names: we change the copy");
    SYSV(sethostname(c->hostname, strlen(c->hostname)), "\"%s\"", c->hostname);
}

/* What `look` prints for the row uts: the name, and the domain if it has one.
 * Each row has such a function. It asks the kernel and not our own notes, it
 * runs on either side of the wall, and its result is a text() of some 30
 * columns. */
static const char *look_uts(void) {
    /* 64 letters is the kernel's limit (__NEW_UTS_LEN). */
    char host[65] = "", domain[65] = "";

    TRY(gethostname(host, sizeof host - 1));
    getdomainname(domain, sizeof domain - 1);
    /* "(none)" is the kernel's word for a name that was never set. */
    if (*domain == '(' || !*domain)
        return text("%s", host);
    return text("%s, NIS domain %s", host, domain);
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
 *
 * Two numbers for one process:
 *
 *     outside   ... 4710   4711   4712 ...      (all processes, all numbers)
 *                            |
 *     inside                 1   2   3 ...      (only those of the container)
 *
 * From outside a container can be watched and killed, by the outer numbers.
 * From inside there is no number for anything outside, so there is nothing
 * to send a signal to: nobody forbids it, it cannot be said.
 */

/* Who am I, among how many, and who is number 1? */
static const char *look_pid(void) {
    /* This asks /proc, and /proc may be another namespace's (chapter 5): then
     * the numbers do not fit each other, and that is what the lesson shows. */
    char *name = slurp("/proc/1/comm");
    int processes = count("/proc/[0-9]*");

    name[strcspn(name, "\n")] = '\0';
    if (getpid() == 1)
        return text("I am 1 of %d", processes);
    return text("I am %d of %d, 1 is %s", getpid(), processes, name);
}

/* A process of ours that stays inside: its memory still has the environment of
 * the caller (tokens!), and a process of the same user inside may read it, as
 * /proc/1/environ. */
static void forget_environment(void) {
    /* The strings are in our own memory: overwrite them. */
    for (char **e = environ; e && *e; e++)
        memset(*e, 0, strlen(*e));
    clearenv();
}

/* Our own init: PID 1 with --init and in the lab. And, where the PID
 * namespace is off, a subreaper inside that ends every process below it when
 * the parent is gone. The command is its child. */
__attribute__((noreturn))
static void init_side(struct container *c) {
    /* The same loop as the supervisor's, on the other side of the wall. */
    sigset_t set = watched_signals();

    narrator.who = "init";
    TRY(sigprocmask(SIG_BLOCK, &set, NULL));
    if (on(c, PID)) {
        say("PID 1 stays: it reaps orphans; the command is its child");
        die_with_parent(c, SIGKILL); /* and the kernel kills all the others */
    } else {
        say("no PID namespace: an init that catches orphans takes its place");
        SYS(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
        /* SIGCHLD as the news of a dead parent: it only wakes supervise(),
         * and that looks at the pipe. */
        die_with_parent(c, SIGCHLD);
    }
    /* From here on the command runs, and we wait. */
    pid_t command = fork_in_turn();
    if (command == 0) {
        narrator.who = "child";
        start_command(c);
    }
    /* What a command may trace (ptrace(2)), it owns: it could take back our
     * wish to die, and reach this program's file by /proc/1/exe
     * (CVE-2019-5736). In a lab all may be broken; `exec lab` looks at us. */
    if (!c->lab)
        TRY(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
    rename_process(c->lab ? "lab" : "init", "init");
    forget_environment();
    int status = supervise(c, command, true);
    /* PID 1 may simply end; a guardian must end the others itself. */
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
 * Parent    CLONE_NEWNS in clone(2); remembers which table is the machine's.
 * Child     makes sure that it has left that one, and cuts the ties of the
 *           copy: under systemd mounts are "shared", and travel back.
 * Order     before anything is mounted, and before we change our user: a path
 *           that only the caller may enter can still be opened now.
 * See it    $ ./minicontainer compare mnt
 * Not this  the files. Both tables point to the same file systems: what is
 *           written there is seen by all. That is root's work (chapter 6).
 * Read      lessons/04-mnt, mount_namespaces(7), mount(2), open_tree(2)
 *
 * "Read-only" is no wall against root of the container. These mounts are in a
 * table that its own user namespace owns, so it may remount them, and then
 * write what the user behind it may write. What was mounted in a table of
 * somebody else's is locked. So Docker takes that right (CAP_SYS_ADMIN) away
 * from the root of its containers: here that is row caps (chapter 12).
 *
 * A mount is an entry of a table: "at /home begins that file system". A bind
 * mount is an entry that shows a directory a second time. Each entry may be
 * shared (what is mounted below it appears in all the copies of the table,
 * and so outside, too), private, or a slave (from outside to inside only).
 * systemd makes everything shared. Therefore the first call in a new table
 * makes all private; unshare(1) does the same, and `docker run -v` has
 * words for it (rprivate, rshared, rslave).
 *
 * A mount is carried by a descriptor here: open_tree(2) gives one for a copy
 * of a directory that is attached nowhere; move_mount(2) attaches it. In
 * between no path is involved, so nobody can put something else there.
 */

/* Does this kernel not have system call NUMBER? Asked with arguments that make
 * no sense: it answers ENOSYS, or complains about them. */
static bool lacks(long number) {
    return syscall(number, -1, NULL, 0, NULL, 0) < 0 && errno == ENOSYS;
}

/* restrict_mount() as it was done before Linux 5.12: a remount for each mount
 * of the tree. Flags that a mount has must be repeated, or they would be
 * taken off, which is EPERM for those of the machine. mount(2) */
static void remount(int at, const char *path, unsigned flags, uint64_t set) {
    char top[PATH_MAX] = "/";
    int fd = *path ? TRY(openat(at, path, O_PATH | O_CLOEXEC)) : TRY(dup(at));
    struct statvfs old;

    /* The older call wants a path: the kernel knows it. */
    if (*path != '/') /* (of the new root: /proc may be none) */
        TRY(readlink(text("/proc/self/fd/%d", fd), top, sizeof top - 1));
    close(fd);
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    size_t n = strcmp(top, "/") == 0 ? 0 : strlen(top);
    for (struct mntent *m; mounts && (m = getmntent(mounts));) {
        const char *dir = m->mnt_dir, *rest = dir + n;
        bool below = strncmp(dir, top, n) == 0 && *rest == '/' && rest[1];
        bool itself = strcmp(dir, top) == 0;
        if (!itself && !(below && flags & AT_RECURSIVE))
            continue;
        /* ST_RDONLY, ST_NOSUID, ST_NODEV, ST_NOEXEC have the numbers of MS_;
         * so have the first four of MOUNT_ATTR_. */
        if (TRY_BUT(ENOENT, statvfs(dir, &old)) < 0)
            continue; /* another mount hides it: it has no path */
        unsigned long kept = old.f_flag & 15;
        SYSV(mount(NULL, dir, NULL, MS_REMOUNT | MS_BIND | kept | set, NULL),
             "%s", dir);
    }
    if (mounts)
        endmntent(mounts);
}

/* Make the mount at PATH (below AT) read-only, or take setuid files and device
 * nodes from it; SET has the MOUNT_ATTR_ bits. With AT_RECURSIVE in FLAGS also
 * all the mounts below it: the older MS_REMOUNT|MS_RDONLY reaches only the top
 * one. With AT_EMPTY_PATH and "", the mount AT itself. mount_setattr(2) */
static void restrict_mount(int at, const char *path, unsigned flags,
                           uint64_t set) {
    /* struct mount_attr: what to set, what to clear, propagation, userns_fd */
    struct { uint64_t set, clear, propagation, fd; } attr = { .set = set };

    if (lacks(SYS_mount_setattr))
        remount(at, path, flags, set);
    else
        SYSV(syscall(SYS_mount_setattr, at, path, flags, &attr, sizeof attr),
             "%s%s", *path ? path : "a mount",
             set & MOUNT_ATTR_RDONLY ? ", read-only" : "");
}

/* Take directory or file PATH, and what is mounted below it, as a mount that
 * is attached nowhere yet. Owner of the descriptor: the caller. open_tree(2) */
static int take_mount(const char *path) {
    /* CLONE: a copy of the mount, as MS_BIND makes it. RECURSIVE: with all
     * below it. */
    unsigned flags = OPEN_TREE_CLONE | O_CLOEXEC | AT_RECURSIVE;

    return SYSV(syscall(SYS_open_tree, AT_FDCWD, path, flags), "\"%s\"", path);
}

/* Child, still as the caller's user outside; in the new mount namespace. */
static void enter_mnt(struct container *c) {
    /* The promise of this program: not one mount(2) in the machine's table. */
    if (!c->machine_mnt || namespace_id("mnt") == c->machine_mnt)
        refuse("still in the machine's mount namespace: nothing is mounted");
    say("cut the copy's ties: no mount of ours may travel back");
    SYS(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));

    /* The caller's directories, while we are still the caller: they may lie
     * where nobody else may go. */
    if (c->image)
        c->image_fd = take_mount(c->image);
    for (int i = 0; i < c->volumes; i++)
        c->volume[i].fd = take_mount(c->volume[i].src);
    /* Until row root makes another one, the root of all paths is our own. */
    c->root_fd = TRY(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/* How long our mount table is: each line of this file is one mount. */
static const char *look_mnt(void) {
    return text("%d mounts", count_lines("/proc/self/mountinfo"));
}

/* One step of walk(): open NAME below AT. -1 with errno; ELOOP for a symbolic
 * link. (With O_PATH and O_NOFOLLOW, openat(2) opens the link itself; with
 * O_PATH, no right to read is needed.) */
static int step_down(int at, const char *name) {
    int below = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (below < 0)
        return -1;
    /* It is there: but what is it? */
    TRY(fstat(below, &st));
    if (!S_ISLNK(st.st_mode))
        return below;
    close(below);
    errno = ELOOP;
    return -1;
}

/* Walk down PATH (without its leading slash) from the root, one name at a
 * time, by descriptors. A symbolic link is never followed: a hostile image
 * could let it point out of itself, and swap it while we look. What is missing
 * is made in our own tmpfs; never in an image, which is the caller's.
 * PATH has at least one name. Returns an O_PATH descriptor that the caller
 * closes, or -1 with errno. */
static int walk(const struct container *c, const char *path, bool want_dir) {
    char *save, *next, *name = strtok_r(text("%s", path), "/", &save);
    int below, at = c->root_fd;
    struct stat st;

    /* AT is always the directory that we have reached; nothing is looked up
     * twice. */
    for (; name && at >= 0; name = next, at = below) {
        next = strtok_r(NULL, "/", &save);
        bool ours = c->own_dev && TRY(fstat(at, &st)) == 0 &&
                    st.st_dev == c->own_dev;
        /* In our tmpfs: make what is not there yet. */
        if (ours && (next || want_dir))
            TRY_BUT(EEXIST, mkdirat(at, name, 0755));
        else if (ours)
            TRY_BUT(EEXIST, mknodat(at, name, S_IFREG | 0644, 0));
        below = step_down(at, name);
        if (at != c->root_fd)
            close(at);
    }
    return at;
}

/* Attach one volume. Its destination is a directory if its source is one. */
static void attach_volume(const struct container *c, const struct volume *v) {
    struct stat st;

    /* A file is attached on a file, a directory on a directory. */
    TRY(fstat(v->fd, &st));
    say("volume %s: the same files in two trees", v->dst);
    /* The destination, by a descriptor: nobody can swap it from now on. */
    int to = walk(c, v->dst + 1, S_ISDIR(st.st_mode));
    if (to < 0 && errno == ELOOP)
        refuse("--volume: %s goes through a symbolic link\n"
               "  cure:   name the path that the link leads to", v->dst);
    if (to < 0)
        refuse("--volume: there is no %s in this root (%s), and nothing is "
               "made in what is not ours\n  cure:   make it, with mkdir -p",
               v->dst, errno_name(errno));
    /* Both sides are descriptors, both paths are empty: no name is looked
     * up. */
    SYSV(syscall(SYS_move_mount, v->fd, "", to, "",
                 MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
         "%s on %s", v->src, v->dst);
    /* A setuid file or a device file in a volume is of no use to a container,
     * but could be planted there for somebody outside. */
    uint64_t set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    restrict_mount(v->fd, "", AT_EMPTY_PATH | AT_RECURSIVE,
                   v->read_only ? set | MOUNT_ATTR_RDONLY : set);
    close(to);
    close(v->fd);
}

/* Child, when the rest of the tree is there, and before the pivot: in the
 * order of the command line, so that a volume may lie in another one. */
static void attach_volumes(struct container *c) {
    for (int i = 0; i < c->volumes; i++)
        attach_volume(c, &c->volume[i]);
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
 *           is its own. Else /sys is the machine's, bound read-only. Then it
 *           masks what is the machine's all the same.
 * Order     while the old /proc is still in sight: a user namespace may mount
 *           a new one only if it can see one that nothing masks. So after
 *           root has built the new tree, and before it lets the old one go.
 * See it    $ ./minicontainer compare proc
 * Not this  a namespace: there is no CLONE_NEWPROC. It is two mounts.
 * Read      lessons/05-proc, proc(5), sysfs(5)
 *
 * /proc and /sys are no files on a disk: the kernel makes them up at each
 * read. What it tells depends on the mount, not on the reader: hence a fresh
 * mount for a fresh view. /sys is read-only, since most of it is switches of
 * the machine, which has no namespace for them. /proc has such switches too
 * (/proc/sys, /proc/sysrq-trigger): they belong to the machine's root, and the
 * container's root is somebody else, thanks to the map of chapter 7. But not
 * every container has that map; so they are masked as well, as Docker does it.
 */

/* Stand in directory PATH of the new root, to mount on ".": so no path is
 * looked up twice, and nobody can swap it in between. False if this root, an
 * image, has no such directory. */
static bool stand_in(const struct container *c, const char *path) {
    /* CVE-2019-19921 and others: an image with a link named /proc. */
    int at = walk(c, path, true);

    if (at < 0 && errno == ELOOP)
        refuse("/%s of the image is a symbolic link: nothing is mounted there",
               path);
    /* "Not there" is an answer; any other error must not pass for it. */
    if (at < 0 && errno != ENOENT && errno != ENOTDIR)
        failed("openat(at, name, O_PATH | O_NOFOLLOW)", path, __LINE__);
    if (at < 0)
        return false;
    TRY(fchdir(at));
    close(at);
    return true;
}

/* The same, after something was mounted there: stand in that. Who may rename in
 * an image could have put another directory in its place by now; but what is
 * mounted is another device than what it lies on. */
static bool stand_on(const struct container *c, const char *path) {
    struct stat root, here;

    if (!stand_in(c, path))
        return false;
    TRY(fstat(c->root_fd, &root));
    TRY(stat(".", &here));
    if (here.st_dev == root.st_dev)
        refuse("/%s of the image was exchanged while we looked", path);
    return true;
}

/* Show the machine's own PATH (/proc, /sys) in the new root. */
static void bind_machines(const struct container *c, const char *path) {
    if (stand_in(c, path + 1))
        SYSV(mount(path, ".", NULL, MS_BIND | MS_REC, NULL), "%s", path);
}

/* What tells of the machine, or switches it: hidden, or made read-only. One of
 * these masks, and the kernel lets no new user namespace mount a fresh /proc in
 * here: the lab has none, so that containers can be made in it. */
static const struct mask {
    const char *path;
    bool hidden;      /* else: can be read, and not written                   */
    const char *why;
} masks[] = {
    { "/proc/kcore", true, "the memory of the machine" },
    { "/proc/keys", true, "keys of all that run as the same user" },
    { "/proc/timer_list", true, "the kernel's timers, with addresses" },
    { "/proc/interrupts", true, "shows when others type, to the moment" },
    /* Devices that have no namespace. */
    { "/proc/acpi", true, "the firmware's switches" },
    { "/proc/asound", true, "the machine's sound cards" },
    { "/proc/scsi", true, "its disks; one line removes one" },
    /* Directories of switches: some programs must read them. */
    { "/proc/sys", false, "kernel.core_pattern runs a program as real root" },
    { "/proc/sysrq-trigger", false, "one letter ends the machine" },
    { "/proc/irq", false, "which processor serves which device" },
    { "/proc/bus", false, "registers of PCI devices" },
    { "/proc/fs", false, "switches of file systems" },
    /* /sys is read-only already; this is not to be read, either. */
    { "/sys/firmware", true, "tables with serial numbers and keys" },
    { "/sys/devices/virtual/powercap", true, "the power others draw gives keys away" },
};

/* Child; we stand in /proc or /sys. Its names are the kernel's own: nobody can
 * put a link there. What this kernel does not have is passed over. */
static void mask(const char *name, bool hidden) {
    struct stat st;

    if (TRY_BUT(ENOENT, lstat(name, &st)) < 0)
        return;
    if (!hidden) {
        SYSV(mount(name, name, NULL, MS_BIND | MS_REC, NULL), "%s", name);
        restrict_mount(AT_FDCWD, name, AT_RECURSIVE, MOUNT_ATTR_RDONLY);
    } else if (S_ISDIR(st.st_mode)) { /* an empty one on top of it */
        SYSV(mount("mask", name, "tmpfs", MS_RDONLY, "size=4k"), "%s", name);
    } else {
        SYSV(mount("/dev/null", name, NULL, MS_BIND, NULL), "%s", name);
    }
}

/* Child; TREE (proc or sys) is mounted, and the old root, with its /dev/null,
 * is still in sight. */
static void mask_paths(const struct container *c, const char *tree) {
    if (c->lab || c->no_mask || !stand_on(c, tree))
        return;
    say("masks over /%s: what tells of the machine, or switches it", tree);
    for (size_t i = 0; i < LENGTH(masks); i++) {
        const char *name = strchr(masks[i].path + 1, '/') + 1;
        if (strncmp(masks[i].path + 1, tree, strlen(tree)) == 0)
            mask(name, masks[i].hidden);
    }
}

/* Who may use ping(1) without privilege, in a network of one's own (9). */
#define PING "sys/net/ipv4/ping_group_range"

/* Child, root of its namespaces. The flags are those that Docker has, too: no
 * setuid files, no device nodes and no programs in these trees. A user
 * namespace must repeat them where the old mount has them. */
static void enter_proc(struct container *c) {
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

    /* (Without row root this is the machine's /proc, covered for us alone.) */
    if (stand_in(c, "proc")) {
        say("a fresh /proc shows the PID namespace of who mounts it: ours");
        SYS(mount("proc", ".", "proc", flags, NULL));
        /* A switch in it that is ours to turn, before it is masked. */
        if (on(c, NET) && stand_on(c, "proc"))
            put_if_allowed(PING, "0 0");
    } else if (c->named & BIT(PROC)) {
        refuse("the image has no directory /proc, which --proc needs");
    }
    if (on(c, NET) && stand_in(c, "sys")) {
        say("a fresh /sys lists the network interfaces of our own namespace");
        SYS(mount("sysfs", ".", "sysfs", flags | MS_RDONLY, NULL));
    } else if (!on(c, NET)) {
        say("the network is the machine's, so /sys stays the machine's too");
        bind_machines(c, "/sys");
        if (stand_on(c, "sys"))
            restrict_mount(AT_FDCWD, ".", AT_RECURSIVE, MOUNT_ATTR_RDONLY);
    }
    mask_paths(c, "proc");
    mask_paths(c, "sys");
}

/* What /proc and /sys show: processes, and network interfaces. With the row off
 * these are the machine's, whatever namespaces we are in. */
static const char *look_proc(void) {
    char *names = text("processes %d, net", count("/proc/[0-9]*"));
    glob_t found = { 0 };

    glob("/sys/class/net/*", 0, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++)
        names = text("%s %s", names, strrchr(found.gl_pathv[i], '/') + 1);
    globfree(&found);
    return names;
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
 * Not this  chroot(2): that changes where *this process* begins its paths;
 *           root leaves it with another chroot(2), and then chdir("..").
 * Read      lessons/06-root, pivot_root(2), tmpfs(5)
 *
 * What the three calls at the end do:
 *
 *     before         pivot_root(".", ".")      umount2(".", MNT_DETACH)
 *
 *     /  old root    /  new root               /  new root
 *     /tmp  new         (old root on top)
 *
 * After the first call both are at the same place, the old one on top, and
 * "." is the old one. MNT_DETACH takes it away, with all that is mounted in
 * it. There is no name for it any more, and no `..` that leads there. With
 * chroot(2) the old root would still be in the table: a second chroot(2) into
 * a directory, while we stand above it, and chdir("..") leads there.
 *
 * What an image is: a directory that has everything that a program needs.
 * Docker's images are that, in layers and packed; unpacked they can be used
 * here: `docker export` makes one.
 */

#define NEW_ROOT "/tmp"

/* What a container needs of the machine so that its tools work. Never a file
 * with passwords, keys or secrets. What a machine does not have is left out:
 * /lib32 and /nix, /etc/alternatives (Debian), /etc/pki (Fedora) ...
 *
 * (A list, and not all of /etc: what is not on it cannot leak.) */
static const char *const brought[] = {
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix",
    "/etc/alternatives", "/etc/ld.so.cache", "/etc/ssl/certs",
    "/etc/pki/ca-trust", "/etc/pki/tls/certs",
    "/etc/localtime", "/etc/os-release", "/etc/static", "/run/current-system",
};

/* Directories that every tree has. */
static const char *const empty_dirs[] = {
    "etc", "etc/ssl", "etc/pki", "etc/pki/tls", "proc", "sys", "dev", "root",
    "home", "srv", "opt", "mnt", "run", "var", "var/log", "var/lib",
    "tmp", "var/tmp",
};

/* Device files without danger, and the links that programs expect in /dev. */
static const char *const devices[] = {
    "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
    "/dev/tty",
};
static const char *const dev_links[][2] = {
    { "/proc/self/fd", "fd" },       { "/proc/self/fd/0", "stdin" },
    { "/proc/self/fd/1", "stdout" }, { "/proc/self/fd/2", "stderr" },
    { "pts/ptmx", "ptmx" },
};

/* Make a file of the new tree that holds LINES. It must be ours to make: the
 * tmpfs, or what the lab has of its own. */
static void make_file(const char *path, mode_t mode, const char *lines) {
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    int fd = TRY(open(path, flags, mode));

    TRY(write(fd, lines, strlen(lines)));
    close(fd);
}

/* Copy a file of the machine, its contents only. Unreadable: left out. */
static void copy_file(const char *from, const char *to, mode_t mode) {
    int in = open(from, O_RDONLY | O_CLOEXEC);

    if (in < 0 && errno != ENOENT && errno != EACCES && errno != ELOOP)
        failed("open(from, O_RDONLY | O_CLOEXEC)", from, __LINE__);
    if (in < 0)
        return;
    int out = TRY(open(to, O_WRONLY | O_CREAT | O_CLOEXEC, mode));
    /* sendfile(2) copies within the kernel, here by up to 1 MB a call. */
    while (TRY(sendfile(out, in, NULL, 1 << 20)) > 0)
        continue;
    close(in);
    close(out);
}

/* Bring PATH of the machine into the new tree, under the same name: a link as
 * a link (on most machines /bin is one, to usr/bin), a file as a copy, a
 * directory as a read-only bind mount, with all that is mounted below it.
 * The current directory is the new root. */
static void bring(const char *path) {
    const char *name = path + 1;
    char target[PATH_MAX] = "";
    struct stat st;

    /* lstat(2), not stat(2): we want to know about the link itself. What we may
     * not see (EACCES) is of no use inside either. */
    if (lstat(path, &st) < 0) {
        if (errno != ENOENT && errno != EACCES)
            failed("lstat(path, &st)", path, __LINE__);
        return;
    }
    if (S_ISLNK(st.st_mode)) {
        TRY(readlink(path, target, sizeof target - 1));
        TRY(symlink(target, name));
    } else if (S_ISDIR(st.st_mode)) {
        TRY(mkdir(name, 0755));
        /* Two calls: a new bind mount cannot be made read-only at once. */
        SYSV(mount(path, name, NULL, MS_BIND | MS_REC, NULL), "%s", path);
        restrict_mount(AT_FDCWD, name, AT_RECURSIVE, MOUNT_ATTR_RDONLY);
    } else {
        copy_file(path, name, 0644);
    }
}

/* The default root: every program of the machine is there, and nothing of the
 * machine can be written. The current directory is the new root. */
static void build_default_root(const struct container *c) {
    /* The tmpfs is empty, so none of these can be there already. */
    for (size_t i = 0; i < LENGTH(empty_dirs); i++)
        TRY(mkdir(empty_dirs[i], 0755));
    TRY(chmod("tmp", 01777)); /* everybody may write, and remove their own */
    TRY(chmod("var/tmp", 01777));
    TRY(symlink("/run", "var/run"));

    say("the machine's programs, read-only, with all that is mounted below");
    /* Each of them under the same name as on the machine. */
    for (size_t i = 0; i < LENGTH(brought); i++)
        bring(brought[i]);
    /* This one is often a link to a place that is not brought: so its
     * contents. */
    copy_file("/etc/resolv.conf", "etc/resolv.conf", 0644);

    bool bash = access("/bin/bash", X_OK) == 0;
    /* The little that programs look up in /etc, made up for this container. */
    const char *files[][2] = {
        { "etc/passwd", text("root:x:0:0:root:/root:/bin/%s\n"
          "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
          bash ? "bash" : "sh") },
        { "etc/group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n" },
        { "etc/hostname", text("%s\n", c->hostname) },
        /* Without these two, a name like localhost is asked of a DNS server. */
        { "etc/hosts", text("127.0.0.1 localhost %s\n::1 localhost\n",
                            c->hostname) },
        { "etc/nsswitch.conf", "passwd: files\ngroup: files\n"
                               "hosts: files dns\n" },
    };
    for (size_t i = 0; i < LENGTH(files); i++)
        make_file(files[i][0], 0644, files[i][1]);
}

/* Bind one device file of the machine into /dev, where we stand: a user
 * namespace must not make device files (mknod(2) is EPERM), but may show those
 * that exist. A file is bound on a file, so there must be one. (Six mounts: a
 * tenth of a start. Each is a device that somebody can ask about.) */
static void bind_device(const char *from, const char *name) {
    TRY(mknod(name, S_IFREG | 0644, 0));
    SYSV(mount(from, name, NULL, MS_BIND, NULL), "%s", from);
}

/* A /dev with what every program expects, and no disk. */
static void build_dev(const struct container *c) {
    const char *terminal = ttyname(0);

    if (!stand_in(c, "dev"))
        return;
    say("a /dev with harmless devices and no disk");
    /* 64 MB bound what a container can put into /dev/shm. (The whole default
     * root may hold 512 MB: of memory, so it must have a bound.) */
    SYS(mount("dev", ".", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
              "mode=755,size=64m"));
    if (!stand_on(c, "dev"))
        refuse("/dev of the image is gone");
    /* disk, memory and keyboard of the machine are not on these lists. */
    for (size_t i = 0; i < LENGTH(devices); i++)
        bind_device(devices[i], devices[i] + strlen("/dev/"));
    for (size_t i = 0; i < LENGTH(dev_links); i++)
        TRY(symlink(dev_links[i][0], dev_links[i][1]));
    TRY(mkdir("shm", 0777));
    TRY(chmod("shm", 01777));

    /* Terminals: a devpts of our own, so that those of the machine are not
     * there. The one that we came from is not in it: show it as console, and
     * tty(1) finds it. */
    TRY(mkdir("pts", 0755));
    SYS(mount("devpts", "pts", "devpts", MS_NOSUID | MS_NOEXEC,
              "newinstance,ptmxmode=0666,mode=0620"));
    if (terminal && access(terminal, F_OK) == 0)
        bind_device(terminal, "console");
    if (on(c, IPC)) { /* POSIX message queues (chapter 8) */
        TRY(mkdir("mqueue", 0755));
        SYS(mount("mqueue", "mqueue", "mqueue",
                  MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
    }
}

/* Start the new tree: attach the image, or a tmpfs, at NEW_ROOT, and stand in
 * it. root_fd leads there from now on, and no longer to the machine's root. */
static void attach_root(struct container *c) {
    struct stat old, st, here;

    TRY(stat(NEW_ROOT, &old));
    if (c->image)
        SYSV(syscall(SYS_move_mount, c->image_fd, "", AT_FDCWD, NEW_ROOT,
                     MOVE_MOUNT_F_EMPTY_PATH), "%s on " NEW_ROOT, c->image);
    else
        SYS(mount("minicontainer", NEW_ROOT, "tmpfs", MS_NOSUID | MS_NODEV,
                  "mode=755,size=512m"));
    close(c->root_fd);
    close(c->image_fd);
    c->root_fd = TRY(open(NEW_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC));
    /* The image's directory is the caller's; who we are in here may be a
     * stranger to it (chapter 7). */
    if (faccessat(c->root_fd, ".", X_OK, 0) < 0)
        refuse("--image: the container's root may not enter %s\n"
               "  cause:  outside it is user %u there\n"
               "  cure:   chmod o+rx %s, or --map 0:0:1 for who 0 is",
               c->image, c->map[0].outside, c->image);
    TRY(fchdir(c->root_fd));
    if (c->image)
        return;
    TRY(fstat(c->root_fd, &st));
    TRY(stat(".", &here));
    /* We shall make files here: it must be the new tmpfs, and nothing else. */
    if (st.st_dev == old.st_dev || st.st_dev != here.st_dev)
        refuse("still in the machine's file tree: nothing is made in it");
    c->own_dev = st.st_dev;
}

/* Child, root of its namespaces, in its own mount table. What is mounted from
 * here on is below NEW_ROOT, and becomes / by the pivot. */
static void enter_root(struct container *c) {
    say("the new tree is built at " NEW_ROOT ", where nobody else sees it");
    attach_root(c);
    if (!c->image)
        build_default_root(c);
    else /* no devices but those of build_dev(), whatever mknod(2) makes */
        restrict_mount(c->root_fd, "", AT_EMPTY_PATH | AT_RECURSIVE,
                       MOUNT_ATTR_NODEV | (c->read_only ? MOUNT_ATTR_RDONLY
                                                        : 0));
    build_dev(c);
    /* Row proc is off: what it would replace is shown as it is outside. */
    if (!on(c, PROC)) {
        bind_machines(c, "/proc");
        bind_machines(c, "/sys");
    }
}

/* An image gets no directory from us: say what it lacks, in one line. */
static void note_left_out(const struct container *c) {
    static const char *const wanted[] = { "dev", "proc", "sys" };
    const char *lacks = "";
    struct stat st;

    for (size_t i = 0; i < LENGTH(wanted); i++)
        if (fstatat(c->root_fd, wanted[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
            lacks = text("%s /%s", lacks, wanted[i]);
    if (*lacks)
        note("%s has no%s: left out", c->image, lacks);
}

/* The last step: the old tree goes. pivot_root(".", ".") puts the old root on
 * top of the new one; what "." then names is the old one, and is detached: it
 * is in no mount table of ours any more. pivot_root(2), NOTES */
static void pivot(struct container *c) {
    if (c->image)
        note_left_out(c);
    say("the new tree becomes /, and the old one goes out of reach");
    /* (The manual asks for two directories; it also says that one will do.) */
    TRY(fchdir(c->root_fd));
    SYS(syscall(SYS_pivot_root, ".", "."));
    SYS(umount2(".", MNT_DETACH));
    SYS(chdir("/"));
    if (c->read_only && !c->image)
        restrict_mount(AT_FDCWD, "/", 0, MOUNT_ATTR_RDONLY);
}

/* --image without a mount namespace: all that is left is chroot(2). */
static void enter_chroot(struct container *c) {
    say("chroot(2) only moves where our paths begin: root walks out of it");
    TRY(fchdir(c->image_fd));
    close(c->image_fd);
    SYS(chroot("."));
    note("--image without mnt is chroot(2): nobody who is root stays in it "
         "(lesson 06)");
}

/* How many names / holds, and what file system it is. The last line for "/"
 * counts: it is mounted on top. */
static const char *look_root(void) {
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    const char *what = "?";

    for (struct mntent *m; mounts && (m = getmntent(mounts));)
        if (strcmp(m->mnt_dir, "/") == 0)
            what = text("%s %s", m->mnt_type, m->mnt_fsname);
    if (mounts)
        endmntent(mounts);
    return text("%d names, %s", count("/*"), what);
}

/* =====================================================================
 * 7. USER -- user numbers of its own                           --user
 * =====================================================================
 * Problem   All that is privileged needs root, and root may do everything.
 * Kernel    A user namespace maps user numbers: 0 inside can be 1000 outside.
 *           Its first process has every capability, but only over what
 *           belongs to that namespace: root of nothing else.
 * Parent    CLONE_NEWUSER in clone(2); then writes the maps. From outside:
 *           a process may give itself no more than one number, its own.
 * Child     waits until that is done, then becomes user 0.
 * Order     clone(2) makes it before all others, so that they belong to it;
 *           before the map is written nobody in it can make a file.
 * See it    $ ./minicontainer run --only user -- id
 * Not this  a password, a login, /etc/passwd: names are a matter of files.
 * Read      lessons/07-user, user_namespaces(7), credentials(7)
 *
 * If real root starts us, 0 inside is not 0 outside: it is the first of a
 * range that nobody owns (systemd sets 524288 and up aside for containers).
 * If 0 were 0, all that belongs to root outside would be open to root inside:
 * /etc/shadow, and the switches in /proc/sys.
 *
 * A map of an ordinary user, and of real root:
 *
 *     inside   0        1 ...            inside   0      1   ... 65535
 *              |        (nobody)                  |      |       |
 *     outside  1000                      outside  524288 524289  589823
 *
 * A number that is not in the map is shown as 65534 (nobody), and cannot be
 * given to a file: chown(2) says EINVAL. What is made inside by 0 belongs
 * outside to the number behind it: to you.
 *
 * This is what "rootless" stands on: of all namespaces only this one may be
 * made by everybody, and whoever is root of it may make all the others. That
 * opens much of the kernel to everybody, and has been the way in for many
 * attacks on it: some systems therefore forbid it ("What laptops refuse" in
 * lessons/README.md).
 */

enum { RANGE_FIRST = 524288, RANGE_COUNT = 65536 };

/* Fill in the map, if --map did not: as real root a range; as an ordinary
 * user, or as root of a lab, only ourselves. */
static void default_map(struct container *c) {
    /* 65536 of them, so that nobody (65534) and all system users are mapped. */
    struct map range = { 0, RANGE_FIRST, RANGE_COUNT };
    struct map us = { 0, geteuid(), 1 };
    bool may = geteuid() == 0 && has_cap(CAP_SETUID);

    if (c->maps > 0 || !on(c, USER))
        return;
    c->maps = 1;
    /* 0 must not become 0 outside only because a file could not be read. */
    may = may && knows_ids(need(OWN_MAP), RANGE_FIRST, RANGE_COUNT);
    c->map[0] = may ? range : us;
}

/* Does this map name nobody but ourselves? That much is free for everybody. */
static bool only_us(const struct container *c) {
    const struct map *m = &c->map[0];

    return c->maps == 1 && m->count == 1 && m->outside == geteuid();
}

/* An ordinary user may write a map of just one number, their own. For more
 * there are newuidmap(1) and newgidmap(1), setuid programs that look into
 * /etc/subuid and /etc/subgid: the one case where we run another program. */
static void write_map_by_helper(const char *helper, pid_t pid, char *lines) {
    /* system(3) waits for it, and blocks SIGCHLD meanwhile. No word in this
     * line is from outside: numbers, and one of two names. */
    for (char *p = lines; *p; p++)
        *p = *p == '\n' ? ' ' : *p;
    const char *shell = text("%s %d %s", helper, pid, lines);
    int status = system(text("exec %s", shell));

    tell("shell", shell);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND)
        refuse("%s is missing, and only with it an ordinary user maps more "
               "than their own id\n"
               "  cure:   sudo apt-get install uidmap", helper);
    if (status != 0)
        refuse("%s refused this --map: you have no such lines in /etc/sub%.3s\n"
               "  cure:   sudo usermod --add-subuids 100000-165535 "
               "--add-subgids 100000-165535 $USER", helper, helper + 3);
}

/* Parent: write uid_map or gid_map of the child. In a map of groups, our own
 * group stands for our own user. All lines by one write(2), and only once. */
static void write_map(const struct container *c, const char *which) {
    bool groups = strcmp(which, "gid_map") == 0;
    char *lines = text("%s", "");

    /* One line for each part of the map: inside, outside, count. */
    for (int i = 0; i < c->maps; i++) {
        const struct map *m = &c->map[i];
        bool us = m->outside == geteuid() && m->count == 1;
        lines = text("%s%s%u %u %u", lines, i ? "\n" : "", m->inside,
                     us && groups ? getegid() : m->outside, m->count);
    }
    /* Our own id, or privilege over our own user namespace: we may write it. */
    if (only_us(c) || has_cap(groups ? CAP_SETGID : CAP_SETUID))
        put(text("/proc/%d/%s", c->pid, which), "%s", lines);
    else
        write_map_by_helper(groups ? "newgidmap" : "newuidmap", c->pid, lines);
}

/* Parent, outside, with our own privileges; the child waits. Its files in /proc
 * are ours to write, because its user namespace is our child. */
static void map_user(struct container *c) {
    say("who is 0 inside? The map says which numbers outside stand behind it");
    /* Dropping a group can give access (to a file that is closed to that
     * group), so who is not privileged must first give up setgroups(2). */
    if (!has_cap(CAP_SETGID) && only_us(c))
        put(text("/proc/%d/setgroups", c->pid), "deny");
    write_map(c, "uid_map");
    write_map(c, "gid_map");
}

/* Child, and whoever enters a container. As an ordinary user we are 0 already:
 * the map said so. As real root we are not in the range, and still 65534. */
static void become_zero(struct container *c) {
    say("the map is written: %s becomes user 0 of its namespace", c->hostname);
    /* We have had every capability since the clone. But to a user without a
     * number in here no file can belong (EOVERFLOW): so we become one that
     * has. */
    SYS(setresgid(0, 0, 0));
    SYS(setresuid(0, 0, 0));
}

/* The caller's further groups go only where setgroups(2) is allowed: after
 * "deny" they stay, shown as 65534, and what they may read outside can be read
 * here (group docker!). */
static void drop_groups(void) {
    if (setgroups(0, NULL) < 0 &&
        !strstr(slurp("/proc/self/setgroups"), "deny"))
        failed("setgroups(0, NULL)", "", __LINE__);
}

/* Child. */
static void become_root(struct container *c) {
    become_zero(c);
    drop_groups();
}

/* Our number, and the first line of the map: inside, outside, how many. */
static const char *look_user(void) {
    /* The machine's own map is "0 0 4294967295": everybody is themselves. */
    unsigned inside = 0, outside = 0, length = 0;
    const char *map = slurp("/proc/self/uid_map"), *more = strchr(map, '\n');

    sscanf(map, "%u %u %u", &inside, &outside, &length);
    if (length == 0 || length == UINT_MAX)
        return text("uid %u, no map", geteuid());
    return text("uid %u, map %u %u %u%s", geteuid(), inside, outside, length,
                more && more[1] ? " ..." : "");
}

/* =====================================================================
 * 8. IPC -- message queues and shared memory of its own         --ipc
 * =====================================================================
 * Problem   System V queues, semaphores and shared memory, and POSIX message
 *           queues, belong to no file and no process: all see them.
 * Kernel    An IPC namespace has its own set of them. CLONE_NEWIPC makes an
 *           empty one; its objects die with its last process.
 * Parent    CLONE_NEWIPC in clone(2).
 * Child     nothing but a mount on /dev/mqueue, where root (6) builds /dev.
 * Order     none.
 * See it    $ ./minicontainer compare ipc -- ipcs -q
 * Not this  /dev/shm is a file system: that is mnt's. Pipes and sockets are
 *           not here either.
 * Read      lessons/08-ipc, ipc_namespaces(7), sysvipc(7)
 *
 * Message queues, semaphores and shared memory of System V are named by
 * numbers (keys), those of POSIX by names like /queue. They outlive the
 * process that made them: what a program forgets stays until the next boot,
 * or here until the namespace ends. PostgreSQL and Oracle use them.
 */

/* How many objects of System V there are, of each kind. */
static const char *look_ipc(void) {
    static const char *const kinds[] = { "msg", "shm", "sem" };
    int n[3];

    /* Each of these files has a heading, and a line for each object. */
    for (int i = 0; i < 3; i++) {
        n[i] = count_lines(text("/proc/sysvipc/%s", kinds[i])) - 1;
        n[i] = n[i] < 0 ? 0 : n[i];
    }
    return text("queues %d, shm %d, sem %d", n[0], n[1], n[2]);
}

/* =====================================================================
 * 9. NET -- a network of its own                                --net
 * =====================================================================
 * Problem   Two servers want port 8000. One gets it.
 * Kernel    A network namespace has its own interfaces, addresses, routes,
 *           ports, firewall and abstract sockets. CLONE_NEWNET makes one with
 *           nothing but `lo`, and that is down.
 * Parent    CLONE_NEWNET in clone(2), which makes the child.
 * Child     sets `lo` up, which gives it 127.0.0.1. There is no way out: that
 *           takes a second interface with its other end outside.
 * Order     after user: the right to do it comes from there.
 * See it    $ ./minicontainer compare net
 * Not this  sockets with a path, like /run/docker.sock: they are files.
 * Read      lessons/09-net, network_namespaces(7), netdevice(7)
 *
 * It is the dearest of all namespaces, in time and in memory: each protocol has
 * its own tables for each of them. `make bench` shows what each row costs.
 *
 * What comes next, and is a chapter of its own later: a pair of virtual
 * interfaces (veth), one end inside, one outside, a bridge that joins the
 * outer ends of all containers, and address translation towards the world.
 * That is Docker's "bridge" network. --no-net is its "host" network.
 *
 * Abstract sockets are names without files (unix(7)); X11, systemd and D-Bus
 * use them. They belong to this namespace: a container that shares the
 * network can talk to them, whatever root it has.
 */

/* Child, root of its user namespace. */
static void enter_net(struct container *c) {
    struct ifreq request = { .ifr_name = "lo" };
    /* Any socket will do: it is our hand on the network stack. */
    int fd = TRY(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

    say("%s has a new network: only lo is in it, and down; set it up",
        c->hostname);
    /* ioctl(2) with a request number is the old way to speak to interfaces; it
     * is enough for this. The kernel adds 127.0.0.1 and ::1 to lo by itself. */
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    SYSV(ioctl(fd, SIOCSIFFLAGS, &request), "ip link set lo up");
    close(fd);
    /* ping(1) without privilege: the groups that may, in this namespace. Best
     * by a /proc of our own (chapter 5; an image that has none goes without):
     * the machine's keeps such a name for each network there is, and has to
     * look through all of them. */
    if (!on(c, PROC))
        put_if_allowed("/proc/" PING, "0 0");
}

/* The network as one line: addresses by interface, and what is missing. */
static const char *look_net(void) {
    struct ifaddrs *list = NULL;
    struct sockaddr_in in;
    char address[INET_ADDRSTRLEN], last[IFNAMSIZ] = "", *out = text("%s", "");

    /* One entry for each interface and address family; AF_PACKET stands for the
     * interface itself. */
    TRY(getifaddrs(&list));
    for (struct ifaddrs *i = list; i; i = i->ifa_next) {
        int family = i->ifa_addr ? i->ifa_addr->sa_family : AF_UNSPEC;
        i->ifa_name[strcspn(i->ifa_name, ":")] = '\0'; /* lo:0 is on lo */
        if (family == AF_PACKET && !(i->ifa_flags & IFF_UP))
            out = text("%s%s down, ", out, i->ifa_name);
        if (family != AF_INET)
            continue;
        memcpy(&in, i->ifa_addr, sizeof in);
        inet_ntop(AF_INET, &in.sin_addr, address, sizeof address);
        /* A second address of the same interface: its name is said already. */
        if (strcmp(last, i->ifa_name) != 0)
            out = text("%s%s ", out, i->ifa_name);
        out = text("%s%s, ", out, address);
        snprintf(last, sizeof last, "%s", i->ifa_name);
    }
    freeifaddrs(list);
    /* A route to 00000000 is the default route: the way out. */
    bool way_out = strstr(slurp("/proc/self/net/route"), "\t00000000\t");
    return text("%s%s", out, way_out ? "a way out" : "no way out");
}

/* =====================================================================
 * 10. CGROUP -- a view of the cgroup tree of its own         --cgroup
 * =====================================================================
 * Problem   /proc/self/cgroup tells where in the machine's tree of control
 *           groups a process stands: names of services, users, containers.
 * Kernel    A cgroup namespace makes the group we stand in the root of the
 *           view: the path becomes "/".
 * Parent    CLONE_NEWCGROUP in clone(2) takes the group that the child is born
 *           in.
 * Child     mounts the tree as it sees it on /sys/fs/cgroup, read-only.
 * Order     after the process is in the group that shall be its root.
 * See it    $ ./minicontainer compare cgroup
 * Not this  a limit: the namespace hides a path, and holds nothing back. And
 *           a mount made before still shows the old tree, with "/../..".
 * Read      lessons/10-cgroup, cgroup_namespaces(7), cgroups(7)
 *
 * A control group is a directory in a tree; each process stands in one. The
 * tree is there for limits (memory, processor time, number of processes):
 * that is chapter 14. Here it is only about what a process can read: the path
 * tells a container how it was started, by whom, and what its neighbours are
 * called.
 */

/* Child. clone(2) has done it, unless we were moved into our cgroup only after
 * the clone (chapter 14). */
static void enter_cgroup(struct container *c) {
    say("the cgroup that we stand in is the root of what we see of the tree");
    if (c->moved)
        SYS(unshare(CLONE_NEWCGROUP));
}

/* Child, root of its namespaces, before the pivot. Only in a fresh /sys is
 * there a place to mount on. A machine without cgroup v2 has nothing to mount:
 * no harm, so this is the one call that is told and may fail. */
static void mount_cgroup(struct container *c) {
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;

    /* walk() makes nothing here: this directory is the kernel's own. */
    if (!on(c, PROC) || !on(c, NET) || !stand_in(c, "sys/fs/cgroup"))
        return;
    say("the cgroup tree as this namespace sees it");
    int result = mount("cgroup2", ".", "cgroup2", flags, NULL);
    tell("call", text("mount(\"cgroup2\", \".\", \"cgroup2\", flags, NULL)"
                      " = %d", result));
}

/* Each line of the file is hierarchy:controllers:path. With cgroup v2 there is
 * one; with v1 many, and the first path that is not / says most. */
static const char *look_cgroup(void) {
    char *save, *path = NULL;
    char *line = strtok_r(slurp("/proc/self/cgroup"), "\n", &save);

    /* hierarchy, first colon, controllers, second colon: the path is behind
     * it. */
    for (; line; line = strtok_r(NULL, "\n", &save)) {
        char *first = strchr(line, ':');
        char *second = first ? strchr(first + 1, ':') : NULL;
        if (second && (!path || strcmp(path, "/") == 0))
            path = second + 1;
    }
    return path ? path : "none";
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
 * Order     first of all: the first process in it freezes the offsets; and
 *           after a change of user our /proc files are no longer ours.
 * See it    $ ./minicontainer compare time -- uptime -p
 * Not this  the date: CLOCK_REALTIME is one for the whole machine.
 * Read      lessons/11-time, time_namespaces(7)
 *
 * Why it exists: a container that is moved to another machine while it runs
 * (checkpoint and restore) must not see its clocks jump. For learning it is
 * the smallest of all namespaces: two numbers. It came last, in Linux 5.6,
 * and Docker does not use it.
 */

/* Set the clock CLOCK_NAME so that it now shows AGE seconds. An offset counts
 * from the machine's own clock, also in a lab in a lab: so the one that is
 * there already is added. */
static void set_clock(clockid_t id, const char *clock_name, long long age) {
    const char *old = strstr(slurp("/proc/self/timens_offsets"), clock_name);
    long long there = 0;
    struct timespec now;

    /* (12 characters hold all that the kernel takes, and cannot overflow.) */
    sscanf(old ? old + strlen(clock_name) : "", "%12lld", &there);
    /* What we see is the machine's clock + THERE; we want to see AGE. So the
     * new offset is THERE + AGE - NOW. */
    TRY(clock_gettime(id, &now));
    put("/proc/self/timens_offsets", "%s %lld 0", clock_name,
        there + age - (long long)now.tv_sec);
}

/* Child, still as the caller's user outside. (unshare(2) cannot be used for a
 * PID namespace in the same way: nobody can enter that one themselves.) */
static void enter_time(struct container *c) {
    long long age = c->boottime ? atoll(c->boottime) : 0;

    say("a time namespace is for our children: make it, set it, enter it");
    SYS(unshare(CLONE_NEWTIME));
    set_clock(CLOCK_MONOTONIC, "monotonic", age);
    set_clock(CLOCK_BOOTTIME, "boottime", age);
    int fd = TRY(open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC));
    SYS(setns(fd, CLONE_NEWTIME));
    close(fd);
}

/* How long ago the boot was, by the clock that also counts while asleep. */
static const char *look_time(void) {
    struct timespec t = { 0, 0 };

    clock_gettime(CLOCK_BOOTTIME, &t);
    long s = (long)t.tv_sec;
    return text("up %ld d %02ld:%02ld:%02ld", s / 86400, s / 3600 % 24,
                s / 60 % 60, s % 60);
}

/* =====================================================================
 * 12. CAPS -- the pieces of root's power                         --caps
 * =====================================================================
 * Problem   A server that needs port 80 is started as root, and so it may also
 *           load modules, mount disks, set the clock and read every file.
 * Kernel    Root's power is cut into some forty capabilities. Each process has
 *           five sets of them; each privileged call asks for one of them.
 * Parent    nothing.
 * Child     drops all but those that programs in containers really need, from
 *           all five sets: then neither it nor anything that it starts can
 *           have them again in this user namespace.
 * Order     after everything that needs a right (the pivot!), before seccomp.
 * See it    $ ./minicontainer compare caps
 * Not this  the number of the user: id(1) still says 0. And no namespace.
 * Read      lessons/12-caps, capabilities(7), capget(2), prctl(2)
 *
 * The five sets of a process, and what is done with each here:
 *     effective     what the kernel asks for           those that are kept
 *     permitted     what may be made effective         the same
 *     inheritable   passed on by execve(2), if the     none
 *                   program's file wants it, too
 *     ambient       passed on, if it does not          none
 *     bounding      what execve(2) can add at most     those that are kept
 *
 * The last one is the wall: root that starts a program gets everything which
 * is in the bounding set, and what was dropped from it does not come back in
 * this user namespace. (A new one begins with all of them, over itself alone:
 * that door is closed by seccomp, 13. And no_new_privs, which we set, makes the
 * rule stricter: execve(2) then gives no more than was permitted before.)
 *
 * How the kernel computes the sets of a program that it starts (execve(2)) for
 * a process of user 0, in words:
 *     permitted  = inheritable, and all of the bounding set
 *     effective  = permitted
 * and for any other user, of a file without capabilities of its own:
 *     permitted  = ambient
 *     effective  = ambient
 * And when user 0 becomes another by setuid(2), permitted and effective are
 * emptied at once: so a server that starts as root, binds port 80 and becomes
 * user 33 has none left. Most servers did that long before containers.
 *
 * With a user namespace (chapter 7) these are powers over the container's own
 * namespaces alone. Why drop them, then? Each is a door to kernel code that
 * only root could reach before; errors there have been the way out of many
 * containers. And CAP_SYS_ADMIN could undo our read-only mounts.
 *
 * The choice is Docker's: fourteen are kept. `--cap-add NAME` keeps one more,
 * `--cap-drop NAME` one less, ALL is a name, too. A server that needs none of
 * them is best started by `--cap-drop ALL`; most programs do not notice.
 *
 * Go through the table from top to bottom, and ask of each line two questions.
 * Over what does this give power: a file of the container, or the whole
 * machine? And has that thing a namespace? Where it has none (the clock,
 * modules, the log), no capability for it can ever be kept.
 */

/* All that the kernel knows (include/uapi/linux/capability.h), by number: the
 * first is 0. What is newer than this table is dropped as well. */
static const struct capability {
    const char *name;    /* without CAP_                                      */
    bool kept;
    const char *why;     /* why it is kept; or why no container needs it      */
    const char *attack;  /* what somebody who broke in does with it           */
} capabilities[] = {
    /* Files: root of the container owns the container's files. */
    { "chown", true, "packages give files to their users", "takes any file of the container" },
    { "dac_override", true, "root opens every file", "reads what users in it hide" },
    { "dac_read_search", false, "dac_override will do", "opens host files by their handle" },
    { "fowner", true, "chmod of others' files", "takes away the mode bits of a file" },
    { "fsetid", true, "setgid survives a write", "keeps a setgid bit on a changed file" },
    /* Processes and users. */
    { "kill", true, "an init ends the others", "ends processes of other users inside" },
    { "setgid", true, "a server leaves root", "becomes a member of any group inside" },
    { "setuid", true, "a server leaves root", "becomes any user inside" },
    { "setpcap", true, "a server drops its own rest", "adds to its inheritable set" },
    { "linux_immutable", false, "chattr +i is the host's", "makes files that nobody can remove" },
    /* The network. */
    { "net_bind_service", true, "a server on port 80", "pretends to be such a server" },
    { "net_broadcast", false, "nothing uses it", "gains nothing: the kernel never asks for it" },
    { "net_admin", false, "addresses are our business", "changes routes, reaches nf_tables" },
    { "net_raw", true, "ping", "forges packets on the networks that it has" },
    { "ipc_lock", false, "memory that is never swapped", "takes memory that cannot be taken back" },
    { "ipc_owner", false, "owners share by mode bits", "reads shared memory of others" },
    /* The machine. Here are the keys to the house. */
    { "sys_module", false, "modules are the host's", "loads code into the kernel: owns all" },
    { "sys_rawio", false, "drivers are the host's", "writes to ports, memory and disks" },
    { "sys_chroot", true, "old servers lock themselves in", "walks out of a chroot (lesson 06)" },
    { "sys_ptrace", false, "one's own children need none", "rewrites other processes as they run" },
    { "sys_pacct", false, "accounting is the host's", "writes records into any file" },
    { "sys_admin", false, "nothing good: it is the new root", "mounts, renames, undoes our walls" },
    { "sys_boot", false, "reboot is the host's", "starts another kernel" },
    { "sys_nice", false, "the host shares the processor", "takes the processor from all others" },
    { "sys_resource", false, "limits are the host's", "goes over quotas and limits" },
    { "sys_time", false, "the clock is one for all", "sets the date of the whole machine" },
    /* (Terminals: those of the machine, not those of a devpts of our own.) */
    { "sys_tty_config", false, "the console is the host's", "hangs up and reprograms terminals" },
    /* Devices and special files. */
    { "mknod", true, "packages make /dev files", "makes the disk's file, where devices work" },
    { "lease", false, "few file servers", "makes others wait who open a file" },
    { "audit_write", true, "sshd and su write a record", "fills the audit log with lies" },
    { "audit_control", false, "auditing is the host's", "switches the audit log off" },
    { "setfcap", true, "packages give files capabilities", "gives a file capabilities, inside" },
    /* Security modules, the log, energy, and pieces cut out of sys_admin. */
    { "mac_override", false, "policy is the host's", "passes by the rules of Smack" },
    { "mac_admin", false, "policy is the host's", "rewrites its policy" },
    { "syslog", false, "the kernel's log is the host's", "reads kernel addresses, to aim better" },
    { "wake_alarm", false, "a server does not sleep", "wakes the laptop in the bag" },
    { "block_suspend", false, "a server does not sleep", "empties the battery" },
    { "audit_read", false, "auditing is the host's", "reads what all others do" },
    { "perfmon", false, "a profiler runs outside", "watches the kernel and its secrets" },
    { "bpf", false, "the host loads programs", "runs its own code in the kernel" },
    { "checkpoint_restore", false, "the host moves containers", "chooses PIDs, opens map_files" },
};

/* --cap-add ALL, --cap-drop ALL: a bit that no capability has yet. */
#define ALL_CAPS (UINT64_C(1) << 63)

/* The capabilities that this container keeps, a bit each: ALL first, as Docker
 * reads it, then the single ones. What is both added and dropped is dropped
 * (Docker keeps it). */
static uint64_t kept_caps(const struct container *c) {
    uint64_t kept = c->cap_add & ALL_CAPS ? ~UINT64_C(0) : c->cap_add;

    /* --cap-drop ALL --cap-add chown: that one alone. */
    for (size_t cap = 0; cap < LENGTH(capabilities); cap++)
        if (capabilities[cap].kept && !(c->cap_drop & ALL_CAPS))
            kept |= UINT64_C(1) << cap;
    return kept & ~c->cap_drop;
}

/* The names of the capabilities of SET, which has those from 0 to COUNT - 1. */
static const char *cap_names(uint64_t set, int count) {
    const char *names = "";

    for (int cap = 0; cap < count; cap++)
        if (set >> cap & 1) /* a newer one has no name here, but a number */
            names = text("%s %s", names, (size_t)cap < LENGTH(capabilities)
                         ? capabilities[cap].name : text("%d", cap));
    return names;
}

/* How many capabilities this kernel knows: it answers for those alone, and says
 * EINVAL for the first that it does not. Any other error is no answer, and no
 * reason to drop less. */
static int known_caps(void) {
    int cap = 0;

    while (TRY_BUT(EINVAL, prctl(PR_CAPBSET_READ, cap, 0, 0, 0)) >= 0)
        cap++;
    return cap;
}

/* Child, when all that needs a right is done. Root of its user namespace (or
 * real root). The kernel's structures are those of has_cap(). */
static void enter_caps(struct container *c) {
    struct { uint32_t version; int pid; } who = { 0x20080522, 0 };
    struct { uint32_t effective, permitted, inheritable; } set[2] = { { 0 } };
    uint64_t kept = kept_caps(c);

    say("of the pieces of root's power most go, and for good");
    /* First the bounding set: it takes CAP_SETPCAP, which may go below. EINVAL
     * is the kernel's answer for the first one that it does not know. */
    for (int cap = 0; cap < 64; cap++)
        if (!(kept >> cap & 1) &&
            TRY_BUT(EINVAL, prctl(PR_CAPBSET_DROP, cap, 0, 0, 0)) < 0)
            break;
    /* Nothing here can add: what we do not have stays away. */
    TRY(syscall(SYS_capget, &who, set));
    for (int i = 0; i < 2; i++) {
        set[i].permitted &= (uint32_t)(kept >> 32 * i);
        set[i].effective = set[i].permitted;
        set[i].inheritable = 0;
    }
    /* Inheritable is empty now, and so is ambient, which lies within it. */
    kept = (uint64_t)set[1].permitted << 32 | set[0].permitted;
    SYSV(syscall(SYS_capset, &who, set), "kept:%s", cap_names(kept, 64));
}

/* What this process may do: the names, or those that are missing. */
static const char *look_caps(void) {
    uint64_t have = status_bits(slurp(SELF), "CapEff:");
    int known = known_caps(), n = __builtin_popcountll(have);

    /* Nearly all, or few: the shorter list says more. */
    if (n == 0 || n == known)
        return n ? text("all %d", n) : "none";
    if (n > known / 2)
        return text("%d, not%s", n, cap_names(~have, known));
    return text("%d:%s", n, cap_names(have, known));
}

/* =====================================================================
 * 13. SECCOMP -- which system calls exist                     --seccomp
 * =====================================================================
 * Problem   Behind each of the some 400 system calls is kernel code that any
 *           process may enter. A server uses fifty of them; an attacker looks
 *           for an error in the others.
 * Kernel    A filter: a small program in the language BPF, which the kernel
 *           runs at each system call, before anything else. It sees the number
 *           and the arguments, and answers: go on, or fail with this errno.
 * Parent    nothing.
 * Child     builds the filter from the list below, and hands it over.
 * Order     last of all: it forbids most of what the other chapters do.
 * See it    $ ./minicontainer compare seccomp
 * Not this  a look at what pointers point to (a path, a name): the filter sees
 *           the bare numbers, as memory may change after it has looked.
 * Read      lessons/13-seccomp, seccomp(2), prctl(2), unshare(2)
 *
 * A deny-list names what is forbidden; an allow-list, what is not. Docker has
 * the second, of some 350 names: safer, since a call that is new tomorrow is
 * forbidden. Here it is the first, since each entry shall have its reason.
 *
 * What such a list cannot do: it names errors that are known, or kinds of
 * calls that had many. It has no idea of files, and none of meaning. So it is
 * the last of several walls, and makes the others harder to reach:
 *
 *     a known way out                      what stops it here
 *     --------------------------------     --------------------------------
 *     chroot(2) once more, and `..`        pivot_root (6): nothing is above
 *     the disk's device file (mknod)       user (7); no device works outside
 *                                          of our /dev (nodev, 6)
 *     a module of one's own                caps (12), seccomp, user (7)
 *     /proc/sys/kernel/core_pattern        user (7); the masks of proc (5)
 *     release_agent of cgroup v1           no mount(2): caps (12), seccomp
 *     open_by_handle_at ("shocker")        caps (12), seccomp
 *     an open directory of the machine     close_range (1): none above 2; do
 *                                          not give one as stdin (`< /etc`)
 *     /proc/1/exe, to overwrite runc       PID 1 is the command itself, or an
 *                                          init that nobody may look into (3)
 *     typing into the caller's terminal    seccomp: TIOCSTI, TIOCLINUX
 *     keys of the caller's session         a keyring of its own (1), seccomp
 *     abstract sockets of the machine      net (9)
 *     signals to processes outside         pid (3): they have no number
 *     an image with links at /proc         walk() (4) never follows a link
 *     a fork bomb                          limits (14)
 *     an error in the kernel               nothing: update it, or use a
 *                                          virtual machine
 *
 * A filter can never be taken off, and all children have it. So that nobody
 * fools a setuid program by it, a process must first promise no_new_privs.
 *
 * How it decides, for a call with number n. The calls of the list stand in
 * order, and half of them are ruled out by each comparison, as one looks up a
 * word in a dictionary:
 *
 *                     n >= 246 ?                  (on x86-64)
 *               no /              \ yes
 *            n >= 166 ?          n >= 321 ?
 *             ...   ...           ...   ...
 *          n == 16 (ioctl) ?
 *      no: allowed    yes: is the second argument TIOCSTI? ...
 *
 * So an allowed call costs a dozen instructions, not one for each entry. That
 * counts at the start as well: when it gets a filter, the kernel runs it once
 * for each call there is, to remember which of them are always allowed.
 */

/* An instruction of BPF, and a program: struct sock_filter and sock_fprog of
 * linux/filter.h. A jump skips `yes` or `no` instructions. */
struct instruction { uint16_t code; uint8_t yes, no; uint32_t k; };
struct filter {
    unsigned short length;
    struct instruction *first;
    struct instruction code[512];
};

/* BPF is the machine language of a processor that does not exist: one register,
 * no loops, jumps only forward. So the kernel can be sure that each program
 * ends. It was made in 1992, to choose network packets for tcpdump(1).
 *
 * The few codes that we need: load a word of what there is to see, compare it
 * with k (equal; at least; has one of these bits), return k. (The kernel's
 * Documentation/networking/filter.rst has all of them.) */
enum { LOAD = 0x20, EQUAL = 0x15, AT_LEAST = 0x35, HAS_BITS = 0x45,
       RETURN = 0x06 };
/* What there is to see (struct seccomp_data): the number of the call, the
 * processor family, and six arguments of eight bytes, the low half first. A
 * load takes four bytes: of an argument only the half which the kernel uses. */
enum { SEE_NUMBER = 0, SEE_FAMILY = 4, SEE_ARGUMENT = 16 };

/* The answers. seccomp(2) */
#define ANSWER_KILL 0x80000000u
#define ANSWER_ERRNO 0x00050000u
#define ANSWER_ALLOW 0x7fff0000u

/* AUDIT_ARCH_ of linux/audit.h: one processor runs programs of two families
 * (64 and 32 bits), and the same number is another call in the other one. */
#if defined(__x86_64__)
#define FAMILY 0xc000003eu
#elif defined(__aarch64__)
#define FAMILY 0xc00000b7u
#else
#error "minicontainer knows the system calls of x86-64 and arm64"
#endif

/* clone(2) and unshare(2) with one of these make a namespace. */
#define NEW_NAMESPACE (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | \
    CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* What the filter says no to. ARGUMENT -1: to the call as such. Else only if
 * that argument (from 0) is equal to VALUE, or has one of its bits. Of several
 * rows for one call the first that fits decides; ERR 0 allows it.
 * --cap-add of CAP leaves a row out (Docker does much the same; its list
 * differs here and there); -1: nothing does. */
static const struct denied {
    int number;
    const char *name;
    int argument, test;
    uint32_t value;
    int err, cap;
    const char *why;
} denied[] = {
    /* Three shapes of a row: a name, a name and an argument, a bare number. */
#define NO(call, cap, why) \
    { SYS_##call, #call, -1, 0, 0, EPERM, cap, why }
#define NO_IF(call, arg, test, value, err, cap, why) \
    { SYS_##call, #call, arg, test, value, err, cap, why }
#define NEWER(number, call, cap, why) \
    { number, #call, -1, 0, 0, EPERM, cap, why }
    /* The kernel itself: who may change its code owns every container. */
    NO(init_module, CAP_SYS_MODULE, "loads code into the kernel"),
    NO(finit_module, CAP_SYS_MODULE, "the same, from a file"),
    NO(delete_module, CAP_SYS_MODULE, "takes code out of the kernel"),
    NO(kexec_load, CAP_SYS_BOOT, "starts another kernel in the place of this one"),
    NO(kexec_file_load, CAP_SYS_BOOT, "the same, from a file"),
    NO(reboot, CAP_SYS_BOOT, "ends the machine"),
    /* Large, young pieces of the kernel, each with a record of errors. */
    NO(bpf, CAP_BPF, "runs a program in the kernel; its checker has been fooled"),
    NO(perf_event_open, CAP_PERFMON, "watches other processes; many holes so far"),
    NO(userfaultfd, CAP_SYS_PTRACE, "stops the kernel in the middle: makes races easy to win"),
    NEWER(425, io_uring_setup, -1, "calls by way of memory, which no filter sees"),
    NEWER(426, io_uring_enter, -1, "see io_uring_setup"),
    NEWER(427, io_uring_register, -1, "see io_uring_setup"),
    /* Keys belong to a user, not to a namespace. */
    NO(add_key, -1, "keys are shared by all containers of a user"),
    NO(request_key, -1, "the same; and it starts a program outside"),
    NO(keyctl, -1, "reads and removes keys of the user"),
    /* Namespaces: root of a new one has all capabilities again, over a
     * thousand places in the kernel that trust root. */
    NO(unshare, CAP_SYS_ADMIN, "makes a user namespace, with full rights in it"),
    NO(setns, CAP_SYS_ADMIN, "enters another namespace"),
    NO_IF(clone, 0, HAS_BITS, NEW_NAMESPACE, EPERM, CAP_SYS_ADMIN, "the same as unshare"),
    NO_IF(clone3, -1, 0, 0, ENOSYS, CAP_SYS_ADMIN,
          "its flags lie in memory; at ENOSYS libc takes clone instead"),
    /* Mounts: with them read-only and masked paths could be undone. */
    NO(mount, CAP_SYS_ADMIN, "attaches, remounts, covers"),
    NO(umount2, CAP_SYS_ADMIN, "uncovers what is masked"),
    NO(pivot_root, CAP_SYS_ADMIN, "changes the root"),
    /* Numbers, where older headers have no name: they are one everywhere. */
    NEWER(428, open_tree, CAP_SYS_ADMIN, "the new words for mount"),
    NEWER(429, move_mount, CAP_SYS_ADMIN, "see open_tree"),
    NEWER(430, fsopen, CAP_SYS_ADMIN, "see open_tree"),
    NEWER(431, fsconfig, CAP_SYS_ADMIN, "see open_tree"),
    NEWER(432, fsmount, CAP_SYS_ADMIN, "see open_tree"),
    NEWER(433, fspick, CAP_SYS_ADMIN, "see open_tree"),
    NEWER(442, mount_setattr, CAP_SYS_ADMIN, "makes writable again"),
    NEWER(467, open_tree_attr, CAP_SYS_ADMIN, "both in one"),
    /* Files by a handle instead of a path: past every root. */
    NO(open_by_handle_at, CAP_DAC_READ_SEARCH, "opens any file of a disk (the \"shocker\" escape)"),
    NO(swapon, CAP_SYS_ADMIN, "the disk is the machine's"),
    NO(swapoff, CAP_SYS_ADMIN, "the same"),
    NO(quotactl, CAP_SYS_ADMIN, "the same; its own holes"),
    NEWER(443, quotactl_fd, CAP_SYS_ADMIN, "the same"),
    NO(fanotify_init, CAP_SYS_ADMIN, "is told of what others open"),
    NO(acct, CAP_SYS_PACCT, "writes a record of each process into a file"),
    /* What has no namespace: the clock, the log, the names without row uts. */
    NO(settimeofday, CAP_SYS_TIME, "one clock for the whole machine"),
    NO(clock_settime, CAP_SYS_TIME, "the same"),
    NO(adjtimex, CAP_SYS_TIME, "makes it run faster or slower"),
    NO(clock_adjtime, CAP_SYS_TIME, "the same"),
    /* (Some of these are useless without a capability that is dropped anyway:
     * two walls are better than one, and each can be switched off alone.) */
    NO(syslog, CAP_SYSLOG, "the kernel's log: addresses, and other containers"),
    NO(sethostname, CAP_SYS_ADMIN, "renames the machine, where row uts is off"),
    NO(setdomainname, CAP_SYS_ADMIN, "the same"),
    NO(vhangup, CAP_SYS_TTY_CONFIG, "takes the terminal from the caller"),
    /* The terminal is the caller's: these put words into its input. */
    NO_IF(ioctl, 1, EQUAL, 0x5412, EPERM, -1, "TIOCSTI types into the caller's shell"),
    NO_IF(ioctl, 1, EQUAL, 0x541c, EPERM, -1, "TIOCLINUX pastes into the console"),
    /* A socket that leads to the hypervisor, and belongs to no network. */
    NO_IF(socket, 0, EQUAL, 40, EPERM, -1, "AF_VSOCK: not in any network namespace"),
    NO_IF(personality, 0, EQUAL, 0xffffffff, 0, -1, "a question, and no change"),
    NO_IF(personality, 0, HAS_BITS, ~0x20008u, EPERM, -1,
          "no random addresses, code in the stack: makes attacks easier"),
    /* Other processes' memory and pages. */
    NO(kcmp, CAP_SYS_PTRACE, "compares kernel addresses"),
    NO(move_pages, CAP_SYS_NICE, "moves memory of others"),
    NO(migrate_pages, CAP_SYS_NICE, "the same"),
    NO(mbind, CAP_SYS_NICE, "takes memory from the processors of others"),
    NO(set_mempolicy, CAP_SYS_NICE, "the same"),
    NO(lookup_dcookie, CAP_SYS_ADMIN, "paths of other processes, for profilers"),
#if defined(__x86_64__)
    /* Old doors of this processor family. */
    NO(iopl, CAP_SYS_RAWIO, "the ports of all devices"),
    NO(ioperm, CAP_SYS_RAWIO, "the same"),
    NO(modify_ldt, -1, "segments of 16-bit programs: several holes"),
#endif
};

/* Add one instruction. It returns its place, so that a jump can be completed
 * when it is known how far it goes. There is room for five instructions a row,
 * and a few more. */
static unsigned emit(struct filter *f, int code, uint32_t k, int yes, int no) {
    f->code[f->length] = (struct instruction){ (uint16_t)code, (uint8_t)yes,
                                               (uint8_t)no, k };
    return f->length++;
}

/* Code for one row, when the number is known to be its own: answer, or, if it
 * looks at an argument that is another, fall through to what comes next. */
static void emit_row(struct filter *f, const struct denied *d) {
    uint32_t answer = d->err ? ANSWER_ERRNO | (uint32_t)d->err : ANSWER_ALLOW;

    /* The number is in the register: it can be overwritten now. */
    if (d->argument >= 0) {
        emit(f, LOAD, SEE_ARGUMENT + 8 * (uint32_t)d->argument, 0, 0);
        emit(f, d->test, d->value, 0, 1);
    }
    emit(f, RETURN, answer, 0, 0);
}

/* Code for the rows from FIRST to LAST - 1, which are in order: see the tree
 * in the banner. A jump forward is at most 255 instructions long. */
static void emit_search(struct filter *f, const struct denied **first,
                        const struct denied **last) {
    const struct denied **middle = first + (last - first) / 2;

    /* Rows of one call stay together: cut before them, or behind them. */
    while (middle > first && middle[-1]->number == middle[0]->number)
        middle--;
    while (middle < last && middle[0]->number == first[0]->number)
        middle++;
    /* Both halves, and a jump over the first one. */
    if (middle < last) {
        unsigned at = emit(f, AT_LEAST, (uint32_t)middle[0]->number, 0, 0);
        emit_search(f, first, middle);
        f->code[at].yes = (uint8_t)(f->length - at - 1);
        emit_search(f, middle, last);
        return;
    }
    /* One call is left: is it this one? If so, its rows in turn; the jump for
     * "no" goes behind them, and that is known only when they are there. */
    unsigned at = emit(f, EQUAL, (uint32_t)first[0]->number, 0, 0);
    for (; first < last; first++)
        emit_row(f, *first);
    f->code[at].no = (uint8_t)(f->length - at - 1);
    emit(f, RETURN, ANSWER_ALLOW, 0, 0);
}

/* By number, and rows of one call as they stand in the table. qsort(3) */
static int by_number(const void *a, const void *b) {
    const struct denied *x = *(const struct denied *const *)a;
    const struct denied *y = *(const struct denied *const *)b;

    return x->number != y->number ? x->number - y->number : x < y ? -1 : 1;
}

/* The filter for container C. How many rows it has, is returned. */
static int build_filter(const struct container *c, struct filter *f) {
    const struct denied *rows[LENGTH(denied)] = { NULL };
    uint64_t kept = kept_caps(c);
    int n = 0;

    /* The rows are sorted as pointers: the table itself stays as it is. */
    for (size_t i = 0; i < LENGTH(denied); i++)
        if (denied[i].cap < 0 || !(kept >> denied[i].cap & 1))
            rows[n++] = &denied[i];
    qsort(rows, (size_t)n, sizeof *rows, by_number);
    f->first = f->code;
    f->length = 0;
    /* A call of the other family would mean another one by each number, so
     * such a program is ended (SIGSYS). */
    emit(f, LOAD, SEE_FAMILY, 0, 0);
    emit(f, EQUAL, FAMILY, 1, 0);
    emit(f, RETURN, ANSWER_KILL, 0, 0);
    /* x32: all calls a second time, at 0x40000000 and up. */
    emit(f, LOAD, SEE_NUMBER, 0, 0);
    emit(f, AT_LEAST, 0x40000000, 0, 1);
    emit(f, RETURN, ANSWER_ERRNO | ENOSYS, 0, 0);
    /* Now the number is one of this family's own. */
    emit_search(f, rows, rows + n);
    return n;
}

/* Child, last of all. no_new_privs is set (chapter 1); without it we would have
 * to be privileged. 1 is SECCOMP_SET_MODE_FILTER. */
static void enter_seccomp(struct container *c) {
    static struct filter f;
    int rows = build_filter(c, &f);

    say("%d rules, %d instructions: these calls do not exist any more", rows,
        f.length);
    SYS(syscall(SYS_seccomp, 1, 0, &f));
}

/* How many filters each call of a process goes through, by its STATUS. proc(5):
 * the field Seccomp_filters is of Linux 5.9; before that, only whether there is
 * one. */
static int filters(const char *status) {
    const char *number = strstr(status, "\nSeccomp_filters:\t");

    if (number)
        return atoi(number + strlen("\nSeccomp_filters:\t"));
    return strstr(status, "\nSeccomp:\t2") != NULL;
}

/* Not which calls: a filter can be read by nobody but a tracer with rights. */
static const char *look_seccomp(void) {
    int n = filters(slurp(SELF));

    return n ? text("%d filter%s", n, n > 1 ? "s" : "") : "no filter";
}

/* =====================================================================
 * 14. LIMITS -- how much of the machine                        --limits
 * =====================================================================
 * Problem   One container that takes all memory, or makes a thousand processes,
 *           stops all others, and the machine: they share it.
 * Kernel    A control group (cgroup v2) is a directory: its files set limits
 *           for all processes in it and below it.
 * Parent    makes two directories, one in the other, sets the limits on the
 *           outer one, and has the child born in the inner one.
 * Child     nothing.
 * Order     before clone(2): CLONE_INTO_CGROUP takes a directory that exists;
 *           removed after the end, for a directory outlives its processes.
 * See it    $ ./minicontainer compare limits
 * Not this  row cgroup (10), which hides the path and holds nothing back; nor
 *           setrlimit(2), which counts for one process, or for one user.
 * Read      lessons/14-limits, cgroups(7), clone(2)
 *
 *     home                  a directory that we may write; the controllers
 *      |                    that we need are on in its cgroup.subtree_control
 *      +- minicontainer-4711        memory.max, cpu.max, pids.max: the limits
 *          +- box                   the container's processes, all of them
 *
 * Why two? Who owns a directory may write its files. To the container `box` is
 * the root of all cgroups (chapter 10); the limits stand one step above, where
 * it has no name for anything.
 *
 * What an ordinary user sees under systemd, from the root of the tree down:
 *
 *     /sys/fs/cgroup                                 root's
 *      +- user.slice                                 root's
 *          +- user-1000.slice                        root's
 *              +- session-2.scope                    a login by ssh: root's
 *              +- user@1000.service                  given to user 1000
 *                  +- app.slice                      theirs: this can be home
 *                      +- a terminal's scope
 *
 * So it works in a terminal of a desktop, and by ssh only with the words of
 * the cure: `systemd-run --user --scope` starts a program in app.slice. (Older
 * systemd gives a user only memory and pids. For --cpus, root adds the line
 * `Delegate=cpu memory pids` to user@.service.)
 *
 * The kernel counts processes and memory of a whole tree of cgroups: what is in
 * `box`, or in a cgroup that somebody makes below it, counts for the directory
 * above. So a limit cannot be left by making more processes or more cgroups.
 *
 * A limit is no share. At memory.max the kernel first takes back what it can
 * read from a file again, and then kills; a fork(2) past pids.max fails; who
 * has used up their part of the processor sleeps till the next tenth of a
 * second.
 *
 * Only v2 lets an ordinary user do this, and only where systemd, or root, has
 * given them a part of the tree ("delegation"). No limit was asked for: then
 * nothing of this is touched.
 */

/* One option each, as the kernel has it. */
static const struct limit {
    const char *option;
    const char *controller;   /* what cgroup.subtree_control calls it         */
    const char *file;
} limits[LIMIT_COUNT] = {
    [MEMORY] = { "memory", "memory", "memory.max" },
    [CPUS] = { "cpus", "cpu", "cpu.max" },
    [PIDS] = { "pids-limit", "pids", "pids.max" },
};

/* Where everybody mounts cgroup v2, and the number of that file system. */
#define CGROUPS "/sys/fs/cgroup"
enum { CGROUP2_MAGIC = 0x63677270 };
/* Beside our own directory: which controllers we have switched on. */
#define SWITCHED_ON "%s/minicontainer-switched-on-"

/* What we have made, and must remove. The locks tell the living from the dead:
 * the kernel drops a lock with its last holder, however that one ended. */
static struct {
    char home[PATH_MAX - 64];
    const char *said[LIMIT_COUNT];
    int lock;             /* home, locked while something in it is changed    */
    int alive;            /* our directory, locked as long as we live         */
} made = { .lock = -1, .alive = -1 };

/* "home/minicontainer-4711" and what is in it. */
static const char *in_cgroup(const char *name) {
    return text("%s/minicontainer-%d%s", made.home, getpid(), name);
}

/* Is WORD one of the words in file PATH? */
static bool has_word(const char *path, const char *word) {
    char *words = slurp(path);

    words[strcspn(words, "\n")] = '\0';
    return strstr(text(" %s ", words), text(" %s ", word));
}

/* Two starts at the same moment must not switch a controller off that the other
 * has just found on. Lock directory FD for us alone; a short wait, and no
 * longer: everybody who can open it can lock it. flock(2) */
static bool lock(int fd) {
    for (int i = 0; i < 200; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        poll(NULL, 0, 10);
    }
    return false;
}

/* Directory DIR has the controllers for these limits, or gets them now. What
 * we switch on is remembered by a directory beside ours, so that the last one
 * can switch it off. EBUSY: processes stand in it; ask further up. */
static bool has_controllers(const struct container *c, const char *dir) {
    const char *control = text("%s/cgroup.subtree_control", dir);

    /* All or none: so first what there is at all. */
    for (int i = 0; i < LIMIT_COUNT; i++)
        if (c->limit[i] && !has_word(text("%s/cgroup.controllers", dir),
                                     limits[i].controller))
            return false;
    /* Then switch on what is still off. */
    for (int i = 0; i < LIMIT_COUNT; i++) {
        const char *name = limits[i].controller;
        if (!c->limit[i] || has_word(control, name))
            continue;
        /* Where processes stand, two of the three can be switched on, but then
         * nobody can be born below ("domain invalid"): ask further up. Not so
         * in the machine's root, the one cgroup that has no type. */
        if (access(text("%s/cgroup.type", dir), F_OK) == 0 &&
            *slurp(text("%s/cgroup.procs", dir)))
            return false;
        put_if_allowed(control, text("+%s", name));
        if (!has_word(control, name))
            return false;
        /* (EEXIST: somebody before us has left in a hurry.) */
        mkdir(text(SWITCHED_ON "%s", dir, name), 0755);
    }
    return true;
}

/* Remove the cgroup DIR of a container that has ended. Its last processes may
 * still be on their way out: rmdir(2) is EBUSY so long. */
static void remove_cgroup(const char *dir) {
    /* Without row pid something may live on; since 5.14 one write ends it. */
    put_if_allowed(text("%s/cgroup.kill", dir), "1");
    const char *box = text("%s/box", dir);
    for (int i = 0; i < 500 && rmdir(box) < 0 && errno == EBUSY; i++)
        poll(NULL, 0, 2);
    rmdir(dir);
}

/* Home is locked. Remove what killed supervisors have left: a directory that
 * nobody holds a lock on. If no living container is left then, switch off what
 * was switched on for them. */
static void sweep(void) {
    glob_t found = { 0 };
    int alive = 0;

    glob(text("%s/minicontainer-[0-9]*", made.home), 0, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        int fd = open(found.gl_pathv[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
            remove_cgroup(found.gl_pathv[i]);
        else
            alive++;
        close(fd);
    }
    globfree(&found);
    /* The last one that leaves switches off the light. */
    for (int i = 0; i < LIMIT_COUNT && alive == 0; i++) {
        const char *name = limits[i].controller;
        if (rmdir(text(SWITCHED_ON "%s", made.home, name)) < 0)
            continue;
        put_if_allowed(text("%s/cgroup.subtree_control", made.home),
                       text("-%s", name));
    }
}

/* The kernel counts what it did to us, in files that anybody may read.
 * The number behind WORD in file NAME of our cgroup: a count of events. */
static long events(const char *name, const char *word) {
    const char *at = strstr(text("\n%s", slurp(in_cgroup(name))), word);

    return at ? atol(at + strlen(word)) : 0;
}

/* Child: these are the supervisor's alone. A copy of `alive` would keep the
 * lock when the supervisor is dead. (The guardian closes its copies itself.) */
static void forget_limits(void) {
    narrator.undo = NULL;
    close(made.alive);
    close(made.lock);
    made.alive = made.lock = -1; /* (-1 is closed in vain, and no harm) */
}

/* Parent, at the end, on every way out: say what the limits did, and remove
 * the directories. */
static void leave_limits(void) {
    long killed = events("/memory.events", "\noom_kill ");
    long refused = events("/pids.events", "\nmax ");

    /* Whoever stands before a dead program shall not have to guess. */
    narrator.undo = NULL;
    if (killed > 0 && made.said[MEMORY])
        write_line("minicontainer: ", text("killed: went over --memory %s",
                                           made.said[MEMORY]));
    if (refused > 0 && made.said[PIDS])
        write_line("minicontainer: ",
                   text("--pids-limit %s refused %ld new process%s",
                        made.said[PIDS], refused, refused > 1 ? "es" : ""));
    lock(made.lock);
    flock(made.alive, LOCK_UN); /* nobody's now: the sweep takes it */
    sweep();
    forget_limits();
}

/* Where process WHO stands in the tree of v2; "" if there is none. */
static const char *own_cgroup(const char *who) {
    const char *lines = text("\n%s", slurp(text("/proc/%s/cgroup", who)));
    const char *own = strstr(lines, "\n0::");

    return own ? text("%.*s", (int)strcspn(own + 4, "\n"), own + 4) : "";
}

/* Was any limit asked for? */
static bool limited(const struct container *c) {
    return c->limit[MEMORY] || c->limit[CPUS] || c->limit[PIDS];
}

/* Is /sys/fs/cgroup the one tree of v2? (A hybrid system has v2 beside v1, one
 * step below, and without controllers.) statfs(2) */
static bool only_v2(void) {
    struct statfs fs;

    return statfs(CGROUPS, &fs) == 0 && fs.f_type == CGROUP2_MAGIC;
}

/* The directory of our own cgroup; it need not be there. */
static const char *cgroup_dir(void) {
    const char *own = own_cgroup("self");

    return text("%s%s", only_v2() ? CGROUPS : CGROUPS "/unified",
                strcmp(own, "/") == 0 ? "" : own);
}

/* A directory where we may make one: our own cgroup, or one above it. To move
 * a process one must be allowed to write where it comes from and where it goes
 * to have a common root: so no other branch of the tree will do. */
static bool find_home(const struct container *c) {
    char *home = made.home;

    snprintf(home, sizeof made.home, "%s", cgroup_dir());
    while (only_v2() && strlen(home) >= strlen(CGROUPS)) {
        /* Asked first: has_controllers() may switch some on. */
        if (access(text("%s/cgroup.procs", home), W_OK) == 0 &&
            access(home, W_OK) == 0 && has_controllers(c, home))
            return true;
        *strrchr(home, '/') = '\0';
    }
    return false;
}

/* Why there can be no limits here: three reasons, three cures. (v1 gives an
 * ordinary user nothing that is safe.) */
__attribute__((noreturn))
static void refuse_limits(void) {
    if (only_v2())
        refuse("limits: no cgroup here is ours to write, with controllers on\n"
               "  cause:  no delegation: we stand in root's part of the tree\n"
               "  cure:   systemd-run --user --scope -p Delegate=yes "
               "minicontainer run ...");
    /* Something is mounted there, and it is not v2 alone. */
    if (count(CGROUPS "/*") > 0)
        refuse("limits: memory and pids belong to cgroup v1 here\n"
               "  cause:  v1, or both at once (an older system, or WSL 2)\n"
               "  cure:   boot with systemd.unified_cgroup_hierarchy=1; in "
               "WSL: kernelCommandLine=cgroup_no_v1=all");
    refuse("limits: there is no cgroup v2 at " CGROUPS "\n"
           "  cause:  we are in a lab or in a container, or it is not mounted\n"
           "  cure:   try it outside; in a lab no cgroup is ours to mount");
}

/* What was asked for, as the file wants it: bytes; microseconds of each tenth
 * of a second; a number. NULL: it makes no sense. */
static const char *limit_value(int which, const char *said) {
    char *end = (char *)said + strspn(said, "0123456789."), *stop;
    const char *units = "bkmg", *unit = strchr(units, tolower(*end));
    double n = strtod(said, &stop);

    /* (strtod(3) reads more than digits: 1e3, inf.) */
    if (end == said || stop != end || !unit || (*end && end[1]))
        return NULL;
    for (; *end && unit > units; unit--)
        n *= 1024;
    /* Docker's least memory: with less, a program does not even begin. */
    if (which == MEMORY)
        return n < 6 << 20 || n > 1e15 ? NULL : text("%.0f", n);
    /* Microseconds in each 100,000; PIDs, of which there are 4194304. */
    if (*end || n < (which == CPUS ? 0.01 : 1) || n > 4194304)
        return NULL;
    if (which == CPUS)
        return text("%.0f 100000", n * 100000);
    return strchr(said, '.') ? NULL : text("%.0f", n);
}

/* Parent, before clone(2): make the cgroup and set its limits. Opens cgroup_fd,
 * which the caller closes. */
static void enter_limits(struct container *c) {
    /* We are outside; there is no child yet. */
    memcpy(made.said, c->limit, sizeof made.said);
    say("limits are files of a cgroup that the container is born in");
    if (!find_home(c))
        refuse_limits();
    made.lock = TRY(open(made.home, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    narrator.undo = leave_limits; /* from here on there is something to undo */
    /* Another start may be at work here, or may just be leaving. */
    if (!lock(made.lock))
        refuse("limits: somebody keeps %s locked", made.home);
    sweep();
    if (!has_controllers(c, made.home))
        refuse_limits();
    SYSV(mkdir(in_cgroup(""), 0755), "%s", in_cgroup(""));
    /* Locked for as long as we live: so the next start knows that we do. */
    made.alive = TRY(open(in_cgroup(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    TRY(flock(made.alive, LOCK_EX | LOCK_NB));
    TRY(mkdir(in_cgroup("/box"), 0755));
    /* `box` is the only one below: what a container made there, as a user who
     * owns it, would outlive it. */
    put_if_allowed(in_cgroup("/cgroup.max.descendants"), "1");
    flock(made.lock, LOCK_UN);

    /* The limits, on the outer one. */
    for (int i = 0; i < LIMIT_COUNT; i++)
        if (c->limit[i])
            put(in_cgroup(text("/%s", limits[i].file)), "%s",
                limit_value(i, c->limit[i]));
    /* (A kernel without swap has no such file.) */
    if (c->limit[MEMORY]) /* or it would go on, on the disk */
        put_if_allowed(in_cgroup("/memory.swap.max"), "0");
    c->cgroup_fd = TRY(open(in_cgroup("/box"), O_PATH | O_CLOEXEC));
}

/* Parent; the child is there. Where a filter hides clone3(2), it was born where
 * we stand, and is moved now; it makes its cgroup namespace after that. */
static void place_child(struct container *c) {
    if (c->cgroup_fd < 0)
        return;
    if (c->moved)
        put(in_cgroup("/box/cgroup.procs"), "%d", c->pid);
    close(c->cgroup_fd);
    tell("now", text("limits: the child stands in %s",
                     own_cgroup(text("%d", c->pid))));
}

/* The limits of our own cgroup, as far as we see them. In a container of ours
 * that is `box`, which has none: they are one step above, out of sight. */
static const char *look_limits(void) {
    const char *out = "", *dir = cgroup_dir();

    for (int i = 0; i < LIMIT_COUNT; i++) {
        char *value = slurp(text("%s/%s", dir, limits[i].file));
        /* "max" is the kernel's word for none; the root of the tree has no such
         * files. */
        if (isdigit((unsigned char)*value))
            out = text("%s%s%s %.*s", out, *out ? ", " : "", limits[i].file,
                       (int)strcspn(value, "\n"), value);
    }
    return *out ? out : "none in sight";
}

/* =====================================================================
 * THE TABLE -- one row for each isolation, in the order of execution
 * =====================================================================
 * Everything reads it: the options, the help, the clone flags, the hooks of
 * parent and child, the proofs, look, compare, isolations, and the tests.
 * To add an isolation: a chapter with its banner, a row, a lesson, a test.
 *
 * The order is the kernel's. limits are set before there is a child. Then time
 * (its file wants the caller's own user); mnt before user (paths that only the
 * caller may enter); user before all that makes files or needs a right; root
 * before proc (the new tree must be there). `finish` runs after all rows, and
 * root's finish is the pivot.
 * `last` runs when nothing is left to do that needs a right: caps, and then
 * seccomp, which would forbid caps.
 */
static const struct isolation {
    const char *name;       /* --NAME, --no-NAME                              */
    int chapter;            /* also of the lesson and of the test             */
    int flag;               /* of clone(2); 0: made by mounts                 */
    const char *made_by;    /* the flag's name, or what does it            */
    unsigned needs;         /* rows that it cannot be without                 */
    const char *what;       /* what it isolates                               */
    const char *docker;     /* Docker's words for leaving it out              */
    const char *shell;      /* what does the same in a shell                  */
    const char *peek;       /* worth a look in a second window; %d is the PID */
    const char *probe;      /* what `compare ROW` runs by default             */
    void (*parent)(struct container *);
    void (*child)(struct container *);  /* NULL: clone(2) has done it all     */
    void (*finish)(struct container *);
    void (*last)(struct container *);
    const char *(*look)(void);
} isolations[ROWS] = {
    [LIMITS] = { "limits", 14, 0, "cgroup v2", 0,
        "memory, processor, processes", "no --memory", "systemd-run --scope -p MemoryMax=",
        "cat /proc/%d/cgroup",
        "(i=0; while [ $i -lt 99 ]; do sleep 9 & i=$((i+1)); done); set -- /proc/[0-9]*; echo $#",
        place_child, NULL, NULL, NULL, look_limits },

    [TIME] = { "time", 11, CLONE_NEWTIME, "CLONE_NEWTIME", 0,
        "the clocks that count from boot", "-", "unshare --time --boottime -N",
        "cat /proc/%d/timens_offsets", "cat /proc/uptime; date +%F",
        NULL, enter_time, NULL, NULL, look_time },

    [MNT] = { "mnt", 4, CLONE_NEWNS, "CLONE_NEWNS", 0,
        "the mount table", "-", "unshare --mount --propagation private",
        "wc -l /proc/%d/mountinfo",
        "mount -t tmpfs none /mnt && grep -o 'none /mnt' /proc/mounts",
        NULL, enter_mnt, attach_volumes, NULL, look_mnt },

    [USER] = { "user", 7, CLONE_NEWUSER, "CLONE_NEWUSER", 0,
        "user and group numbers", "--userns=host",
        "unshare --user --map-root-user", "cat /proc/%d/uid_map",
        "id -u; hostname oops", map_user, become_root, NULL, NULL, look_user },

    [UTS] = { "uts", 2, CLONE_NEWUTS, "CLONE_NEWUTS", 0,
        "host name and NIS domain name", "--uts=host", "unshare --uts",
        "ls -l /proc/%d/ns/uts", "hostname oops; hostname",
        NULL, enter_uts, NULL, NULL, look_uts },

    [IPC] = { "ipc", 8, CLONE_NEWIPC, "CLONE_NEWIPC", 0,
        "System V objects, POSIX queues", "--ipc=host", "unshare --ipc",
        "ls -l /proc/%d/ns/ipc", "ipcrm --all=msg; ipcs -q",
        NULL, NULL, NULL, NULL, look_ipc },

    [NET] = { "net", 9, CLONE_NEWNET, "CLONE_NEWNET", 0,
        "interfaces, addresses, ports", "--network=host", "unshare --net",
        "cat /proc/%d/net/dev", "ip addr add 10.0.0.7/8 dev lo; ip -br addr",
        NULL, enter_net, NULL, NULL, look_net },

    [CGROUP] = { "cgroup", 10, CLONE_NEWCGROUP, "CLONE_NEWCGROUP", 0,
        "the view of the cgroup tree", "--cgroupns=host", "unshare --cgroup",
        "cat /proc/%d/cgroup", "grep -v ':/$' /proc/self/cgroup || echo 'every path is /'",
        NULL, enter_cgroup, mount_cgroup, NULL, look_cgroup },

    [PID] = { "pid", 3, CLONE_NEWPID, "CLONE_NEWPID", 0,
        "process numbers", "--pid=host", "unshare --pid --fork",
        "grep NSpid /proc/%d/status", "echo I am $$; kill $(cat /run/victim.pid)",
        NULL, NULL, NULL, NULL, look_pid },

    [ROOT] = { "root", 6, 0, "mounts", BIT(MNT),
        "the file tree", "-", "pivot_root . . && umount -l .",
        "ls /proc/%d/root/", "cat /root/diary",
        NULL, enter_root, pivot, NULL, look_root },

    [PROC] = { "proc", 5, 0, "mounts", BIT(MNT),
        "the view in /proc and /sys", "-", "mount -t proc proc /proc",
        "ls /proc/%d/root/proc", "ls -d /proc/[0-9]* | wc -l",
        NULL, enter_proc, NULL, NULL, look_proc },

    [CAPS] = { "caps", 12, 0, "capset(2)", 0,
        "what root may do", "--privileged", "setpriv --bounding-set -sys_admin,...",
        "grep Cap /proc/%d/status", "id -u; hostname oops",
        NULL, NULL, NULL, enter_caps, look_caps },

    [SECCOMP] = { "seccomp", 13, 0, "a BPF filter", 0,
        "which system calls exist", "--security-opt", "systemd-run -p SystemCallFilter=~@mount",
        "grep Seccomp /proc/%d/status", "unshare --user id -u",
        NULL, NULL, NULL, enter_seccomp, look_seccomp },
};

/* The rows in teaching order, by chapter: what is shown to people is in this
 * order, what is done is in the other. */
static const int by_chapter[ROWS] = { UTS,    PID,  MNT,     PROC,  ROOT,
                                      USER,   IPC,  NET,     CGROUP, TIME,
                                      CAPS,   SECCOMP, LIMITS };

/* What ROW needs, given that the rows of SET are on. A user namespace may
 * mount /proc only for a PID namespace that belongs to it. */
static unsigned partners(int row, unsigned set) {
    bool proc_of_user = row == PROC && set & BIT(USER);

    return isolations[row].needs | (proc_of_user ? BIT(PID) : 0);
}

/* "uts,pid,mnt": the rows of SET. */
static const char *list_rows(unsigned set) {
    const char *list = "";

    for (int i = 0; i < ROWS; i++)
        if (set & BIT(by_chapter[i]))
            list = text("%s%s%s", list, *list ? "," : "",
                        isolations[by_chapter[i]].name);
    return *list ? list : "none";
}

/* =====================================================================
 * THE LAB -- a practice host
 * =====================================================================
 * Showing what leaks without an isolation means letting it leak onto a
 * machine. So there is one to break: a container like any other, furnished so
 * that every wall has something to protect. `exit` resets it. It differs from
 * `run` in its preset and in what furnish() puts there, in nothing else: so
 * there is a lab in a lab, and a lab in that.
 *
 * What is there, and which lesson needs it as its "before":
 *
 *     PID 1 is an init, numbers begin near 1000     03: a process, two numbers
 *     a process called victim                       03: something to kill
 *     /mnt, and a table of mounts                   04: something to add to
 *     ~/diary                                       06: something to read
 *     a message queue                               08: something to remove
 *     a second address on lo, a socket @victim      09: something to reach
 *     the cgroup namespace of the machine           10: a path that is not "/"
 *     ten days of uptime                            11: a clock that differs
 *     this program, its source, the lessons         all: something to break
 */

/* A second address on lo, so that the lab's network differs from a new one. */
static void add_address(void) {
    /* A label behind the name makes a second address, not a second
     * interface. */
    struct ifreq request = { .ifr_name = "lo:0" };
    struct sockaddr_in address = { .sin_family = AF_INET };
    /* Any socket will do, as in enter_net(). */
    int fd = TRY(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

    inet_pton(AF_INET, "10.0.0.1", &address.sin_addr);
    memcpy(&request.ifr_addr, &address, sizeof address);
    TRY(ioctl(fd, SIOCSIFADDR, &request));
    close(fd);
}

/* What the victim does: nothing. It may be killed; and it holds an abstract
 * socket (a name without a file, with a zero byte first; unix(7)), which
 * belongs to the network namespace. */
__attribute__((noreturn))
static void be_victim(void) {
    struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0victim" };
    socklen_t size = offsetof(struct sockaddr_un, sun_path) + sizeof "victim";
    sigset_t none;

    /* A session of its own: it hears nothing of the lab's terminal. */
    setsid();
    close_from_3();
    forget_environment();
    rename_process("victim", "victim");
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&name, size) == 0)
        listen(fd, 8);
    /* Ready: furnish() waits for this. */
    if (kill(getpid(), SIGSTOP) < 0)
        _exit(OURS);
    for (;;)
        pause();
}

/* Child, last: we are root of the new tree, and PID 1. */
static void furnish(const struct container *c) {
    struct { long type; char text[40]; } message = { 1, "meet me at noon" };

    say("the practice host gets something for every wall to protect");
    /* Small numbers are often the same in two places: begin at 1001. */
    put_if_allowed("/proc/sys/kernel/ns_last_pid", "1000");
    pid_t victim = TRY(fork());
    if (victim == 0)
        be_victim();
    TRY(waitpid(victim, NULL, WUNTRACED));
    TRY(kill(victim, SIGCONT));
    make_file("/run/victim.pid", 0644, text("%d\n", victim));
    /* For rows pid, root, net and ipc: something of the lab's that can be
     * reached or not. (uts, mnt, user, time and cgroup need nothing.) */
    make_file("/root/diary", 0600,
              "Dear diary, nobody else shall read this.\n");
    add_address();
    int queue = msgget(0x0d1a21, IPC_CREAT | 0600);
    if (queue >= 0)
        msgsnd(queue, &message, sizeof message.text, IPC_NOWAIT);

    /* The program and its source, to be broken: copies. /proc/self/exe leads
     * to our own file wherever it lies. */
    TRY(mkdir("/opt/minicontainer", 0755));
    copy_file("/proc/self/exe", "/opt/minicontainer/minicontainer", 0755);
    make_file("/root/minicontainer.c", 0644, own_source);
    if (!c->argv && !c->instead)
        write_line("minicontainer: ", "a practice host: break what you "
                   "like, exit resets it");
}

/* A container that nothing is said about yet. */
static void preset(struct container *c) {
    /* All bits 0: no row, no option, no command. What differs is set here. */
    memset(c, 0, sizeof *c);
    c->hostname = "box";
    c->output = c->report = c->cgroup_fd = c->pidfd = -1;
}

/* All views but cgroup (lesson 10 needs a before), all rights (so that
 * containers can be made in it, and broken), an init, ten days of age
 * (lesson 11), and the lessons, if they lie beside the program. */
static void preset_lab(struct container *c) {
    static char lessons[PATH_MAX];
    static struct volume volume = { lessons, "/root/lessons", true, -1 };

    /* Everything that lesson NN needs as its "before" is set here or in
     * furnish(). */
    preset(c);
    c->rows = ALL_ROWS & ~BIT(CGROUP) & ~RIGHTS;
    /* With an init, so that orphans are reaped, and `exit` ends all of it. */
    c->lab = c->init = true;
    c->hostname = "lab";
    c->workdir = "/root";
    c->boottime = "864000";
    if (!namespace_id("time")) { /* an older kernel: a lab without lesson 11 */
        c->rows &= ~BIT(TIME);
        c->boottime = NULL;
    }
    /* Where this program lies, whatever it was called by. */
    TRY(readlink("/proc/self/exe", lessons, sizeof lessons - 16));
    memcpy(strrchr(lessons, '/'), "/lessons", sizeof "/lessons");
    c->volume = &volume;
    c->volumes = access(lessons, R_OK) == 0;
    if (!c->volumes && errno != ENOENT)
        note("no lessons here: %s: %s", lessons, strerror(errno));
}

/* =====================================================================
 * THE DANCE -- parent_side() and child_side()
 * =====================================================================
 *
 *    parent (the supervisor, outside)         child (becomes the command)
 *
 *  1 block signals, make the life pipe,
 *    and the cgroup that has the limits
 *  2 clone(2), with a flag for each row ----> exists, in its namespaces
 *  3 rows' parent hooks: the user map         waits in read(2)
 *  4 start a guardian, where one is needed
 *  5 write to the pipe: go -----------------> reads it; end of file: gives up
 *  6 supervise(): wait, pass signals on       rows' child hooks, in order
 *  7                                          rows' finish hooks: the pivot
 *  8                                          lock_down(): caps, seccomp
 *  9                                          clean start, execve(2)
 * 10 the status; terminal given back <------- ends
 *
 * The go is a message and not the end of the file: if the parent dies at any
 * moment, the pipe ends too, and that must mean "give up".
 *
 * Who the child is, step by step (started by an ordinary user, number 1000):
 *
 *     step  user outside  user inside    its namespaces      may it make files?
 *     2     1000          65534          all but time        no: no owner
 *     3     1000          0 (mapped)     all but time        yes
 *     6     1000          0              all                 yes, in the tmpfs
 *     7     1000          0              and a root          not outside of it
 *     9     1000          0              all                 as the command may
 *
 * and started by real root, number 0:
 *
 *     2     0             65534          all but time        no
 *     3     0             65534          (the map is 0 -> 524288; it is not 0)
 *     6     524288        0              all                 as nobody's user
 *
 * That is why the caller's own directories are opened in step 6 before row
 * user, and the tmpfs is filled after it.
 */

struct go {
    pid_t pid; /* the child's number, as the parent counts                    */
    bool step; /* [c] may have been typed after the child got its copy of all */
};

/* What the kernel shows now that ROW is done. */
static void prove(int row) {
    if (narrator.explain)
        tell("now", text("%s: %s", isolations[row].name,
                         isolations[row].look()));
}

/* Rows whose proof can be seen only from the new root: the table has changed
 * up to the last moment, and /proc is the new one only then. */
static bool is_late(int row) {
    return row == MNT || row == PID || row == ROOT || row == PROC;
}

/* Child: the hooks of all rows that are on, each with its proof. */
static void enter_rows(struct container *c) {
    for (int row = 0; row < ROWS; row++) {
        const struct isolation *i = &isolations[row];
        if (!on(c, row) || BIT(row) & RIGHTS) /* see lock_down() */
            continue;
        narrator.peek = i->peek;
        if (i->child)
            i->child(c);
        else
            say("%s: nothing to do, clone(2) with %s has done it", i->name,
                i->made_by);
        if (!i->finish)
            tell("shell", i->shell);
        if (!is_late(row))
            prove(row);
    }

    /* The old root is still there: what needs it, and then the pivot. */
    for (int row = 0; row < ROWS; row++)
        if (on(c, row) && isolations[row].finish) {
            narrator.peek = isolations[row].peek;
            isolations[row].finish(c);
            tell("shell", isolations[row].shell);
        }
    for (int row = 0; row < ROWS; row++)
        if (on(c, row) && is_late(row))
            prove(row);
}

/* Child: all is made. Give up what it took: after this, no mount can be undone
 * and nothing new be made. An init of ours needs none of it.
 *
 * The order is the other way round than one would think: rights are needed to
 * give up rights (CAP_SETPCAP for the bounding set), and system calls to take
 * system calls away. So the narrowest wall is closed last. */
static void lock_down(struct container *c) {
    give_up_rights();
    for (int row = 0; row < ROWS; row++)
        if (on(c, row) && isolations[row].last) {
            narrator.peek = isolations[row].peek;
            isolations[row].last(c);
            tell("shell", isolations[row].shell);
            prove(row);
        }
}

/* Child: begin in the directory that was asked for. One that lies outside of
 * this root (/proc/self/fd/9, CVE-2024-21626) has no name in it. */
static void enter_workdir(const struct container *c) {
    char *path = fresh();

    /* After the pivot: the path is one of the new root. */
    if (!c->workdir)
        return;
    if (chdir(c->workdir) < 0)
        refuse("--workdir: \"%s\": %s", c->workdir, strerror(errno));
    const char *cwd = getcwd(path, TEXT_MAX);
    if (!cwd && errno != ENOENT)
        failed("getcwd(path, TEXT_MAX)", "", __LINE__);
    if (!cwd || *cwd != '/')
        refuse("--workdir: %s lies outside of this root", c->workdir);
}

/* Child. Runs in the new namespaces, as user 65534 ("nobody I know") until
 * the row user makes it 0. Never returns. */
__attribute__((noreturn))
static void child_side(struct container *c) {
    struct go go;

    /* We are a copy of the parent: its memory, its descriptors, its blocked
     * signals. First we make ourselves another. */
    close(c->life[1]); /* the parent's end: if we kept it, it would never end */
    narrator.who = "child";
    narrator.child = 0;
    forget_limits();
    if (TRY(read(c->life[0], &go, sizeof go)) != sizeof go)
        _exit(OURS);
    c->pid = narrator.pid = go.pid;
    narrator.step = go.step;
    /* A first wish, for the time until we change our user. */
    die_with_parent(c, SIGKILL);

    /* (EACCES: the caller stands where they may not enter.) */
    int here = TRY_BUT(EACCES, open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (c->image && !on(c, MNT))
        c->image_fd = TRY(open(c->image, O_PATH | O_DIRECTORY | O_CLOEXEC));
    /* THE TABLE, from top to bottom: this is where the container is made. */
    enter_rows(c);
    if (c->image && !on(c, MNT))
        enter_chroot(c);
    else if (!on(c, ROOT) && on(c, PROC) && fchdir(here) < 0)
        TRY(chdir("/")); /* the hook of proc moved us, and there is no way back:
                          * our new user may not enter that directory */
    enter_workdir(c);

    /* What leads out of the container is not kept in an init of ours: the
     * command, as the same user, could take it from there. (Without a PID
     * namespace end_orphans() needs a /proc: the one that is in sight.) */
    close(here);
    close(c->cgroup_fd); /* `box`, by the machine's mount of the tree */
    close(c->root_fd);
    close(c->proc_fd);
    c->proc_fd = on(c, PID) ? -1 : open("/proc", O_PATH | O_CLOEXEC);
    if (c->lab)
        furnish(c);
    lock_down(c);
    if (c->init)
        init_side(c);
    die_with_parent(c, SIGKILL); /* again: see die_with_parent() */
    start_command(c);
}

/* The guardian, outside. It shares the supervisor's memory, and so it writes
 * nothing there but its own stack: not its command line, either, so that ps(1)
 * shows that of the supervisor twice. Its descriptors, signals and short name
 * are its own. Its end is the end of what it guards. */
static int guardian_side(void *shared) {
    const struct container *c = shared;
    struct pollfd end[] = { { .fd = c->life[0] },
                            { .fd = c->pidfd, .events = POLLIN } };
    sigset_t all;

    prctl(PR_SET_NAME, "guardian", 0, 0, 0);
    sigfillset(&all); /* ^C is for the others */
    sigprocmask(SIG_SETMASK, &all, NULL);
    if (limited(c)) { /* our copies of these would keep the locks */
        close(made.alive);
        close(made.lock);
    }
    /* The end of the pipe comes when the supervisor has ended, in whatever
     * way; but not as long as we hold a writing end ourselves. A descriptor of
     * a process can be "read" when that has ended: then our work is done. */
    if (close(c->life[1]) < 0 || poll(end, LENGTH(end), -1) < 0)
        dprintf(2, "minicontainer: guardian: close() or poll() failed\n");
    if (!end[1].revents)
        syscall(SYS_pidfd_send_signal, c->pidfd, SIGKILL, NULL, 0);
    return 0;
}

/* The command may take back the wish to die with us, and it loses it when it
 * changes its user. So somebody outside must watch: a process that waits for
 * the end of the life pipe, and kills PID 1 by its descriptor (a number could
 * be another's by then). Returns the guardian's PID; 0 if an init of ours is
 * there, which keeps its wish. pidfd_send_signal(2)
 *
 * CLONE_VM: parent and child have one memory, as two threads have, but they are
 * two processes, each with its own end. With a copy of our memory, as fork(2)
 * makes it, a start takes a tenth longer and a container a sixth more memory.
 * The price: when the kernel is out of memory and chooses us, it ends all that
 * share this memory; before Linux 5.16 also with a core dump. Then only the
 * wish is left. (errno is shared, too: the guardian makes no call that is
 * expected to fail.) */
static pid_t start_guardian(struct container *c) {
    static _Alignas(16) char stack[32768];

    if (c->init)
        return 0;
    say("the command may forget to die with us: a guardian shall outlive us");
    /* This is libc's clone(): it does not return twice, but calls a function in
     * the child, on the stack that we give it. A stack grows downwards: its
     * beginning is its upper end. */
    return SYS(clone(guardian_side, stack + sizeof stack, CLONE_VM | SIGCHLD,
                     c));
}

/* Parent: clone(2) with the flags of all rows that are on. A time namespace
 * cannot be made so: chapter 11. Returns the PID, and in the child 0. Opens
 * c->pidfd, a descriptor of the child. */
static pid_t clone_child(struct container *c) {
    unsigned long flags = CLONE_PIDFD;
    const char *names = "";

    /* A list of flags, and their names for who listens. */
    c->moved = c->cgroup_fd >= 0 && lacks(SYS_clone3);
    for (int row = 0; row < ROWS; row++)
        if (on(c, row) && isolations[row].flag && row != TIME &&
            !(row == CGROUP && c->moved)) {
            flags |= (unsigned long)isolations[row].flag;
            names = text("%s%s|", names, isolations[row].made_by);
        }
    /* Flags of one call, not calls one after the other: then the user namespace
     * is made first, and all the others belong to it. The stack argument is
     * NULL: the child goes on with a copy of ours, as after fork(2). */
    say("one call makes the child and its namespaces");
    if (c->cgroup_fd < 0 || c->moved)
        return SYSV(syscall(SYS_clone, flags | SIGCHLD, NULL, &c->pidfd, NULL,
                            0), "%sCLONE_PIDFD|SIGCHLD", names);
    /* The same with limits: born in their cgroup (chapter 14). This is struct
     * clone_args, up to the cgroup (Linux 5.7). */
    struct {
        uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack,
                 stack_size, tls, set_tid, set_tid_size, cgroup;
    } args = { .flags = flags | INTO_CGROUP, .pidfd = (uintptr_t)&c->pidfd,
               .exit_signal = SIGCHLD, .cgroup = (uint64_t)c->cgroup_fd };
    return SYSV(syscall(SYS_clone3, &args, sizeof args),
                "%sCLONE_PIDFD|CLONE_INTO_CGROUP", names);
}

/* Parent: what must be there before the child is. All of it is closed by
 * parent_side(), or by the end of the process. */
static void before_clone(struct container *c) {
    char self[16] = "";

    /* /proc by a descriptor: the child may hide the path, and may need it
     * still. */
    c->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    /* The numbers that clone(2) gives us must mean the same in this /proc: the
     * maps are written by them. */
    ssize_t n = readlinkat(c->proc_fd, "self", self, sizeof self - 1);
    if (c->rows && n > 0 && atoi(self) != getpid())
        refuse("this /proc shows another PID namespace: what we write there "
               "for the child would be a stranger's\n"
               "  cure:   mount -t proc proc /proc, in a mount namespace of "
               "your own\n  lesson: lessons/05-proc");
    c->machine_mnt = namespace_id("mnt");
    /* Nothing is open yet, and who we are is settled. */
    c->image_fd = c->root_fd = -1;
    default_map(c);
    TRY(pipe2(c->life, O_CLOEXEC));
    if (on(c, PID))
        return;
    /* No PID namespace: an init of ours inside, and orphans become ours. */
    c->init = true;
    TRY(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
}

/* Parent: start the container, wait for its end. Returns the exit status. */
static int parent_side(struct container *c) {
    sigset_t set = watched_signals(), before;

    /* We are outside, as the user who called us, with their privileges. */
    keep_terminal(c);
    TRY(sigprocmask(SIG_BLOCK, &set, &before));
    before_clone(c);
    if (limited(c))
        enter_limits(c);
    pid_t child = clone_child(c);
    if (child == 0)
        child_side(c);

    /* The child waits. What it cannot do for itself, we do for it. */
    c->pid = narrator.pid = narrator.child = child;
    for (int row = 0; row < ROWS; row++)
        if (on(c, row) && isolations[row].parent) {
            narrator.peek = isolations[row].peek;
            isolations[row].parent(c);
        }
    pid_t guardian = start_guardian(c);
    close(c->life[0]);
    narrator.peek = NULL;
    say("go: the child takes it from here, we wait for its end");
    struct go go = { child, narrator.step };
    if (TRY_BUT(EPIPE, write(c->life[1], &go, sizeof go)) < 0)
        note("the child ended before it was told to go");
    /* For nearly all of our life we are in this call. */
    int status = supervise(c, child, false);

    /* It has ended. Leave nothing behind, and all as it was. */
    narrator.child = 0;
    if (!on(c, PID))
        end_orphans(c);
    TRY(close(c->life[1])); /* for the guardian: it is over */
    if (guardian > 0)
        waitpid(guardian, NULL, 0);
    close(c->pidfd);
    close(c->proc_fd);
    if (narrator.undo)
        narrator.undo();
    give_terminal_back(c);
    TRY(sigprocmask(SIG_SETMASK, &before, NULL));
    return status;
}

/* =====================================================================
 * EXEC -- a second window into a running container
 * =====================================================================
 * A container has no door: a process enters its namespaces one by one, with
 * setns(2). The user namespace first, since the right to enter the others
 * comes from it. A PID namespace is entered by our children only.
 *
 * docker exec, nsenter(1) and this function do the same. What they all get
 * wrong easily: the order; the root (a process that enters a mount namespace
 * stands at its root, but one in a chroot does not); and the environment,
 * which is the caller's unless somebody cleans it.
 *
 * Who enters is in danger, too: the container may be hostile, and waits for
 * us. Between our setns(2) and our execve(2) we are a process of the machine
 * that stands inside, with descriptors that lead out; whoever may ptrace(2) us
 * there may take them. That hole was in Docker (CVE-2016-9962), and is closed
 * by PR_SET_DUMPABLE. And what is executed is a file of the container, under
 * the terminal of the one who entered: `exec` into a container that you do not
 * trust is like logging in to a machine that you do not trust.
 */

/* Was PROCESS put into its namespaces by our own user? The owner of a user
 * namespace is who made it: that cannot be chosen, as a name can. 0xb704 is
 * NS_GET_OWNER_UID. ioctl_ns(2) */
static bool is_ours(pid_t process) {
    int fd = open(text("/proc/%d/ns/user", process), O_RDONLY | O_CLOEXEC);
    uid_t owner;
    bool ours = fd >= 0 && ioctl(fd, 0xb704, &owner) == 0 && owner == geteuid();

    close(fd);
    return ours;
}

/* The newest process with that name (a lab's init is "lab"); or, with NAME
 * NULL, the newest child of PARENT that is no guardian. 0: there is none. */
static pid_t find_process(const char *name, pid_t parent) {
    glob_t found = { 0 };
    pid_t newest = 0;

    /* The name of a process is what it says of itself. Another user's is not to
     * be entered, by root least of all: who named it "lab" would have root's
     * terminal. */
    glob("/proc/[0-9]*", GLOB_NOSORT, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *dir = found.gl_pathv[i];
        const char *comm = slurp(text("%s/comm", dir));
        pid_t pid = atoi(dir + strlen("/proc/"));
        /* A supervisor has one or two children: the container, and perhaps a
         * guardian. */
        bool is_child = !name && strcmp(comm, "guardian\n") != 0 &&
                        stat_field(text("%s/stat", dir), PARENT) == parent;
        bool has_name = name && strcmp(comm, text("%s\n", name)) == 0 &&
                        is_ours(pid);
        if ((has_name || is_child) && pid > newest)
            newest = pid;
    }
    globfree(&found);
    return newest;
}

/* Open /proc/PID/NAME. Owner: the caller. Refuses if we may not look. */
static int open_of(pid_t pid, const char *name, int flags) {
    const char *path = text("/proc/%d/%s", pid, name);
    int fd = open(path, flags | O_CLOEXEC);

    if (fd < 0)
        refuse("%s: %s\n"
               "  cause:  only its owner and root may enter a container", path,
               strerror(errno));
    return fd;
}

/* Open the namespaces of PID that are not ours: all of them before the first
 * setns(2), for afterwards /proc may be another one. Returns the rows. */
static unsigned open_namespaces(pid_t pid, int fds[ROWS]) {
    unsigned rows = 0;
    struct stat st;

    for (int row = 0; row < ROWS; row++) {
        const char *name = isolations[row].name;
        if (!namespace_id(name)) /* proc and root are none */
            continue;
        fds[row] = open_of(pid, text("ns/%s", name), O_RDONLY);
        TRY(fstat(fds[row], &st));
        if (st.st_ino != namespace_id(name))
            rows |= BIT(row);
    }
    return rows;
}

/* Make a container's root and current directory ours. If it has a mount
 * table of its own, setns(2) has done the first; if it is in a chroot, we go
 * there. */
static void enter_tree(struct container *c, int root, int cwd) {
    struct stat theirs, ours;

    TRY(fstat(root, &theirs));
    TRY(stat("/", &ours));
    /* A root is the same if it is the same directory on the same device. */
    if (ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev) {
        TRY(fchdir(root));
        SYS(chroot("."));
    }
    if (on(c, MNT))
        c->rows |= BIT(ROOT); /* its home is /root */
    TRY(fchdir(cwd));
    close(root);
    close(cwd);
}

/* In a container that we have entered: start the command, and wait. */
static int supervise_exec(struct container *c) {
    sigset_t set = watched_signals();

    /* We are in all the namespaces but the one for PIDs: the child is in it. */
    keep_terminal(c);
    TRY(sigprocmask(SIG_BLOCK, &set, NULL));
    TRY(pipe2(c->life, O_CLOEXEC));
    if (!on(c, PID))
        TRY(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
    say("a PID namespace is for our children: so make one");
    /* The same shape as in parent_side(), without the isolations: those
     * exist. */
    pid_t child = fork_in_turn();
    if (child == 0) {
        narrator.who = "child";
        close(c->life[1]);
        die_with_parent(c, SIGKILL);
        enter_workdir(c);
        if (c->cgroup_fd >= 0) /* "0" is who writes it */
            TRY(write(c->cgroup_fd, "0", 1));
        lock_down(c);
        start_command(c);
    }
    int status = supervise(c, child, false);
    /* With a PID namespace, what it leaves behind ends with that. */
    if (!on(c, PID))
        end_orphans(c);
    give_terminal_back(c);
    return status;
}

/* A second window is a way into a container that its command has not: through
 * it, rights could come in that the container has given up. So: what PID may
 * not do, we shall not do there either. We take its bounding set, its filter,
 * and its cgroup if that has limits of ours, while we are still outside. */
static void take_rights_of(struct container *c, pid_t pid) {
    const char *theirs = need(text("/proc/%d/status", pid)), *ours = need(SELF);
    const char *cgroup = own_cgroup(text("%d", pid));
    uint64_t bounds = status_bits(theirs, "CapBnd:");
    uint64_t all = (UINT64_C(1) << known_caps()) - 1;

    /* (As small as ours is not enough: setns(2) into a user namespace makes
     * the bounding set full again.) */
    if (bounds != all &&
        (on(c, USER) || bounds != status_bits(ours, "CapBnd:"))) {
        c->rows |= BIT(CAPS);
        c->cap_drop = ALL_CAPS;
        c->cap_add = bounds;
    }
    /* (How many, not which: but a container of ours has ours on top.) */
    if (filters(theirs) > filters(ours))
        c->rows |= BIT(SECCOMP);
    if (strstr(cgroup, "/minicontainer-") &&
        strcmp(cgroup, own_cgroup("self")) != 0)
        c->cgroup_fd = TRY(open(text(CGROUPS "%s/cgroup.procs", cgroup),
                                O_WRONLY | O_CLOEXEC));
}

/* Enter the container of process PID and run the command there: with the same
 * root, environment and signals as the container's own. */
static int enter_container(struct container *c, pid_t pid) {
    static const int order[] = { USER, MNT, UTS, IPC, NET, CGROUP, TIME, PID };
    static char hostname[65];
    int fds[ROWS];

    /* We are outside, and are going in: after each call we see a little
     * less. */
    c->rows = open_namespaces(pid, fds);
    c->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int root = open_of(pid, "root", O_PATH | O_DIRECTORY);
    int cwd = open_of(pid, "cwd", O_PATH | O_DIRECTORY);
    if (c->rows == 0)
        refuse("process %d is in no container: all its namespaces are ours\n"
               "  try:    pgrep -a minicontainer", pid);
    say("process %d has other namespaces than we: %s", pid, list_rows(c->rows));
    take_rights_of(c, pid);
    /* Root's groups stay outside. While we still may: in the other namespace
     * it can be denied. (An ordinary user enters only their own.) */
    if (has_cap(CAP_SETGID))
        drop_groups();
    /* Until we are the command, nobody in there may look into us: what we hold
     * (the machine's /proc!) leads out. execve(2) ends that. CVE-2016-9962 */
    TRY(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
    for (size_t i = 0; i < LENGTH(order); i++)
        if (on(c, order[i]))
            SYSV(setns(fds[order[i]], isolations[order[i]].flag), "%s",
                 isolations[order[i]].name);
    /* Now we are in: who are we here, and where? */
    TRY(gethostname(hostname, sizeof hostname - 1));
    c->hostname = hostname;
    if (on(c, USER))
        become_zero(c);
    enter_tree(c, root, cwd);
    return supervise_exec(c);
}

/* =====================================================================
 * LOOK AND COMPARE -- what a process sees
 * =====================================================================
 * look asks each row what this very process sees. The function also runs
 * inside a container, in the place of a command: that is how compare gets
 * the other half of its table, though the program is not in the image.
 *
 * compare ROW is the heart of the lessons. Its two halves are run one after
 * the other, each in a new lab:
 *
 *     machine -- lab ---- container of what ROW needs: COMMAND
 *             \- lab' --- the same, and ROW:            COMMAND
 *
 * The lab's own view of the row is taken before and after. So it is seen
 * what COMMAND did to the world around it: on the left the lab is changed,
 * on the right it is not, and the machine never is.
 */
struct view { char id[40], sees[500]; };

/* What this process sees of ROW. Its id tells whether two processes share it:
 * the namespace's inode; for proc and root, which are mounts, the device and
 * inode of /proc and /; for limits those of the cgroup; for caps and seccomp,
 * which nobody shares, what there is. */
static struct view look_at(int row) {
    const struct isolation *i = &isolations[row];
    struct view v = { "-", "" };
    const char *path = row == PROC ? "/proc" : row == ROOT ? "/" : cgroup_dir();
    struct stat st;

    if (i->flag)
        snprintf(v.id, sizeof v.id, "%ju", (uintmax_t)namespace_id(i->name));
    else if (row == CAPS)
        snprintf(v.id, sizeof v.id, "%llx",
                 status_bits(slurp(SELF), "CapEff:"));
    else if (row == SECCOMP)
        snprintf(v.id, sizeof v.id, "%d", filters(slurp(SELF)));
    /* What is left are places in a file tree. */
    else if (stat(path, &st) == 0)
        snprintf(v.id, sizeof v.id, "%ju:%ju", (uintmax_t)st.st_dev,
                 (uintmax_t)st.st_ino);
    snprintf(v.sees, sizeof v.sees, "%.*s", (int)sizeof v.sees - 1, i->look());
    return v;
}

/* In the child, instead of a command: all rows, to the one who asked. They go
 * as they lie in memory: both ends are the same program. */
static int report_look(struct container *c) {
    /* We are where a command would be, at the moment when a command would
     * begin. */
    struct view view[ROWS];

    for (int row = 0; row < ROWS; row++)
        view[row] = look_at(row);
    return TRY(write(c->report, view, sizeof view)) == sizeof view ? 0 : OURS;
}

/* Run container C, whose `instead` answers with SIZE bytes, into ANSWER. The
 * answer is small enough to wait in the pipe until the container has ended. */
static void ask(struct container *c, void *answer, size_t size) {
    int ends[2];

    fflush(stdout); /* or the child would print it a second time */
    TRY(pipe2(ends, O_CLOEXEC));
    c->report = ends[1];
    int status = parent_side(c);
    if (narrator.told_to_end)
        leave(128 + narrator.told_to_end);
    if (status != 0)
        leave(status);
    /* It is in the pipe, if the container came that far. */
    if (TRY(read(ends[0], answer, size)) != (ssize_t)size)
        refuse("the container gave no answer");
    close(ends[0]);
    close(ends[1]);
}

/* stdout is a promise: what could not be written (a full disk, a closed pipe)
 * is an error. Returns STATUS, or 125 with a message. */
static int flushed(int status) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    write_line("minicontainer: ", text("standard output: %s", strerror(errno)));
    return OURS;
}

/* N columns of LINE, cut with ".." where it is longer. */
static const char *column(const char *line, int n) {
    bool whole = (int)strlen(line) <= n;
    int shown = whole ? n : n - 2;

    return text("%-*.*s%s", shown, shown, line, whole ? "" : "..");
}

/* compare, without a row: this machine and a container of all chosen rows. */
static int compare_all(struct container *c) {
    struct view there[ROWS];

    /* First the container: it must not hinder what we look at afterwards. */
    c->instead = report_look;
    ask(c, there, sizeof there);
    printf("%-7s %-6s  %-25s %-25s %s\n", "", "", "this machine",
           "the container", "change it");
    for (int i = 0; i < ROWS; i++) {
        int row = by_chapter[i];
        struct view here = look_at(row);
        /* The same id is the same object of the kernel: what one changes, both
         * see. (A container sees neither its limits nor their place.) */
        bool own = row == LIMITS ? limited(c)
                                 : strcmp(here.id, there[row].id) != 0;
        printf("%-7s %-6s  %s %s %s%s\n", isolations[row].name,
               own ? "own" : "shared", column(here.sees, 25),
               column(there[row].sees, 25), on(c, row) ? "--no-" : "--",
               isolations[row].name);
    }
    /* Two lines of explanation: the whole is to fit on one screen. */
    printf("\nown: the container has its own one.  shared: it is the machine's."
           "\nOne row in detail: minicontainer compare ROW, as in compare uts"
           "\n");
    return flushed(0);
}

/* The answer of one half of `compare ROW`: the lab's row before and after, and
 * the command's status and words. */
struct outcome {
    struct view before, after;
    int status;
    char said[2048];
};

/* In a lab, instead of a command: look at the row, run the command in a
 * container of its own, look again. Its output goes to a file in memory. */
static int compare_side(struct container *c) {
    static struct outcome out;
    int memory = TRY(memfd_create("said", MFD_CLOEXEC));

    /* We have changed our user without an execve(2), and so the kernel keeps
     * our /proc files from us; the nested container must write a map there. */
    TRY(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
    c->nested->output = memory;
    out.before = look_at(c->compared);
    out.status = parent_side(c->nested);
    out.after = look_at(c->compared);
    TRY(pread(memory, out.said, sizeof out.said - 1, 0));
    return TRY(write(c->report, &out, sizeof out)) == sizeof out ? 0 : OURS;
}

/* One half: a lab, and in it a container of just ROWS that runs the command.
 * What is measured goes to OUT. */
static void run_in_lab(const struct container *c, int row, unsigned rows,
                       struct outcome *out) {
    struct container lab, nested = *c;

    /* The lab is a container whose command is compare_side(); that starts
     * another container, in the lab: the same functions, one level deeper. In
     * a lab nothing can be limited, but a lab can: so there for that row. */
    nested.rows = rows & ~BIT(LIMITS);
    memset(nested.limit, 0, sizeof nested.limit);
    preset_lab(&lab);
    if (rows & BIT(LIMITS))
        memcpy(lab.limit, c->limit, sizeof lab.limit);
    lab.rows |= rows & BIT(LIMITS);
    /* And what it shall do instead of a shell. */
    lab.nested = &nested;
    lab.compared = row;
    lab.instead = compare_side;
    ask(&lab, out, sizeof *out);
}

/* Print two texts side by side, 38 columns each; longer lines go on below. */
static void beside(const char *left, const char *right) {
    /* A line each, until both are at their end. */
    while (*left || *right) {
        size_t l = fit(left, 38), r = fit(right, 38);
        printf("%-38.*s |%s%.*s\n", (int)l, left, r ? " " : "", (int)r, right);
        left += l + (left[l] == '\n' || left[l] == ' ');
        right += r + (right[r] == '\n' || right[r] == ' ');
    }
}

/* What became of the lab's row: "lab, then oops", or "lab, unchanged". */
static const char *became(const struct outcome *o) {
    if (strcmp(o->before.sees, o->after.sees) == 0)
        return text("%s, unchanged", o->before.sees);
    return text("%s, then\n%s", o->before.sees, o->after.sees);
}

/* compare ROW: the same command without and with it, each in a lab that is
 * thrown away. Without means: only what ROW cannot be without. */
static int compare_row(struct container *c, int row) {
    static char *probe[] = { "sh", "-c", NULL, NULL };
    static struct outcome out[2];
    const char *name = isolations[row].name;
    unsigned without = partners(row, BIT(USER)), with = without | BIT(row);

    /* Nothing is said: the row's own probe, by a shell. */
    probe[2] = (char *)isolations[row].probe;
    char **words = c->argv ? c->argv : probe + 2;
    c->argv = c->argv ? c->argv : probe;
    run_in_lab(c, row, without, &out[0]);
    run_in_lab(c, row, with, &out[1]);

    /* What was run, and then two columns: without it on the left, with it on
     * the right. */
    printf("$");
    for (; *words; words++)
        printf(" %s", *words);
    printf("\n\n");
    beside(text("without %s: --only %s", name, list_rows(without)),
           text("with %s: --only %s", name, list_rows(with)));
    beside("--------------------------------------",
           "--------------------------------------");
    /* First what the command saw, then what became of the world around it. */
    beside(out[0].said, out[1].said);
    beside(text("exit status %d", out[0].status),
           text("exit status %d", out[1].status));
    printf("\nThe row %s of the lab around it:\n", name);
    beside(became(&out[0]), became(&out[1]));
    return flushed(0);
}

/* =====================================================================
 * SOURCE -- this file, read by itself
 * =====================================================================
 * `source uts` prints a chapter, `source child_side` a function. Both are
 * found by the way this file is laid out: a title stands between two rulers,
 * a function begins in the first column, and ends with a brace there.
 *
 * The lessons name chapters and functions, never line numbers: those change
 * with every edit, these stay.
 */

/* Where the first match of the extended regular expression PATTERN begins in
 * our source, from FROM on; NULL: nowhere. regex(7) */
static const char *match(const char *from, const char *pattern) {
    regex_t compiled;
    regmatch_t where;

    /* REG_NEWLINE: ^ and $ are the ends of a line. REG_ICASE: "uts" is
     * "UTS". */
    int flags = REG_EXTENDED | REG_NEWLINE | REG_ICASE;
    if (regcomp(&compiled, pattern, flags) != 0)
        return NULL;
    bool found = regexec(&compiled, from, 1, &where, 0) == 0;
    regfree(&compiled);
    return found ? from + where.rm_so : NULL;
}

/* The chapter with TITLE, a number or words: from the ruler above it to the
 * next chapter's. NULL: there is none. */
static const char *find_chapter(const char *title, const char **end) {
    const char *at = match(own_source, text("^ [*] (%s[.]|([0-9]+[.] |THE )?%s"
                                            "( [A-Z ]+)? --) ?", title, title));
    const char *body = at ? match(at, "^ [*] =====") : NULL;

    if (!body || strncmp(at - 2, "=\n", 2) != 0)
        return NULL;
    *end = match(body, "^/[*] =====");
    *end = *end ? *end : own_source_end;
    while (strncmp(at, "/*", 2) != 0)
        at--;
    return at;
}

/* Function, macro or struct NAME: from the comment above it to its end. */
static const char *find_function(const char *name, const char **end) {
    const char *at = match(own_source, text(
        "^((static|struct|int)( .*)?[ *]%s( [{]|[(])|#define %s[( ])",
        name, name));

    if (!at)
        return NULL;
    /* Back to the blank line above it, forth to the brace in the first
     * column. */
    const char *close_brace = *at == '#' ? at : strstr(at, "\n}") + 1;
    *end = strchr(close_brace, '\n') + 1;
    while (strncmp(at - 2, "\n\n", 2) != 0)
        at--;
    return at;
}

/* Chapter or function NAME of our source; END is its end. NULL: no such. */
static const char *find_source(const char *name, const char **end) {
    const char *title = name, *found;

    /* A name goes into a regular expression: it must not be one itself. */
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("_ ", *p))
            return NULL;
    if (isdigit((unsigned char)*name))
        title = text("%d", atoi(name)); /* 02 is chapter 2 */
    found = *name ? find_chapter(title, end) : NULL;
    return found || !*name ? found : find_function(name, end);
}

/* With line numbers; on a terminal through the pager. */
static int cmd_source(int argc, char **argv) {
    const char *end = own_source_end, *from = own_source;
    const char *pager = getenv("PAGER");
    FILE *to = stdout;
    int line = 1;

    if (argc > 2 || (argc > 1 && !(from = find_source(argv[1], &end))))
        refuse("there is no chapter and no function \"%s\"\n"
               "  try:    minicontainer source uts\n"
               "  try:    minicontainer source child_side", argv[argc - 1]);
    if (isatty(1))
        to = popen(pager && *pager ? pager : "more", "w");
    /* The numbers are those of the file, so that an editor finds the place. */
    for (const char *p = own_source; p < from; p++)
        line += *p == '\n';
    for (const char *p = from, *next; to && p < end; p = next) {
        next = strchr(p, '\n') + 1;
        fprintf(to, "%5d  %.*s", line++, (int)(next - p), p);
    }
    if (to && to != stdout)
        return pclose(to) == 0 ? 0 : OURS;
    return flushed(0);
}

/* =====================================================================
 * THE COMMAND LINE -- options, and the rules for a set of rows
 * =====================================================================
 * Two tables, options[] here and isolations[] above, make the parser and the
 * help. What was named is honoured or refused; only what was a default may
 * give way, and only proc and root ever do, because a flag took their partner.
 *
 * getopt_long(3) is not used: it takes --no-n for --no-net, and here a word
 * must mean what it says.
 *
 * The rules for a set of rows, found by trying all 8,192 sets as root, as an
 * ordinary user, and as root of a lab:
 *
 *     1. proc needs mnt.
 *     2. root needs mnt: mount(2) without it would change the machine.
 *     3. proc together with user needs pid: a user namespace may mount a
 *        /proc only for a PID namespace that it owns.
 *     4. Without privilege: user among them, or nothing but seccomp and
 *        limits. Of all namespaces only the user namespace is free.
 *
 * Root may have 4,608 of the sets, an ordinary user 2,052. All others are
 * refused with the rule and with a line that works: the refusal is a lesson.
 */

/* How many letters must be changed, added or left out to make A of B:
 * Levenshtein's distance, computed row by row. For "the nearest is". All names
 * that are known here (B) are in small letters. */
static int distance(const char *a, const char *b) {
    int row[40], n = (int)strnlen(b, LENGTH(row) - 1);

    for (int j = 0; j <= n; j++)
        row[j] = j;
    /* row[j]: from the letters of A so far to the first j letters of B. */
    for (; *a; a++) {
        int diagonal = row[0]++;
        for (int j = 1; j <= n; j++) {
            int changed = diagonal + (tolower(*a) != b[j - 1]);
            int least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            diagonal = row[j];
            row[j] = least < changed ? least : changed;
        }
    }

    return row[n];
}

/* Other names of rows, as Docker and the man pages have them. */
static const struct { const char *name; int row; } aliases[] = {
    { "mount", MNT }, { "userns", USER }, { "network", NET },
    { "cgroupns", CGROUP },
};

/* The row called NAME (its own name or another), or -1. */
static int find_row(const char *name) {
    for (int row = 0; row < ROWS; row++)
        if (strcmp(isolations[row].name, name) == 0)
            return row;
    for (size_t i = 0; i < LENGTH(aliases); i++)
        if (strcmp(aliases[i].name, name) == 0)
            return aliases[i].row;
    return -1;
}

/* The same, but an unknown name is refused, with the nearest one: the smallest
 * number of slips away. */
static int need_row(const char *name) {
    int best = 0, row = find_row(name);

    for (int i = 1; i < ROWS; i++)
        if (distance(name, isolations[i].name) <
            distance(name, isolations[best].name))
            best = i;
    if (row < 0)
        refuse("there is no isolation \"%s\"; the nearest is %s, and all are "
               "%s\n  try:    minicontainer isolations", name,
               isolations[best].name, list_rows(ALL_ROWS));
    return row;
}

/* DIGITS as a number from 0 to MAX; WHAT is the option, for the message. */
static long long number(const char *digits, const char *what, long long max) {
    char *end;

    /* strtoll(3): all of the text must be used, and no more than fits. */
    errno = 0;
    long long value = strtoll(digits, &end, 10);
    if (end == digits || *end || errno || value < 0 || value > max)
        refuse("%s: \"%s\" is not a number from 0 to %lld", what, digits, max);
    return value;
}

/* --only LIST, and --none, which has no list. */
static void set_only(struct container *c, const char *list) {
    char *save, *name = list ? strtok_r(text("%s", list), ",", &save) : NULL;

    c->only = true;
    if (!list || strcmp(list, "none") == 0)
        return;
    if (!name)
        refuse("--only wants a list like user,uts or the word none");
    for (; name; name = strtok_r(NULL, ",", &save))
        c->named |= BIT(need_row(name));
}

/* --env NAME=VALUE. (Docker also takes a bare NAME, and copies the caller's
 * value: here nothing is taken that is not said.) */
static void set_env(struct container *c, const char *pair) {
    if (!strchr(pair, '=') || *pair == '=')
        refuse("--env wants NAME=VALUE, not \"%s\"", pair);
    c->env[c->envs++] = (char *)pair;
}

/* --map INSIDE:OUTSIDE:COUNT, up to eight of them. That the lines do not
 * overlap is the kernel's business; it says EINVAL. */
static void set_map(struct container *c, const char *line) {
    char *save, *part = strtok_r(text("%s", line), ":", &save);
    unsigned n[3] = { 0, 0, 0 };
    int i = 0;

    for (; part; part = strtok_r(NULL, ":", &save), i++)
        if (i < 3)
            n[i] = (unsigned)number(part, "--map", UINT_MAX);
    /* Three numbers, no more and no less, and at least one id. */
    if (i != 3 || n[2] == 0)
        refuse("--map wants INSIDE:OUTSIDE:COUNT, as in 0:1000:1, not \"%s\"",
               line);
    if ((size_t)c->maps == LENGTH(c->map))
        refuse("--map: at most %zu of them", LENGTH(c->map));
    if (c->maps == 0 && n[0] != 0)
        refuse("--map: the first must say who 0 is inside, as in 0:%u:1",
               geteuid());
    c->map[c->maps++] = (struct map){ n[0], n[1], n[2] };
}

/* --volume SRC:DST[:ro]. SRC must be there; DST is looked up by the child, in
 * the new tree. ".." is refused, not followed: what it means could change
 * between two looks. */
static void set_volume(struct container *c, const char *value) {
    struct volume *v = &c->volume[c->volumes++];
    /* A copy, cut at the colons; it lives as long as we do. */
    char *src = strdup(value), *dst = src ? strchr(src, ':') : NULL;

    if (!dst || dst == src || dst[1] != '/')
        refuse("--volume wants SRC:/DST or SRC:/DST:ro, with a whole path "
               "behind the colon, not \"%s\"", value);
    *dst++ = '\0';
    char *mode = strchr(dst, ':');
    if (mode && strcmp(mode, ":ro") != 0 && strcmp(mode, ":rw") != 0)
        refuse("--volume: \"%s\" is neither ro nor rw", mode + 1);
    /* All is checked: keep it. */
    v->read_only = mode && strcmp(mode, ":ro") == 0;
    if (mode)
        *mode = '\0';
    /* The place: a whole path, below the root, and one that stays as it is. */
    if (!dst[strspn(dst, "/.")])
        refuse("--volume: %s is the root itself: that is --image", dst);
    if (strstr(text("%s/", dst), "/../"))
        refuse("--volume: no \"..\" in %s: say where it leads", dst);
    if (access(src, F_OK) < 0)
        refuse("--volume: %s: %s", src, strerror(errno));
    v->src = src;
    v->dst = dst;
}

/* --cap-add and --cap-drop NAME, as Docker writes it (NET_ADMIN), or the man
 * pages (CAP_NET_ADMIN); or ALL. Returns its bit. */
static uint64_t cap_bit(const char *option, const char *name) {
    const char *bare = strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name;
    size_t best = 0;

    if (strcasecmp(bare, "ALL") == 0)
        return ALL_CAPS;
    for (size_t i = 0; i < LENGTH(capabilities); i++) {
        const char *known = capabilities[i].name;
        if (strcasecmp(known, bare) == 0)
            return UINT64_C(1) << i;
        if (distance(bare, known) < distance(bare, capabilities[best].name))
            best = i;
    }
    /* None of them: the nearest is what was meant, most often. */
    refuse("%s: there is no capability \"%s\"; the nearest is %s\n"
           "  try:    minicontainer source caps", option, name,
           capabilities[best].name);
}

/* What is not kept by default is a gift to whoever breaks in: say which. (ALL
 * is not told: it would be all the lines.) */
static void set_cap_add(struct container *c, const char *name) {
    uint64_t bit = cap_bit("--cap-add", name);

    c->cap_add |= bit;
    for (size_t i = 0; i < LENGTH(capabilities); i++)
        if (bit >> i & 1 && !capabilities[i].kept)
            note("--cap-add %s: who breaks in %s", capabilities[i].name,
                 capabilities[i].attack);
}

static void set_cap_drop(struct container *c, const char *name) {
    c->cap_drop |= cap_bit("--cap-drop", name);
}

/* --privileged: Docker's word for "take down the walls that hold rights back".
 * It is often typed when one right is missing; --cap-add of that one is better.
 * (Docker's also gives all devices and a writable /sys: not here.) */
static void set_privileged(struct container *c, const char *value) {
    (void)value;
    c->denied |= BIT(CAPS) | BIT(SECCOMP);
    c->no_mask = true;
}

/* --security-opt: of Docker's words those that mean something here. */
static void set_security(struct container *c, const char *word) {
    if (strcmp(word, "seccomp=unconfined") == 0)
        c->denied |= BIT(SECCOMP);
    else if (strcmp(word, "systempaths=unconfined") == 0)
        c->no_mask = true;
    /* This one is always so. What names a profile of AppArmor or SELinux, or a
     * file with a filter, is beyond this program, and must not be ignored. */
    else if (strcmp(word, "no-new-privileges") != 0 &&
             strcmp(word, "no-new-privileges:true") != 0 &&
             strcmp(word, "no-new-privileges=true") != 0)
        refuse("--security-opt: \"%s\" means nothing here; known are "
               "seccomp=unconfined, systempaths=unconfined and "
               "no-new-privileges (it is always so)", word);
}

/* The options of run that are not isolations. */
#define AT(name) offsetof(struct container, name)
static const struct option_row {
    const char *name;
    char letter;        /* '\0': only the long one                            */
    const char *arg;    /* NULL: takes none                                   */
    int row;            /* belongs to this row; ROWS: to none                 */
    void (*set)(struct container *, const char *value);
    size_t field;       /* set NULL: the value, or true, goes here            */
    char also[4];       /* lab, compare ROW, exec take it too: l, c, e        */
    const char *help;   /* "": in one line with the next option. NULL: Docker's
                         * word for what is always so here                    */
} options[] = {
/*    name, letter, argument, row, set, field, also, help */
    { "only", 0, "LIST", ROWS, set_only, 0, "", "" },
    { "none", 0, NULL, ROWS, set_only, 0, "", "exactly these: user,uts; or none" },
    { "hostname", 0, "NAME", UTS, NULL, AT(hostname), "c", "the host name (box)" },
    { "image", 0, "DIR", ROWS, NULL, AT(image), "", "this directory is the root" },
    { "volume", 'v', "SRC:DST[:ro]", MNT, set_volume, 0, "", "show the machine's SRC as DST" },
    { "read-only", 0, NULL, ROOT, NULL, AT(read_only), "", "the root cannot be written" },
    /* What the command finds when it begins. */
    { "workdir", 'w', "DIR", ROWS, NULL, AT(workdir), "e", "begin in this directory" },
    { "env", 'e', "NAME=VALUE", ROWS, set_env, 0, "lce", "add to the environment" },
    { "map", 0, "IN:OUT:COUNT", USER, set_map, 0, "", "COUNT ids from IN are OUT's" },
    { "cap-add", 0, "CAP", CAPS, set_cap_add, 0, "c", "" },
    { "cap-drop", 0, "CAP", CAPS, set_cap_drop, 0, "c", "one right more, or less; or ALL" },
    { "privileged", 0, NULL, ROWS, set_privileged, 0, "", "" },
    { "no-mask", 0, NULL, PROC, NULL, AT(no_mask), "", "all rights; all of /proc" },
    /* Docker's words for the same. */
    { "security-opt", 0, "WORD", ROWS, set_security, 0, "", "seccomp=unconfined ..." },
    { "memory", 'm', "SIZE", LIMITS, NULL, AT(limit[MEMORY]), "lc", "" },
    { "cpus", 0, "N", LIMITS, NULL, AT(limit[CPUS]), "lc", "" },
    { "pids-limit", 0, "N", LIMITS, NULL, AT(limit[PIDS]), "lc", "50M, 0.5, 100" },
    { "init", 0, NULL, ROWS, NULL, AT(init), "", "PID 1 is an init of ours" },
    { "boottime", 0, "SECONDS", TIME, NULL, AT(boottime), "c", "the age of its clocks (0)" },
    /* For learners. */
    { "explain", 0, NULL, ROWS, NULL, AT(explain), "lce", "" },
    { "step", 0, NULL, ROWS, NULL, AT(step), "lce", "tell why, call, proof; and wait" },
    { "interactive", 'i', NULL, ROWS, NULL, AT(always_so), "lce", NULL },
    { "tty", 't', NULL, ROWS, NULL, AT(always_so), "lce", NULL },
    { "rm", 0, NULL, ROWS, NULL, AT(always_so), "lce", NULL },
};

/* --pid=host means --no-pid; --network=none is what net always is here. NEXT
 * is the next word, or NULL: a value that was not joined. */
static void set_row(struct container *c, int row, bool wanted,
                    const char *value, const char *next) {
    const char *name = isolations[row].name, *word = value ? value : next;
    bool host = word && strcmp(word, "host") == 0;
    bool none = word && row == NET && strcmp(word, "none") == 0;

    if (value && !host && !none)
        refuse("--%s=%s: only \"host\" is known%s", name, value, row == NET
               ? ", and \"none\": networks are a later chapter" : "");
    if (wanted && !value && (host || none))
        refuse("--%s %s: the value must be joined\n"
               "  try:    minicontainer run --%s=%s", name, next, name, next);
    /* Docker's --user wants a number or a name of a user. */
    bool digit = next && isdigit((unsigned char)*next);
    if (wanted && !value && row == USER && digit)
        refuse("--user is the user *namespace*; Docker's --user %s is a number "
               "in it\n  cause:  --map says which number outside is 0 inside\n"
               "  try:    minicontainer run --map 0:%u:1", next, geteuid());
    /* All that was to be refused is refused: note it. settle_rows() decides. */
    if (wanted && !(value && host))
        c->named |= BIT(row);
    else
        c->denied |= BIT(row);
}

/* Nobody knows WORD: say so, with the nearest option, unless it is far. */
__attribute__((noreturn))
static void unknown_option(const char *word) {
    const char *name = word + strspn(word, "-"), *best = options[0].name;
    const char *no = strncmp(name, "no-", 3) == 0 ? "no-" : "";

    for (size_t i = 0; i < LENGTH(options) + ROWS; i++) {
        const char *other = i < ROWS ? text("%s%s", no, isolations[i].name)
                                     : options[i - ROWS].name;
        if (distance(name, other) < distance(name, best))
            best = other;
    }
    /* The first thing that Docker's users type after `run -it`. */
    if (strcmp(word, "-p") == 0)
        refuse("-p: no port is published here, the network of a container has "
               "only lo\n  try:    minicontainer run --no-net\n"
               "  lesson: lessons/09-net");
    bool near = 3 * distance(name, best) <= (int)strlen(name) + 1;
    refuse("there is no option %s here%s%s\n"
           "  try:    minicontainer run --help", word,
           near ? "; the nearest is --" : "", near ? best : "");
}

/* Option number I with its value, which stands behind "=" (VALUE), or is the
 * next word. Returns how many words it took. */
static int take_option(struct container *c, size_t i, char *value, char *next) {
    const struct option_row *o = &options[i];
    char *field = (char *)c + o->field;
    bool joined = value != NULL;

    /* Three kinds: a function takes it, or it is a text, or it is a yes. */
    c->given |= UINT64_C(1) << i;
    if (value && !o->arg)
        refuse("--%s takes no value", o->name);
    value = o->arg && !joined ? next : value;
    if (o->arg && !value)
        refuse("--%s wants an argument: %s", o->name, o->arg);
    /* Into the request: by a function, or by the place of its field. */
    if (o->set)
        o->set(c, value);
    else if (o->arg)
        memcpy(field, &value, sizeof value);
    else
        *(bool *)field = true;
    return o->arg && !joined ? 2 : 1;
}

/* --NAME or --NAME=VALUE: an option, or a row by one of its names. The name
 * must be whole. Returns how many words it took. */
static int take_long(struct container *c, char *word, char *next) {
    char *value = strchr(word, '=');
    const char *name = text("%.*s", (int)strcspn(word + 2, "="), word + 2);
    bool off = strncmp(name, "no-", 3) == 0;
    int row = find_row(off ? name + 3 : name);

    value = value ? value + 1 : NULL;
    /* Options first, then rows: no option has the name of a row. */
    for (size_t i = 0; i < LENGTH(options); i++)
        if (strcmp(options[i].name, name) == 0)
            return take_option(c, i, value, next);
    if (row < 0)
        unknown_option(word);
    if (off && value)
        refuse("--%s takes no value", name);
    set_row(c, row, !off, value, next);
    return 1;
}

/* -v VALUE, -vVALUE, or letters without values: -it. Returns how many words
 * it took, as the two above. */
static int take_short(struct container *c, char *word, char *next) {
    int taken = 1;

    for (char *letter = word + 1; *letter; letter++) {
        size_t i = 0;
        while (i < LENGTH(options) && options[i].letter != *letter)
            i++;
        if (i == LENGTH(options))
            unknown_option(word);
        /* The rest of the word is the value of such a letter: -v/a:/b. */
        bool joined = options[i].arg && letter[1];
        taken = take_option(c, i, joined ? letter + 1 : NULL, next);
        if (joined)
            break;
    }
    return taken;
}

/* Read the options of run (and compare, lab, exec) into C, from word FIRST on.
 * Returns the index of the first word that is none: the command. What follows
 * it is the command's own. A "--" ends our options. */
static int parse_options(struct container *c, int argc, char **argv,
                         int first) {
    /* No more volumes than words, and no more variables. */
    static struct volume volume[MOST_WORDS];
    static char *env[MOST_WORDS];

    c->volume = volume;
    c->env = env;

    while (first < argc && argv[first][0] == '-' && argv[first][1]) {
        char *word = argv[first], *next = argv[first + 1];
        /* (A lone "-" is no option: many programs mean standard input by
         * it.) */
        if (strcmp(word, "--") == 0)
            break;
        /* (The lists above have an end.) */
        if (first > MOST_WORDS)
            refuse("more than %d words of options", MOST_WORDS);
        first += word[1] == '-' ? take_long(c, word, next)
                                : take_short(c, word, next);
    }
    narrator.step = c->step;
    narrator.explain = c->explain || c->step;
    return first < argc && strcmp(argv[first], "--") == 0 ? first + 1 : first;
}

/* What needs no privilege: no_new_privs is enough for a filter, and a cgroup
 * needs a directory that is ours. */
#define FREE (BIT(SECCOMP) | BIT(LIMITS))

/* ROWS with what they lack, so that all rules are kept. */
static unsigned completed(unsigned rows) {
    if (!has_cap(CAP_SYS_ADMIN))
        rows |= rows & ~FREE ? BIT(USER) : 0;
    for (int row = 0; row < ROWS; row++)
        if (rows & BIT(row))
            rows |= partners(row, rows);
    return rows;
}

/* Refuse an option of a row that is off, and values that cannot be. */
static void check_options(const struct container *c) {
    size_t length = strlen(c->hostname);

    /* An option without its row would be silently useless: refuse it. */
    for (size_t i = 0; i < LENGTH(options); i++) {
        int row = options[i].row;
        if (c->given >> i & 1 && row != ROWS && !on(c, row))
            refuse("--%s belongs to the isolation %s, which is off\n"
                   "  cure:   leave --%s out, or switch %s on\n"
                   "  try:    minicontainer run --only %s", options[i].name,
                   isolations[row].name, options[i].name, isolations[row].name,
                   list_rows(completed(c->rows | BIT(row))));
    }
    /* The kernel takes any bytes; a prompt, /etc/hosts and Docker do not. */
    if (strspn(c->hostname, LETTERS) != length || length < 1 || length > 64)
        refuse("--hostname wants 1 to 64 letters, digits, dots and hyphens");
    if (c->boottime)
        number(c->boottime, "--boottime", 1000000000);
    for (int i = 0; i < LIMIT_COUNT; i++)
        if (c->limit[i] && !limit_value(i, c->limit[i]))
            refuse("--%s: \"%s\" is no such limit; write --memory 50M (at "
                   "least 6M), --cpus 0.5, --pids-limit 100",
                   limits[i].option, c->limit[i]);
}

/* An image is a directory that we may enter. All that is in it is the image's
 * business: a shell, a /proc, a /dev are not asked for. */
static void check_image(const struct container *c) {
    struct stat st;

    if (!c->image)
        return;
    if (!on(c, ROOT) && on(c, MNT))
        refuse("--image is the new root, and the isolation root is off\n"
               "  cure:   leave --image out, or switch root on");
    if (!on(c, MNT) && !on(c, USER) && !has_cap(CAP_SYS_ADMIN))
        refuse("--image without mnt is chroot(2), and that needs privilege\n"
               "  try:    minicontainer run --image %s", c->image);
    /* In this order: the most telling message first. */
    bool there = stat(c->image, &st) == 0;
    if (there && !S_ISDIR(st.st_mode))
        refuse("--image: %s is not a directory: an image is a directory tree",
               c->image);
    if (!there || access(c->image, R_OK | X_OK) < 0)
        refuse("--image: %s: %s", c->image, strerror(errno));
}

/* ROW lacks MISSING. A default gives way; what was named is refused, with the
 * rule, a line to copy that works, and the lesson. */
static void give_way(struct container *c, int row, unsigned missing) {
    const char *name = isolations[row].name, *list = list_rows(missing);
    const char *rule = missing & BIT(MNT)
        ? "its mounts would be the machine's"
        : "a user namespace mounts /proc only for a PID namespace of its own";

    if (c->named & BIT(row))
        refuse("%s cannot be without %s: %s\n"
               "  try:    minicontainer run --only %s\n"
               "  lesson: lessons/%02d-%s", name, list, rule,
               list_rows(completed(c->rows)), isolations[row].chapter, name);
    c->rows &= ~BIT(row);
    note("%s gives way: it cannot be without %s", name, list);
}

/* The rules for a set of rows. Fills in c->rows, or refuses.
 * The first three are in partners(), the fourth is the last refusal here. */
static void settle_rows(struct container *c) {
    unsigned both = c->named & c->denied;

    if (both)
        refuse("%s: asked for and denied at once; say one of them",
               list_rows(both));
    c->rows = c->only ? c->named : ALL_ROWS & ~c->denied;
    for (int row = ROWS - 1; row >= 0; row--) { /* proc before the rest */
        unsigned missing = partners(row, c->rows) & ~c->rows;
        if (on(c, row) && missing)
            give_way(c, row, missing);
    }
    if (c->rows & ~FREE && !on(c, USER) && !has_cap(CAP_SYS_ADMIN))
        refuse("without privilege only user is free: it gives the right to "
               "the others\n  try:    minicontainer run --only %s\n"
               "  try:    minicontainer lab\n  lesson: lessons/07-user",
               list_rows(completed(c->rows)));
}

/* The options are read: all that a run and a comparison have in common. */
static void settle(struct container *c) {
    settle_rows(c);
    check_options(c);
    check_image(c);
    if (!c->workdir && (on(c, ROOT) || c->image))
        c->workdir = "/";
}

/* run: the whole of it. Ends with the command's status. */
static int cmd_run(int argc, char **argv) {
    struct container c;

    /* Read, check, warn, run: each of the commands has this shape. */
    preset(&c);
    int first = parse_options(&c, argc, argv, 1);
    c.argv = argv[first] ? argv + first : NULL;
    settle(&c);
    if (!on(&c, USER) && root_of_machine())
        note("you are root of this machine and it shares %s with COMMAND: what "
             "it changes stays changed; practise in `minicontainer lab`",
             list_rows(ALL_ROWS & ~c.rows & ~RIGHTS));
    /* (Nothing of stdio(3) was used: there is nothing to flush.) */
    _exit(parent_side(&c));
}

/* lab, exec and `compare ROW` set the isolations themselves: what they cannot
 * honour they refuse. WHICH is their letter in options[]. */
static void only_these(const struct container *c, char which, const char *who) {
    const char *list = "";
    bool refused = c->named || c->denied;

    for (size_t i = 0; i < LENGTH(options); i++) {
        bool takes = strchr(options[i].also, which) != NULL;
        refused |= c->given >> i & 1 && !takes;
        if (takes && options[i].help)
            list = text("%s --%s", list, options[i].name);
    }
    /* Nothing is dropped in silence. */
    if (refused)
        refuse("%s sets the isolations itself; of run's options it takes only"
               "%s", who, list);
}

/* lab: its isolations are given; the environment is the learner's. */
static int cmd_lab(int argc, char **argv) {
    struct container c, asked;

    /* What was asked goes into a container of its own, and is checked there. */
    preset(&asked);
    preset_lab(&c);
    int first = parse_options(&asked, argc, argv, 1);
    only_these(&asked, 'l', "lab");
    asked.rows = BIT(LIMITS);
    check_options(&asked);
    c.env = asked.env;
    c.envs = asked.envs;
    /* For a class on one server: nobody's fork bomb is everybody's. */
    memcpy(c.limit, asked.limit, sizeof c.limit);
    c.rows |= limited(&c) ? BIT(LIMITS) : 0;
    c.argv = argv[first] ? argv + first : NULL;
    return parent_side(&c);
}

/* compare [ROW] [-- COMMAND]. */
static int cmd_compare(int argc, char **argv) {
    struct container c;
    int row = argc > 1 && argv[1][0] != '-' ? need_row(argv[1]) : -1;

    preset(&c);
    int first = parse_options(&c, argc, argv, row < 0 ? 1 : 2);
    c.argv = argv[first] ? argv + first : NULL;
    if (row >= 0) {
        only_these(&c, 'c', "compare ROW");
        c.rows = partners(row, BIT(USER)) | BIT(row);
        if (row == LIMITS && !c.given) /* something to be seen */
            c.limit[PIDS] = "64";
        check_options(&c);
        return compare_row(&c, row);
    }
    /* Without a row there is nothing to run a command with and without. */
    if (c.argv)
        refuse("compare wants a ROW before a command\n"
               "  try:    minicontainer compare uts -- %s", c.argv[0]);
    settle(&c);
    return compare_all(&c);
}

/* Go on as a copy of this program in memory that nobody can write. What the
 * container has under the name of the command may be a link to /proc/self/exe,
 * or a script with that behind its #!: then we are what runs in there, and by
 * /proc/PID/exe our own file could be overwritten. CVE-2019-5736; runc does the
 * same. ARGV are the words behind our own name. memfd_create(2), fcntl(2) */
static void become_a_copy(char **argv) {
    const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING, may_run = 0x10;
    int self = TRY(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));

    /* The copy comes here, too. (It has a descriptor's number for a name.) */
    if (fcntl(self, F_GET_SEALS) == seals) {
        TRY(prctl(PR_SET_NAME, "minicontainer", 0, 0, 0));
        close(self);
        return;
    }
    /* MFD_EXEC is of Linux 6.3, and asked for by some systems since. */
    int copy = memfd_create("minicontainer", flags | may_run);
    if (copy < 0)
        copy = TRY(memfd_create("minicontainer", flags));
    while (TRY(sendfile(copy, self, NULL, 1 << 20)) > 0)
        continue;
    TRY(fcntl(copy, F_ADD_SEALS, seals));
    TRY(fexecve(copy, argv - 1, environ));
}

/* exec [PID | NAME] [--] [COMMAND]: the lab, if nothing is said. */
static int cmd_exec(int argc, char **argv) {
    struct container c;
    int fds[ROWS];

    become_a_copy(argv);
    preset(&c);
    int first = parse_options(&c, argc, argv, 1);
    only_these(&c, 'e', "exec");
    /* A number is a process, anything else a name. */
    const char *who = argv[first] ? argv[first++] : "lab";
    pid_t pid = isdigit((unsigned char)*who)
        ? (pid_t)number(who, "PID", INT_MAX) : find_process(who, 0);
    if (pid == 0 || access(text("/proc/%d", pid), F_OK) < 0)
        refuse("there is no running container \"%s\": a PID, or the word lab\n"
               "  try:    minicontainer lab\n"
               "  try:    pgrep -a minicontainer", who);
    /* The PID of a supervisor stands for its container. */
    /* (Not so if its child is in no container either: then say it of PID.) */
    pid_t inner = open_namespaces(pid, fds) == 0 ? find_process(NULL, pid) : 0;
    /* (An init of ours is closed to us; its child, the command, is not.) */
    if (inner > 0 && access(text("/proc/%d/ns/mnt", inner), F_OK) < 0)
        inner = find_process(NULL, inner);
    if (inner > 0 && open_namespaces(inner, fds) != 0)
        pid = inner;
    first += argv[first] && strcmp(argv[first], "--") == 0;
    c.argv = argv[first] ? argv + first : NULL;
    return enter_container(&c, pid);
}

/* Was --porcelain given? Any other word is refused. */
static bool porcelain(int argc, char **argv) {
    bool plain = argc == 2 && strcmp(argv[1], "--porcelain") == 0;

    if (argc > 1 && !plain)
        refuse("%s takes no argument but --porcelain", argv[0]);
    return plain;
}

/* look: a row for each isolation, for people or, by tabs, for programs. */
static int cmd_look(int argc, char **argv) {
    bool plain = porcelain(argc, argv);

    if (!plain)
        printf("%-8s %-12s %s\n", "", "id", "what this process sees");
    for (int i = 0; i < ROWS; i++) {
        const char *name = isolations[by_chapter[i]].name;
        struct view v = look_at(by_chapter[i]);
        /* Two facts a row, one a line: for cut(1) and awk(1). */
        if (plain)
            printf("%s\tid\t%s\n%s\tsees\t%s\n", name, v.id, name, v.sees);
        else
            printf("%-8s %-12s %s\n", name, v.id, column(v.sees, 57));
    }
    return flushed(0);
}

/* isolations: the fixed part of THE TABLE. */
static int cmd_isolations(int argc, char **argv) {
    bool plain = porcelain(argc, argv);
    const char *fmt = plain ? "%02d\t%s\t%s\t%s\t%s\t%s\n"
                            : "%02d %-7s %-5s %-15s %-15s %.31s\n";

    if (!plain)
        printf("   %-7s %-5s %-15s %-15s %s\n", "name", "needs", "made by",
               "Docker's word", "isolates");
    /* In the order of the lessons. */
    for (int n = 0; n < ROWS; n++) {
        const struct isolation *i = &isolations[by_chapter[n]];
        printf(fmt, i->chapter, i->name, i->needs ? list_rows(i->needs) : "-",
               i->flag || !plain ? i->made_by : "-", i->docker, i->what);
    }
    return flushed(0);
}

/* =====================================================================
 * THE DOCTOR -- what this machine allows
 * =====================================================================
 * Nothing is guessed from versions and switches: each feature is tried, by the
 * very code that `run` would use, in a child that is thrown away. So what the
 * doctor says of a failure are the words of `run` itself.
 *
 * Started by root, each is tried as nobody first: "works only as root" means
 * that an ordinary user cannot have it here.
 *
 * A machine that refuses is the rule in a class room, not the exception: the
 * laptop's AppArmor, a container around us, an old WSL. Each such refusal has a
 * cause that can be named and mostly a cure of one line (`cures`, in THE
 * NARRATOR); ten minutes of searching are the price of not naming it.
 */

/* One try: what came of it, and what was said on stderr. The exit status is
 * that of a container: 0, or 125 and words. */
struct diagnosis { int status; char said[1024]; };

/* What runs in the place of a command: if this is reached, all has worked. */
static int do_nothing(struct container *c) {
    (void)c;
    return 0;
}

/* In the child: stderr goes to MEMORY; as nobody, if it is asked. */
__attribute__((noreturn))
static void attempt(unsigned rows, bool lab, bool nobody, int memory) {
    struct container c;
    int null = TRY(open("/dev/null", O_RDWR | O_CLOEXEC));

    for (int fd = 0; fd <= 2; fd++)
        TRY(dup2(fd == 2 ? memory : null, fd));
    TRY(chdir("/"));
    if (nobody) {
        TRY(setgroups(0, NULL));
        TRY(setresgid(65534, 65534, 65534));
        TRY(setresuid(65534, 65534, 65534));
        /* Or our own files in /proc would be root's. prctl(2) */
        TRY(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
    }
    /* From here on it is what cmd_run() and cmd_lab() do. */
    preset(&c);
    if (lab)
        preset_lab(&c);
    else
        c.rows = completed(rows);
    /* The smallest command there is; and for limits, one of them. */
    c.instead = do_nothing;
    if (rows == BIT(LIMITS))
        c.limit[PIDS] = "100";
    _exit(parent_side(&c));
}

/* Try it, in a child that ends with it: nothing of the attempt, its user, its
 * directory, its namespaces, is left with us. */
static struct diagnosis try_it(unsigned rows, bool lab, bool nobody) {
    struct diagnosis d = { OURS, "" };
    int memory = TRY(memfd_create("said", MFD_CLOEXEC)), status = 0;
    pid_t child = TRY(fork());

    if (child == 0)
        attempt(rows, lab, nobody, memory);
    while (waitpid(child, &status, 0) < 0)
        continue;
    d.status = WIFEXITED(status) ? WEXITSTATUS(status) : OURS;
    TRY(pread(memory, d.said, sizeof d.said - 1, 0));
    close(memory);
    return d;
}

/* The rest of the line behind WORD in what was said; "" if it is not there. */
static const char *line_after(const char *said, const char *word) {
    const char *at = strstr(said, word);

    at = at ? at + strlen(word) : "";
    return text("%.*s", (int)strcspn(at, "\n"), at);
}

/* For whom a feature is. */
enum { MISSING, FOR_ROOT, FOR_ALL };

/* Try one feature, and print what came of it; the same cause is not said twice
 * in a row. If we are no root, we can only say what an ordinary user has. */
static int diagnose(const char *name, unsigned rows, bool lab, bool plain) {
    static const char *const words[] = { "missing", "works only as root",
                                         "works" };
    static char last[256];
    bool root = has_cap(CAP_SETUID) && knows_ids(slurp(OWN_MAP), 65534, 1);
    struct diagnosis d = try_it(rows, lab, root);
    int verdict = d.status == 0 ? FOR_ALL : MISSING;
    const char *cause = line_after(d.said, "  cause:  ");
    const char *cure = line_after(d.said, "  cure:   ");

    /* Root needs no user namespace, except for row user itself. */
    if (!verdict && root && (try_it(rows, lab, false).status == 0 ||
        (rows & ~BIT(USER) &&
         try_it(rows & ~BIT(USER), false, false).status == 0)))
        verdict = FOR_ROOT;
    /* No cause: then the message itself. */
    if (!*cause)
        cause = line_after(d.said, "minicontainer: ");
    if (plain) {
        printf("%s\t%.7s\t%s\t%s\n", name, verdict == FOR_ROOT ? "root"
               : words[verdict], cause, cure);
        return verdict;
    }
    /* For people: the same words as at the failing call of `run`. */
    printf("%-12s %s\n", name, words[verdict]);
    bool news = d.status != 0 && strcmp(last, cause) != 0;
    if (news)
        printf("%13scause: %s\n", "", cause);
    if (news && *cure)
        printf("%13scure:  %s\n", "", cure);
    snprintf(last, sizeof last, "%s", d.status ? cause : "");
    return verdict;
}

/* doctor: exit 0 if a rootless container can be had. */
static int cmd_doctor(int argc, char **argv) {
    bool plain = porcelain(argc, argv);
    int works[ROWS];
    const char *lessons = "";

    /* A row with what it needs (see completed), and with user, from which an
     * ordinary user has the right; but two rows need no right at all. */
    for (int i = 0; i < ROWS; i++) {
        int row = by_chapter[i];
        unsigned rows = BIT(row) & FREE ? BIT(row) : BIT(row) | BIT(USER);
        works[i] = diagnose(isolations[row].name, rows, false, plain);
    }
    int rootless = diagnose("rootless", ALL_ROWS, false, plain);
    int lab = diagnose("lab", 0, true, plain);
    /* Lessons are held in the lab; but limits are set on the machine. */
    for (int i = 0; i < ROWS; i++)
        if (works[i] && (lab || by_chapter[i] == LIMITS))
            lessons = text("%s,%02d", lessons,
                           isolations[by_chapter[i]].chapter);
    /* 00 and 01 belong to no row: they want a container, and a lab. */
    printf(plain ? "lessons\t%s\n" : "\nLessons that work here: %s\n",
           rootless && lab ? text("00,01%s", lessons)
                           : *lessons ? lessons + 1 : "none");
    return flushed(rootless == FOR_ALL ? 0 : 1);
}

/* =====================================================================
 * THE COMMANDS -- the first word, the help, and main
 * =====================================================================
 * Some of their functions stand with what they are about: `source` with the
 * source, the rest above. The table below is all that main() knows of them, and
 * the help is printed out of it: what is in the table has a line there.
 */

/* --version. */
static int cmd_version(int argc, char **argv) {
    (void)argc, (void)argv;
    puts("minicontainer 0.1");
    return flushed(0);
}

/* It prints the table below, and stands in it. */
static int cmd_help(int argc, char **argv);

/* All commands: their words for the help, and the function that does it. */
static const struct command {
    const char *name, *args, *what;
    int (*run)(int argc, char **argv);
    const char *example[2];
} commands[] = {
    { "run", "[OPTION]... [--] [COMMAND [ARG]...]", "start COMMAND in a container", cmd_run,
      { "run                           a shell in a container",
        "run --no-net -- ip -br addr   one isolation less" } },
    /* What do we share? */
    { "compare", "[ROW] [OPTION]... [-- COMMAND...]", "without and with",
      cmd_compare,
      { "compare                       this machine and a container",
        "compare uts -- hostname oops  one row, in two labs" } },
    /* Where things may be broken, and the way back into it. */
    { "lab", "[OPTION]... [COMMAND [ARG]...]", "a practice host: break it", cmd_lab,
      { "lab                           root in it; exit resets it",
        "lab minicontainer run --none -- hostname oops" } },
    { "exec", "[OPTION]... [PID | lab] [COMMAND...]", "a second window into it",
      cmd_exec,
      { "exec lab                      a shell in another window's lab",
        "exec 4711 -- ps ax            the PID of it, or of its `run`" } },
    { "look", "[--porcelain]", "what this very process sees", cmd_look,
      { "look                          a row for each isolation",
        "look --porcelain              for programs, by tabs" } },
    /* What this program says of itself. */
    { "source", "[CHAPTER | FUNCTION]", "this program's own source", cmd_source,
      { "source uts                    a chapter, by its name or number",
        "source child_side             a function" } },
    { "doctor", "[--porcelain]", "what this machine allows", cmd_doctor,
      { "doctor                        tries all; cause and cure",
        "doctor --porcelain            for programs, by tabs" } },
    { "isolations", "[--porcelain]", "the table of isolations", cmd_isolations,
      { "isolations                    the table of them",
        "isolations --porcelain        for programs, by tabs" } },
    /* Words that every program knows. */
    { "--version", "", NULL, cmd_version, { NULL, NULL } },
    { "help", "", NULL, cmd_help, { NULL, NULL } },
};

/* Options out of the table: those that WHICH takes (its letter), or for '\0'
 * all of run's. One row a line, or some: those without words of their own share
 * one with the next. */
static void print_options(char which) {
    const char *line = "";

    for (size_t i = 0; i < LENGTH(options); i++) {
        const struct option_row *o = &options[i];
        const char *letter = o->letter ? text("-%c, ", o->letter) : "";
        /* Docker's words for what is always so have a line for all of them. */
        if (!o->help || (which && !strchr(o->also, which)))
            continue;
        line = text("%s%s%s--%s%s%s", line, *line ? ", " : "", letter, o->name,
                    o->arg ? " " : "", o->arg ? o->arg : "");
        if (*o->help) {
            printf("  %-30s %s\n", line, o->help);
            line = "";
        }
    }
}

/* COMMAND --help: two examples first, then the options that it takes. */
static int help_of(const struct command *c) {
    bool all = c->run == cmd_run || c->run == cmd_compare;

    printf("Usage: minicontainer %s %s\n", c->name, c->args);
    for (int i = 0; i < 2; i++)
        printf("  minicontainer %s\n", c->example[i]);
    printf("\n");
    /* compare takes run's options; with a ROW, like lab and exec, only some. */
    if (all)
        printf("All on: %s\n"
               "  --X turns X on, --no-X off, --X=host is --no-X\n",
               list_rows(ALL_ROWS));
    /* Its letter in the column `also` is the one its name begins with. */
    if (strstr(c->args, "OPTION"))
        print_options(all ? '\0' : *c->name);
    if (all)
        printf("  -i, -t, --rm, --interactive, --tty: accepted, always so "
               "here\nStatus: the command's own; 125 ours, 126 not executable, "
               "127 not found.\n");
    return flushed(0);
}

/* --help: all commands on one screen. */
static int cmd_help(int argc, char **argv) {
    (void)argc, (void)argv;
    printf("Usage: minicontainer COMMAND ...\n"
           "  minicontainer run             a shell in a container\n"
           "  minicontainer compare         what it has of its own\n\n");
    /* (help and --version are in the table as well, but need no words.) */
    for (size_t i = 0; i < LENGTH(commands); i++)
        if (commands[i].what)
            printf("  %-10s %-36s %s\n", commands[i].name, commands[i].args,
                   commands[i].what);
    printf("\nEach command has --help. It teaches; it is no security product.\n"
           "Lessons: lessons/README.md. The program itself: minicontainer "
           "source.\n");
    return flushed(0);
}

/* Before anything else: descriptors 0, 1, 2 must be taken, or a pipe of ours
 * could get such a number and the command would write into it. Those above are
 * the caller's, and not for us. And an ignored SIGCHLD, inherited, would make
 * the kernel reap children behind our back.
 *
 * An ignored signal stays ignored across execve(2): nohup(1) lives from that.
 * libc keeps 32 and 33 for itself and does not let us touch them, but make(1)
 * hands them down ignored: so the bare system call, which libc is not asked
 * about. Those that are not ignored are left alone: 64 calls would be a
 * sixtieth of a start. (If no /proc says which, all are put back; SIGKILL and
 * SIGSTOP refuse, and are never ignored.) */
static void sane_start(int argc, char **argv) {
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            open("/dev/null", O_RDWR);
    close_from_3();
    umask(022); /* the modes that we write are the modes that we mean */
    /* The kernel's struct sigaction: handler, flags, restorer, mask. */
    static const uint64_t dfl[4];
    const char *status = slurp(SELF);
    uint64_t ignored = *status ? status_bits(status, "SigIgn:") : UINT64_MAX;
    for (int sig = 1; sig <= 64; sig++)
        if (ignored >> (sig - 1) & 1)
            TRY_BUT(EINVAL, syscall(SYS_rt_sigaction, sig, dfl, NULL, 8));
    /* The words of the command line lie behind each other in memory. */
    char *last = argv[argc - 1];
    narrator.title = argv[0];
    narrator.title_size = (size_t)(last - argv[0]) + strlen(last) + 1;
}

/* Is WORD a wish for help? Everywhere the same two words. */
static bool is_help(const char *word) {
    return word && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0);
}

/* The program's first word is a command; the rest is the command's business. */
int main(int argc, char **argv) {
    const char *name = argc > 1 && !is_help(argv[1]) ? argv[1] : "help";

    if (argc < 1)
        return OURS;
    sane_start(argc, argv);
    /* The plot: find the command, and let it do its work. */
    for (size_t i = 0; i < LENGTH(commands); i++)
        if (strcmp(commands[i].name, name) == 0) {
            bool help = commands[i].what && argc > 2 && is_help(argv[2]);
            return help ? help_of(&commands[i])
                        : commands[i].run(argc - 1, argv + 1);
        }
    refuse("there is no command \"%s\"\n  try:    minicontainer --help", name);
}
