/* fault.c -- make one system call of a program fail, and see what becomes of it
 *
 *   fault [OPTION]... census COMMAND...      which calls the program makes: a line each, with
 *                                            its process, its name, its number, how often
 *   fault [OPTION]... one FAULT COMMAND...   one fault, and all that was said and seen
 *   fault [OPTION]... sweep COMMAND...       every call that the census finds fails once by each
 *                                            error: a line for each of these faults
 *   fault [OPTION]... kinds COMMAND...       all calls of one kind fail, kind after kind
 *   fault report [FAST]                      the command to run inside: says what it is in, and
 *                                            waits for a byte; with FAST it does not wait
 *   fault hold                               the same, for ever, and says only "ready"
 *
 *     -u UID    run COMMAND as this user         -s SECONDS   it must end by then (10)
 *     -e LIST   by which errors (EPERM,ENOMEM,ENOSYS,EINTR,KILL,LIE)
 *     -p I/N    only faults I, I + N, ...        -x           say what the outcome was, too
 *     -c LIST   only these calls                 -r           each call of a process only once
 *     -d LIST   directories in which nothing may appear (the current one is watched anyway)
 *     -t        COMMAND is `doctor`, which tries things: what fails, it has to call "missing"
 *     -l        it is `look` or `compare`: what it sees may lack a fact, but not the rest
 *
 * A FAULT is PROCESS:CALL:NUMBER:ERROR, as in 0.1:mount:3:EPERM: the third mount(2) of the first
 * child of the first process. PROCESS "*" is all of them, NUMBER 0 each call. KILL kills the process
 * as it enters the call; LIE lets the call do nothing and return 0.
 *
 * Why not strace(1), whose idea this is: it counts per process, so that "the third close(2) fails"
 * means one in each process at once, and hides the second fault behind the first. And it knows
 * neither where main() begins (before it, the loader works, and not the program), nor that after
 * execve(2) the calls are COMMAND's. Here a call counts as the program's from the first
 * fcntl(0, F_GETFD) on, with which its main() begins, and until a process has called execve(2);
 * but `exec` becomes a copy of itself in memory, and `doctor` calls itself: that is the program, too.
 *
 * The outcome is one of these words:
 *   survived    the same status and the same report as without a fault
 *   failed      status 125 (126 and 127: COMMAND was not there), and a message that names the
 *               call or the error; or, by KILL, any status but 0
 *   hung        it did not end
 *   left        a process, mount, file, interface ... is there that was not there before
 *   silent      it said 0, but COMMAND did not run, or in another place than it should
 *   mute        it failed without a word; vague: with words, but without call, error or cause
 *   odd         another status
 *   poorer      with -l: the same rows with the same "own" and "shared", but a fact is missing
 *   deceived    after a LIE: status 0, though something is missing inside
 *   missed      the call was not made this time
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
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
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* linux/ptrace.h; it and sys/ptrace.h do not go together everywhere. */
enum { GET_SYSCALL_INFO = 0x420e, SEIZE = 0x4206, LISTEN = 0x4208 };
enum { EVENT_FORK = 1, EVENT_VFORK, EVENT_CLONE, EVENT_EXEC, EVENT_STOP = 128 };
enum { TRACE = 1 << 0 | 1 << EVENT_FORK | 1 << EVENT_VFORK | 1 << EVENT_CLONE | 1 << EVENT_EXEC };
enum { NEW_NAMESPACES = 0x7e020080 }; /* all CLONE_NEW... of linux/sched.h */
struct syscall_info {
    uint8_t op, pad[3];
    uint32_t arch;
    uint64_t ip, sp;
    struct { uint64_t nr, args[6]; } entry; /* op 1; at op 2 the first is the result */
    uint64_t more[2];
};

static const struct { const char *name; int nr; } calls[] = {
#include "calls.h" /* made from sys/syscall.h, by torture.bash */
};
enum { CALLS = sizeof calls / sizeof *calls };

enum { KILL = -1, LIE = -2 };
static const struct { const char *name; int err; } errors[] = {
    { "EPERM", EPERM }, { "ENOMEM", ENOMEM }, { "ENOSYS", ENOSYS }, { "EINTR", EINTR },
    { "KILL", KILL },   { "LIE", LIE },       { "EACCES", EACCES }, { "EINVAL", EINVAL },
    { "ENOSPC", ENOSPC }, { "EAGAIN", EAGAIN }, { "EMFILE", EMFILE }, { "EIO", EIO },
    { "ENOENT", ENOENT },
};

/* Calls that isolate: only for these a lie is worth trying. */
static const char *const liars[] = {
    "clone", "clone3", "fork", "vfork", "unshare", "setns", "mount", "umount2", "pivot_root",
    "chroot", "chdir", "fchdir", "open_tree", "fsconfig", "fsmount", "move_mount", "mount_setattr",
    "setresuid", "setresgid", "setgroups", "prctl", "capset", "seccomp", "sethostname", "keyctl",
};

/* A fault, and a call of the census. */
struct point { char process[32]; int nr, number, err; bool plain_fork; };

