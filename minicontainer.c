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
 * Two processes of ours make one; the dance of the two is most of the work:
 *
 *    parent_side(): the supervisor, outside   child_side(): inside
 *
 *  1 blocks all signals; makes two pipes,
 *    and the cgroup that has the limits (14)
 *  2 clone3(2), one flag per namespace -----> is born in its namespaces,
 *  3 writes the user map (7)                  and waits in read(2)
 *  4 "go", a message in the life pipe ------> reads it; end of file: gives up
 *  5 supervise(): waits, passes signals on    each isolation, in kernel order
 *  6                                          pivot(): the old file tree goes
 *  7                                          rights go (12), then calls (13)
 *  8                                          becomes init (3), forks COMMAND
 *  9 gives the terminal back, the status <--- ends, and all that is in there
 *
 * How to read it: PART ONE, THE CONTAINER, from top to bottom, in one evening:
 * the narrator, the request, the list of steps, the two sides above, then a
 * chapter for each isolation. PART TWO, THE WORKSHOP, has the tools around it;
 * PART THREE, DOCKER, what Docker adds. Chapter N has a lesson
 * (lessons/NN-topic) and a test. A row is an isolation that can be switched:
 * on(c, UTS) asks whether container C has that. A descriptor is a number by
 * which a process holds an open file, a pipe, a mount; it works where no path
 * leads any more. Inside is in the container; outside, the machine.
 *
 * What it promises: nothing on the machine is changed, however it ends, but
 * what you ask it to keep (16). Most of what is made are kernel objects, which
 * die with their last process: errors need no cleaning up. (But a controller
 * stays on, 14; after kill -9 cgroups, a terminal's modes.) What you ask for is
 * isolated, or refused. It teaches: hold code that you do not trust by runc.
 * Build: cc minicontainer.c -o minicontainer (Linux 5.12, libc). MIT licence.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define LENGTH(array) (sizeof (array) / sizeof *(array))

/* What an older libc, or musl, does not name (include/uapi/linux). */
#ifndef SYS_mount_setattr
#define SYS_close_range 436
#define SYS_openat2 437
#define SYS_mount_setattr 442
#endif
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#define MOVE_MOUNT_F_EMPTY_PATH 0x04
#define MOVE_MOUNT_T_EMPTY_PATH 0x40
#define MOUNT_ATTR_RDONLY 0x01
#define MOUNT_ATTR_NOSUID 0x02
#define MOUNT_ATTR_NODEV 0x04
#define MOUNT_ATTR_NOEXEC 0x08
#define FSCONFIG_SET_STRING 1
#define FSCONFIG_CMD_CREATE 6
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
enum { NO_SYMLINKS = 0x04, IN_ROOT = 0x10 }; /* RESOLVE_ of openat2(2) */
#define INTO_CGROUP 0x200000000ULL /* CLONE_INTO_CGROUP of clone3(2) */
/* Capabilities: those that this file names. NO_CAP is none. */
enum { NO_CAP = -1, CAP_DAC_READ_SEARCH = 2, CAP_KILL = 5, CAP_SETGID,
       CAP_SETUID, CAP_SYS_MODULE = 16, CAP_SYS_RAWIO, CAP_SYS_PTRACE = 19,
       CAP_SYS_PACCT, CAP_SYS_ADMIN, CAP_SYS_BOOT, CAP_SYS_NICE,
       CAP_SYS_TIME = 25, CAP_SYS_TTY_CONFIG, CAP_SYSLOG = 34, CAP_PERFMON = 38,
       CAP_BPF, KNOWN_CAPS = 41 };
/* Our exit statuses, as Docker's: we failed or refused; and as every shell's:
 * the command cannot be executed; it was not found. */
enum { OURS = 125, NOT_EXECUTABLE, NOT_FOUND };

/* =====================================================================
 * PART ONE -- THE CONTAINER
 * =====================================================================
 * THE NARRATOR: a step is written so that the code is the message.
 *
 *     say("the new UTS namespace has a copy of the names: we change it");
 *     SYS(sethostname(c->hostname, strlen(c->hostname)));
 *
 * say() is a comment that can be run. SYS(call) makes the call, checks it, and
 * with --explain tells its own source text and its result; SYSV(call, ...) also
 * the values. TRY(call) only checks, for plumbing; TRY_BUT(ERROR, call) accepts
 * one errno as an answer. put() writes a file, and tells the shell line that
 * would do it. A call that fails ends the program: failed(), in part two.
 */
struct container;
static void write_line(const char *head, const char *lines);
static const char *shown(const char *untrusted); /* no control characters */
static void pause_at(int line);
static _Noreturn void failed(const char *call, const char *values, int line);

static struct {
    bool explain;         /* --explain: tell each step                        */
    bool step;            /* --step: and ask before it                        */
    const char *who;      /* who speaks: parent, child, init                  */
    const char *head;     /* before what refuses: our name; in 23, the line   */
    pid_t pid;            /* the container's PID, as the world outside has it */
    long result;          /* of the call that SYSV() makes                    */
    struct container *running; /* parent: to be ended if we leave too early   */
} narrator = { .who = "parent", .head = "minicontainer: " };

/* printf(3) into a ring of texts that nobody frees: one of up to 8191 bytes
 * lives until some 56 KB of others have been made. errno is kept. */
__attribute__((format(printf, 1, 2)))
static char *text(const char *fmt, ...) {
    static char ring[65536], *next = ring;
    char *out = ring + sizeof ring - next < 8192 ? ring : next;
    int err = errno;
    va_list args;

    va_start(args, fmt);
    vsnprintf(out, 8192, fmt, args);
    va_end(args);
    errno = err;
    next = out + strlen(out) + 1;
    return out;
}
#define note(...) write_line("minicontainer: note: ", text(__VA_ARGS__))

/* A line of the narration: who speaks; why, call, shell (what would do the same
 * there), or now (what the kernel shows then); and the text. Where nobody hears
 * it, no text is made: so these are macros. */
static void tell_line(const char *kind, const char *line) {
    write_line(text("%-7s%-6s", narrator.who, kind), shown(line));
}
#define tell(kind, line) (narrator.explain ? tell_line(kind, line) : (void)0)

static void say_at(int line, const char *why) {
    tell("why", why);
    if (narrator.step && isatty(0) && isatty(2))
        pause_at(line);
}
#define say(...) \
    (narrator.explain ? say_at(__LINE__, text(__VA_ARGS__)) : (void)0)

/* Leave too early. By _exit(2): exit(3) would write out the stdio buffers that
 * a child has from its parent a second time. */
static void clean_up(struct container *c);
static _Noreturn void leave(int status) {
    if (narrator.running)
        clean_up(narrator.running);
    _exit(status);
}

/* What was asked for cannot be had: a line that says why, then lines that begin
 * with "  cause:  ", "  cure:   ", "  try:    ", "  lesson: ". */
static _Noreturn void refuse_with(const char *lines) {
    write_line(narrator.head, lines);
    leave(OURS);
}
#define refuse(...) refuse_with(text(__VA_ARGS__))

/* Behind SYS and TRY: go on with the result of a call, or fail. */
static int checked(long result, int answer, bool told, const char *call,
                   int line, const char *values) {
    /* clone3(2) and fork(2) return twice, 0 in the child: the parent tells. */
    bool child = narrator.explain && result == 0 &&
                 (strstr(call, "fork()") || strstr(call, "SYS_clone3"));

    if (result < 0 && errno != answer)
        failed(call, values, line);
    if (told && !child)
        tell("call", text(*values ? "%s = %ld  [%s]" : "%s = %ld", call, result,
                          values));
    return (int)result;
}
#define SYS(call) checked((call), 0, true, #call, __LINE__, "")
#define SYSV(call, ...) \
    (narrator.result = (call), \
     checked(narrator.result, 0, true, #call, __LINE__, \
             narrator.explain || narrator.result < 0 ? text(__VA_ARGS__) : ""))
#define TRY(call) checked((call), 0, false, #call, __LINE__, "")
#define TRY_BUT(err, call) checked((call), err, false, #call, __LINE__, "")

/* What a shell would type to write LINES into PATH: one line. */
static const char *shell_words(const char *lines, const char *path) {
    const char *end = strchrnul(lines, '\n');

    return text(*end ? "printf '%.*s\\n%s' > %s" : "echo '%.*s%s' > %s",
                (int)(end - lines), lines, end + (*end != '\0'), path);
}

/* Behind put(): one write(2) is one order to the kernel. MUST: or we fail. */
static void put_at(int line, bool must, const char *path, const char *lines) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, lines, strlen(lines)) >= 0;

    if (!done && must)
        failed(shell_words(lines, path), "", line);
    close(fd);
    tell("shell", text(done ? "%s" : "%s  (refused; not needed)",
                       shell_words(lines, path)));
}
#define put(path, ...) put_at(__LINE__, true, path, text(__VA_ARGS__))
#define put_if_allowed(path, value) put_at(__LINE__, false, path, value)

/* A small file as a text; "" if there is none (part two). */
static char *slurp(const char *path);

/* =====================================================================
 * 0. THE REQUEST -- what a container is made of
 * =====================================================================
 * Problem   Two programs on one machine see the same files, processes, ports.
 * Kernel    has no container: only processes, and the namespaces they are in.
 * Parent    has filled in `struct container` from the command line.
 * Child     gets a copy of it by clone3(2), as of all of the parent's memory.
 * Order     child_side() has it; the enum below is that of the chapters.
 * See it    $ ./minicontainer compare
 * Not this  a virtual machine: that has a kernel of its own. A hole in the one
 *           that containers share is a hole in every wall at once.
 * Read      lessons/00-what-is-a-container, namespaces(7)
 */

/* A set: a bit for each row, capability or signal that is in it. */
typedef uint64_t bits;
#define BIT(number) (UINT64_C(1) << (number))

enum { UTS, PID, MNT, PROC, ROOT, USER, IPC, NET, CGROUP, TIME, CAPS, SECCOMP,
       LIMITS, ROWS }; /* row UTS is chapter UTS + 2, and so on */
#define ALL_ROWS (BIT(ROWS) - 1)
enum { MEMORY, CPUS, PIDS, LIMIT_COUNT };
/* A line of a map (7): COUNT ids from INSIDE on are the ids from OUTSIDE on. */
struct map { unsigned inside, outside, count; };

/* --volume: SRC of the machine appears as DST in the container (4). */
struct volume {
    const char *src, *dst;
    bits attr; /* MOUNT_ATTR_RDONLY ... */
    int fd; /* SRC as a mount that is attached nowhere yet (4); the child's */
};

struct container {
    /* What was asked for. */
    bits rows;            /* the isolations that are on                       */
    bool init;            /* PID 1 is ours, the command is its child          */
    bool lab;             /* a practice host: all in it may be broken         */
    bool no_mask;         /* leave all of /proc and /sys open (5)             */
    bool read_only;       /* the root cannot be written                       */
    const char *hostname; /* never NULL; the container's name, too            */
    const char *image;    /* a directory; NULL: a root of the machine's files */
    char **layers;        /* or of the store: upper, work, its layers (15)    */
    const char *workdir;  /* where the command begins; NULL: where we are     */
    const char *limit[LIMIT_COUNT]; /* as the user wrote them; NULL: none     */
    long long age;        /* seconds since its "boot" (11)                    */
    bits caps;            /* the capabilities that are kept (12)              */
    struct map map[8];    /* who is who (7); no line: the default             */
    int maps;
    struct volume *volume;
    int volumes;
    const char *network[6]; /* four names; a NULL at the end (21)             */
    const char *port[9];  /* [IP:]OUT:IN, a NULL at the end (22)              */
    char **env;           /* --env NAME=VALUE, a NULL at the end; or NULL     */
    char **argv;          /* the command, a NULL at the end; NULL: a shell    */
    int (*instead)(void *with); /* a function in the place of a command       */
    void *with;

    /* While it runs. */
    pid_t pid;            /* the child, as the parent counts                  */
    int porter;           /* a pidfd of who carries calls in; 0: none (22)    */
    bool own_pids;        /* it is in another PID namespace than the parent   */
    bool own_root;        /* it has a root of its own, and so a home          */
    bits ignored;         /* signals that our caller ignored, and SIGPIPE     */
    int life[2];          /* to the child, "go"; its end: the parent is gone  */
    int news[2];          /* to the parent, a byte: what stopped the command  */
    int proc_fd;          /* the machine's /proc, opened before all mounts    */
    int children;         /* .../children in it: the numbers of our children  */
    int tty;              /* the terminal; -1: there is none                  */
    struct termios modes; /* its modes, if we were its foreground job then    */
    bool foreground;
    ino_t machine_mnt;    /* the mount namespace that we must not touch       */
    bool no_setgroups;    /* the child may not call setgroups(2) (7)          */
    int image_fd;         /* the image as a mount, attached nowhere yet       */
    int root_fd;          /* the new root (or /): paths are looked up in it   */
    dev_t own_dev;        /* our own tmpfs: here we may make directories      */
    int cgroup_fd;        /* where the child is to be born; -1: where we are  */
};

static bool on(const struct container *c, int row) {
    return c->rows & BIT(row);
}

/* The steps in the order of execution, and the chapter that each stands in. */
static bits hold_signals(struct container *c);              /*  1 parent      */
static void default_map(struct container *c);               /*    part two    */
static void make_cgroup(struct container *c);               /* 14             */
static pid_t clone_child(struct container *c);              /*  1             */
static void map_user(struct container *c);                  /*  7             */
static int supervise(struct container *c, pid_t child, bool inside); /* 1     */
static void remove_cgroup(struct container *c);             /* 14             */
static void die_with_parent(struct container *c, int sig);  /*  1 child       */
static void enter_time(struct container *c);                /* 11             */
static void enter_mnt(struct container *c);                 /*  4             */
static void become_root(struct container *c);               /*  7             */
static void enter_uts(struct container *c);                 /*  2             */
static void enter_net(struct container *c);                 /*  9             */
static int open_image(struct container *c), image_tree(struct container *c);
static void plug_cables(struct container *c), use_cables(struct container *c);
static void open_ports(struct container *c), end_porter(struct container *c);
static void build_root(struct container *c);                /*  6             */
static void enter_ipc(struct container *c);                 /*  8             */
static void enter_proc(struct container *c);                /*  5             */
static void enter_cgroup(struct container *c);              /* 10             */
static void attach_volumes(struct container *c);            /*    part two    */
static void pivot(struct container *c);                     /*  6             */
static void enter_chroot(struct container *c);              /*    part two    */
static void enter_workdir(const struct container *c);       /*    part two    */
static void fresh_environment(struct container *c);         /*    part two    */
static void furnish(struct container *c);                   /*    part two    */
static void no_new_rights(void);                            /* 12             */
static void drop_caps(struct container *c);                 /* 12             */
static void filter_calls(struct container *c);              /* 13             */
static _Noreturn void run_init(struct container *c);        /*  3             */
static _Noreturn void start_command(struct container *c);   /*  1             */
static void hold_terminal(struct container *c); /* this, and below: part two */
static void give_terminal_back(const struct container *c);
static void hand_down(const struct container *c, pid_t group); /* foreground */
static void open_children(struct container *c); /* pid off: adopt them */
static void end_orphans(struct container *c);
static void prove(const struct container *c, bits set); /* tell what we see */
static ino_t namespace_id(const char *name);        /* its identity, an inode */

/* =====================================================================
 * THE DANCE -- parent_side() and child_side()
 * =====================================================================
 * Why a "go", and why a message and not the end of the pipe? The child must not
 * run ahead of what the parent does for it: without its map it would be nobody,
 * and make no file. And the parent can die at any moment. Then the pipe ends as
 * well, and that must mean "give up", never "go".
 *
 * Who the child is outside and inside, started by user 1000, and by root:
 *     born                 1000 and 65534 (no map yet)     0 and 65534
 *     the map is written   1000 and 0                      0 and 65534
 *     become_root()        1000 and 0                      1879048192 and 0
 */

/* Child, in its namespaces. The order is that of the kernel's rules. */
static _Noreturn void child_side(struct container *c) {
    int go[2]; /* what the parent knows by then: our number; narrator.step */

    narrator.who = "child";
    narrator.running = NULL;
    TRY(close(c->life[1])); /* if we kept that end, it would never end */
    close(c->news[0]);
    if (TRY(read(c->life[0], go, sizeof go)) != sizeof go)
        _exit(OURS);
    c->pid = narrator.pid = go[0];
    narrator.step = go[1];
    die_with_parent(c, SIGKILL);
    open_children(c); /* before all mounts: there may be no /proc then */
    int here = TRY_BUT(EACCES, open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));

    if (on(c, TIME)) enter_time(c);  /* while files of /proc/self are ours */
    if (on(c, MNT)) enter_mnt(c);    /* while we may open what the caller may */
    else if (c->image)
        c->image_fd = TRY(open(c->image, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (on(c, USER)) become_root(c); /* from here on files can be made */
    die_with_parent(c, SIGKILL);     /* forgotten with our old user */
    if (on(c, UTS)) enter_uts(c);
    if (on(c, NET)) enter_net(c);
    if (on(c, ROOT)) build_root(c);  /* before all that is mounted in it */
    if (on(c, IPC)) enter_ipc(c);
    if (on(c, PROC)) enter_proc(c);  /* while the old /proc is in sight */
    if (on(c, CGROUP)) enter_cgroup(c); /* into the new /sys */
    attach_volumes(c);               /* over all of it, as the user wants */
    if (on(c, ROOT)) pivot(c);       /* the last: it needs CAP_SYS_ADMIN ... */
    else if (c->image) enter_chroot(c);
    else if (on(c, MNT) && fchdir(here) < 0) /* mount_at() has left it */
        TRY(chdir("/"));             /* (our new user may not enter there) */
    if (on(c, PID)) say("pid: clone3(2) has made us number 1, nothing to do");
    prove(c, BIT(PID) | BIT(MNT) | BIT(ROOT) | BIT(PROC));
    enter_workdir(c);
    fresh_environment(c);            /* an init stays, with our memory */
    if (c->lab) furnish(c);
    close(here);                     /* what leads out of here is not kept */
    close(c->root_fd);
    close(c->proc_fd);
    close(c->cgroup_fd);
    no_new_rights();                 /* no_new_privs, which the filter wants */
    if (on(c, CAPS)) drop_caps(c);   /* ... which goes here */
    if (on(c, SECCOMP)) filter_calls(c); /* last: it forbids such calls */
    if (c->init) run_init(c);
    start_command(c);
}

/* Parent, outside, as the user who called us. Returns the exit status. */
static int parent_side(struct container *c) {
    bits before = hold_signals(c);

    c->tty = c->image_fd = c->root_fd = c->cgroup_fd = -1;
    c->own_pids |= on(c, PID);       /* (or our `exec` has joined one)        */
    c->own_root |= on(c, ROOT);
    hold_terminal(c);
    TRY(pipe2(c->life, O_CLOEXEC));
    TRY(pipe2(c->news, O_CLOEXEC));
    c->machine_mnt = namespace_id("mnt");
    open_children(c);
    narrator.running = c; /* from here on there is something to end */
    if (on(c, USER)) default_map(c);
    if (on(c, LIMITS)) make_cgroup(c); /* first: the child is born in it */
    c->pid = clone_child(c);
    if (c->pid == 0)
        child_side(c);
    narrator.pid = c->pid;
    prove(c, BIT(LIMITS));
    if (c->init)                     /* a process group of its own (1) */
        TRY_BUT(ESRCH, setpgid(c->pid, c->pid));
    if (on(c, USER)) map_user(c);    /* the child may write one line only (7) */
    plug_cables(c);                  /* when somebody is root over there      */
    open_ports(c);                   /* and last: nothing has begun there yet */
    say("go: the child takes it from here, we wait for its end");
    int go[2] = { c->pid, narrator.step }; /* (--step may have ended) */
    hand_down(c, c->pid);
    TRY(write(c->life[1], go, sizeof go));
    int status = supervise(c, c->pid, false);
    c->pid = 0;                      /* it has ended: no number of ours now */
    clean_up(c);
    TRY(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, 8));
    return status;
}

/* Parent, on every way out: leave nothing behind (descriptors end with us). */
static void clean_up(struct container *c) {
    narrator.running = NULL;
    if (c->pid > 0) {
        kill(c->pid, SIGKILL);
        waitpid(c->pid, NULL, 0);
    }
    end_porter(c); /* first: to end_orphans() it would be one, with pid off */
    end_orphans(c);
    if (on(c, LIMITS))
        remove_cgroup(c);
    give_terminal_back(c);
}

/* =====================================================================
 * 1. FIRST CONTAINER -- a child, its supervisor, and the command
 * =====================================================================
 * Problem   Who starts a program must answer for its signals, status, terminal.
 * Kernel    fork, wait, exec; process groups; one of them has the terminal.
 * Parent    the supervisor: holds all signals, waits, passes them on.
 * Child     clean_start(), then execve(2): the child *becomes* the command.
 * Order     PR_SET_PDEATHSIG after the change of user, which clears it.
 * See it    $ ./minicontainer run --explain -- true
 * Not this  a daemon: dockerd has runc started, and that does what we do.
 * Read      lessons/01-first-container, credentials(7), signal(7), prctl(2)
 *
 * The life pipe. A parent can die at any moment, by kill -9 as well, and then
 * nothing of the container may live on. The kernel takes a wish for that
 * (PR_SET_PDEATHSIG: a signal when my parent dies), with two holes: it is
 * forgotten with a change of user, and comes too late for a parent that is dead
 * already. The pipe has none, but tells only who looks: when its writing end
 * has no holder any more, the reading end says so. So we wish, then look.
 *
 * A process group is what a shell calls a job. A terminal has one job in its
 * foreground: ^C and ^Z go to all of that, and another job that reads is
 * stopped. kill(0, SIG) means "all of my group", whatever the PID namespace. So
 * init leads a group of its own, and the command another: from in there "my
 * group" is never our caller's job, and ^C is not for init. If the caller's job
 * is in the foreground, we hand the terminal down (in a pipeline, if the
 * command asks); else not: `run &` leaves the shell alone, and a command that
 * reads is stopped, and we, till `fg`. Docker gives a container a session and a
 * pseudo-terminal of its own, and copies each byte: ten times the code. Here
 * the command could type into the caller's terminal (TIOCSTI), but for 13.
 */

/* Signals are held (blocked) and fetched, so that none is lost and no code of
 * ours runs in a handler. What our caller ignores (nohup) we ignore, too. By
 * bare calls: libc hides 32 and 33. ACTION: handler, flags, restorer, mask. */
static bits hold_signals(struct container *c) {
    uint64_t action[4];
    bits before;

    signal(SIGPIPE, SIG_IGN); /* a write to a closed pipe is just an error */
    for (int sig = 1; sig <= 64; sig++) {
        TRY(syscall(SYS_rt_sigaction, sig, NULL, action, 8));
        if (action[0] == (uintptr_t)SIG_IGN)
            c->ignored |= BIT(sig - 1);
    }
    bits held = ~c->ignored;
    TRY(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &held, &before, 8));
    return before;
}

/* The flags. TIME is made by the child (11). Other rows are no namespaces. */
static const struct { bits flag; const char *name; } namespaces[ROWS] = {
    [UTS] = { CLONE_NEWUTS, "CLONE_NEWUTS" },    [PID] = { CLONE_NEWPID, "CLONE_NEWPID" },
    [MNT] = { CLONE_NEWNS, "CLONE_NEWNS" },      [USER] = { CLONE_NEWUSER, "CLONE_NEWUSER" },
    [IPC] = { CLONE_NEWIPC, "CLONE_NEWIPC" },    [NET] = { CLONE_NEWNET, "CLONE_NEWNET" },
    [TIME] = { CLONE_NEWTIME, "CLONE_NEWTIME" }, [CGROUP] = { CLONE_NEWCGROUP, "CLONE_NEWCGROUP" },
};

/* Parent: one call makes the child and all its namespaces, the user namespace
 * first, so that the others belong to it. runc goes step by step: unshare(2)
 * for the user namespace, its map, unshare(2) for the rest, two forks, as a PID
 * namespace is for children only. Here is one child, and no half-made state to
 * be caught in. As after fork(2) it has a copy of our memory, and sees 0. */
static pid_t clone_child(struct container *c) {
    struct {
        uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack,
                 stack_size, tls, set_tid, set_tid_size, cgroup;
    } args = { .exit_signal = SIGCHLD };
    const char *names = "";

    for (int row = 0; row < ROWS; row++)
        if (on(c, row) && namespaces[row].flag && row != TIME) {
            args.flags |= namespaces[row].flag;
            names = text("%s%s|", names, namespaces[row].name);
        }
    if (c->cgroup_fd >= 0) {
        args.flags |= INTO_CGROUP;
        args.cgroup = (uint64_t)c->cgroup_fd;
        names = text("%sCLONE_INTO_CGROUP|", names);
    }
    say("one call makes the child, and all namespaces that were asked for");
    return SYSV(syscall(SYS_clone3, &args, sizeof args), "%sSIGCHLD", names);
}

/* Child: get SIG when the parent dies; and if it is dead already, end. */
static void die_with_parent(struct container *c, int sig) {
    TRY(prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0));
    if (TRY(poll(&(struct pollfd){ .fd = c->life[0] }, 1, 0)) > 0)
        _exit(OURS);
}

/* A signal has come, to the parent or to init: part two, JOB CONTROL. */
static void pass_on(struct container *c, const struct signalfd_siginfo *s);
static void pass_in(const struct container *c, pid_t command, int sig);
static void stop_too(const struct container *c, int sig);

/* Parent: wait for the child; `news` says: it was stopped. INSIDE, init: wait
 * for the command, reap all; `life` ends: the parent is gone. Its status. */
static int supervise(struct container *c, pid_t child, bool inside) {
    bits held = ~c->ignored;
    int status, fd = TRY(syscall(SYS_signalfd4, -1, &held, 8, SFD_CLOEXEC));
    struct pollfd wake[] = { { fd, POLLIN, 0 },
                             { inside ? c->life[0] : c->news[0], POLLIN, 0 } };
    struct signalfd_siginfo s;
    unsigned char sig;

    for (;;) {
        pid_t pid;
        while ((pid = TRY(waitpid(-1, &status, WNOHANG | WUNTRACED))) > 0) {
            sig = WIFSTOPPED(status) ? (unsigned char)WSTOPSIG(status) : 0;
            if (pid == child && sig && inside)
                TRY_BUT(EPIPE, write(c->news[1], &sig, 1));
            if (pid == child && sig && !inside && c->init)
                kill(child, SIGCONT); /* an init that stops would be deaf */
            if (pid == child && !sig) {
                close(fd);
                return WIFEXITED(status) ? WEXITSTATUS(status)
                                         : 128 + WTERMSIG(status);
            }
        }
        TRY_BUT(EINTR, poll(wake, LENGTH(wake), -1));
        if (wake[1].revents && inside)
            return OURS; /* the parent is gone: end, and all with us */
        if (wake[1].revents && read(c->news[0], &sig, 1) == 1)
            stop_too(c, sig);
        if (!(wake[0].revents & POLLIN))
            continue;
        TRY(read(fd, &s, sizeof s));
        if (inside && s.ssi_signo != SIGCHLD)
            pass_in(c, child, (int)s.ssi_signo);
        else if (s.ssi_signo != SIGCHLD)
            pass_on(c, &s);
    }
}

/* No descriptor above 2 (4: execve(2) closes it) and no ignored signal. */
static void clean_start(const struct container *c) {
    static const uint64_t zeros[4]; /* the default action; an empty mask */

    say("a clean start: no signals and no descriptors of the caller's");
    for (int sig = 1; sig <= 64; sig++)
        if (c->ignored & BIT(sig - 1))
            TRY(syscall(SYS_rt_sigaction, sig, zeros, NULL, 8));
    TRY(syscall(SYS_rt_sigprocmask, SIG_SETMASK, zeros, NULL, 8));
    TRY(syscall(SYS_close_range, 3, ~0U, 4));
}

/* Last step of every child. Told before it is done: if it works, nobody is left
 * to tell. (glibc's execvp(3) gives a script without #! to sh.) */
static _Noreturn void explain_exec(const struct container *c, const char *name);
static void start_command(struct container *c) {
    static char *bash[] = { "bash", "--norc", NULL }, *sh[] = { "sh", NULL };

    if (c->instead) /* look, compare: a function of ours */
        _exit(c->instead(c->with));
    clean_start(c);
    if (!c->argv) /* --norc: the prompt shall be ours */
        c->argv = access("/bin/bash", X_OK) == 0 ? bash : sh;
    tell("call", text("execvp(c->argv[0], c->argv)  [\"%s\"]", c->argv[0]));
    execvp(c->argv[0], c->argv);
    explain_exec(c, c->argv[0]);
}

/* =====================================================================
 * 2. UTS -- a host name of its own                                --uts
 * =====================================================================
 * Problem   In a plain child, sethostname(2) renames the machine for all.
 * Kernel    CLONE_NEWUTS copies two names: the host's, and the NIS domain's.
 * Parent    CLONE_NEWUTS, in clone_child().
 * Child     sethostname(2).
 * Order     after user, which gives the right; before caps, which remove it.
 * See it    $ ./minicontainer compare uts -- hostname oops
 * Not this  /etc/hostname is a file, DNS a service: no namespace touches them.
 * Read      lessons/02-uts, uts_namespaces(7), sethostname(2)
 */
static void enter_uts(struct container *c) {
    say("the new UTS namespace has a copy of the names: we change the copy");
    SYSV(sethostname(c->hostname, strlen(c->hostname)), "\"%s\"", c->hostname);
    prove(c, BIT(UTS));
}

/* =====================================================================
 * 3. PID -- process numbers of its own                            --pid
 * =====================================================================
 * Problem   A plain child can name, and so end, all processes of its user.
 * Kernel    A process has a number in its namespace, and one in each outside.
 * Parent    CLONE_NEWPID: no number ever changes, so it begins with a child.
 * Child     is born as number 1, and stays as init; the command is its child.
 * Order     with clone3(2), before any fork.
 * See it    $ ./minicontainer compare pid
 * Not this  /proc: it shows the namespace it was mounted for (5).
 * Read      lessons/03-pid, pid_namespaces(7)
 *
 * PID 1 is special. When it ends, the kernel kills all the others. Who loses
 * its parent gets it as the new one; and a process that has ended is a zombie
 * until its parent waits: a command that does not expect that piles them up.
 * PID 1 is spared: a signal that it has no handler for is dropped, from inside
 * SIGKILL as well. So it is deaf to ^C, and docker stop waits ten seconds.
 *
 * So an init of ours is PID 1 (docker run --init): it waits for all, hears
 * every signal, and gives it to the command, an ordinary process that is ended
 * by it. Its wish to die with the parent cannot be taken back: nobody in here
 * may trace it, and it never changes its user. With --no-init the command is
 * PID 1, in our caller's group: so ^C reaches us, too, and the third one ends
 * it. But the command can take its wish back, and outlive a killed supervisor.
 */

/* Child: becomes init, and forks the command. Where pid is off it must live to
 * end all below it when the parent is gone: so its wish is SIGCONT. By vfork(2)
 * the command has our memory till its execve(2), and we stand still: quicker,
 * but not where ^Z could stop it, two speak, or a function of ours runs. */
static void set_name(const char *name);
static void run_init(struct container *c) {
    static bool lend; /* in no register: those the child may overwrite */
    int turn[2];

    lend = c->tty < 0 && !narrator.explain && !c->instead;
    narrator.who = "init";
    say(c->own_pids ? "an init stays: it reaps orphans; the command is a child"
                    : "no PID namespace: an init that catches orphans stays");
    /* Who may trace us (ptrace(2)) can undo our wish, and write /proc/1/exe
     * (CVE-2019-5736). In a lab all may be broken. */
    TRY(prctl(PR_SET_DUMPABLE, c->lab, 0, 0, 0));
    die_with_parent(c, c->own_pids ? SIGKILL : SIGCONT);
    set_name(c->lab ? "lab" : "init");
    TRY(pipe2(turn, O_CLOEXEC));
    pid_t init = getpid(), command = lend ? TRY(vfork()) : SYS(fork());
    if (command == 0) {
        narrator.who = "child";
        TRY(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
        if (getppid() != init) /* it died before the wish was made */
            _exit(OURS);
        TRY(close(turn[1])); /* its end is our turn: we are in our group then */
        TRY(lend ? setpgid(0, 0)
                 : poll(&(struct pollfd){ .fd = turn[0] }, 1, -1));
        start_command(c);
    }
    TRY_BUT(lend ? EACCES : 0, setpgid(command, command));
    hand_down(c, command);
    TRY(close(turn[1]));
    int status = supervise(c, command, true);
    end_orphans(c);
    if (tcgetpgrp(c->tty) == command) /* some of it live on */
        tcsetpgrp(c->tty, getpgrp());
    _exit(status);
}

/* =====================================================================
 * 4. MNT -- a table of mounts of its own                          --mnt
 * =====================================================================
 * Problem   A mount(2) in a plain child changes the file tree of everybody.
 * Kernel    A mount namespace is a table: which file system is attached where.
 *           CLONE_NEWNS, the first of the flags (2002), copies all of it.
 * Parent    remembers which table is the machine's.
 * Child     makes sure that it has left that one; cuts the ties of the copy.
 * Order     before our user changes: what the caller may open, we may now.
 * See it    $ ./minicontainer compare mnt
 * Not this  the files: both tables point to the same file systems (6).
 * Read      lessons/04-mnt, mount_namespaces(7), open_tree(2), openat2(2)
 *
 * A bind mount shows a directory a second time. A mount can be shared: what is
 * mounted below it then appears in all copies of the table, outside as well.
 * systemd makes all shared; so the first call in a new table makes all private.
 *
 * Read-only is no wall against the container's root: mounts that were made in
 * its own table it may remount. So CAP_SYS_ADMIN goes, by row caps (12).
 *
 * Descriptors, not paths: between two looks at a path, its owner can put a
 * link or another directory there. A mount of ours is a descriptor, attached
 * nowhere; openat2(2) finds the place, with the new root as /, and a symbolic
 * link as an error: no image can lead us out, however it is changed meanwhile.
 */

/* Restrict the mount at PATH (below AT) by ATTR. WHOLE: all that is mounted
 * below it, too; and a PATH of "" is AT itself. mount_setattr(2) */
#define WHOLE (AT_EMPTY_PATH | AT_RECURSIVE)
static void restrict_mount(int at, const char *path, int flags, bits attr) {
    struct { uint64_t set, clear, propagation, fd; } change = { .set = attr };

    SYSV(syscall(SYS_mount_setattr, at, path, flags, &change, sizeof change),
         "%s%s", *path ? path : "a mount",
         attr & MOUNT_ATTR_RDONLY ? ", read-only" : "");
}

/* PATH and all mounted below it, as a mount that is attached nowhere yet. */
static int clone_mount(const char *path) {
    unsigned flags = OPEN_TREE_CLONE | O_CLOEXEC | AT_RECURSIVE;

    return SYSV(syscall(SYS_open_tree, AT_FDCWD, path, flags), "%s", path);
}

/* A new file system, likewise. 1 is CLOEXEC. fsopen(2), fsmount(2) */
static int new_mount(const char *type, unsigned attr, const char *options) {
    int fs = TRY(syscall(SYS_fsopen, type, 1));
    char *save, *key = strtok_r(text("%s", options), " ", &save);

    for (; key; key = strtok_r(NULL, " ", &save)) {
        char *value = strchr(key, '=');
        *value++ = '\0';
        TRY(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, key, value, 0));
    }
    TRY(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
    int fd = SYSV(syscall(SYS_fsmount, fs, 1, attr), "%s", type);
    close(fs);
    return fd;
}
/* The machine's /proc has these flags; so must that of a user namespace. */
#define BARE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* PATH (without its first slash) below the new root, or -1. openat2(2) */
static int look_up(const struct container *c, const char *path) {
    struct { uint64_t flags, mode, resolve; } how = {
        O_PATH | O_CLOEXEC, 0, IN_ROOT | NO_SYMLINKS };

    return (int)syscall(SYS_openat2, c->root_fd, path, &how, sizeof how);
}

/* Attach mount FD at PATH, and stand in it (for relative paths). False: the
 * image has no such place; our own root has all. */
static bool mount_at(const struct container *c, int fd, const char *path) {
    int at = look_up(c, path);

    if (at < 0 && (errno != ENOENT || c->own_dev))
        failed("openat2(c->root_fd, path, NO_SYMLINKS)", path, __LINE__);
    if (at < 0) {
        note("%s has no /%s: left out", c->image ? c->image : "this", path);
        close(fd);
        return false;
    }
    SYSV(syscall(SYS_move_mount, fd, "", at, "",
                 MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
         "/%s", path);
    TRY_BUT(ENOTDIR, fchdir(fd)); /* (a volume may be a file) */
    close(fd);
    close(at);
    return true;
}

/* Child, still as the caller's user; in the new mount namespace. */
static void enter_mnt(struct container *c) {
    /* The promise of this program: not one mount in the machine's table. */
    if (!c->machine_mnt || namespace_id("mnt") == c->machine_mnt)
        refuse("still in the machine's mount namespace: nothing is mounted");
    say("cut the copy's ties: no mount of ours may travel back");
    SYS(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    if (c->image)
        c->image_fd = open_image(c);
    for (int i = 0; i < c->volumes; i++)
        c->volume[i].fd = clone_mount(c->volume[i].src);
    c->root_fd = TRY(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/* =====================================================================
 * 5. PROC -- a view of processes and devices of its own          --proc
 * =====================================================================
 * Problem   ps(1) reads /proc, and the old one shows the processes outside.
 * Kernel    A /proc shows the PID namespace of who mounted it; /sys, the net's.
 * Parent    nothing.
 * Child     mounts /proc and /sys anew; covers what is not its own (masks).
 * Order     after root made the tree; while the old /proc is there: a user
 *           namespace may mount a new one only if it sees one without masks.
 * See it    $ ./minicontainer compare proc
 * Not this  a namespace: there is no CLONE_NEWPROC. It is mounts.
 * Read      lessons/05-proc, proc(5), sysfs(5)
 *
 * Why a fresh /sys only with net? A user namespace may mount one only for a
 * network namespace that it owns: /sys shows interfaces. Why masks, if root
 * inside is nobody outside (7)? The map is not always there (--no-user, --map
 * 0:0:1), and some of these files say too much to anybody. (Under a mask no
 * new user namespace may mount a fresh /proc: so the lab has none.)
 */
static void mask_paths(const struct container *c, const char *tree);
static void enter_proc(struct container *c) {
    say("a fresh /proc shows the PID namespace of who mounts it: ours");
    if (mount_at(c, new_mount("proc", BARE, ""), "proc")) {
        if (on(c, NET)) /* who may use ping(1) without privilege: we (9) */
            put_if_allowed("sys/net/ipv4/ping_group_range", "0 0");
        mask_paths(c, "/proc");
    }
    say(on(c, NET) ? "a fresh /sys lists the interfaces of our own network"
                   : "the network is the machine's, so /sys stays that, too");
    int sys = on(c, NET) ? new_mount("sysfs", BARE | MOUNT_ATTR_RDONLY, "")
                         : clone_mount("/sys");
    if (!on(c, NET))
        restrict_mount(sys, "", WHOLE, MOUNT_ATTR_RDONLY);
    if (mount_at(c, sys, "sys"))
        mask_paths(c, "/sys");
}

/* =====================================================================
 * 6. ROOT -- a file tree of its own                              --root
 * =====================================================================
 * Problem   With a mount table of its own, a process still sees every file.
 * Kernel    pivot_root(2) makes another mount the root of the namespace; the
 *           old one can then be detached, and no path leads there any more.
 * Parent    nothing.
 * Child     builds a tree (of the machine's own /usr, or --image), and pivots.
 * Order     after user: only a mapped user makes files. The pivot last of all
 *           mounts: it needs CAP_SYS_ADMIN, and they need the old tree.
 * See it    $ ./minicontainer compare root
 * Not this  chroot(2): root leaves that by another one, and chdir("..").
 * Read      lessons/06-root, pivot_root(2), tmpfs(5)
 *
 * A directory with all that a program needs is a root file system; an image is
 * more (16). Why build it at /tmp? A new root must be a mount point below the
 * old one: all may enter /tmp, and it is covered for us alone.
 */
#define NEW_ROOT "/tmp"

/* Child. root_fd leads to the new tree from here on. */
static void build_default_root(struct container *c, const char *resolv_conf);
static void build_dev(const struct container *c);
static void build_root(struct container *c) {
    /* Read first: it may lie in /tmp. */
    const char *resolv_conf = c->image ? "" : slurp("/etc/resolv.conf");

    say("the new tree is built at " NEW_ROOT ", where nobody else sees it");
    int old = c->root_fd, new = c->image ? image_tree(c)
        : new_mount("tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
                    "source=minicontainer mode=755 size=512m");
    SYSV(syscall(SYS_move_mount, new, "", AT_FDCWD, NEW_ROOT,
                 MOVE_MOUNT_F_EMPTY_PATH), "%s", c->image ? c->image : "tmpfs");
    TRY(fchdir(new));
    c->root_fd = new;
    close(old);
    if (c->image) /* no devices but ours, whatever mknod(2) makes */
        restrict_mount(new, "", WHOLE, MOUNT_ATTR_NODEV |
                       (c->read_only ? MOUNT_ATTR_RDONLY : 0));
    else
        build_default_root(c, resolv_conf);
    build_dev(c);
    if (!on(c, PROC)) { /* what proc would make new is shown as it is outside */
        mount_at(c, clone_mount("/proc"), "proc");
        mount_at(c, clone_mount("/sys"), "sys");
    }
}

/* Child: the old tree goes. pivot_root(2) wants the new root, and a place in
 * it for the old one; it takes "." for both, and no directory is needed: then
 * the old root lies on top, and is ".". MNT_DETACH takes it away, for good.
 *
 *     before         pivot_root(".", ".")      umount2(".", MNT_DETACH)
 *     /  old root    /  new root               /  new root
 *     /tmp  new         (old root on top)
 */
static void pivot(struct container *c) {
    say("the new tree becomes /, and the old one goes out of reach");
    TRY(fchdir(c->root_fd));
    SYS(syscall(SYS_pivot_root, ".", "."));
    SYS(umount2(".", MNT_DETACH));
    SYS(chdir("/"));
    if (c->read_only && !c->image)
        restrict_mount(AT_FDCWD, "/", 0, MOUNT_ATTR_RDONLY);
}

/* =====================================================================
 * 7. USER -- user numbers of its own                             --user
 * =====================================================================
 * Problem   All that is privileged needs root, and root may do everything.
 * Kernel    A user namespace maps user numbers: 0 inside can be 1000 outside.
 *           Its first process has all power (12), over what belongs to it.
 * Parent    CLONE_NEWUSER, in clone_child(); then writes the maps.
 * Child     waits until that is done, then becomes user 0.
 * Order     the kernel makes it first of all, so that the others belong to it.
 * See it    $ ./minicontainer run --only user -- id
 * Not this  a password, a login, /etc/passwd: names are a matter of files.
 * Read      lessons/07-user, user_namespaces(7), credentials(7)
 *
 *     an ordinary user                   real root
 *     inside   0        1 ...            inside   0          1 ...
 *              |        (no one)                  |          |
 *     outside  1000                      outside  1879048192 1879048193 ...
 *
 * For real root, 0 inside is not 0 outside: else all that is root's would be
 * open to root inside, /etc/shadow and /proc/sys. It is the first of 65536
 * that nobody owns: useradd(8) gives out ranges up to 600100000, systemd from
 * 524288 to 1879048191; ours lies above both, and in no line of /etc/subuid.
 *
 * Why does the parent write the map? The child may write one line, of its own
 * number; a range, only who has CAP_SETUID over the namespace outside.
 * "Rootless" stands on this row: all may make it, and its root all the others.
 */

/* Parent; the child waits. Who leaves a group may gain by it (a file that is
 * closed to that group): so the kernel takes a map of groups without privilege
 * only after setgroups(2) was given up. For more than their own number ordinary
 * users need newuidmap(1), which is setuid. */
static char *map_lines(const struct container *c, bool groups);
static bool may_map(const struct container *c, bool groups);
static void map_by_helper(const struct container *c, bool groups);
static void map_user(struct container *c) {
    say("who is 0 inside? The map says which numbers outside stand behind it");
    if (c->no_setgroups)
        put(text("/proc/%d/setgroups", c->pid), "deny");
    for (int groups = 0; groups <= 1; groups++)
        if (may_map(c, groups))
            put(text("/proc/%d/%cid_map", c->pid, "ug"[groups]), "%s",
                map_lines(c, groups));
        else
            map_by_helper(c, groups);
}

/* Child. It has had all capabilities since the clone; but who has no
 * number inside can own no file (EOVERFLOW). Where setgroups(2) is denied, the
 * caller's further groups stay: what they may read can be read here. */
static void become_root(struct container *c) {
    say("the map is written: %s becomes user 0 of its namespace", c->hostname);
    SYS(setresgid(0, 0, 0));
    SYS(setresuid(0, 0, 0));
    if (!c->no_setgroups)
        TRY(setgroups(0, NULL));
    prove(c, BIT(USER));
}

/* =====================================================================
 * 8. IPC -- message queues and shared memory of its own           --ipc
 * =====================================================================
 * Problem   System V objects and POSIX queues belong to no file: all see them.
 * Kernel    An IPC namespace has its own set, which ends with its last process.
 * Parent    CLONE_NEWIPC, in clone_child().
 * Child     a mount on /dev/mqueue, a view of the POSIX queues.
 * Order     the mount after root: it lies in the new /dev.
 * See it    $ ./minicontainer compare ipc -- ipcs -q
 * Not this  /dev/shm is a file system: that is mnt's. Pipes: in no namespace.
 * Read      lessons/08-ipc, ipc_namespaces(7), sysvipc(7), mq_overview(7)
 */
static void enter_ipc(struct container *c) {
    say("ipc: clone3(2) with CLONE_NEWIPC has done it");
    if (on(c, MNT))
        mount_at(c, new_mount("mqueue", BARE, ""), "dev/mqueue");
    prove(c, BIT(IPC));
}

/* =====================================================================
 * 9. NET -- a network of its own                                  --net
 * =====================================================================
 * Problem   Two servers want port 8000. One gets it.
 * Kernel    A network namespace has its own interfaces, addresses, routes,
 *           ports, abstract sockets. A new one has only `lo`, and that is down.
 * Parent    CLONE_NEWNET, in clone_child().
 * Child     sets `lo` up. (A way out takes a second interface, as in Docker.)
 * Order     after user: the right to do it comes from there.
 * See it    $ ./minicontainer compare net
 * Not this  sockets with a path, like /run/docker.sock: they are files.
 * Read      lessons/09-net, network_namespaces(7), netdevice(7)
 */
static void enter_net(struct container *c) {
    struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
    int fd = TRY(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

    say("%s has a new network: only lo is in it, and down; set it up",
        c->hostname);
    SYSV(ioctl(fd, SIOCSIFFLAGS, &lo), "ip link set lo up");
    use_cables(c);
    close(fd);
    if (!on(c, PROC)) /* ping(1) without privilege; else by our own /proc (5) */
        put_if_allowed("/proc/sys/net/ipv4/ping_group_range", "0 0");
    prove(c, BIT(NET));
}

/* =====================================================================
 * 10. CGROUP -- a view of the cgroup tree of its own           --cgroup
 * =====================================================================
 * Problem   /proc/self/cgroup tells names of services, users, containers.
 * Kernel    A cgroup namespace makes our group the root of the view.
 * Parent    CLONE_NEWCGROUP, in clone_child().
 * Child     mounts the tree as it sees it on /sys/fs/cgroup, read-only.
 * Order     after we are in the group that shall be its root; after proc: /sys.
 * See it    $ ./minicontainer compare cgroup
 * Not this  a limit (14): the namespace hides a path, and holds nothing back.
 * Read      lessons/10-cgroup, cgroup_namespaces(7), cgroups(7)
 */
static void enter_cgroup(struct container *c) {
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;
    int at = on(c, PROC) && on(c, NET) ? look_up(c, "sys/fs/cgroup") : -1;

    say("the cgroup that we stand in is the root of what we see of the tree");
    if (at >= 0) { /* without cgroup v2 on the machine this may fail */
        TRY(fchdir(at));
        int result = mount("cgroup2", ".", "cgroup2", flags, NULL);
        tell("call", text("mount(\"cgroup2\", \".\", ...) = %d", result));
    }
    close(at);
    prove(c, BIT(CGROUP));
}

/* =====================================================================
 * 11. TIME -- clocks of its own                                  --time
 * =====================================================================
 * Problem   uptime(1) tells a container how long the machine has been up.
 * Kernel    A time namespace adds an offset to the clocks that count from boot.
 * Parent    nothing: clone3(2) makes a first process, which freezes it at 0.
 * Child     unshare(2), which makes it for our *children*; writes the offsets;
 *           then setns(2), which enters it ourselves.
 * Order     the child's first: as another user, it may not write /proc/self.
 * See it    $ ./minicontainer compare time -- uptime -p
 * Not this  the date: CLOCK_REALTIME is one for the whole machine.
 * Read      lessons/11-time, time_namespaces(7)
 */
static void enter_time(struct container *c) {
    struct timespec monotonic, boottime;
    long long old[2] = { 0, 0 };

    say("a time namespace is for our children: make it, set it, enter it");
    SYS(unshare(CLONE_NEWTIME));
    /* Our clocks are the machine's with the old offsets, which a lab has. */
    sscanf(slurp("/proc/self/timens_offsets"),
           "monotonic %12lld %*d boottime %12lld", &old[0], &old[1]);
    TRY(clock_gettime(CLOCK_MONOTONIC, &monotonic));
    TRY(clock_gettime(CLOCK_BOOTTIME, &boottime));
    put("/proc/self/timens_offsets", "monotonic %lld 0\nboottime %lld 0",
        old[0] + c->age - (long long)monotonic.tv_sec,
        old[1] + c->age - (long long)boottime.tv_sec);
    int fd = TRY(open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC));
    SYS(setns(fd, CLONE_NEWTIME));
    close(fd);
    prove(c, BIT(TIME));
}

/* =====================================================================
 * 12. CAPS -- the pieces of root's power                         --caps
 * =====================================================================
 * Problem   A server that is root for port 80 may load modules and mount, too.
 * Kernel    Root's power is cut into some forty capabilities. Each process has
 *           five sets of them; each privileged call asks for one of them.
 * Parent    nothing.
 * Child     drops all but those that Docker keeps: power over its own files,
 *           users and ports (`source capabilities`: all 41, and why).
 * Order     after everything that needs a right (the pivot: CAP_SYS_ADMIN).
 * See it    $ ./minicontainer compare caps
 * Not this  the number of the user: id(1) still says 0. And no namespace.
 * Read      lessons/12-caps, capabilities(7), capget(2), prctl(2)
 *
 *     effective     what the kernel asks for              those that are kept
 *     permitted     what may be made effective            the same
 *     inheritable   for files that want it as well        none
 *     ambient       kept by users that are not 0          none
 *     bounding      what execve(2) can add at most        those that are kept
 *
 * Root that starts a program may get all of the bounding set: so that is cut,
 * too, and in this user namespace nothing comes back. (A new one begins with
 * all: seccomp closes that door, 13.) Why drop power over nothing but the
 * container's own namespaces? Each piece is a door to kernel code that only
 * root could reach before; and CAP_SYS_ADMIN could undo our read-only mounts.
 *
 * no_new_privs: execve(2) adds no right, neither to root nor by a setuid file
 * (no sudo inside). In return who has no CAP_SYS_ADMIN may set a filter (13).
 */

/* Child. 1 is KEYCTL_JOIN_SESSION_KEYRING: none of the caller's stored keys. */
static void no_new_rights(void) {
    say("no keys of the caller's, and no setuid file shall give rights");
    if (syscall(SYS_keyctl, 1, NULL) < 0 && errno != EPERM && errno != ENOSYS)
        note("no keyring of its own (%s): COMMAND can read your session's keys",
             strerror(errno));
    SYS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/* Capget(2) and capset(2), version 3, take three words for the first 32
 * capabilities, and three for the others: effective, permitted, inheritable. */
static struct { uint32_t version; int pid; } ourselves = { 0x20080522, 0 };
static bits effective_caps(void) {
    uint32_t set[2][3];

    TRY(syscall(SYS_capget, &ourselves, set));
    return (bits)set[1][0] << 32 | set[0][0];
}

/* Child, root of its user namespace, or real root. */
static const char *cap_names(bits set);
static void drop_caps(struct container *c) {
    /* With pid off our init must end whoever is inside; not the command. */
    bits kept = c->caps | (c->own_pids ? 0 : BIT(CAP_KILL));

    say("of the pieces of root's power most go, and for good");
    /* First the bounding set: it needs CAP_SETPCAP, which may go below. EINVAL:
     * a number above those that this kernel has. */
    for (int cap = 0, done = 0; cap < 64 && done == 0; cap++)
        if (!(c->caps & BIT(cap)))
            done = TRY_BUT(cap < KNOWN_CAPS ? 0 : EINVAL,
                           prctl(PR_CAPBSET_DROP, cap, 0, 0, 0));
    kept &= effective_caps();
    uint32_t low = (uint32_t)kept, high = (uint32_t)(kept >> 32);
    uint32_t set[2][3] = { { low, low, 0 }, { high, high, 0 } };
    SYSV(syscall(SYS_capset, &ourselves, set), "kept:%s", cap_names(kept));
    prove(c, BIT(CAPS));
}

/* =====================================================================
 * 13. SECCOMP -- which system calls exist                     --seccomp
 * =====================================================================
 * Problem   Behind each of 400 system calls is code of the kernel's. A server
 *           uses fifty; an attacker looks for an error in the others.
 * Kernel    runs a filter, a small BPF program, at each call. It sees the
 *           number and the arguments, and answers: go on, or fail.
 * Parent    nothing.
 * Child     builds the filter from a list (`source denied`), and hands it over.
 * Order     last: so its list need not know what the others call. It could
 *           come before caps: a filter needs CAP_SYS_ADMIN only where
 *           no_new_privs was not promised, and capset(2) is not on the list.
 * See it    $ ./minicontainer compare seccomp
 * Not this  a look at what pointers point to: memory may change after that.
 * Read      lessons/13-seccomp, seccomp(2), prctl(2)
 *
 * Why no_new_privs first? All children have the filter, for ever: with one that
 * makes setuid(2) fail, a setuid program could be fooled.
 */

/* Child, the last of the isolations. 1 is SECCOMP_SET_MODE_FILTER. */
struct program { unsigned short length; const void *first; };
static const struct program *build_filter(const struct container *c);
static void filter_calls(struct container *c) {
    const struct program *filter = build_filter(c);

    say("a filter of %d instructions: these calls do not exist any more",
        filter->length);
    SYS(syscall(SYS_seccomp, 1, 0, filter));
    prove(c, BIT(SECCOMP));
}

/* =====================================================================
 * 14. LIMITS -- how much of the machine                        --limits
 * =====================================================================
 * Problem   One container that takes all memory stops all others.
 * Kernel    A control group (cgroup v2) is a directory: its files set limits
 *           for all processes in it and below it, together.
 * Parent    makes two directories, and sets limits on the outer one.
 * Child     is born in the inner one.
 * Order     before clone3(2), which takes a directory that exists.
 * See it    $ ./minicontainer compare limits
 * Not this  row cgroup (10); nor setrlimit(2), per process or per user.
 * Read      lessons/14-limits, cgroups(7), clone(2)
 *
 *     home                  a directory that we may write; the controllers
 *      |                    that we need are on in its cgroup.subtree_control
 *      +- minicontainer-4711        memory.max, cpu.max, pids.max: the limits
 *          +- box                   the container's processes, all of them
 *
 * Why two? Who owns a directory may write its files. To the container `box` is
 * the root of all cgroups (10); the limits stand above, where it has no name
 * for them. Why born there, and not moved? For a move the kernel waits until
 * all that read its tables have ended, some 10 ms; a birth costs 0.1 ms, no
 * page and no fork of it ever counted elsewhere, and the cgroup namespace of
 * the same call has the right root. A controller that we switch on stays on;
 * after kill -9 of the supervisor the next start with limits removes the rest.
 */
/* "home/minicontainer-4711" and what is in it (part two, HOMES). */
static const char *in_cgroup(const char *name);
static bool find_home(const struct container *c); /* false: none asked */
static const char *limit_value(int which, const char *said);
static void say_what_limits_did(const struct container *c);

static const char limit_files[][12] = { "memory.max", "cpu.max", "pids.max" };

/* Parent, before clone3(2). Opens cgroup_fd. */
static void make_cgroup(struct container *c) {
    if (!find_home(c))
        return;
    say("limits are files of a cgroup that the container is born in");
    SYSV(mkdir(in_cgroup(""), 0755), "%s", in_cgroup(""));
    TRY(mkdir(in_cgroup("/box"), 0755));
    /* What a container makes there, as a user who owns it, would outlive it. */
    put_if_allowed(in_cgroup("/cgroup.max.descendants"), "1");
    for (int i = 0; i < LIMIT_COUNT; i++)
        if (c->limit[i])
            put(in_cgroup(text("/%s", limit_files[i])), "%s",
                limit_value(i, c->limit[i]));
    if (c->limit[MEMORY]) /* or it would swap, and go on */
        put_if_allowed(in_cgroup("/memory.swap.max"), "0");
    c->cgroup_fd = TRY(open(in_cgroup("/box"), O_PATH | O_CLOEXEC));
}

/* Parent, on every way out. EBUSY: the last processes are still ending. */
static void remove_cgroup(struct container *c) {
    if (access(in_cgroup(""), F_OK) < 0)
        return;
    say_what_limits_did(c);
    put_if_allowed(in_cgroup("/cgroup.kill"), "1");
    for (int i = 0; i < 500 && rmdir(in_cgroup("/box")) < 0; i++)
        poll(NULL, 0, 2);
    rmdir(in_cgroup(""));
    close(c->cgroup_fd);
}

/* =====================================================================
 * PART TWO -- THE WORKSHOP
 * =====================================================================
 * The tools around the container, in sections that stand alone. First what
 * part one calls: job control, small things, the lists, the default root, the
 * narrator's other half, where limits can be set. Then the words for people,
 * and the commands.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <glob.h>
#include <ifaddrs.h>
#include <limits.h>
#include <regex.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sendfile.h>
#include <sys/un.h>

/* =====================================================================
 * JOB CONTROL -- the terminal, ^C, ^Z and `fg`
 * =====================================================================
 * Three process groups (1): S, the job of our caller; G, which init leads; C,
 * the command's. What was typed goes to the one in the foreground. Part one
 * waits in supervise(), and calls this for each signal.
 */

/* Parent: find the terminal, and remember its modes: a shell inside may turn
 * echo off and then be killed. (Not only /dev/tty: `exec` stands inside here,
 * and there may be none.) */
static bool in_pipeline;
static void hold_terminal(struct container *c) {
    c->tty = isatty(0) ? 0 : open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    /* ESPIPE: a pipe; who reads there (less) may have set modes of its own. */
    in_pipeline = (!isatty(0) && lseek(0, 0, SEEK_CUR) < 0) ||
                  (!isatty(1) && lseek(1, 0, SEEK_CUR) < 0);
    c->foreground = !in_pipeline && tcgetpgrp(c->tty) == getpgrp() &&
                    tcgetattr(c->tty, &c->modes) == 0;
}

/* run -d (19): its end says that the command runs, a byte that it does not. */
static int told_end = -1;

/* If our own group has the terminal, GROUP gets it. (SIGTTOU is held.) Where it
 * is shared with a pipeline (`run -- ls | less`), only when it asks; and a
 * command that is PID 1 is in our own group. */
static void hand_down(const struct container *c, pid_t group) {
    close(told_end);
    told_end = -1;
    if (c->init && !in_pipeline && tcgetpgrp(c->tty) == getpgrp())
        tcsetpgrp(c->tty, group);
}

/* Parent, at the end: the terminal is taken back, but only from a group that is
 * no more; and its modes, if it was ours in the beginning. */
static void give_terminal_back(const struct container *c) {
    pid_t front = tcgetpgrp(c->tty);

    if (front > 0 && kill(-front, 0) < 0 && errno == ESRCH)
        tcsetpgrp(c->tty, getpgrp());
    if (c->foreground && tcgetpgrp(c->tty) == getpgrp())
        tcsetattr(c->tty, TCSADRAIN, &c->modes);
}

/* Parent: the command was stopped by SIG, ^Z for example. With all of our job
 * we stop by the same signal, so that the shell that waits for us sees it, and
 * can say `fg`. It is held, and comes where it is let through for a moment; a
 * SIGCONT that is held afterwards says that we were really stopped. If not,
 * nobody is there who could say `fg` (an orphaned process group), and who
 * waits for input that never comes is told that the terminal has gone. */
static void stop_too(const struct container *c, int sig) {
    int stop = sig == SIGSTOP ? SIGTSTP : sig; /* SIGSTOP cannot be held */
    bits one = BIT(stop - 1), pending = 0;
    pid_t front = tcgetpgrp(c->tty);

    if (front >= 0 && (stop == SIGTSTP || front != getpgrp())) {
        if (!c->init) /* the command is PID 1: only this one stops it */
            kill(c->pid, SIGSTOP);
        kill(c->init ? 0 : getpid(), stop);
        TRY(syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &one, NULL, 8));
        TRY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &one, NULL, 8));
        TRY(syscall(SYS_rt_sigpending, &pending, 8));
        if (stop != SIGTSTP && !(pending & BIT(SIGCONT - 1)))
            kill(c->pid, SIGHUP);
    }
    in_pipeline = in_pipeline && stop == SIGTSTP; /* else it has asked */
    hand_down(c, c->pid);
    kill(c->pid, SIGCONT);
}

/* A field of STATUS, the text of a /proc/PID/status, that is a set of bits.
 * (With the newline: the first line is a name that a process chooses.) */
static bits status_bits(const char *status, const char *field) {
    const char *line = text("\n%s", field), *at = strstr(status, line);

    return at ? strtoull(at + strlen(line), NULL, 16) : 0;
}

/* Parent; the command is PID 1, and ^C was typed: the kernel drops it without a
 * handler (3). Nobody must be left stuck. */
static void typed_ctrl_c(pid_t child) {
    static int times;
    const char *status = slurp(text("/proc/%d/status", child));

    if ((status_bits(status, "SigCgt:") | status_bits(status, "SigIgn:") |
         status_bits(status, "SigBlk:")) & BIT(SIGINT - 1))
        return;
    note("^C %d of 3: PID 1 has no handler for it, so the kernel drops it "
         "(lesson 03); the third sends SIGKILL, from outside", ++times);
    if (times >= 3)
        kill(child, SIGKILL);
}

/* Is SIG one that asks us to end? The last that did: of `compare` a half may
 * have ended by itself meanwhile, and then its status does not say so. */
static int told_to_end;
static const bits ending = BIT(SIGINT - 1) | BIT(SIGTERM - 1) |
                           BIT(SIGHUP - 1) | BIT(SIGQUIT - 1);
static bool ends(int sig) {
    return sig > 0 && sig <= 64 && ending & BIT(sig - 1);
}

/* Parent: a signal has come. An init of ours hears all, and passes it on. A
 * command that is PID 1 is in our group, and has what was typed already
 * (ssi_code > 0); but a hangup only the leader of the session is told. */
static void pass_on(struct container *c, const struct signalfd_siginfo *s) {
    int sig = (int)s->ssi_signo;
    bool typed = s->ssi_code > 0 && !(sig == SIGHUP && getsid(0) == getpid());

    told_to_end = ends(sig) ? sig : told_to_end;
    if (sig == SIGCONT) /* `fg` */
        hand_down(c, c->pid);
    if (sig == SIGTTIN || sig == SIGTTOU || (sig == SIGTSTP && !c->init)) {
        in_pipeline = true; /* the rest of our pipeline wants the terminal */
        stop_too(c, SIGTSTP);
    } else if (c->init || !typed) {
        kill(c->pid, sig);
    } else if (sig == SIGINT) {
        typed_ctrl_c(c->pid);
    }
}

/* Init: the same, for the command; what can be typed is for its group. */
static void pass_in(const struct container *c, pid_t command, int sig) {
    bool all = sig == SIGCONT || sig == SIGINT || sig == SIGQUIT ||
               sig == SIGTSTP;

    in_pipeline = false; /* what our group has, the parent has handed down */
    hand_down(c, command);
    kill(all ? -command : command, sig);
}

/* =====================================================================
 * SMALL THINGS -- files, orphans, the environment
 * =====================================================================
 * What part one needs and what teaches little of containers.
 */

/* A copy of this very file inside the program: `source` prints it, --step shows
 * it line by line. The assembler reads it in (.incbin), into a part of its own
 * that is loaded and not written ("a"). */
__asm__(".pushsection .own_source, \"a\"\n.globl own_source, own_source_end\n"
        "own_source: .incbin \"" __FILE__ "\"\n"
        "own_source_end: .byte 0\n.popsection\n");
extern const char own_source[], own_source_end[];

/* The first line of LINES. */
static const char *first_line(const char *lines) {
    return text("%.*s", (int)strcspn(lines, "\n"), lines);
}

/* Is errno no answer about a file, but says that we could not ask? */
static bool no_answer(void) {
    return errno == EINTR || errno == ENOMEM || errno == ENOSYS ||
           errno == EPERM || errno == EMFILE || errno == ENFILE;
}

/* All that can be read from descriptor FD, from its beginning; "" if nothing. A
 * file of /proc says how long it is only by ending, and half of it would be a
 * wrong answer: so it is read to its end. A zero byte would end the text: it
 * becomes a blank. From malloc(3), and never freed: a start reads some ten
 * files. */
static char *read_all(int fd) {
    char *out = NULL;
    size_t got = 0;

    for (ssize_t n = 1; n > 0; got += (size_t)n) {
        char *more = realloc(out, got + 4097);
        n = more ? pread(fd, more + got, 4096, (off_t)got) : -1;
        if (!more || (n < 0 && no_answer()))
            failed("pread(fd, more + got, 4096, got)", "", __LINE__);
        out = more;
        n = n < 0 ? 0 : n;
        for (size_t i = got; i < got + (size_t)n; i++)
            out[i] = out[i] ? out[i] : ' ';
        out[got + (size_t)n] = '\0';
    }
    return out;
}

/* A small file as a text; "" if there is none, or we may not read it. Where a
 * file is expected, somebody may have put a FIFO, or a link to /dev/zero. */
static char *slurp(const char *path) {
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    if (fd < 0 && no_answer())
        failed("open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)", path, __LINE__);
    bool file = fd >= 0 && TRY(fstat(fd, &st)) == 0 && S_ISREG(st.st_mode);
    char *out = file ? read_all(fd) : text("%s", "");
    close(fd);
    return out;
}

/* The inode of a namespace of ours: its identity; 0 if there is none. */
static ino_t namespace_id(const char *name) {
    struct stat st;
    const char *path = text("/proc/self/ns/%s", name);

    return TRY_BUT(ENOENT, stat(path, &st)) == 0 ? st.st_ino : 0;
}

/* May this process use capability CAP? */
static bool has_cap(int cap) {
    return effective_caps() & BIT(cap);
}

/* Parent or init, where the PID namespace is the caller's: whose parent dies
 * falls to us (a subreaper, prctl(2)), so that we can end it. The file lists
 * our children. Opened early, it works where no /proc is in sight. (A kernel
 * without CONFIG_PROC_CHILDREN has none: there orphans live on.) */
static void open_children(struct container *c) {
    char self[16] = "";

    close(c->children); /* in the child: its parent's */
    c->children = -1;
    if (c->proc_fd < 0) { /* (`exec` stands inside here, and has one.) */
        c->proc_fd = TRY_BUT(ENOENT, open("/proc", O_PATH | O_CLOEXEC));
        ssize_t n = readlinkat(c->proc_fd, "self", self, sizeof self - 1);
        if (on(c, USER) && n > 0 && atoi(self) != getpid())
            refuse("this /proc shows another PID namespace, with other numbers"
                   "\n  cure:   mount -t proc proc /proc, in one of our own");
    }
    if (c->own_pids || c->proc_fd < 0)
        return;
    c->children = TRY_BUT(ENOENT, openat(c->proc_fd, "thread-self/children",
                                         O_RDONLY | O_CLOEXEC));
    /* Those that we had before are our caller's: `sleep 9 & exec ...`. Then
     * nothing shall fall to us, since it could be theirs. */
    if (c->children >= 0 && *read_all(c->children))
        c->children = -1;
    else
        TRY(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
}

/* End all children that came to us, and those that come meanwhile. The file may
 * miss one that is just being born: so until there are none. */
static void end_orphans(struct container *c) {
    for (bool any = c->children >= 0; any;) {
        char *at = read_all(c->children), *end;
        any = false;
        for (pid_t pid; (pid = (pid_t)strtol(at, &end, 10)) > 0; at = end)
            any |= kill(pid, SIGKILL) == 0;
        if (any)
            waitpid(-1, NULL, 0);
    }
}

/* Where a container looks for programs. In a lab, ours is in one more. */
#define SYSTEM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:" \
                    "/bin:/run/current-system/sw/bin"

/* A fresh environment: what the caller has in theirs (tokens, paths of another
 * tree) is not the container's business; the terminal and the language are. The
 * rest is wiped: an init of ours stays, and its memory could be read. */
static void fresh_environment(struct container *c) {
    char **kept = environ;

    for (char **e = environ; *e; e++)
        if (strncmp(*e, "TERM=", 5) == 0 || strncmp(*e, "LANG=", 5) == 0 ||
            strncmp(*e, "LC_", 3) == 0 ||
            (strncmp(*e, "HOME=", 5) == 0 && !c->own_root))
            *kept++ = *e;
        else
            memset(*e, 0, strlen(*e));
    *kept = NULL;
    TRY(setenv("PATH", SYSTEM_PATH ":/opt/minicontainer", 1));
    TRY(setenv("HOME", "/root", c->own_root));
    TRY(setenv("HOSTNAME", c->hostname, 1));
    TRY(setenv("PS1", text("%s# ", c->hostname), 1));
    TRY(setenv("container", "minicontainer", 1)); /* as systemd and Podman do */
    for (char **own = c->env; own && *own; own++)
        putenv(*own);
}

/* =====================================================================
 * THE LISTS -- what is masked, and which rights are kept
 * =====================================================================
 * Data of chapters 5 and 12. Go through them name by name, and ask of each:
 * over what does this give power, and has that a namespace?
 */

/* The next of the words from *AT on; NULL: no more. */
static const char *next_word(const char **at) {
    const char *word = *at + strspn(*at, " ");
    size_t n = strcspn(word, " ");

    *at = word + n;
    return n ? text("%.*s", (int)n, word) : NULL;
}

/* What is not HIDDEN can be read, and not written. */
static const struct mask { const char *tree, *names; bool hidden; } masks[] = {
    /* The memory of the machine; keys of all that run as the same user; the
     * kernel's timers, with addresses; when others type, to the moment. Then
     * devices, which have no namespace: the firmware's switches, the machine's
     * sound cards, its disks (one line removes one). */
    { "/proc", "kcore keys timer_list interrupts acpi asound scsi", true },
    /* Switches, which some programs must read. kernel.core_pattern runs a
     * program as real root; one letter ends the machine; which processor serves
     * which device; registers of PCI devices; switches of file systems. */
    { "/proc", "sys sysrq-trigger irq bus fs", false },
    /* /sys is read-only already; this is not to be read, either: tables with
     * serial numbers and keys; the power others draw, which gives keys away. */
    { "/sys", "firmware devices/virtual/powercap", true },
};

/* Show FROM a second time as NAME, which lies where we stand. For names that
 * are the kernel's or our own: nobody can put a link there. Read-only: whoever
 * is real root inside must not chmod(2) the machine's /dev/null. */
static void show_again(const char *from, const char *name) {
    SYSV(mount(from, name, NULL, MS_BIND | MS_REC, NULL), "%s", from);
    restrict_mount(AT_FDCWD, name, WHOLE, MOUNT_ATTR_RDONLY);
}

static void cover(const char *name, bool hidden) {
    struct stat st;

    if (TRY_BUT(ENOENT, lstat(name, &st)) < 0) /* not in this kernel */
        return;
    if (hidden && S_ISDIR(st.st_mode))
        SYSV(mount("mask", name, "tmpfs", MS_RDONLY, "size=4k"), "%s", name);
    else
        show_again(hidden ? "/dev/null" : name, name);
}

/* Child; we stand in TREE (/proc or /sys), which was just mounted. The old root
 * with its /dev/null is still in sight. */
static void mask_paths(const struct container *c, const char *tree) {
    if (c->lab || c->no_mask)
        return;
    say("masks over %s: what tells of the machine, or switches it", tree);
    for (const struct mask *m = masks; m < masks + LENGTH(masks); m++)
        for (const char *at = m->names, *name; (name = next_word(&at));)
            if (strcmp(m->tree, tree) == 0)
                cover(name, m->hidden);
}

/* The capabilities that are kept, a bit each, as in Docker: there `grep CapEff
 * /proc/self/status` shows this number. Power over the container's own files,
 * users and ports, never over what has no namespace: chown dac_override fowner
 * fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod
 * audit_write setfcap. (`source capabilities` has all 41, and why.) */
#define DEFAULT_CAPS 0xa80425fb

/* =====================================================================
 * THE FILTER -- which calls are denied, and the program that does it
 * =====================================================================
 * For chapter 13. BPF is the machine language of a processor that does not
 * exist: one register, no loops, jumps only forward; so each program ends. A
 * jump skips `yes` or `no` instructions. The codes: load a word of what there
 * is to see, compare it with k (equal; at least; has one of these bits),
 * return k.
 */
struct instruction { uint16_t code; uint8_t yes, no; uint32_t k; };
enum { LOAD = 0x20, EQUAL = 0x15, AT_LEAST = 0x35, HAS_ANY = 0x45, RETURN = 6 };
/* What there is to see: the number of the call, the processor family, and six
 * arguments of eight bytes, the low half first (a load takes four). */
enum { SEE_NUMBER = 0, SEE_FAMILY = 4, SEE_ARGUMENT = 16 };
/* The answers: end the process, fail with this errno, go on. seccomp(2) */
#define KILL 0x80000000u
#define FAIL(err) (0x00050000u | (err))
#define ALLOW 0x7fff0000u
/* AUDIT_ARCH_ of linux/audit.h: one processor runs programs of two families (64
 * and 32 bits), with other numbers. */
#if defined(__x86_64__)
#define FAMILY 0xc000003eu
#elif defined(__aarch64__)
#define FAMILY 0xc00000b7u
#else
#error "minicontainer knows the system calls of x86-64 and arm64"
#endif

/* Calls that older headers do not name; they are one for all processors. */
enum { NEW_pidfd_getfd = 438, NEW_process_madvise = 440, NEW_quotactl_fd = 443,
       NEW_set_mempolicy_home_node = 450, NEW_lsm_set_self_attr = 460,
       NEW_open_tree_attr = 467, NEW_listns = 470 };

#define NEW_NAMESPACE (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | \
    CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* What the filter says no to, by EPERM. A row is a capability, which leaves the
 * row out if it is kept, and calls; a row with braces looks at ARGUMENT (from
 * 0), too: is it equal to VALUE, or has it one of its bits (TEST)? (All others
 * ask if it is at least 0, which is always so: one form for all.) Of several
 * rows for one call the first that fits decides. Some are useless without a
 * capability that is dropped anyway: two walls are better than one, and each
 * can be switched off alone. A deny-list names what is forbidden; Docker has an
 * allow-list, of some 350 names: safer, since a call that is new tomorrow is
 * forbidden. Here each row shall have its reason. It is one of several walls:
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
 *     /proc/1/exe, to overwrite runc       an init that nobody may look into
 *                                          (3), and a sealed copy (exec)
 *     typing into the caller's terminal    seccomp: TIOCSTI, TIOCLINUX
 *     keys of the caller's session         a keyring of its own (12), seccomp
 *     abstract sockets of the machine      net (9)
 *     signals to processes outside         pid (3); kill(0): a group (1)
 *     an image with links at /proc         openat2 (4) follows none
 *     a fork bomb                          limits (14)
 *     an error in the kernel               nothing: update it, or use a
 *                                          virtual machine
 */
static const struct denied {
    int cap, calls[12]; /* a 0 at the end, a call that is never denied */
    const char *names;  /* of the calls, as they stand here: for `print oci` */
    uint32_t argument, test, value, answer; /* AT_LEAST 0: whatever it is */
} denied[] = {
#define CALLS(...) { __VA_ARGS__ }, #__VA_ARGS__
#define NO(cap, ...) { cap, { __VA_ARGS__ }, #__VA_ARGS__, 0, AT_LEAST, 0, FAIL(EPERM) }
    /* The kernel itself: who may change its code owns every container. */
    NO(CAP_SYS_MODULE, SYS_init_module, SYS_finit_module, SYS_delete_module),
    /* Ends the machine, or starts another kernel in the place of this one. */
    NO(CAP_SYS_BOOT, SYS_reboot, SYS_kexec_load, SYS_kexec_file_load),
    /* Large, young pieces of the kernel, each with a record of errors. */
    NO(CAP_BPF, SYS_bpf), /* runs a program in the kernel; its checker has been fooled */
    NO(CAP_PERFMON, SYS_perf_event_open), /* watches other processes; many holes so far */
    /* Calls by way of memory, which no filter sees. */
    NO(NO_CAP, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register),
    /* Keys belong to a user, not to a namespace: all containers of a user share
     * them; and request_key(2) starts a program outside. */
    NO(NO_CAP, SYS_add_key, SYS_request_key, SYS_keyctl),
    /* Namespaces: root of a new one has all capabilities again, over a thousand
     * places in the kernel that trust root. */
    NO(CAP_SYS_ADMIN, SYS_unshare, SYS_setns),
    { CAP_SYS_ADMIN, CALLS(SYS_clone), 0, HAS_ANY, NEW_NAMESPACE, FAIL(EPERM) }, /* the same */
    /* Its flags lie in memory; at ENOSYS libc takes clone instead. */
    { CAP_SYS_ADMIN, CALLS(SYS_clone3), 0, AT_LEAST, 0, FAIL(ENOSYS) },
    /* Mounts, by old words and new: read-only paths, masks could be undone. */
    NO(CAP_SYS_ADMIN, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_open_tree, NEW_open_tree_attr,
       SYS_move_mount, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_mount_setattr),
    /* A file by a handle instead of a path: any one of a disk (the "shocker"
     * escape). */
    NO(CAP_DAC_READ_SEARCH, SYS_open_by_handle_at),
    /* What has no namespace. The disks; what others open. */
    NO(CAP_SYS_ADMIN, SYS_swapon, SYS_swapoff, SYS_quotactl, NEW_quotactl_fd, SYS_fanotify_init),
    /* One's own security label; a list of namespaces, of others as well; paths
     * of other processes, for profilers; the machine's names, where row uts is
     * off. */
    NO(CAP_SYS_ADMIN, NEW_lsm_set_self_attr, NEW_listns, SYS_lookup_dcookie, SYS_sethostname,
       SYS_setdomainname),
    NO(CAP_SYS_PACCT, SYS_acct), /* writes a record of each process into a file */
    /* One clock for the whole machine; it could run faster or slower. */
    NO(CAP_SYS_TIME, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime),
    NO(CAP_SYSLOG, SYS_syslog), /* the kernel's log: addresses, and other containers */
    /* The terminal is the caller's. */
    NO(CAP_SYS_TTY_CONFIG, SYS_vhangup), /* takes it from them */
    { NO_CAP, CALLS(SYS_ioctl), 1, EQUAL, 0x5412, FAIL(EPERM) }, /* TIOCSTI types in their shell */
    { NO_CAP, CALLS(SYS_ioctl), 1, EQUAL, 0x541c, FAIL(EPERM) }, /* TIOCLINUX pastes there */
    /* AF_VSOCK leads to the hypervisor, and belongs to no network namespace. */
    { NO_CAP, CALLS(SYS_socket), 0, EQUAL, 40, FAIL(EPERM) },
    /* AF_ALG: the kernel's ciphers; a record of holes. */
    { NO_CAP, CALLS(SYS_socket), 0, EQUAL, 38, FAIL(EPERM) },
    { NO_CAP, CALLS(SYS_personality), 0, EQUAL, 0xffffffff, ALLOW }, /* a question */
    /* No random addresses, code in the stack: makes attacks easier. */
    { NO_CAP, CALLS(SYS_personality), 0, HAS_ANY, ~0x20008u, FAIL(EPERM) },
    /* Takes descriptors of other processes, has their pages written out,
     * compares kernel addresses; stops the kernel in the middle, which makes
     * races easy to win. */
    NO(CAP_SYS_PTRACE, NEW_pidfd_getfd, NEW_process_madvise, SYS_kcmp, SYS_userfaultfd),
    /* Moves memory of others, or takes it from their processors. */
    NO(CAP_SYS_NICE, SYS_move_pages, SYS_migrate_pages, SYS_mbind, SYS_set_mempolicy,
       NEW_set_mempolicy_home_node),
#if defined(__x86_64__)
    /* Old doors of this processor family. */
    NO(CAP_SYS_RAWIO, SYS_iopl, SYS_ioperm), /* the ports of all devices */
    NO(NO_CAP, SYS_modify_ldt), /* segments of 16-bit programs: several holes */
#endif
};

/* The program: its beginning; room for the rules, five instructions a call; and
 * for the end. */
enum { BEGINNING = 6 };
static struct instruction
    code[BEGINNING + 5 * LENGTH(denied) * LENGTH(denied->calls) + 1] = {
    /* A call of the other family: such a program is ended (SIGSYS). */
    { LOAD, 0, 0, SEE_FAMILY }, { EQUAL, 1, 0, FAMILY }, { RETURN, 0, 0, KILL },
    /* x32: all calls a second time, at 0x40000000 and up. */
    { LOAD, 0, 0, SEE_NUMBER }, { AT_LEAST, 0, 1, 0x40000000 }, { RETURN, 0, 0, FAIL(ENOSYS) },
};
static struct program filter = { 0, code };

static void emit(uint32_t what, uint8_t yes, uint8_t no, uint32_t k) {
    code[filter.length++] = (struct instruction){ (uint16_t)what, yes, no, k };
}

/* One call after the other, with the number of the call in the register. (A
 * binary search would save a start 0.05 ms.) */
static const struct program *build_filter(const struct container *c) {
    filter.length = BEGINNING;
    for (const struct denied *d = denied; d < denied + LENGTH(denied); d++) {
        if (d->cap >= 0 && c->caps & BIT(d->cap))
            continue;
        for (const int *call = d->calls; *call; call++) {
            /* Another call: over the rest of this rule. */
            emit(EQUAL, 0, 4, (uint32_t)*call);
            emit(LOAD, 0, 0, SEE_ARGUMENT + 8 * d->argument);
            emit(d->test, 0, 1, d->value);
            emit(RETURN, 0, 0, d->answer);
            emit(LOAD, 0, 0, SEE_NUMBER); /* back into the register */
        }
    }
    emit(RETURN, 0, 0, ALLOW);
    return &filter;
}

/* =====================================================================
 * THE DEFAULT ROOT -- a file tree of what the machine already has
 * =====================================================================
 * Chapter 6 mounts the tmpfs and pivots; this fills it. Then volumes,
 * chroot(2), and where the command begins.
 */

/* All that the default root has of the machine's; what that does not have is
 * left out. A list, and not all of /etc: what is not on it cannot leak. (No
 * libx32: the filter forbids such calls, 13.) */
static const char brought[] =
    "usr bin sbin lib lib32 lib64 nix gnu var/usrlocal run/current-system "
    "etc/static etc/alternatives etc/ssl/certs etc/pki/ca-trust "
    "etc/pki/tls/certs etc/ld.so.cache etc/localtime etc/os-release";

/* Make directories where we stand. */
static void make_directories(const char *names) {
    for (const char *name; (name = next_word(&names));)
        TRY(mkdir(name, 0755));
}

static void write_all(int fd, const char *data) {
    for (size_t n; (n = strlen(data)) > 0; data += n)
        n = (size_t)TRY(write(fd, data, n));
}

/* What is still to be read of IN, which is closed, into OUT. sendfile(2) copies
 * within the kernel. */
static void copy_rest(int in, int out) {
    while (TRY(sendfile(out, in, NULL, 1 << 20)) > 0)
        continue;
    close(in);
}

/* A file that holds LINES. */
static void make_file(const char *path, mode_t mode, const char *lines) {
    int fd = TRY(creat(path, mode));

    write_all(fd, lines);
    TRY(close(fd));
}

/* FROM, as the machine has it, under NAME where we stand: a link as a link, the
 * rest as a read-only bind mount. (A user namespace must not mknod(2) a device,
 * but may show those that there are.) */
static void bring(const char *from, const char *name) {
    char target[PATH_MAX] = "";
    struct stat st;

    if (lstat(from, &st) < 0) {
        if (errno != ENOENT && errno != EACCES)
            failed("lstat(from, &st)", from, __LINE__);
    } else if (S_ISLNK(st.st_mode)) {
        TRY(readlink(from, target, sizeof target - 1));
        TRY(symlink(target, name));
    } else {
        TRY(S_ISDIR(st.st_mode) ? mkdir(name, 0755) : mknod(name, S_IFREG, 0));
        show_again(from, name);
    }
}

/* A /dev with what every program expects, and no disk. fd, stdin and so on are
 * links, as the machine has them. 64 MB bound what can be put into /dev/shm. A
 * devpts of its own: the terminals of the machine are not in it. The one that
 * we came from is shown as console, so that tty(1) finds it. */
static void build_dev(const struct container *c) {
    const char *name, *at = "null zero full random urandom tty "
                            "fd stdin stdout stderr";

    say("a /dev with harmless devices and no disk");
    if (!mount_at(c, new_mount("tmpfs", BARE, "mode=755 size=64m"), "dev"))
        return;
    while ((name = next_word(&at)))
        bring(text("/dev/%s", name), name);
    if ((name = ttyname(0)))
        bring(name, "console");
    make_directories("pts mqueue shm");
    TRY(chmod("shm", 01777)); /* all may write there, and remove their own */
    TRY(symlink("pts/ptmx", "ptmx"));
    mount_at(c, new_mount("devpts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
                          "ptmxmode=0666 mode=0620"), "dev/pts");
}

/* The default root: all programs of the machine, and nothing of it writable. We
 * stand in it. */
static void build_default_root(struct container *c, const char *resolv_conf) {
    struct stat st, here;

    TRY(fstat(c->root_fd, &st));
    TRY(stat(".", &here));
    if (st.st_dev != here.st_dev) /* a promise: nothing is made elsewhere */
        refuse("not in the new tree: nothing is made");
    c->own_dev = st.st_dev;
    say("the machine's programs, read-only, with all that is mounted below");
    make_directories("dev etc etc/pki etc/pki/tls etc/ssl home mnt opt proc "
                     "root run srv sys tmp var var/lib var/log var/tmp");
    TRY(chmod("tmp", 01777));
    TRY(chmod("var/tmp", 01777));
    TRY(symlink("/run", "var/run"));
    for (const char *at = brought, *name; (name = next_word(&at));)
        bring(text("/%s", name), name);
    make_file("etc/resolv.conf", 0644, resolv_conf);
    make_file("etc/hostname", 0644, text("%s\n", c->hostname));
    make_file("etc/hosts", 0644, text("127.0.0.1 localhost %s\n::1 localhost\n",
                                      c->hostname));
    /* Without it, a name like localhost is asked of a DNS server. */
    make_file("etc/nsswitch.conf", 0644, "hosts: files dns\n");
    make_file("etc/group", 0644, "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n");
    make_file("etc/passwd", 0644, text("root:x:0:0:root:/root:/bin/%s\n"
              "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
              access("/bin/bash", X_OK) == 0 ? "bash" : "sh"));
}

/* The place of a volume. We go down to it, and make what is missing, for a file
 * a file; but only where we stand in our own tmpfs. A link would lead out of it
 * to where nothing is made; and look_up() refuses a way with links. */
static void volume_place(const struct container *c, const struct volume *v) {
    char *save, *name = strtok_r(text("%s", v->dst), "/", &save);
    struct stat st, here;

    TRY(fstat(v->fd, &st));
    TRY(fchdir(c->root_fd));
    while (name && TRY(stat(".", &here)) == 0 && here.st_dev == c->own_dev) {
        char *next = strtok_r(NULL, "/", &save);
        TRY_BUT(EEXIST, next || S_ISDIR(st.st_mode)
                        ? mkdir(name, 0755) : mknod(name, S_IFREG | 0644, 0));
        name = TRY_BUT(ENOTDIR, chdir(name)) == 0 ? next : NULL;
    }
    int at = look_up(c, v->dst + 1);
    if (at < 0)
        refuse("--volume: no %s in this root (%s): nothing is made in what is "
               "not ours, and no link is followed\n  cure:   mkdir -p; or name "
               "where the symbolic link leads to", v->dst, strerror(errno));
    close(at);
}

/* Child; one volume may lie in another. No setuid file and no device works in
 * it: they could be planted for somebody outside. */
static void attach_volumes(struct container *c) {
    for (struct volume *v = c->volume; v < c->volume + c->volumes; v++) {
        say("volume %s: the same files in two trees", v->dst);
        volume_place(c, v); /* made, if it lies in our own tmpfs */
        restrict_mount(v->fd, "", WHOLE,
                       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | v->attr);
        mount_at(c, v->fd, v->dst + 1);
    }
}

/* --image without a mount namespace: all that is left is chroot(2). */
static void enter_chroot(struct container *c) {
    note("--image without mnt is chroot(2): root walks out of it (lesson 06)");
    TRY(fchdir(c->image_fd));
    close(c->image_fd);
    SYS(chroot("."));
}

/* A directory outside of this root (/proc/self/fd/9, CVE-2024-21626) has no
 * name. */
static void enter_workdir(const struct container *c) {
    char path[PATH_MAX];

    if (c->workdir && (chdir(c->workdir) < 0 ||
                       !getcwd(path, sizeof path) || *path != '/'))
        refuse("--workdir: no \"%s\" inside (%s)", shown(c->workdir),
               strerror(errno));
}

/* =====================================================================
 * THE NARRATOR'S OTHER HALF -- lines, causes and cures
 * =====================================================================
 * For part one: how a line is written, and what is said when a call fails or
 * when the command cannot be executed. (What --step asks is in SOURCE.)
 *
 * A name, an image, a file may hold what a terminal takes for an order, or a
 * newline and then what looks like a line of ours. So whatever comes from a
 * stranger goes through shown() before it becomes part of a message; and
 * write_line(), the way out of all of them, lets no control character pass.
 */

/* What /proc says of ourselves. */
#define SELF "/proc/self/status"

/* Is C, behind WAS, a control character: newline, escape, DEL; or 0x80 to 0x9f,
 * which terminals know as well (in UTF-8 behind 0xc2)? */
static bool is_control(unsigned char c, unsigned char was) {
    return iscntrl(c) || ((c & 0xe0) == 0x80 && (was < 0x80 || was == 0xc2));
}

/* STRANGER's text, with '?' for each of them. */
static const char *shown(const char *stranger) {
    char *out = text("%s", stranger);
    unsigned char was = 0;

    for (unsigned char *p = (unsigned char *)out; *p; was = *p++)
        if (is_control(*p, was))
            *p = '?';
    return out;
}

/* How many bytes of the first line of LINES go into N columns. It is cut
 * between words, unless a word is longer than half of the line. */
static size_t fit(const char *lines, size_t n) {
    size_t length = strcspn(lines, "\n");

    if (length <= n)
        return length;
    const char *blank = memrchr(lines + n / 2, ' ', n - n / 2 + 1);
    return blank ? (size_t)(blank - lines) : n;
}

/* Print HEAD and LINES, each line at once: so lines of several processes are
 * never mixed. (stderr has no buffer: one write(2). If it is closed, that must
 * not stop the container.) On a terminal a long line goes on below, under the
 * text of the first, and the last column stays free: behind it, terminals
 * differ. Into a file or a pipe 4095 bytes go whole, for programs. TO: stderr,
 * or else stdout or the pager before it. */
static void print_lines(FILE *to, const char *head, const char *lines) {
    int below = (int)strlen(head), indent = below;
    struct winsize screen = { .ws_col = 4096 }; /* if it is no terminal */

    ioctl(to == stderr ? 2 : 1, TIOCGWINSZ, &screen);
    size_t width = (screen.ws_col < 40 ? 80 : screen.ws_col) - 1U;
    do {
        size_t n = fit(lines, width - (size_t)indent);
        const char *line = text("%-*s%.*s", indent, head, (int)n, lines);
        fputs(text("%s\n", shown(line)), to);
        head = "";
        lines += n;
        /* A line that ended by itself is followed by one with its own head. */
        indent = *lines == '\n' ? 0 : below;
        lines += *lines == ' ' || *lines == '\n';
    } while (*lines);
}

static void write_line(const char *head, const char *lines) {
    print_lines(stderr, head, lines);
    if (told_end >= 0 && strcmp(head, "minicontainer: ") == 0)
        TRY_BUT(EPIPE, write(told_end, "", 1)); /* the end, with a reason */
}

/* Where the first match of the extended regular expression PATTERN begins in
 * TEXT; NULL: nowhere. Small letters and capitals are the same; ^ and $ are the
 * ends of each line. regex(7) */
static const char *match(const char *in, const char *pattern) {
    regex_t compiled;
    regmatch_t where;

    if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NEWLINE | REG_ICASE))
        return NULL;
    bool found = regexec(&compiled, in, 1, &where, 0) == 0;
    regfree(&compiled);
    return found ? in + where.rm_so : NULL;
}

/* Where line N (from 1) of our own source begins; in CHAPTER, the number of the
 * one that it lies in, or 0. (A title stands below the first ruler of a banner:
 * " * 2. UTS -- ..."; a title without a number is that of a section.) */
static const char *source_line(int n, int *chapter) {
    const char *at = own_source;

    for (*chapter = 0; --n > 0 && *at; at = strchr(at, '\n') + 1)
        if (strncmp(at, "/* =====", 8) == 0)
            *chapter = atoi(strchr(at, '\n') + strlen("\n * "));
    return at;
}

/* errno by name, as the man pages have it: those that are met. */
static const char *errno_name(int err) {
#define E(name) err == name ? #name :
    return E(EPERM) E(ENOENT) E(EAGAIN) E(ENOMEM) E(EACCES) E(ENOEXEC) E(ENODEV)
           E(EINVAL) E(ENOSPC) E(EROFS) E(ENOSYS) E(ELOOP) E(EEXIST) E(ENOPKG)
           E(EOPNOTSUPP) text("%d", err);
}

/* What forbids it, and what to do: the failures that are met most often. The
 * first row that fits is printed. It fits if the message of the failure matches
 * the regular expression SAID, and what is in file WHERE (if any) HOLDS. */
#define OPT " --security-opt "
#define DOCKER "docker run" OPT "seccomp=unconfined"
#define LAPTOPS "see lessons/README.md, \"What laptops refuse\""
#define PAGE "use sudo, or " LAPTOPS
#define HAVE_NONE "; not found: reboot, if the kernel was updated"
enum { SAID, CAUSE, CURE, WHERE, HOLDS };
static const char *const cures[][5] = {
    { "clone3.* (EPERM|ENOSYS)", "a seccomp filter (Docker, a devcontainer, Codespaces, `run`)",
      DOCKER OPT "apparmor=unconfined" OPT "systempaths=unconfined", SELF, "^Seccomp:\t2" },
    /* Debian's own switch: off by default up to Debian 10; in hardened
     * kernels. */
    { "clone3.* EPERM", "kernel.unprivileged_userns_clone=0: root only", "sudo sysctl -w kernel."
      "unprivileged_userns_clone=1", "/proc/sys/kernel/unprivileged_userns_clone", "^0" },
    /* One clone3(2) asks for all namespaces, and the profile judges us, not the
     * child: it has no privileges for the others. And the kernel's own
     * proc_setgroups_open() wants CAP_SYS_ADMIN of who opens. */
    { "clone3.* EPERM|setgroups.* EACCES", "our AppArmor profile allows no privileges in a user "
      "namespace", PAGE, "/proc/self/attr/current", " [(]enforce[)]$" },
    { "clone3.* EPERM", "we are in a chroot(2), or our user has no number here (id says 65534)",
      "leave it, and enter that directory by run --image; or unshare --map-root-user" },
    /* No plain EPERM but EACCES: somebody else than the kernel's own rules says
     * no. */
    { "clone3.* EACCES", "a security module (AppArmor, SELinux) forbids user namespaces", PAGE },
    /* ENOSPC has nothing to do with a disk here: a counter is full. */
    { "clone3.* ENOSPC", "user.max_user_namespaces=0: no user namespaces (some hardened systems)",
      "sudo sysctl -w user.max_user_namespaces=15000", "/proc/sys/user/max_user_namespaces", "^0" },
    { "clone3.* ENOSPC", "too many namespaces, or nested too deep", "see /proc/sys/user/max_*" },
    { "clone3.* EINVAL", "this kernel was built without one of these namespaces (WSL 1)",
      "wsl --set-version DISTRIBUTION 2; or leave out, by --no-X, what /proc/self/ns lacks" },
    { "(clone3|fork).* EAGAIN", "too many processes: ulimit -u, or pids.max", "end some of them" },
    { "unshare.* (EINVAL|ENOSPC)", "no time namespaces, or max_time_namespaces is 0", "--no-time" },
    /* Ubuntu lets the namespace be made, and then it may do nothing. */
    { "_map.* EPERM", "Ubuntu's AppArmor restriction of user namespaces (23.10 and later)",
      "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0; or " PAGE,
      "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "^1" },
    { "_map.* EPERM", "root may not map 0 without CAP_SETFCAP", "docker run --cap-add SETFCAP" },
    { "/proc/.* (EROFS|ENOENT)", "/proc is missing, or read-only", "mount -t proc proc /proc" },
    { "fchdir.new.* EACCES", "the container's root may not enter the image", "chmod o+rx IMAGE" },
    { "openat2.* ELOOP", "a symbolic link is there, and may lead out", "a directory in its place" },
    { "fsmount.* EPERM", "other mounts mask parts of /proc or /sys: the kernel mounts no fresh one",
      "docker run" OPT "systempaths=unconfined, podman run" OPT "unmask=ALL, or --no-proc" },
    { "pivot_root.* EINVAL", "/ is the initramfs (a live system)", "leave it out: --no-root" },
    { "mount[(_,].* EACCES", "AppArmor (docker-default) or SELinux (container_t)",
      "docker run" OPT "apparmor=unconfined, or" OPT "label=disable" },
    { "(memfd_|execve).* EACCES", "vm.memfd_noexec is set", "sudo sysctl -w vm.memfd_noexec=0" },
    { "O_TMPFILE.* E", "no file without a name there (FAT, NFS)", "push to ./DIR, and cp -r DIR" },
    /* Modules are loaded when they are asked for: so the file is missing, or a
     * list forbids it. */
    { "overlay.* ENODEV", "this kernel has no overlay", "sudo modprobe overlay" HAVE_NONE },
    { "^--network.*[(](EOPNOTSUPP|ENOPKG)", "no bridge or no veth in this kernel, or that name is "
      "another interface's", "sudo modprobe -a bridge veth" HAVE_NONE "; or another name" },
    { "^--network ", "it is full, has no address, or is another interface",
      "ip addr add 172.18.0.1/16 dev NAME; or another name" },
    { "overlay.* EINVAL", "the store lies on overlay or NFS", "XDG_DATA_HOME=/another/place" },
    { "(SYS_|openat).* ENOSYS", "this kernel is older than 5.12, or a seccomp filter hides it",
      "a newer kernel (WSL: wsl --update); in a container engine: " DOCKER },
    { " EPERM", "a seccomp filter: we are in Docker, Podman or their like", DOCKER "; or leave out "
      "what it refuses: --no-root, --no-uts", SELF, "^Seccomp:\t2" },
    { "^limits: these controllers", "systemd before 252 gives users no cpu; or the kernel has none "
      "(cgroup_enable=memory)", "Delegate=cpu memory pids in [Service], then a new login: "
      "/etc/systemd/system/user@.service.d/delegate.conf" },
    { "^limits: no cgroup", "no delegation: we stand in root's part of the tree",
      "systemd-run --user --scope -p Delegate=yes bash" },
    { "^limits: ", "a lab or a container around us; an older system; WSL 2", "try it outside; or "
      "boot with systemd.unified_cgroup_hierarchy=1, in WSL: kernelCommandLine=cgroup_no_v1=all" },
    /* Of the command. Docker's users type an image's name first. What ends with
     * a carriage return, which is shown as ?, was written in Windows. */
    { "^minicontainer: not found", "it is in the PATH of labs, not of this container",
      "minicontainer lab; or --volume DIR:/opt/minicontainer brings it from DIR" },
    { "^[a-z0-9][a-z0-9._:-]*: not found in the PATH of (the container's|this) root$",
      "the first word is the command; --image says the image", "run --image ./DIR -- COMMAND" },
    { "is there, but .*[?][)],", "a carriage return ends line 1", "sed -i 's/\\r$//' FILE" },
    { "is there, but ", "it needs interpreter, loader, libraries", "see lessons/06-root" },
};

/* The likely cause of what is SAID, and its cure, one of each: a list to choose
 * from would help nobody. "" if none is known. */
static const char *remedy(const char *said) {
    for (size_t i = 0; i < LENGTH(cures); i++) {
        const char *const *c = cures[i];
        if (match(said, c[SAID]) &&
            (!c[WHERE] || match(slurp(c[WHERE]), c[HOLDS])))
            return text("\n  cause:  %s\n  cure:   %s", c[CAUSE], c[CURE]);
    }
    return "";
}

/* A system call failed, and we cannot go on: say the call as it is written,
 * errno by name, what may help, and where it stands. Exits with 125. VALUES are
 * those behind the names in CALL, or "". */
static _Noreturn void failed(const char *call, const char *values, int line) {
    int err = errno, chapter;
    const char *said = text(
        *values ? "%s failed: %s (%s)  [%s]" : "%s failed: %s (%s)",
        shown(call), errno_name(err), strerror(err), shown(values));

    source_line(line, &chapter);
    refuse(chapter > 0 ? "%s%s\n  where:  line %d, chapter and lesson %d: "
           "minicontainer source %d" : "%s%s", said, remedy(said), line,
           chapter, chapter);
}

/* The first file NAME in DIRS (with colons between; NULL: none) that access(2)
 * allows MODE for; "" if there is none. */
static const char *find_in(const char *dirs, const char *name, int mode) {
    for (size_t n; *name && dirs && *dirs; dirs += n + (dirs[n] == ':')) {
        n = strcspn(dirs, ":");
        const char *path = text("%.*s/%s", (int)n, dirs, name);
        if (access(path, mode) == 0)
            return path;
    }
    return "";
}

/* execvp(3) of NAME has failed: why, and leave with 127 or 126. It has tried
 * all of PATH, and glibc's /bin/sh where a file is no program: the kernel is
 * asked once more about the file that is meant. It says ENOENT also if the file
 * is there and its loader is not: the commonest riddle of a home-made image. */
static _Noreturn void explain_exec(const struct container *c,
                                   const char *name) {
    const char *where = c->image ? shown(c->image)
                      : c->own_root ? "the container's root" : "this root";
    const char *file = strchr(name, '/') ? name
                     : find_in(getenv("PATH"), name, F_OK);
    char loader[256] = "ldd says what";

    execv(file, c->argv);
    bool missing = errno == ENOENT || errno == ENOTDIR;
    const char *said = text("%s: %s (%s), in %s", shown(file), errno == ENOEXEC
                            ? "not for this processor, or a script without #!"
                            : strerror(errno), errno_name(errno), where);
    if (missing && access(file, F_OK) < 0) {
        said = text("%s: not found in %s%s", *name ? shown(name) : "\"\"",
                    *file ? "" : "the PATH of ", where);
    } else if (missing) {
        sscanf(slurp(file), "#! %255[^ \t\n]", loader);
        said = text("%s is there, but what must load it (%s), or what that "
                    "needs, is missing in %s", shown(file), shown(loader),
                    where);
    }
    write_line("minicontainer: ", text("%s%s", said, remedy(said)));
    leave(missing ? NOT_FOUND : NOT_EXECUTABLE);
}

/* Our name for ps(1): pgrep(1) finds the one that prctl(2) sets; `ps ax` prints
 * what lies in our memory where the words of the command line were. (strncpy(3)
 * fills it up with zeros.) So only a process that needs them no more does this.
 * sane_start() knows the place. */
static struct { char *at; size_t size; } title;
static void set_name(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0); /* if it fails, nothing is lost */
    strncpy(title.at, name, title.size - 1);
}

/* =====================================================================
 * HOMES -- where limits can be set
 * =====================================================================
 * Chapter 14 makes the directories; here is what is written into their files,
 * where they can be, and what is said of it. What an ordinary user sees under
 * systemd, from the root of the tree down:
 *
 *     /sys/fs/cgroup                                 root's
 *      +- user.slice                                 root's
 *          +- user-1000.slice                        root's
 *              +- session-2.scope                    a login by ssh: root's
 *              +- user@1000.service                  given to user 1000
 *                  +- app.slice                      theirs: this can be home
 *                      +- a terminal's scope
 *
 * So it works in a terminal of a desktop, and by ssh only with the words of the
 * cure: `systemd-run --user --scope` starts a program in app.slice. (The
 * controller cpu is given to users since systemd 252.)
 */
#define CGROUPS "/sys/fs/cgroup"

/* Each limit: the option; its name in cgroup.subtree_control; what
 * CONTROLLER.events says when it was reached (there is none of cpu); how it is
 * written, and between what numbers. Docker's least memory is 6M: with less, a
 * program does not even begin. There are 4194304 PIDs. */
static const struct limit {
    const char *option, *controller, *event, *match;
    double least, most;
} limits[LIMIT_COUNT] = {
    [MEMORY] = { "memory", "memory", "^oom_kill [^0]", "^[0-9.]+[bkmg]?$", 6 << 20, 1e15 },
    [CPUS] = { "cpus", "cpu", ".", "^[0-9.]+$", 0.01, 4194304 },
    [PIDS] = { "pids-limit", "pids", "^max [^0]", "^[0-9]+$", 1, 4194304 },
};

/* What was asked for, as the file wants it: bytes; microseconds of each tenth
 * of a second; a number. NULL: it makes no sense. (What is no number, as "..",
 * strtod(3) leaves as the unit: it is none.) */
static const char *limit_value(int which, const char *said) {
    static const char units[] = "bkmg"; /* 1024 to the power of 0, 1, 2, 3 */
    const struct limit *l = &limits[which];
    char *unit;
    double n = strtod(said, &unit);
    const char *power = match(said, l->match) ? strcasestr(units, unit) : NULL;

    n *= power ? 1 << 10 * (power - units) : 1;
    if (!power || n < l->least || n > l->most)
        return NULL;
    return which == CPUS ? text("%.0f 100000", n * 100000) : text("%.0f", n);
}

/* Where the directories are that we have made; "": nothing is made. */
static char home[PATH_MAX];

/* "home/minicontainer-4711" and what is in it. */
static const char *in_cgroup(const char *name) {
    return text("%s/minicontainer-%d%s", home, getpid(), name);
}

/* Where process WHO stands in the tree of v2; "": at its root, or there is
 * none. */
static const char *own_cgroup(const char *who) {
    const char *own = match(slurp(text("/proc/%s/cgroup", who)), "^0::/.");

    return own ? first_line(own + 3) : "";
}

/* Is WORD one of WORDS? */
static bool is_among(const char *words, const char *word) {
    return strstr(text(" %s ", words), text(" %s ", word));
}

/* The controllers for our limits that HAS does not name: "+cpu +pids". (With
 * HAS "": all; and "" if no limit was asked for.) */
static const char *lacking(const struct container *c, const char *has) {
    const char *list = "";

    for (int i = 0; i < LIMIT_COUNT; i++)
        if (c->limit[i] && !is_among(first_line(has), limits[i].controller))
            list = text("%s +%s", list, limits[i].controller);
    return *list ? list + 1 : list;
}

/* Remove what killed supervisors left in home. Where a process lives the
 * kernel refuses: so nothing can be lost but a directory of a supervisor in
 * another PID namespace, in the moment before its child is born; that start
 * fails then. */
static void sweep(void) {
    struct dirent **list;
    int pid, n = scandir(home, &list, NULL, NULL);

    while (n-- > 0)
        if (sscanf(list[n]->d_name, "minicontainer-%d", &pid) == 1 &&
            pid > 0 && (pid == getpid() || /* (somebody else's before) */
                        (kill(pid, 0) < 0 && errno == ESRCH))) {
            rmdir(text("%s/%s/box", home, list[n]->d_name));
            rmdir(text("%s/%s", home, list[n]->d_name));
        }
}

/* Our own cgroup, or one above it: no other branch will do, since the kernel
 * asks for a right on the directory that the old and the new place have in
 * common. And none where processes stand: nobody could be born below then. (But
 * for the machine's root, the one cgroup that has no type.) There we switch the
 * controllers on, by one write(2). False: no limit was asked for. (v1 gives an
 * ordinary user nothing that is safe.) */
static bool find_home(const struct container *c) {
    const char *lacks = ""; /* in the highest that is ours: it has the most */

    if (!*lacking(c, ""))
        return false;
    snprintf(home, sizeof home, CGROUPS "%s", own_cgroup("self"));
    for (; strlen(home) >= strlen(CGROUPS); *strrchr(home, '/') = '\0') {
        const char *procs = text("%s/cgroup.procs", home);
        bool root = access(text("%s/cgroup.type", home), F_OK) < 0;
        if (access(procs, W_OK) < 0 || access(home, W_OK) < 0)
            continue;
        lacks = lacking(c, slurp(text("%s/cgroup.controllers", home)));
        if (*lacks || (!root && *slurp(procs)))
            continue;
        const char *control = text("%s/cgroup.subtree_control", home);
        put_if_allowed(control, lacking(c, ""));
        if (*lacking(c, slurp(control))) /* (cpu: realtime processes) */
            continue;
        sweep();
        return true;
    }
    const char *said = *lacks
        ? text("limits: these controllers are not delegated to you: %s", lacks)
        : access(CGROUPS "/cgroup.controllers", F_OK) == 0
        ? "limits: no cgroup here is ours to write, with controllers on"
        : "limits: " CGROUPS " is not cgroup v2, or not alone";
    refuse("%s%s", said, remedy(said));
}

/* Parent, at the end. Who stands before a dead program shall not guess. */
static void say_what_limits_did(const struct container *c) {
    for (int i = 0; i < LIMIT_COUNT; i++) {
        const char *file = text("/%s.events", limits[i].controller);
        const char *at = match(slurp(in_cgroup(file)), limits[i].event);
        if (at && c->limit[i])
            note("it went over --%s %s: %s says %s", limits[i].option,
                 c->limit[i], file + 1, first_line(at));
    }
}

/* =====================================================================
 * THE TABLE -- what is said of each isolation, and what shows it
 * =====================================================================
 * The options, the help, look, compare, isolations, the doctor and the tests
 * read it; part one calls prove(). To add an isolation: a name in the enum of
 * chapter 0, a line in child_side(), a chapter, a row here, a lesson, a test.
 *
 * First the look functions: what this very process sees of a row, in some 30
 * columns. They ask the kernel and not our notes, and run on either side.
 */

/* How many files match PATTERN, as in a shell. (glob(3) holds their names in
 * memory; it is asked a few times, and so nothing is given back.) */
static size_t count(const char *pattern) {
    glob_t found = { 0 };

    glob(pattern, GLOB_NOSORT, NULL, &found);
    return found.gl_pathc;
}

/* How many lines a file has; 0 if it cannot be read. */
static int lines(const char *path) {
    int n = 0;

    for (const char *p = slurp(path); *p; p++)
        n += *p == '\n';
    return n;
}

static const char *look_uts(void) {
    char host[65] = "", nis[65] = "("; /* 64 is the limit; "(none)": not set */

    TRY(gethostname(host, sizeof host - 1));
    TRY(getdomainname(nis, sizeof nis - 1));
    return text(*nis == '(' ? "%s" : "%s, NIS domain %s", host, nis);
}

/* This asks /proc, and that may be another namespace's (5): then the numbers do
 * not fit each other, and that is what the lesson shows. */
static const char *look_pid(void) {
    /* (By the mount option hidepid, its name may not be for us.) */
    const char *p = "/proc/1/comm", *name = access(p, R_OK) ? "" : slurp(p);

    return text("I am %d of %zu, 1 is %s", getpid(), count("/proc/[0-9]*"),
                first_line(name));
}

static const char *look_mnt(void) {
    return text("%d mounts", lines("/proc/self/mountinfo"));
}

static const char *look_proc(void) {
    return text("%zu processes, %zu interfaces", count("/proc/[0-9]*"),
                count("/sys/class/net/*"));
}

static const char *look_root(void) {
    const char *line = match(slurp("/proc/self/mounts"), "^[^ ]+ / ");
    char from[256] = "?", type[64] = "?";

    sscanf(line ? line : "", "%255s / %63s", from, type);
    return text("%zu names, %s %s", count("/*"), type, from);
}

/* The machine's own map is "0 0 4294967295": everybody is themselves. (Of a map
 * of several lines, the first.) */
static const char *look_user(void) {
    unsigned in = 0, out = 0, n = 0;

    sscanf(slurp("/proc/self/uid_map"), "%u %u %u", &in, &out, &n);
    return text(n == UINT_MAX ? "uid %u, no map" : "uid %u, map %u %u %u",
                geteuid(), in, out, n);
}

/* Each file has a heading, and a line for each object. (-1: this kernel, or
 * this /proc, has no such file.) */
static const char *look_ipc(void) {
    return text("queues %d, shm %d, sem %d",
                lines("/proc/sysvipc/msg") - 1, lines("/proc/sysvipc/shm") - 1,
                lines("/proc/sysvipc/sem") - 1);
}

/* Each address with its interface; none where a filter forbids netlink. A route
 * begins with its interface and where it leads to, and 00000000 is the way out;
 * or, for IPv6, with where it leads to. What only refuses ("unreachable") has
 * no interface; for IPv6, it is not up (bit 0 of the flags, the last column but
 * one; bit 1: there is a gateway). */
static const char *look_net(void) {
    struct ifaddrs *all = NULL;
    const char *out = "";

    getifaddrs(&all);
    for (struct ifaddrs *i = all; i; i = i->ifa_next) {
        struct sockaddr_in *in = (void *)i->ifa_addr;
        if (in && in->sin_family == AF_INET)
            out = text("%s%s %s, ", out, i->ifa_name, inet_ntoa(in->sin_addr));
    }
    freeifaddrs(all);
    bool way_out =
        match(slurp("/proc/self/net/route"), "^[^*\t]+\t00000000\t") ||
        match(slurp("/proc/self/net/ipv6_route"), "^0{32} 00 .*[13] +[^ ]+$");
    return text("%s%s", out, way_out ? "a way out" : "no way out");
}

/* Each line of the file is hierarchy:controllers:path. With cgroup v2 there is
 * one; with v1 many, and the first path that is not / says most. */
static const char *look_cgroup(void) {
    const char *at = match(slurp("/proc/self/cgroup"), ":/.+$");

    return at ? first_line(at + 1) : "/";
}

/* By the clock that also counts while the machine sleeps. */
static const char *look_time(void) {
    int minute = atoi(slurp("/proc/uptime")) / 60, hour = minute / 60;

    return text("up %d d %02d:%02d", hour / 24, hour % 24, minute % 60);
}

/* All that the kernel knows, by number (include/uapi/linux/capability.h), each
 * with what somebody who broke in does with it. What is newer than this table
 * is dropped as well. Ask of each: over what does this give power, a file of
 * the container or the whole machine? And has that thing a namespace? Where it
 * has none (the clock, modules, the log), no capability for it can ever be
 * kept. Fourteen are kept (DEFAULT_CAPS), and why:
 *
 *     chown, mknod, setfcap  packages give files to their users, make /dev
 *                            files, give files capabilities
 *     dac_override, fowner   root opens, and may chmod(2), every file in it
 *     fsetid                 setgid survives a write
 *     kill                   an init ends the others
 *     setgid, setuid         a server leaves root,
 *     setpcap, sys_chroot    drops its own rest, and locks itself in
 *     net_bind_service       a server on port 80
 *     net_raw                ping
 *     audit_write            sshd and su write a record
 *
 * The others, and why no container needs them:
 *
 *     dac_read_search        dac_override will do
 *     net_admin              addresses are our business
 *     net_broadcast          nothing in a container uses it
 *     ipc_lock, ipc_owner    swap is for all; owners share by mode bits
 *     sys_ptrace, lease      one's own children need none; few file servers
 *     wake_alarm             a server does not sleep
 *     block_suspend          the same
 *     sys_time, sys_nice     the clock and the processor are for all
 *     sys_admin              nothing good: it is the new root
 *
 * and the business of the host: linux_immutable (chattr +i), sys_module,
 * sys_rawio (drivers), sys_pacct (accounting), sys_boot, sys_resource (limits),
 * sys_tty_config (the console; not a devpts of our own), audit_control and
 * audit_read, mac_override and mac_admin (policy), syslog, perfmon (a profiler
 * runs outside), bpf, checkpoint_restore (moving containers).
 */
static const struct capability { const char *name, *attack; } capabilities[] = {
    { "chown", "takes any file in it" }, { "dac_override", "reads what users in it hide" },
    { "dac_read_search", "opens host files by handle" }, { "fowner", "takes away the mode bits" },
    { "fsetid", "keeps a setgid bit" }, { "kill", "ends processes of other users inside" },
    { "setgid", "becomes a member of any group" }, { "setuid", "becomes any user inside" },
    { "setpcap", "adds to its inheritable set" }, { "linux_immutable", "makes files that stay" },
    { "net_bind_service", "poses as such a server" }, { "net_broadcast", "hears other netlink" },
    { "net_admin", "changes routes, reaches nf_tables" }, { "net_raw", "forges packets" },
    { "ipc_lock", "takes memory for good" }, { "ipc_owner", "reads shared memory of others" },
    { "sys_module", "loads code into the kernel" }, { "sys_rawio", "writes to memory, disks" },
    { "sys_chroot", "walks out of a chroot (6)" }, { "sys_ptrace", "rewrites other processes" },
    { "sys_pacct", "writes records into any file" }, { "sys_admin", "mounts, undoes our walls" },
    { "sys_boot", "starts another kernel" }, { "sys_nice", "takes the processor from all" },
    { "sys_resource", "goes over quotas" }, { "sys_time", "sets the date of the machine" },
    { "sys_tty_config", "reprograms terminals" }, { "mknod", "makes the disk's device file" },
    { "lease", "makes others wait for a file" }, { "audit_write", "lies in the audit log" },
    { "audit_control", "switches the log off" }, { "setfcap", "gives a file capabilities" },
    { "mac_override", "passes by Smack's rules" }, { "mac_admin", "rewrites its policy" },
    { "syslog", "reads kernel addresses, to aim" }, { "wake_alarm", "wakes a laptop in a bag" },
    { "block_suspend", "empties the battery" }, { "audit_read", "reads what all others do" },
    { "perfmon", "watches the kernel" }, { "bpf", "runs its own code in the kernel" },
    { "checkpoint_restore", "chooses PIDs, opens map_files" },
};

/* The names of the capabilities of SET, each behind a space. */
static const char *cap_names(bits set) {
    const char *names = "";

    for (int cap = 0; cap < KNOWN_CAPS; cap++)
        if (set & BIT(cap))
            names = text("%s %s", names, capabilities[cap].name);
    return names;
}

static const char *look_caps(void) {
    bits have = status_bits(slurp(SELF), "CapEff:");
    int n = __builtin_popcountll(have);
    bool all = n == 1 + atoi(slurp("/proc/sys/kernel/cap_last_cap"));

    return text(all ? "all %d" : n ? "%d:%s" : "none", n, cap_names(have));
}

/* Not which calls: a filter can be read by nobody but a tracer with rights.
 * (What status_bits() takes for hexadecimal, %x writes as it was.) */
static const char *look_seccomp(void) {
    unsigned n = (unsigned)status_bits(slurp(SELF), "Seccomp_filters:");

    return text(n == 1 ? "%x filter" : "%x filters", n);
}

/* The limits of our own cgroup, as far as we see them. In a container of ours
 * that is `box`, which has none: they are one step above, out of sight. */
static const char *look_limits(void) {
    const char *out = "", *dir = text(CGROUPS "%s", own_cgroup("self"));

    for (int i = 0; i < LIMIT_COUNT; i++) {
        long most = atol(slurp(text("%s/%s", dir, limit_files[i])));
        if (most > 0) /* else there is no such file, or it says "max" */
            out = text("%s %s %ld", out, limit_files[i], most);
    }
    return *out ? out + 1 : "none in sight";
}

/* Docker's words are those for leaving it out; SHELL does the same; PEEK is a
 * look from a second window, where %d is the PID; PROBE is what `compare ROW`
 * runs if nothing is said; ALSO another name, as Docker or unshare(1) has. */
static const struct isolation {
    const char *name, *what, *docker, *shell, *peek, *probe, *also;
    const char *(*look)(void);
} isolations[ROWS] = {
    [UTS] = { "uts", "host name and NIS domain name", "--uts=host", "unshare --uts",
        "ls -l /proc/%d/ns/uts", "hostname oops; hostname", NULL, look_uts },
    [PID] = { "pid", "process numbers", "--pid=host", "unshare --pid --fork",
        "grep NSpid /proc/%d/status", "echo I am $$; kill $(cat /run/victim.pid)", NULL, look_pid },
    [MNT] = { "mnt", "the mount table", "-", "unshare --mount", "wc -l /proc/%d/mountinfo",
        "mount -t tmpfs none /mnt && grep -o 'none /mnt' /proc/mounts", "mount", look_mnt },
    [PROC] = { "proc", "the view in /proc and /sys", "-", "mount -t proc proc /proc",
        "ls /proc/%d/root/proc", "ls -d /proc/[0-9]* | wc -l", NULL, look_proc },
    [ROOT] = { "root", "the file tree", "-", "pivot_root . . && umount -l .",
        "ls /proc/%d/root/", "cat /root/diary", NULL, look_root },
    [USER] = { "user", "user and group numbers", "--userns=host", "unshare --user --map-root-user",
        "cat /proc/%d/uid_map", "id -u; hostname oops", "userns", look_user },
    [IPC] = { "ipc", "System V objects, POSIX queues", "--ipc=host", "unshare --ipc",
        "ls -l /proc/%d/ns/ipc", "ipcrm --all=msg; ipcs -q", NULL, look_ipc },
    [NET] = { "net", "interfaces, addresses, ports", "--network=host", "unshare --net",
        "cat /proc/%d/net/dev", "ip addr add 10.0.0.7/8 dev lo; ip -br addr", "network", look_net },
    [CGROUP] = { "cgroup", "the view of the cgroup tree", "--cgroupns=host", "unshare --cgroup",
        "cat /proc/%d/cgroup", "cat /proc/self/cgroup", "cgroupns", look_cgroup },
    [TIME] = { "time", "the clocks that count from boot", "-", "unshare --time --boottime -N",
        "cat /proc/%d/timens_offsets", "cat /proc/uptime; date +%F", NULL, look_time },
    [CAPS] = { "caps", "what root may do", "--privileged", "setpriv --bounding-set -sys_admin,...",
        "grep Cap /proc/%d/status", "id -u; hostname oops", NULL, look_caps },
    [SECCOMP] = { "seccomp", "system calls", "--security-opt", "systemd-run -p SystemCallFilter=",
        "grep Seccomp /proc/%d/status", "unshare --user id -u", NULL, look_seccomp },
    [LIMITS] = { "limits", "memory, CPUs, processes", "no --memory", "systemd-run -p MemoryMax=",
        "cat /proc/%d/cgroup", "for i in $(seq 99); do sleep 9 & done; echo 99",
        NULL, look_limits },
};

/* What makes those that are no namespace; and what look_at() knows them by: a
 * file, or a field of our status. (limits: our cgroup.) */
static const struct { const char *by, *id; } handmade[ROWS] = {
    [PROC] = { "mounts", "/proc" }, [ROOT] = { "mounts", "/" }, [CAPS] = { "capset(2)", "CapEff:" },
    [SECCOMP] = { "a BPF filter", "Seccomp_filters:" }, [LIMITS] = { "cgroup v2", NULL },
};

/* The row called NAME (its own name or another), or -1. */
static int find_row(const char *name) {
    for (int row = 0; row < ROWS; row++)
        if (strcmp(isolations[row].name, name) == 0 ||
            (isolations[row].also && strcmp(isolations[row].also, name) == 0))
            return row;
    return -1;
}

/* What ROW needs, given that the rows of SET are on. Their mounts are for a
 * table of our own; and a user namespace may mount /proc only for a PID
 * namespace that belongs to it. */
static bits partners(int row, bits set) {
    bits proc = row == PROC && set & BIT(USER) ? BIT(PID) : 0;

    return proc | (row == PROC || row == ROOT ? BIT(MNT) : 0);
}

/* "uts,pid,mnt": the rows of SET. */
static const char *list_rows(bits set) {
    const char *list = "";

    for (int i = 0; i < ROWS; i++)
        if (set & BIT(i))
            list = text("%s%s%s", list, *list ? "," : "", isolations[i].name);
    return *list ? list : "none";
}

/* Part one, when rows are made: those of SET that are on. */
static void prove(const struct container *c, bits set) {
    for (int row = 0; narrator.explain && row < ROWS; row++)
        if (set & c->rows & ~BIT(LIMITS) & BIT(row)) {
            tell("shell", isolations[row].shell);
            tell("now", text("%s: %s", isolations[row].name,
                             isolations[row].look()));
        }
    if (set & BIT(LIMITS) && c->cgroup_fd >= 0) /* the parent proves these */
        tell("now", text("limits: the child stands in %s",
                         own_cgroup(text("%d", c->pid))));
}

/* =====================================================================
 * LOOK -- what this very process sees
 * =====================================================================
 * `look` is a program's view from within; compare (below) takes the same of a
 * container. Here is also what all commands share that print to stdout.
 */
struct view { char id[40], sees[500]; };

/* What this process sees of ROW. Its id tells whether two processes share it:
 * of a namespace, a mount, a cgroup, the device and inode; of caps and seccomp,
 * which nobody shares, what there is. */
static struct view look_at(int row) {
    const char *id = row == LIMITS ? text(CGROUPS "%s", own_cgroup("self"))
                                   : handmade[row].id;
    struct view v = { "-", "" };
    struct stat st;

    if (!id)
        id = text("/proc/self/ns/%s", isolations[row].name);
    if (*id != '/')
        snprintf(v.id, sizeof v.id, "%jx",
                 (uintmax_t)status_bits(slurp(SELF), id));
    else if (TRY_BUT(ENOENT, stat(id, &st)) == 0)
        snprintf(v.id, sizeof v.id, "%ju:%ju", (uintmax_t)st.st_dev,
                 (uintmax_t)st.st_ino);
    snprintf(v.sees, sizeof v.sees, "%s", shown(isolations[row].look()));
    return v;
}

/* stdout is a promise: what could not be written (a full disk, a closed pipe)
 * is an error. Returns STATUS, or 125 with a message. It is written only here
 * (see sane_start), so errno is the write's. */
static int flushed(int status) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    write_line("minicontainer: ", text("standard output: %s", strerror(errno)));
    return OURS;
}

/* N columns of LINE, cut with ".." where it is longer. */
static const char *column(const char *line, int n) {
    return (int)strlen(line) <= n ? text("%-*s", n, line)
                                  : text("%.*s..", n - 2, line);
}

/* Was --porcelain given: is it for a program? Any other word is refused. */
static bool porcelain(char **words) {
    if (words[1] && (words[2] || strcmp(words[1], "--porcelain") != 0))
        refuse("%s takes no argument but --porcelain", words[0]);
    return words[1];
}

/* look: a row for each isolation. For a program tabs stand between, and
 * nothing is cut. */
static int cmd_look(char **words) {
    bool plain = porcelain(words);
    const char *fmt = plain ? "%s\t%s\t%s\n" : "%-8s %-12s %s\n";

    if (!plain)
        printf(fmt, "", "id", "what this process sees");
    for (int row = 0; row < ROWS; row++) {
        struct view v = look_at(row);
        printf(fmt, isolations[row].name, v.id,
               plain ? v.sees : column(v.sees, 57));
    }
    return flushed(0);
}

/* isolations: the fixed part of THE TABLE. */
static int cmd_isolations(char **words) {
    bool plain = porcelain(words);
    const char *fmt = plain ? "%s\t%s\t%s\t%s\t%s\t%s\n"
                            : "%-2s %-7s %-5s %-15s %-15s %s\n";

    if (!plain)
        printf(fmt, "", "name", "needs", "made by", "Docker's", "isolates");
    for (int row = 0; row < ROWS; row++) {
        const struct isolation *i = &isolations[row];
        const char *by = namespaces[row].name;
        printf(fmt, text("%02d", row + 2), i->name, list_rows(partners(row, 0)),
               by ? by : handmade[row].by, i->docker, i->what);
    }
    return flushed(0);
}

/* =====================================================================
 * SOURCE -- this file, read by itself: `source` and --step
 * =====================================================================
 * `source uts` prints a chapter, `source child_side` a function, `source
 * denied` a table. They are found by the way this file is laid out: a title
 * stands between two rulers; a definition begins in the first column, below a
 * blank line and its comment, and ends with a brace in the first column. The
 * lessons name chapters and functions, never line numbers: those change.
 */

/* Print our source from AT to END, each line with the number that it has in the
 * file, so that an editor finds it; a '>' marks line MARK. */
static void print_source(FILE *to, const char *at, const char *end, int mark) {
    int n = 1;

    for (const char *p = own_source; p < at; p++)
        n += *p == '\n';
    for (; at < end; at = strchr(at, '\n') + 1, n++)
        print_lines(to, text("%c%4d  ", n == mark ? '>' : ' ', n),
                    first_line(at));
}

/* --step, before the step at LINE: show what stands there, and wait for Enter.
 * What is not understood is asked again. A terminal gives one line for each
 * read(2): what comes after it is for somebody else. Signals are held: one that
 * shall end us is fetched here. We are parent or child, who speaks; the other
 * one waits. */
static void pause_at(int line) {
    int chapter, fd = TRY(syscall(SYS_signalfd4, -1, &ending, 8, SFD_CLOEXEC));
    struct pollfd news[] = { { fd, POLLIN, 0 }, { 0, POLLIN, 0 } };
    struct signalfd_siginfo s;
    const char *end = source_line(line + 10, &chapter);
    const char *at = source_line(line - 2, &chapter);
    char typed[4097] = "r\n";

    while (strcmp(typed, "\n") != 0 && strcmp(typed, "c\n") != 0) {
        bool again = strcmp(typed, "r\n") == 0;
        if (again)
            print_source(stderr, at, end, line);
        if (again && narrator.pid > 0 && chapter >= 2)
            write_line("  in a second window: ",
                       text(isolations[chapter - 2].peek, narrator.pid));
        dprintf(2, "[Enter] do it  [r] again  [c] run on  [q] leave: ");
        TRY_BUT(EINTR, poll(news, LENGTH(news), -1));
        if (news[0].revents && read(fd, &s, sizeof s) > 0)
            leave(128 + (int)s.ssi_signo);
        ssize_t n = read(0, typed, sizeof typed - 1);
        typed[n > 0 ? n : 0] = '\0'; /* (^D is no answer) */
        if (n < 0 || news[1].revents & POLLHUP || strcmp(typed, "q\n") == 0)
            leave(OURS);
    }
    close(fd);
    narrator.step = *typed != 'c';
}

/* The first of that NAME in the file: a chapter (02, uts), or a section, by its
 * title, up to the next one's; or a definition, with the comment above it. A
 * prototype, which has no brace behind its parameters, is none. END is its end.
 * NULL: there is nothing of that name. */
static const char *find_source(const char *name, const char **end) {
    /* It goes into a regular expression: it must not be one itself. */
    if (!*name || match(name, "[^a-z0-9_ ]"))
        return NULL;
    const char *at = match(own_source, text(
        "^(/[*] =+\n [*] (%d[.]|([0-9]+[.] )?(THE )?%s --) |"
        "#define %s[ (]|typedef .* %s;|"
        "([a-z}][^(]*[ *])?%s([[]| [{=]|[(]([^;{]|\n)*[{]))",
        isdigit(*name) ? atoi(name) : -1, name, name, name, name));
    if (!at)
        return NULL;
    const char *last = match(at, *at == '/' ? "^.*\n/[*] ====="
                               : *at == '#' ? "([^\\]|^)$"
                               : "^([}]|[a-z}].*;( /[*].*)?)$");
    *end = last ? strchr(last, '\n') + 1 : own_source_end;
    while (at > own_source && !(at[-1] == '\n' && at[-2] == '\n'))
        at--;
    return at;
}

/* source: to a terminal through a pager. less(1) waits only for what is longer
 * than the screen (F), and says how to leave (P). more(1) is always there, but
 * of late it waits at the end of a short text as well. */
static int cmd_source(char **words) {
    const char *end = own_source_end, *from = own_source;
    FILE *pager = NULL;

    if (words[1] && (words[2] || !(from = find_source(words[1], &end))))
        refuse("there is no chapter and no function \"%s\"\n"
               "  try:    minicontainer source uts",
               shown(words[2] ? words[2] : words[1]));
    if (isatty(1)) {
        setenv("LESS", "FRXPsspace goes on, q leaves", 0);
        pager = popen("${PAGER:-$(command -v less || echo more -d)}", "w");
        signal(SIGPIPE, SIG_IGN); /* who leaves early: pclose(3) is -1 then */
    }
    print_source(pager ? pager : stdout, from, end, 0);
    return flushed(pager && pclose(pager) > 0 ? OURS : 0);
}

/* =====================================================================
 * WHO IS WHO -- whom 0 inside stands for, if nobody says it
 * =====================================================================
 * For chapter 7: parent_side() asks default_map() before the child is there,
 * map_user() for the lines, and who may write them.
 *
 * If 0 were 0, all that is root's outside would be open to root inside: files,
 * and the switches in /proc/sys. So real root's container gets a range of
 * numbers that nobody owns. Three hand out numbers on a machine: useradd(8),
 * up to 600,100,000, and what it gave is in /etc/subuid and /etc/subgid;
 * systemd, from 524,288 to 1,879,048,191; and an administrator, who writes it
 * into these two files. (Who keeps them elsewhere, in a directory service, is
 * not asked.)
 */
enum { RANGE_FIRST = 1879048192, RANGE_END = RANGE_FIRST + 65536 };

/* Real root: user 0 of the machine itself, not of some user namespace. If we
 * cannot see who we are, it is so: the safe answer. */
static bool root_of_machine(void) {
    const char *map = slurp("/proc/self/uid_map");

    return geteuid() == 0 && (!*map || match(map, "^ *0 +0 +4294967295$"));
}

/* Does the map name nobody but ourselves? That much is free for everybody. */
static bool only_us(const struct container *c) {
    return c->maps == 1 && c->map->count == 1 && c->map->outside == geteuid();
}

/* Has one of the lines of FILE, where FORMAT finds a first number and a count,
 * a number of that range? */
static bool has_range(const char *file, const char *format) {
    unsigned long from, many;

    for (char *rest = slurp(file), *line; (line = strsep(&rest, "\n"));)
        if (sscanf(line, format, &from, &many) == 2 &&
            from < RANGE_END && RANGE_FIRST < from + many)
            return true;
    return false;
}

/* Whom 0 stands for, if nobody says it: for real root a range that nobody owns,
 * so long that nobody (65534) and all users of a system are in it; for all
 * others only ourselves, as for root of a container, whose namespace knows no
 * such ids. A line of uid_map is INSIDE OUTSIDE COUNT, of subuid
 * NAME:FIRST:COUNT. */
static struct map usual_map(void) {
    const char *owned = "%*[^:]:%lu:%lu";

    if (geteuid() != 0 || !has_cap(CAP_SETUID) || !has_cap(CAP_SETGID) ||
        !(root_of_machine() || has_range("/proc/self/uid_map", "%lu %*u %lu")))
        return (struct map){ 0, geteuid(), 1 };
    if (has_range("/etc/subuid", owned) || has_range("/etc/subgid", owned))
        refuse("/etc/subuid or /etc/subgid gives ids from %d on to somebody\n"
               "  cure:   --map 0:FIRST:65536, with a range that is yours",
               RANGE_FIRST);
    return (struct map){ 0, RANGE_FIRST, RANGE_END - RANGE_FIRST };
}

/* Parent, outside. Fill in the map, if --map did not. */
static void default_map(struct container *c) {
    if (c->maps == 0)
        c->map[c->maps++] = usual_map();
    for (int i = 0; i < c->maps; i++)
        if (c->map[i].outside == 0 && root_of_machine())
            note("%u inside is 0 outside: all that is root's on this machine, "
                 "files and /proc/sys, is open to it", c->map[i].inside);
    /* To leave a group can give access, to a file that is closed to that group:
     * who has no privilege gives setgroups(2) up before the map is written. */
    c->no_setgroups = (!has_cap(CAP_SETGID) && only_us(c)) ||
                      strstr(slurp("/proc/self/setgroups"), "deny");
}

/* The lines of uid_map or gid_map: inside, outside, count. In a map of groups,
 * our own group stands for our own user. */
static char *map_lines(const struct container *c, bool groups) {
    char *lines = text("%s", "");

    for (const struct map *m = c->map; m < c->map + c->maps; m++) {
        bool us = m->outside == geteuid() && m->count == 1;
        lines = text("%s%s%u %u %u", lines, *lines ? "\n" : "", m->inside,
                     us && groups ? getegid() : m->outside, m->count);
    }
    return lines;
}

/* May we write it ourselves? Our own number everybody may; more, who has the
 * privilege over our own user namespace. */
static bool may_map(const struct container *c, bool groups) {
    return only_us(c) || has_cap(groups ? CAP_SETGID : CAP_SETUID);
}

/* Run a line of shell. Not by system(3): that ignores SIGINT meanwhile, and one
 * that is held, and would end us, is lost. */
static bool run_shell(const char *line) {
    int status;

    tell("shell", line);
    pid_t child = TRY(fork());
    if (child == 0) {
        narrator.running = NULL; /* (it is not ours to end) */
        TRY(execl("/bin/sh", "sh", "-c", line, NULL));
    }
    TRY(waitpid(child, &status, 0));
    return status == 0;
}

/* For others there are newuidmap(1) and newgidmap(1), setuid programs that look
 * into /etc/subuid and /etc/subgid. No word of this line is from outside:
 * numbers, and one of two names. */
static void map_by_helper(const struct container *c, bool groups) {
    const char *helper = groups ? "newgidmap" : "newuidmap";
    char *shell = text("%s %d %s", helper, c->pid, map_lines(c, groups));

    for (char *p = shell; *p; p++)
        *p = *p == '\n' ? ' ' : *p;
    if (!run_shell(shell))
        refuse("%s is missing, or finds no such ids in /etc/subuid, subgid\n"
               "  cure:   sudo apt-get install uidmap; sudo usermod --add-sub"
               "uids 100000-165535 --add-subgids 100000-165535 $USER", helper);
}

/* =====================================================================
 * THE OPTIONS -- the words of the command line
 * =====================================================================
 * What is typed becomes a request. Each option is a row of options[], or a row
 * of isolations[] (THE TABLE): --X, --no-X, --X=host. getopt_long(3) is not
 * used: it takes --no-n for --no-net, and here a word must mean what it says.
 * To add an option: a line in options[], a field or a function for it, and a
 * line in the help (THE COMMANDS).
 */
struct request {
    struct container c;   /* what comes of it                                */
    const char *who;      /* lab, exec, compare ROW: they set the isolations,
                           * and take what options[] says; NULL: take all    */
    bits named, denied;   /* rows that were switched on, or off, by name     */
    bits given;           /* which of options[] were given                   */
    bool only, init, no_init, privileged, explain, step, always_so, detach, rm;
    bits cap_add, cap_drop; /* capabilities, a bit each; and ALL_CAPS        */
    const char *boottime; /* seconds, as typed                               */
    const char *name;     /* of a container that is kept (16)                */
    int envs;             /* how many c.env has                              */
    char **word;          /* the next word that is read                      */
    void *field;          /* where the option that is being read goes        */
};
/* --cap-add ALL, --cap-drop ALL: a bit that no capability of ours has. */
#define ALL_CAPS BIT(KNOWN_CAPS)

/* The row called NAME; an unknown one is refused. */
static int need_row(const char *name) {
    int row = find_row(name);

    if (row < 0)
        refuse("there is no isolation \"%s\"; all are %s", shown(name),
               list_rows(ALL_ROWS));
    return row;
}

/* What some options do with their values: each returns whether it is one. */
static bool set_only(struct request *r, const char *list) {
    char *names = strcmp(list, "none") == 0 ? NULL : text("%s", list);

    r->only = true;
    while (names)
        r->named |= BIT(need_row(strsep(&names, ",")));
    return true;
}

/* (Docker also takes a bare NAME, and copies the caller's value: here nothing
 * is taken that is not said.) */
static bool set_env(struct request *r, const char *pair) {
    r->c.env[r->envs++] = (char *)pair;
    return true;
}

/* That the lines of a map do not overlap is the kernel's business: EINVAL. (Of
 * the numbers we take those below 4,000,000,000: nobody's user is above.) */
static bool set_map(struct request *r, const char *line) {
    struct map m = { 0, 0, 0 };
    int n = sscanf(line, "%u:%u:%u", &m.inside, &m.outside, &m.count);

    if (n < 3 || m.count == 0 || (size_t)r->c.maps == LENGTH(r->c.map))
        return false;
    r->c.map[r->c.maps++] = m;
    return r->c.maps > 1 || m.inside == 0;
}

static const char *volume_source(const char *src); /* 20 */
static bool set_entrypoint(struct request *r, const char *word); /* 16 */
static bool set_network(struct request *r, const char *name); /* 21 */
static bool set_port(struct request *r, const char *value); /* 22 */
/* SRC must be there; DST is looked up by the child, in the new tree. ".." is
 * refused, not followed: what it means could change between two looks. */
static bool set_volume(struct request *r, const char *value) {
    char *at, *src = strtok_r(strdup(value), ":", &at);
    char *dst = strtok_r(NULL, ":", &at), *mode = strtok_r(NULL, ":", &at);
    bits attr = mode && strcasecmp(mode, "ro") == 0 ? MOUNT_ATTR_RDONLY : 0;

    if (!dst[strspn(dst, "/.")] || strstr(text("%s/", dst), "/../"))
        return false;
    const char *from = volume_source(src);
    if (strchr(src, '/') && access(from, F_OK) < 0)
        refuse("--volume: %s: %s", value, strerror(errno));
    r->c.volume[r->c.volumes++] = (struct volume){ from, dst, attr, -1 };
    return true;
}

/* A capability as Docker writes it (NET_ADMIN), or the man pages
 * (CAP_NET_ADMIN); or ALL. */
static bool set_cap(struct request *r, const char *name) {
    const char *bare = strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name;
    int cap = 0;

    while (cap < KNOWN_CAPS && strcasecmp(capabilities[cap].name, bare) != 0)
        cap++;
    *(bits *)r->field |= BIT(cap); /* behind the last: ALL_CAPS */
    return cap < KNOWN_CAPS || strcasecmp(bare, "ALL") == 0;
}

static bool set_limit(struct request *r, const char *said) {
    const char **limit = r->field;

    *limit = said;
    return limit_value((int)(limit - r->c.limit), said);
}

/* --security-opt: of Docker's words those that mean something here. What names
 * a profile of AppArmor or SELinux, or a file with a filter, is beyond this
 * program, and must not be ignored. (match() takes capitals, too.) */
static bool set_security(struct request *r, const char *word) {
    r->denied |= match(word, "^seccomp") ? BIT(SECCOMP) : 0;
    r->c.no_mask |= match(word, "^system") != NULL;
    return true;
}

/* The options that are not isolations, and the usual ones of Docker's that are
 * not ours: for them no value is right ("^$"), and `wants` is what there is
 * instead. Fields that are left out are 0. */
#define AT(name) offsetof(struct request, name)
static const struct option_row {
    const char *words;  /* what is typed for it                               */
    int row;            /* belongs to this row; ROWS: to none                 */
    const char *also;   /* lab, compare ROW, exec take it too: l, c, e        */
    const char *wants;  /* what a wrong value is told; NULL: takes none       */
    const char *match;  /* how its value looks: regex(7); NULL: as it likes   */
    size_t field;       /* set NULL: the value, or true, goes here            */
    bool (*set)(struct request *, const char *value);
} options[] = {
/*    words, row, also, wants, match, field, set */
    { "--only", ROWS, "", "wants a list like user,uts or the word none", .set = set_only },
    { "--none", ROWS, "", .field = AT(only) },
    { "--hostname", UTS, "c", "wants 1 to 64 letters, digits, dots or -",
      "^[a-z0-9.-]{1,64}$", .field = AT(c.hostname) },
    { "--image", ROWS, "", "wants a directory, or the name of an image", .field = AT(c.image) },
    { "--entrypoint", ROWS, "", "wants a program", .set = set_entrypoint },
    { "--name", ROWS, "", "wants a name for the container", .field = AT(name) },
    { "--volume -v", MNT, "", "wants SRC:/DST[:ro]; /DST is a whole path below / without ..",
      "^[^:]+:/[^:]*(:r[ow])?$", .set = set_volume },
    { "--read-only", ROOT, "", .field = AT(c.read_only) },
    { "--network", ROWS, "", "wants none, host, or a name of 1 to 11 letters; four at most",
      "^[a-z][a-z0-9-]{0,10}$", .set = set_network },
    { "--publish -p", NET, "l", "wants [IP:]OUT:IN, 1 to 65535; eight at most", .set = set_port },
    /* What the command finds when it begins. */
    { "--workdir -w", ROWS, "e", "wants a directory", .field = AT(c.workdir) },
    { "--env -e", ROWS, "lce", "wants NAME=VALUE", "^[^=[:cntrl:]]+=", .set = set_env },
    { "--map", USER, "", "wants IN:OUT:COUNT, as 0:1000:1; 8 at most, the first from 0 on",
      "^([1-3]?[0-9]{1,9}:){2}[1-3]?[0-9]{1,9}$", .set = set_map },
    { "--init", ROWS, "", .field = AT(init) },
    { "--no-init", ROWS, "", .field = AT(no_init) },
    { "--boottime", TIME, "c", "wants a number: seconds", "^1?[0-9]{1,9}$", .field = AT(boottime) },
    /* What it may do, and how much. */
    { "--cap-add", CAPS, "c", "wants one of lesson 12, or ALL", NULL, AT(cap_add), set_cap },
    { "--cap-drop", CAPS, "c", "wants one of lesson 12, or ALL", NULL, AT(cap_drop), set_cap },
    { "--privileged", ROWS, "", .field = AT(privileged) },
    { "--no-mask", PROC, "", .field = AT(c.no_mask) },
    { "--security-opt", ROWS, "", "seccomp=unconfined, systempaths=unconfined or no-new-privileges",
      "^((seccomp|systempaths)=unconfined|no-new-privileges([:=]true)?)$", .set = set_security },
    { "--memory -m", LIMITS, "lc", "wants a size, from 6M", NULL, AT(c.limit[MEMORY]), set_limit },
    { "--cpus", LIMITS, "lc", "wants a number, from 0.01 on", NULL, AT(c.limit[CPUS]), set_limit },
    { "--pids-limit", LIMITS, "lc", "wants a whole number", NULL, AT(c.limit[PIDS]), set_limit },
    /* For learners; and Docker's words for what is always so here. (-it is a
     * word; other letters are typed one by one.) */
    { "--explain", ROWS, "lce", .field = AT(explain) },
    { "--step", ROWS, "lce", .field = AT(step) },
    { "--interactive -i --tty -t -it -ti", ROWS, "lce", .field = AT(always_so) },
    { "--rm", ROWS, "lce", .field = AT(rm) },
    /* And for what is not to be had. */
    { "--detach -d", ROWS, "", .field = AT(detach) },
    { "-h -P", ROWS, "", "-h is --hostname here, -P a -p OUT:IN for each port", .match = "^$" },
    { "-u", ROWS, "", "it is 0 inside; --map says who outside (lesson 07)", .match = "^$" },
    /* The end: a row of isolations[], by its name, or nothing that we know. */
    { "", ROWS, "", .match = "^$" },
};

/* Nobody knows WORD: say the nearest, which begins as more than half of it. (So
 * a slip in the first letters has none.) */
static _Noreturn void unknown_option(const char *word) {
    const char *all = "", *near = NULL;

    for (int row = 0; row < ROWS; row++)
        all = text("%s --%s --no-%s", all, isolations[row].name,
                   isolations[row].name);
    for (size_t i = 0; i < LENGTH(options); i++)
        all = text("%s %s", all, options[i].words);
    for (size_t n = strnlen(word, 40); n > strlen(word) / 2 && !near; n--)
        near = strstr(all, text(" %.*s", (int)n, word));
    refuse("there is no option %s here%s%s\n"
           "  try:    minicontainer run --help", shown(word),
           near ? "; the nearest is " : "", near ? next_word(&near) : "");
}

/* A row by one of its names: --pid=host means --no-pid; --network=none is what
 * net always is here. What Docker's users type unjoined, as the next word, is
 * not a command. */
static void set_row(struct request *r, const char *name, const char *value) {
    bool off = strncmp(name, "--no-", 5) == 0;
    int row = find_row(name + (off ? 5 : 2));
    const char *word = value ? value : off || !*r->word ? "" : *r->word;
    bool host = !off && strcmp(word, "host") == 0;
    bool none = !off && row == NET && strcmp(word, "none") == 0;

    if (row < 0)
        unknown_option(name);
    if (value ? !(host || none)
              : host || none || match(word, "^[0-9:]+$|^type=") == word)
        refuse("%s %s: an isolation takes =host, joined (net: =none); Docker's "
               "--user is --map here, or an image's USER; --mount is --volume\n"
               "  try:    minicontainer run %s%s", name, shown(word), name,
               host ? "=host" : none ? "=none" : "");
    *(off || host ? &r->denied : &r->named) |= BIT(row);
}

/* The VALUE of option O, which was typed as NAME. What it says may come back in
 * a message, or in a prompt; but not what stands behind NAME= of --env. */
static void take_value(struct request *r, const struct option_row *o,
                       const char *name, const char *value) {
    const char *clean = shown(value);
    bool same = strcmp(clean, value) == 0;

    r->field = (char *)r + o->field;
    if (!*value || (!same && o->set != set_env) ||
        (o->match && match(value, o->match) != value) ||
        (o->set && !o->set(r, value)))
        refuse("%s \"%s\"%s: %s", name, clean,
               same ? "" : " (a control character, or too long)", o->wants);
    if (!o->set)
        *(const char **)r->field = value;
}

/* A word of options: --NAME, --NAME=VALUE, -x, -xVALUE. A name is whole. What
 * lab, exec and `compare ROW` cannot honour they refuse. */
static void take_word(struct request *r, const char *word) {
    bool is_long = word[1] == '-';
    size_t n = is_long ? strcspn(word, "=") : is_among("-it -ti", word) ? 3 : 2;
    const char *name = text("%.*s", (int)n, word);
    const char *value = word[n] ? word + n + is_long : NULL;
    const struct option_row *o = options;

    while (*o->words && !is_among(o->words, name))
        o++;
    if (r->who && !strchr(o->also, *r->who))
        refuse("%s sets the isolations itself: it does not take %s", r->who,
               shown(name));
    r->given |= BIT(o - options);
    if (!*o->words)
        set_row(r, name, value);
    else if (o->wants)
        take_value(r, o, name, value ? value : *r->word ? *r->word++ : "");
    else if (value)
        refuse("%s takes no value", name);
    else
        *(bool *)((char *)r + o->field) = true;
}

/* A container that nothing is said about yet. */
static const struct container preset = { .hostname = "box", .proc_fd = -1,
                                         .children = -1, .caps = DEFAULT_CAPS };

/* What WORDS ask for; WHO as in struct request. A "--" ends the options. The
 * first word that is none is the command; what follows is the command's own. (A
 * lone "-" is no option: many programs mean standard input by it.) */
static struct request request_of(const char *who, char **words) {
    /* No more volumes than words, and no more variables (and a NULL). */
    static struct volume volume[10000];
    static char *env[LENGTH(volume) + 1];
    struct request r = { .c = preset, .who = who, .word = words };
    const char *word;

    r.c.volume = volume;
    r.c.env = env;
    while ((word = *r.word) && *word == '-' && !is_among("- --", word)) {
        if ((size_t)(r.word++ - words) >= LENGTH(volume))
            refuse("more than %zu words of options", LENGTH(volume));
        take_word(&r, word);
    }
    narrator.step = r.step;
    narrator.explain = r.explain || r.step;
    r.word += word && strcmp(word, "--") == 0;
    r.c.argv = *r.word ? r.word : NULL;
    return r;
}

/* =====================================================================
 * THE COPY -- this program, where nobody can write to it
 * =====================================================================
 * What stands in a container under the name of the command may be a link to
 * /proc/self/exe, or a script with that behind its #!. Then we are what runs in
 * there; and as /proc/PID/exe our own file can be written, or get another mode
 * (set-uid!), if 0 inside is the user that it belongs to. That hole was in
 * Docker (CVE-2019-5736). So if it is ours, we go on as a copy of it in memory,
 * which has no path and is sealed; runc does the same. exec, lab and compare
 * begin so; run does it when it has read --image or --volume.
 */

/* The path of the file that we were started from; a copy, which has no path,
 * has it as its name. */
static char *own_path(void) {
    char *path = realpath("/proc/self/exe", NULL);

    return path ? path : title.at;
}

/* WORDS are those behind our own name. memfd_create(2), fcntl(2) */
static void become_a_copy(char **words) {
    const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    /* MFD_EXEC, of Linux 6.3; some systems ask for it since. */
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING, may_run = 0x10;
    struct stat st;

    /* A copy has no name for ps(1). It comes here, too: then all is done; so it
     * is with another user's file: whoever we are inside cannot change it. */
    TRY(prctl(PR_SET_NAME, "minicontainer", 0, 0, 0));
    TRY(stat("/proc/self/exe", &st));
    if (st.st_nlink == 0 || st.st_uid != geteuid() ||
        access("/proc/self/exe", R_OK) < 0) /* (mode 0111) */
        return;
    int copy = TRY_BUT(EINVAL, memfd_create("minicontainer", flags | may_run));
    if (copy < 0)
        copy = TRY(memfd_create("minicontainer", flags));
    copy_rest(TRY(open("/proc/self/exe", O_RDONLY | O_CLOEXEC)), copy);
    TRY(fcntl(copy, F_ADD_SEALS, seals));
    words[-1] = own_path();
    TRY(fexecve(copy, words - 1, environ));
}

/* The directory `lessons` beside this program. It need not be there. */
static const char *lessons_dir(void) {
    const char *path = own_path(), *end = strrchr(path, '/');

    return strdup(text("%.*s/lessons", end ? (int)(end - path) : 0, path));
}

/* =====================================================================
 * THE RULES -- which sets of isolations there can be; and `run`
 * =====================================================================
 * settle() makes a container of a request, or refuses. What was named is
 * honoured or refused; only what was a default may give way, and only proc and
 * root ever do, because a flag took their partner.
 *
 * The rules, found by trying all 8,192 sets as root, as an ordinary user, and
 * as root of a lab:
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

/* Those that change what a process sees; all others change what it may do. */
#define VIEWS (BIT(CAPS) - 1)
/* What needs no privilege: no_new_privs is enough for a filter, and a cgroup
 * needs a directory that is ours. */
#define FREE (BIT(SECCOMP) | BIT(LIMITS))

/* ROWS with what they lack, so that all rules are kept. */
static bits completed(bits rows) {
    if (rows & ~FREE && !has_cap(CAP_SYS_ADMIN))
        rows |= BIT(USER);
    for (int row = 0; row < ROWS; row++)
        if (rows & BIT(row))
            rows |= partners(row, rows);
    return rows;
}

/* A set that cannot be: WHY; ROWS and what they lack as a line to copy; and the
 * lesson of ROW. */
static _Noreturn void refuse_set(const char *why, bits rows, int row) {
    refuse("%s\n  try:    minicontainer run --only %s\n"
           "  lesson: lessons/%02d-%s", why, list_rows(completed(rows)),
           row + 2, isolations[row].name);
}

/* The first three rules, which partners() has. A row that was named is refused;
 * a default gives way. */
static void give_way(struct request *r) {
    for (int row = PROC; row <= ROOT; row++) {
        bits lacks = partners(row, r->c.rows) & ~r->c.rows;
        const char *name = isolations[row].name, *list = list_rows(lacks);
        const char *why = lacks & BIT(MNT) ? "its mounts would be the machine's"
            : "a user namespace mounts /proc for a PID namespace of its own";
        if (!on(&r->c, row) || !lacks)
            continue;
        if (r->named & BIT(row))
            refuse_set(text("%s cannot be without %s: %s", name, list, why),
                       r->c.rows, row);
        note("%s gives way: %s is off", name, list);
        r->c.rows &= ~BIT(row);
    }
}

/* Refuse an option of a row that is off: it would be silently useless. What is
 * left of them goes into the container. */
static void check_options(struct request *r) {
    struct container *c = &r->c;

    for (const struct option_row *o = options; *o->words; o++) {
        const char *words = o->words;
        if (r->given & BIT(o - options) && o->row != ROWS && !on(c, o->row))
            refuse_set(text("%s: the isolation %s is off", next_word(&words),
                            isolations[o->row].name), c->rows | BIT(o->row),
                       o->row);
    }
    if (r->boottime)
        c->age = atoll(r->boottime);
    /* ALL first, as Docker reads it, then single ones. What is both added and
     * dropped is dropped (Docker keeps it). */
    c->caps = r->cap_drop & ALL_CAPS ? 0 : DEFAULT_CAPS;
    c->caps |= r->cap_add & ALL_CAPS ? ~(bits)0 : r->cap_add;
    c->caps &= ~r->cap_drop;
    /* What is not kept by default is a gift to whoever breaks in: say which.
     * (ALL is not told: it would be all the lines.) */
    for (int i = 0; i < KNOWN_CAPS; i++)
        if (r->cap_add & BIT(i) & ~DEFAULT_CAPS)
            note("--cap-add %s: who breaks in %s", capabilities[i].name,
                 capabilities[i].attack);
}

/* The options are read: all that a run and a comparison have in common. */
static void settle(struct request *r) {
    struct container *c = &r->c;

    /* Docker's "take down the walls that hold rights back". It is often typed
     * when one right is missing; --cap-add of that one is better. (Docker's
     * also gives all devices and a writable /sys: not here.) */
    r->denied |= r->privileged ? BIT(CAPS) | BIT(SECCOMP) : 0;
    c->no_mask |= r->privileged;
    bits both = r->named & r->denied;
    if (both || (r->init && r->no_init))
        refuse("%s: on and off at once", both ? list_rows(both) : "init");
    c->rows = r->only ? r->named : ALL_ROWS & ~r->denied;
    give_way(r);
    bool may = on(c, USER) || has_cap(CAP_SYS_ADMIN);
    if (c->rows & ~FREE && !may) /* the fourth rule */
        refuse_set("without privilege only user is free: it gives the right to "
                   "the others, as `minicontainer lab` does", c->rows, USER);
    /* Where pid is off there is no PID 1, and an init ends what is left. */
    if (r->no_init && !on(c, PID))
        refuse_set("--no-init needs pid: without it somebody must end what the "
                   "command leaves behind", c->rows | BIT(PID), PID);
    /* --only means nothing else: then the command is PID 1. */
    c->init = !on(c, PID) || !(r->no_init || (r->only && !r->init));
    check_options(r);
    /* An image is a directory that we may enter, and becomes the root; without
     * mnt by chroot(2), for who has the privilege. All that is in it is the
     * image's business, but a place for what was named. */
    if (c->image && !on(c, ROOT) && (c->layers || on(c, MNT) || !may))
        refuse_set("--image is the new root, and the isolation root is off",
                   c->rows | BIT(ROOT), ROOT);
    const char *needs = r->named & BIT(PROC) ? "proc/." : ".";
    if (c->image && !c->layers &&
        access(text("%s/%s", c->image, needs), R_OK | X_OK) < 0)
        refuse("--image: %s/%s: %s", c->image, needs, strerror(errno));
    if (!c->workdir && (on(c, ROOT) || c->image))
        c->workdir = "/";
}

/* Run what is settled. */
static int run_settled(struct request *r) {
    if (!on(&r->c, USER) && root_of_machine())
        note("you are root of this machine, and COMMAND may change its %s; "
             "practise in `minicontainer lab`",
             list_rows(VIEWS & ~r->c.rows));
    int status = parent_side(&r->c);
    if (status == 128 + SIGSYS && on(&r->c, SECCOMP))
        note("status %d is SIGSYS: most often a program of 32 bits: the filter "
             "knows one processor\n  lesson: lessons/13-seccomp", status);
    return status;
}

/* run: the whole of it. Ends with the command's status. */
static struct image *find_layers(struct request *r); /* 16 */
static char *create_container(struct request *r, char **words); /* 19 */
static int start_container(const char *dir, bool attach);
static int cmd_run(char **words) {
    struct request r = request_of(NULL, words + 1);

    /* What an image or a volume has under the name of the command may be a link
     * to our own file. So go on as a copy, before anything is said twice. */
    if (r.c.image || r.c.volumes)
        become_a_copy(words);
    if (r.name || r.detach)
        return start_container(create_container(&r, words + 1), !r.detach);
    find_layers(&r);
    settle(&r);
    _exit(run_settled(&r)); /* (nothing of stdio(3) is to be flushed) */
}

/* =====================================================================
 * THE LAB -- a practice host
 * =====================================================================
 * Showing what leaks without an isolation means letting it leak onto a machine.
 * So there is one to break: a container like any other, furnished so that every
 * wall has something to protect. `exit` resets it. It differs from `run` in its
 * preset and in what furnish() puts there (child_side() calls that), in nothing
 * else: so there is a lab in a lab, and a lab in that.
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
 *
 * All of it is in the lab's memory: copies. What it only shows, /usr, are
 * mounts of its own, so its root may make them writable; but they belong to
 * another user, whom the lab has no number for (where your own user owns them,
 * what the lab breaks there is broken).
 */
#define LESSONS "/run/lessons" /* the machine's, until they are copied */

/* Child. A second address on lo, so that the lab's network differs from a new
 * one. (A label behind the name makes an address, not an interface.) The bytes
 * are a port, 0, and 10.0.0.1: ip(7). */
static void add_address(void) {
    struct ifreq request = { .ifr_name = "lo:0",
                             .ifr_addr = { AF_INET, "\0\0\12\0\0\1" } };
    int fd = TRY(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

    TRY(ioctl(fd, SIOCSIFADDR, &request));
    close(fd);
}

/* Child: start the victim. It does nothing, and may be killed. It is in a
 * session of its own, and has an abstract socket for its stdin: a name without
 * a file, with a zero byte first, which belongs to the network namespace; see
 * unix(7). What is above 2 is closed: so the pipe ends when it is
 * ready. */
static pid_t start_victim(const struct container *c) {
    struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0victim" };
    socklen_t size = offsetof(struct sockaddr_un, sun_path) + sizeof "victim";
    int fd = TRY(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), ready[2];

    TRY(bind(fd, (struct sockaddr *)&name, size));
    TRY(listen(fd, 8));
    TRY(pipe2(ready, O_CLOEXEC));
    pid_t victim = TRY(fork());
    if (victim > 0) {
        close(fd); /* all is the victim's: init shall keep none of it */
        TRY(close(ready[1]));
        TRY(poll(&(struct pollfd){ .fd = ready[0] }, 1, -1));
        close(ready[0]);
        return victim;
    }
    narrator.explain = narrator.step = false; /* it is no step of its own */
    setsid();
    set_name("victim");
    dup2(fd, 0);
    clean_start(c);
    TRY(syscall(SYS_close_range, 3, ~0U, 0)); /* (no execve(2) does it here) */
    for (;;)
        pause();
}

/* Child, last: we are root of the new tree, and PID 1. */
static void furnish(struct container *c) {
    struct { long type; char text[40]; } message = { 1, "meet me at noon" };
    struct stat st;

    say("the practice host gets something for every wall to protect");
    /* Small numbers are often the same in two places: begin at 1001. */
    put_if_allowed("/proc/sys/kernel/ns_last_pid", "1000");
    make_file("/run/victim.pid", 0644, text("%d\n", start_victim(c)));
    make_file("/root/diary", 0600,
              "Dear diary, nobody else shall read this.\n");
    add_address();
    msgsnd(msgget(0x0d1a21, IPC_CREAT | 0600), &message, sizeof message.text,
           IPC_NOWAIT); /* (a kernel without System V objects has no queue) */
    /* The program, its source and the lessons, to be broken: copies. */
    TRY(mkdir("/opt/minicontainer", 0755));
    int copy = TRY(creat("/opt/minicontainer/minicontainer", 0755));
    if (access("/proc/self/exe", R_OK) == 0)
        copy_rest(TRY(open("/proc/self/exe", O_RDONLY | O_CLOEXEC)), copy);
    close(copy); /* else nobody could execute it (ETXTBSY) */
    make_file("/root/minicontainer.c", 0644, own_source);
    /* The machine's go out of sight. (What cp(1) cannot do, it says.) */
    if (c->volumes > 0) {
        if (!run_shell("cp -R " LESSONS " /root"))
            refuse("the lessons could not be copied into the lab");
        SYS(umount2(LESSONS, MNT_DETACH));
        TRY(rmdir(LESSONS));
    }
    for (const char *at = "/usr /nix /gnu", *name; (name = next_word(&at));)
        if (!c->instead && stat(name, &st) == 0 && st.st_uid == 0)
            note("your own user owns %s: what the lab breaks there is broken, "
                 "since its root can make that mount writable", name);
    if (!c->instead && !c->argv)
        write_line("minicontainer: ", "a practice host: break what you like, "
                   "exit resets it");
}

/* All views but cgroup (lesson 10 needs a before), all rights (so that
 * containers can be made in it, and broken), an init, ten days of age; limits,
 * if there are some (for a class on one server). C is as in `preset`, but for
 * the environment, limits and the command. */
static void preset_lab(struct container *c) {
    c->rows = ALL_ROWS & ~(BIT(CGROUP) | BIT(CAPS) | BIT(SECCOMP));
    c->lab = c->init = true;
    /* (The prompt is the host name: it says in which of two labs we are.) */
    c->hostname = access("/run/victim.pid", F_OK) ? "lab" : "lab-in-lab";
    c->workdir = "/root";
    c->age = 864000;
    if (!namespace_id("time")) /* such a kernel: a lab without lesson 11 */
        c->rows &= ~BIT(TIME);
}

/* lab: its isolations are given; environment and limits are the learner's. */
static int cmd_lab(char **words) {
    become_a_copy(words);
    struct request r = request_of("lab", words + 1);
    preset_lab(&r.c);
    check_options(&r);
    /* (Lessons that are not there are left out.) */
    r.c.volume[0] = (struct volume){ lessons_dir(), LESSONS, true, -1 };
    r.c.volumes = access(r.c.volume->src, R_OK | X_OK) == 0;
    if (!r.c.volumes && errno != ENOENT)
        note("no lessons here: %s", strerror(errno));
    return parent_side(&r.c);
}

/* =====================================================================
 * EXEC -- a second window into a running container
 * =====================================================================
 * A container has no door: a process enters its namespaces, with setns(2). With
 * a pidfd (a descriptor that means this process, and no later one with the same
 * number) it enters all of them at once, in the order that works. One by one
 * there is no such order for everybody: rootless the right to enter the others
 * comes from the user namespace, which must be the first; and real root loses,
 * with its own, the right to those that do not belong to it. A PID namespace is
 * entered by our children only: parent_side() makes one, with no new
 * namespaces.
 *
 * docker exec and nsenter(1) do the same. What is easily got wrong: the root (a
 * process in a chroot does not stand at the root of its mounts), the
 * environment, and the rights, if the container has given some up.
 *
 * Who enters is in danger, too. The container may be hostile, and wait for us.
 * Between setns(2) and execve(2) we are a process of the machine that stands
 * inside, with descriptors that lead out; whoever may ptrace(2) us there may
 * take them. That hole was in Docker (CVE-2016-9962), and is closed by
 * PR_SET_DUMPABLE. And what is executed is a file of the container, under the
 * terminal of the one who entered: like logging in to a machine that one does
 * not trust.
 *
 * An init of ours enters, and the command is its child. It is not PID 1: what
 * the command leaves behind, or a command that takes back its wish to die with
 * its parent (PR_SET_PDEATHSIG), lives on until the container ends.
 */

/* The rows in whose namespaces process PID is, and we are not. None, if we may
 * not know. */
static bits other_namespaces(pid_t pid) {
    bits rows = 0;
    struct stat st;

    for (int row = 0; row < ROWS; row++) {
        const char *name = isolations[row].name;
        ino_t ours = namespaces[row].flag ? namespace_id(name) : 0;
        if (ours && stat(text("/proc/%d/ns/%s", pid, name), &st) < 0)
            return 0;
        rows |= ours && st.st_ino != ours ? BIT(row) : 0;
    }
    return rows;
}

/* Is the user namespace of process PID one that we have made, out of our own?
 * That cannot be chosen, as a name can: who names a process "lab" and waits for
 * root shall not have root's terminal. NS_GET_PARENT and NS_GET_OWNER_UID:
 * ioctl_ns(2) */
static bool made_by_us(pid_t pid) {
    int fd = open(text("/proc/%d/ns/user", pid), O_RDONLY | O_CLOEXEC);
    int above = ioctl(fd, 0xb702);
    uid_t owner;
    struct stat st;
    bool ours = fstat(above, &st) == 0 && st.st_ino == namespace_id("user") &&
                ioctl(fd, 0xb704, &owner) == 0 && owner == geteuid();

    close(above);
    close(fd);
    return ours;
}

/* A supervisor stands for its container, and so does an init of ours, which is
 * closed to us: below the first is the init, below that the command; no
 * further. (The first child: if there are older ones, by `sleep 9 & exec
 * minicontainer run`, only a PID of who is inside will do.) */
static pid_t container_of(pid_t pid, int levels) {
    const char *children = text("/proc/%d/task/%d/children", pid, pid);
    bool look_below = levels > 0 && !other_namespaces(pid);
    pid_t first = look_below ? atoi(slurp(children)) : 0;

    return first > 0 ? container_of(first, levels - 1) : pid;
}

/* The newest PID 1 that calls itself lab and stands in a container of ours; 0:
 * there is none. (Newest: the highest number, until they begin again. It is our
 * init, whose name nobody inside can change, or a command that is PID 1.) */
static pid_t find_lab(void) {
    pid_t newest = 0;
    glob_t found;

    glob("/proc/[1-9]*", GLOB_NOSORT, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        pid_t pid = atoi(found.gl_pathv[i] + strlen("/proc/"));
        if (pid <= newest || !made_by_us(pid))
            continue;
        const char *status = slurp(text("/proc/%d/status", pid));
        if (match(status, "^Name:\tlab$") && match(status, "^NSpid:.*\t1$"))
            newest = pid;
    }
    return newest;
}

/* In there, in the place of the command: first into the cgroup of the
 * container, whose list of processes was opened outside; "0" is who writes. Why
 * not CLONE_INTO_CGROUP? We stand in the container's cgroup namespace by then,
 * and where the tree is mounted with nsdelegate the kernel looks for the place
 * that we come from below the root of that: ENOENT. (Our init has it, too; but
 * nobody inside can look into that.) */
static int cgroup_procs;
static int join_cgroup(void *with) {
    struct container *c = with;

    TRY(write(cgroup_procs, "0", 1));
    c->instead = NULL;
    start_command(c);
}

/* We are outside. A second window is a way in that the container's own command
 * has not: what PID may not do, we shall not do in there. So we take its
 * bounding set, a filter if it has one, and its cgroup if that has limits of
 * ours. (Setns(2) into a user namespace makes the bounding set full again. And
 * which calls a filter forbids nobody can ask: ours has the rows for this set;
 * for a full one, where caps may be off, those of the default set.) */
static void take_rights_of(struct container *c, pid_t pid) {
    const char *status = slurp(text("/proc/%d/status", pid));
    const char *cgroup = own_cgroup(text("%d", pid));
    bits all = BIT(KNOWN_CAPS) - 1, have = status_bits(status, "CapBnd:") & all;

    c->rows = have == all ? 0 : BIT(CAPS);
    c->caps = have == all ? c->caps : have;
    c->rows |= status_bits(status, "Seccomp_filters:") ? BIT(SECCOMP) : 0;
    if (strstr(cgroup, "/minicontainer-") &&
        strcmp(cgroup, own_cgroup("self")) != 0) {
        cgroup_procs = TRY(open(text(CGROUPS "%s/cgroup.procs", cgroup),
                                O_WRONLY | O_CLOEXEC));
        c->instead = join_cgroup;
        c->with = c;
    }
}

/* Enter ROWS, the namespaces of process PID, which PIDFD pins, and run the
 * command there. After setns(2) /proc is another one: so all is read before. */
static int enter(struct container *c, pid_t pid, int pidfd, bits rows) {
    static char hostname[65];
    int flags = 0, way = O_PATH | O_DIRECTORY | O_CLOEXEC;
    int root = TRY(open(text("/proc/%d/root", pid), way));
    int cwd = TRY(open(text("/proc/%d/cwd", pid), way));
    say("process %d has other namespaces than we: %s", pid, list_rows(rows));
    take_rights_of(c, pid);
    c->no_setgroups = strstr(slurp(text("/proc/%d/setgroups", pid)), "deny");
    c->proc_fd = TRY(open("/proc", way));
    /* Was all that was read so far about the process that the pidfd means? It
     * is, if that still lives by this number in this /proc. */
    if (!strstr(slurp(text("/proc/self/fdinfo/%d", pidfd)),
                text("\nPid:\t%d\n", pid)))
        refuse("process %d has ended, or became another, while we looked", pid);
    /* Root's groups stay outside. While we still may: inside it can be denied.
     * (An ordinary user enters only their own, and with all groups.) */
    TRY_BUT(EPERM, setgroups(0, NULL));
    TRY(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)); /* until execve(2); see above */
    for (int row = 0; row < ROWS; row++)
        flags |= rows & BIT(row) ? (int)namespaces[row].flag : 0;
    SYSV(setns(pidfd, flags), "%s", list_rows(rows));
    /* Now we are in: who are we here, and where? (setns(2) has put us at the
     * root of its mounts, but it may be in a chroot.) */
    TRY(gethostname(hostname, sizeof hostname - 1));
    c->hostname = hostname;
    if (rows & BIT(USER))
        become_root(c);
    TRY(fchdir(root));
    SYS(chroot("."));
    TRY(fchdir(cwd));
    close(root); /* the init that stays here shall keep none of them */
    close(cwd);
    close(pidfd);
    c->own_pids = rows & BIT(PID);
    c->own_root = rows & BIT(MNT);
    c->init = true;
    return parent_side(c);
}

static pid_t running_container(const char *name); /* 19 */
/* exec [PID | lab] [--] [COMMAND]: the lab, if nothing is said. */
static int cmd_exec(char **words) {
    become_a_copy(words);
    struct request r = request_of("exec", words + 1);
    const char *who = *r.word ? *r.word++ : "lab";
    bool lab = strcmp(who, "lab") == 0, is_pid = match(who, "^[0-9]{1,9}$");
    pid_t pid = lab ? find_lab()
              : container_of(is_pid ? atoi(who) : running_container(who), 2);
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    bits rows = other_namespaces(pid);
    /* (Pinned by now: is it still the one that find_lab() has seen?) */
    if (pidfd < 0 || (lab && !made_by_us(pid)) || !rows)
        refuse("there is no running container \"%s\" for you to enter: a name, "
               "a PID, or the word lab\n  try:    minicontainer ps -a",
               shown(who));
    r.word += *r.word && strcmp(*r.word, "--") == 0;
    r.c.argv = *r.word ? r.word : NULL;
    return enter(&r.c, pid, pidfd, rows);
}

/* =====================================================================
 * COMPARE -- without and with
 * =====================================================================
 * Without a ROW: what this process sees, and what a container's sees. A
 * function of ours runs in there in the place of a command (c->instead), though
 * the program is not in the image: the child is a copy of us. It answers by a
 * file in memory that it has from us, memfd_create(2).
 *
 * compare ROW is the heart of the lessons. Its two halves are run one after
 * the other, each in a new lab:
 *
 *     machine -- lab ---- container of what ROW needs: COMMAND
 *             \- lab' --- the same, and ROW:            COMMAND
 *
 * The lab's own view of the row is taken before and after. So it is seen what
 * COMMAND did to the world around it: on the left the lab is changed, on the
 * right it is not, and the machine never is. parent_side() is called twice for
 * each half, outside and in the lab: the same functions, one level deeper.
 */

/* One half of compare ROW; of compare without one, the whole. */
static struct half {
    struct container nested; /* runs the command; argv NULL: there is none    */
    int said, seen;          /* files in memory: its output, and this         */
    struct { int status; struct view before[ROWS], after[ROWS]; } out;
} halves[2];

/* In the container, or in the lab: look, run the command in a container, look
 * again. What is said of that container goes into the file, too: stderr is for
 * the lab (and --explain tells of that alone). Both commands read the same file
 * from the same place; a pipe or a terminal, which can be read only once,
 * neither of them. */
static int report(void *with) {
    struct half *h = with;

    for (int row = 0; row < ROWS; row++)
        h->out.before[row] = look_at(row);
    if (h->nested.argv) {
        /* Our user has changed without an execve(2), and so the kernel keeps
         * our /proc files from us; the nested one's map is written there. */
        TRY(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
        narrator.explain = narrator.step = false;
        off_t input = lseek(0, 0, SEEK_CUR);
        if (input < 0)
            TRY(dup2(TRY(open("/dev/null", O_RDONLY)), 0));
        TRY(dup2(h->said, 1));
        TRY(dup2(h->said, 2));
        h->out.status = parent_side(&h->nested);
        TRY(lseek(0, input, SEEK_SET)); /* (/dev/null takes any number) */
        poll(NULL, 0, 20); /* who was killed ends a moment later */
    }
    for (int row = 0; row < ROWS; row++)
        h->out.after[row] = look_at(row);
    TRY(write(h->seen, &h->out, sizeof h->out));
    return 0;
}

/* Fill in H by container C. Returns only if all has come to its end; else what
 * went wrong has been said: on stderr, or by the nested one, into its file. */
static void ask(struct half *h, struct container *c) {
    h->said = TRY(memfd_create("said", MFD_CLOEXEC));
    h->seen = TRY(memfd_create("seen", MFD_CLOEXEC));
    c->instead = report;
    c->with = h;
    int status = parent_side(c);
    if (status != 0 && lseek(h->said, 0, SEEK_END) > 0)
        write_line("", read_all(h->said));
    if (status != 0)
        leave(status);
    /* COMMAND may have written there: the last byte stays 0, an end of all. */
    TRY(pread(h->seen, &h->out, sizeof h->out - 1, 0));
}

/* compare, without a row: this machine and a container of all chosen rows. */
static int compare_all(struct container *c) {
    /* First the container: it must not hinder what we look at afterwards. */
    ask(halves, c);
    printf("%-7s %-6s  %-25s %-25s %s\n", "", "", "this machine",
           "the container", "change it");
    for (int row = 0; row < ROWS; row++) {
        struct view here = look_at(row), there = halves->out.before[row];
        /* The same id is the same object of the kernel: what one changes, both
         * see. (A container sees neither its limits nor their place.) */
        bool own = row == LIMITS ? *lacking(c, "") : strcmp(here.id, there.id);
        printf("%-7s %-6s  %s %s %s%s\n", isolations[row].name,
               own ? "own" : "shared", column(here.sees, 25),
               column(there.sees, 25), on(c, row) ? "--no-" : "--",
               isolations[row].name);
    }
    /* Two lines of explanation: the whole is to fit on one screen. */
    puts("\nown: the container has its own one.  shared: it is the machine's."
         "\nOne row in detail: minicontainer compare ROW, as in compare uts");
    return flushed(0);
}

/* One half: a lab, and in it a container of just ROWS. In a lab nothing can be
 * limited, but a lab can: so there for that row. Leaves if it was told to end,
 * or COMMAND was, by ^C for example: the other half would begin as if nothing
 * had been said. */
static void run_half(struct half *h, const struct container *c, bits rows) {
    struct container lab = preset;

    if (rows & BIT(LIMITS))
        memcpy(lab.limit, c->limit, sizeof lab.limit);
    preset_lab(&lab);
    h->nested = *c;
    h->nested.rows = rows & ~BIT(LIMITS);
    h->nested.init = !on(&h->nested, PID); /* else the command is PID 1 */
    ask(h, &lab);
    int end = told_to_end ? told_to_end : h->out.status - 128;
    if (ends(end))
        leave(128 + end);
}

/* Print two texts side by side, 38 bytes each; longer lines go on below, but no
 * letter of UTF-8 is torn. A tab is a blank. (No line is measured to its end
 * each time: it may be long.) */
static void beside(const char *left, const char *right) {
    const char *at[] = { left, right };

    while (*at[0] || *at[1])
        for (int i = 0; i < 2; i++) {
            size_t n = fit(text("%.60s", at[i]), 38);
            while (n > 30 && (at[i][n] & 0xc0) == 0x80)
                n--;
            char *line = text("%.*s", (int)n, at[i]);
            for (char *tab; (tab = strchr(line, '\t'));)
                *tab = ' ';
            printf(i == 0 ? "%-38s |" : n ? " %s\n" : "%s\n", shown(line));
            at[i] += n + (at[i][n] == '\n' || at[i][n] == ' ');
        }
}

#define RULER "--------------------------------------"

/* What became of the lab's row: "lab, then oops", or "lab, unchanged". */
static const char *became(const struct half *h, int row) {
    const char *was = h->out.before[row].sees, *is = h->out.after[row].sees;

    return text(strcmp(was, is) ? "%s, then\n%s" : "%s, unchanged", was, is);
}

/* compare ROW: the same command without and with it, each in a lab that is
 * thrown away. Without means: only what ROW cannot be without. */
static int compare_row(struct container *c, int row) {
    static char *probe[] = { "sh", "-c", NULL, NULL };
    struct half *left = &halves[0], *right = &halves[1];
    const char *name = isolations[row].name;
    bits without = partners(row, BIT(USER)), with = without | BIT(row);

    probe[2] = (char *)isolations[row].probe;
    c->argv = c->argv ? c->argv : probe; /* nothing said: the row's */
    run_half(left, c, without);
    run_half(right, c, with);
    printf("$");
    for (char **word = c->argv == probe ? probe + 2 : c->argv; *word; word++)
        printf(" %s", shown(*word));
    printf("\n\n");
    beside(text("without %s: --only %s\n" RULER, name, list_rows(without)),
           text("with %s: --only %s\n" RULER, name, list_rows(with)));
    /* First what the command saw, then what became of the world around it. */
    beside(read_all(left->said), read_all(right->said));
    beside(text("exit status %d", left->out.status),
           text("exit status %d", right->out.status));
    printf("\nThe row %s of the lab around it:\n", name);
    beside(became(left, row), became(right, row));
    return flushed(0);
}

/* compare [ROW] [-- COMMAND]. */
static int cmd_compare(char **words) {
    become_a_copy(words);
    int row = words[1] && *words[1] != '-' ? need_row(words[1]) : -1;
    struct request r = row < 0 ? request_of(NULL, words + 1)
                               : request_of("compare ROW", words + 2);
    if (row >= 0) {
        r.c.rows = partners(row, BIT(USER)) | BIT(row);
        if (row == LIMITS && !*lacking(&r.c, "")) /* to be seen */
            r.c.limit[PIDS] = "64";
        check_options(&r);
        return compare_row(&r.c, row);
    }
    /* Without a row there is nothing to run a command with and without. */
    if (r.c.argv)
        refuse("compare wants a ROW before a command\n"
               "  try:    minicontainer compare uts -- %s", shown(r.c.argv[0]));
    find_layers(&r);
    settle(&r);
    return compare_all(&r.c);
}

/* =====================================================================
 * THE DOCTOR -- what this machine allows
 * =====================================================================
 * Nothing is guessed from versions and switches: the doctor types `run` and
 * `lab`, as you would, and reads what they say. So it tells what you can have,
 * and not what others can: root may more than those who are to learn here.
 *
 * A machine that refuses is the rule in a class room, not the exception: the
 * laptop's AppArmor, a container around us, an old WSL. Each such refusal has a
 * cause that can be named and mostly a cure of one line (`cures`); ten minutes
 * of searching are the price of not naming it.
 */

/* This program with the words of LINE, and `true` as its command, in a child:
 * in a session without a terminal, and not where we stand, which may be closed
 * to it. Returns what it said; "": it works. */
static const char *try_it(const char *line) {
    int memory = TRY(memfd_create("said", MFD_CLOEXEC)), status = 0;
    const char *words[12], *at = text("minicontainer %s true", line);
    pid_t child = TRY(fork());

    if (child == 0) {
        for (int i = 0; (words[i] = next_word(&at)); i++)
            continue;
        for (int fd = 0; fd <= 2; fd++)
            TRY(dup2(memory, fd));
        TRY(setsid());
        TRY(chdir("/"));
        TRY(execv("/proc/self/exe", (char **)words));
    }
    TRY(waitpid(child, &status, 0));
    const char *said = read_all(memory);
    close(memory);
    return status == 0 ? "" : *said ? said : "minicontainer: it was killed";
}

/* The rest of the last line with WORD: who fails says nothing after that. */
static const char *line_after(const char *said, const char *word) {
    const char *rest = "";

    for (const char *at = said; (at = strstr(at, word)); rest = at)
        at += strlen(word);
    return strndup(rest, strcspn(rest, "\n"));
}

/* Is there what NAME stands for, and LINE tries? If not, it is said why, and
 * what to do: for people, or PLAIN, by tabs. The same cause is not said twice
 * in a row. */
static bool diagnose(const char *name, const char *line, bool plain) {
    static const char *last = "";
    const char *said = try_it(line), *verdict = *said ? "missing" : "works";
    const char *cure = line_after(said, "  cure:   ");
    const char *cause = line_after(said, strstr(said, "  cause:  ")
                                   ? "  cause:  " : "minicontainer: ");

    printf(plain ? "%s\t%s\t%s\t%s\n" : "%-16s %s\n",
           name, verdict, cause, cure);
    if (!plain && *cause && strcmp(cause, last) != 0)
        printf("%16s cause: %s\n%16s cure:  %s\n", "", cause, "",
               *cure ? cure : LAPTOPS);
    last = cause;
    return !*said;
}

/* A lesson says on its second line what it needs: <!-- needs: ip(iproute2) -->,
 * a program and the package of Debian that has it (a bare word is for the tests
 * alone). Name those that this machine lacks. */
static void name_programs(bool plain) {
    const char *fmt = plain ? "needs\t%.2s\t%s\t%s\n" : "Lesson %.2s needs %s, "
                      "which is not here (Debian's package %s)\n";
    char file[32], package[32];
    glob_t pages = { 0 };

    glob(chdir(lessons_dir()) == 0 ? "*/README.md" : "", 0, NULL, &pages);
    for (char **page = pages.gl_pathv; page && *page; page++) {
        const char *needs = line_after(slurp(*page), "<!-- needs: "), *word;
        while ((word = next_word(&needs)))
            if (sscanf(word, "%31[^(](%31[^)]", file, package) == 2 &&
                !*find_in(SYSTEM_PATH, file, X_OK))
                printf(fmt, *page, shown(file), shown(package));
    }
}

/* doctor: exit 0 if a container of all rows can be had. */
static int cmd_doctor(char **words) {
    const char *one[] = { "--memory 64M", "--cpus 0.5", "--pids-limit 100" };
    bool plain = porcelain(words);
    bool container = diagnose("container", "run", plain), all = container;
    bool lab = diagnose("lab", "lab", plain);
    const char *lessons = container && lab ? ",00,01" : "";

    /* A lesson is held in the lab; but limits are set on the machine, on a
     * container of all rows. 00 and 01 belong to no row, and want both. */
    for (int row = 0; row < LIMITS; row++)
        if (diagnose(isolations[row].name, text("run --only %s",
                     list_rows(completed(BIT(row)))), plain) && lab)
            lessons = text("%s,%02d", lessons, row + 2);
    /* Memory and pids are often delegated to a user, and cpu is not. */
    for (int i = 0; i < LIMIT_COUNT; i++)
        all &= diagnose(one[i], text("run --only limits %s", one[i]), plain);
    lessons = text("%s%s", lessons, all ? ",14" : "");
    /* (Words have blanks between them: within one there are tabs.) */
    bool overlay = diagnose("overlay", "lab sh -c >f;printf\t'FROM\tscratch"
                            "\\nCOPY\tf\t/'>Dockerfile;minicontainer\tbuild\t-t"
                            "\tx\t.", plain) && lab;
    bool bridge = diagnose("network", "lab minicontainer run --network front",
                           plain);
    lessons = text("%s%s%s%s%s%s", lessons, overlay ? ",15,16,17,18,19,20" : "",
                   bridge ? ",21" : "", strstr(lessons, ",09") ? ",22" : "",
                   overlay && bridge ? ",23" : "", overlay ? ",24" : "");
    printf(plain ? "lessons\t%s\n" : "\nLessons that work here: %s\n",
           *lessons ? lessons + 1 : "none");
    name_programs(plain);
    if (!plain && root_of_machine())
        puts("You are root: ask as the user who is to learn.");
    return flushed(container ? 0 : 1);
}

/* =====================================================================
 * PART THREE -- DOCKER
 * =====================================================================
 * A container is isolation, and a root. Docker's other half is where that root
 * comes from, how it travels, and what of it is kept. Each chapter reads after
 * part one alone, and shows the mechanism that Docker has.
 */
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/xattr.h>

/* =====================================================================
 * 15. LAYERS -- an image that nobody changes
 * =====================================================================
 * Problem   Ten containers of one image: ten copies of it? And what one of them
 *           writes into its root, it has written into the image.
 * Kernel    overlayfs shows directories, one on top of the other, as one tree.
 *           A name is looked for from the top down; what is written goes into
 *           the uppermost, the only one that can be written.
 * Parent    knows the layers of the image (16).
 * Child     opens them; later mounts them as one, in its own table.
 * Order     opened while we may open what the caller may; mounted when we are
 *           root of our namespace, in the place of row root's tree.
 * See it    $ ./minicontainer run --image web -- rm /index.html
 * Not this  a copy: a file is copied when it is first written, and then whole.
 * Read      lessons/15-layers; overlayfs.rst in the kernel's documentation
 *
 *     what the container sees      /bin/sh   /index.html   /log     /dev
 *     upper   the container's own     |           .          x       |
 *     lower   layer 2, of `COPY`      |           x                  |
 *     lower   layer 1, of `FROM`      x                              |
 *     points  ours, to mount on                                      x
 *
 * To remove a file of a lower layer is to write: the upper one gets a
 * "whiteout" of that name, a character device 0,0: "nothing here". A directory
 * that was removed and made again is "opaque", by an extended attribute: what
 * lies below does not show through. So nothing done on top makes an image
 * smaller.
 *
 * Where is upper? Without a name, in memory: it ends with the container. With
 * one, in the store. The points lie lowest: so they are in nobody's difference.
 */
enum { MOST_LAYERS = 64 };
static int layer_fds[MOST_LAYERS + 2]; /* upper, work, then the layers */

/* Child, as the caller. The image as a mount that is attached nowhere yet; -1:
 * it has layers, and image_tree() makes that. */
static int open_image(struct container *c) {
    int n = 0;

    if (!c->layers)
        return clone_mount(c->image);
    for (char **at = c->layers; *at; at++)
        layer_fds[n++] = **at ? TRY(open(*at, O_PATH | O_CLOEXEC)) : -1;
    return -1;
}

/* Child, root of its namespaces; the old /proc is still in sight. The root that
 * --image names, as a mount. Directories above a layer may be closed to our new
 * user: so it is named by its descriptor. mount(2) takes 4095 bytes. */
static int image_tree(struct container *c) {
    const struct container was = *c;
    struct stat st;

    if (!c->layers)
        return c->image_fd;
    int memory = new_mount("tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
                           "source=layers mode=755 size=512m");
    SYSV(syscall(SYS_move_mount, memory, "", AT_FDCWD, NEW_ROOT,
                 MOVE_MOUNT_F_EMPTY_PATH), "tmpfs");
    TRY(fchdir(memory));
    make_directories("points points/dev points/proc points/sys upper work");
    TRY(fstat(memory, &st));
    c->own_dev = st.st_dev; /* places for volumes, too, are made in points */
    c->root_fd = TRY(open("points", O_PATH | O_CLOEXEC));
    for (struct volume *v = c->volume; v < c->volume + c->volumes; v++)
        volume_place(c, v);
    close(c->root_fd);
    close(memory);
    *c = was;
    const char *how = text(layer_fds[0] < 0
        ? "userxattr,upperdir=" NEW_ROOT "/upper,workdir=" NEW_ROOT "/work"
        : "userxattr,upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d",
        layer_fds[0], layer_fds[1]), *lower = ",lowerdir=";
    for (int i = 2; c->layers[i]; i++)
        lower = text("%s/proc/self/fd/%d:", lower, layer_fds[i]);
    how = text("%s%s" NEW_ROOT "/points", how, lower);
    say("the layers of %s as one tree; what is written goes on top", c->image);
    SYSV(mount("overlay", NEW_ROOT, "overlay", 0, how), "%s", how);
    fchmodat(layer_fds[1], "work", 0700, 0); /* it is 0000 */
    for (int i = 0; i < 2 || c->layers[i]; i++)
        close(layer_fds[i]);
    return clone_mount(NEW_ROOT);
}

/* =====================================================================
 * THE STORE -- what the chapters below stand on
 * =====================================================================
 * Names and locks; JSON, in which an image is described; SHA-256, by which it
 * is named; and the box: a container of ours, in which tar(1) and others work.
 * It may be read after 16, which says what the store holds.
 */
/* As text(), of any length; from malloc(3), never freed. */
__attribute__((format(printf, 1, 2)))
static char *longer(const char *fmt, ...) {
    va_list args;
    char *out;

    va_start(args, fmt);
    TRY(vasprintf(&out, fmt, args));
    va_end(args);
    return out;
}

static const char *store; /* the path of it */
#define IN_STORE(...) longer("%s/%s", store, text(__VA_ARGS__))

/* NAME becomes part of a path: so it is one word, and no capitals. */
static const char *good_name(const char *name, const char *what) {
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");

    if (n == 0 || n > 60 || name[n] || strchr(".-", *name))
        refuse("\"%s\" cannot be the name of %s: small letters, digits, and "
               ". _ -", shown(name), what);
    return name;
}

/* Make the directories that lead to PATH: mkdir -p. */
static int make_way(const char *path) {
    for (const char *p = path; *p && (p = strchr(p + 1, '/'));)
        TRY_BUT(EEXIST, mkdir(longer("%.*s", (int)(p - path), path), 0755));
    return 0;
}

/* A file that is there as a whole or not at all, whenever we are killed. (Not
 * when the power fails: that would take fsync(2), and time.) */
static void put_file(const char *path, const char *data) {
    const char *new = longer("%s.new", path);

    make_way(path);
    unlink(new); /* (a stranger's directory may have a link there) */
    int fd = TRY(open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    write_all(fd, data);
    close(fd);
    TRY(rename(new, path));
}

/* The file PATH, made if need be, with a lock on it; -1: somebody has it. It
 * ends with us, and with the container that we start. flock(2) */
static int lock_file(const char *path, int how) {
    int fd = TRY(open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));

    if (flock(fd, how) == 0)
        return fd;
    close(fd);
    return -1;
}

/* One at a time changes the store. Closed again before a container runs: else
 * it would last as long as that. */
static int lock_store(void) {
    return TRY(lock_file(IN_STORE("lock"), LOCK_EX));
}

/* Many may have it; meanwhile nothing of the store is swept away. */
static void use_store(void) {
    lock_file(IN_STORE("used"), LOCK_SH);
}

/* At `store`: an OCI image layout with nothing in it. True: it was not there,
 * and we have made it. */
static bool make_layout(void) {
    make_way(store);
    TRY_BUT(EEXIST, mkdir(store, 0700));
    int lock = lock_store();
    make_way(IN_STORE("blobs/sha256/"));
    bool made = access(IN_STORE("index.json"), F_OK) < 0;
    if (made) {
        put_file(IN_STORE("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
        put_file(IN_STORE("index.json"),
                 "{\"schemaVersion\":2,\"manifests\":[]}");
    }
    close(lock);
    return made;
}

/* Where the store is; MAKE: it shall be there. Said once, when it is made. */
static void find_store(bool make) {
    const char *data = getenv("XDG_DATA_HOME"), *user = getenv("HOME");

    store = data && *data == '/' ? longer("%s/minicontainer", data)
          : longer("%s/.local/share/minicontainer",
                   user && *user == '/' ? user : "/root");
    if (make && make_layout())
        note("what you keep is in %s (rm -rf removes all of it)",
             shown(store));
}

/* --- JSON: a value is the text where it begins; NULL is no value. What need
 * not be understood is carried on as it is. */
static const char *blanks(const char *at) {
    return at + strspn(at, " \t\r\n");
}

/* Through the value at AT. Without a KEY: what is behind it; NULL: this is no
 * JSON. With one, up to a slash: its value in this object, or in this array
 * that with this number, from 0; NULL: there is none. */
static const char *scan(const char *at, const char *key, int depth) {
    const char open = *at, *name;

    if (open == '"') {
        for (at++; (unsigned char)*at >= ' ' && *at != '"'; at++)
            at += *at == '\\' && at[1];
        return *at == '"' && !key ? at + 1 : NULL;
    }
    if (open != '{' && open != '[') {
        size_t n = strspn(at, "+-.0123456789Eaeflnrstu");
        return n > 0 && !key ? at + n : NULL;
    }
    name = at = blanks(at + 1);
    if (*at == open + 2) /* what closes it; so they are in ASCII */
        return key ? NULL : at + 1;
    for (int i = 0; depth < 50; i++, name = at = blanks(at + 1)) {
        if (open == '{') {
            at = *at == '"' ? scan(at, NULL, 0) : NULL;
            if (!at || *(at = blanks(at)) != ':')
                return NULL;
            at = blanks(at + 1);
        }
        const char *end = scan(at, NULL, depth + 1);
        size_t n = key ? strcspn(key, "/") : 0;
        if (key && (open == '[' ? i == atoi(key)
                    : strncmp(name + 1, key, n) == 0 && name[n + 1] == '"'))
            return end ? at : NULL;
        if (!end || *(at = blanks(end)) != ',')
            return end && *at == open + 2 && !key ? at + 1 : NULL;
    }
    return NULL;
}
#define after(value) scan(value, NULL, 0)

/* The value at PATH: keys and numbers, with a slash between. */
static const char *get(const char *at, const char *path) {
    for (; at && *path; path += strcspn(path, "/"), path += *path == '/')
        at = scan(at, path, 0);
    return at;
}

static int how_many(const char *array) {
    int n = 0;

    while (get(array, text("%d", n)))
        n++;
    return n;
}

/* VALUE alone, as it is written. */
static char *raw(const char *value) {
    return longer("%.*s", (int)(after(value) - value), value);
}

/* What the string at PATH says; "" if there is none. (Of the characters by
 * number, \u003c, those below 128: Go writes < so. Others become a question
 * mark.) */
static char *says(const char *json, const char *path) {
    static const char plain[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *value = get(json, path), *which;
    char *out = raw(value && *value == '"' ? value : "\"\"") + 1, *to = out;
    unsigned number;

    for (const char *from = out; *from != '"'; from++)
        if (*from != '\\') {
            *to++ = *from;
        } else if ((which = strchr(plain, *++from))) {
            *to++ = meant[which - plain];
        } else {
            bool known = sscanf(from, "u%4x", &number) == 1 && number < 128;
            *to++ = known && number ? (char)number : '?';
            from += strspn(from + 1, "0123456789abcdefABCDEF") >= 4 ? 4 : 0;
        }
    *to = '\0';
    return out;
}

/* WORDS as a JSON string. */
static char *quoted(const char *words) {
    char *out = calloc(6, strlen(words) + 1), *to = out + sprintf(out, "\"");

    for (; *words; words++)
        to += sprintf(to, strchr("\"\\", *words) ? "\\%c"
                      : (unsigned char)*words < ' ' ? "\\u%04x" : "%c", *words);
    sprintf(to, "\"");
    return out;
}

/* JSON with VALUE for KEY of the object that begins at PLACE in it; or, where
 * there is no such KEY (NULL: in an array), with one more at the end. */
static char *with(const char *json, const char *place, const char *key,
                  const char *value) {
    const char *was = key ? get(place, key) : NULL;
    const char *from = was ? was : after(place) - 1;
    bool first = was || strchr("}]", *blanks(place + 1));

    return longer("%.*s%s%s%s%s", (int)(from - json), json, first ? "" : ",",
                  key && !was ? longer("\"%s\":", key) : "", value,
                  was ? after(was) : from);
}

/* --- Digests: SHA-256, by sha256sum(1), which goes on while we do something
 * else. (It needs no box: it reads bytes, and understands none.) */
static FILE *start_hash(int fd) {
    char *line = text("exec sha256sum /proc/%d/fd/%d", getpid(), fd);
    FILE *out = popen(line, "re");

    TRY(out ? 0 : -1);
    return out;
}

static char *end_hash(FILE *out) {
    char digits[65] = "";

    bool read = fscanf(out, "%64[0-9a-f]", digits) == 1;
    if (pclose(out) != 0 || !read || strlen(digits) != 64)
        refuse("sha256sum(1) is missing, or could not read");
    return longer("sha256:%s", digits);
}

/* --- Blobs. The path of that with DIGEST, which a stranger wrote; or "". */
static const char *blob(const char *digest) {
    bool good = strncmp(digest, "sha256:", 7) == 0 && strlen(digest) == 71 &&
                strspn(digest + 7, "0123456789abcdef") == 64;

    return good ? longer("%s/blobs/sha256/%s", store, digest + 7) : "";
}

/* A new blob has no name until it is whole; then its name is its digest (which
 * must be WANTED, if that is not NULL). */
static int new_blob(void) {
    return TRY(open(IN_STORE("blobs/sha256"), O_TMPFILE | O_RDWR | O_CLOEXEC,
                    0644));
}

static char *name_blob(int fd, const char *wanted) {
    char *digest = end_hash(start_hash(fd));

    if (wanted && strcmp(digest, wanted) != 0)
        refuse("a blob is something else than its name says\n  name:   %s\n"
               "  is:     %s", wanted, digest);
    TRY_BUT(EEXIST, linkat(AT_FDCWD, text("/proc/self/fd/%d", fd), AT_FDCWD,
                           blob(digest), AT_SYMLINK_FOLLOW));
    close(fd);
    return digest;
}

static char *put_blob(const char *data) {
    int fd = new_blob();

    write_all(fd, data);
    return name_blob(fd, NULL);
}

/* A file that must be JSON, from its first value on. (What need not be, slurp()
 * reads: get() finds nothing in what is none.) */
static const char *json_file(const char *path) {
    const char *from = blanks(slurp(path)), *end = after(from);

    if (!end || *blanks(end))
        refuse("%s is missing or no JSON", *path ? shown(path) : "a blob that "
               "no digest names");
    return from;
}

/* How others are told of a blob: what it is, its digest, its size. */
static char *descriptor(const char *type, const char *digest) {
    struct stat st;

    TRY(stat(blob(digest), &st));
    return longer("{\"mediaType\":\"application/vnd.oci.image.%s\",\"digest\":"
                  "\"%s\",\"size\":%jd}", type, digest, (intmax_t)st.st_size);
}

/* --- Work in a box. */
static int not_dots(const struct dirent *entry) {
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int not_hidden(const struct dirent *entry) {
    return *entry->d_name != '.';
}

/* Visit all that lies below TOP, in the order of the names, a directory before
 * what is in it; PATH is "" at first. */
static void walk(const char *top, const char *path,
                 void (*visit)(const char *path, const struct stat *st)) {
    struct dirent **list;
    struct stat st;
    int n = TRY(scandir(text("%s%s", top, path), &list, not_dots, alphasort));

    for (int i = 0; i < n; i++) {
        const char *at = longer("%s/%s", path, list[i]->d_name);
        TRY(lstat(text("%s%s", top, at), &st));
        visit(at, &st);
        if (S_ISDIR(st.st_mode))
            walk(top, at, visit);
    }
}

/* JOB(WITH) in a container of our own, with all isolations and an init, where
 * DIR is /.box, and all that can be written (READ_ONLY: not even that; and no
 * link of it is followed: who owns it may exchange files and links, while we
 * read). Without an image it is not told: it is not the learner's. With one, it
 * is on top of that; without a job, WITH are the words of a command. Its
 * supervisor is a process of its own, which ends with us and takes no terminal;
 * its stdin and stdout are IN and OUT. Returns the exit status. */
#define BOX "/.box"
#define NO_SYMLINK_FOLLOWED 0x200000 /* MOUNT_ATTR_NOSYMFOLLOW, Linux 5.14 */
struct image;
static void obey_image(struct container *c, struct image *im);
static int in_a_box(struct image *im, const char *dir, bool read_only, int in,
                    int out, int (*job)(void *), const void *with) {
    bits attr = read_only ? MOUNT_ATTR_RDONLY | NO_SYMLINK_FOLLOWED : 0;
    struct volume box = { dir, BOX, attr, -1 };
    struct container c = preset;
    int status;

    c.instead = job;
    c.with = (void *)with;
    c.volume = &box;
    c.volumes = dir != NULL;
    if (im)
        obey_image(&c, im);
    if (!job)
        c.argv = (char **)with;
    pid_t us = getpid(), child = TRY(fork());
    if (child == 0) {
        TRY(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
        if (getppid() != us) /* it was too late */
            _exit(OURS);
        TRY(setpgid(0, 0)); /* no job of the terminal: ^C is for our caller */
        TRY(dup2(in, 0));
        TRY(dup2(out, 1));
        narrator.explain = narrator.explain && im;
        c.rows = ALL_ROWS & ~BIT(LIMITS);
        c.init = true;
        _exit(parent_side(&c));
    }
    TRY(waitpid(child, &status, 0));
    return WIFEXITED(status) ? WEXITSTATUS(status) : OURS;
}

static int shell_job(void *line) {
    return !run_shell(line);
}

/* A directory and all in it: as its owners can, from inside. If we are killed,
 * no half of it is left under its name. (Another one in the same directory: to
 * give it another parent, we would have to own it.) */
static void remove_tree(const char *path) {
    const char *end = strrchr(path, '/');
    const char *old = longer("%.*s/.old", (int)(end - path), path);

    if (access(old, F_OK) < 0 && TRY_BUT(ENOENT, rename(path, old)) < 0)
        return;
    in_a_box(NULL, old, false, 0, 2, shell_job,
             "exec find " BOX " -mindepth 1 -delete");
    TRY(rmdir(old));
    remove_tree(path); /* it was that of somebody who was killed */
}

/* An empty directory for what a container writes: it is 0's, whoever that is.
 * (A user has only their own group.) */
static void make_dir(const char *path) {
    unsigned root = geteuid() == 0 ? usual_map().outside : geteuid();

    remove_tree(path);
    TRY(make_way(path) | mkdir(path, 0755));
    TRY_BUT(EPERM, chown(path, root, root));
}

#define OPAQUE "user.overlay.opaque" /* what makes a directory so (15) */

static bool is_whiteout(const struct stat *st) {
    return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

/* In the box. In an archive ".wh.NAME" means "no NAME", and ".wh..wh..opq" that
 * its directory is opaque: made into what overlayfs takes for that. */
static void make_whiteout(const char *path, const struct stat *st) {
    const char *name = strrchr(path, '/') + 1;
    const char *dir = longer(BOX "%.*s", (int)(name - path), path);

    if (strncmp(name, ".wh.", 4) != 0 || S_ISDIR(st->st_mode))
        return;
    TRY(unlink(text(BOX "%s", path)));
    if (strcmp(name + 4, ".wh..opq") == 0)
        TRY(setxattr(dir, OPAQUE, "y", 1, 0));
    else if (name[4]) /* (. and .. are there) */
        TRY_BUT(EEXIST, mknod(text("%s%s", dir, name + 4), S_IFCHR, 0));
}

/* In the box; stdin is the archive. Where one id is mapped, it owns all; and it
 * may always empty a directory: so that rm -rf of the store works. (Each layer
 * is unpacked by itself: one that names a file and not its directory gets that
 * with mode 0755; and no file of a layer below can be linked to.) */
static int unpack_job(void *line) {
    bool one_id = match(slurp("/proc/self/uid_map"), " 1$");

    if (!run_shell(text("%s %s", (char *)line, !one_id ? "--numeric-owner"
            : "--no-same-owner && find " BOX " -type d ! -perm -700 -exec "
              "chmod u+rwx {} \\;")))
        return 1;
    walk(BOX, "", make_whiteout);
    return 0;
}

/* The archive with DIGEST becomes directory TO, if it is what its name says:
 * sha256sum(1) and tar(1) read it at the same time. What is compressed, tar
 * gives to gzip(1) or zstd(1), there in the container. */
static void unpack(const char *digest, const char *to) {
    const char *new = longer("%s.new", to);
    int fd = TRY(open(blob(digest), O_RDONLY | O_CLOEXEC));
    char magic[4] = "";

    say("tar(1) unpacks layer %.19s, in a container of ours", digest);
    TRY(pread(fd, magic, sizeof magic, 0));
    const char *packed = memcmp(magic, "\x1f\x8b", 2) == 0 ? "--gzip"
                       : memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0 ? "--zstd"
                       : "";
    make_dir(new);
    FILE *hash = start_hash(fd);
    bool good = in_a_box(NULL, new, false, fd, 2, unpack_job, text("tar -xpf - "
                         "--warning=no-timestamp -C " BOX " %s", packed)) == 0;
    bool same = strcmp(end_hash(hash), digest) == 0;
    if (!good || !same) {
        remove_tree(new);
        refuse(same ? "layer %s: tar(1) could not unpack all of it"
                    : "layer %s is not what its image says", digest);
    }
    TRY(rename(new, to));
    close(fd);
}

/* =====================================================================
 * 16. IMAGES -- a name, a digest, and a directory that others can read
 * =====================================================================
 * Problem   "It runs on my machine": which files were that, exactly?
 * Kernel    knows no image. It is a list of layers and a configuration (what to
 *           run, with which environment), each named by its SHA-256.
 * Parent    finds the name in the store, and the layers; unpacks what is not.
 * Child     nothing: it gets layers (15) and words.
 * Order     before the container is made: its parts are named then.
 * See it    $ ./minicontainer images; ./minicontainer history IMAGE
 * Not this  the disk of a virtual machine: no kernel, no boot, no file system.
 * Read      lessons/16-images, the OCI image specification
 *
 *     index.json          web:latest -> sha256:8f..       names
 *     blobs/sha256/8f..   a manifest: config, layers      a list of digests
 *     blobs/sha256/3a..   the configuration               JSON
 *     blobs/sha256/71..   a layer, a tar archive          what travels (18)
 *     layers/71..         the same layer, unpacked        what is mounted (15)
 *     containers/NAME     upper, work: a container that is kept
 *     cache               what `build` has done already (17)
 *
 * The first four are an OCI image layout: skopeo, umoci and podman read the
 * store as it is. A digest names contents: two who made the same have the same
 * 64 digits, and who gets it can check it. So nothing here is ever changed but
 * index.json; and what no name leads to may go.
 *
 * Who unpacks a stranger's archive trusts tar(1) with all their files. Here it
 * runs in a container, where nothing can be written but the layer: the best use
 * of a container in this program.
 */
#ifdef __aarch64__
#define ARCHITECTURE "arm64"
#else
#define ARCHITECTURE "amd64"
#endif

struct image {
    const char *name, *digest;     /* of the manifest                         */
    const char *manifest, *config; /* JSON                                    */
    char *dirs[MOST_LAYERS + 4];   /* for image_tree(): upper, work, layers   */
};

/* What is written on top of the image lies in DIR; NULL: in memory. */
static void set_upper(struct image *im, const char *dir) {
    static char memory[] = "";

    im->dirs[0] = dir ? longer("%s/upper", dir) : memory;
    im->dirs[1] = dir ? longer("%s/work", dir) : memory;
}

/* JSON with VALUE for KEY of it, if that does not begin so there. */
static const char *filled(const char *json, const char *key,
                          const char *value) {
    const char *is = get(json, key);

    return is && *is == *value ? json : with(json, json, key, value);
}

/* Its two blobs of JSON. (They were checked when they arrived, see 18.) */
static void read_image(struct image *im) {
    im->manifest = json_file(blob(im->digest));
    im->config = json_file(blob(says(im->manifest, "config/digest")));
    im->config = filled(im->config, "history", "[]");
    im->config = filled(im->config, "config", "{}");
    const char *layers = get(im->manifest, "layers");
    const char *diffs = get(im->config, "rootfs/diff_ids");
    int n = how_many(layers);
    if (!layers || *layers != '[' || !diffs || *diffs != '[' ||
        n != how_many(diffs) || n > MOST_LAYERS)
        refuse("image %s: more than %d layers, or configuration and manifest "
               "do not agree", shown(im->name), MOST_LAYERS);
    while (n-- > 0)
        if (!*blob(says(layers, text("%d/digest", n))) ||
            !*blob(says(diffs, text("%d", n))))
            refuse("image %s: layer %d has no digest", shown(im->name), n + 1);
    set_upper(im, NULL);
}

/* Its layers, for image_tree(). What is not unpacked yet, is now. Of equal ones
 * only the uppermost is shown: overlayfs takes none twice. (The diff_ids, the
 * digests without compression, others want; nothing of ours is named so.) */
static char **unpack_layers(struct image *im) {
    char **to = im->dirs + 2, **same;

    for (int n = how_many(get(im->manifest, "layers")); n-- > 0;) {
        char *digest = says(im->manifest, text("layers/%d/digest", n));
        *to = IN_STORE("layers/%s", digest + 7);
        if (access(*to, F_OK) < 0) {
            int lock = lock_store();
            if (access(*to, F_OK) < 0) /* still */
                unpack(digest, *to);
            close(lock);
        }
        for (same = im->dirs + 2; strcmp(*same, *to) != 0;)
            same++;
        to += same == to;
    }
    *to = NULL;
    return im->dirs;
}

/* Write configuration and manifest; then the image has a digest. */
static void put_image(struct image *im) {
    char *config = descriptor("config.v1+json", put_blob(im->config));

    im->manifest = with(im->manifest, im->manifest, "config", config);
    im->digest = put_blob(im->manifest);
}

/* One line more in the history: WHAT was done, and whether it made a layer.
 * (Everybody shall get the same digest: so the time is always the same.) */
static void add_history(struct image *im, const char *what, bool layer) {
    const char *line = longer("{\"created\":\"1970-01-01T00:00:00Z\",\"created"
                              "_by\":%s%s}", quoted(what),
                              layer ? "" : ",\"empty_layer\":true");

    im->config = with(im->config, get(im->config, "history"), NULL, line);
}

/* In the box, where /.box is an upper directory: the archive of it to stdout.
 * By two lists: what is there; and, made in /tmp, what stands for whiteouts.
 * Names in order, no times: who packs the same gets the same. */
static FILE *as_it_is, *hidden;

static void list_entry(const char *path, const struct stat *st) {
    const char *name = strrchr(path, '/') + 1;
    char *dir = longer("%.*s", (int)(name - path), path), opaque = 0;

    if (S_ISDIR(st->st_mode)) {
        TRY(mkdir(text("/tmp/wh%s", path), 0755));
        lgetxattr(text(BOX "%s", path), OPAQUE, &opaque, 1);
        dir = longer("%s/", path);
        name = ".wh..opq";
    }
    if (!is_whiteout(st))
        fprintf(as_it_is, ".%s%c", path, '\0');
    if (is_whiteout(st) || opaque == 'y') {
        make_file(text("/tmp/wh%s.wh.%s", dir, name), 0644, "");
        fprintf(hidden, ".%s.wh.%s%c", dir, name, '\0');
    }
}

static int pack_job(void *line) {
    TRY(mkdir("/tmp/wh", 0755));
    as_it_is = fopen("/tmp/as_it_is", "w");
    hidden = fopen("/tmp/hidden", "w");
    walk(BOX, "", list_entry);
    TRY(fclose(as_it_is) | fclose(hidden));
    return !run_shell(line);
}

/* The upper directory of DIR becomes one more layer; the history says WHAT. */
static void add_layer(struct image *im, const char *dir, const char *what) {
    const char *layers = get(im->manifest, "layers");
    int fd = new_blob();

    if (how_many(layers) == MOST_LAYERS)
        refuse("image %s has %d layers: there can be no more", shown(im->name),
               MOST_LAYERS);
    say("tar(1) packs what was written, in a container of ours");
    if (in_a_box(NULL, text("%s/upper", dir), true, 0, fd, pack_job,
                 "exec tar -cf - --format=gnu --mtime=@0 --numeric-owner "
                 "--no-recursion --null --verbatim-files-from -C " BOX " "
                 "-T /tmp/as_it_is -C /tmp/wh -T /tmp/hidden") != 0)
        refuse("%s: tar(1) could not pack all of it", shown(dir));
    const char *digest = name_blob(fd, NULL);
    im->manifest = with(im->manifest, layers, NULL,
                        descriptor("layer.v1.tar", digest));
    im->config = with(im->config, get(im->config, "rootfs/diff_ids"), NULL,
                      quoted(digest));
    add_history(im, what, true);
}

/* --- Names. The entries of index.json: an array. */
static const char *index_entries(void) {
    const char *path = IN_STORE("index.json"), *entries;

    if (access(path, F_OK) < 0)
        return NULL;
    entries = get(json_file(path), "manifests");
    if (!entries || *entries != '[')
        refuse("%s is no index of an OCI image layout", shown(path));
    return entries;
}

#define REF_NAME "org.opencontainers.image.ref.name"

static const char *entry_name(const char *entry) {
    return says(entry, "annotations/" REF_NAME);
}

/* The NAME that an image shall get: as in Docker, without a tag :latest. */
static const char *full_name(const char *name) {
    const char *tag = strchrnul(name, ':');

    good_name(longer("%.*s", (int)(tag - name), name), "an image");
    good_name(*tag ? tag + 1 : "latest", "an image, its tag");
    return *tag ? name : longer("%s:latest", name);
}

/* The image that is called so in the layout that `store` is. (Other programs
 * may have given it a name that we would not.) */
static bool find_name(struct image *im, const char *name) {
    const char *latest = longer("%s:latest", name), *entry;
    const char *entries = index_entries();

    for (int i = 0; (entry = get(entries, text("%d", i))); i++) {
        im->name = entry_name(entry);
        im->digest = says(entry, "digest");
        if (strcmp(im->name, name) == 0 || strcmp(im->name, latest) == 0)
            return true;
    }
    im->name = name;
    return false;
}

static void need_image(struct image *im, const char *name) {
    find_store(false);
    if (!find_name(im, name))
        refuse("there is no image %s here\n  try:    minicontainer images",
               shown(name));
}

/* NAME leads to DIGEST now, and to nothing else (NULL: to nothing). */
static void set_name_to(const char *name, const char *digest) {
    const char *entry, *entries = index_entries(), *list = "[]";

    for (int i = 0; (entry = get(entries, text("%d", i))); i++)
        if (strcmp(entry_name(entry), name) != 0)
            list = with(list, list, NULL, raw(entry));
    if (digest) {
        char *new = descriptor("manifest.v1+json", digest);
        list = with(list, list, NULL, with(new, new, "annotations", longer(
                    "{\"" REF_NAME "\":%s}", quoted(name))));
    }
    put_file(IN_STORE("index.json"),
             longer("{\"schemaVersion\":2,\"manifests\":%s}", list));
}

/* --- Containers that are kept. The directory of NAME. */
static char *container_dir(const char *name) {
    if (strcmp(name, "lab") == 0 || strspn(name, "0123456789") == strlen(name))
        refuse("\"%s\" cannot be the name of a container: `exec` takes it for "
               "a lab, or a PID", name);
    return IN_STORE("containers/%s", good_name(name, "a container"));
}

/* Container DIR, of the image, runs ARGV (so ps says) by WORDS (so start does);
 * with the store's lock held. With the file `image` it is there. */
static void keep_container(const char *dir, struct image *im, char **argv,
                           const char *words) {
    const char *line = longer("%s %s\n", im->digest, im->name);

    for (; argv && *argv; argv++)
        line = longer("%s%s%s", line, *argv, argv[1] ? " " : "");
    set_upper(im, dir);
    make_dir(dir);
    make_dir(im->dirs[0]);
    make_dir(im->dirs[1]);
    make_file(text("%s/command", dir), 0644, words);
    put_file(text("%s/image", dir), line);
}

/* The directory of container NAME, which must be there. */
static char *find_container(const char *name) {
    char *dir = (find_store(false), container_dir(name));

    if (!*slurp(text("%s/image", dir)))
        refuse("there is no container %s here\n  try:    minicontainer ps -a",
               shown(name));
    return dir;
}

/* The image that container DIR is of. */
static void image_of(struct image *im, const char *dir) {
    char *line = slurp(text("%s/image", dir));

    im->digest = strsep(&line, " \n");
    im->name = strsep(&line, "\n");
    read_image(im);
    set_upper(im, dir);
}

/* The strings of ARRAY, then those of MORE; NULL: there are none. */
static char **words_in(const char *array, char **more) {
    static char *none[] = { NULL };
    int n = how_many(array), m = 0;

    for (more = more ? more : none; more[m];)
        m++;
    char **out = calloc((size_t)(n + m + 1), sizeof *out);
    for (int i = 0; i < n + m; i++)
        out[i] = i < n ? says(array, text("%d", i)) : more[i - n];
    return *out ? out : NULL;
}

/* In the place of a command: first become another user. */
static unsigned wanted_user, wanted_group;
static int run_as(void *with) {
    struct container *c = with;

    c->instead = NULL;
    TRY(setgroups(0, NULL));
    TRY(setresgid(wanted_group, wanted_group, wanted_group));
    TRY(setresuid(wanted_user, wanted_user, wanted_user));
    TRY(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)); /* forgotten with the old */
    start_command(c);
}

/* --entrypoint WORD: in the place of the image's Entrypoint and Cmd. */
static const char *entrypoint;
static bool set_entrypoint(struct request *r, const char *word) {
    (void)r;
    entrypoint = word;
    return true;
}

/* What the image says of how it is run, where the command line does not. The
 * Entrypoint stands before what is typed; Cmd, in its place. */
static void obey_image(struct container *c, struct image *im) {
    const char *set = get(im->config, "config"), *user = says(set, "User");
    const char *dir = says(set, "WorkingDir");
    const char *entry = entrypoint ? longer("[%s]", quoted(entrypoint))
                                   : get(set, "Entrypoint");
    char **typed = c->argv || entrypoint ? c->argv
                                         : words_in(get(set, "Cmd"), NULL);

    c->layers = unpack_layers(im);
    c->env = words_in(get(set, "Env"), c->env);
    c->argv = words_in(entry, typed);
    c->image = c->image ? c->image : im->name;
    c->workdir = c->workdir ? c->workdir : *dir && !c->instead ? dir : "/";
    if (c->instead || !*user || is_among("0 root 0:0 root:root", user))
        return;
    if (match(user, "^[0-9]{1,5}(:[0-9]{1,5})?$") != user)
        refuse("image %s: its User \"%s\" is no number: names are not looked "
               "up here", shown(im->name), shown(user));
    sscanf(user, "%u:%u", &wanted_user, &wanted_group);
    default_map(c);
    if (c->map->count <= wanted_user || c->map->count <= wanted_group)
        refuse("image %s runs as user %u, and %u of your ids are mapped\n"
               "  cure:   as root; or --map, with newuidmap (lesson 07)",
               shown(im->name), wanted_user, c->map->count);
    c->instead = run_as;
    c->with = c;
}

/* Is the --image one of the store? That has no slash. */
static bool of_store(const char *name) {
    bool ours = name && !strchr(name, '/') && *name != '.';

    if (ours && access(name, F_OK) == 0)
        refuse("--image %s is the name of an image, and a directory is called "
               "so, too\n  try:    --image ./%s", shown(name), shown(name));
    return ours;
}

/* run: find the layers, if the image is one of the store; else NULL. (Who comes
 * from Docker types the image as the command.) */
static struct image *find_layers(struct request *r) {
    static struct image im;
    const char *word = r->c.argv && !r->c.image ? r->c.argv[0] : "";

    if (*word && !strchr(word, '/') && !*find_in(SYSTEM_PATH, word, X_OK) &&
        (find_store(false), find_name(&im, word)))
        refuse("%s is an image, and no program here\n  try:    minicontainer "
               "run %s--image %s", shown(word), r->detach ? "-d " : "",
               shown(word));
    bool ours = of_store(r->c.image);
    if (!ours && entrypoint)
        refuse("--entrypoint wants --image NAME: else type the command");
    if (!ours)
        return NULL;
    need_image(&im, r->c.image);
    use_store();
    read_image(&im);
    obey_image(&r->c, &im);
    return &im;
}

/* --- Commands. Is FLAG among the words? Then N go, it and what is behind it;
 * the last of them. NULL: no. */
static const char *take(char **words, const char *flag, int n) {
    for (char **at = words + 1; *at; at++)
        if (strcmp(*at, flag) == 0 && (n == 1 || at[1])) {
            const char *value = at[n - 1];
            while ((*at = at[n]))
                at++;
            return value;
        }
    return NULL;
}

/* Exactly N words are left (MANY: one or more), and none is a flag. If not, say
 * how it is used, as its help does. */
enum { MANY = -1, NEVER = -2 };
static void need_words(char **words, int n) {
    int given = 0;

    while (words[given + 1] && *words[given + 1] != '-')
        given++;
    if ((given == n || (n == MANY && given > 0)) && !words[given + 1])
        return;
    const char *help = match(own_source, text("^ [*] ---.* %s( |$)", *words));
    refuse("%s wants other words\n  usage:  %s", *words,
           first_line(strchr(help, '\n') + strlen("\n * Usage: ")));
}

static const char *size_text(double n) {
    return n < 1e3 ? text("%.0fB", n) : n < 1e6 ? text("%.3gkB", n / 1e3)
         : n < 1e9 ? text("%.3gMB", n / 1e6) : text("%.3gGB", n / 1e9);
}

static double size_of(const char *descriptor_of) {
    const char *size = get(descriptor_of, "size");

    return size ? strtod(size, NULL) : 0;
}

static int cmd_images(char **words) {
    bool plain = porcelain(words);
    const char *entry, *layer, *entries = (find_store(false), index_entries());

    if (!plain)
        printf("%-32s %-14s %s\n", "IMAGE", "DIGEST", "SIZE");
    for (int i = 0; (entry = get(entries, text("%d", i))); i++) {
        const char *digest = says(entry, "digest"), *path = blob(digest);
        const char *layers = get(blanks(slurp(path)), "layers");
        double sum = 0;
        for (int n = 0; (layer = get(layers, text("%d", n))); n++)
            sum += size_of(layer);
        printf(plain ? "%s\t%s\t%s\n" : "%-32s %-14.12s %s\n",
               shown(entry_name(entry)), access(path, F_OK) < 0 ? "missing"
               : plain ? digest : digest + 7,
               plain ? text("%.0f", sum) : size_text(sum));
    }
    return flushed(0);
}

/* history IMAGE: the last first. What changed only the configuration has made
 * no layer. */
static int cmd_history(char **words) {
    struct image im;

    need_words(words, 1);
    need_image(&im, words[1]);
    read_image(&im);
    const char *lines = get(im.config, "history");
    int made = how_many(get(im.manifest, "layers"));
    printf("%-14s %-8s %s\n", "LAYER", "SIZE", "CREATED BY");
    for (int n = how_many(lines); n-- > 0;) {
        const char *line = get(lines, text("%d", n));
        const char *empty = get(line, "empty_layer");
        const char *layer = made == 0 || (empty && *empty == 't') ? NULL
                          : get(im.manifest, text("layers/%d", --made));
        printf("%-14.12s %-8s %s\n", layer ? says(layer, "digest") + 7 : "-",
               size_text(size_of(layer)), shown(says(line, "created_by")));
    }
    return flushed(0);
}

/* commit NAME IMAGE: what was written on top of an image makes a new one. */
static int cmd_commit(char **words) {
    struct image im;

    need_words(words, 2);
    const char *dir = find_container(words[1]), *name = full_name(words[2]);
    image_of(&im, dir);
    lock_store();
    add_layer(&im, dir, text("commit %s", words[1]));
    put_image(&im);
    set_name_to(name, im.digest);
    puts(im.digest);
    return flushed(0);
}

/* What lies in directory DIR of the store: how many, and their names. */
static int list_of(const char *dir, struct dirent ***list) {
    int n = scandir(IN_STORE("%s", dir), list, not_hidden, alphasort);

    return n < 0 ? 0 : n;
}

/* ALL, and all digests that DIGEST, of a manifest, leads to: what stands in it,
 * and in its configuration. What is broken leads to nothing. */
static char *with_all_of(char *all, const char *digest) {
    const char *manifest = blanks(slurp(blob(digest)));

    return longer("%s%s %s %s\n", all, digest, manifest,
                  slurp(blob(says(manifest, "config/digest"))));
}

/* What no name and no container leads to goes; with the lock held, and not
 * while a container or a build may use it. (In the cache a file says which.) */
static void sweep_store(void) {
    const char *entry, *entries = index_entries(), *dir;
    const char *dirs = "cache blobs/sha256 layers";
    char *all = longer("%s", "");
    struct dirent **list;

    if (lock_file(IN_STORE("used"), LOCK_EX | LOCK_NB) < 0) {
        note("containers run: the rest goes with the next rm or rmi");
        return;
    }
    remove_tree(IN_STORE("containers/.build")); /* of one that was killed */
    for (int i = 0; (entry = get(entries, text("%d", i))); i++)
        all = with_all_of(all, says(entry, "digest"));
    for (int n = list_of("containers", &list); n-- > 0;) {
        const char *path = IN_STORE("containers/%s", list[n]->d_name);
        const char *image = slurp(longer("%s/image", path));
        all = with_all_of(all, text("%.71s", image));
        if (!*image) /* it is half made */
            remove_tree(path);
    }
    while ((dir = next_word(&dirs)))
        for (int n = list_of(dir, &list); n-- > 0;) {
            const char *path = IN_STORE("%s/%s", dir, list[n]->d_name);
            const char *of = *dir == 'c' ? slurp(path) : list[n]->d_name;
            if ((!*of || !strstr(all, of)) && unlink(path) < 0)
                remove_tree(path);
        }
}

/* rmi IMAGE: only a name goes; and then what it alone led to. */
static int cmd_rmi(char **words) {
    struct dirent **list;
    struct image im;

    need_words(words, 1);
    need_image(&im, words[1]);
    lock_store();
    for (int n = list_of("containers", &list); n-- > 0;) {
        const char *name = list[n]->d_name;
        if (*im.digest && strncmp(slurp(IN_STORE("containers/%s/image", name)),
                                  im.digest, strlen(im.digest)) == 0)
            refuse("container %s is made of %s\n  try:    minicontainer rm %s",
                   name, shown(im.name), name);
    }
    set_name_to(im.name, NULL);
    sweep_store();
    return 0;
}

/* diff NAME: what lies in its upper directory was Added to its image, Changed
 * in it, or Deleted from it. In a container on top of that image, which has no
 * upper directory of its own yet. */
static void say_difference(const char *path, const struct stat *st) {
    struct stat lower;
    bool there = lstat(path, &lower) == 0;

    printf("%c %s\n", is_whiteout(st) ? 'D' : there ? 'C' : 'A', shown(path));
}

static int diff_job(void *top) {
    walk(top, "", say_difference);
    return flushed(0);
}

static int cmd_diff(char **words) {
    struct image im;

    need_words(words, 1);
    image_of(&im, find_container(words[1]));
    const char *upper = im.dirs[0];
    set_upper(&im, NULL);
    return in_a_box(&im, upper, true, 0, 1, diff_job, BOX);
}

/* =====================================================================
 * 17. BUILD -- an image by recipe
 * =====================================================================
 * Problem   An image that was made by hand, nobody can make again.
 * Kernel    nothing new: each step is a container (15) and a commit (16).
 * Parent    reads the recipe; what it has done before, on top of the same, it
 *           takes from the cache.
 * Child     runs the line, or copies files: what is in its upper directory then
 *           is the new layer.
 * Order     that of the lines: a changed one does all below it again.
 * See it    $ ./minicontainer build -t web DIR; ./minicontainer history web
 * Not this  make(1): no file of the image is compared, only the lines, and the
 *           files that COPY names.
 * Read      lessons/17-build, Docker's reference of the Dockerfile
 *
 * The key of a step is a digest: of the key before, of its line, and of the
 * files that it copies. So that a change of line 3 runs line 4 again needs no
 * code: with the key of 3 that of 4 has changed. And `RUN rm` makes an image
 * larger: the layer below still has the file, and who has the image has it.
 */
struct step {
    int line;                     /* of the file, where it begins: from 1 */
    const struct step_word *is;   /* its first word                       */
    char *whole;                  /* all of it, on one line               */
    const char *rest;             /* what is behind the word              */
    char **words;                 /* COPY: the sources, then the place    */
    const char *key;              /* of its result, in the cache          */
};
struct step_word {
    const char *word;
    bool runs;                    /* a container; without a job, a command    */
    int (*job)(void *step);
    const char *key;              /* of the configuration, which gets ...     */
    char *(*value)(const struct step *); /* ... this, or what is behind it    */
};
static struct {
    const char *file, *context;
    struct step *steps;
    int count;
    struct image image;           /* what the steps so far have made */
} build;

static _Noreturn void bad_step(const struct step *s, const char *why) {
    int n = (int)strcspn(s->whole, " \t");

    refuse("%s:%d: %s: %s", shown(build.file), s->line,
           shown(text("%.*s", n, s->whole)), why);
}

/* The words of LINE: blanks between, quotes around what has blanks. */
static char **split(const char *line) {
    char **out = calloc(strlen(line) + 2, sizeof *out);

    for (int n = 0; *(line = blanks(line)); n++) {
        char *to = out[n] = calloc(1, strlen(line) + 1), quote = 0;
        for (; *line && (quote || !strchr(" \t", *line)); line++)
            if (quote ? *line == quote : *line == '"' || *line == '\'')
                quote = quote ? 0 : *line;
            else
                *to++ = *line;
    }
    return out;
}

/* The keys of all steps: they depend on what is written, not on what comes of
 * it. (64 bits, by FNV-1a: enough for who does not attack their own cache.) */
static uint64_t sum = 0xcbf29ce484222325;
static const char *copy_from, *copy_to;

static void add_to_key(const char *data, size_t n) {
    while (n-- > 0)
        sum = (sum ^ (unsigned char)*data++) * 0x100000001b3;
}

/* Of what COPY copies: names, modes, contents. */
static struct stat store_itself;
static void add_file_to_key(const char *path, const struct stat *st) {
    const char *at = longer("%s%s", copy_from, path);
    static char part[1 << 16];
    ssize_t n = sprintf(part, "%.4095s %o", path, st->st_mode) + 1;
    int fd = -1;

    if (store_itself.st_ino == st->st_ino && store_itself.st_dev == st->st_dev)
        refuse("COPY would copy the store into itself: %s\n  cure:   build in "
               "a directory that has only what is copied", shown(at));
    if (S_ISLNK(st->st_mode))
        n += TRY(readlink(at, part + n, PATH_MAX));
    if (S_ISREG(st->st_mode))
        fd = TRY(open(at, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    do
        add_to_key(part, (size_t)n);
    while (fd >= 0 && (n = TRY(read(fd, part, sizeof part))) > 0);
    close(fd);
}

/* Nothing is copied that lies outside of the directory that was given, the
 * context. */
static void add_sources_to_key(struct step *s) {
    char **at = s->words = split(s->rest);
    struct stat st;

    for (; *at; at++)
        if (strstr(text("/%s/", *at), "/../") || strpbrk(*at, "*?[$") ||
            strncmp(*at, "--", 2) == 0)
            bad_step(s, "no option, no .. and no * here, and no array: a "
                     "source is named as it is, from the directory of the "
                     "build");
    if (at < s->words + 2)
        bad_step(s, "wants SOURCE... PLACE");
    TRY(stat(store, &store_itself));
    for (at = s->words; at[1]; at++) {
        copy_from = longer("%s/%s", build.context, *at);
        if (lstat(copy_from, &st) < 0)
            bad_step(s, text("%s: %s", shown(*at), strerror(errno)));
        add_file_to_key("", &st);
        if (S_ISDIR(st.st_mode))
            walk(copy_from, "", add_file_to_key);
    }
}

/* The sum goes on from step to step, so all that was before is in each key: at
 * first the image of FROM. Returns how many steps are known: what comes of them
 * is in the store; that of the last one is the image to go on with. */
static int make_keys(bool no_cache) {
    int known = !no_cache;

    add_to_key(build.image.digest, strlen(build.image.digest));
    for (int i = 1; i < build.count; i++) {
        struct step *s = &build.steps[i];
        add_to_key(s->whole, strlen(s->whole) + 1);
        if (strcmp(s->is->word, "COPY") == 0)
            add_sources_to_key(s);
        s->key = longer("%016jx", (uintmax_t)sum);
        char *digest = slurp(IN_STORE("cache/%s", s->key));
        if (no_cache || access(blob(digest), F_OK) < 0)
            continue;
        build.image.digest = digest;
        known = i + 1;
    }
    read_image(&build.image);
    return known;
}

/* Of RUN, CMD and ENTRYPOINT: an array, or a line for a shell. */
static char *command_of(const struct step *s) {
    const char *end = *s->rest == '[' ? after(s->rest) : NULL;

    return end && !*blanks(end) ? raw(s->rest)
         : longer("[\"/bin/sh\",\"-c\",%s]", quoted(s->rest));
}

/* In the container of COPY: what lies below copy_from becomes copy_to. */
static void copy_one(const char *path, const struct stat *st) {
    const char *from = longer("%s%s", copy_from, path);
    const char *to = longer("%s%s", copy_to, path);
    char target[PATH_MAX] = "";

    if (!S_ISDIR(st->st_mode))
        unlink(to); /* not through a link of the image */
    if (S_ISDIR(st->st_mode)) {
        if (TRY_BUT(EEXIST, mkdir(to, 0755)) == 0)
            TRY(chmod(to, st->st_mode & 07777));
        TRY(access(text("%s/.", to), F_OK)); /* or there is a file */
    } else if (S_ISLNK(st->st_mode)) {
        TRY(readlink(from, target, sizeof target - 1));
        TRY(symlink(target, to));
    } else if (S_ISREG(st->st_mode)) {
        int out = TRY(creat(to, 0));
        copy_rest(TRY(open(from, O_RDONLY | O_CLOEXEC)), out);
        TRY(fchmod(out, st->st_mode & 07777));
        close(out);
    }
}

/* PATH, which goes on from the last WORKDIR. */
static char *from_workdir(const char *path) {
    return *path == '/' ? longer("%s", path)
         : longer("%s/%s", says(build.image.config, "config/WorkingDir"), path);
}

/* In the container: into a directory, or as another name; of a directory, what
 * is in it. */
static int copy_job(void *step) {
    char **at = ((struct step *)step)->words, **last = at;
    struct stat st;

    while (last[1])
        last++;
    char *place = from_workdir(*last);
    if (last > at + 1 || (stat(place, &st) == 0 && S_ISDIR(st.st_mode)))
        place = longer("%s/", place);
    make_way(place);
    for (; at < last; at++) {
        copy_from = longer(BOX "/%s", *at);
        TRY(lstat(copy_from, &st));
        bool into = place[strlen(place) - 1] == '/' && !S_ISDIR(st.st_mode);
        copy_to = into ? longer("%s%s", place, strrchr(copy_from, '/') + 1)
                       : place;
        copy_one("", &st);
        if (S_ISDIR(st.st_mode))
            walk(copy_from, "", copy_one);
    }
    return 0;
}

/* WORKDIR makes the directory, too. */
static int workdir_job(void *step) {
    return make_way(longer("%s/", from_workdir(((struct step *)step)->rest)));
}

static char *workdir_of(const struct step *s) {
    return quoted(from_workdir(s->rest));
}

/* ENV NAME=VALUE ...: of two of a name, the later one counts. */
static char *env_of(const struct step *s) {
    const char *was = get(build.image.config, "config/Env");
    char *list = raw(was && *was == '[' ? was : "[]");

    for (char **pair = split(s->rest); *pair; pair++) {
        if (**pair == '=' || !strchr(*pair, '=') || strchr(*pair, '$'))
            bad_step(s, "wants NAME=VALUE; no $NAME is replaced here");
        list = with(list, list, NULL, quoted(*pair));
    }
    return list;
}

static const struct step_word step_words[] = {
    { .word = "FROM" },
    { "RUN", true, NULL, NULL, NULL },
    { "COPY", true, copy_job, NULL, NULL },
    { "WORKDIR", true, workdir_job, "WorkingDir", workdir_of },
    { "ENV", false, NULL, "Env", env_of },
    { "CMD", false, NULL, "Cmd", command_of },
    { "ENTRYPOINT", false, NULL, "Entrypoint", command_of },
    { "USER", false, NULL, "User", NULL },
    { .word = NULL },
};

/* Its first word is one that we know, and there is something behind it. */
static void read_step(struct step *s) {
    char *rest = s->whole += strspn(s->whole, " \t");
    const char *word = strsep(&rest, " \t");

    s->is = step_words;
    while (s->is->word && strcasecmp(s->is->word, word) != 0)
        s->is++;
    if (!s->is->word)
        bad_step(s, "there are FROM, RUN, COPY (for ADD), ENV (for ARG), "
                 "WORKDIR, CMD, ENTRYPOINT, USER; others are left out");
    if ((s == build.steps) != (s->is == step_words))
        bad_step(s, "one FROM, as the first step: no stages here");
    s->rest = rest ? blanks(rest) : "";
    if (!*s->rest || (s == build.steps && strpbrk(s->rest, " \t")))
        bad_step(s, "wants something else behind it");
    s->whole = longer("%s %s", s->is->word, s->rest);
}

/* The file into steps. A line that ends in \ goes on in the next one; between
 * them there may be comments and empty lines. */
static void read_recipe(void) {
    char *rest = slurp(build.file), *line;
    bool more = false;

    build.steps = calloc(strlen(rest) + 1, sizeof *build.steps); /* enough */
    TRY(build.steps ? 0 : -1);
    for (int number = 1; (line = strsep(&rest, "\n")); number++) {
        size_t n = strlen(line);
        while (n > 0 && strchr(" \t\r", line[n - 1]))
            n--;
        if (n == 0 || *blanks(line) == '#')
            continue;
        struct step *s = &build.steps[more ? build.count - 1 : build.count++];
        s->line = s->line ? s->line : number;
        more = line[n - 1] == '\\';
        s->whole = longer("%s%.*s", s->whole ? s->whole : "", (int)n - more,
                          line);
    }
    if (build.count == 0)
        refuse("%s is missing, or has no steps", shown(build.file));
    for (int i = 0; i < build.count; i++)
        read_step(&build.steps[i]);
}

/* The image to begin with; `scratch` has nothing in it. */
static void find_base(const struct step *s) {
    static const struct image scratch = {
        .manifest = "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci."
                    "image.manifest.v1+json\",\"layers\":[]}",
        .config = "{\"architecture\":\"" ARCHITECTURE "\",\"os\":\"linux\",\"co"
                  "nfig\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]},"
                  "\"history\":[]}" };

    if (strcmp(s->rest, "scratch") == 0) {
        build.image = scratch;
        put_image(&build.image);
    } else if (!find_name(&build.image, s->rest)) {
        bad_step(s, "there is no such image: `images` lists them, nothing is "
                 "downloaded; lessons/15-layers/make-base makes one");
    }
}

/* Run a step in container DIR, on top of what was made so far. Has it written
 * anything? (The kernel removes only a directory with nothing in it.) */
static bool run_step(const struct step *s, const char *dir) {
    int (*job)(void *) = s->is->job, lock = lock_store();
    struct image *im = &build.image;

    keep_container(dir, im, NULL, "null");
    close(lock);
    int status = job ? in_a_box(im, build.context, true, 0, 1, job, s)
               : in_a_box(im, NULL, true, 0, 1, NULL,
                          words_in(command_of(s), NULL));
    if (status != 0)
        bad_step(s, text("it ended with status %d", status));
    return TRY_BUT(ENOTEMPTY, rmdir(im->dirs[0])) < 0;
}

static void set_config(const char *key, const char *value) {
    const char *json = build.image.config;

    build.image.config = with(json, get(json, "config"), key, value);
}

/* One step: what it writes is a layer. Then its result is known, for next
 * time. */
static void take_step(const struct step *s) {
    const char *dir = IN_STORE("containers/.build");
    const struct step *cmd = build.steps;

    if (s->is->runs && run_step(s, dir))
        add_layer(&build.image, dir, s->whole);
    else
        add_history(&build.image, s->whole, false);
    if (s->is->key)
        set_config(s->is->key, s->is->value ? s->is->value(s)
                                            : quoted(s->rest));
    while (cmd < s && strcmp(cmd->is->word, "CMD") != 0)
        cmd++;
    if (cmd == s && strcmp(s->is->word, "ENTRYPOINT") == 0)
        set_config("Cmd", "null"); /* that of the base was for another one */
    put_image(&build.image);
    put_file(IN_STORE("cache/%s", s->key), build.image.digest);
}

/* build [--explain] [--no-cache] -t IMAGE DIR */
static int cmd_build(char **words) {
    bool no_cache = take(words, "--no-cache", 1);
    const char *name = take(words, "-t", 2);

    narrator.explain = take(words, "--explain", 1);
    need_words(words, name ? 1 : NEVER);
    name = full_name(name ? name : "");
    build.context = words[1];
    build.file = longer("%s/Dockerfile", words[1]);
    read_recipe();
    find_store(true);
    lock_file(IN_STORE("build"), LOCK_EX); /* one build at a time */
    use_store();
    find_base(build.steps);
    *environ = NULL; /* what the caller has shall not be in it: TERM, input */
    TRY(dup2(TRY(open("/dev/null", O_RDONLY | O_CLOEXEC)), 0));
    int known = make_keys(no_cache);
    build.image.name = name;
    for (int i = 0; i < build.count; i++) {
        const struct step *s = &build.steps[i];
        write_line("", text("step %d of %d: %s%s", i + 1, build.count,
                            shown(s->whole), i < known ? "  (known)" : ""));
        if (i > 0 && i >= known)
            take_step(s);
    }
    unpack_layers(&build.image); /* so that the first start is a short one */
    lock_store();
    remove_tree(IN_STORE("containers/.build"));
    set_name_to(name, build.image.digest);
    puts(build.image.digest);
    return flushed(0);
}

/* =====================================================================
 * 18. REGISTRY -- how an image travels
 * =====================================================================
 * Problem   The image is here, the server is there; and most of it is there
 *           already, since its base is.
 * Kernel    nothing: a registry is a place with blobs, and names for some.
 * Parent    copies what is missing, by digest; then the name.
 * Child     nothing: the container does not know where its image came from.
 * Order     manifest, layers, configuration; the name last: so that what has a
 *           name is always whole.
 * See it    $ ./minicontainer push web /mnt/stick; ls -R /mnt/stick
 * Not this  trust: a digest says that nothing was changed on the way, not who
 *           made it. (That is what signatures are for.)
 * Read      lessons/18-registry, the OCI distribution specification
 *
 * Here a registry is a directory with an OCI image layout: a stick, a share.
 * Docker's is the same behind HTTP: GET /v2/NAME/manifests/TAG gives the
 * manifest, GET /v2/NAME/blobs/DIGEST a blob, HEAD asks if it is there. `docker
 * save` writes the same layout as one archive: `tar c DIR`.
 */

/* The blob with DIGEST from the layout FROM into the store; checked. */
static void fetch_blob(const char *from, const char *digest) {
    const char *to = blob(digest), *hex = strchr(digest, ':');
    bool there = *to && access(to, F_OK) == 0;
    struct stat st;

    if (!*to)
        refuse("\"%s\" is no digest", shown(digest));
    printf("%.12s  %s\n", ++hex, there ? "is there" : "is copied");
    if (there)
        return;
    int in = open(longer("%s/blobs/sha256/%s", from, hex),
                  O_RDONLY | O_NONBLOCK | O_CLOEXEC), out = new_blob();
    if (in < 0 || TRY(fstat(in, &st)) < 0 || !S_ISREG(st.st_mode))
        refuse("%s has no blob %s", shown(from), digest);
    copy_rest(in, out);
    name_blob(out, digest);
}

/* push IMAGE DIR, pull IMAGE DIR: one of two layouts after the other is the
 * store. */
static int cmd_push(char **words) {
    const char *ours = (find_store(false), store), *layer;
    bool push = strcmp(words[0], "push") == 0;
    struct image im;

    need_words(words, 2);
    const char *from = store = push ? ours : words[2];
    if (!find_name(&im, words[1]))
        refuse("there is no image %s in %s", shown(im.name), shown(from));
    store = push ? words[2] : ours;
    if (push)
        make_layout();
    else
        find_store(true);
    lock_store();
    fetch_blob(from, im.digest);
    const char *manifest = json_file(blob(im.digest));
    for (int n = 0; (layer = get(manifest, text("layers/%d", n))); n++)
        fetch_blob(from, says(layer, "digest"));
    fetch_blob(from, says(manifest, "config/digest"));
    set_name_to(im.name, im.digest);
    printf("%s is %s\n", shown(im.name), im.digest);
    return flushed(0);
}

/* =====================================================================
 * 19. LIFE -- a container outlives its processes
 * =====================================================================
 * Problem   A container ended with the terminal that it was started in; and
 *           what it had written went with it.
 * Kernel    drops a lock with the last process that holds it (flock(2)).
 * Parent    holds the lock of the container's directory while it runs, and
 *           writes there how it ended.
 * Child     nothing.
 * Order     the directory, the lock, the container; its status at the end.
 * See it    $ ./minicontainer run -d --name web --image web; ./minicontainer ps
 * Not this  a daemon: no process of ours lives on but the container's own
 *           supervisor. (Docker's daemon keeps the same in memory; chapter 24.)
 * Read      lessons/19-life, flock(2), setsid(2)
 *
 *     containers/web/image     what it is made of
 *                    command   the words behind `run`, and where they were said
 *                    upper     what it has written
 *                    log       what it has said, if nobody looked (-d)
 *                    lock      held while it runs; "started PID", "exited (N)"
 *
 *     create ----> created --start--> running --its end, stop--> exited
 *                                        |  ^                      |
 *                             kill -9 of | start                 start
 *                         the supervisor v  |                      v
 *                                      killed                   running
 *
 * "started", and nobody holds the lock: then it was killed, with all of the
 * machine perhaps. What it has written is there, and `start` goes on with it.
 */
/* What has become of a container stands in its lock: over the same bytes, so it
 * needs no more room on a full disk. */
static void set_status(int lock, const char *status) {
    TRY(pwrite(lock, text("%-16s\n", status), 17, 0));
}

/* To ask is not to take: many may ask at once. */
static bool is_running(const char *dir) {
    int fd = open(longer("%s/lock", dir), O_RDONLY | O_CLOEXEC);
    bool runs = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;

    close(fd);
    return runs;
}

/* The supervisor of container DIR; 0: it does not run. (While the lock is held,
 * the number in it is nobody else's.) */
static pid_t supervisor_of(const char *dir) {
    int pid = 0;

    return sscanf(slurp(text("%s/lock", dir)), "started %9d", &pid) == 1 &&
           is_running(dir) ? pid : 0;
}

/* For exec: by its name. 0: there is none, or it does not run. */
static pid_t running_container(const char *name) {
    find_store(false);
    return *name ? supervisor_of(container_dir(name)) : 0;
}

/* WORDS, those behind `run`, as a container that is kept. Its directory. */
static char *create_container(struct request *r, char **words) {
    const char *cwd = getcwd(NULL, 0);
    struct request tried = *r;
    struct image *im = find_layers(&tried);
    char *dir = NULL;

    if (!im)
        refuse("what is kept is what a container writes on top of an image: -d "
               "and --name want --image NAME\n  try:    minicontainer run -d "
               "--image %s", r->c.argv ? shown(r->c.argv[0]) : "NAME");
    settle(&tried); /* what cannot be, is refused */
    const char *json = longer("[%s]", quoted(cwd ? cwd : "/"));
    for (; *words; words++)
        json = with(json, json, NULL, quoted(*words));
    int lock = lock_store();
    for (int n = 1; !dir || (!r->name && *slurp(longer("%s/image", dir))); n++)
        dir = container_dir(r->name ? r->name : longer("box%d", n));
    if (*slurp(longer("%s/image", dir)))
        refuse("there is a container %s already\n  try:    minicontainer start "
               "%s, or: minicontainer rm %s", r->name, r->name, r->name);
    keep_container(dir, im, tried.c.argv, json);
    close(lock);
    return dir;
}

/* Go on in the background; the foreground waits until the command runs: then
 * its descriptor told_end, which execve(2) closes, has no holder any more. Or
 * until it cannot be executed: a byte comes, and we say what the log says. */
static void detach(const char *dir) {
    const char *path = longer("%s/log", dir);
    int log = TRY(open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    size_t from = (size_t)TRY(lseek(log, 0, SEEK_END));
    int pipe_to[2], status;
    char byte;

    TRY(pipe2(pipe_to, O_CLOEXEC));
    pid_t child = TRY(fork());
    if (child > 0) {
        close(pipe_to[1]);
        if (read(pipe_to[0], &byte, 1) == 0) {
            puts(strrchr(dir, '/') + 1);
            _exit(flushed(0));
        }
        TRY(waitpid(child, &status, 0));
        fputs(slurp(path) + from, stderr);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : OURS);
    }
    TRY(setsid());
    TRY(dup2(TRY(open("/dev/null", O_RDONLY | O_CLOEXEC)), 0));
    TRY(dup2(log, 1));
    TRY(dup2(log, 2));
    told_end = pipe_to[1];
}

/* Run a container that is kept; ATTACH: here, and not in the background. */
static int start_container(const char *dir, bool attach) {
    const char *name = strrchr(dir, '/') + 1;
    static struct image im;
    const char *json = slurp(longer("%s/command", dir));
    char **words = words_in(after(json) ? json : "[]", NULL);
    int lock = lock_store(); /* then only who asks can have the other one */

    if (!words)
        refuse("container %s is half made\n  try:    minicontainer rm %s",
               name, name);
    if (is_running(dir))
        refuse("container %s runs", name);
    int held = lock_file(longer("%s/lock", dir), LOCK_EX);
    close(lock);
    use_store();
    image_of(&im, dir);
    if (chdir(words[0]) < 0)
        refuse("it was made in %s: %s", shown(words[0]), strerror(errno));
    struct request r = request_of(NULL, words + 1);
    obey_image(&r.c, &im);
    settle(&r);
    if (!attach)
        detach(dir);
    set_status(held, text("started %d", getpid()));
    int status = run_settled(&r);
    set_status(held, text("exited (%d)", status));
    if (r.rm && lock_store() >= 0)
        remove_tree(dir);
    _exit(status); /* and the lock is free */
}

static int cmd_create(char **words) {
    struct request r = request_of(NULL, words + 1);

    puts(strrchr(create_container(&r, words + 1), '/') + 1);
    return flushed(0);
}

/* start [-a] NAME */
static int cmd_start(char **words) {
    become_a_copy(words);
    bool attach = take(words, "-a", 1);
    need_words(words, 1);
    return start_container(find_container(words[1]), attach);
}

/* End the container: TERM, which the supervisor passes on; after that many
 * seconds, KILL. By a descriptor, which is never another process's. */
static void stop_container(const char *dir, int seconds) {
    pid_t pid = supervisor_of(dir);
    struct pollfd end = { .fd = -1, .events = POLLIN };

    if (pid > 0)
        end.fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (end.fd < 0 || supervisor_of(dir) != pid)
        return; /* it has ended meanwhile */
    if (seconds > 0) {
        syscall(SYS_pidfd_send_signal, end.fd, SIGTERM, NULL, 0);
        if (poll(&end, 1, 1000 * seconds) > 0)
            return;
        note("%d seconds after SIGTERM it still runs: SIGKILL\n  cause:  a "
             "command that is PID 1 hears no signal that it has no handler for "
             "(--no-init); or it takes its time\n  lesson: lessons/03-pid",
             seconds);
    }
    syscall(SYS_pidfd_send_signal, end.fd, SIGKILL, NULL, 0);
    poll(&end, 1, -1); /* then all that it held is free */
    int lock = TRY(lock_file(longer("%s/lock", dir), LOCK_EX));
    set_status(lock, text("exited (%d)", 128 + SIGKILL));
    close(lock);
}

/* stop [-t SECONDS] NAME...: one after the other. */
static int cmd_stop(char **words) {
    const char *given = take(words, "-t", 2), *seconds = given ? given : "10";

    if (match(seconds, "^[0-9]{1,6}$") != seconds)
        refuse("stop -t wants a number of seconds, not \"%s\"",
               shown(seconds));
    need_words(words, MANY);
    while (*++words)
        stop_container(find_container(*words), atoi(seconds));
    return 0;
}

/* ps [-a] [--porcelain]: those that run; or all. For a program, by tabs. */
static int cmd_ps(char **words) {
    bool all = take(words, "-a", 1), plain = take(words, "--porcelain", 1);
    const char *fmt = plain ? "%s\t%s\t%s\t%s\n" : "%-16s %-24s %-14s %.22s\n";
    struct dirent **list;

    need_words(words, 0);
    find_store(false);
    if (!plain)
        printf(fmt, "NAME", "IMAGE", "STATUS", "COMMAND");
    for (int i = 0, n = list_of("containers", &list); i < n; i++) {
        const char *dir = IN_STORE("containers/%s", list[i]->d_name);
        const char *status = slurp(longer("%s/lock", dir));
        char *command = slurp(longer("%s/image", dir));
        const char *image = strsep(&command, "\n");
        bool runs = is_running(dir);
        status = runs ? "running" : *status == 's' ? "killed" : *status
               ? text("%.*s", (int)strcspn(status, ")") + 1, status)
               : "created";
        if (command && (all || runs))
            printf(fmt, list[i]->d_name, shown(image + 72), status,
                   shown(command));
    }
    return flushed(0);
}

/* logs [-f] NAME: -f goes on until the container has ended. */
static int cmd_logs(char **words) {
    bool follow = take(words, "-f", 1), more;
    char part[4096];

    need_words(words, 1);
    const char *dir = find_container(words[1]);
    int fd = TRY_BUT(ENOENT, open(longer("%s/log", dir), O_RDONLY | O_CLOEXEC));
    do { /* what it says last, is read after its end */
        more = follow && is_running(dir);
        for (ssize_t n; (n = TRY_BUT(EBADF, read(fd, part, sizeof part))) > 0;)
            fwrite(part, 1, (size_t)n, stdout);
        fflush(stdout);
        poll(NULL, 0, more ? 100 : 0);
    } while (more);
    return flushed(0);
}

/* rm [-f] NAME...: they go, and what they have written; -f ends them first. */
static int cmd_rm(char **words) {
    bool force = take(words, "-f", 1);

    need_words(words, MANY);
    find_container(words[1]);
    lock_store();
    while (*++words) {
        const char *dir = find_container(*words);
        if (force)
            stop_container(dir, 0);
        if (is_running(dir))
            refuse("container %s runs\n  try:    minicontainer stop %s",
                   *words, *words);
        remove_tree(dir);
    }
    sweep_store();
    return 0;
}

/* =====================================================================
 * 20. VOLUMES -- what outlives the container
 * =====================================================================
 * Problem   A database writes into its upper layer: with the container it goes,
 *           a commit takes it along, and each file is copied before its first
 *           change.
 * Kernel    nothing new: a bind mount (4) of a directory over the image's.
 * Parent    makes the directory in the store, if it is not there yet.
 * Child     attaches it, as every volume: after all mounts, before the pivot.
 * Order     that of attach_volumes(): it covers what the layers have there.
 * See it    $ ./minicontainer run --image web -v data:/data -- touch /data/x
 * Not this  a layer: no commit and no diff sees what is in it.
 * Read      lessons/20-volumes, volumes in Docker's documentation
 *
 * -v SRC:/DST with a slash in SRC is a place of the machine, which the caller
 * answers for. A word is a name: a directory volumes/NAME of the store, of user
 * 0 of our containers. (Docker fills a new one with what the image has at
 * its place. Here it begins empty.)
 */
static const char *volume_dir(const char *name) {
    return IN_STORE("volumes/%s", good_name(name, "a volume"));
}

/* False: nothing is made. For print; and compose, while it reads. */
static bool making = true;

/* The place of SRC in -v SRC:/DST. */
static const char *volume_source(const char *src) {
    if (strchr(src, '/'))
        return src;
    if (access(src, F_OK) == 0)
        refuse("--volume: %s is the name of a volume, and a file is called so, "
               "too\n  try:    -v ./%s:...", shown(src), shown(src));
    find_store(making);
    const char *dir = volume_dir(src);
    if (!making)
        return dir;
    int lock = lock_store();
    if (access(dir, F_OK) < 0)
        make_dir(dir);
    flock(open(dir, O_RDONLY | O_CLOEXEC), LOCK_SH | LOCK_NB); /* see rm */
    close(lock);
    return dir;
}

/* volume ls; volume rm NAME: not while a container names it, or runs. */
static int cmd_volume(char **words) {
    const char *verb = words[1] ? words[1] : "";
    bool ls = strcmp(verb, "ls") == 0, rm = strcmp(verb, "rm") == 0;
    struct dirent **list;

    need_words(words, ls ? 1 : rm ? 2 : NEVER);
    find_store(false);
    for (int i = 0, n = ls ? list_of("volumes", &list) : 0; i < n; i++)
        puts(list[i]->d_name);
    if (ls)
        return flushed(0);
    const char *dir = volume_dir(words[2]);
    if (access(dir, F_OK) < 0)
        refuse("there is no volume %s\n  try:    minicontainer volume ls",
               words[2]);
    lock_store();
    for (int n = list_of("containers", &list); n-- > 0;)
        if (match(slurp(IN_STORE("containers/%s/command", list[n]->d_name)),
                  text("\"(-v|--volume)(\",\"|=)?%s:/", words[2])))
            refuse("container %s uses %s\n  try:    minicontainer rm %s",
                   list[n]->d_name, words[2], list[n]->d_name);
    if (flock(open(dir, O_RDONLY | O_CLOEXEC), LOCK_EX | LOCK_NB) < 0 &&
        errno == EWOULDBLOCK)
        refuse("a container that runs uses %s", words[2]);
    remove_tree(dir);
    return 0;
}

/* =====================================================================
 * 21. NETWORKS -- containers that reach each other
 * =====================================================================
 * Problem   A container has only lo: nobody reaches it, and it reaches nobody.
 * Kernel    A bridge is a switch, made of memory; a veth pair is a cable: what
 *           goes in at one end comes out at the other, in any network.
 * Parent    makes the bridge, if it is not there; then a cable, with one end in
 *           the bridge, the other in the child's network: one message.
 * Child     finds eth0, and gives it its address.
 * Order     after the map: only root of both networks may plug a cable.
 * See it    lab# minicontainer run --network front -- ip addr
 * Not this  a way out. The bridge is in the lab, and leads nowhere else.
 * Read      lessons/21-networks, veth(4), rtnetlink(7), netdevice(7)
 *
 *     the lab's network     front, a bridge    172.18.0.1
 *                           front.2   front.3  no addresses: ends of cables
 *                              |         |
 *     a container's           eth0       |     172.18.0.2
 *     another's                         eth0   172.18.0.3
 *
 * A network is that bridge and nothing else: no file, no daemon. `ip link` is
 * `network ls`, `ip link del front` is `network rm`. Who hands out addresses?
 * The kernel: front.2 is a name, and no two interfaces have the same. With the
 * container its network ends, and both ends of the cable: the name is free.
 *
 * Only in a lab: a bridge on the machine would be a change of the machine, and
 * an ordinary user is not root of the machine's network. Two things that a
 * bridge has by itself are changed: its MAC would be the lowest of its cables',
 * and change with them; it would forward to other networks if the machine does.
 * And there is no default route, so that "no way out" fails at once.
 */
enum { NEW_LINK = 16, REQUEST_ACK_CREATE_EXCL = 0x605, /* rtnetlink(7) */
       L_ADDRESS = 1, L_NAME = 3, L_MASTER = 10, L_INFO = 18, L_PID = 19,
       INFO_KIND = 1, INFO_DATA = 2, VETH_PEER = 1 };
#ifndef SIOCBRADDBR
#define SIOCBRADDBR 0x89a0
#endif

/* Interface R gets address IP, in a network of 65,536, and is set up. */
static void set_address(int fd, struct ifreq *r, uint32_t ip) {
    struct sockaddr_in in = { .sin_family = AF_INET };

    in.sin_addr.s_addr = htonl(ip);
    memcpy(&r->ifr_addr, &in, sizeof in);
    SYSV(ioctl(fd, SIOCSIFADDR, r), "ip addr add %s/16 dev %s",
         inet_ntoa(in.sin_addr), r->ifr_name);
    in.sin_addr.s_addr = htonl(0xffff0000);
    memcpy(&r->ifr_netmask, &in, sizeof in);
    TRY(ioctl(fd, SIOCSIFNETMASK, r));
    r->ifr_flags = IFF_UP | IFF_RUNNING;
    SYSV(ioctl(fd, SIOCSIFFLAGS, r), "ip link set %s up", r->ifr_name);
}

/* Of interface NAME, what ioctl(2) asks for; till the next call. */
static struct ifreq *interface(const char *name) {
    static struct ifreq r;

    r = (struct ifreq){ .ifr_flags = 0 };
    snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
    return &r;
}

/* The address of interface R; 0: it has none. */
static uint32_t address_of(int fd, struct ifreq *r) {
    struct sockaddr_in in = { .sin_port = 0 };

    if (ioctl(fd, SIOCGIFADDR, r) == 0)
        memcpy(&in, &r->ifr_addr, sizeof in);
    return ntohl(in.sin_addr.s_addr);
}

/* Has an interface here an address in the network of IP? */
static bool is_taken(int fd, uint32_t ip) {
    struct if_nameindex *list = if_nameindex();
    bool taken = false;

    for (struct if_nameindex *at = list; at && at->if_index; at++)
        taken |= address_of(fd, interface(at->if_name)) >> 16 == ip >> 16;
    if_freenameindex(list);
    return taken;
}

/* A new bridge NAME: 172.18.0.1, or the next network that nobody here has. */
static void make_bridge(int fd, const char *name) {
    uint32_t ip = 172U << 24 | 18 << 16 | 1, net;

    while (is_taken(fd, ip))
        ip += 1 << 16;
    struct ifreq *r = interface(name); /* is_taken() has asked for others */
    net = htonl(ip);
    r->ifr_hwaddr.sa_family = 1; /* Ethernet */
    memcpy(r->ifr_hwaddr.sa_data, "\2\102", 2);
    memcpy(r->ifr_hwaddr.sa_data + 2, &net, 4);
    TRY(ioctl(fd, SIOCSIFHWADDR, r));
    set_address(fd, r, ip);
    put(text("/proc/sys/net/ipv4/conf/%s/forwarding", name), "0");
}

/* A message to the kernel: a head, and attributes, which may hold others. */
struct message { char at[512]; size_t n; };

static size_t attribute(struct message *m, uint16_t type, const void *data,
                        size_t n) {
    uint16_t head[] = { (uint16_t)(4 + n), type };
    size_t begin = m->n;

    memcpy(m->at + begin, head, sizeof head);
    if (n > 0)
        memcpy(m->at + begin + 4, data, n);
    m->n += (4 + n + 3) / 4 * 4;
    return begin;
}

static void end_attribute(struct message *m, size_t begin) {
    uint16_t size = (uint16_t)(m->n - begin);

    memcpy(m->at + begin, &size, sizeof size);
}

/* A cable from bridge BRIDGE to eth N of the child, for address IP. Returns an
 * errno; EEXIST: that number is somebody's. */
static int plug(const struct container *c, const char *bridge, uint32_t ip,
                int n) {
    /* Its size; type and flags; a number; [6], [7]: it shall be up. */
    uint32_t head[8] = { 0, NEW_LINK | REQUEST_ACK_CREATE_EXCL << 16, 1, 0, 0,
                         0, IFF_UP, IFF_UP };
    int fd = TRY(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
    const char *outer = text("%s.%u", bridge, ip & 255);
    const char *inner = text("eth%d", n);
    uint32_t master = if_nametoindex(bridge), net = htonl(ip);
    unsigned char mac[6] = { 2, 66 }, zeros[16] = { 0 };
    struct message m = { .n = sizeof head };
    int32_t answer[16];

    memcpy(mac + 2, &net, 4);
    attribute(&m, L_NAME, outer, strlen(outer) + 1);
    attribute(&m, L_MASTER, &master, 4);
    size_t info = attribute(&m, L_INFO, NULL, 0);
    attribute(&m, INFO_KIND, "veth", 5);
    size_t data = attribute(&m, INFO_DATA, NULL, 0);
    size_t peer = attribute(&m, VETH_PEER, zeros, sizeof zeros);
    attribute(&m, L_NAME, inner, strlen(inner) + 1);
    attribute(&m, L_ADDRESS, mac, 6);
    attribute(&m, L_PID, &c->pid, 4);
    end_attribute(&m, peer);
    end_attribute(&m, data);
    end_attribute(&m, info);
    head[0] = (uint32_t)m.n;
    memcpy(m.at, head, sizeof head);
    SYSV(send(fd, m.at, m.n, 0), "ip link add %s master %s up type veth peer "
         "name %s netns %d", outer, bridge, inner, c->pid);
    TRY(recv(fd, answer, sizeof answer, 0)); /* [4]: an errno, negative; or 0 */
    close(fd);
    return -answer[4];
}

/* For compose (23), which plans all addresses: it makes an outer container, and
 * that many numbers are for others. */
static bool in_compose;
static unsigned planned;

/* Parent, in the lab. Whoever makes a bridge or a cable in this network does it
 * alone: the lock is on the network itself. */
static void plug_cables(struct container *c) {
    if (!*c->network)
        return;
    int lock = TRY(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    int fd = TRY(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    for (int n = 0; c->network[n]; n++)
        if (if_nametoindex(c->network[n]) == 0)
            say("in the lab's network: ip link add %s type bridge",
                c->network[n]);
    TRY(flock(lock, LOCK_EX)); /* no say() from here on: it may wait */
    for (int n = 0, err; c->network[n]; n++) {
        const char *name = c->network[n];
        if ((err = ioctl(fd, SIOCBRADDBR, name) < 0 ? errno : 0) == 0)
            make_bridge(fd, name);
        uint32_t ip = address_of(fd, interface(name));
        ip += ip ? planned : 0;
        while ((err == 0 || err == EEXIST) && ip && (++ip & 255) < 255 &&
               (err = plug(c, name, ip, n)) == EEXIST)
            tell("now", text("%s.%u is somebody's: the next number", name,
                             ip & 255));
        const char *said = text("--network %s: no cable to it: %s (%s)", name,
                                strerror(err), errno_name(err));
        if (err)
            refuse("%s%s", said, remedy(said));
    }
    close(fd);
    close(lock);
}

/* Child. A MAC of a cable ends in the address that is meant: so nobody has to
 * tell us. */
static void use_cables(struct container *c) {
    int fd = TRY(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    uint32_t ip;

    if (*c->port && !*c->network) /* one that the porter can call (22) */
        set_address(fd, interface("lo:p"), 172U << 24 | 17 << 16 | 2);
    for (int n = 0; c->network[n]; n++) {
        struct ifreq *r = interface(text("eth%d", n));
        TRY(ioctl(fd, SIOCGIFHWADDR, r));
        memcpy(&ip, r->ifr_hwaddr.sa_data + 2, 4);
        set_address(fd, r, ntohl(ip));
    }
    close(fd);
}

/* --network NAME */
static bool set_network(struct request *r, const char *name) {
    static bool none;
    int n = 0;

    *(strcmp(name, "host") == 0 ? &r->denied : &r->named) |= BIT(NET);
    none |= strcmp(name, "none") == 0;
    if (is_among("host none", name))
        return !none || !*r->c.network;
    if (!in_compose && (root_of_machine() ||
                        strcmp(slurp("/proc/1/comm"), "lab\n") != 0))
        refuse("--network %s: a bridge is made in a lab only\n  try:    "
               "minicontainer lab\n  lesson: lessons/21-networks", name);
    while (r->c.network[n])
        n++;
    r->c.network[n] = name;
    return !none && n < 4 && !is_among("all default", name);
}

/* network: a bridge needs no command of ours; run --network makes it. */
static int cmd_network(char **words) {
    refuse("%s: a bridge is one, and that is the business of ip(8)\n  ls:     "
           "ip -br addr show type bridge\n  rm:     ip link del NAME", *words);
}

/* =====================================================================
 * 22. PORTS -- a way in
 * =====================================================================
 * Problem   A server in a container: nobody outside reaches it.
 * Kernel    A socket stays in the network that it was made in, wherever the
 *           process goes that holds it.
 * Parent    makes a socket that listens outside; then a process, the porter,
 *           that enters the child's network with it.
 * Child     nothing.
 * Order     after the map: who enters needs rights over there; before the go:
 *           where the port is taken, nothing begins.
 * See it    $ minicontainer run -p 8080:80 -- python3 -m http.server 80
 * Not this  a way out: who is inside reaches nobody by it.
 * Read      lessons/22-ports, setns(2), splice(2), epoll(7)
 *
 *     outside   caller ----> 127.0.0.1:8080     the socket of the parent
 *     - - - - - - - - - - - - - - - - - - - |- - - - - - - - - - - - - - - -
 *     inside                              porter ----> 172.17.0.2:80   server
 *
 * Docker's docker-proxy does the same; and as root it writes rules that change
 * the address of each packet on its way (NAT), which is faster. A listener on
 * 127.0.0.1 is for this machine alone; Docker's default is all the world, and
 * no firewall of the machine is asked. 0.0.0.0:8080:80 says it here.
 *
 * The porter calls the container by its address, and never by 127.0.0.1: what
 * listens there is for the container's own programs, which often trust who
 * calls (CVE-2021-20199). Without --network the container has no other: so it
 * gets 172.17.0.2, on lo.
 *
 * It has the listening socket, and must not lose it to the container, which
 * may have all rights there. So it is not dumpable: no ptrace(2), no
 * pidfd_getfd(2), no /proc/PID/fd for those inside. And it is in another PID
 * namespace; with pid off they may kill it, and have lost their own door. (Root
 * of the machine, --no-user, may do all.) It ends with the container, by its
 * pidfd, or with the parent.
 */
enum { MOST_CALLS = 2000, DOOR = MOST_CALLS, END, CHUNK = 1 << 20 };
enum { TCP = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC };
#define BOTH_WAYS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

/* From now on EVENTS, an epoll(7), tells WHAT happens at FD, as number WHO. */
static bool watch(int events, int fd, uint32_t what, uint32_t who) {
    struct epoll_event e = { what, { .u32 = who } };

    return epoll_ctl(events, EPOLL_CTL_ADD, fd, &e) == 0;
}

/* VALUE is [IP:]OUT:IN: where the parent listens, and the container's port.
 * Returns whether there are such numbers. */
static bool read_port(const char *value, struct sockaddr_in *at, unsigned *in) {
    char ip[16] = "127.0.0.1";
    unsigned out = 0;

    *in = 0;
    if (sscanf(value, "%u:%u", &out, in) < 2) /* "127." is no OUT: */
        sscanf(value, "%15[0-9.]:%u:%u", ip, &out, in);
    *at = (struct sockaddr_in){ .sin_family = AF_INET,
                                .sin_port = htons((uint16_t)out) };
    return out > 0 && *in > 0 && out <= UINT16_MAX && *in <= UINT16_MAX &&
           inet_pton(AF_INET, ip, &at->sin_addr) == 1;
}

/* --publish VALUE */
static bool set_port(struct request *r, const char *value) {
    const char *pattern = "^([0-9]+[.][0-9.]+:)?[0-9]{1,5}:[0-9]{1,5}$";
    struct sockaddr_in at;
    unsigned in;
    size_t n = 0;

    while (r->c.port[n])
        n++;
    r->c.port[n] = value;
    return n + 1 < LENGTH(r->c.port) && match(value, pattern) &&
           read_port(value, &at, &in);
}

/* A call: side 0 is the caller's socket, side 1 ours to the server; of each
 * direction a pipe, in which the kernel moves bytes without a copy of them
 * (splice(2)); how many are on the way; and whether its end was passed on. */
static struct call {
    const char *port; /* NULL: free */
    int side[2], way[2][2];
    ssize_t held[2];
    bool over[2];
} calls[MOST_CALLS];

static void end_call(struct call *k) {
    static bool said;
    bool refused = errno == ECONNREFUSED;

    if (refused && !said)
        note("--publish %s: nobody listens there inside (a server on 127.0.0.1 "
             "is not reached)\n  lesson: lessons/22-ports", k->port);
    said |= refused;
    for (int from = 0; from < 2; from++) {
        close(k->side[from]);
        close(k->way[from][0]);
        close(k->way[from][1]);
    }
    k->port = NULL;
}

/* CALLER has come for PORT: a socket to the server, and two pipes. Who cannot
 * have them (no descriptors, no server) is hung up. */
static void begin_call(int events, int caller, const char *port,
                       const char *name) {
    struct call *k = calls;
    struct sockaddr_in to;
    unsigned in;

    while (k->port && k < calls + MOST_CALLS - 1)
        k++;
    if (k->port) {
        close(caller);
        return;
    }
    *k = (struct call){ port, { caller, -1 }, { { -1, -1 }, { -1, -1 } },
                        { 0, 0 }, { false, false } };
    k->side[1] = socket(AF_INET, TCP, 0);
    read_port(port, &to, &in);
    uint32_t ip = address_of(k->side[1], interface(name)); /* 0: not yet */
    to.sin_addr.s_addr = htonl(ip);
    to.sin_port = htons((uint16_t)in);
    bool made = ip && pipe2(k->way[0], O_CLOEXEC) == 0 &&
                pipe2(k->way[1], O_CLOEXEC) == 0 &&
                (connect(k->side[1], (void *)&to, sizeof to) == 0 ||
                 errno == EINPROGRESS);
    for (int side = 0; made && side < 2; side++) {
        setsockopt(k->side[side], IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, 4);
        made = watch(events, k->side[side], BOTH_WAYS, (uint32_t)(k - calls));
    }
    if (!made)
        end_call(k);
}

/* What has come from one side goes to the other, until one of them is not
 * ready; and an end, too: one direction ends, the other goes on (`nc -N`, ssh).
 * false: the call is over; or it broke, and errno says how. */
static bool carry(struct call *k, int from) {
    int to = k->side[!from], *way = k->way[from];
    ssize_t in, out;

    do {
        in = splice(k->side[from], NULL, way[1], NULL, CHUNK,
                    SPLICE_F_NONBLOCK);
        if (in < 0 && errno != EAGAIN)
            return false;
        k->held[from] += in > 0 ? in : 0;
        out = splice(way[0], NULL, to, NULL, CHUNK, SPLICE_F_NONBLOCK);
        if (out < 0 && errno != EAGAIN)
            return false;
        k->held[from] -= out > 0 ? out : 0;
    } while (in > 0 || out > 0);
    if (in == 0 && k->held[from] == 0 && !k->over[from]) {
        shutdown(to, SHUT_WR);
        k->over[from] = true;
    }
    return !k->over[0] || !k->over[1];
}

/* The container has ended: what its servers have said is still carried out, and
 * nobody is let in. Then we end, too (or with the parent). */
static void last_words(void) {
    int left = 0;

    for (struct call *k = calls; k < calls + MOST_CALLS; k++) {
        if (k->port && k->over[1])
            end_call(k);
        left += k->port != NULL;
    }
    if (left == 0)
        _exit(0);
}

/* The porter, in the container's network: it waits for whoever is at a door, or
 * in a call, or for the container's end. */
static _Noreturn void carry_calls(struct container *c, const int *door) {
    int events = TRY(epoll_create1(EPOLL_CLOEXEC)), caller;
    struct epoll_event event[64];
    bool ended = false;

    watch(events, 0, EPOLLIN | EPOLLET, END); /* its pidfd: see be_porter() */
    for (int i = 0; c->port[i]; i++)
        watch(events, door[i], EPOLLIN | EPOLLET, DOOR);
    for (;;) {
        int n = TRY_BUT(EINTR, epoll_wait(events, event, LENGTH(event), -1));
        for (int i = 0; i < n; i++) {
            uint32_t who = event[i].data.u32;
            struct call *k = calls + who % DOOR;
            ended |= who == END;
            if (who < DOOR && k->port && (!carry(k, 0) || !carry(k, 1)))
                end_call(k);
        }
        if (ended) {
            last_words();
            continue;
        }
        /* Always, and not only when one has come: who found no descriptor free
         * is still there, and perhaps one is free now. */
        for (int i = 0; c->port[i]; i++)
            while ((caller = accept4(door[i], NULL, NULL,
                                     SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
                begin_call(events, caller, c->port[i],
                           *c->network ? "eth0" : "lo:p");
    }
}

/* The porter, a process of its own, begins as a copy of the parent. When it has
 * entered, it tells READY so; and keeps of its descriptors only the doors,
 * which were opened one after the other. */
static _Noreturn void be_porter(struct container *c, const int *door,
                                int ready) {
    int flags = CLONE_NEWNET | (on(c, USER) ? CLONE_NEWUSER : 0);
    unsigned from = 3;
    struct rlimit most;

    narrator.who = "porter";
    narrator.running = NULL;
    set_name("porter");
    TRY(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
    int child = TRY(syscall(SYS_pidfd_open, c->pid, 0));
    say("into the network of %s: the socket that listens stays in ours",
        c->hostname);
    SYSV(setns(child, flags), "its pidfd; %sCLONE_NEWNET",
         on(c, USER) ? "CLONE_NEWUSER | " : "");
    TRY(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)); /* a call may never end */
    TRY(dup2(child, 0)); /* the only other that it needs */
    TRY(write(ready, "", 1));
    for (int i = 0; c->port[i]; from = (unsigned)door[i++] + 1)
        if (from < (unsigned)door[i])
            TRY(syscall(SYS_close_range, from, door[i] - 1, 0));
    TRY(syscall(SYS_close_range, from, ~0U, 0));
    TRY(getrlimit(RLIMIT_NOFILE, &most));
    most.rlim_cur = most.rlim_max; /* six for each call */
    TRY(setrlimit(RLIMIT_NOFILE, &most));
    carry_calls(c, door);
}

/* A socket that listens where PORT says, in the network that we are in. */
static int open_door(const char *port) {
    int fd = TRY(socket(AF_INET, TCP, 0));
    struct sockaddr_in at;
    unsigned in;

    read_port(port, &at, &in);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, 4);
    if (bind(fd, (void *)&at, sizeof at) < 0 || listen(fd, 4096) < 0)
        refuse("--publish %s: %s\n  cure:   another OUT (below 1024 it is "
               "root's); `ss -ltnp` shows who has it", port, strerror(errno));
    return fd;
}

/* Compose (23) opens them before its outer container, where another network is;
 * the services have them from there. */
static struct { const char *port; int fd; } opened[64];

static int find_door(const char *port) {
    for (size_t n = 0; n < LENGTH(opened) && opened[n].port; n++)
        if (strcmp(opened[n].port, port) == 0)
            return opened[n].fd;
    return open_door(port);
}

static void add_door(const char *port) {
    size_t n = 0;

    while (opened[n].port)
        n++;
    if (n + 1 == LENGTH(opened))
        refuse("more ports than there is room for");
    opened[n].fd = open_door(port);
    opened[n].port = port;
}

/* Parent; the map is written, the child waits for its go. Listen, and start the
 * porter. */
static void open_ports(struct container *c) {
    int door[LENGTH(c->port)], ready[2], i = 0;
    char byte;

    for (; c->port[i]; i++)
        door[i] = find_door(c->port[i]);
    if (i == 0)
        return;
    say("sockets listen outside; a porter will carry in what comes there");
    TRY(pipe2(ready, O_CLOEXEC));
    pid_t pid = TRY(fork());
    if (pid == 0)
        be_porter(c, door, ready[1]);
    c->porter = TRY(syscall(SYS_pidfd_open, pid, 0));
    close(ready[1]);
    while (i-- > 0)
        close(door[i]);
    if (TRY(read(ready[0], &byte, 1)) != 1)
        leave(OURS); /* it has said why */
    close(ready[0]);
}

/* It has a second for what is still on its way out. By its pidfd: supervise()
 * may have seen its end, and then its number may be somebody else's. */
static void end_porter(struct container *c) {
    if (c->porter <= 0)
        return;
    poll(&(struct pollfd){ c->porter, POLLIN, 0 }, 1, 1000);
    syscall(SYS_pidfd_send_signal, c->porter, SIGKILL, NULL, 0);
    waitid((idtype_t)3 /* P_PIDFD */, (id_t)c->porter, NULL, WEXITED);
}

/* =====================================================================
 * 23. COMPOSE -- several containers by one file
 * =====================================================================
 * Problem   A shop is three containers, two networks, a volume: long lines, in
 *           the right order, and all of them again tomorrow.
 * Kernel    nothing new.
 * Parent    reads the file; listens at its ports (22); starts an outer
 *           container that has a network, mounts and processes of its own.
 * Child     in there, makes the bridges (21), and starts one `run` for each
 *           service; then it prints what they say, and waits.
 * Order     each service after those that it depends on; at the end the last
 *           comes first.
 * See it    $ minicontainer compose config; minicontainer compose up
 * Not this  an engine: a service is a line that you could type yourself.
 * Read      lessons/23-compose, the Compose specification, yaml.org
 *
 *     the machine      compose, the parent; the sockets of all ports
 *       outer container   bridges, and the ends of cables
 *         `run` web          eth0, eth1; /etc/hosts: 172.18.0.2 db
 *         `run` db           eth0
 *
 * "Depends on" means that the other command runs, not that it answers: Docker
 * means no more. Addresses are planned before anything starts: then /etc/hosts
 * of each, a file of ours, has all the names from the beginning. Why an outer
 * container? A cable needs root of both its networks (21), and on the machine
 * that is root only. Its file tree is the machine's, so all paths are right.
 *
 * The file is YAML, which has many surprises: no is false, 1.10 is 1.1, and to
 * some 22:22 is 1342. So we read a part of it that all readers read alike:
 * two blanks for each level, KEY: VALUE, lists in lines or in [ ], quotes
 * without escapes, comments. All else is refused, with its line.
 */
enum kind { TEXT, NUMBER, SWITCH, LIST, PAIRS, WORDS };
struct compose_key {
    const char *key;
    enum kind kind;
    const char *option; /* of `run`; NULL: see words_of() and order() */
};
/* NUMBER: a number, or a text. PAIRS: a list, or names with values. WORDS: a
 * list, or a line that is split at its blanks. */
static const struct compose_key compose_keys[] = {
    { "image", TEXT, "--image" }, { "hostname", TEXT, "--hostname" },
    { "working_dir", TEXT, "--workdir" }, { "mem_limit", NUMBER, "--memory" },
    { "cpus", NUMBER, "--cpus" }, { "pids_limit", NUMBER, "--pids-limit" },
    { "read_only", SWITCH, "--read-only" }, { "init", SWITCH, "--init" },
    { "environment", PAIRS, "--env" }, { "volumes", LIST, "--volume" },
    { "ports", LIST, "--publish" }, { "cap_add", LIST, "--cap-add" },
    { "cap_drop", LIST, "--cap-drop" }, { "networks", LIST, "--network" },
    { "depends_on", LIST, NULL }, { "expose", LIST, NULL },
    { "command", WORDS, NULL }, { "entrypoint", WORDS, NULL },
};

static struct service {
    const char *name;
    int line;
    bits given;             /* which of compose_keys                          */
    bool asked, listed;     /* order(): on the way, and done                  */
    pid_t pid;              /* its supervisor                                 */
    int out;                /* what it says, a pipe; 0: it does not run       */
    time_t told;            /* when it was sent SIGTERM; 0: not yet           */
    char said[4096];        /* a line that has not ended yet                  */
    size_t held;
} services[32], *ordered[32];

/* What a service has: each value of each key, in the order of the file. */
static struct item {
    struct service *of;
    const struct compose_key *key;
    char *value;
    int line;
} items[10000];

static struct {
    const char *file;
    bool up;                /* or `config`                                    */
    int services, ordered, items;
    struct { const char *section, *name; } there[200];
    int theres;             /* what the file says that there is               */
    struct request tried;   /* of the service that is being read              */
    int level;              /* the deepest that the next line may have        */
    bool empty;             /* ... and must                                   */
    const char *section;
    struct service *service;
    const struct compose_key *key;
    char dash;              /* of key: '-': a list; ':': names with values    */
} compose;

/* What is refused from here on, stands on this line. */
static void at_line(int line) {
    narrator.head = longer("minicontainer: %s:%d: ", compose.file, line);
}

/* (shown() would do, but for its length.) */
static bool has_control(const char *in) {
    unsigned char was = 0;

    for (; *in; was = (unsigned char)*in++)
        if (is_control((unsigned char)*in, was))
            return true;
    return false;
}

/* --- Values. What a plain word means to some reader, if it is no text. */
static bool is_no_text(const char *word) {
    return match(word, "^([-+]?[0-9.][0-9a-fotxz_:.+ -]*|[-+]?[.](inf|nan)|~|"
                       "null|true|false|yes|no|on|off|y|n|<<|=)$") != NULL;
}

/* A text in quotes, at FROM. */
static char *quoted_value(char *from, char **end) {
    const char quote[] = { *from++, '\0' };
    size_t n = strcspn(from, quote);

    if (!from[n] || (*quote == '"' && memchr(from, '\\', n)))
        refuse("a text in quotes ends on its line, and has no escapes (\\)");
    *end = from + n + 1 + strspn(from + n + 1, " ");
    return longer("%.*s", (int)n, from);
}

/* A text without quotes, at FROM: up to one of STOPS, to a comment, or to the
 * end of the line. */
static char *plain_value(char *from, char **end, const char *stops) {
    if (strchr("&*!|>%@`{}[]#?:,", *from))
        refuse("nothing, or one of YAML's other kinds: put a text in quotes");
    char *last = from + strcspn(from, stops), *hash = strstr(from, " #");
    *end = last = hash && hash < last ? hash + 1 : last;
    while (last[-1] == ' ')
        last--;
    char *out = longer("%.*s", (int)(last - from), from);
    if (match(out, "^-( |$)|:( |$)"))
        refuse("%s: this - or : is YAML's: put it in quotes", shown(out));
    return out;
}

/* Nothing but a comment may follow. */
static void end_line(const char *at) {
    if (*at && (*at != '#' || at[-1] != ' '))
        refuse("something stands behind the value: %s", shown(at));
}

/* The value at *AT, for a key of KIND. *AT is moved behind it: to one of STOPS,
 * in a list in [ ]; or to the end of the line. "$$" is "$", as in Docker. */
static char *value_at(char **at, const char *stops, enum kind kind) {
    bool plain = **at != '"' && **at != '\'';
    char *value = plain ? plain_value(*at, at, stops) : quoted_value(*at, at);
    bool number = match(value, "^(0|[1-9][0-9]{0,8})([.][0-9]{0,2}[1-9])?$");

    if (!*stops)
        end_line(*at);
    if (kind == SWITCH && !(plain && is_among("true false", value)))
        refuse("wants true or false");
    if (plain && kind != SWITCH && is_no_text(value) &&
        !(number && kind == NUMBER))
        refuse("%s: to some reader of YAML this is no text: put it in quotes",
               shown(value));
    for (char *dollar = value; (dollar = strchr(dollar, '$')); dollar++) {
        if (dollar[1] != '$')
            refuse("%s: no variable is replaced here; a $ is written $$",
                   shown(value));
        memmove(dollar, dollar + 1, strlen(dollar));
    }
    return value;
}

/* A line for `command`, as a shell splits it. */
static char **split_line(char *line) {
    char quote = 0;

    for (char *at = line; *at; at++)
        if (quote ? *at == quote : *at == '"' || *at == '\'')
            quote = quote ? 0 : *at;
    if (quote || strchr(line, '\\'))
        refuse("a quote without its end, or a \\: write [sh, -c, ...]");
    return split(line);
}

/* --- Services. VALUE is one of those of the key that is being read. It is
 * taken as `run` would take it, so that what is wrong is refused here. */
static void take_item(char *value, int line) {
    const struct compose_key *k = compose.key;
    struct item *i = &items[compose.items++];
    size_t same = (k->kind == PAIRS ? strcspn(value, "=") : strlen(value)) + 1;
    char *words[] = { value, NULL };

    *i = (struct item){ compose.service, k, value, line };
    if ((size_t)compose.items == LENGTH(items))
        refuse("more than there is room for");
    for (struct item *other = items; other < i && k->kind != WORDS; other++)
        if (other->of == i->of && other->key == k &&
            strncmp(other->value, value, same) == 0)
            refuse("%s twice", shown(value));
    compose.tried.word = words;
    making = false;
    if (k->option && k->kind != SWITCH)
        take_word(&compose.tried, k->option);
    making = true;
    compose.tried.word = NULL; /* it was ours */
    if (compose.up && strcmp(k->key, "ports") == 0)
        add_door(value);
}

/* What stands behind the key, on its line. */
static void take_values(char *at, int line) {
    const struct compose_key *k = compose.key;

    if (*at != '[' || k->kind < LIST) {
        if (k->kind == LIST || k->kind == PAIRS)
            refuse("%s wants a list: lines that begin with \"- \", or [ ]",
                   k->key);
        char *one[] = { value_at(&at, "", k->kind), NULL };
        char **words = k->kind == WORDS ? split_line(*one) : one;
        while (*words)
            take_item(*words++, line);
        return;
    }
    do {
        at += 1 + strspn(at + 1, " ");
        take_item(value_at(&at, ",[]{}?", LIST), line);
    } while (*at == ',');
    if (*at != ']')
        refuse("wants one more value, or a ]");
    end_line(at + 1 + strspn(at + 1, " "));
}

/* There is a service, a network or a volume NAME. */
static bool is_there(const char *section, const char *name) {
    for (int i = 0; i < compose.theres; i++)
        if (strcmp(compose.there[i].section, section) == 0 &&
            strcmp(compose.there[i].name, name) == 0)
            return true;
    return false;
}

/* NAME: REST, on level 0 or 1. Returns whether something must follow below. */
static bool take_name(char *name, const char *rest, int level, int line) {
    char *words[] = { "--hostname", name, NULL }; /* it is, if none is given */
    const char *section = level ? compose.section : "";

    if (is_there(section, name) || (strcmp(section, "networks") == 0 &&
                                    is_among("default Default", name)))
        refuse("%s: that is there already", name);
    if (level == 0 && !is_among("services networks volumes", name))
        refuse("%s: here is services, networks or volumes", name);
    if ((size_t)compose.theres == LENGTH(compose.there) || *rest)
        refuse(*rest ? "%s: nothing stands behind its : here"
                     : "%s: too many names", name);
    compose.there[compose.theres].section = section;
    compose.there[compose.theres++].name = name;
    if (level == 0)
        compose.section = name;
    if (level == 0 || strcmp(section, "services") != 0)
        return level == 0;
    if ((size_t)compose.services == LENGTH(services))
        refuse("more services than there is room for");
    compose.service = &services[compose.services++];
    *compose.service = (struct service){ .name = name, .line = line };
    compose.tried = request_of(NULL, words);
    compose.tried.word = NULL; /* they are ours */
    return true;
}

/* KEY: REST, of a service. Returns whether something must follow below. */
static bool take_key(const char *key, char *rest, int line) {
    const struct compose_key *k = compose_keys;
    size_t i = 0;
    const char *all = "";

    for (; i < LENGTH(compose_keys) && strcmp(k[i].key, key) != 0; i++)
        all = text("%s %s", all, k[i].key);
    if (i == LENGTH(compose_keys))
        refuse("there is no key %s here%s\n  there is:%s", key,
               strcmp(key, "build") ? "" : ": type `minicontainer build -t "
               "NAME DIR` before, and here image: NAME",
               all);
    if (compose.service->given & BIT(i))
        refuse("%s twice", key);
    compose.service->given |= BIT(i);
    compose.key = k + i;
    compose.dash = 0;
    if (*rest)
        take_values(rest, line);
    else if (compose.key->kind < LIST)
        refuse("%s wants a value", key);
    return !*rest;
}

/* A value of the key above: "- VALUE", or NAME: VALUE. */
static void take_below(char *at, char *name, char *rest, int line) {
    bool dash = strncmp(at, "- ", 2) == 0;
    char *from = dash ? at + 2 + strspn(at + 2, " ") : rest;

    if (dash ? compose.dash == ':' : compose.dash == '-' || !name ||
                                     compose.key->kind != PAIRS)
        refuse("%s wants lines that begin with \"- \": one text each, or all "
               "NAME: VALUE in environment", compose.key->key);
    compose.dash = dash ? '-' : ':';
    char *value = value_at(&from, "", dash ? LIST : NUMBER);
    take_item(dash ? value : longer("%s=%s", name, value), line);
}

/* What UTF-8 is, as RFC 3629 has it; of ASCII what is no control character. */
#define TAIL "[\x80-\xbf]"
#define UTF_8 "^([ -~]|[\xc2-\xdf]" TAIL "|\xe0[\xa0-\xbf]" TAIL \
    "|[\xe1-\xec\xee\xef]" TAIL "{2}|\xed[\x80-\x9f]" TAIL \
    "|\xf0[\x90-\xbf]" TAIL "{2}|[\xf1-\xf3]" TAIL "{3}" \
    "|\xf4[\x80-\x8f]" TAIL "{2})*$"
static void take_line(char *at, int line) {
    int indent = (int)strspn(at, " "), level = indent / 2;

    at_line(line);
    /* To some readers U+2028 and U+2029 end a line; the last begins a file. */
    if (has_control(at) || match(at, "\xe2\x80\xa8|\xe2\x80\xa9|\xef\xbb\xbf"))
        refuse("a tab (type blanks), a carriage return, or another control "
               "character");
    if (!match(at, UTF_8))
        refuse("bytes that are no UTF-8: no letter for a reader of YAML");
    at += indent;
    if (!*at || *at == '#')
        return;
    if (indent % 2 || level > compose.level ||
        (compose.empty && level < compose.level))
        refuse("begins with %d blanks: two more for each level, and nothing is "
               "left empty", indent);
    bool key = match(at, "^[a-z_][a-z0-9_.-]*:( |$)") == at;
    size_t n = key ? strcspn(at, ":") : 0;
    char *name = n ? longer("%.*s", (int)n, at) : NULL;
    char *rest = n ? at + n + 1 + strspn(at + n + 1, " ") : at;
    rest += *rest == '#' ? strlen(rest) : 0;
    if ((level < 3 && !name) || (name && is_no_text(name)))
        refuse("%s: wants NAME: and a blank, or the line's end", shown(at));
    compose.empty = false;
    compose.level = level;
    if (level == 0 && strcmp(name, "version") == 0 && compose.theres == 0)
        value_at(&rest, "", TEXT); /* as in Docker: no use */
    else if (level > 2)
        take_below(at, name, rest, line);
    else if (level < 2)
        compose.empty = take_name(name, rest, level, line);
    else
        compose.empty = take_key(name, rest, line);
    compose.level += compose.empty;
}

static void read_file(void) {
    FILE *in = fopen(strrchr(compose.file, '/') ? strrchr(compose.file, '/') + 1
                                                : compose.file, "re");
    char *rest = NULL, *line;
    size_t size = 0;

    if (!in)
        refuse("%s: %s\n  try:    minicontainer compose -f FILE", compose.file,
               strerror(errno));
    ssize_t n = getdelim(&rest, &size, '\0', in); /* to the end, or a zero */
    if (n > 0 && !rest[n - 1])
        refuse("%s: a zero byte is in it", compose.file);
    rest = n > 0 ? rest : NULL;
    fclose(in);
    for (int number = 1; (line = strsep(&rest, "\n")); number++)
        take_line(line, number);
    if (compose.empty || compose.services == 0)
        refuse("the file ends, and something is missing");
}

/* Of service S and KEY, the item behind I; I NULL: the first. NULL: there is no
 * more. */
static struct item *next_item(struct item *i, const struct service *s,
                              const char *key) {
    for (i = i ? i + 1 : items; i < items + compose.items; i++)
        if (i->of == s && strcmp(i->key->key, key) == 0)
            return i;
    return NULL;
}

/* The value of KEY, which has one; "": it is not there. */
static const char *value_of(const struct service *s, const char *key) {
    struct item *i = next_item(NULL, s, key);

    return i ? i->value : "";
}

static struct service *find_service(const char *name) {
    struct service *s = services;

    while (s < services + compose.services && strcmp(s->name, name) != 0)
        s++;
    return s;
}

/* S into the order, after all that it depends on. */
static void order(struct service *s) {
    if (s->asked && !s->listed)
        refuse("%s waits for itself: depends_on is a circle", s->name);
    if (s->asked)
        return;
    s->asked = true;
    for (struct item *i = NULL; (i = next_item(i, s, "depends_on"));) {
        at_line(i->line);
        order(find_service(i->value));
    }
    s->listed = true;
    ordered[compose.ordered++] = s;
}

/* What is named must be there: services; networks, and volumes that have a
 * name. (Docker, too, wants these said.) */
static void check_file(void) {
    for (struct item *i = items; i < items + compose.items; i++) {
        const char *key = i->key->key, *name = i->value;
        bool volume = strcmp(key, "volumes") == 0;
        const char *section = strcmp(key, "depends_on") ? key : "services";
        if (volume)
            name = longer("%.*s", (int)strcspn(name, ":"), name);
        at_line(i->line);
        bool named = volume ? !strchr(name, '/')
                            : is_among("networks depends_on", key);
        if (named && !is_there(section, name))
            refuse("there is no %s among the %s of this file", shown(name),
                   section);
    }
    for (struct service *s = services; s < services + compose.services; s++) {
        at_line(s->line);
        const char *image = value_of(s, "image");
        if (!*image)
            refuse("%s has no image: NAME, or ./DIR", s->name);
        if (of_store(image))
            good_name(longer("%.*s", (int)strcspn(image, ":"), image),
                      "an image");
        if (strchr(image, '/') && access(text("%s/etc/hosts", image), F_OK) < 0)
            refuse("%s is a directory, for its slash, and has no file for the "
                   "names of the others\n  cure:   touch %s/etc/hosts",
                   shown(image), shown(image));
        order(s);
    }
    narrator.head = "minicontainer: ";
}

/* The N-th network of S; who names none, is in one with the others that do not.
 * NULL: it has no more. */
static const char *network_of(const struct service *s, int n) {
    struct item *i = next_item(NULL, s, "networks");

    if (!i)
        return n == 0 ? "Default" : NULL;
    while (i && n-- > 0)
        i = next_item(i, s, "networks");
    return i ? i->value : NULL;
}

static bool is_in(const struct service *s, const char *network) {
    const char *name;
    int n = 0;

    while ((name = network_of(s, n)) && strcmp(name, network) != 0)
        n++;
    return name != NULL;
}

static void add(char ***words, const char *word) {
    *(*words)++ = (char *)word;
}

#define HOSTS "/dev/shm" /* none of ours shows it, if no volume asks for it */
/* The words of `run` for service S. With an entrypoint, those of the image are
 * not asked (16); what follows its first word stands before the command. */
static char **words_of(const struct service *s) {
    char **words = calloc(2 * LENGTH(items) + 9, sizeof *words), **at = words;
    bool ours = of_store(value_of(s, "image"));
    struct item *i = NULL;

    add(&at, "run");
    add(&at, "--hostname"); /* (if it is given, that comes later, and counts) */
    add(&at, s->name);
    if (compose.up) {
        add(&at, "--volume");
        add(&at, longer(HOSTS "/%s:/etc/hosts:ro", s->name));
    }
    for (i = items; i < items + compose.items; i++) {
        bool no = i->key->kind == SWITCH && *i->value == 'f';
        if (i->of != s || !i->key->option ||
            (no && strcmp(i->key->key, "init") != 0))
            continue;
        add(&at, no ? "--no-init" : i->key->option);
        if (i->key->kind != SWITCH)
            add(&at, i->value);
    }
    if (strcmp(network_of(s, 0), "Default") == 0) {
        add(&at, "--network");
        add(&at, "Default");
    }
    i = ours ? next_item(NULL, s, "entrypoint") : NULL;
    if (i) {
        add(&at, "--entrypoint");
        add(&at, i->value);
    }
    add(&at, "--");
    while ((i = next_item(i, s, "entrypoint")))
        add(&at, i->value);
    while ((i = next_item(i, s, "command")))
        add(&at, i->value);
    return words;
}

/* WORD as a shell reads it back, in one line. */
static char *shell_word(const char *word) {
    const char *plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789%+,-./:=@_";
    char *out = longer("'");

    if (has_control(word))
        refuse("\"%.60s\" has a control character: it fits into no line",
               shown(word));
    if (*word && !word[strspn(word, plain)])
        return longer("%s", word);
    for (const char *end; (end = strchr(word, '\'')); word = end + 1)
        out = longer("%s%.*s'\\''", out, (int)(end - word), word);
    return longer("%s%s'", out, word);
}

/* compose config: each service as the line that it is. */
static int print_lines_of_run(void) {
    for (int n = 0; n < compose.ordered; n++) {
        printf("minicontainer");
        for (char **word = words_of(ordered[n]); *word; word++)
            printf(" %s", shell_word(*word));
        printf("\n");
    }
    return flushed(0);
}

/* --- In the outer container. A line of /etc/hosts for each service that S
 * shares a network with. In each of its networks a service has the same number,
 * that of its place in the order; the bridge is number 1. FD: any socket. */
static void write_hosts(int fd, const struct service *s) {
    const char *lines = "127.0.0.1 localhost\n::1 localhost\n", *name;

    for (int n = 0; (name = network_of(s, n)); n++) {
        uint32_t ip = address_of(fd, interface(name));
        for (int i = 0; i < compose.ordered; i++)
            if (is_in(ordered[i], name))
                lines = longer("%s172.%u.0.%d %s\n", lines, ip >> 16 & 255,
                               i + 2, ordered[i]->name);
    }
    make_file(text(HOSTS "/%s", s->name), 0644, lines);
}

/* The bridges: 172.18, 172.19 ..., as the services name them. The files. */
static void prepare(void) {
    int fd = TRY(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const char *name;

    TRY(mount("hosts", HOSTS, "tmpfs", MS_NOSUID | MS_NODEV, "size=4m"));
    for (int i = 0; i < compose.ordered; i++)
        for (int n = 0; (name = network_of(ordered[i], n)); n++)
            if (TRY_BUT(EEXIST, ioctl(fd, SIOCBRADDBR, name)) == 0)
                make_bridge(fd, name);
    for (int i = 0; i < compose.ordered; i++)
        write_hosts(fd, ordered[i]);
    close(fd);
}

/* The listening sockets of other services are not for this one. */
static void close_other_doors(const struct service *s) {
    for (size_t n = 0; n < LENGTH(opened); n++)
        for (struct item *i = items; i < items + compose.items; i++)
            if (i->of != s && i->value == opened[n].port)
                close(opened[n].fd);
}

/* The doors are open, the bridges and files made. Start number N: a process in
 * a session of its own, since ^C is for us. It writes into a pipe, and goes on
 * as `run`. Returns when its command runs; or false: it does not. */
static bool start_service(int n) {
    struct service *s = ordered[n];
    int out[2], told[2];
    char byte;

    TRY(pipe2(out, O_CLOEXEC));
    TRY(pipe2(told, O_CLOEXEC));
    s->pid = TRY(fork());
    if (s->pid == 0) {
        TRY(setsid());
        TRY(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); /* files of /proc/self */
        TRY(dup2(TRY(open("/dev/null", O_RDONLY | O_CLOEXEC)), 0));
        TRY(dup2(out[1], 1));
        TRY(dup2(out[1], 2));
        close_other_doors(s);
        told_end = told[1];
        planned = (unsigned)n; /* of the numbers, those before it */
        _exit(cmd_run(words_of(s)));
    }
    close(out[1]);
    close(told[1]);
    s->out = out[0];
    bool runs = read(told[0], &byte, 1) == 0;
    close(told[0]);
    return runs;
}

/* S has ended: its supervisor has, or will at once. */
static void say_end(struct service *s) {
    int status;

    close(s->out);
    s->out = 0;
    TRY(waitpid(s->pid, &status, 0));
    for (struct item *i = NULL; (i = next_item(i, s, "ports"));)
        shutdown(find_door(i->value), SHUT_RD); /* whoever of us holds it */
    printf("%s ended: status %d\n", s->name, WIFEXITED(status)
           ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* S has said something, or it has ended. Whole lines are printed, behind its
 * name; a long one in pieces. */
static void hear(struct service *s) {
    ssize_t n = read(s->out, s->said + s->held, sizeof s->said - s->held);
    char *line = s->said, *end;

    s->held += n > 0 ? (size_t)n : 0;
    while (s->held > 0) {
        size_t size = (end = memchr(line, '\n', s->held))
                      ? (size_t)(end - line) + 1 : s->held;
        if (!end && n > 0 && size < sizeof s->said)
            break;
        printf("%-12s| ", s->name);
        fwrite(line, 1, size - (end != NULL), stdout);
        putchar('\n');
        line += size;
        s->held -= size;
    }
    memmove(s->said, line, s->held);
    if (n <= 0)
        say_end(s);
}

/* The last that runs shall end: TERM; ten seconds later KILL. */
static void end_last(void) {
    int n = compose.ordered - 1;

    while (n > 0 && ordered[n]->out == 0)
        n--;
    struct service *s = ordered[n];
    if (s->out > 0 && !s->told) {
        kill(s->pid, SIGTERM);
        s->told = time(NULL);
    } else if (s->out > 0 && time(NULL) - s->told >= 10) {
        kill(s->pid, SIGKILL);
        say_end(s); /* (what has its pipe may live on: --no-init) */
    }
}

/* HANDLER gets the signals in SET, but for what our caller ignores (nohup). Few
 * calls are safe in a handler, signal-safety(7); here no others are needed, and
 * so no loop has to wait for signals as well. */
static void handle(bits set, void (*handler)(int)) {
    for (int sig = 1; sig < 32; sig++)
        if (set & BIT(sig - 1) && signal(sig, handler) == SIG_IGN)
            signal(sig, SIG_IGN);
}

/* The first ^C, or signal that ends, is `down`; a second one ends us, and with
 * us all. (A handler works even while we wait for who reads what we print.) */
static volatile sig_atomic_t compose_end;
static void end_compose(int sig) {
    if (compose_end)
        _exit(128 + sig);
    compose_end = sig;
}

/* In the outer container, until all have ended. */
static int compose_job(void *with) {
    static const uint64_t none;
    struct pollfd wake[LENGTH(services)];
    bool failed_one = false;

    (void)with;
    prepare();
    handle(ending, end_compose);
    TRY(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8));
    for (int n = 0; n < compose.ordered && !failed_one && !compose_end;
         n++)
        failed_one = !start_service(n);
    for (;;) {
        nfds_t running = 0;
        for (int n = 0; n < compose.ordered; n++)
            if (ordered[n]->out > 0)
                wake[running++] = (struct pollfd){ ordered[n]->out, POLLIN, 0 };
        if (compose_end || failed_one)
            end_last();
        if (running == 0)
            return failed_one ? OURS : compose_end ? 128 + compose_end : 0;
        TRY_BUT(EINTR, poll(wake, running, 500)); /* (or ^C has just been) */
        for (int n = 0, at = 0; n < compose.ordered; n++)
            if (ordered[n]->out > 0 && wake[at++].revents)
                hear(ordered[n]);
        if (fflush(stdout) != 0 && !compose_end)
            compose_end = SIGPIPE;
    }
}

/* compose [-f FILE] up | config */
static int cmd_compose(char **words) {
    static char *env[2];
    struct container outer = preset;

    become_a_copy(words);
    const char *file = take(words, "-f", 2), *data = getenv("XDG_DATA_HOME");
    compose.file = file ? file : "compose.yaml";
    const char *verb = words[1] ? words[1] : "";
    compose.up = strcmp(verb, "up") == 0;
    need_words(words, is_among("up config", verb) ? 1 : NEVER);
    in_compose = true;
    const char *slash = strrchr(compose.file, '/');
    if (slash) /* paths in it begin where it is */
        TRY(chdir(text("%.*s/", (int)(slash - compose.file), compose.file)));
    read_file();
    check_file();
    if (!compose.up)
        return print_lines_of_run();
    /* Root of the machine needs no namespace for the right to do it; and its
     * store is not open to who it would be in there. */
    outer.rows = BIT(PID) | BIT(MNT) | BIT(PROC) | BIT(NET) |
                 (root_of_machine() ? 0 : BIT(USER));
    outer.hostname = "compose";
    outer.init = outer.no_mask = true;
    outer.instead = compose_job;
    outer.env = env;
    env[0] = data ? longer("XDG_DATA_HOME=%s", data) : NULL;
    return parent_side(&outer);
}

/* =====================================================================
 * 24. DAEMON -- somebody else starts the container
 * =====================================================================
 * Problem   A container is made by whoever types it, with their rights and out
 *           of their store. Others cannot have it made for them.
 * Kernel    A Unix socket is a file that a process listens at. With a message
 *           descriptors travel (SCM_RIGHTS); and it says who calls
 *           (SO_PEERCRED).
 * Parent    as ever; but a shim has started it, and its 0, 1, 2 are a client's.
 * Child     nothing.
 * Order     who calls is asked before anything of theirs is taken.
 * See it    $ ./minicontainer daemon ./sock & sleep 1
 *           $ ./minicontainer --host ./sock run -- ps ax
 * Not this  a wall. Who may write the socket does what the daemon may do.
 * Read      lessons/24-daemon, unix(7), cmsg(3), pidfd_open(2)
 *
 *     client     cmd_host()     hands over what was typed, waits for a status
 *       |  the API: one message (Docker: HTTP)
 *     daemon     cmd_daemon()   listens; makes a process for each call
 *       |  fork
 *     shim       be_shim()      waits for the end; passes signals on meanwhile
 *       |  fork, execve
 *     runtime    be_runtime()   becomes `run` ..., as typed: parent_side()
 *       |  clone3
 *     container  child_side()
 *
 * The shim leads a session of its own: nothing in it ends with the daemon or
 * with the client. So a daemon can be replaced while containers run (Docker:
 * live-restore). It knows none of them: `ps` asks the store. (Docker's runtime,
 * runc, leaves when the container runs: there the shim is the supervisor, too.)
 *
 * Of the client: its words, its descriptors 0 to 2, and its directory, as a
 * descriptor, too: a path can be another directory where the daemon is. All
 * else is the daemon's: user, store, limits, and the environment, so TERM and
 * LANG (Docker's client keeps its own to itself as well). Who names a socket
 * trusts whoever listens there with a terminal and a directory.
 *
 * Docker copies what is read and written. Here the container has the client's
 * terminal itself, which stays that of another session: so a shell in it says
 * that it has no job control. ^C comes to the client, which passes it on. ^Z
 * does nothing (who could say `fg`?). ^\ kills the supervisor, so it always
 * helps. A client that is killed leaves the container its terminal.
 */
/* The one message, whole or not at all (SOCK_SEQPACKET): a command line, each
 * word with its zero byte; and descriptors, laid out as cmsg(3) has it. */
static char words_there[1 << 18];
static struct iovec words_part = { words_there, sizeof words_there };
static struct { size_t size; int level, type, fd[4]; } handed = {
    sizeof handed, SOL_SOCKET, SCM_RIGHTS, { 0, 1, 2 } };
static struct msghdr message = { .msg_iov = &words_part, .msg_iovlen = 1,
    .msg_control = &handed, .msg_controllen = sizeof handed };

static const char *own_socket; /* the daemon: to be removed at the end */
static int daemon_fd;          /* the client: to the daemon, then to its shim */

/* A new socket that LISTENS at PATH, for its owner alone; or one that calls
 * there. What is there already is not ours to remove: it may be any file. */
static int socket_at(const char *path, bool listens) {
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = TRY(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));

    if (!*path || !memccpy(at.sun_path, path, '\0', sizeof at.sun_path))
        refuse("\"%s\": empty, or too long for a socket: cd there, and ./NAME",
               shown(path));
    TRY(fchmod(fd, 0600)); /* bind(2) makes the file with that mode */
    if (listens ? bind(fd, (void *)&at, sizeof at) || listen(fd, 128)
                : connect(fd, (void *)&at, sizeof at))
        refuse(!listens ? "no daemon answers at %s: %s" : errno == EADDRINUSE
               ? "%s: %s\n  cure:   rm it, if no daemon answers there (--host):"
               " one that was killed leaves it" : "%s: %s", shown(path),
               strerror(errno));
    return fd;
}

static void end_daemon(int sig) {
    unlink(own_socket);
    _exit(128 + sig);
}

static void pass_over(int sig) {
    send(daemon_fd, &sig, sizeof sig, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* The runtime: what was typed there, here. The words end at END, and the first
 * two led to us; the next is the socket, and our name now. */
static void be_runtime(const char *end) {
    static char *argv[sizeof words_there + 4], **at = argv;

    for (char *word = words_there; word < end; word += strlen(word) + 1)
        *at++ = word;
    for (int fd = 2; fd >= 0; fd--) /* 2 first: what fails is said there */
        TRY(dup2(handed.fd[fd], fd));
    TRY(fchdir(handed.fd[3]));
    TRY(execv("/proc/self/exe", argv + 2));
}

/* The shim. A number from CLIENT is a signal for the runtime; if it hangs up,
 * nothing ends. A number to it is the status. */
static _Noreturn void be_shim(int client) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    int number;

    for (int sig = 1; sig < 32; sig++) /* `daemon &` in a script ignores ^C */
        signal(sig, SIG_DFL);
    TRY(setsid());
    TRY(getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &size));
    if (peer.uid != geteuid() && peer.uid != 0)
        refuse("user %u is refused: this is not their daemon", peer.uid);
    ssize_t n = recvmsg(client, &message, MSG_CMSG_CLOEXEC);
    if (n < 1 || words_there[n - 1] || message.msg_flags & MSG_TRUNC ||
        message.msg_controllen + handed.size != 2 * sizeof handed)
        _exit(OURS); /* it has hung up, or did not send four descriptors */
    pid_t runtime = TRY(fork());
    if (runtime == 0)
        be_runtime(words_there + n);
    TRY(syscall(SYS_close_range, client + 1, ~0U, 0)); /* they are not ours */
    struct pollfd wake[] = { { client, POLLIN, 0 }, { 0, POLLIN, 0 } };
    wake[1].fd = TRY(syscall(SYS_pidfd_open, runtime, 0));
    while (poll(wake, 2, -1) > 0 && wake[0].revents &&
           read(client, &number, sizeof number) == sizeof number)
        kill(runtime, number == SIGQUIT ? SIGKILL : number);
    TRY(waitpid(runtime, &number, 0));
    number = WIFEXITED(number) ? WEXITSTATUS(number) : 128 + WTERMSIG(number);
    send(client, &number, sizeof number, MSG_NOSIGNAL);
    _exit(0);
}

/* daemon SOCKET: until a signal ends it. */
static int cmd_daemon(char **words) {
    need_words(words, 1);
    int listener = socket_at(words[1], true);
    own_socket = words[1];
    handle(ending, end_daemon);
    signal(SIGCHLD, SIG_IGN); /* a shim that has ended is no zombie then */
    for (int client;; close(client)) {
        client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (client < 0) {
            const char *why = strerror(errno);
            unlink(own_socket);
            refuse("the daemon ends, it can take no call: %s", why);
        }
        if (fork() == 0) /* which takes the place of the listener */
            be_shim(TRY(dup2(client, listener)));
    }
}

/* --host SOCKET COMMAND ...: the client. */
static int cmd_host(char **words) {
    int status;

    if (!words[1] || !words[2])
        need_words(words, NEVER);
    daemon_fd = socket_at(words[1], false);
    handed.fd[3] = TRY(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    words_part = (struct iovec){ title.at, title.size }; /* as typed */
    handle(ending | BIT(SIGWINCH - 1), pass_over);
    signal(SIGTSTP, SIG_IGN);
    if (sendmsg(daemon_fd, &message, MSG_NOSIGNAL) < 0 ||
        read(daemon_fd, &status, sizeof status) != sizeof status)
        refuse("no status: the daemon takes no such words, or has hung up");
    return status;
}

/* =====================================================================
 * PRINT -- the same container in other tools' words
 * =====================================================================
 * `print docker`, for who goes on to the real tools. `print unshare`: one line
 * of programs that make the calls of child_side(), in its order; hold one
 * against the other. `print oci`: config.json for crun and runc, which read it
 * in a directory, the bundle. Nothing is started.
 *
 * The texts stand here, as the help does below. A line is printed if all is so
 * that stands before it: a row is on (uts), an option was typed (--map), a
 * value is there (%r); or is not (!uts); - is always so, !- never. What %r is,
 * set_values() and those below it say. *b: once for each word of value b, which
 * is %~ then. A text that begins with ! is for stderr: what a tool has no word
 * for is said. So is an option that was typed and stands in none of its lines.
 * To add one (-p, chapter 22): a line in each of the three, and a value.
 *
 * --- docker
 * -          docker run %i%d
 * !caps      --cap-add=ALL
 * !seccomp   --security-opt seccomp=unconfined
 * %q         --security-opt systempaths=unconfined
 * -          --security-opt no-new-privileges
 * net,!%n    --network=none
 * *n         --network=%~
 * *p         --publish=%~
 * --entrypoint --entrypoint=%E
 * uts        --hostname=%h
 * --name     --name=%k
 * --workdir  --workdir=%w
 * --read-only --read-only
 * *A         --cap-add=%~
 * *D         --cap-drop=%~
 * %x         --memory=%x --memory-swap=%x
 * %y         --cpus=%y
 * %z         --pids-limit=%z
 * -          %v%e%r%a
 * !%L        ! IMAGE: Docker wants the name of an image, as debian
 * --image,!%L ! IMAGE: tar -C DIR -c . | docker import - NAME makes one
 * user       ! --user: the daemon has it for all, or for none (userns-remap)
 * --map      ! --map: the daemon has one for all (userns-remap)
 * time       ! --time: Docker makes no time namespace
 * --boottime ! --boottime: Docker makes no time namespace
 * seccomp    ! --seccomp: Docker has a filter of its own, a list of what may be
 * !mnt       ! --no-mnt: Docker starts nothing without
 * !proc      ! --no-proc: Docker starts nothing without
 * !root      ! --no-root: Docker starts nothing without
 * !-         --hostname --volume --network --env --cap-add --cap-drop --memory
 * !-         --cpus --pids-limit --init --no-init --only --none --privileged
 * !-         --no-mask --security-opt --interactive --rm --detach
 * --- unshare
 * -          PATH=$PATH:/usr/sbin:/sbin;
 * -          b() { p "$1" "$2"; mount --rbind "$1" "$2";
 * -          findmnt -Rlno TARGET "$2" | while read -r f; do
 * -          mount -o "remount,bind,$3" "$f"; done; };
 * -          m() { p / "$4"; mount -t "$1" -o "$2" "$3" "$4"; };
 * -          p() { case "$2" in "$own"*) if [ -d "$1" ]; then mkdir -p "$2";
 * -          elif [ ! -e "$2" ]; then mkdir -p "$(dirname "$2")"; touch "$2";
 * -          fi; esac; };
 * caps       c=-all; for f in%c; do c=$c,+$f; done;
 * root       t=/mnt; own=/mnt;
 * root,%r,!%L own=/mnt/dev/;
 * !root      t=; own=no;
 * uts        hostname %h;
 * net        ip link set lo up;
 * root,%r    mount --rbind %r /mnt;
 * root,!%r   m tmpfs nosuid,nodev,mode=755,size=512m minicontainer /mnt;
 * root,!%r   mkdir -pm 1777 /mnt/tmp /mnt/run /mnt/root;
 * root,!%r   for f in%b; do b $f /mnt$f ro; done;
 * root       m tmpfs nosuid,noexec,mode=755,size=64m dev /mnt/dev;
 * root       m devpts nosuid,noexec,newinstance,ptmxmode=666 pts /mnt/dev/pts;
 * root       m tmpfs nosuid,nodev,noexec,mode=1777 shm /mnt/dev/shm;
 * root       for f in null zero full random urandom tty; do
 * root       b /dev/$f /mnt/dev/$f ro; done;
 * root       cp -P /dev/fd /dev/std* /mnt/dev; ln -s pts/ptmx /mnt/dev;
 * ipc,root   m mqueue nosuid,nodev,noexec mqueue /mnt/dev/mqueue;
 * ipc,mnt,!root [ ! -d /dev/mqueue ] || m mqueue rw mqueue /dev/mqueue;
 * proc       m proc nosuid,nodev,noexec proc $t/proc;
 * proc,net   m sysfs nosuid,nodev,noexec,ro sysfs $t/sys;
 * proc,!net  b /sys $t/sys ro;
 * root,!proc b /proc /mnt/proc rw; b /sys /mnt/sys rw;
 * proc,%1    for f in%1; do if [ -d $t$f ]; then
 * proc,%1    m tmpfs ro,size=4k mask $t$f; elif [ -e $t$f ]; then
 * proc,%1    b /dev/null $t$f ro; fi; done;
 * proc,%0    for f in%0; do [ ! -e $t$f ] || b $t$f $t$f ro; done;
 * proc,net,cgroup m cgroup2 nosuid,noexec,ro cgroup2 $t/sys/fs/cgroup;
 * %v         %v
 * root       cd /mnt; %p; cd /;
 * --read-only mount -o remount,bind,ro /;
 * %w         cd %w;
 * -          exec env -i%e
 * !root,%r   chroot %r
 * -          setpriv --no-new-privs --inh-caps=-all
 * caps       --bounding-set=$c
 * -          "$@"
 * %L         ! rootfs: umoci unpack --image %L DIR makes it, in DIR
 * %r         ! --image: umount, env and setpriv must be in it
 * root,!%r   ! root: /etc has no passwd, group, hosts, resolv.conf
 * user,%U    ! --user: 0 is %U outside; for others there is newuidmap(1)
 * --map      ! --map: unshare(1) has --map-users for it, by newuidmap(1)
 * seccomp    ! --seccomp: as a service: systemd-run -p SystemCallFilter=
 * %x         ! --memory: before it, systemd-run --scope -p MemoryMax=%x
 * %y         ! --cpus: before it, systemd-run --scope -p CPUQuota=
 * %z         ! --pids-limit: before it, systemd-run --scope -p TasksMax=%z
 * %I         ! --init: PID 1 is COMMAND (lesson 03)
 * --network  ! --network: cables are plugged from outside (lesson 21)
 * --publish  ! --publish: who carries calls in stands outside (lesson 22)
 * --name     ! --name: only what COMMAND writes into volumes is kept
 * --detach   ! --detach: setsid before the line, and & behind it
 * !-         --hostname --volume --read-only --workdir --env --cap-add
 * !-         --cap-drop --init --no-init --only --none --privileged --boottime
 * !-         --no-mask --security-opt --interactive --rm --image --entrypoint
 * --- oci
 * -          {"ociVersion": "1.0.2", "process": {"noNewPrivileges": true,
 * %w         "cwd": %w,
 * !%w        "cwd": "/",
 * -          "user": {"uid": %u, "gid": %g},
 * -          "args": [%a], "env": [%e], "capabilities": {"bounding": [
 * *c         "CAP_%~",
 * -          ], "effective": [
 * *c         "CAP_%~",
 * -          ], "permitted": [
 * *c         "CAP_%~",
 * -          ]}}, "root": {"path": %r,
 * --read-only "readonly": true,
 * -          },
 * uts        "hostname": "%h",
 * -          "mounts": [
 * *b         {"destination": "%~", "source": "%~", "options": ["rbind", "ro"]},
 * root       {"destination": "/dev", "type": "tmpfs", "source": "dev",
 * root       "options": ["nosuid", "noexec", "mode=755", "size=64m"]},
 * root       {"destination": "/dev/pts", "type": "devpts", "source": "pts",
 * root       "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666"]},
 * root       {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
 * root       "options": ["nosuid", "nodev", "noexec", "mode=1777"]},
 * root,!--image {"destination": "/tmp", "type": "tmpfs", "source": "tmp"},
 * root,!--image {"destination": "/run", "type": "tmpfs", "source": "run"},
 * root,!--image {"destination": "/root", "type": "tmpfs", "source": "root"},
 * ipc,root   {"destination": "/dev/mqueue", "type": "mqueue",
 * ipc,root   "source": "mqueue", "options": ["nosuid", "nodev", "noexec"]},
 * proc       {"destination": "/proc", "type": "proc", "source": "proc",
 * proc       "options": ["nosuid", "nodev", "noexec"]},
 * proc,net   {"destination": "/sys", "type": "sysfs", "source": "sysfs",
 * proc,net   "options": ["nosuid", "nodev", "noexec", "ro"]},
 * proc,!net  {"destination": "/sys", "type": "none", "source": "/sys",
 * proc,!net  "options": ["rbind", "rro"]},
 * root,!proc {"destination": "/proc", "type": "none", "source": "/proc",
 * root,!proc "options": ["rbind"]},
 * root,!proc {"destination": "/sys", "type": "none", "source": "/sys",
 * root,!proc "options": ["rbind"]},
 * proc,net,cgroup {"destination": "/sys/fs/cgroup", "type": "cgroup2",
 * proc,net,cgroup "source": "cgroup2", "options": ["ro", "nosuid", "noexec"]},
 * -          %v], "linux": {"namespaces": [
 * uts        {"type": "uts"},
 * pid        {"type": "pid"},
 * mnt        {"type": "mount"},
 * user       {"type": "user"},
 * ipc        {"type": "ipc"},
 * net        {"type": "network"},
 * cgroup     {"type": "cgroup"},
 * time       {"type": "time"},
 * -          ],
 * user       "uidMappings": [%M], "gidMappings": [%N],
 * time       "timeOffsets": {"boottime": {"secs": %s, "nanosecs": 0}},
 * -          "maskedPaths": [
 * *1         "%~",
 * -          ], "readonlyPaths": [
 * *0         "%~",
 * -          ],
 * seccomp    "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [%F]},
 * -          "resources": {
 * %x         "memory": {"limit": %x, "swap": %x},
 * %y         "cpu": {"quota": %y, "period": 100000},
 * %z         "pids": {"limit": %z},
 * -          }}}
 * %L         ! rootfs: umoci unpack --image %L DIR makes it, in DIR
 * root,!--image ! root: mkdir rootfs, empty, of the user who is 0 inside
 * root,!--image ! root: /etc has no passwd, group, hosts, resolv.conf
 * time       ! --time: crun knows it, runc from 1.2 on
 * seccomp    ! --seccomp: personality(0xffffffff), a question, fails
 * %I         ! --init: PID 1 is COMMAND (lesson 03)
 * --network  ! --network: cables are plugged from outside (lesson 21)
 * --publish  ! --publish: who carries calls in stands outside (lesson 22)
 * --name     ! --name: only what COMMAND writes into volumes is kept
 * --detach   ! --detach: crun run -d, runc run -d
 * !-         --hostname --volume --read-only --workdir --env --cap-add
 * !-         --cap-drop --init --no-init --only --none --privileged --boottime
 * !-         --no-mask --security-opt --interactive --rm --image --map
 * !-         --memory --cpus --pids-limit --entrypoint
 * ---
 */
static const char *value[128]; /* what %X stands for; "": it is not there */

/* Is all so that WHEN asks for? */
static bool all_so(const struct container *c, char *when) {
    bool so = true;
    char *save, *w = strtok_r(when, ",", &save);

    for (; w; w = strtok_r(NULL, ",", &save)) {
        bool no = *w == '!';
        w += no;
        so &= no != (*w == '%' ? *value[(int)w[1]] != '\0'
                    : *w == '-' ? is_among(value['-'], w) : on(c, find_row(w)));
    }
    return so;
}

/* BEFORE, and LINE behind it. A comma before ] or } goes: of a list, the last
 * line may be left out. */
static char *with_line(const char *before, const char *line) {
    char *out = longer("%s%s", before, *before ? value['B'] : "");

    for (int n; *line; line += n) {
        char *comma = strrchr(out, ',');
        if (comma && strchr("]}", *line) && !comma[strspn(comma, ", \n")])
            *comma = '\0';
        n = *line == '%' ? 2 : (int)strcspn(line, "%");
        out = *line == '%' ? longer("%s%s", out, value[(int)line[1]])
                           : longer("%s%.*s", out, n, line);
    }
    return out;
}

/* What the LINES of a tool make; what is for stderr is said. */
static char *filled_in(const struct container *c, const char *lines) {
    char *rest = longer("%s", lines), *out = longer("%s", ""), when[32], *line;
    int n = 0;

    while ((line = strsep(&rest, "\n"))) {
        sscanf(line, " * %31s %n", when, &n);
        const char *words = *when == '*' ? value[(int)when[1]]
                          : all_so(c, when) ? "once" : "";
        while ((value['~'] = next_word(&words)))
            if (line[n] == '!')
                note("%s", with_line("", line + n + 2));
            else
                out = with_line(out, line + n);
    }
    return out;
}

typedef char *writer(const char *word); /* this, or quoted() for JSON */
/* Value V: WORDS, each written by AS, between BEFORE and BEHIND. */
static void set_list(char v, char **words, writer *as, const char *before,
                     const char *behind) {
    for (; words && *words; words++)
        value[(int)v] = longer("%s%s%s%s", value[(int)v], before, as(*words),
                               behind);
}

/* The filter (13), for oci. "One of these bits" is a rule for each; and as all
 * rules are equal, none can be an exception. */
static void set_filter(const struct container *c) {
    for (const struct denied *d = denied; d < denied + LENGTH(denied); d++) {
        char *names = longer("%s", ""), *save;
        char *name = strtok_r(longer("%s", d->names), ", ", &save);
        bool any = d->test == HAS_ANY;
        if (d->answer == ALLOW || (d->cap >= 0 && c->caps & BIT(d->cap)))
            continue;
        for (; name; name = strtok_r(NULL, ", ", &save)) /* behind SYS_ */
            names = longer("%s%s\"%s\"", names, *names ? ", " : "", name + 4);
        for (bits left = any ? d->value : 1; left; left &= left - 1) {
            bits bit = left & -left, mask = any ? bit : 0xffffffff;
            value['F'] = longer("%s\n{\"names\": [%s], \"action\": \"SCMP_ACT_"
                                "ERRNO\", \"errnoRet\": %u", value['F'], names,
                                d->answer & 0xffff);
            if (d->test != AT_LEAST)
                value['F'] = longer("%s, \"args\": [{\"op\": \"SCMP_CMP_MASKED_"
                                    "EQ\", \"index\": %u, \"value\": %ju, \"val"
                                    "ueTwo\": %ju}]", value['F'], d->argument,
                                    mask, any ? bit : d->value);
            value['F'] = longer("%s}, ", value['F']);
        }
    }
}

/* What all of them want. AS writes a word. An option that is not in LINES is
 * said: the tool has no word for it. */
static void set_values(const struct request *r, const char *tool,
                       const char *lines, writer *as) {
    static const char *const volume[128] = {
        ['d'] = "%s--volume=%s:%s:%s ", ['u'] = "%sb %s $t%s nosuid,nodev,%s; ",
        ['o'] = "%s{\"source\": %s, \"destination\": %s, \"options\": "
                "[\"rbind\", \"rnosuid\", \"rnodev\", \"r%s\"]}, " };
    const struct container *c = &r->c;
    const char *kept = longer("%s/volumes/", store);

    for (size_t i = 0; i < LENGTH(value); i++)
        value[i] = "";
    value['-'] = "-";
    for (size_t i = 0; i < LENGTH(options) - 1; i++) {
        const char *words = options[i].words, *word = next_word(&words);
        if (r->given & BIT(i))
            value['-'] = longer("%s %s", value['-'], word);
        if (r->given & BIT(i) && !strstr(lines, text(" %s", word)))
            note("%s: %s has no word for it", word, tool);
    }
    value['B'] = *tool == 'o' ? "\n" : " "; /* between two lines */
    value['h'] = c->hostname;
    value['I'] = c->init ? " --init" : "";
    value['L'] = c->layers ? longer("%s:%s", store, c->image) : "";
    value['w'] = c->workdir ? as(c->workdir) : "";
    for (struct volume *v = c->volume; v < c->volume + c->volumes; v++) {
        char *real = realpath(v->src, NULL);
        const char *from = real ? real : v->src; /* the first one makes it */
        if (*tool == 'd' && strncmp(v->src, kept, strlen(kept)) == 0)
            from = v->src + strlen(kept);
        value['v'] = longer(volume[(int)*tool], value['v'], as(from),
                            as(v->dst), v->attr ? "ro" : "rw");
    }
    for (int i = 0; i < LIMIT_COUNT; i++)
        if (c->limit[i]) {
            const char *number = limit_value(i, c->limit[i]); /* quota PERIOD */
            value['x' + i] = longer("%s", *tool == 'd' ? c->limit[i]
                                                       : next_word(&number));
        }
}

/* For docker: ARGV and ENV as typed, without what the image adds. */
static void for_docker(const struct request *r, char **argv, char **env) {
    const struct container *c = &r->c;
    bits caps = r->cap_add & ALL_CAPS ? ~(bits)0
              : r->cap_drop & ALL_CAPS ? 0 : DEFAULT_CAPS;

    value['i'] = longer("%s%s%s", r->detach ? "-d" : isatty(0) ? "-it" : "-i",
                        (r->name || r->detach) && !r->rm ? "" : " --rm",
                        value['I']);
    for (int row = 0; row < CAPS; row++)
        if (!on(c, row) && isolations[row].docker[1]) /* not "-" */
            value['d'] = longer("%s %s", value['d'], isolations[row].docker);
    for (int i = 0; c->network[i]; i++)
        value['n'] = longer("%s %s", value['n'], c->network[i]);
    for (int i = 0; c->port[i]; i++) /* Docker's own is 0.0.0.0 */
        value['p'] = longer("%s %s%s", value['p'], strchr(c->port[i], '.') ? ""
                            : "127.0.0.1:", c->port[i]);
    value['E'] = entrypoint ? shell_word(entrypoint) : "";
    value['q'] = c->no_mask ? "1" : "";
    value['k'] = r->name;
    value['A'] = longer("%s", !~caps ? "ALL" : cap_names(c->caps & ~caps));
    value['D'] = longer("%s", !caps ? "ALL" : cap_names(caps & ~c->caps));
    value['r'] = c->layers ? c->image : "IMAGE";
    set_list('e', env, shell_word, "--env=", " ");
    set_list('a', argv, shell_word, " ", "");
}

/* For the two others: of mounts, rights, ids. */
static void for_others(struct container *c, writer *as) {
    const char *at = on(c, ROOT) && !c->image ? brought : "", *name;
    const char *before = as == quoted ? "" : " ";
    const char *behind = as == quoted ? ", " : "";
    bool masked = on(c, PROC) && !c->no_mask;
    long long old = 0;
    struct timespec now;

    while ((name = next_word(&at)))
        if (access(text("/%s", name), F_OK) == 0)
            value['b'] = longer("%s /%s", value['b'], name);
    for (const struct mask *m = masks; m < masks + LENGTH(masks); m++)
        for (at = m->names; masked && (name = next_word(&at));)
            value['0' + m->hidden] = longer("%s %s/%s", value['0' + m->hidden],
                                            m->tree, name);
    char *caps = longer("%s", cap_names(on(c, CAPS) ? c->caps : ~(bits)0));
    for (char *p = caps; as == quoted && *p; p++)
        *p = (char)toupper(*p);
    value['c'] = caps;
    if (as == quoted || c->image)
        value['r'] = as(c->image && !c->layers ? realpath(c->image, NULL)
                                               : "rootfs");
    value['u'] = longer("%u", wanted_user);
    value['g'] = longer("%u", wanted_group);
    sscanf(slurp("/proc/self/timens_offsets"),
           "monotonic %*d %*d boottime %12lld", &old);
    TRY(clock_gettime(CLOCK_BOOTTIME, &now)); /* the machine's: less OLD (11) */
    value['s'] = longer("%lld", old + c->age - (long long)now.tv_sec);
    for (int groups = 0; groups <= 1; groups++) {
        char *rest = map_lines(c, groups), *line;
        unsigned in, to, n;
        while ((line = strsep(&rest, "\n")))
            if (sscanf(line, "%u %u %u", &in, &to, &n) == 3)
                value['M' + groups] = longer("%s{\"containerID\": %u, \"hostID"
                    "\": %u, \"size\": %u}, ", value['M' + groups], in, to, n);
    }
    value['p'] = isolations[ROOT].shell;
    value['U'] = on(c, USER) && !only_us(c) ? longer("%u", geteuid()) : "";
    set_list('a', c->argv, as, before, behind);
    fresh_environment(c);
    set_list('e', environ, as, before, behind);
}

/* `sh -e` runs SCRIPT, in the namespaces that the words of THE TABLE make. */
static char *unshare_line(const struct container *c, const char *script) {
    char *out = longer("unshare%s",
                       on(c, PID) || on(c, TIME) ? " --kill-child" : "");

    for (int row = 0; row < ROWS; row++) {
        const char *flags = isolations[row].shell + strlen("unshare");
        if (on(c, row) && *flags == ' ' && row == TIME) /* -N: our number */
            out = longer("%s%.*s%s", out, (int)strcspn(flags, "N") - 1, flags,
                         value['s']);
        else if (on(c, row) && *isolations[row].shell == 'u')
            out = longer("%s%s", out, flags);
    }
    return longer("%s sh -ec %s sh%s", out, shell_word(script), value['a']);
}

/* print TOOL, then words as of `run`. */
static int cmd_print(char **words) {
    const char *tool = words[1] ? words[1] : "", *lines;
    static char *shell[] = { "sh", NULL };

    if (!is_among("docker unshare oci", tool) || strchr(tool, ' '))
        need_words(words, NEVER);
    find_store(false);
    making = false;
    struct request r = request_of(NULL, words + 2);
    struct container *c = &r.c, typed = *c;
    writer *as = *tool == 'o' ? quoted : shell_word;
    narrator.explain = narrator.step = false;
    find_layers(&r);
    settle(&r);
    if (on(c, USER))
        default_map(c);
    if (*tool == 'o' && (!on(c, MNT) || !on(c, ROOT)))
        note("crun and runc start nothing without mnt and root: they are on");
    c->rows |= *tool == 'o' ? BIT(MNT) | BIT(ROOT) : 0;
    lines = strchr(match(own_source, text("^ [*] --- %s$", tool)), '\n') + 1;
    lines = longer("%.*s", (int)(strstr(lines, "\n * ---") - lines), lines);
    set_values(&r, tool, lines, as);
    c->argv = c->argv ? c->argv : shell;
    c->own_root = on(c, ROOT);
    if (*tool == 'd')
        for_docker(&r, typed.argv, typed.env);
    else
        for_others(c, as);
    if (*tool == 'o')
        set_filter(c);
    const char *out = filled_in(c, lines);
    puts(*tool == 'u' ? unshare_line(c, out) : out);
    return flushed(0);
}

/* =====================================================================
 * THE COMMANDS -- the first word, the help, and main
 * =====================================================================
 * commands[] is all that main() knows of them. The help is this comment, out of
 * the source that the program carries: of a command, what stands between the
 * hyphens with its name and the next ones. Each screen fits 24 x 80, and begins
 * with two examples; tests hold it against the tables.
 *
 * -------- help --help -h
 * Usage: minicontainer COMMAND ...
 *   minicontainer run             a shell in a container
 *   minicontainer compare         what it has of its own
 *
 *   run        [OPTION]... [--] [COMMAND [ARG]...]  COMMAND in a container
 *   compare    [ROW] [OPTION]... [-- COMMAND...]    without and with
 *   lab        [OPTION]... [COMMAND [ARG]...]       a practice host: break it
 *   exec       [OPTION]... [PID | NAME | lab] [COMMAND...] a second window
 *   look       [--porcelain]                        what this very process sees
 *   source     [CHAPTER | FUNCTION]                 this program's own source
 *   doctor     [--porcelain]                        what this machine allows
 *   isolations [--porcelain]                        the table of isolations
 *
 *   build      [--no-cache] -t IMAGE DIR            an image by a Dockerfile
 *   images, history, rmi, push, pull, commit        images; and how they travel
 *   ps, create, start, stop, logs, diff, rm         containers that are kept
 *   volume     ls | rm NAME                         directories that are kept
 *   network                                         which lines of ip(8) do it
 *   compose    [-f FILE] up | config                containers by compose.yaml
 *   daemon     SOCKET; --host SOCKET COMMAND ...    it starts what others type
 *   print      docker | unshare | oci [OPTION]...   the same in others' words
 *
 * Each command has --help. It teaches; it is no security product.
 * Lessons: lessons/README.md. The program: minicontainer source.
 * -------- --version
 * minicontainer 0.1
 * -------- run
 * Usage: minicontainer run [OPTION]... [--] [COMMAND [ARG]...]
 *   minicontainer run                           a shell in a container
 *   minicontainer run --no-net -- ip -br addr   one isolation less
 *
 * All on: uts,pid,mnt,proc,root,user,ipc,net,cgroup,time,caps,seccomp,limits
 *   --X turns X on, --no-X off, --X=host is --no-X
 *   --only LIST, --none            exactly these: user,uts; or none
 *   --hostname NAME; --boottime N  the host name (box); its clocks' age (0 s)
 *   --image ./DIR | NAME; --entrypoint WORD  the root; in place of the image's
 *   --name NAME, -d, --detach      keep what it writes; in the background
 *   -v, --volume SRC:DST[:ro]      show SRC, ./DIR or a volume, as DST
 *   --read-only; -w, --workdir DIR the root cannot be written; begin in DIR
 *   --network NAME, none, host     be in a network of a lab; up to four
 *   -p, --publish [IP:]OUT:IN      calls of port OUT go in; IP is 127.0.0.1
 *   -e, --env NAME=VALUE           add to the environment
 *   --map IN:OUT:COUNT             COUNT ids from IN are OUT's
 *   --init, --no-init              PID 1 is an init of ours, or the command
 *   --cap-add CAP, --cap-drop CAP  one right more, or less; or ALL
 *   --privileged, --no-mask        all rights; all of /proc
 *   --security-opt WORD            seccomp=unconfined ...
 *   -m, --memory SIZE, --cpus N, --pids-limit N   50M, 0.5, 100
 *   --explain, --step              tell why, call, proof; and wait
 *   -i, -t, --interactive, --tty: always so here; --rm: keep nothing, after all
 * Status: the command's own; 125 ours, 126 not executable, 127 not found.
 * -------- compare
 * Usage: minicontainer compare [ROW] [OPTION]... [-- COMMAND...]
 *   minicontainer compare                       this machine and a container
 *   minicontainer compare uts -- hostname oops  one row, in two labs
 *
 * Without a ROW: the options of run. With one it sets the isolations itself,
 * and takes those that are left; another is refused. COMMAND may read a file.
 * -------- lab
 * Usage: minicontainer lab [OPTION]... [COMMAND [ARG]...]
 *   minicontainer lab                           root in it; exit resets it
 *   minicontainer lab minicontainer run --none -- hostname oops
 *
 *   -e, --env NAME=VALUE           add to the environment
 *   -p, --publish [IP:]OUT:IN      calls of port OUT go in; IP is 127.0.0.1
 *   -m, --memory SIZE, --cpus N, --pids-limit N   50M, 0.5, 100
 *   --explain, --step              tell why, call, proof; and wait
 * -------- exec
 * Usage: minicontainer exec [OPTION]... [PID | NAME | lab] [COMMAND...]
 *   minicontainer exec lab                      a shell in a lab that runs
 *   minicontainer exec box1 -- ps ax            a name; or a PID, of `run`, too
 *
 *   -w, --workdir DIR              begin in this directory
 *   -e, --env NAME=VALUE           add to the environment
 *   --explain, --step              tell why, call, proof; and wait
 * -------- build
 * Usage: minicontainer build [--explain] [--no-cache] -t IMAGE DIR
 *   minicontainer build -t web ./web            by ./web/Dockerfile
 *   minicontainer build --no-cache -t web ./web all steps again
 *
 * FROM scratch or IMAGE, RUN, COPY, ENV, WORKDIR, CMD, ENTRYPOINT, USER.
 * -------- images history rmi
 * Usage: minicontainer images [--porcelain], history IMAGE, rmi IMAGE
 *   minicontainer images                        what has a name, and its digest
 *   minicontainer history web                   its layers, the last first
 *
 * rmi takes the name away, and removes what no name leads to any more.
 * -------- push pull
 * Usage: minicontainer push IMAGE DIR, pull IMAGE DIR
 *   minicontainer push web /mnt/stick           what is missing there
 *   minicontainer pull web /mnt/stick           and from there
 *
 * DIR is a directory with an OCI image layout; push makes one.
 * -------- commit diff
 * Usage: minicontainer commit CONTAINER IMAGE, diff CONTAINER
 *   minicontainer diff box1                     A added, C changed, D deleted
 *   minicontainer commit box1 web2              the same, as an image
 * -------- ps logs
 * Usage: minicontainer ps [-a] [--porcelain], logs [-f] CONTAINER
 *   minicontainer ps -a                         also those that have ended
 *   minicontainer logs -f box1                  what it says, until it ends
 * -------- create start stop rm
 * Usage: minicontainer create, start [-a], stop [-t SECONDS], rm [-f] CONTAINER
 *   minicontainer start -a box1                 and see what it says
 *   minicontainer stop -t 3 box1                TERM; after 3 seconds KILL
 *
 * create [OPTION]... --image NAME [COMMAND [ARG]...] takes what run takes, and
 * starts nothing. rm -f ends it first. stop and rm take several names.
 * -------- volume
 * Usage: minicontainer volume ls, volume rm NAME
 *   minicontainer volume ls                     what there is; -v data:/data
 *   minicontainer volume rm data                of `run` makes one
 * -------- network
 * Usage: minicontainer network
 *   minicontainer network                       which lines of ip(8) do it
 *   minicontainer run --network NAME            in a lab: makes it, joins it
 * -------- compose
 * Usage: minicontainer compose [-f FILE] up | config  (no -d: &, no down: ^C)
 *   minicontainer compose up                    all of it; ^C ends all of it
 *   minicontainer compose config                the lines of `run` that it is
 *
 * FILE is compose.yaml, if it is not said: a strict part of YAML (lesson 23).
 * -------- daemon --host
 * Usage: minicontainer daemon SOCKET, --host SOCKET COMMAND ...
 *   minicontainer daemon ./docker.sock          until it is ended, by ^C
 *   minicontainer --host ./docker.sock ps       any command, as if typed there
 *
 * COMMAND has your directory and your terminal; all else is the daemon's: user,
 * images, environment. You must be that user, or root. ^\ ends what no ^C ends.
 * -------- print
 * Usage: minicontainer print docker | unshare | oci [OPTION]... [-- COMMAND...]
 *   minicontainer print docker --no-net -- sh   in words of docker run
 *   minicontainer print oci >DIR/config.json    and: crun run -b DIR box
 *
 * The options are those of run. What a tool has no word for is said.
 * -------- look
 * Usage: minicontainer look [--porcelain]
 *   minicontainer look                          a row for each isolation
 *   minicontainer look --porcelain              for programs, by tabs
 * -------- source
 * Usage: minicontainer source [CHAPTER | FUNCTION]
 *   minicontainer source uts                    a chapter; 2 is the same
 *   minicontainer source child_side             a function
 * -------- doctor
 * Usage: minicontainer doctor [--porcelain]
 *   minicontainer doctor                        tries all; cause and cure
 *   minicontainer doctor --porcelain            for programs, by tabs
 * -------- isolations
 * Usage: minicontainer isolations [--porcelain]
 *   minicontainer isolations                    the table of them
 *   minicontainer isolations --porcelain        for programs, by tabs
 * --------
 */

/* Words that every program knows come last: the help is all that they do. */
static const struct command {
    const char *name;
    int (*run)(char **words); /* with its own name first, and NULL behind */
} commands[] = {
    { "run", cmd_run }, { "compare", cmd_compare }, { "lab", cmd_lab }, { "exec", cmd_exec },
    { "look", cmd_look }, { "source", cmd_source }, { "doctor", cmd_doctor },
    { "isolations", cmd_isolations },
    { "build", cmd_build }, { "images", cmd_images }, { "history", cmd_history },
    { "rmi", cmd_rmi }, { "push", cmd_push }, { "pull", cmd_push }, { "commit", cmd_commit },
    { "ps", cmd_ps }, { "create", cmd_create }, { "start", cmd_start }, { "stop", cmd_stop },
    { "logs", cmd_logs }, { "diff", cmd_diff }, { "rm", cmd_rm }, { "volume", cmd_volume },
    { "network", cmd_network }, { "compose", cmd_compose },
    { "daemon", cmd_daemon }, { "--host", cmd_host }, { "print", cmd_print },
    { "help", NULL }, { "--help", NULL }, { "-h", NULL }, { "--version", NULL },
};

/* The help of NAME, which is in commands[]. */
static int help_of(const char *name) {
    const char *at = match(own_source, text("^ [*] ---.* %s( |$)", name));

    while (strncmp(at = strchr(at, '\n') + 1, " * ---", 6) != 0)
        puts(at[2] == ' ' ? first_line(at + 3) : ""); /* behind " * " */
    return flushed(0);
}

/* Before anything else, in the state that our caller has left us in. What they
 * ignore or block, hold_signals() sees to; their descriptors above 2 lead out,
 * so they are closed. (A path like /dev/fd/63 ends here, then.) */
static void sane_start(int argc, char **argv) {
    static char printed[1 << 19]; /* more than the longest: our source */
    char *last = argv[argc - 1];

    /* 0, 1, 2 must be taken: or a pipe of ours could get such a number, and the
     * command would write into it. */
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            open("/dev/null", O_RDWR);
    /* If it is refused, clean_start() says so: help and doctor work anyway. */
    syscall(SYS_close_range, 3, ~0U, 0);
    setvbuf(stdout, printed, _IOFBF, sizeof printed); /* till flushed() */
    umask(022); /* the modes that we write are the modes that we mean */
    /* Ignored, the kernel would reap for us. */
    TRY(signal(SIGCHLD, SIG_DFL) == SIG_ERR ? -1 : 0);
    /* The words of the command line lie behind each other in memory. */
    title.at = argv[0];
    title.size = (size_t)(last - argv[0]) + strlen(last) + 1;
    for (; *argv; argv++) /* from here on copies: set_name() wipes the place */
        TRY((*argv = strdup(*argv)) ? 0 : -1);
    if (getuid() != geteuid())
        refuse("a container for you would be made with another user's rights\n"
               "  cause:  this file is setuid (or a program that is calls it)\n"
               "  cure:   chmod u-s %s", shown(title.at));
    /* Of a file that is setgid, has capabilities, or may not be read, the files
     * in our /proc are root's, and the map of a child could not be written. So:
     * the caller's group again, and the files ours. */
    TRY_BUT(EINVAL, setresgid(getgid(), getgid(), getgid()));
    TRY(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

/* The first word is a command; the rest is the command's business. */
int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "help";
    const struct command *c = commands, *end = commands + LENGTH(commands);

    if (argc < 1)
        return OURS;
    sane_start(argc, argv);
    while (c < end && strcmp(c->name, name) != 0)
        c++;
    if (c == end)
        refuse("there is no command \"%s\"\n  try:    minicontainer --help",
               shown(name));
    bool help = !c->run || (argc > 2 && is_among("--help -h", argv[2]));
    return help ? help_of(name) : c->run(argv + 1);
}
