/* walls.c -- what tests/88-walls.bats needs and a shell cannot do
 *
 * Inside a container, as its command:
 *   walls group kill|nice        reach out for all of our process group: end it, or slow it down
 *   walls daemons [hard] [uid N] [end]
 *                                a child, and a daemon that hears no signal; "ready"; waits
 *                                hard: we are no better than the daemon. uid: the daemon is another
 *                                user. end: do not wait
 *   walls wait                   says "ready" and waits
 *   walls family NAME            the same, with a child of that name in a user namespace of its own
 *   walls programs               change the mode, the times and an attribute of the file of each
 *                                process in sight
 *   walls secrets WORD           which processes show WORD in their environment
 *   walls reach                  may we look into process 1?
 *   walls masked                 is each proc file system in sight covered?
 *   walls calls                  what the system calls say that no container needs
 *   walls here                   our namespaces and rights, in one line
 * and under the names /proc/self/exe and /link it is the loader of an image, as hostile as can be.
 *
 * Around a command:
 *   walls filtered COMMAND...    under a filter that allows all
 *   walls keeps CAP COMMAND...   the bounding set cannot lose CAP: EINVAL
 *   walls nothing COMMAND...     no directory can be found for a mount: ENOENT
 * These hold it with ptrace(2), at the very moment that counts:
 *   walls exchange N A B COMMAND...
 *                                exchange A and B after the Nth system call since the container's
 *                                first mount. Status 3: there are fewer
 *   walls reuse N COMMAND...     COMMAND, with a PID behind it, enters a process with few rights;
 *                                after its Nth call that is another one. Status 3: as above
 *   walls hold COMMAND...        the container's init is slow, once it has made a process
 *   walls spy WORD COMMAND...    says which processes, as they end, show WORD to other users
 *
 * Libc only, and static: it must run in every root. Musl without the kernel's headers will do.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Numbers that are the same on all processors, and what older headers lack. */
enum { MOVE_MOUNT = 429, FSOPEN = 430, CLONE3 = 435, OPENAT2 = 437, PIDFD_GETFD = 438,
       PROCESS_MADVISE = 440, SET_MEMPOLICY_HOME_NODE = 450, LSM_SET_SELF_ATTR = 460,
       LISTNS = 470 };
enum { FAMILY_ALG = 38 };           /* AF_ALG */
enum { EXCHANGE = 2 };              /* RENAME_EXCHANGE */
enum { DROP_BOUND = 24 };           /* PR_CAPBSET_DROP */

/* Nothing that we leave behind by mistake lives for longer. */
enum { SECONDS_TO_LIVE = 90 };

__attribute__((noreturn, format(printf, 1, 2)))
static void fail(const char *fmt, ...)
{
    int err = errno;
    va_list args;

    va_start(args, fmt);
    fprintf(stderr, "walls: ");
    vfprintf(stderr, fmt, args);
    fprintf(stderr, ": %s\n", strerror(err));
    va_end(args);
    _exit(99);
}

static long need(long result, const char *what)
{
    if (result < 0)
        fail("%s", what);
    return result;
}

__attribute__((noreturn))
static void become(char **argv)
{
    execvp(argv[0], argv);
    fail("%s", argv[0]);
}

static int number(const char *word)
{
    return word ? atoi(word) : 0;
}

/* A small file of /proc, all of it; "" if we may not read it. The zero bytes of an environment are
 * made to lines. */
static const char *contents(const char *path)
{
    static char text[1 << 16];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t got = 0;
    ssize_t n;

    while (fd >= 0 && (n = read(fd, text + got, sizeof text - 1 - got)) > 0)
        got += (size_t)n;
    if (fd >= 0)
        close(fd);
    for (size_t i = 0; i < got; i++)
        if (!text[i])
            text[i] = '\n';
    text[got] = '\0';
    return text;
}

static const char *process_file(pid_t pid, const char *name)
{
    static char path[64];

    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    return path;
}