/* The options. */
static long uid = -1;
static int deadline = 10, part, parts = 1;
static bool detailed, once, tells, looks;
static const char *only_errors = "EPERM,ENOMEM,ENOSYS,EINTR,KILL", *only_calls;
static const char *directories = "";

__attribute__((noreturn, format(printf, 1, 2)))
static void quit(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    fprintf(stderr, "fault: ");
    vfprintf(stderr, fmt, args);
    fprintf(stderr, "\n");
    exit(2);
}

static const char *call_name(int nr)
{
    static char number[24];

    for (size_t i = 0; i < CALLS; i++)
        if (calls[i].nr == nr)
            return calls[i].name;
    snprintf(number, sizeof number, "call-%d", nr);
    return number;
}

static int call_number(const char *name)
{
    for (size_t i = 0; i < CALLS; i++)
        if (strcmp(calls[i].name, name) == 0)
            return calls[i].nr;
    return -1;
}

static const char *error_name(int err)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].err == err)
            return errors[i].name;
    return "?";
}

static bool in_list(const char *list, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = list; (at = strstr(at, word)); at += n)
        if ((at == list || at[-1] == ',') && (at[n] == ',' || !at[n]))
            return true;
    return false;
}

/* ------------------------------------------------------------------ texts that grow */

struct text { char *at; size_t length; };

__attribute__((format(printf, 2, 3)))
static void add(struct text *t, const char *fmt, ...)
{
    va_list args;
    char *more;
    int n;

    va_start(args, fmt);
    n = vasprintf(&more, fmt, args);
    va_end(args);
    t->at = n < 0 ? NULL : realloc(t->at, t->length + (size_t)n + 1);
    if (!t->at)
        quit("no memory");
    memcpy(t->at + t->length, more, (size_t)n + 1);
    t->length += (size_t)n;
    free(more);
}

static char *slurp_fd(int fd)
{
    size_t size = 1 << 18, got = 0;
    char *out = malloc(size);
    ssize_t n;

    while (out && fd >= 0 && got < size - 1 && (n = read(fd, out + got, size - 1 - got)) > 0)
        got += (size_t)n;
    if (!out)
        quit("no memory");
    out[got] = '\0';
    return out;
}

static char *slurp(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *out = slurp_fd(fd);

    if (fd >= 0)
        close(fd);
    return out;
}

static void add_file(struct text *t, const char *path)
{
    char *what = slurp(path);

    add(t, "%s: %s\n", path, what);
    free(what);
}

/* The names in a directory, with mode, owner and, of files, size. */
static void add_names(struct text *t, const char *path)
{
    struct dirent **names;
    struct stat st;
    int n = scandir(*path ? path : "/", &names, NULL, alphasort);

    for (int i = 0; i < n; i++) {
        char full[4096];
        const char *name = names[i]->d_name;
        snprintf(full, sizeof full, "%s/%s", path, name);
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && lstat(full, &st) == 0)
            add(t, "file %s %o %u %ld\n", full, st.st_mode, st.st_uid,
                S_ISREG(st.st_mode) ? (long)st.st_size : 0);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}

/* ------------------------------------------------------------------ inside: what it is in */

static const char *const kinds[] = { "cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts" };

/* The mount table without what differs from start to start: ids, device numbers. */
static void add_mounts(struct text *t, const char *path)
{
    char *table = slurp(path), *save, *line = strtok_r(table, "\n", &save);

    for (; line; line = strtok_r(NULL, "\n", &save)) {
        int at = 0;
        sscanf(line, "%*s %*s %*s %n", &at);
        add(t, "mount %s\n", line + at);
    }
    free(table);
}

/* Lines of /proc/self/status that are the same at each start. */
static void add_status(struct text *t)
{
    static const char *const wanted[] = {
        "Umask", "Uid", "Gid", "Groups", "SigBlk", "SigIgn", "CapInh", "CapPrm", "CapEff",
        "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Seccomp_filters",
    };
    char *status = slurp("/proc/self/status"), *save, *line = strtok_r(status, "\n", &save);

    for (; line; line = strtok_r(NULL, "\n", &save))
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
            if (strncmp(line, wanted[i], strlen(wanted[i])) == 0 && line[strlen(wanted[i])] == ':')
                add(t, "%s\n", line);
    free(status);
}

/* Descriptors above 2, and where they lead. */
static void add_descriptors(struct text *t)
{
    char path[64], to[4096];

    for (int fd = 3; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0) {
            snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
            ssize_t n = readlink(path, to, sizeof to - 1);
            to[n < 0 ? 0 : n] = '\0';
            add(t, "descriptor %d %s\n", fd, to);
        }
}

static int report(bool wait)
{
    struct text t = { NULL, 0 };
    char path[64], byte, cwd[4096] = "?", self[32] = "";
    struct utsname names;
    struct timespec boot;
    struct stat st;
    int death = -1;

    add_descriptors(&t); /* before we open any */
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i]);
        add(&t, "ns %s %lu\n", kinds[i], stat(path, &st) == 0 ? (unsigned long)st.st_ino : 0);
    }
    add_status(&t);
    add_file(&t, "/proc/self/uid_map");
    add_file(&t, "/proc/self/gid_map");
    add_file(&t, "/proc/self/setgroups");
    prctl(PR_GET_PDEATHSIG, &death);
    add(&t, "signal at the parent's death: %d\n", death);
    uname(&names);
    add(&t, "host %s domain %s\n", names.nodename, names.domainname);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    add(&t, "age %s\n", boot.tv_sec < 60 ? "young" : boot.tv_sec / 86400 == 10 ? "ten" : "old");
    /* Numbers, where they are our own: small ones. */
    ssize_t n = readlink("/proc/self", self, sizeof self - 1);
    self[n < 0 ? 0 : n] = '\0';
    add(&t, "pid %s\n", getpid() == 1 ? "1" : getpid() == atoi(self) ? "as in /proc" : "foreign");
    if (!getcwd(cwd, sizeof cwd))
        strcpy(cwd, "?");
    add(&t, "cwd %s\nkeyring %ld\n", cwd, syscall(SYS_keyctl, 0, -3, 0));
    add_mounts(&t, "/proc/self/mountinfo");
    add_file(&t, "/proc/net/if_inet6");
    add_file(&t, "/proc/net/route");
    add_file(&t, "/proc/sys/net/ipv4/ping_group_range");
    add_names(&t, "");
    add_names(&t, "/dev");
    add_names(&t, "/etc");
    add_names(&t, "/root");
    for (char **e = environ; *e; e++)
        add(&t, "env %s\n", *e);
    if (write(1, t.at, t.length) != (ssize_t)t.length)
        return 3;
    if (wait && read(0, &byte, 1) < 0)
        return 4;
    return 7; /* no status that anything else would have */
}

/* What was said, in a form that is the same at each start: ids of namespaces and of the keyring are
 * "ours" or "own". And of compare's table, the lines whose numbers move are kept without them. */
static char *plain(char *said)
{
    struct text t = { NULL, 0 };
    char *save, *line, path[64], kind[16];
    unsigned long id;
    struct stat st;
    long ours = syscall(SYS_keyctl, 0, -3, 0);

    add(&t, "%s", "");
    for (line = strtok_r(said, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (sscanf(line, "ns %15s %lu", kind, &id) == 2) {
            snprintf(path, sizeof path, "/proc/self/ns/%s", kind);
            bool same = stat(path, &st) == 0 && st.st_ino == id;
            add(&t, "ns %s %s\n", kind, same ? "ours" : "own");
        } else if (sscanf(line, "keyring %lu", &id) == 1) {
            add(&t, "keyring %s\n", (long)id == ours ? "ours" : (long)id < 0 ? "none" : "own");
        } else if (strncmp(line, "pid ", 4) == 0 || strncmp(line, "proc ", 5) == 0 ||
                   strncmp(line, "time ", 5) == 0 || strchr(line, '\t') || line[0] == '#') {
            /* digits and blanks in any number */
            for (char *p = line; *p; p++) {
                bool digit = *p >= '0' && *p <= '9', before = p > line && p[-1] >= '0' && p[-1] <= '9';
                if (!(digit && before) && !(*p == ' ' && p > line && p[-1] == ' '))
                    add(&t, "%c", digit ? '#' : *p);
            }
            add(&t, "\n");
        } else {
            add(&t, "%s\n", line);
        }
    }
    free(said);
    return t.at;
}

/* ------------------------------------------------------------------ the world around, before and after */

static char *fingerprint(void)
{
    struct text t = { NULL, 0 };
    struct utsname names;
    char *group = slurp("/proc/self/cgroup"), *v2 = strstr(group, "0::"), path[4096];

    uname(&names);
    add(&t, "host %s domain %s\n", names.nodename, names.domainname);
    add_mounts(&t, "/proc/self/mountinfo");
    add_file(&t, "/proc/net/if_inet6");
    add_file(&t, "/proc/net/route");
    add_file(&t, "/proc/net/fib_trie");
    add_file(&t, "/proc/sys/net/ipv4/ping_group_range");
    add_file(&t, "/proc/self/timens_offsets");
    add_names(&t, "/sys/class/net");
    static const char *const ipc[] = { "msg", "shm", "sem" };
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "/proc/sysvipc/%s", ipc[i]);
        add_file(&t, path);
    }
    /* Groups that we or those before us made stand below our own. */
    if (v2) {
        v2[strcspn(v2, "\n")] = '\0';
        static const char *const tops[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
        for (size_t i = 0; i < 2; i++) {
            snprintf(path, sizeof path, "%s%s", tops[i], v2 + 3);
            add_names(&t, path);
        }
    }
    free(group);
    add_names(&t, ".");
    for (const char *p = directories; *p; p += strcspn(p, ",") + (p[strcspn(p, ",")] == ',')) {
        snprintf(path, sizeof path, "%.*s", (int)strcspn(p, ","), p);
        add_names(&t, path);
    }
    return t.at;
}

/* ------------------------------------------------------------------ the tracer */

enum { MOST = 128 };
struct process {
    pid_t pid;
    char path[32];
    int children;
    bool placed;   /* its parent has told us of it             */
    bool stopped;  /* waits for that                           */
    bool ours;     /* from main() until its execve(2)          */
    bool foreign;  /* after it: the command                    */
    bool reading;  /* the command waits for its byte           */
    bool inside;   /* entered a call, and has not come back    */
    bool faulted;  /* the call it is in gets our result        */
    int nr;
    unsigned short count[512];
};