/* The processes in sight, one a call; 0 at the end. */
static pid_t next_process(DIR *proc)
{
    struct dirent *e;

    while (proc && (e = readdir(proc)))
        if (isdigit((unsigned char)e->d_name[0]))
            return atoi(e->d_name);
    return 0;
}

/* ------------------------------------------------------------------ inside */

__attribute__((noreturn))
static void wait_for_ever(void)
{
    for (int i = 0; i < SECONDS_TO_LIVE; i++)
        sleep(1);
    _exit(0);
}

/* A process says to the one that made TOLD that it has come so far, and waits. */
__attribute__((noreturn))
static void tell(const int told[2])
{
    if (write(told[1], "", 1) != 1)
        _exit(99);
    wait_for_ever();
}

/* Who made TOLD: until the other has said so; else fail by WHAT. */
static void hear(const int told[2], const char *what)
{
    char byte;

    close(told[1]);
    if (read(told[0], &byte, 1) != 1)
        fail(what);
    close(told[0]);
}

/* "ready", for who waits outside. */
static void ready(void)
{
    if (write(1, "ready\n", 6) != 6)
        _exit(99);
}

/* What a process can do to outlive others: no signal ends it, and no wish of a parent's. */
static void harden(void)
{
    for (int sig = 1; sig < 65; sig++)
        if (sig != SIGCHLD)
            signal(sig, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
}

/* kill(2) with 0 does not look at the PID namespace. SIGKILL from inside does not end PID 1: then
 * we live on for long enough to be seen. */
static int group(char **argv)
{
    harden();
    if (write(1, "reaching out\n", 13) != 13)
        return 1;
    if (*argv && strcmp(*argv, "nice") == 0)
        return setpriority(PRIO_PGRP, 0, 7) < 0;
    kill(0, SIGKILL);
    sleep(10);
    return 1;
}

static int daemons(char **argv)
{
    bool hard = false, end = false;
    uid_t uid = 0;
    int told[2];

    for (; *argv; argv++) {
        hard |= strcmp(*argv, "hard") == 0;
        end |= strcmp(*argv, "end") == 0;
        if (strcmp(*argv, "uid") == 0)
            uid = (uid_t)number(*++argv);
    }
    if (hard)
        harden();
    need(pipe(told), "pipe");
    if (need(fork(), "fork") == 0)
        wait_for_ever();
    /* A daemon, as each of them is made: its parent is gone, and so is its session. */
    if (need(fork(), "fork") == 0) {
        setsid();
        if (need(fork(), "fork") != 0)
            _exit(0);
        if (uid) {
            need(setresgid(uid, uid, uid), "setresgid");
            need(setresuid(uid, uid, uid), "setresuid");
        }
        harden();
        tell(told);
    }
    hear(told, "no daemon");
    ready();
    if (end)
        return 0;
    wait_for_ever();
}

static void put(const char *path, const char *words)
{
    int fd = (int)need(open(path, O_WRONLY | O_CLOEXEC), path);

    need(write(fd, words, strlen(words)), path);
    close(fd);
}

/* Somebody's trap: our child is in a user namespace that we have made. */
static int family(const char *name)
{
    int told[2];
    gid_t gid = getegid();

    need(pipe(told), "pipe");
    if (need(fork(), "fork") == 0) {
        char map[40];

        need(prctl(PR_SET_NAME, name, 0, 0, 0), "PR_SET_NAME");
        snprintf(map, sizeof map, "0 %u 1", geteuid());
        need(unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS), "unshare");
        put("/proc/self/setgroups", "deny");
        put("/proc/self/uid_map", map);
        snprintf(map, sizeof map, "0 %u 1", gid);
        put("/proc/self/gid_map", map);
        tell(told);
    }
    hear(told, "no child");
    ready();
    wait_for_ever();
}

/* All that can be done to the file of a program that runs. */
static int change(const char *path)
{
    struct timespec times[2] = { { 1, 0 }, { 1, 0 } };
    int done = 0;

    done += chmod(path, 04777) == 0;
    done += utimensat(AT_FDCWD, path, times, 0) == 0;
    done += setxattr(path, "user.walls", "x", 1, 0) == 0;
    return done;
}