struct run {
    const struct point *fault; /* NULL: none */
    struct point *census;      /* NULL: not wanted */
    int points;
    struct process process[MOST];
    int processes, alive;
    pid_t top;
    int feed;                  /* a byte through it, and the command ends */
    bool hit, killed_one;
    pid_t killed;              /* by KILL, and its end not seen yet */
    int status;                /* as a shell has it; -1: top lives */
    bool hung;
    int left;
    char *out, *err;
};

static void on_alarm(int sig) { (void)sig; }

static struct process *find(struct run *r, pid_t pid)
{
    for (int i = 0; i < r->processes; i++)
        if (r->process[i].pid == pid)
            return &r->process[i];
    if (r->processes == MOST)
        quit("too many processes");
    struct process *p = &r->process[r->processes++];
    memset(p, 0, sizeof *p);
    p->pid = pid;
    r->alive++;
    return p;
}

static void go_on(pid_t pid, int sig) { ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)sig); }

static void skip_call(pid_t pid)
{
#if defined(__x86_64__)
    ptrace(PTRACE_POKEUSER, pid, (void *)(15 * 8L), (void *)-1L); /* orig_rax */
#else
    int none = -1;
    struct iovec v = { &none, sizeof none };
    ptrace(PTRACE_SETREGSET, pid, (void *)0x404L, &v); /* NT_ARM_SYSTEM_CALL */
#endif
}

static void set_result(pid_t pid, long result)
{
#if defined(__x86_64__)
    ptrace(PTRACE_POKEUSER, pid, (void *)(10 * 8L), (void *)result); /* rax */
#else
    unsigned long regs[34];
    struct iovec v = { regs, sizeof regs };
    ptrace(PTRACE_GETREGSET, pid, (void *)1L, &v); /* NT_PRSTATUS */
    regs[0] = (unsigned long)result;
    ptrace(PTRACE_SETREGSET, pid, (void *)1L, &v);
#endif
}

static bool is_fault(const struct run *r, const struct process *p)
{
    const struct point *f = r->fault;

    if (!f || f->nr != p->nr || (r->killed_one && f->err == KILL))
        return false;
    return (strcmp(f->process, "*") == 0 || strcmp(f->process, p->path) == 0) &&
           (f->number == 0 || f->number == p->count[p->nr]);
}

/* The command's processes are let alone; of ours each call is counted, and one fails. */
static void entering(struct run *r, struct process *p, const struct syscall_info *info)
{
    p->nr = (int)info->entry.nr;
    p->inside = true;
    p->reading = p->foreign && p->nr == SYS_read && info->entry.args[0] == 0;
    if (!p->foreign && p->nr == SYS_fcntl && info->entry.args[0] == 0 &&
        info->entry.args[1] == F_GETFD)
        p->ours = true;
    if (!p->ours || p->nr < 0 || p->nr >= 512)
        return;
    p->count[p->nr]++;
    if (r->census && r->points < 8192) {
        struct point *c = &r->census[r->points++];
        memcpy(c->process, p->path, sizeof c->process);
        c->nr = p->nr;
        c->number = p->count[p->nr];
        c->plain_fork = p->nr == SYS_clone && !(info->entry.args[0] & NEW_NAMESPACES);
    }
    if (!is_fault(r, p))
        return;
    r->hit = true;
    if (r->fault->err == KILL) {
        r->killed = p->pid;
        r->killed_one = true;
        kill(p->pid, SIGKILL);
    } else {
        p->faulted = true;
        skip_call(p->pid);
    }
}

static void leaving(const struct run *r, struct process *p)
{
    p->inside = p->reading = false;
    if (p->faulted)
        set_result(p->pid, r->fault->err == LIE ? 0 : -(long)r->fault->err);
    p->faulted = false;
}

static void was_born(struct run *r, struct process *parent, pid_t pid)
{
    struct process *child = find(r, pid);

    parent = find(r, parent->pid);
    snprintf(child->path, sizeof child->path, "%.20s.%hhu", parent->path,
             (unsigned char)++parent->children);
    child->ours = parent->ours;
    child->foreign = parent->foreign;
    child->placed = true;
    if (child->stopped)
        go_on(pid, 0);
    child->stopped = false;
}

/* Is the command waiting for its byte, and everybody of ours waiting for the command? */
static bool all_wait(const struct run *r)
{
    static const int waits[] = { SYS_rt_sigtimedwait, SYS_wait4, SYS_waitid, SYS_read,
                                 SYS_ppoll,
#ifdef SYS_poll
                                 SYS_poll, SYS_pause,
#endif
    };
    bool reading = false;

    for (int i = 0; i < r->processes; i++) {
        const struct process *p = &r->process[i];
        bool waiting = p->foreign || !p->pid;
        reading |= p->pid && p->reading;
        for (size_t k = 0; k < sizeof waits / sizeof *waits; k++)
            waiting |= p->inside && p->nr == waits[k];
        if (!waiting)
            return false;
    }
    return reading;
}

static void feed(struct run *r, bool patience_is_over)
{
    if (r->status >= 0 || r->killed || !(patience_is_over || all_wait(r)))
        return;
    for (int i = 0; i < r->processes; i++)
        if (r->process[i].pid && r->process[i].reading) {
            r->process[i].reading = false;
            if (write(r->feed, "\n", 1) < 0)
                return;
        }
}

static void has_ended(struct run *r, pid_t pid, int status)
{
    struct process *p = find(r, pid);

    if (pid == r->top)
        r->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (pid == r->killed)
        r->killed = 0;
    p->pid = 0;
    r->alive--;
}

static bool is_ours(pid_t pid)
{
    char path[64], to[4096] = "";

    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    return readlink(path, to, sizeof to - 1) > 0 &&
           (strncmp(to, "/memfd:", 7) == 0 || strcmp(strrchr(to, '/'), "/minicontainer") == 0);
}

static void has_stopped(struct run *r, pid_t pid, int status)
{
    struct process *p = find(r, pid);
    int sig = WSTOPSIG(status), event = status >> 16;
    struct syscall_info info;
    unsigned long message = 0;

    if (sig == (SIGTRAP | 0x80)) {
        memset(&info, 0, sizeof info);
        ptrace((enum __ptrace_request)GET_SYSCALL_INFO, pid, (void *)sizeof info, &info);
        if (info.op == 1)
            entering(r, p, &info);
        else
            leaving(r, p);
        go_on(pid, 0);
    } else if (event == EVENT_STOP) {
        bool group = sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
        if (!p->placed)
            p->stopped = true;
        else if (group)
            ptrace((enum __ptrace_request)LISTEN, pid, NULL, NULL);
        else
            go_on(pid, 0);
    } else if (event == EVENT_FORK || event == EVENT_VFORK || event == EVENT_CLONE) {
        ptrace(PTRACE_GETEVENTMSG, pid, NULL, &message);
        was_born(r, p, (pid_t)message);
        go_on(pid, 0);
    } else if (event == EVENT_EXEC) {
        /* The first one is ours: the program itself; so is a copy of it in memory, which goes on in
         * its place, and what the doctor tries. Its main() begins anew. */
        p->foreign |= p->ours && !is_ours(pid);
        p->ours = false;
        go_on(pid, 0);
    } else {
        go_on(pid, event ? 0 : sig);
    }
}

static long long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void kill_all(struct run *r)
{
    int status;

    for (int i = 0; i < r->processes; i++)
        if (r->process[i].pid)
            kill(r->process[i].pid, SIGKILL);
    for (pid_t pid; r->alive > 0 && (pid = waitpid(-1, &status, __WALL)) != 0;) {
        if (pid < 0 && errno != EINTR)
            break;
        if (pid > 0 && !WIFSTOPPED(status))
            has_ended(r, pid, status);
        else if (pid > 0) {
            find(r, pid);
            kill(pid, SIGKILL);
        }
    }
}

/* Until all have ended. When the first has, the others have three seconds. */
static void follow(struct run *r)
{
    const int more = deadline < 3 ? deadline : 3;
    long long start = now_ms(), top_ended = 0, last = start;
    int status;

    while (r->alive > 0) {
        pid_t pid = waitpid(-1, &status, __WALL);
        long long now = now_ms();
        if (pid > 0) {
            last = now;
            if (WIFSTOPPED(status))
                has_stopped(r, pid, status);
            else
                has_ended(r, pid, status);
        } else if (errno != EINTR) {
            break;
        }
        feed(r, now - last > 400);
        if (r->status >= 0 && !top_ended)
            top_ended = now;
        if (top_ended && now - top_ended > more * 1000LL) {
            r->left = r->alive;
            break;
        }
        if (!top_ended && now - start > deadline * 1000LL) {
            r->hung = true;
            break;
        }
    }
    if (r->hung || r->left)
        for (int i = 0; i < r->processes; i++)
            if (r->process[i].pid && detailed)
                printf("  alive: %s in %s\n", r->process[i].path,
                        call_name(r->process[i].nr));
    kill_all(r);
}

/* All that a container must not get from its caller: so it is seen when a call that keeps it away
 * has failed. */
static void inherit_badly(void)
{
    static const int ignored[] = { SIGCHLD, SIGHUP, SIGUSR1, SIGPIPE };
    static const gid_t groups[] = { 4, 20 };
    sigset_t blocked;

    setsid();
    umask(077);
    setenv("SECRET", "token", 1);
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    setgroups(2, groups); /* only root can */
    int fd = open("/", O_RDONLY | O_DIRECTORY);
    if (fd >= 0 && fd != 9) {
        dup2(fd, 9);
        close(fd);
    }
}