static int programs(void)
{
    DIR *proc = opendir("/proc");
    int seen = 0, changed = 0;
    pid_t pid;

    while ((pid = next_process(proc)) > 0) {
        seen++;
        changed += change(process_file(pid, "exe"));
    }
    printf("processes %d, changes %d\n", seen, changed);
    return 0;
}

static int secrets(const char *word)
{
    DIR *proc = opendir("/proc");
    pid_t pid;

    while ((pid = next_process(proc)) > 0)
        if (strstr(contents(process_file(pid, "environ")), word))
            printf("OPEN: process %d shows %s\n", pid, word);
    printf("looked\n");
    return 0;
}

/* Our init: what it was started with, and its file. */
static int reach(void)
{
    char link[256];
    int environment = open("/proc/1/environ", O_RDONLY | O_CLOEXEC);

    if (getpid() == 1)
        return puts("closed: process 1 is the command") < 0;
    if (environment >= 0 || readlink("/proc/1/exe", link, sizeof link) > 0)
        return puts("OPEN: process 1 can be looked into") < 0;
    return puts("closed") < 0;
}

/* Each proc file system that is mounted somewhere: its directory sys must be read-only, and what
 * runs a program as root must not open. (It is opened, and nothing is written.) */
static int masked(void)
{
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    const char *self = "/proc/self/mountinfo";
    char line[4096], where[2048], path[2100], *type;

    /* Where has an attack put the proc file system? */
    if (!mounts)
        mounts = fopen(self = "/dev/self/mountinfo", "re");
    if (!mounts)
        mounts = fopen(self = "/sys/self/mountinfo", "re");
    if (!mounts)
        return puts("closed: no proc file system") < 0;
    while (fgets(line, sizeof line, mounts)) {
        struct statvfs fs;

        type = strstr(line, " - ");
        if (!type || strncmp(type, " - proc ", 8) != 0 ||
            sscanf(line, "%*s %*s %*s / %2047s", where) != 1)
            continue;
        snprintf(path, sizeof path, "%s/sys", where);
        if (statvfs(path, &fs) < 0)
            printf("untried: %s: %s\n", path, strerror(errno));
        else
            printf("%s: %s\n", fs.f_flag & ST_RDONLY ? "closed" : "OPEN", path);
        snprintf(path, sizeof path, "%s/sys/kernel/core_pattern", where);
        if (open(path, O_WRONLY | O_CLOEXEC) >= 0)
            printf("OPEN: %s can be written\n", path);
    }
    fclose(mounts);
    return 0;
}

static void answer(const char *name, long result)
{
    const char *words = errno == EPERM ? "EPERM" : errno == ENOSYS ? "ENOSYS" : strerror(errno);

    printf("%s %s\n", name, result >= 0 ? "works" : words);
}