/* The traced child: becomes COMMAND when we have it. */
__attribute__((noreturn))
static void begin(char **argv, const int in[2], int out, int err, const int go[2])
{
    char byte;

    close(go[1]);
    if (read(go[0], &byte, 1) != 1)
        _exit(99);
    dup2(in[0], 0);
    dup2(out, 1);
    dup2(err, 2);
    if (syscall(SYS_close_range, 3, ~0U, 0) < 0)
        for (int fd = 3; fd < 1024; fd++)
            close(fd);
    inherit_badly();
    if (uid >= 0 && (setresgid((gid_t)uid, (gid_t)uid, (gid_t)uid) < 0 ||
                     setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid) < 0))
        _exit(98);
    execvp(argv[0], argv);
    _exit(97);
}

/* Run COMMAND with one fault or none. */
static void run(struct run *r, char **argv, const struct point *fault, struct point *census)
{
    int in[2], go[2], out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);

    free(r->out);
    free(r->err);
    memset(r, 0, sizeof *r);
    r->fault = fault;
    r->census = census;
    r->status = -1;
    if (out < 0 || err < 0 || pipe2(in, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0)
        quit("%s", strerror(errno));
    r->feed = in[1];
    r->top = fork();
    if (r->top == 0)
        begin(argv, in, out, err, go);
    if (ptrace((enum __ptrace_request)SEIZE, r->top, NULL, (void *)(long)TRACE) < 0)
        quit("ptrace: %s", strerror(errno));
    struct process *top = find(r, r->top);
    top->placed = true;
    strcpy(top->path, "0");
    close(in[0]);
    close(go[0]);
    /* compare reads all of its input before it begins: so that ends at once. */
    for (char **word = argv; *word; word++)
        if (strcmp(*word, "compare") == 0 && in[1] >= 0) {
            close(in[1]);
            in[1] = r->feed = -1;
        }
    if (write(go[1], "g", 1) != 1 ||
        ptrace((enum __ptrace_request)0x4207 /* INTERRUPT */, r->top, NULL, NULL) < 0)
        quit("cannot start: %s", strerror(errno));
    follow(r);
    close(go[1]);
    close(in[1]);
    lseek(out, 0, SEEK_SET);
    lseek(err, 0, SEEK_SET);
    r->out = plain(slurp_fd(out));
    r->err = slurp_fd(err);
    close(out);
    close(err);
}

/* ------------------------------------------------------------------ judging */

/* Names of the calls that a message may use for one that libc makes in its place. */
static bool names_the_call(const char *said, const struct point *f)
{
    static const char *const others[][2] = {
        { "openat", "open" }, { "newfstatat", "stat" }, { "clone", "fork" }, { "pread64", "pread" },
        { "write", " > " }, { "openat", " > " }, { "rt_sigprocmask", "sigprocmask" },
        { "wait4", "waitpid" }, { "umount2", "umount" }, { "mknodat", "mknod" },
        { "fstat", "stat" }, { "mkdirat", "mkdir" }, { "openat", "cannot be read" },
        { "read", "cannot be read" }, { "pread64", "cannot be read" },
        { "openat2", "mkdirat" }, /* it was not there, so it was made: there it was */
    };
    const char *call = call_name(f->nr);

    if (strstr(said, call))
        return true;
    /* exec passes over what it cannot read in /proc, since processes come and go: so its answer is
     * that there is none, which is a cause, if not the first one. */
    if (strstr(said, "there is no running container") || strstr(said, "is in no container"))
        return true;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(others[i][0], call) == 0 && strstr(said, others[i][1]))
            return true;
    return f->err > 0 && (strstr(said, error_name(f->err)) || strstr(said, strerror(f->err)));
}

/* What the program may leave out when the kernel refuses it, each by a decision that stands in its
 * source: lines of the report that begin so may differ. */
static const char *const conveniences[] = {
    "/proc/sys/net/ipv4/ping_group_range:", /* chapter 9: ping without privilege */
    "mount / /sys/fs/cgroup ",              /* chapter 10: no cgroup v2, nothing to mount */
    "file /etc/passwd ",                    /* chapter 6: bash, or sh if that is not to be had */
};

static bool may_differ(const char *line, const struct run *r)
{
    const struct point *f = r->fault;

    for (size_t i = 0; i < sizeof conveniences / sizeof *conveniences; i++)
        if (strncmp(line, conveniences[i], strlen(conveniences[i])) == 0)
            return true;
    /* Chapter 1: who forbids this forbids keys altogether; else there is a note. */
    return strncmp(line, "keyring ", 8) == 0 && f->nr == SYS_keyctl &&
           (f->err == EPERM || f->err == ENOSYS || strstr(r->err, "note: "));
}

/* The first line of A, from *AT on, that is not in B; *AT goes behind it. NULL: there is none. */
static const char *next_difference(const char **at, const char *b, char *line, size_t size)
{
    while (**at) {
        size_t n = strcspn(*at, "\n");
        snprintf(line, size, "%.*s", (int)n, *at);
        *at += n + ((*at)[n] == '\n');
        const char *found = *line ? strstr(b, line) : b;
        while (found && *line && !((found == b || found[-1] == '\n') &&
                                   (found[n] == '\n' || !found[n])))
            found = strstr(found + 1, line);
        if (!found)
            return line;
    }
    return NULL;
}

static bool same_report(const struct run *r, const char *a, const char *b)
{
    static char line[1 << 16];

    for (int k = 0; k < 2; k++) {
        const char *at = k ? b : a;
        while (next_difference(&at, k ? a : b, line, sizeof line))
            if (!may_differ(line, r))
                return false;
    }
    return true;
}

/* The first two words of each line: the row, and whether it is shared; or the row and its id. */
static char *first_words(const char *said)
{
    struct text t = { NULL, 0 };
    char one_word[40], two[40];

    add(&t, "%s", "");
    for (; *said; said += strcspn(said, "\n"), said += *said == '\n')
        if (sscanf(said, "%39s %39s", one_word, two) == 2)
            add(&t, "%s %s\n", one_word, two);
    return t.at;
}

static bool only_poorer(const char *a, const char *b)
{
    char *x = first_words(a), *y = first_words(b);
    bool same = strcmp(x, y) == 0;

    free(x);
    free(y);
    return same;
}

/* Did the answer of doctor, look or compare itself say what had failed? doctor: each line that is
 * another one says "missing", or for whom it works. The others: one line names the call or error. */
static bool told(const struct run *r, const struct run *base)
{
    static char line[1 << 16];
    const char *at = r->out;
    bool all = true, named = false;

    while (next_difference(&at, base->out, line, sizeof line)) {
        all &= strstr(line, "\tmissing\t") || strstr(line, "\troot\t") ||
               strncmp(line, "lessons\t", 8) == 0 || names_the_call(line, r->fault);
        named |= names_the_call(line, r->fault);
    }
    return tells ? all && *r->out : named;
}

static const char *judge(const struct run *r, const struct run *base, const struct point *f,
                         const char *before, const char *after)
{
    bool named = names_the_call(r->err, f) || strstr(r->err, "cause:");

    if (r->hung)
        return "hung";
    if (r->left || strcmp(before, after) != 0)
        return "left";
    if (!r->hit)
        return "missed";
    if (r->status == base->status && same_report(r, base->out, r->out))
        return "survived";
    /* After a lie it may believe what it was told, but the world outside must be as it was. */
    if (f->err == LIE)
        return r->status == base->status || r->status == 0 ? "deceived" : "failed";
    if ((r->status == base->status || (tells && r->status == 1)) && told(r, base))
        return "failed";
    /* compare's answer has the status of what it ran. */
    if (r->status == base->status && (named || f->err == KILL) && strstr(r->out, "exit status 1"))
        return "failed";
    if (r->status == base->status && looks && only_poorer(r->out, base->out))
        return "poorer";
    if (r->status == base->status || r->status == 0)
        return "silent";
    if (f->err == KILL && (r->status > 128 || r->status == 125))
        return "failed";
    if (r->status != 125 && !((r->status == 126 || r->status == 127) && named))
        return "odd";
    if (f->nr == SYS_write && f->number == 0) /* then nobody could say a word */
        return "failed";
    if (!strstr(r->err, "minicontainer: "))
        return "mute";
    return named ? "failed" : "vague";
}

/* The lines in which two texts differ. */
static void differences(FILE *to, const char *a, const char *b)
{
    static char line[1 << 16];

    for (int k = 0; k < 2; k++) {
        const char *at = k ? b : a;
        while (next_difference(&at, k ? a : b, line, sizeof line))
            fprintf(to, "  %c %.200s\n", k ? '+' : '-', line);
    }
}

static void say_point(const struct point *p)
{
    printf("%s:%s:%d:%s", p->process, call_name(p->nr), p->number, error_name(p->err));
}

/* One fault: a line with the word for it, the fault, the status, the first line of stderr. */
static bool try_fault(char **argv, const struct point *f, const struct run *base)
{
    static struct run r;
    char *before = fingerprint();

    run(&r, argv, f, NULL);
    char *after = fingerprint();
    const char *word = judge(&r, base, f, before, after);
    bool good = in_list("survived,poorer,failed,deceived,missed", word);

    printf("%s\t", word);
    say_point(f);
    printf("\t%d\t%.*s\n", r.status, (int)strcspn(r.err, "\n"), r.err);
    if (detailed) {
        if (strcmp(word, "silent") == 0)
            differences(stdout, base->out, r.out);
        if (strcmp(word, "left") == 0)
            differences(stdout, before, after);
    }
    fflush(stdout);
    free(before);
    free(after);
    return good;
}

static bool lies(int nr)
{
    for (size_t i = 0; i < sizeof liars / sizeof *liars; i++)
        if (strcmp(liars[i], call_name(nr)) == 0)
            return true;
    return false;
}

/* Of calls that do not come back, and those of which the manual says that they always succeed, only
 * KILL makes sense. */
static bool makes_sense(const struct point *p, int err)
{
    static const char *const never[] = {
        "exit", "exit_group", "rt_sigreturn", "getpid", "getppid", "gettid", "getuid", "geteuid",
        "getgid", "getegid", "getpgrp", "umask",
        "brk", /* of the kernel's: its result is the end of the heap, never an error */
    };

    if (err == LIE) /* a fork(2) is not known to lie */
        return lies(p->nr) && !p->plain_fork;
    for (size_t i = 0; err > 0 && i < sizeof never / sizeof *never; i++)
        if (strcmp(never[i], call_name(p->nr)) == 0)
            return false;
    return err > 0 || p->number > 0;
}