/* With arguments that make no sense: a call that is allowed complains about them, or works. */
static int calls(void)
{
    answer("socket(AF_ALG)", syscall(SYS_socket, FAMILY_ALG, SOCK_SEQPACKET, 0));
    answer("socket(AF_ALG|CLOEXEC)",
           syscall(SYS_socket, FAMILY_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    /* The kernel looks at the lower half of this argument only. */
    answer("socket(AF_ALG|1<<32)",
           syscall(SYS_socket, FAMILY_ALG | 1L << 32, SOCK_SEQPACKET, 0));
    answer("pidfd_getfd", syscall(PIDFD_GETFD, -1, 0, 0));
    answer("process_madvise", syscall(PROCESS_MADVISE, -1, NULL, 0, 0, 0));
    answer("set_mempolicy_home_node", syscall(SET_MEMPOLICY_HOME_NODE, 1, 0, 0, 0));
    answer("lsm_set_self_attr", syscall(LSM_SET_SELF_ATTR, 0, NULL, 0, 0));
    answer("listns", syscall(LISTNS, NULL, NULL, 0, 0));
    return 0;
}

/* FIELD of the text of a status file, into OUT. */
static void field(const char *status, const char *name, char *out, size_t size)
{
    const char *at = strstr(status, name);

    at = at ? at + strlen(name) : "?";
    at += strspn(at, " \t");
    snprintf(out, size, "%.*s", (int)strcspn(at, "\n"), at);
}

/* Namespaces and rights of a process, so that two can be compared. */
static void describe(pid_t pid, char *out, size_t size)
{
    static const char *const names[] = { "uts", "mnt", "ipc" };
    char bounds[40], filters[40];
    size_t n = 0;

    for (size_t i = 0; i < 3; i++) {
        char name[16];
        struct stat st = { 0 };

        snprintf(name, sizeof name, "ns/%s", names[i]);
        stat(process_file(pid, name), &st);
        n += (size_t)snprintf(out + n, size - n, "%s=%ju ", names[i], (uintmax_t)st.st_ino);
    }
    const char *status = contents(process_file(pid, "status"));
    field(status, "\nCapBnd:", bounds, sizeof bounds);
    field(status, "\nSeccomp_filters:", filters, sizeof filters);
    snprintf(out + n, size - n, "bounds=%s filters=%s", bounds, filters);
}

static int here(void)
{
    char text[500];

    describe(getpid(), text, sizeof text);
    puts(text);
    return 0;
}

/* The program that names us as its loader runs: /proc/self/exe is its file. */
static int be_loader(void)
{
    printf("the loader of the image: changes %d\n", change("/proc/self/exe"));
    fflush(stdout);
    return 0;
}

/* ------------------------------------------------------------------ filters
 * A filter is a small program in the language BPF: seccomp(2). */

struct instruction { uint16_t code; uint8_t yes, no; uint32_t k; };
struct program { unsigned short length; const struct instruction *first; };
enum { LOAD = 0x20, EQUAL = 0x15, AND = 0x54, ANSWER = 0x06 };
enum { NUMBER_AT = 0, ARGUMENT_AT = 16 };
#define ALLOW 0x7fff0000u
#define FAIL_WITH 0x00050000u

static void install(const struct instruction *code, size_t length)
{
    struct program p = { (unsigned short)length, code };

    need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
    need(syscall(SYS_seccomp, 1, 0, &p), "seccomp");
}
#define INSTALL(code) install(code, sizeof (code) / sizeof *(code))

static void allow_all(void)
{
    static const struct instruction code[] = { { ANSWER, 0, 0, ALLOW } };

    INSTALL(code);
}

static void keep_bound(int cap)
{
    const struct instruction code[] = {
        { LOAD, 0, 0, NUMBER_AT },
        { EQUAL, 0, 5, SYS_prctl },
        { LOAD, 0, 0, ARGUMENT_AT },
        { EQUAL, 0, 3, DROP_BOUND },
        { LOAD, 0, 0, ARGUMENT_AT + 8 },
        { EQUAL, 0, 1, (uint32_t)cap },
        { ANSWER, 0, 0, FAIL_WITH | EINVAL },
        { ANSWER, 0, 0, ALLOW },
    };

    INSTALL(code);
}

/* What stands for "find the directory that something is to be mounted on": openat2(2), and
 * openat(2) with these two flags together. Nobody else in a container has a use for them. */
static void find_nothing(void)
{
    const uint32_t flags = O_PATH | O_NOFOLLOW;
    const struct instruction code[] = {
        { LOAD, 0, 0, NUMBER_AT },
        { EQUAL, 4, 0, OPENAT2 },
        { EQUAL, 0, 4, SYS_openat },
        { LOAD, 0, 0, ARGUMENT_AT + 16 },
        { AND, 0, 0, flags },
        { EQUAL, 0, 1, flags },
        { ANSWER, 0, 0, FAIL_WITH | ENOENT },
        { ANSWER, 0, 0, ALLOW },
    };

    INSTALL(code);
}

/* ------------------------------------------------------------------ ptrace(2)
 * COMMAND is the supervisor, the first process that it makes is the container's first, and the
 * processes that that one makes are the command's. */

enum { SEIZE = 0x4206, LISTEN = 0x4208, SYSCALL_INFO = 0x420e };
enum { EVENT_FORK = 1, EVENT_VFORK, EVENT_CLONE, EVENT_EXEC, EVENT_EXIT = 6, EVENT_STOP = 128 };
#define OPTIONS (1u | 1u << EVENT_FORK | 1u << EVENT_VFORK | 1u << EVENT_CLONE | \
                 1u << EVENT_EXEC | 1u << 20) /* PTRACE_O_TRACESYSGOOD, ..., EXITKILL */

static long trace(int request, pid_t pid, unsigned long data)
{
    return syscall(SYS_ptrace, (long)request, (long)pid, 0L, data);
}

/* Start ARGV, held before its execve(2) until we have it. */
static pid_t start(char **argv, unsigned options)
{
    int go[2];
    char byte;

    need(pipe2(go, O_CLOEXEC), "pipe2");
    pid_t pid = (pid_t)need(fork(), "fork");
    if (pid == 0) {
        close(go[1]);
        if (read(go[0], &byte, 1) != 1)
            _exit(99);
        become(argv);
    }
    need(trace(SEIZE, pid, options), "PTRACE_SEIZE");
    if (write(go[1], "", 1) != 1)
        fail("go");
    close(go[0]);
    close(go[1]);
    return pid;
}

/* What a stop is: an event, a system call, a signal on its way. */
static int event(int status) { return status >> 16; }
static bool is_call(int status) { return WSTOPSIG(status) == (SIGTRAP | 0x80); }
static bool is_new_process(int status)
{
    return event(status) == EVENT_FORK || event(status) == EVENT_VFORK ||
           event(status) == EVENT_CLONE;
}

static pid_t new_process(pid_t pid)
{
    unsigned long message = 0;

    need(trace(PTRACE_GETEVENTMSG, pid, (unsigned long)(uintptr_t)&message), "GETEVENTMSG");
    return (pid_t)message;
}

/* Let a stopped process go on, with the signal that it was to get. HOW: CONT or SYSCALL. */
static void go_on(int how, pid_t pid, int status)
{
    int sig = WSTOPSIG(status);

    if (event(status) == EVENT_STOP && sig != SIGTRAP)
        trace(LISTEN, pid, 0);
    else
        trace(how, pid, event(status) || is_call(status) ? 0 : (unsigned long)sig);
}

static int status_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The number of the call that PID has come to; -1 when it comes out of one. */
static long entered(pid_t pid)
{
    struct { uint8_t op, pad[3]; uint32_t arch; uint64_t ip, sp, number, argument[6]; } info;

    memset(&info, 0, sizeof info);
    if (syscall(SYS_ptrace, (long)SYSCALL_INFO, (long)pid, sizeof info, &info) < 0)
        return -1;
    return info.op == 1 ? (long)info.number : -1;
}

static bool is_mount(long call)
{
    return call == SYS_mount || call == FSOPEN || call == MOVE_MOUNT;
}

static int exchange(int n, const char *a, const char *b, char **argv)
{
    pid_t main = start(argv, OPTIONS), child = 0, pid;
    bool mounting = false, done = false;
    int status, count = 0;

    while ((pid = waitpid(-1, &status, __WALL)) > 0) {
        if (!WIFSTOPPED(status)) {
            if (pid == main)
                return done ? status_of(status) : 3;
            continue;
        }
        if (is_new_process(status) && pid == main && !child)
            child = new_process(pid);
        if (pid == child && is_call(status) && !done) {
            long call = entered(pid);

            mounting |= is_mount(call);
            if (call == SYS_pivot_root)
                mounting = false;
            if (call < 0 && mounting && ++count == n) {
                need(syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, EXCHANGE), "renameat2");
                done = true;
            }
        }
        go_on(pid == child && !done ? PTRACE_SYSCALL : PTRACE_CONT, pid, status);
    }
    fail("waitpid");
}