/* Processes run at the same time: in an order of our own each share of the work is the same. */
static int by_process(const void *a, const void *b)
{
    const struct point *p = a, *q = b;
    int order = strcmp(p->process, q->process);

    order = order ? order : p->nr - q->nr;
    return order ? order : p->number - q->number;
}

static int sweep(char **argv, bool by_kind)
{
    static struct run base, again;
    static struct point census[8192];
    int points, tried = 0;
    bool good = true;

    run(&base, argv, NULL, census);
    points = base.points;
    qsort(census, (size_t)points, sizeof *census, by_process);
    run(&again, argv, NULL, NULL);
    if (base.hung || base.left || base.status < 0 || strcmp(base.out, again.out) != 0 ||
        base.status != again.status) {
        fprintf(stderr, "without a fault: status %d, then %d%s\n%s%s", base.status, again.status,
                base.hung ? ", hung" : base.left ? ", left" : "", base.err, again.err);
        differences(stderr, base.out, again.out);
        return 2;
    }
    for (int i = 0; i < points; i++) {
        if (only_calls && !in_list(only_calls, call_name(census[i].nr)))
            continue;
        /* Kinds: the first call of that kind stands for all. Once: the first in each process. */
        bool first = true;
        for (int k = 0; k < i && first; k++)
            first = census[k].nr != census[i].nr ||
                    (!by_kind && strcmp(census[k].process, census[i].process) != 0);
        if ((by_kind || once) && !first)
            continue;
        for (size_t e = 0; e < sizeof errors / sizeof *errors; e++) {
            struct point f = census[i];
            f.err = errors[e].err;
            if (by_kind) {
                strcpy(f.process, "*");
                f.number = 0;
            }
            if (!in_list(only_errors, errors[e].name) || !makes_sense(&f, f.err) ||
                tried++ % parts != part)
                continue;
            good &= try_fault(argv, &f, &base);
        }
    }
    return good ? 0 : 1;
}

static int census_of(char **argv)
{
    static struct run r;
    static struct point census[8192];

    run(&r, argv, NULL, census);
    for (int i = 0; i < r.points; i++)
        printf("%s\t%s\t%d\n", census[i].process, call_name(census[i].nr), census[i].number);
    fprintf(stderr, "%s", r.err);
    if (detailed)
        fprintf(stderr, "%s", r.out);
    fprintf(stderr, "status %d, %d calls, %d processes%s%s\n", r.status, r.points, r.processes,
            r.hung ? ", hung" : "", r.left ? ", left" : "");
    return r.hung || r.left;
}

static int one(const char *fault, char **argv)
{
    static struct run base;
    struct point f = { "", -1, 0, 0, false };
    char call[32], error[16];

    if (sscanf(fault, "%31[^:]:%31[^:]:%d:%15s", f.process, call, &f.number, error) != 4)
        quit("PROCESS:CALL:NUMBER:ERROR, not %s", fault);
    f.nr = call_number(call);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (strcmp(errors[i].name, error) == 0)
            f.err = errors[i].err;
    if (f.nr < 0 || f.err == 0)
        quit("unknown: %s", fault);
    detailed = true;
    run(&base, argv, NULL, NULL);
    return try_fault(argv, &f, &base) ? 0 : 1;
}

static char **options(char **argv)
{
    for (; *argv && **argv == '-'; argv++) {
        const char letter = (*argv)[1];
        if (letter == 'x')
            detailed = true;
        else if (letter == 'r')
            once = true;
        else if (letter == 't')
            tells = true;
        else if (letter == 'l')
            looks = true;
        else if (!*++argv)
            quit("-%c wants a value", letter);
        else if (letter == 'u')
            uid = atol(*argv);
        else if (letter == 's')
            deadline = atoi(*argv);
        else if (letter == 'e')
            only_errors = *argv;
        else if (letter == 'd')
            directories = *argv;
        else if (letter == 'c')
            only_calls = *argv;
        else if (letter != 'p' || sscanf(*argv, "%d/%d", &part, &parts) != 2 || parts < 1)
            quit("what is -%c?", letter);
    }
    return argv;
}

int main(int argc, char **argv)
{
    struct sigaction action = { .sa_handler = on_alarm };
    struct itimerval tick = { { 0, 50000 }, { 0, 50000 } };

    (void)argc;
    argv = options(argv + 1);
    if (!*argv)
        quit("what to do? see the head of fault.c");
    if (strcmp(*argv, "report") == 0)
        return report(!argv[1]);
    if (strcmp(*argv, "hold") == 0) {
        if (write(1, "ready\n", 6) == 6)
            for (;;)
                pause();
        return 1;
    }
    if (!argv[1])
        quit("%s what?", *argv);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &tick, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    if (strcmp(*argv, "census") == 0)
        return census_of(argv + 1);
    if (strcmp(*argv, "one") == 0 && argv[2])
        return one(argv[1], argv + 2);
    if (strcmp(*argv, "sweep") == 0 || strcmp(*argv, "kinds") == 0)
        return sweep(argv + 1, **argv == 'k');
    quit("what is %s?", *argv);
}