/* A process with namespaces of its own; POOR: with no rights. With the number WANT, if it is given:
 * struct clone_args, up to set_tid. */
static pid_t someone(bool poor, pid_t want)
{
    int told[2];
    struct {
        uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
                 set_tid_size;
    } args = { .exit_signal = SIGCHLD, .set_tid = want ? (uintptr_t)&want : 0,
               .set_tid_size = want ? 1 : 0 };

    need(pipe2(told, O_CLOEXEC), "pipe2");
    pid_t pid = (pid_t)need(syscall(CLONE3, &args, sizeof args), "clone3");
    if (pid == 0) {
        need(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "PR_SET_PDEATHSIG");
        need(unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC), "unshare");
        for (unsigned long cap = 0; poor && prctl(DROP_BOUND, cap, 0, 0, 0) == 0; cap++)
            continue;
        if (poor)
            allow_all();
        tell(told);
    }
    hear(told, "nobody is there");
    return pid;
}

/* COMMAND... PID walls here */
static int reuse(int n, char **argv)
{
    char pid_word[16], said[1000] = "", first[500], second[500], *words[32], *self = argv[0];
    int out[2], status, count = 0, words_count = 0;
    pid_t target = someone(true, 0), pid;
    bool done = false;

    describe(target, first, sizeof first);
    snprintf(pid_word, sizeof pid_word, "%d", target);
    for (argv++; *argv && words_count < 25; argv++)
        words[words_count++] = *argv;
    words[words_count++] = pid_word;
    words[words_count++] = (char *)"--";
    words[words_count++] = self;
    words[words_count++] = (char *)"here";
    words[words_count] = NULL;
    need(pipe2(out, O_CLOEXEC), "pipe2");
    int old = (int)need(fcntl(1, F_DUPFD_CLOEXEC, 3), "dup");
    need(dup2(out[1], 1), "dup2");
    pid_t main = start(words, OPTIONS);
    need(dup2(old, 1), "dup2");
    close(out[1]);

    for (;;) {
        pid = (pid_t)need(waitpid(-1, &status, __WALL), "waitpid");
        if (!WIFSTOPPED(status)) {
            if (pid == main)
                break;
            continue;
        }
        if (event(status) == EVENT_EXEC && pid == main)
            count = 0; /* it goes on as a copy of itself */
        if (is_new_process(status) && pid == main && !done)
            n = 0; /* it is in */
        if (pid == main && is_call(status) && !done && entered(pid) < 0 && ++count == n) {
            kill(target, SIGKILL);
            need(waitpid(target, NULL, 0), "waitpid");
            need(someone(false, target), "someone");
            describe(target, second, sizeof second);
            done = true;
        }
        go_on(pid == main && !done ? PTRACE_SYSCALL : PTRACE_CONT, pid, status);
    }
    if (read(out[0], said, sizeof said - 1) < 0)
        fail("read");
    kill(target, SIGKILL);
    said[strcspn(said, "\n")] = '\0';
    if (!done)
        return 3;
    /* Not in at all is right, and so is one of the two. */
    if (*said && strcmp(said, first) != 0 && strcmp(said, second) != 0)
        printf("MIXED after call %d: %s\n  of %s\n  and %s\n", n, said, first, second);
    else
        printf("%s\n", *said ? "one of them" : "refused");
    return 0;
}

/* Is PID over, or does it sleep until somebody does something? */
static bool at_rest(pid_t pid)
{
    const char *stat = contents(process_file(pid, "stat")), *at = strrchr(stat, ')');

    return !at || !strchr("RD", at[2]);
}

/* Hold whoever stopped last until NEWEST rests: it has done all it can do by itself. Others that
 * stop meanwhile are let go. Returns MAIN's status, if that ended; else -1. */
static int let_it_run(pid_t newest, pid_t main)
{
    int status;

    for (int looks = 0, quiet = 0; looks < 5000 && quiet < 10; looks++) {
        pid_t pid = waitpid(-1, &status, __WALL | WNOHANG);

        if (pid == main && !WIFSTOPPED(status))
            return status_of(status);
        if (pid > 0 && WIFSTOPPED(status))
            go_on(PTRACE_CONT, pid, status);
        quiet = pid <= 0 && at_rest(newest) ? quiet + 1 : 0;
        usleep(1000);
    }
    return -1;
}

static int hold(char **argv)
{
    pid_t main = start(argv, OPTIONS), init = 0, newest = 0, pid;
    int status, left = 0, over = -1;

    while (over < 0 && (pid = waitpid(-1, &status, __WALL)) > 0) {
        if (!WIFSTOPPED(status)) {
            over = pid == main ? status_of(status) : -1;
            continue;
        }
        if (is_new_process(status) && pid == main && !init)
            init = new_process(pid);
        if (is_new_process(status) && pid == init) {
            newest = new_process(pid);
            left = 24;
        } else if (pid == init && is_call(status) && left > 0) {
            over = let_it_run(newest, main);
            left--;
        }
        go_on(pid == init && left > 0 ? PTRACE_SYSCALL : PTRACE_CONT, pid, status);
    }
    return over;
}

/* Who ends shows WORD in its environment, and its files in /proc are not root's: so whoever is the
 * same user may read it. That user is another one than we, or it is in a user namespace. */
static void look_at(pid_t pid, const char *word, ino_t our_user)
{
    struct stat environment, user;

    if (stat(process_file(pid, "environ"), &environment) < 0 ||
        !strstr(contents(process_file(pid, "environ")), word))
        return;
    if (stat(process_file(pid, "ns/user"), &user) < 0)
        return;
    bool root_only = environment.st_uid == 0;
    bool stranger = environment.st_uid != geteuid() || user.st_ino != our_user;
    if (!root_only && stranger)
        printf("OPEN: process %d shows %s to user %u\n", pid, word, environment.st_uid);
}

static int spy(const char *word, char **argv)
{
    pid_t main = start(argv, OPTIONS | 1u << EVENT_EXIT), pid;
    struct stat user;
    int status, ended = 0;

    need(stat("/proc/self/ns/user", &user), "stat");
    while ((pid = waitpid(-1, &status, __WALL)) > 0) {
        if (!WIFSTOPPED(status)) {
            if (pid == main)
                break;
            continue;
        }
        if (event(status) == EVENT_EXIT) {
            look_at(pid, word, user.st_ino);
            ended++;
        }
        go_on(PTRACE_CONT, pid, status);
    }
    printf("looked at %d processes\n", ended);
    return 0;
}

/* ------------------------------------------------------------------ the words */

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    char **rest = argv + 2;

    if (strcmp(argv[0], "/proc/self/exe") == 0 || strcmp(argv[0], "/link") == 0)
        return be_loader();
#define WORD(word) (strcmp(what, word) == 0)
#define WITH(n) (argc > 1 + (n))
    if (WORD("group")) return group(rest);
    if (WORD("daemons")) return daemons(rest);
    if (WORD("wait")) { ready(); wait_for_ever(); }
    if (WORD("family") && WITH(1)) return family(rest[0]);
    if (WORD("programs")) return programs();
    if (WORD("secrets") && WITH(1)) return secrets(rest[0]);
    if (WORD("reach")) return reach();
    if (WORD("masked")) return masked();
    if (WORD("calls")) return calls();
    if (WORD("here")) return here();
    if (WORD("filtered") && WITH(1)) { allow_all(); become(rest); }
    if (WORD("keeps") && WITH(2)) { keep_bound(number(rest[0])); become(rest + 1); }
    if (WORD("nothing") && WITH(1)) { find_nothing(); become(rest); }
    if (WORD("exchange") && WITH(4)) return exchange(number(rest[0]), rest[1], rest[2], rest + 3);
    if (WORD("reuse") && WITH(2)) {
        int n = number(rest[0]);
        rest[0] = argv[0]; /* our own name goes along */
        return reuse(n, rest);
    }
    if (WORD("hold") && WITH(1)) return hold(rest);
    if (WORD("spy") && WITH(2)) return spy(rest[0], rest + 1);
    fprintf(stderr, "walls: see the head of walls.c\n");
    return 2;
}
