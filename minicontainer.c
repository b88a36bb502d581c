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
 *  1 holds all signals; makes two pipes, and
 *    the cgroup that has the limits (14)
 *  2 clone3(2), a flag a namespace ---------> is born in its namespaces,
 *  3 writes the user map (7)                  and waits in read(2)
 *  4 "go", a message in the life pipe ------> reads it; end of file: gives up
 *  5 supervise(): waits, passes signals on    the rows, in the kernel's order
 *  6                                          pivot(): the old file tree goes
 *  7                                          rights go (12), then calls (13)
 *  8                                          becomes init, forks the command
 *  9 gives the terminal back, the status <--- ends, and all that is in there
 *
 * How to read it: PART ONE, THE CONTAINER, from top to bottom, in one evening:
 * the narrator (how a step is told), the request, the list of steps, the two
 * sides above, then a chapter for each isolation. PART TWO, THE WORKSHOP, has
 * the tools around it, in sections that stand alone. Chapter N has a lesson
 * (lessons/NN-topic), a test and a flag. A row is an isolation that can be
 * switched: on(c, UTS) asks whether container C has that. A descriptor is a
 * number by which a process holds an open file, a pipe, a mount; it works where
 * no path leads any more. Inside is in the container; outside, the machine.
 *
 * What it promises: nothing on the machine is changed, however it ends. Nearly
 * all that is made here is an object of the kernel that dies with its last
 * process: so an error needs no cleaning up. (After a kill -9, cgroups stay,
 * 14, and a terminal's modes.) What is asked to be isolated is isolated, or
 * refused. It teaches; to hold code that you do not trust, use runc or
 * bubblewrap.
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
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
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
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
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
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
enum { NO_SYMLINKS = 0x04, IN_ROOT = 0x10 }; /* RESOLVE_ of openat2(2) */
#define INTO_CGROUP 0x200000000ULL /* CLONE_INTO_CGROUP of clone3(2) */
enum { CAP_KILL = 5, CAP_SETGID = 6, CAP_SETUID = 7, KNOWN_CAPS = 41 };
enum { OURS = 125 }; /* our exit status, as Docker's: we failed or refused */

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
 * the values. TRY(call) only checks, for plumbing; TRY_BUT(ERROR, call) takes
 * one errno for an answer. put() writes a file, and tells the shell line that
 * would do it. A call that fails ends the program: failed(), in part two.
 */
struct container;
static void write_line(const char *head, const char *lines);
static const char *shown(const char *stranger); /* no control characters */
static void pause_at(int line);
static const char *shell_words(const char *lines, const char *path);
__attribute__((noreturn))
static void failed(const char *call, const char *values, int line);

static struct {
    bool explain;         /* --explain: tell each step                        */
    bool step;            /* --step: and ask before it                        */
    const char *who;      /* who speaks: parent, child, init                  */
    pid_t pid;            /* the container's PID, as the world outside has it */
    struct container *running; /* parent: to be ended if we leave too early   */
} narrator = { .who = "parent" };

/* printf(3) into a ring of texts that nobody frees: one of up to 8191 bytes
 * lives until some 56 KB of others have been made. errno is kept. */
__attribute__((format(printf, 1, 2)))
static char *text(const char *fmt, ...) {
    static char ring[65536], *next = ring;
    char *out = next + 8192 > ring + sizeof ring ? ring : next;
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
 * there), or now (what the kernel shows then); and the text. */
static void tell(const char *kind, const char *line) {
    if (narrator.explain)
        write_line(text("%-7s%-6s", narrator.who, kind), shown(line));
}

static void say_at(int line, const char *why) {
    tell("why", why);
    if (narrator.step && isatty(0) && isatty(2))
        pause_at(line);
}
#define say(...) say_at(__LINE__, text(__VA_ARGS__))

/* Leave too early. By _exit(2): exit(3) would write out the stdio buffers that
 * a child has from its parent a second time. */
static void clean_up(struct container *c);
__attribute__((noreturn))
static void leave(int status) {
    if (narrator.running)
        clean_up(narrator.running);
    _exit(status);
}

/* What was asked for cannot be had: a line that says why, then lines that begin
 * with "  cause:  ", "  cure:   ", "  try:    ", "  lesson: ". */
__attribute__((noreturn))
static void refuse_with(const char *lines) {
    write_line("minicontainer: ", lines);
    leave(OURS);
}
#define refuse(...) refuse_with(text(__VA_ARGS__))

/* Behind SYS and TRY: go on with the result of a call, or fail. */
static int checked(long result, int answer, bool told, const char *call,
                   int line, const char *values) {
    /* clone3(2) and fork(2) return twice, 0 in the child: the parent tells. */
    bool child = result == 0 &&
                 (strstr(call, "fork()") || strstr(call, "SYS_clone3"));

    if (result < 0 && errno != answer)
        failed(call, values, line);
    if (told && narrator.explain && !child)
        tell("call", text(*values ? "%s = %ld  [%s]" : "%s = %ld", call, result,
                          values));
    return (int)result;
}
#define SYS(call) checked((call), 0, true, #call, __LINE__, "")
#define SYSV(call, ...) \
    checked((call), 0, true, #call, __LINE__, text(__VA_ARGS__))
#define TRY(call) checked((call), 0, false, #call, __LINE__, "")
#define TRY_BUT(err, call) checked((call), err, false, #call, __LINE__, "")

/* Behind put(): one write(2) is one order to the kernel. MUST: or we fail. */
static void put_at(int line, bool must, const char *path, const char *lines) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, lines, strlen(lines)) >= 0;
    const char *shell = shell_words(lines, path);

    if (!done && must)
        failed(shell, "", line);
    if (fd >= 0)
        close(fd);
    tell("shell", done ? shell : text("%s  (refused; not needed)", shell));
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
 * Order     its rows stand in the order of the enum below, no more.
 * See it    $ ./minicontainer compare
 * Not this  a virtual machine: that has a kernel of its own. A hole in the one
 *           that containers share is a hole in every wall at once.
 * Read      lessons/00-what-is-a-container, namespaces(7)
 */

/* A set: a bit for each row, capability or signal that is in it. */
typedef uint64_t bits;
#define BIT(number) (UINT64_C(1) << (number))

enum { LIMITS, TIME, MNT, USER, UTS, NET, IPC, CGROUP, PID, ROOT, PROC, CAPS,
       SECCOMP, ROWS };
#define ALL_ROWS (BIT(ROWS) - 1)
enum { MEMORY, CPUS, PIDS, LIMIT_COUNT };
/* A line of a map (7): COUNT ids from INSIDE on are the ids from OUTSIDE on. */
struct map { unsigned inside, outside, count; };

/* --volume: SRC of the machine appears as DST in the container (4). */
struct volume {
    const char *src, *dst;
    bool read_only;
    int fd; /* SRC as a mount, attached nowhere yet; the child's */
};

struct container {
    /* What was asked for. */
    bits rows;            /* the isolations that are on                       */
    bool init;            /* PID 1 is ours, the command is its child          */
    bool lab;             /* a practice host: containers are made in it       */
    bool no_mask;         /* leave all of /proc and /sys open (5)             */
    bool read_only;       /* the root cannot be written                       */
    const char *hostname; /* never NULL; the container's name, too            */
    const char *image;    /* a directory; NULL: a root of the machine's files */
    const char *workdir;  /* where the command begins; NULL: where we are     */
    const char *limit[LIMIT_COUNT]; /* as the user wrote them; NULL: none     */
    long long age;        /* seconds since its "boot" (11)                    */
    bits caps;            /* the capabilities that are kept (12)              */
    struct map map[8];    /* who is who (7); no line: the default             */
    int maps;
    struct volume *volume;
    int volumes;
    char **env;           /* --env NAME=VALUE, a NULL at the end; or NULL     */
    char **argv;          /* the command, a NULL at the end; NULL: a shell    */
    int (*instead)(void *with); /* a function in the place of a command       */
    void *with;

    /* While it runs. */
    pid_t pid;            /* the child, as the parent counts                  */
    bool own_pids;        /* it is in another PID namespace than the parent   */
    bool own_root;        /* it has a root of its own, and so a home          */
    bits ignored;         /* signals that our caller ignored, and SIGPIPE     */
    int life[2];          /* to the child, "go"; its end: the parent is gone  */
    int news[2];          /* to the parent, a byte: what stopped the command  */
    int proc_fd;          /* the machine's /proc, opened before all mounts    */
    int children;         /* our own file "children" in it (end_orphans)      */
    const char *older;    /* the children that we had before, as /proc lists  */
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
static void build_root(struct container *c);                /*  6             */
static void enter_ipc(struct container *c);                 /*  8             */
static void enter_proc(struct container *c);                /*  5             */
static void enter_cgroup(struct container *c);              /* 10             */
static void attach_volumes(struct container *c);            /*    part two    */
static void pivot(struct container *c);                     /*  6             */
static void enter_chroot(struct container *c);              /*    part two    */
static void enter_workdir(const struct container *c);       /*    part two    */
static void furnish(struct container *c);                   /*    part two    */
static void no_new_rights(void);                            /* 12             */
static void drop_caps(struct container *c);                 /* 12             */
static void filter_calls(struct container *c);              /* 13             */
static void fresh_environment(struct container *c);         /*    part two    */
__attribute__((noreturn))
static void run_init(struct container *c);                  /*  3             */
__attribute__((noreturn))
static void start_command(struct container *c);             /*  1             */
static void hold_terminal(struct container *c); /* this, and below: part two */
static void give_terminal_back(const struct container *c);
static void hand_down(int tty, pid_t group); /* GROUP gets the foreground */
static void open_children(struct container *c); /* pid off: subreaper */
static void end_orphans(struct container *c);
static void prove(const struct container *c, bits set); /* rows: what we see */
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
struct go {
    pid_t pid; /* the child's number, as the parent counts                    */
    bool step; /* "c", run on, may have been typed after the clone            */
};

/* Child, in its namespaces. The order is that of the kernel's rules. */
__attribute__((noreturn))
static void child_side(struct container *c) {
    struct go go;

    narrator.who = "child";
    narrator.running = NULL;
    TRY(close(c->life[1])); /* if we kept that end, it would never end */
    close(c->news[0]);
    if (TRY(read(c->life[0], &go, sizeof go)) != sizeof go)
        _exit(OURS);
    c->pid = narrator.pid = go.pid;
    narrator.step = go.step;
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
    else if (on(c, MNT) && fchdir(here) < 0)
        TRY(chdir("/"));             /* (our new user may not enter there) */
    if (on(c, PID)) say("pid: clone3(2) has made us number 1, nothing to do");
    prove(c, BIT(PID) | BIT(MNT) | BIT(ROOT) | BIT(PROC));
    enter_workdir(c);
    if (c->lab) furnish(c);
    close(here);                     /* what leads out of here is not kept */
    close(c->root_fd);
    close(c->cgroup_fd);
    no_new_rights();                 /* no_new_privs, which the filter wants */
    if (on(c, CAPS)) drop_caps(c);   /* ... which goes here */
    if (on(c, SECCOMP)) filter_calls(c); /* last: it forbids the others */
    fresh_environment(c);
    if (c->init) run_init(c);
    start_command(c);
}

/* Parent, outside, as the user who called us. Returns the exit status. */
static int parent_side(struct container *c) {
    bits before = hold_signals(c);

    c->tty = c->image_fd = c->root_fd = c->cgroup_fd = -1;
    c->own_pids |= on(c, PID);       /* (or `exec` has entered one)           */
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
    say("go: the child takes it from here, we wait for its end");
    struct go go = { c->pid, narrator.step };
    if (c->init)
        hand_down(c->tty, c->pid);
    TRY(write(c->life[1], &go, sizeof go));
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
 * nothing of the container may live on. The kernel has a wish for that
 * (PR_SET_PDEATHSIG: a signal when my parent dies), with two holes: it is
 * forgotten with a change of user, and comes too late for a parent that is dead
 * already. The pipe has none: when its writing end has no holder any more, the
 * reading end says so, for ever. So the child wishes, then looks there.
 *
 * A process group is what a shell calls a job. A terminal has one job in its
 * foreground: ^C and ^Z go to all of that, and another job that reads is
 * stopped. kill(0, SIG) means "all of my group", and asks no PID namespace. So
 * the container has a group of its own, which init leads, and the command one:
 * from in there "my group" is never our caller's job (nor is ^C for init). If
 * the caller's job is in the foreground, we hand the terminal down (in a
 * pipeline, if the command asks); else not: `run &` leaves the shell alone, and
 * a command that reads is stopped, we with it, till `fg`. Docker gives a
 * container a session (all jobs of one terminal) and a pseudo-terminal of its
 * own, and copies each byte between the two. Groups do for us, by a tenth of
 * the code; the price: the command holds the caller's terminal itself (13:
 * TIOCSTI).
 */

/* Signals are held (blocked) and fetched, so that none is lost and no code of
 * ours runs in a handler. What our caller ignores (nohup) we ignore, too. By
 * bare calls: libc keeps 32 and 33. ACTION: handler, flags, restorer, mask. */
static bits hold_signals(struct container *c) {
    uint64_t action[4];
    bits before;

    signal(SIGPIPE, SIG_IGN); /* a write to a closed pipe is just an error */
    c->ignored = 0;
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
    [TIME] = { CLONE_NEWTIME, "CLONE_NEWTIME" },
    [MNT] = { CLONE_NEWNS, "CLONE_NEWNS" },
    [USER] = { CLONE_NEWUSER, "CLONE_NEWUSER" },
    [UTS] = { CLONE_NEWUTS, "CLONE_NEWUTS" },
    [NET] = { CLONE_NEWNET, "CLONE_NEWNET" },
    [IPC] = { CLONE_NEWIPC, "CLONE_NEWIPC" },
    [CGROUP] = { CLONE_NEWCGROUP, "CLONE_NEWCGROUP" },
    [PID] = { CLONE_NEWPID, "CLONE_NEWPID" },
};

/* Parent: one call makes the child and all its namespaces, the user namespace
 * first, so that the others belong to it. runc goes step by step: unshare(2)
 * for the user namespace, its map, unshare(2) for the rest, two forks, as a
 * PID namespace is for children only. Here there is one child, and no moment
 * in between. As after fork(2) it has a copy of our memory, and sees 0. */
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
    say(args.flags ? "one call makes the child and its namespaces"
                   : "one call makes the child");
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

/* Parent: wait for the child. INSIDE, init: wait for the command, reap who else
 * has ended, watch the life pipe. Returns its status, or 128+n for signal n. */
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

/* A descriptor above 2 could lead out; and the command ignores no signal. */
static void clean_start(const struct container *c) {
    static const uint64_t by_default[4];
    bits none = 0;

    say("a clean start: no signals and no descriptors of the caller's");
    for (int sig = 1; sig <= 64; sig++)
        if (c->ignored & BIT(sig - 1))
            TRY(syscall(SYS_rt_sigaction, sig, by_default, NULL, 8));
    TRY(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8));
    TRY(syscall(SYS_close_range, 3, ~0U, 0));
}

/* Last step of every child. Told before it is done: if it works, nobody is left
 * to tell. (glibc's execvp(3) gives a script without #! to sh.) */
__attribute__((noreturn))
static void explain_exec(const struct container *c, const char *name);
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
 * It is spared: a signal that it has no handler for is dropped, from inside
 * SIGKILL as well. So it is deaf to ^C, and to docker stop, which waits ten
 * seconds then.
 *
 * So an init of ours is PID 1 (docker run --init): it waits for all, hears
 * every signal, and gives it to the command, an ordinary process that is ended
 * by it. Its wish to die with the parent cannot be taken back: it is closed to
 * all in here, and never changes its user. With --no-init the command is PID
 * 1, in our caller's group, so that we see ^C. That is weaker: it can take its
 * wish back, and then outlives a supervisor that is killed.
 */

/* Child: becomes init, and forks the command. Where pid is off it ends all
 * below it when the parent is gone, and its wish is SIGCONT, which wakes it. */
static void set_name(const char *name);
static void close_all_but(const int keep[], size_t n);
static void run_init(struct container *c) {
    int turn[2], wish = c->own_pids ? SIGKILL : SIGCONT;

    narrator.who = "init";
    say(c->own_pids ? "an init stays: it reaps orphans; the command is a child"
                    : "no PID namespace: an init that catches orphans stays");
    /* What a command may trace (ptrace(2)), it owns: our wish, and /proc/1/exe
     * (CVE-2019-5736). In a lab all may be broken. */
    if (!c->lab)
        TRY(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
    die_with_parent(c, wish);
    TRY(pipe2(turn, O_CLOEXEC));
    pid_t init = getpid(), command = SYS(fork());
    if (command == 0) {
        narrator.who = "child";
        TRY(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
        if (getppid() != init) /* it died before the wish was made */
            _exit(OURS);
        TRY(close(turn[1])); /* its end is our turn: we are in our group then */
        TRY(poll(&(struct pollfd){ .fd = turn[0] }, 1, -1));
        start_command(c);
    }
    TRY(setpgid(command, command));
    hand_down(c->tty, command);
    set_name(c->lab ? "lab" : "init");
    const int keep[] = { c->life[0], c->news[1], c->tty, c->children };
    close_all_but(keep, LENGTH(keep));
    int status = supervise(c, command, true);
    end_orphans(c);
    if (c->tty >= 0 && tcgetpgrp(c->tty) == command) /* some of it live on */
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

/* Take from the mount at PATH (below AT) what ATTR says. mount_setattr(2) */
static void restrict_mount(int at, const char *path, unsigned flags,
                           bits attr) {
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

/* Attach mount FD at PATH, and stand in it. False: the image has no such. */
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
        c->image_fd = clone_mount(c->image);
    for (int i = 0; i < c->volumes; i++)
        c->volume[i].fd = clone_mount(c->volume[i].src);
    c->root_fd = TRY(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/* =====================================================================
 * 5. PROC -- a view of processes and devices of its own          --proc
 * =====================================================================
 * Problem   ps(1) reads /proc, and the old one shows the processes outside.
 * Kernel    A proc file system shows the PID namespace of who mounted it;
 *           sysfs, the network namespace.
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
        restrict_mount(sys, "", AT_EMPTY_PATH | AT_RECURSIVE,
                       MOUNT_ATTR_RDONLY);
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
 * more, layers and configuration under a digest. Why build it at /tmp? A new
 * root must be a mount point below the old one, so a directory must be there
 * to attach it on: all may enter /tmp, and it is covered for us alone.
 */
#define NEW_ROOT "/tmp"

/* Child. root_fd leads to the new tree from here on. */
static void build_default_root(struct container *c, const char *resolv_conf);
static void build_dev(const struct container *c);
static void build_root(struct container *c) {
    const char *resolv_conf = slurp("/etc/resolv.conf"); /* is it in /tmp? */

    say("the new tree is built at " NEW_ROOT ", where nobody else sees it");
    int old = c->root_fd, new = c->image ? c->image_fd
        : new_mount("tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
                    "source=minicontainer mode=755 size=512m");
    SYSV(syscall(SYS_move_mount, new, "", AT_FDCWD, NEW_ROOT,
                 MOVE_MOUNT_F_EMPTY_PATH), "%s", c->image ? c->image : "tmpfs");
    TRY(fchdir(new));
    c->root_fd = new;
    close(old);
    if (c->image) /* no devices but ours, whatever mknod(2) makes */
        restrict_mount(new, "", AT_EMPTY_PATH | AT_RECURSIVE, MOUNT_ATTR_NODEV |
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
 * the old root lies on top, and is ".". MNT_DETACH takes it away: no name leads
 * there, and no `..`.
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
 *              |        (nobody)                  |          |
 *     outside  1000                      outside  1879048192 1879048193 ...
 *
 * For real root, 0 inside is not 0 outside: else all that is root's would be
 * open to root inside, /etc/shadow and /proc/sys. It is the first of 65536
 * that nobody owns: useradd(8) gives out ranges up to 600100000, systemd from
 * 524288 to 1879048191; ours lies above both, and in no line of /etc/subuid.
 *
 * Why does the parent write the map? The child may write one line, of its own
 * number; a range, only who has CAP_SETUID over the namespace outside.
 * "Rootless" stands on this row: everybody may make this one, and its root all
 * the others.
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
 * Not this  /dev/shm is a file system: that is mnt's. Pipes are not here.
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
    struct ifreq request = { .ifr_name = "lo" };
    int fd = TRY(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

    say("%s has a new network: only lo is in it, and down; set it up",
        c->hostname);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    SYSV(ioctl(fd, SIOCSIFFLAGS, &request), "ip link set lo up");
    close(fd);
    if (!on(c, PROC)) /* ping(1) without privilege; else by our own /proc (5) */
        put_if_allowed("/proc/sys/net/ipv4/ping_group_range", "0 0");
    prove(c, BIT(NET));
}

/* =====================================================================
 * 10. CGROUP -- a view of the cgroup tree of its own           --cgroup
 * =====================================================================
 * Problem   /proc/self/cgroup tells where in the tree of cgroups a process is:
 *           names of services, users, containers.
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
        tell("call", text("mount(\"cgroup2\", \".\", \"cgroup2\", flags, NULL)"
                          " = %d", result));
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
 * Order     the child's first: later its user, and so /proc/self, is another.
 * See it    $ ./minicontainer compare time -- uptime -p
 * Not this  the date: CLOCK_REALTIME is one for the whole machine.
 * Read      lessons/11-time, time_namespaces(7)
 */

/* An offset counts from the machine's clock: in a lab, add the one there is. */
static void set_clock(clockid_t id, const char *clock, long long age) {
    const char *old = strstr(slurp("/proc/self/timens_offsets"), clock);
    long long there = 0;
    struct timespec now;

    sscanf(old ? old + strlen(clock) : "", "%12lld", &there);
    TRY(clock_gettime(id, &now));
    put("/proc/self/timens_offsets", "%s %lld 0", clock,
        there + age - (long long)now.tv_sec);
}

static void enter_time(struct container *c) {
    say("a time namespace is for our children: make it, set it, enter it");
    SYS(unshare(CLONE_NEWTIME));
    set_clock(CLOCK_MONOTONIC, "monotonic", c->age);
    set_clock(CLOCK_BOOTTIME, "boottime", c->age);
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
 * Root that starts a program gets all of the bounding set: so that is the
 * wall, and in this user namespace nothing comes back. (A new one begins with
 * all: seccomp closes that door, 13.) Why drop power over nothing but the
 * container's own namespaces? Each piece is a door to kernel code that only
 * root could reach before; and CAP_SYS_ADMIN could undo our read-only mounts.
 *
 * no_new_privs: no setuid file and no file with capabilities gives more rights
 * than one has (sudo does not work inside); for that the kernel takes a filter
 * (13) from a process without CAP_SYS_ADMIN.
 */

/* Child. 1 is KEYCTL_JOIN_SESSION_KEYRING: none of the caller's keys. */
static void no_new_rights(void) {
    say("no keys of the caller's, and no setuid file shall give rights");
    if (syscall(SYS_keyctl, 1, NULL) < 0 && errno != EPERM && errno != ENOSYS)
        note("no keyring of its own (%s): COMMAND can read your session's keys",
             strerror(errno));
    SYS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/* Child, root of its user namespace, or real root. capset(2), version 3. */
static const char *cap_names(bits set);
static void drop_caps(struct container *c) {
    struct { uint32_t version; int pid; } whom = { 0x20080522, 0 };
    struct { uint32_t effective, permitted, inheritable; } set[2] = { { 0 } };
    /* With pid off our init must end whoever is inside; not the command. */
    bits have = c->caps | (c->own_pids ? 0 : BIT(CAP_KILL));

    say("of the pieces of root's power most go, and for good");
    /* First the bounding set: it needs CAP_SETPCAP, which may go below. EINVAL:
     * a number above those that this kernel has. */
    for (int cap = 0; cap < 64; cap++)
        if (!(c->caps & BIT(cap)))
            TRY_BUT(cap < KNOWN_CAPS ? 0 : EINVAL,
                    prctl(PR_CAPBSET_DROP, cap, 0, 0, 0));
    TRY(syscall(SYS_capget, &whom, set));
    for (int i = 0; i < 2; i++) {
        set[i].permitted &= (uint32_t)(have >> 32 * i);
        set[i].effective = set[i].permitted;
        set[i].inheritable = 0;
    }
    have = (bits)set[1].permitted << 32 | set[0].permitted;
    SYSV(syscall(SYS_capset, &whom, set), "kept:%s", cap_names(have));
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
 * Order     last: it forbids most of what the others do. It could come before
 *           caps: a filter needs CAP_SYS_ADMIN only where no_new_privs was not
 *           promised, and capset(2) is not on the list.
 * See it    $ ./minicontainer compare seccomp
 * Not this  a look at what pointers point to: memory may change after that.
 * Read      lessons/13-seccomp, seccomp(2), prctl(2)
 *
 * Why no_new_privs first? All children have the filter, for ever: with one that
 * lets setuid(2) fail, a setuid program could be fooled.
 */

/* Child, the last of the isolations. 1 is SECCOMP_SET_MODE_FILTER. */
static const void *build_filter(const struct container *c, int *rows,
                                int *length);
static void filter_calls(struct container *c) {
    int rows, length;
    const void *filter = build_filter(c, &rows, &length);

    say("%d rules, %d instructions: these calls do not exist any more", rows,
        length);
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
 * nobody looks at the process, some 10 ms; a birth costs 0.1 ms, no page and
 * no fork of it ever counted elsewhere, and the cgroup namespace of the same
 * call has the right root. A controller that we switch on stays on; and after
 * kill -9 of the supervisor the directories stay, until the next start with
 * limits removes them.
 */
/* "home/minicontainer-4711" and what is in it (part two, HOMES). */
static const char *in_cgroup(const char *name);
static bool find_home(const struct container *c); /* false: none asked */
static const char *limit_file(int which);         /* "memory.max", and so on */
static const char *limit_value(int which, const char *said);
static void say_what_limits_did(const struct container *c);

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
            put(in_cgroup(text("/%s", limit_file(i))), "%s",
                limit_value(i, c->limit[i]));
    if (c->limit[MEMORY]) /* or it would go on, on the disk */
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
 * part one calls: job control, small things, the lists, the default root,
 * where limits can be set. Then the words for people, and the commands.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <glob.h>
#include <ifaddrs.h>
#include <limits.h>
#include <mntent.h>
#include <regex.h>
#include <stddef.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/un.h>

/* =====================================================================
 * JOB CONTROL -- the terminal, ^C, ^Z and `fg`
 * =====================================================================
 * Three process groups (1): S, the job of our caller; G, which init leads; C,
 * the command's. What was typed goes to the one in the foreground. Part one
 * waits in supervise(), and calls this for each signal.
 */

/* Parent: find the terminal, and remember its modes: a shell inside may turn
 * echo off and then be killed. (tcgetpgrp(3) knows only our own.) */
static bool in_pipeline;
static void hold_terminal(struct container *c) {
    for (int fd = 0; fd <= 2 && c->tty < 0; fd++)
        if (tcgetpgrp(fd) >= 0)
            c->tty = fd;
    if (c->tty < 0)
        c->tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    /* ESPIPE: a pipe; who reads there (less) may have set modes of its own. */
    in_pipeline = (!isatty(0) && lseek(0, 0, SEEK_CUR) < 0) ||
                  (!isatty(1) && lseek(1, 0, SEEK_CUR) < 0);
    c->foreground = c->tty >= 0 && !in_pipeline &&
                    tcgetpgrp(c->tty) == getpgrp() &&
                    tcgetattr(c->tty, &c->modes) == 0;
}

/* If our own group has the terminal, GROUP gets it. (SIGTTOU is held.) Where it
 * is shared with a pipeline (`run -- ls | less`), only when it asks. */
static void hand_down(int tty, pid_t group) {
    if (tty >= 0 && !in_pipeline && tcgetpgrp(tty) == getpgrp())
        tcsetpgrp(tty, group);
}

/* Parent, at the end: the terminal is taken back, but only from a group that is
 * no more; and its modes, if it was ours in the beginning. */
static void give_terminal_back(const struct container *c) {
    pid_t front = c->tty < 0 ? -1 : tcgetpgrp(c->tty);

    if (front > 0 && kill(-front, 0) < 0 && errno == ESRCH)
        tcsetpgrp(c->tty, getpgrp());
    if (c->foreground && tcgetpgrp(c->tty) == getpgrp())
        tcsetattr(c->tty, TCSADRAIN, &c->modes);
    if (c->tty > 2)
        close(c->tty);
}

/* Parent: the job goes on (`fg`, SIGCONT), and so shall the container. */
static void go_on(const struct container *c) {
    if (c->init)
        hand_down(c->tty, c->pid);
    kill(c->pid, SIGCONT);
}

/* Parent: the command was stopped by SIG, ^Z for example. With all of our job
 * we stop by the same signal, so that the shell that waits for us sees it, and
 * can say `fg`. It is held, and comes where it is let through for a moment; a
 * SIGCONT that is held afterwards says that we were really stopped. If not,
 * nobody is there who could say `fg` (an orphaned process group), and who
 * waits for input that never comes is told that the terminal has gone. */
static void stop_too(const struct container *c, int sig) {
    bits one, held, pending = 0;
    bool front = c->tty >= 0 && tcgetpgrp(c->tty) == getpgrp();

    sig = sig == SIGSTOP ? SIGTSTP : sig;
    if (c->tty >= 0 && (sig == SIGTSTP || !front)) {
        if (!c->init) /* the command is PID 1: only this one stops it */
            kill(c->pid, SIGSTOP);
        one = BIT(sig - 1);
        kill(c->init ? 0 : getpid(), sig);
        TRY(syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &one, &held, 8));
        TRY(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &held, NULL, 8));
        TRY(syscall(SYS_rt_sigpending, &pending, 8));
        if (sig != SIGTSTP && !(pending & BIT(SIGCONT - 1)))
            kill(c->pid, SIGHUP);
    }
    in_pipeline = in_pipeline && sig == SIGTSTP; /* else it has asked */
    go_on(c);
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
    static int times, since;
    const char *status = slurp(text("/proc/%d/status", child));
    bits heard = status_bits(status, "SigCgt:") |
                 status_bits(status, "SigIgn:") |
                 status_bits(status, "SigBlk:");
    struct timespec now;

    if (heard & BIT(SIGINT - 1))
        return;
    TRY(clock_gettime(CLOCK_MONOTONIC, &now));
    times = now.tv_sec - since <= 2 ? times + 1 : 1;
    since = times == 1 ? (int)now.tv_sec : since;
    if (times == 1)
        note("the command is PID 1 and has no handler for ^C, so the kernel "
             "drops it (lesson 03); three times within two seconds ends it");
    if (times < 3)
        return;
    note("the third ^C: SIGKILL from outside, which PID 1 cannot be spared");
    kill(child, SIGKILL);
}

/* Is SIG one that asks us to end? The last that did: of `compare` a half may
 * have ended by itself meanwhile, and then its status does not say so. */
static int told_to_end;
static bool ends(int sig) {
    return sig == SIGINT || sig == SIGTERM || sig == SIGHUP || sig == SIGQUIT;
}

/* Parent: a signal has come. An init of ours hears all, and passes it on. A
 * command that is PID 1 is in our group, and has what was typed already
 * (ssi_code > 0); but a hangup only the leader of the session is told. */
static void pass_on(struct container *c, const struct signalfd_siginfo *s) {
    int sig = (int)s->ssi_signo;
    bool typed = s->ssi_code > 0 && !(sig == SIGHUP && getsid(0) == getpid());

    told_to_end = ends(sig) ? sig : told_to_end;
    if (sig == SIGCONT)
        go_on(c);
    else if (c->init && (sig == SIGTTIN || sig == SIGTTOU)) {
        in_pipeline = true; /* the rest of our pipeline wants the terminal */
        stop_too(c, SIGTSTP);
    } else if (c->init)
        kill(c->pid, sig);
    else if (sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU)
        stop_too(c, sig);
    else if (!typed)
        kill(c->pid, sig);
    else if (sig == SIGINT)
        typed_ctrl_c(c->pid);
}

/* Init: the same, for the command; what can be typed is for its group. */
static void pass_in(const struct container *c, pid_t command, int sig) {
    bool all = sig == SIGCONT || sig == SIGINT || sig == SIGQUIT ||
               sig == SIGTSTP;

    in_pipeline = false; /* what our group has, the parent has handed down */
    hand_down(c->tty, command);
    kill(all ? -command : command, sig);
}


/* =====================================================================
 * SMALL THINGS -- files, orphans, the environment
 * =====================================================================
 * What part one needs and what teaches little of containers.
 */

/* What every shell has, too: cannot be executed; was not found. */
enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

/* A copy of this very file inside the program: `source` prints it, --step shows
 * it line by line. The assembler reads it in (.incbin), into a part of its own
 * that is loaded and not written ("a"). */
__asm__(".pushsection .own_source, \"a\"\n"
        "own_source: .incbin \"" __FILE__ "\"\n"
        "own_source_end: .byte 0\n"
        ".popsection\n");
extern const char own_source[], own_source_end[];

/* Is errno no answer about a file, but says that we could not ask? */
static bool no_answer(void) {
    return errno == EINTR || errno == ENOMEM || errno == ENOSYS ||
           errno == EPERM || errno == EMFILE || errno == ENFILE;
}

/* All that can be read from descriptor FD, from its beginning; "" if nothing. A
 * file of /proc says how long it is only by ending, and half of it would be a
 * wrong answer: so it is read to its end (or 16 MB: no such file). From
 * malloc(3), and never freed: a start reads some ten files. */
static char *read_all(int fd) {
    size_t room = 4096, got = 0;
    char *out = malloc(room), *more = out;
    ssize_t n;

    while (more && (n = pread(fd, out + got, room - got - 1, (off_t)got)) > 0) {
        got += (size_t)n;
        if (got + 1 == room)
            more = room < 16 << 20 ? realloc(out, room *= 2) : NULL;
        out = more ? more : out;
    }
    if (!more)
        refuse("a file is too long, or there is no memory for it");
    if (n < 0 && no_answer())
        failed("pread(fd, out + got, room - got - 1, got)", "", __LINE__);
    out[got] = '\0';
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

    if (fd >= 0)
        close(fd);
    return out;
}

/* What a shell would type to write LINES into PATH: echo, or for several lines
 * printf, as one line. */
static const char *shell_words(const char *lines, const char *path) {
    const char *second = strchr(lines, '\n');

    if (!second)
        return text("echo '%s' > %s", lines, path);
    return text("printf '%.*s\\n%s' > %s", (int)(second - lines), lines,
                second + 1, path);
}

/* The inode of a namespace of ours: its identity; 0 if there is none. */
static ino_t namespace_id(const char *name) {
    struct stat st;
    const char *path = text("/proc/self/ns/%s", name);

    return TRY_BUT(ENOENT, stat(path, &st)) == 0 ? st.st_ino : 0;
}

/* May this process use capability CAP? capget(2), version 3 */
static bool has_cap(int cap) {
    struct { uint32_t version; int pid; } whom = { 0x20080522, 0 };
    struct { uint32_t effective, permitted, inheritable; } set[2] = { { 0 } };

    TRY(syscall(SYS_capget, &whom, set));
    return set[cap / 32].effective >> cap % 32 & 1;
}

/* Parent or init, where the PID namespace is the caller's: whose parent dies
 * falls to us (a subreaper, prctl(2)), so that we can end it. The file lists
 * our children. Opened early, it works where no /proc is in sight. (A kernel
 * without CONFIG_PROC_CHILDREN has none: there orphans live on.) */
static void open_children(struct container *c) {
    char self[16] = "";

    if (c->proc_fd < 0) /* (`exec` has one: it stands in the container here) */
        c->proc_fd = TRY_BUT(ENOENT, open("/proc", O_PATH | O_CLOEXEC));
    ssize_t n = readlinkat(c->proc_fd, "self", self, sizeof self - 1);
    if (on(c, USER) && c->pid == 0 && n > 0 && atoi(self) != getpid())
        refuse("this /proc shows another PID namespace: what we write there "
               "for the child would be a stranger's\n  cure:   mount -t proc "
               "proc /proc, in a mount namespace of your own\n"
               "  lesson: lessons/05-proc");
    c->children = -1;
    if (c->own_pids)
        return;
    if (c->proc_fd >= 0)
        c->children = TRY_BUT(ENOENT, openat(c->proc_fd, "thread-self/children",
                                             O_RDONLY | O_CLOEXEC));
    /* Those that it had before us are our caller's: `sleep 9 & exec ...`; then
     * nothing falls to us, since it could be theirs. */
    c->older = c->children < 0 ? "" : strdup(text(" %s",
                                             read_all(c->children)));
    if (atoi(c->older) == 0)
        TRY(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
}

/* End all children that came to us, and those that come meanwhile. The file may
 * miss one that is just being born: so until there are none. */
static void end_orphans(struct container *c) {
    bool any = c->children >= 0;

    while (any) {
        char *at = read_all(c->children), *end;
        any = false;
        for (pid_t pid; (pid = (pid_t)strtol(at, &end, 10)) > 0; at = end)
            if (!strstr(c->older, text(" %d ", pid)) && kill(pid, SIGKILL) == 0)
                any = true;
        if (any)
            waitpid(-1, NULL, 0);
    }
}

/* A fresh environment: what the caller has in theirs (tokens, paths of another
 * tree) is not the container's business; the terminal and the language are. The
 * old one is wiped: an init of ours stays, and its memory could be read. */
static void fresh_environment(struct container *c) {
    static const char *const kept[] = { "TERM=", "LANG=", "LC_" };
    const char *home = c->own_root ? NULL : getenv("HOME");
    char **list = calloc(100, sizeof *list);
    int n = 0;

    if (!list)
        refuse("no memory for an environment");
    list[n++] = strdup("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
                       "/sbin:/bin:/run/current-system/sw/bin:"
                       "/opt/minicontainer");
    list[n++] = strdup(text("HOME=%s", home ? home : "/root"));
    list[n++] = strdup(text("HOSTNAME=%s", c->hostname));
    list[n++] = strdup(text("PS1=%s# ", c->hostname));
    /* As systemd and Podman say it. */
    list[n++] = strdup("container=minicontainer");
    for (char **old = environ; old && *old; old++) {
        for (size_t i = 0; i < LENGTH(kept) && n < 90; i++)
            if (strncmp(*old, kept[i], strlen(kept[i])) == 0)
                list[n++] = strdup(*old);
        memset(*old, 0, strlen(*old));
    }
    environ = list;
    for (char **own = c->env; own && *own; own++)
        putenv(*own);
}

/* Close all descriptors above 2 but these, -1 among them. For a process of ours
 * that stays inside: the others are the caller's, and lead out. */
static void close_all_but(const int keep[], size_t n) {
    unsigned from = 3, next;

    do {
        next = ~0U;
        for (size_t i = 0; i < n; i++)
            if (keep[i] >= (int)from && (unsigned)keep[i] < next)
                next = (unsigned)keep[i];
        if (next > from)
            TRY(syscall(SYS_close_range, from, next - 1, 0));
        from = next + 1;
    } while (next != ~0U);
}


/* =====================================================================
 * THE LISTS -- what is masked, and which rights are kept
 * =====================================================================
 * Data of chapters 5 and 12. Go through them from top to bottom, and ask of
 * each line: over what does this give power, and has that a namespace?
 */
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

/* Show FROM a second time as NAME, which lies where we stand. For names that
 * are the kernel's or our own: nobody can put a link there. */
static void show_again(const char *from, const char *name, bits attr) {
    SYSV(mount(from, name, NULL, MS_BIND | MS_REC, NULL), "%s", from);
    if (attr)
        restrict_mount(AT_FDCWD, name, AT_RECURSIVE, attr);
}

/* Child; we stand in TREE (/proc or /sys), which was just mounted. The old root
 * with its /dev/null is still in sight. */
static void mask_paths(const struct container *c, const char *tree) {
    struct stat st;

    if (c->lab || c->no_mask)
        return;
    say("masks over %s: what tells of the machine, or switches it", tree);
    for (const struct mask *m = masks; m < masks + LENGTH(masks); m++) {
        const char *name = strchr(m->path + 1, '/') + 1;
        if (strncmp(m->path, tree, strlen(tree)) != 0 ||
            TRY_BUT(ENOENT, lstat(name, &st)) < 0) /* not in this kernel */
            continue;
        if (!m->hidden)
            show_again(name, name, MOUNT_ATTR_RDONLY);
        else if (S_ISDIR(st.st_mode))
            SYSV(mount("mask", name, "tmpfs", MS_RDONLY, "size=4k"),
                 "%s", name);
        else
            show_again("/dev/null", name, 0);
    }
}


/* The capabilities by number (include/uapi/linux/capability.h). */
enum {
    CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID,
    CAP_SETPCAP = 8, CAP_LINUX_IMMUTABLE, CAP_NET_BIND_SERVICE,
    CAP_NET_BROADCAST, CAP_NET_ADMIN, CAP_NET_RAW, CAP_IPC_LOCK, CAP_IPC_OWNER,
    CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_CHROOT, CAP_SYS_PTRACE,
    CAP_SYS_PACCT, CAP_SYS_ADMIN, CAP_SYS_BOOT, CAP_SYS_NICE, CAP_SYS_RESOURCE,
    CAP_SYS_TIME, CAP_SYS_TTY_CONFIG, CAP_MKNOD, CAP_LEASE, CAP_AUDIT_WRITE,
    CAP_SETFCAP = 31, CAP_SYSLOG = 34, CAP_PERFMON = 38, CAP_BPF
};
/* The choice is Docker's: power over the container's own files, users and
 * ports, never over what has no namespace. `source capabilities` has all 41,
 * and why. */
#define DEFAULT_CAPS (BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | \
    BIT(CAP_FOWNER) | BIT(CAP_FSETID) | BIT(CAP_KILL) | BIT(CAP_SETGID) | \
    BIT(CAP_SETUID) | BIT(CAP_SETPCAP) | BIT(CAP_NET_BIND_SERVICE) | \
    BIT(CAP_NET_RAW) | BIT(CAP_SYS_CHROOT) | BIT(CAP_MKNOD) | \
    BIT(CAP_AUDIT_WRITE) | BIT(CAP_SETFCAP))

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
struct filter {
    unsigned short length;
    struct instruction *first, code[400];
};
enum { LOAD = 0x20, EQUAL = 0x15, AT_LEAST = 0x35, HAS_BITS = 0x45,
       RETURN = 0x06 };
/* What there is to see: the number of the call, the processor family, and six
 * arguments of eight bytes, the low half first (a load takes four). */
enum { SEE_NUMBER = 0, SEE_FAMILY = 4, SEE_ARGUMENT = 16 };
/* The answers: end the process, fail with this errno, go on. seccomp(2) */
#define ANSWER_KILL 0x80000000u
#define ANSWER_ERRNO 0x00050000u
#define ANSWER_ALLOW 0x7fff0000u
/* AUDIT_ARCH_ of linux/audit.h: one processor runs programs of two families (64
 * and 32 bits), with other numbers. */
#if defined(__x86_64__)
#define FAMILY 0xc000003eu
#elif defined(__aarch64__)
#define FAMILY 0xc00000b7u
#else
#error "minicontainer knows the system calls of x86-64 and arm64"
#endif

#define NEW_NAMESPACE (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | \
    CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* What the filter says no to: ARGUMENT -1, the call as such; else, if that one
 * (from 0) is equal to VALUE, or has one of its bits (TEST). ERR 0 allows it;
 * CAP, if it is kept, leaves the row out. Of several rows for one call the
 * first that fits decides. Some are useless without a capability that is
 * dropped anyway: two walls are better than one, and each can be switched off
 * alone. A deny-list names what is forbidden; Docker has an allow-list, of
 * some 350 names: safer, since a call that is new tomorrow is forbidden. Here
 * each entry shall have its reason. It is one of several walls:
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
    NO(syslog, CAP_SYSLOG, "the kernel's log: addresses, and other containers"),
    NO(sethostname, CAP_SYS_ADMIN, "renames the machine, where row uts is off"),
    NO(setdomainname, CAP_SYS_ADMIN, "the same"),
    NO(vhangup, CAP_SYS_TTY_CONFIG, "takes the terminal from the caller"),
    /* The terminal is the caller's: these put words into its input. */
    NO_IF(ioctl, 1, EQUAL, 0x5412, EPERM, -1, "TIOCSTI types into the caller's shell"),
    NO_IF(ioctl, 1, EQUAL, 0x541c, EPERM, -1, "TIOCLINUX pastes into the console"),
    /* A socket that leads to the hypervisor, and belongs to no network. */
    NO_IF(socket, 0, EQUAL, 40, EPERM, -1, "AF_VSOCK: not in any network namespace"),
    NO_IF(socket, 0, EQUAL, 38, EPERM, -1, "AF_ALG: the kernel's ciphers; a record of holes"),
    NO_IF(personality, 0, EQUAL, 0xffffffff, 0, -1, "a question, and no change"),
    NO_IF(personality, 0, HAS_BITS, ~0x20008u, EPERM, -1,
          "no random addresses, code in the stack: makes attacks easier"),
    /* Other processes' memory and pages. */
    NEWER(438, pidfd_getfd, CAP_SYS_PTRACE, "takes descriptors of another process"),
    NEWER(440, process_madvise, CAP_SYS_PTRACE, "slows others down: their pages are written out"),
    NO(kcmp, CAP_SYS_PTRACE, "compares kernel addresses"),
    NO(move_pages, CAP_SYS_NICE, "moves memory of others"),
    NO(migrate_pages, CAP_SYS_NICE, "the same"),
    NO(mbind, CAP_SYS_NICE, "takes memory from the processors of others"),
    NO(set_mempolicy, CAP_SYS_NICE, "the same"),
    NEWER(450, set_mempolicy_home_node, CAP_SYS_NICE, "the same"),
    NEWER(460, lsm_set_self_attr, CAP_SYS_ADMIN, "changes one's own security label"),
    NEWER(470, listns, CAP_SYS_ADMIN, "lists namespaces, of others as well"),
    NO(lookup_dcookie, CAP_SYS_ADMIN, "paths of other processes, for profilers"),
#if defined(__x86_64__)
    /* Old doors of this processor family. */
    NO(iopl, CAP_SYS_RAWIO, "the ports of all devices"),
    NO(ioperm, CAP_SYS_RAWIO, "the same"),
    NO(modify_ldt, -1, "segments of 16-bit programs: several holes"),
#endif
};

static void emit(struct filter *f, int code, uint32_t k, int yes, int no) {
    if (f->length == LENGTH(f->code))
        refuse("the filter is too long");
    f->code[f->length++] = (struct instruction){ (uint16_t)code, (uint8_t)yes,
                                                 (uint8_t)no, k };
}

/* One row after the other, with the number of the call in the register. (A
 * binary search would save a start 0.05 ms.) */
static const void *build_filter(const struct container *c, int *rows,
                                int *length) {
    static struct filter all, *f = &all;

    *f = (struct filter){ .length = 0, .first = f->code };
    *rows = 0;
    /* A call of the other family: such a program is ended (SIGSYS). */
    emit(f, LOAD, SEE_FAMILY, 0, 0);
    emit(f, EQUAL, FAMILY, 1, 0);
    emit(f, RETURN, ANSWER_KILL, 0, 0);
    /* x32: all calls a second time, at 0x40000000 and up. */
    emit(f, LOAD, SEE_NUMBER, 0, 0);
    emit(f, AT_LEAST, 0x40000000, 0, 1);
    emit(f, RETURN, ANSWER_ERRNO | ENOSYS, 0, 0);
    for (const struct denied *d = denied; d < denied + LENGTH(denied); d++) {
        uint32_t answer = d->err ? ANSWER_ERRNO | (uint32_t)d->err
                                 : ANSWER_ALLOW;
        if (d->cap >= 0 && c->caps & BIT(d->cap))
            continue;
        /* Another call: over the rest of this row. */
        emit(f, EQUAL, (uint32_t)d->number, 0, d->argument >= 0 ? 4 : 1);
        if (d->argument >= 0) {
            emit(f, LOAD, SEE_ARGUMENT + 8 * (uint32_t)d->argument, 0, 0);
            emit(f, d->test, d->value, 0, 1);
        }
        emit(f, RETURN, answer, 0, 0);
        if (d->argument >= 0) /* the number back into the register */
            emit(f, LOAD, SEE_NUMBER, 0, 0);
        ++*rows;
    }
    emit(f, RETURN, ANSWER_ALLOW, 0, 0);
    *length = f->length;
    return f;
}

/* =====================================================================
 * THE DEFAULT ROOT -- a file tree of what the machine already has
 * =====================================================================
 * Chapter 6 mounts the tmpfs and pivots; this fills it. Then volumes,
 * chroot(2), and where the command begins.
 */

/* All that the default root is made of, in this order. BROUGHT is as the
 * machine has it: a link as a link, a directory as a read-only bind mount with
 * all below it, a file as a copy; what it does not have is left out. A list,
 * and not all of /etc: what is not on it cannot leak. */
enum kind { DIRECTORY, OPEN_TO_ALL, BROUGHT, LINK, FILE_WITH, DEVICE };
struct thing { enum kind kind; const char *name, *from; };
static const struct thing tree[] = {
    { DIRECTORY, "etc", NULL }, { DIRECTORY, "etc/ssl", NULL }, { DIRECTORY, "etc/pki", NULL },
    { DIRECTORY, "etc/pki/tls", NULL }, { DIRECTORY, "proc", NULL }, { DIRECTORY, "sys", NULL },
    { DIRECTORY, "dev", NULL }, { DIRECTORY, "root", NULL }, { DIRECTORY, "home", NULL },
    { DIRECTORY, "srv", NULL }, { DIRECTORY, "opt", NULL }, { DIRECTORY, "mnt", NULL },
    { DIRECTORY, "run", NULL }, { DIRECTORY, "var", NULL }, { DIRECTORY, "var/log", NULL },
    { DIRECTORY, "var/lib", NULL }, { OPEN_TO_ALL, "tmp", NULL }, { OPEN_TO_ALL, "var/tmp", NULL },
    { LINK, "var/run", "/run" },
    { BROUGHT, "usr", "/usr" }, { BROUGHT, "bin", "/bin" }, { BROUGHT, "sbin", "/sbin" },
    { BROUGHT, "lib", "/lib" }, { BROUGHT, "lib32", "/lib32" }, { BROUGHT, "lib64", "/lib64" },
    { BROUGHT, "libx32", "/libx32" }, { BROUGHT, "nix", "/nix" }, { BROUGHT, "gnu", "/gnu" },
    { BROUGHT, "var/usrlocal", "/var/usrlocal" },
    { BROUGHT, "run/current-system", "/run/current-system" },
    { BROUGHT, "etc/static", "/etc/static" }, { BROUGHT, "etc/alternatives", "/etc/alternatives" },
    { BROUGHT, "etc/ssl/certs", "/etc/ssl/certs" },
    { BROUGHT, "etc/pki/ca-trust", "/etc/pki/ca-trust" },
    { BROUGHT, "etc/pki/tls/certs", "/etc/pki/tls/certs" },
    { BROUGHT, "etc/ld.so.cache", "/etc/ld.so.cache" },
    { BROUGHT, "etc/localtime", "/etc/localtime" },
    { BROUGHT, "etc/os-release", "/etc/os-release" },
    /* Without these, a name like localhost is asked of a DNS server. */
    { FILE_WITH, "etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n" },
    { FILE_WITH, "etc/group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n" },
}, dev[] = { /* devices without danger, and the links that programs expect */
    { DEVICE, "null", "/dev/null" }, { DEVICE, "zero", "/dev/zero" },
    { DEVICE, "full", "/dev/full" }, { DEVICE, "random", "/dev/random" },
    { DEVICE, "urandom", "/dev/urandom" },
    { DEVICE, "tty", "/dev/tty" }, { LINK, "fd", "/proc/self/fd" },
    { LINK, "stdin", "/proc/self/fd/0" }, { LINK, "stdout", "/proc/self/fd/1" },
    { LINK, "stderr", "/proc/self/fd/2" }, { LINK, "ptmx", "pts/ptmx" },
    { DIRECTORY, "pts", NULL }, { DIRECTORY, "mqueue", NULL }, { OPEN_TO_ALL, "shm", NULL },
};

/* A file of the new tree that holds LINES. */
static void make_file(const char *path, mode_t mode, const char *lines) {
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    int fd = TRY(open(path, flags, mode));

    TRY(write(fd, lines, strlen(lines)));
    close(fd);
}

/* A copy of a file, its contents only. What may not be read is left out.
 * sendfile(2) copies within the kernel. */
static void copy_file(const char *from, const char *to, mode_t mode) {
    int in = TRY_BUT(EACCES, open(from, O_RDONLY | O_CLOEXEC));

    if (in < 0)
        return;
    int out = TRY(open(to, O_WRONLY | O_CREAT | O_CLOEXEC, mode));
    while (TRY(sendfile(out, in, NULL, 1 << 20)) > 0)
        continue;
    close(in);
    TRY(close(out)); /* else nobody could execute it (ETXTBSY) */
}

/* FROM, as the machine has it, under NAME where we stand. */
static void bring(const char *from, const char *name) {
    char target[PATH_MAX] = "";
    struct stat st;

    if (lstat(from, &st) < 0) {
        if (errno != ENOENT && errno != EACCES)
            failed("lstat(from, &st)", from, __LINE__);
        if (strcmp(from, "/usr") == 0)
            note("this machine has no /usr: few programs will be found inside");
    } else if (S_ISLNK(st.st_mode)) {
        TRY(readlink(from, target, sizeof target - 1));
        TRY(symlink(target, name));
    } else if (S_ISDIR(st.st_mode)) {
        TRY(mkdir(name, 0755));
        show_again(from, name, MOUNT_ATTR_RDONLY);
    } else {
        copy_file(from, name, 0644);
    }
}

/* Make thing T where we stand, which is our own new tmpfs. */
static void make(const struct thing *t) {
    switch (t->kind) {
    case DIRECTORY:
    case OPEN_TO_ALL: /* everybody may write there, and remove their own */
        TRY(mkdir(t->name, 0755));
        if (t->kind == OPEN_TO_ALL)
            TRY(chmod(t->name, 01777));
        break;
    case BROUGHT:
        bring(t->from, t->name);
        break;
    case LINK:
        TRY(symlink(t->from, t->name));
        break;
    case FILE_WITH:
        make_file(t->name, 0644, t->from);
        break;
    case DEVICE: /* a user namespace must not mknod(2) one, but may show those
                  * that there are; read-only: no chmod(2) of the machine's */
        if (TRY_BUT(ENOENT, access(t->from, F_OK)) < 0)
            break;
        TRY(mknod(t->name, S_IFREG | 0644, 0));
        show_again(t->from, t->name, MOUNT_ATTR_RDONLY);
    }
}

/* A /dev with what every program expects, and no disk. 64 MB bound what can be
 * put into /dev/shm. A devpts of its own: the terminals of the machine are not
 * in it. The one that we came from is shown as console, so that tty(1) finds
 * it. */
static void build_dev(const struct container *c) {
    const char *terminal = ttyname(0);

    say("a /dev with harmless devices and no disk");
    if (!mount_at(c, new_mount("tmpfs", BARE, "mode=755 size=64m"), "dev"))
        return;
    for (size_t i = 0; i < LENGTH(dev); i++)
        make(&dev[i]);
    if (terminal)
        make(&(struct thing){ DEVICE, "console", terminal });
    mount_at(c, new_mount("devpts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
                          "ptmxmode=0666 mode=0620"), "dev/pts");
}

/* The default root: all programs of the machine, and nothing of it writable.
 * The current directory is the new tmpfs. */
static void build_default_root(struct container *c, const char *resolv_conf) {
    bool bash = access("/bin/bash", X_OK) == 0;
    struct stat st;

    TRY(fstat(c->root_fd, &st));
    c->own_dev = st.st_dev;
    TRY(stat(".", &st)); /* a promise: nothing is made where we came from */
    if (st.st_dev != c->own_dev)
        refuse("still in the machine's file tree: nothing is made in it");
    say("the machine's programs, read-only, with all that is mounted below");
    for (size_t i = 0; i < LENGTH(tree); i++)
        make(&tree[i]);
    make_file("etc/resolv.conf", 0644, resolv_conf);
    make_file("etc/hostname", 0644, text("%s\n", c->hostname));
    make_file("etc/hosts", 0644, text("127.0.0.1 localhost %s\n::1 localhost\n",
                                      c->hostname));
    make_file("etc/passwd", 0644, text("root:x:0:0:root:/root:/bin/%s\n"
              "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
              bash ? "bash" : "sh"));
}

/* The place of a volume, name by name. What is missing is made in our own
 * tmpfs, for a file a file; never in what is not ours. */
static void volume_place(const struct container *c, const struct volume *v) {
    char *path = text("%s", v->dst + 1), *next = path;
    int at = c->root_fd;
    struct stat st;

    TRY(fstat(v->fd, &st));
    bool file = !S_ISDIR(st.st_mode);
    do { /* AT is the directory that we have reached; PATH ends behind NAME */
        char *name = next, *end = name + strcspn(name, "/");
        bool last = !end[strspn(end, "/")];
        next = end + strspn(end, "/");
        *end = '\0';
        TRY(fstat(at, &st));
        int below = look_up(c, path);
        if (below < 0 && errno == ENOENT && st.st_dev == c->own_dev) {
            if (last && file)
                TRY(mknodat(at, name, S_IFREG | 0644, 0));
            else
                TRY(mkdirat(at, name, 0755));
            below = look_up(c, path);
        }
        if (at != c->root_fd)
            close(at);
        at = below;
        if (!last)
            memset(end, '/', (size_t)(next - end));
    } while (at >= 0 && *next);
    if (at < 0 && errno == ELOOP)
        refuse("--volume: %s goes through a symbolic link\n"
               "  cure:   name the path that the link leads to", v->dst);
    if (at < 0)
        refuse("--volume: there is no %s in this root (%s), and nothing is "
               "made in what is not ours\n  cure:   make it, with mkdir -p",
               v->dst, strerror(errno));
    close(at);
}


/* Child; one volume may lie in another. No setuid file and no device works in
 * it: they could be planted for somebody outside. */
static void attach_volumes(struct container *c) {
    for (struct volume *v = c->volume; v < c->volume + c->volumes; v++) {
        say("volume %s: the same files in two trees", v->dst);
        volume_place(c, v); /* made, if it lies in our own tmpfs (part two) */
        restrict_mount(v->fd, "", AT_EMPTY_PATH | AT_RECURSIVE,
                       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                       (v->read_only ? MOUNT_ATTR_RDONLY : 0));
        mount_at(c, v->fd, v->dst + 1);
    }
}

/* --image without a mount namespace: all that is left is chroot(2). */
static void enter_chroot(struct container *c) {
    say("chroot(2) only moves where our paths begin: root walks out of it");
    TRY(fchdir(c->image_fd));
    SYS(chroot("."));
    note("--image without mnt is chroot(2): nobody who is root stays in it "
         "(lesson 06)");
}

/* A directory outside of this root (/proc/self/fd/9, CVE-2024-21626) has no
 * name. */
static void enter_workdir(const struct container *c) {
    char path[4096];

    if (c->workdir && chdir(c->workdir) < 0)
        refuse("--workdir: \"%s\": %s", c->workdir, strerror(errno));
    if (c->workdir && (!getcwd(path, sizeof path) || *path != '/'))
        refuse("--workdir: %s lies outside of this root (%s)", c->workdir,
               strerror(errno));
}

/* =====================================================================
 * HOMES -- where limits can be set
 * =====================================================================
 * Chapter 14 makes the directories; here is where, and what is said of it. What
 * an ordinary user sees under systemd, from the root of the tree down:
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

/* Each limit: the option, its name in cgroup.subtree_control, its file. */
static const struct limit {
    const char *option, *controller, *file;
} limits[LIMIT_COUNT] = {
    [MEMORY] = { "memory", "memory", "memory.max" },
    [CPUS] = { "cpus", "cpu", "cpu.max" },
    [PIDS] = { "pids-limit", "pids", "pids.max" },
};

static const char *limit_file(int which) {
    return limits[which].file;
}

/* Where the directories are that we have made; "": nothing is made. */
static char cgroup_home[PATH_MAX];

/* "home/minicontainer-4711" and what is in it. */
static const char *in_cgroup(const char *name) {
    return text("%s/minicontainer-%d%s", cgroup_home, getpid(), name);
}

static bool limited(const struct container *c) {
    return c->limit[MEMORY] || c->limit[CPUS] || c->limit[PIDS];
}

/* Is it the one tree of v2? (A hybrid machine has v2 beside v1, one step below,
 * and without controllers.) 0x63677270 is CGROUP2_SUPER_MAGIC. statfs(2) */
static bool only_v2(void) {
    struct statfs fs;

    return statfs(CGROUPS, &fs) == 0 && fs.f_type == 0x63677270;
}

/* Where process WHO stands in the tree of v2; "" if there is none. */
static const char *own_cgroup(const char *who) {
    const char *lines = text("\n%s", slurp(text("/proc/%s/cgroup", who)));
    const char *own = strstr(lines, "\n0::");

    return own ? text("%.*s", (int)strcspn(own + 4, "\n"), own + 4) : "";
}

/* The directory of our own cgroup; it need not be there. */
static const char *cgroup_dir(void) {
    const char *own = own_cgroup("self");

    return text("%s%s", only_v2() ? CGROUPS : CGROUPS "/unified",
                strcmp(own, "/") == 0 ? "" : own);
}

/* Is WORD one of the words in file PATH? */
static bool has_word(const char *path, const char *word) {
    char *words = slurp(path);

    words[strcspn(words, "\n")] = '\0';
    return strstr(text(" %s ", words), text(" %s ", word));
}

/* Directory DIR has the controllers for these limits, or gets them now. */
static bool has_controllers(const struct container *c, const char *dir) {
    const char *control = text("%s/cgroup.subtree_control", dir);

    for (int i = 0; i < LIMIT_COUNT; i++)
        if (c->limit[i] && !has_word(text("%s/cgroup.controllers", dir),
                                     limits[i].controller))
            return false;
    for (int i = 0; i < LIMIT_COUNT; i++) {
        const char *name = limits[i].controller;
        if (!c->limit[i] || has_word(control, name))
            continue;
        /* Where processes stand, nobody could be born below then ("domain
         * invalid"): ask further up. Not so in the machine's root, the one
         * cgroup that has no type. */
        if (access(text("%s/cgroup.type", dir), F_OK) == 0 &&
            *slurp(text("%s/cgroup.procs", dir)))
            return false;
        put_if_allowed(control, text("+%s", name));
        if (!has_word(control, name))
            return false;
    }
    return true;
}

/* Remove what killed supervisors left in home. Where a process lives the
 * kernel refuses: so nothing can be lost but a directory of a supervisor in
 * another PID namespace, in the moment before its child is born; that start
 * fails then. */
static void sweep(void) {
    DIR *dir = opendir(cgroup_home);
    const char *name = "minicontainer-";

    for (struct dirent *e; dir && (e = readdir(dir));) {
        pid_t pid = strncmp(e->d_name, name, strlen(name)) == 0
                    ? atoi(e->d_name + strlen(name)) : 0;
        /* With our own number: it was somebody else's before. */
        if (pid <= 0 || (pid != getpid() &&
                         (kill(pid, 0) == 0 || errno != ESRCH)))
            continue;
        rmdir(text("%s/%s/box", cgroup_home, e->d_name));
        rmdir(text("%s/%s", cgroup_home, e->d_name));
    }
    if (dir)
        closedir(dir);
}

/* Our own cgroup, or one above it: no other branch will do, since the kernel
 * asks for a right on the directory that the old and the new place have in
 * common. False: no limit was asked for. */
__attribute__((noreturn))
static void no_limits(const struct container *c);
static bool find_home(const struct container *c) {
    char *home = cgroup_home;

    if (!limited(c))
        return false;
    snprintf(home, sizeof cgroup_home, "%s", cgroup_dir());
    while (only_v2() && strlen(home) >= strlen(CGROUPS)) {
        if (access(text("%s/cgroup.procs", home), W_OK) == 0 &&
            access(home, W_OK) == 0 && has_controllers(c, home)) {
            sweep();
            return true;
        }
        *strrchr(home, '/') = '\0';
    }
    no_limits(c);
}

/* The number behind WORD in file NAME of our cgroup: what the kernel did. */
static long events(const char *name, const char *word) {
    const char *at = strstr(text("\n%s", slurp(in_cgroup(name))), word);

    return at ? atol(at + strlen(word)) : 0;
}

/* Parent, at the end. Who stands before a dead program shall not guess. */
static void say_what_limits_did(const struct container *c) {
    long killed = events("/memory.events", "\noom_kill ");
    long refused = events("/pids.events", "\nmax ");

    if (killed > 0 && c->limit[MEMORY])
        write_line("minicontainer: ", text("went over --memory %s: the kernel "
                   "killed %ld process%s in it", c->limit[MEMORY], killed,
                   killed > 1 ? "es" : ""));
    if (refused > 0 && c->limit[PIDS])
        write_line("minicontainer: ", text("--pids-limit %s refused %ld new "
                   "process%s", c->limit[PIDS], refused,
                   refused > 1 ? "es" : ""));
}

/* =====================================================================
 * THE NARRATOR'S OTHER HALF -- lines, causes and cures, questions
 * =====================================================================
 * For part one: how a line is written, what is said when a call fails or when
 * the command cannot be executed, and what --step asks. It calls say() and
 * leave(), and reads the embedded source.
 *
 * A name, an image, a file may hold what a terminal takes for an order, or a
 * newline and then what looks like a line of ours. So whatever comes from a
 * stranger goes through shown() before it becomes part of a message; and
 * write_line(), the way out of all of them, lets no control character pass.
 */

/* What /proc says of ourselves. */
#define SELF "/proc/self/status"

/* STRANGER's text, with '?' for each control character: newline, escape, DEL,
 * and 0x80 to 0x9f, which terminals know as well (in UTF-8 behind 0xc2). */
static const char *shown(const char *stranger) {
    char *out = text("%s", stranger);
    unsigned char last = 0;

    for (char *p = out; *p; last = (unsigned char)*p++) {
        unsigned char c = (unsigned char)*p;
        bool high = (c & 0xe0) == 0x80 && (last < 0x80 || last == 0xc2);
        if (c < ' ' || c == 127 || high)
            *p = '?';
    }
    return out;
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

/* The size of the terminal FD; if it does not say, or is too narrow for any
 * text, 24 x 80. The last column stays free: behind it, terminals differ. */
static struct winsize screen_of(int fd) {
    struct winsize screen = { 0, 0, 0, 0 };

    ioctl(fd, TIOCGWINSZ, &screen);
    if (screen.ws_col < 40 || screen.ws_row == 0)
        screen = (struct winsize){ 24, 80, 0, 0 };
    screen.ws_col--;
    return screen;
}

/* Write HEAD and LINES to stderr, each line by one write(2), so that lines of
 * several processes are never mixed. On a terminal a long line goes on below,
 * under its own text; into a file or a pipe it stays whole, for programs. */
static void write_line(const char *head, const char *lines) {
    size_t width = isatty(2) ? screen_of(2).ws_col : 4096;
    int indent = (int)strlen(head), below = indent;

    do {
        size_t n = fit(lines, width - (size_t)indent);
        const char *line = text("%-*s%.*s", indent, head, (int)n, lines);
        const char *out = text("%s\n", shown(line));
        if (write(2, out, strlen(out)) < 0)
            return; /* a closed stderr must not stop the container */
        head = "";
        lines += n;
        /* A line that ended by itself is followed by one with its own head. */
        if (*lines == '\n')
            below = lines[1] == ' ' ? (int)strlen("  cause:  ") : 0;
        indent = *lines == '\n' ? 0 : below;
        lines += *lines == ' ' || *lines == '\n';
    } while (*lines);
}

/* Where the first match of the extended regular expression PATTERN begins in
 * TEXT; NULL: nowhere. Small letters and capitals are the same; ^ and $ are the
 * ends of each line. regex(7) */
static const char *match(const char *in, const char *pattern) {
    int flags = REG_EXTENDED | REG_NEWLINE | REG_ICASE;
    regex_t compiled;
    regmatch_t where;

    if (regcomp(&compiled, pattern, flags) != 0)
        return NULL;
    bool found = regexec(&compiled, in, 1, &where, 0) == 0;
    regfree(&compiled);
    return found ? in + where.rm_so : NULL;
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

/* errno by name, as the man pages have it: those that are met. */
static const char *errno_name(int err) {
#define E(name) err == name ? #name :
    return E(EPERM) E(ENOENT) E(EAGAIN) E(ENOMEM) E(EACCES) E(EBUSY) E(ENODEV)
           E(ENOTDIR) E(EINVAL) E(ENOSPC) E(EROFS) E(ENOSYS) E(ELOOP)
           E(EOVERFLOW) text("errno %d", err);
}

/* What forbids it, and what to do: the failures that are met most often. The
 * first row that fits is printed. It fits if the message of the failure matches
 * the regular expression SAID, and FILE matches HOLDS. Without HOLDS, FILE must
 * be missing; without FILE, that is all. */
#define DOCKER "docker run --security-opt seccomp=unconfined"
#define LAPTOPS "lessons/README.md, \"What laptops refuse\""
static const struct cure {
    const char *said, *file, *holds, *cause, *cure;
} cures[] = {
    { "SYS_clone3.* (EPERM|ENOSYS)", SELF, "^Seccomp:\t2",
      "a seccomp filter: we are inside Docker, a devcontainer, Codespaces, or `run`",
      DOCKER " --security-opt apparmor=unconfined --security-opt systempaths=unconfined" },
    /* Debian's own switch: off by default up to Debian 10; in hardened
     * kernels. */
    { "SYS_clone3.* EPERM", "/proc/sys/kernel/unprivileged_userns_clone", "^0$",
      "kernel.unprivileged_userns_clone=0: only root may make user namespaces",
      "sudo sysctl -w kernel.unprivileged_userns_clone=1, or use sudo" },
    /* One clone3(2) asks for all namespaces, and the profile judges us, not the
     * child: it has no privileges for the others. And the kernel's own
     * proc_setgroups_open() wants CAP_SYS_ADMIN of who opens. */
    { "SYS_clone3.* EPERM|setgroups.* EACCES", "/proc/self/attr/current", " [(]enforce[)]$",
      "our AppArmor profile allows no privileges in a user namespace: see /proc/self/attr/current",
      "use sudo, or see " LAPTOPS },
    { "SYS_clone3.* EPERM", NULL, NULL, "we are in a chroot(2), or our user has no number in this "
      "user namespace (id says 65534)", "leave the chroot, and enter that directory by "
      "`minicontainer run --image`; or unshare --map-root-user" },
    /* No plain EPERM but EACCES: somebody else than the kernel's own rules says
     * no. */
    { "SYS_clone3.* EACCES", NULL, NULL, "a security module (AppArmor, SELinux) forbids user "
      "namespaces; see /sys/kernel/security/lsm and /proc/self/attr/current",
      "use sudo, or see " LAPTOPS },
    /* ENOSPC has nothing to do with a disk here: a counter is full. */
    { "SYS_clone3.* ENOSPC", "/proc/sys/user/max_user_namespaces", "^0$",
      "user.max_user_namespaces=0: no user namespaces (some hardened systems)",
      "sudo sysctl -w user.max_user_namespaces=15000" },
    { "SYS_clone3.* ENOSPC", NULL, NULL, "too many namespaces, or nested deeper than 32",
      "leave some of the labs; see /proc/sys/user/max_*_namespaces" },
    { "SYS_clone3.* EINVAL", "/proc/self/ns/user", NULL,
      "this kernel has no user namespaces (WSL 1)",
      "wsl --set-version DISTRIBUTION 2, or a kernel with CONFIG_USER_NS" },
    { "SYS_clone3.* EINVAL", NULL, NULL, "this kernel was built without one of these namespaces",
      "ls /proc/self/ns shows which it has: leave the missing one out with --no-X" },
    { "(SYS_clone3|fork).* EAGAIN", NULL, NULL,
      "too many processes: ulimit -u, or pids.max of our cgroup", "end some, or raise the limit" },
    { "unshare.* (EINVAL|ENOSPC)", NULL, NULL, "there are no time namespaces here (some of WSL 2), "
      "or no more of them (user.max_time_namespaces)", "leave it out: --no-time" },
    /* Ubuntu lets the namespace be made, and then it may do nothing. */
    { "_map.* EPERM", "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "^1$",
      "Ubuntu's AppArmor restriction of user namespaces (23.10 and later)",
      "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or sudo, or " LAPTOPS },
    /* We are user 0, and bit 31 of CapEff is not set. */
    { "_map.* EPERM", SELF, "^Uid:\t0\t(.|\n)*^CapEff:\t.{8}[0-7]",
      "root without CAP_SETFCAP may not map user 0 (since Linux 5.12)",
      "docker run --cap-add SETFCAP; or --map 0:OTHER:1; or start it as an ordinary user" },
    { "_map.* EINVAL", NULL, NULL, "the lines of --map overlap, or name an id past the last one",
      "see user_namespaces(7), \"Defining user and group ID mappings\"" },
    { "/proc/.* EROFS", NULL, NULL, "/proc is mounted read-only, and the user map is written there",
      "mount -o remount,rw /proc; or, as root, unshare --mount --pid --fork --mount-proc" },
    { "/proc/.* ENOENT", SELF, NULL, "there is no /proc here, and the user map is written there",
      "mount -t proc proc /proc" },
    { "fchdir.new.* EACCES", NULL, NULL, "the container's root may not enter the image: it is "
      "another user outside", "chmod o+rx IMAGE, or --map 0:0:1 for who 0 is" },
    { "NEW_ROOT.* ENOENT", NULL, NULL, "there is no /tmp here, where the new root is attached",
      "mkdir /tmp" },
    { "openat2.* ELOOP", NULL, NULL, "a symbolic link is there, which could lead out: nothing is "
      "mounted through one", "a directory in its place" },
    { "fsmount.* EPERM.*proc", NULL, NULL, "other mounts mask parts of /proc (Docker, Podman), and "
      "then the kernel mounts no fresh one", "docker run --security-opt systempaths=unconfined, "
      "podman run --security-opt unmask=ALL, or leave it out: --no-proc" },
    { "fsmount.* EPERM.*sysfs", NULL, NULL, "/sys is masked, or missing, or another container's: "
      "then the kernel mounts no fresh one", "leave it out: --no-proc" },
    { "pivot_root.* EPERM", NULL, NULL, "a seccomp filter: --cap-add SYS_ADMIN is not enough",
      DOCKER ", or leave it out: --no-root" },
    { "pivot_root.* EINVAL", NULL, NULL, "/ is the initramfs (a live system): no pivot from there",
      "leave it out: --no-root" },
    { "mount[(_,].* EACCES", NULL, NULL, "AppArmor (docker-default) or SELinux (container_t)",
      "docker run --security-opt apparmor=unconfined, or --security-opt label=disable" },
    { "(memfd|exec).* EACCES", "/proc/sys/vm/memfd_noexec", "^[12]",
      "vm.memfd_noexec: no program is started from memory", "sudo sysctl -w vm.memfd_noexec=0" },
    { "(SYS_|openat2).* ENOSYS", NULL, NULL, "this kernel is older than 5.12, or a seccomp filter "
      "hides the call", "a newer kernel (WSL: wsl --update); in a container engine: " DOCKER },
    { "sethostname.* EPERM", NULL, NULL, "a seccomp filter (Podman), even in a UTS namespace of "
      "our own", "podman run --security-opt seccomp=unconfined, or leave it out: --no-uts" },
    { " EPERM", SELF, "^Seccomp:\t2",
      "a seccomp filter forbids this call: we are inside a container engine", DOCKER },
};

/* A system call failed, and we cannot go on: say the call as it is written,
 * errno by name, the likely cause and its cure (one of each: a list to choose
 * from would help nobody), where it stands. Exits with 125. VALUES are those
 * behind the names in CALL, or "". */
__attribute__((noreturn))
static void failed(const char *call, const char *values, int line) {
    int err = errno, chapter = chapter_of(line);
    const char *said = text(*values ? "%s failed: %s (%s)  [%s]"
                                    : "%s failed: %s (%s)", shown(call),
                            errno_name(err), strerror(err), shown(values));
    const char *more = "";

    for (size_t i = 0; !*more && i < LENGTH(cures); i++) {
        const struct cure *c = &cures[i];
        if (match(said, c->said) &&
            (!c->file || (c->holds ? match(slurp(c->file), c->holds) != NULL
                                   : access(c->file, F_OK) < 0)))
            more = text("\n  cause:  %s\n  cure:   %s", c->cause, c->cure);
    }
    if (chapter > 0)
        more = text("%s\n  where:  line %d, chapter and lesson %d: "
                    "minicontainer source %d", more, line, chapter, chapter);
    refuse("%s%s", said, more);
}

/* The file that execvp(3) took for NAME, as far as we can see; "" if none. */
static const char *find_program(const char *name) {
    const char *dirs = getenv("PATH");

    if (strchr(name, '/'))
        return access(name, F_OK) == 0 ? name : "";
    for (size_t n; *name && dirs && *dirs; dirs += n + (dirs[n] == ':')) {
        n = strcspn(dirs, ":");
        const char *path = text("%.*s/%s", (int)n, dirs, name);
        if (access(path, F_OK) == 0)
            return path;
    }
    return "";
}

/* The program that the script PATH names behind #!; "" if it is a program, or
 * we cannot say; NULL if it is neither. (O_NONBLOCK: it may be a FIFO.) */
static const char *interpreter(const char *path) {
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    char first[256] = "";

    if (fd < 0 || read(fd, first, sizeof first - 1) < 0)
        return "";
    close(fd);
    const char *name = first + 2 + strspn(first + 2, " \t");
    if (strncmp(first, "#!", 2) == 0)
        return text("%.*s", (int)strcspn(name, " \t\n"), name);
    return strncmp(first, "\177ELF", 4) == 0 &&
           first[18] == (char)FAMILY ? "" : NULL;
}

/* NAME is in no directory of PATH: what may have been meant by it. Docker's
 * users type an image's name first. A line to copy is said only where it makes
 * sense. */
static const char *advice(const struct container *c, const char *name) {
    const char *next = c->argv[1] ? c->argv[1] : "";
    bool plain = match(next, "^((/usr)?/bin/)?[a-z0-9_][a-z0-9_.-]*$") &&
                 *find_program(next);

    if (strcmp(name, "minicontainer") == 0)
        return text("\n  cause:  the program is in the PATH of labs, not of "
                    "this container"
                    "\n  cure:   take it along: --volume /path/to/"
                    "minicontainer:/opt/minicontainer/minicontainer"
                    "\n  try:    minicontainer %s",
                    strcmp(next, "look") == 0 ? "compare" : "lab");
    if (!match(name, "^[a-z0-9][a-z0-9._:-]*$") || match(name, "^(ba)?sh$"))
        return "";
    return text("\n  cause:  the first word is the command; an image is a "
                "directory, given by --image DIR%s%s",
                plain ? "\n  try:    minicontainer run -- " : "",
                plain ? next : "");
}

/* execvp(3) of NAME has failed: why, and leave with 127 or 126. The kernel says
 * ENOENT also if the file is there and its loader is not: the commonest riddle
 * of a home-made image. So we look ourselves. (A file that is no program glibc
 * hands to /bin/sh; musl does not.) */
__attribute__((noreturn))
static void explain_exec(const struct container *c, const char *name) {
    int err = errno, in_path = !strchr(name, '/');
    const char *root = c->own_root ? "the container's root" : "this root";
    const char *where = c->image ? shown(c->image) : root, *said, *more = "";
    const char *file = find_program(name), *loader = interpreter(file);
    bool missing = err == ENOENT || err == ENOTDIR || (in_path && !*file);

    if (!*file && missing) {
        said = text("%s: not found in %s%s", *name ? shown(name) : "\"\"",
                    in_path ? "the PATH of " : "", where);
        more = in_path ? advice(c, name) : "";
    } else if (err == ENOEXEC || (missing && !loader)) {
        missing = false;
        said = text("%s: not for this processor, or a script without #!",
                    shown(*file ? file : name));
    } else if (missing) {
        said = "what must load it (ldd says what)";
        if (*loader && access(loader, F_OK) < 0)
            said = text("%s, which must load it,", shown(loader));
        said = text("%s is there, but %s is missing in %s", shown(file), said,
                    where);
        more = "\n  lesson: lessons/06-root";
        if (strchr(loader, '\r'))
            more = text("\n  cause:  its first line ends with a carriage "
                        "return, as Windows writes it"
                        "\n  cure:   sed -i 's/\\r$//' %s", shown(file));
    } else {
        said = text("%s: %s (%s), in %s", shown(*file ? file : name),
                    strerror(err), errno_name(err), where);
    }
    write_line("minicontainer: ", text("%s%s", said, more));
    leave(missing ? NOT_FOUND : NOT_EXECUTABLE);
}

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

/* A line from the terminal: '\n' if it is empty, its letter if that is all it
 * has, '?' for any other, 0 for an end of file. Byte by byte: what comes after
 * the newline is for somebody else. Signals are held while we ask: one that
 * shall end us is fetched here. */
static char typed(void) {
    bits ends = BIT(SIGINT - 1) | BIT(SIGTERM - 1) | BIT(SIGQUIT - 1) |
                BIT(SIGHUP - 1);
    int fd = TRY(syscall(SYS_signalfd4, -1, &ends, 8, SFD_CLOEXEC));
    struct pollfd news[] = { { fd, POLLIN, 0 }, { 0, POLLIN, 0 } };
    struct signalfd_siginfo s;
    char byte = '\0', answer = '\n';
    ssize_t n = 1;

    while (n > 0 && byte != '\n') {
        if (byte)
            answer = answer == '\n' ? byte : '?';
        TRY_BUT(EINTR, poll(news, LENGTH(news), -1));
        if (news[0].revents && read(fd, &s, sizeof s) > 0)
            leave(128 + (int)s.ssi_signo);
        byte = '\0';
        if (news[1].revents && (n = read(0, &byte, 1)) < 0)
            leave(OURS); /* the terminal is gone, or another job's */
    }
    close(fd);
    return n > 0 ? answer : '\0';
}

/* --step, before the step at LINE: show it, and wait for Enter. What is not
 * understood is asked again. The third end of file in a row is no slip of ^D:
 * nobody is there. We are parent or child, who speaks; the other one waits. */
static const char *peek_of(int chapter); /* THE TABLE */
static void pause_at(int line) {
    const char *peek = peek_of(chapter_of(line));
    char answer = 'r';

    for (int ends = 0; answer != '\n' && answer != 'c' && answer != 'q';) {
        if (answer == 'r')
            show_source(line);
        if (answer == 'r' && *peek && narrator.pid > 0)
            write_line("  in a second window: ", text(peek, narrator.pid));
        dprintf(2, "[Enter] do it  [r] again  [c] run on  [q] leave: ");
        answer = typed();
        ends = answer ? 0 : ends + 1;
        if (!answer)
            dprintf(2, "^D\n");
        if (ends == 3)
            leave(OURS);
    }
    if (answer == 'q')
        leave(OURS);
    narrator.step = answer != 'c';
}

/* Our name for ps(1): pgrep(1) finds the one that prctl(2) sets; `ps ax` prints
 * what lies in our memory where the words of the command line were. So only a
 * process that needs them no more does this. sane_start() knows the place. */
static struct { char *at; size_t size; } title;
static void set_name(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0); /* if it fails, nothing is lost */
    memset(title.at, 0, title.size);
    snprintf(title.at, title.size, "%s", name);
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
    int n = 0;

    for (const char *p = slurp(path); (p = strchr(p, '\n')); p++)
        n++;
    return n;
}

static const char *look_uts(void) {
    char host[65] = "", domain[65] = ""; /* 64 is the kernel's limit */

    TRY(gethostname(host, sizeof host - 1));
    if (getdomainname(domain, sizeof domain - 1) < 0 || *domain == '(')
        *domain = '\0'; /* "(none)": it was never set */
    return text(*domain ? "%s, NIS domain %s" : "%s", host, domain);
}

/* This asks /proc, and that may be another namespace's (5): then the numbers do
 * not fit each other, and that is what the lesson shows. */
static const char *look_pid(void) {
    char *name = slurp("/proc/1/comm");
    int processes = count("/proc/[0-9]*");

    name[strcspn(name, "\n")] = '\0';
    if (getpid() == 1)
        return text("I am 1 of %d", processes);
    return text("I am %d of %d, 1 is %s", getpid(), processes, name);
}

static const char *look_mnt(void) {
    return text("%d mounts", count_lines("/proc/self/mountinfo"));
}

static const char *look_proc(void) {
    char *names = text("processes %d, net", count("/proc/[0-9]*"));
    glob_t found = { 0 };

    glob("/sys/class/net/*", 0, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++)
        names = text("%s %s", names, strrchr(found.gl_pathv[i], '/') + 1);
    globfree(&found);
    return names;
}

static const char *look_root(void) {
    const char *line = match(slurp("/proc/self/mounts"), "^[^ ]+ / ");
    char from[256] = "?", type[64] = "?";

    sscanf(line ? line : "", "%255s / %63s", from, type);
    return text("%d names, %s %s", count("/*"), type, from);
}

/* The machine's own map is "0 0 4294967295": everybody is themselves. */
static const char *look_user(void) {
    unsigned inside = 0, outside = 0, length = 0;
    const char *map = slurp("/proc/self/uid_map"), *more = strchr(map, '\n');

    sscanf(map, "%u %u %u", &inside, &outside, &length);
    if (length == 0 || length == UINT_MAX)
        return text("uid %u, no map", geteuid());
    return text("uid %u, map %u %u %u%s", geteuid(), inside, outside, length,
                more && more[1] ? " ..." : "");
}

/* Each of these files has a heading, and a line for each object. */
static const char *look_ipc(void) {
    int n[3] = { count_lines("/proc/sysvipc/msg"),
                 count_lines("/proc/sysvipc/shm"),
                 count_lines("/proc/sysvipc/sem") };

    return text("queues %d, shm %d, sem %d", n[0] - !!n[0], n[1] - !!n[1],
                n[2] - !!n[2]);
}

/* Addresses by interface, and what is missing. */
static const char *look_net(void) {
    struct ifaddrs *list = NULL;
    char address[INET_ADDRSTRLEN], last[IFNAMSIZ] = "", *out = text("%s", "");
    struct sockaddr_in in;

    if (getifaddrs(&list) < 0)
        return "netlink is forbidden here";
    /* An entry for each interface and family; AF_PACKET is the interface. */
    for (struct ifaddrs *i = list; i; i = i->ifa_next) {
        int family = i->ifa_addr ? i->ifa_addr->sa_family : AF_UNSPEC;
        i->ifa_name[strcspn(i->ifa_name, ":")] = '\0'; /* lo:0 is on lo */
        if (family == AF_PACKET && !(i->ifa_flags & IFF_UP))
            out = text("%s%s down, ", out, i->ifa_name);
        if (family != AF_INET)
            continue;
        memcpy(&in, i->ifa_addr, sizeof in);
        inet_ntop(AF_INET, &in.sin_addr, address, sizeof address);
        if (strcmp(last, i->ifa_name) != 0) /* else it is its second one */
            out = text("%s%s ", out, i->ifa_name);
        out = text("%s%s, ", out, address);
        snprintf(last, sizeof last, "%s", i->ifa_name);
    }
    freeifaddrs(list);
    /* A route to 00000000 is the default route: the way out. */
    bool way_out = strstr(slurp("/proc/self/net/route"), "\t00000000\t");
    return text("%s%s", out, way_out ? "a way out" : "no way out");
}

/* Each line of the file is hierarchy:controllers:path. With cgroup v2 there is
 * one; with v1 many, and the first path that is not / says most. */
static const char *look_cgroup(void) {
    const char *lines = slurp("/proc/self/cgroup"), *at = match(lines, ":/.+$");

    at = at ? at : match(lines, ":/$");
    return at ? text("%.*s", (int)strcspn(at, "\n") - 1, at + 1) : "none";
}

/* By the clock that also counts while the machine sleeps. */
static const char *look_time(void) {
    struct timespec t = { 0, 0 };

    clock_gettime(CLOCK_BOOTTIME, &t);
    long s = (long)t.tv_sec;
    return text("up %ld d %02ld:%02ld:%02ld", s / 86400, s / 3600 % 24,
                s / 60 % 60, s % 60);
}

/* All that the kernel knows (include/uapi/linux/capability.h), by number. What
 * is newer than this table is dropped as well. Go through it from the top, and
 * ask of each line: over what does this give power, a file of the container
 * or the whole machine? And has that thing a namespace? Where it has none (the
 * clock, modules, the log), no capability for it can ever be kept. */
static const struct capability {
    const char *name;    /* without CAP_                                      */
    const char *why;     /* why it is kept; or why no container needs it      */
    const char *attack;  /* what somebody who broke in does with it           */
} capabilities[KNOWN_CAPS] = {
    /* Files: root of the container owns the container's files. */
    { "chown", "packages give files to their users", "takes any file of the container" },
    { "dac_override", "root opens every file", "reads what users in it hide" },
    { "dac_read_search", "dac_override will do", "opens host files by their handle" },
    { "fowner", "chmod of others' files", "takes away the mode bits of a file" },
    { "fsetid", "setgid survives a write", "keeps a setgid bit on a changed file" },
    /* Processes and users. */
    { "kill", "an init ends the others", "ends processes of other users inside" },
    { "setgid", "a server leaves root", "becomes a member of any group inside" },
    { "setuid", "a server leaves root", "becomes any user inside" },
    { "setpcap", "a server drops its own rest", "adds to its inheritable set" },
    { "linux_immutable", "chattr +i is the host's", "makes files that nobody can remove" },
    /* The network. */
    { "net_bind_service", "a server on port 80", "pretends to be such a server" },
    { "net_broadcast", "nothing in a container uses it", "hears netlink of other networks" },
    { "net_admin", "addresses are our business", "changes routes, reaches nf_tables" },
    { "net_raw", "ping", "forges packets on the networks that it has" },
    { "ipc_lock", "memory that is never swapped", "takes memory that cannot be taken back" },
    { "ipc_owner", "owners share by mode bits", "reads shared memory of others" },
    /* The machine. Here are the keys to the house. */
    { "sys_module", "modules are the host's", "loads code into the kernel: owns all" },
    { "sys_rawio", "drivers are the host's", "writes to ports, memory and disks" },
    { "sys_chroot", "old servers lock themselves in", "walks out of a chroot (lesson 06)" },
    { "sys_ptrace", "one's own children need none", "rewrites other processes as they run" },
    { "sys_pacct", "accounting is the host's", "writes records into any file" },
    { "sys_admin", "nothing good: it is the new root", "mounts, renames, undoes our walls" },
    { "sys_boot", "reboot is the host's", "starts another kernel" },
    { "sys_nice", "the host shares the processor", "takes the processor from all others" },
    { "sys_resource", "limits are the host's", "goes over quotas and limits" },
    { "sys_time", "the clock is one for all", "sets the date of the whole machine" },
    /* (Terminals: those of the machine, not those of a devpts of our own.) */
    { "sys_tty_config", "the console is the host's", "hangs up and reprograms terminals" },
    /* Devices and special files. */
    { "mknod", "packages make /dev files", "makes the disk's file, where devices work" },
    { "lease", "few file servers", "makes others wait who open a file" },
    { "audit_write", "sshd and su write a record", "fills the audit log with lies" },
    { "audit_control", "auditing is the host's", "switches the audit log off" },
    { "setfcap", "packages give files capabilities", "gives a file capabilities, inside" },
    /* Security modules, the log, energy, and pieces cut out of sys_admin. */
    { "mac_override", "policy is the host's", "passes by the rules of Smack" },
    { "mac_admin", "policy is the host's", "rewrites its policy" },
    { "syslog", "the kernel's log is the host's", "reads kernel addresses, to aim better" },
    { "wake_alarm", "a server does not sleep", "wakes the laptop in the bag" },
    { "block_suspend", "a server does not sleep", "empties the battery" },
    { "audit_read", "auditing is the host's", "reads what all others do" },
    { "perfmon", "a profiler runs outside", "watches the kernel and its secrets" },
    { "bpf", "the host loads programs", "runs its own code in the kernel" },
    { "checkpoint_restore", "the host moves containers", "chooses PIDs, opens map_files" },
};

/* The names of the capabilities of SET, each behind a space. */
static const char *cap_names(bits set) {
    const char *names = "";

    for (int cap = 0; cap < 64; cap++)
        if (set & BIT(cap)) /* a newer one has no name here, but a number */
            names = text("%s %s", names, cap < KNOWN_CAPS
                         ? capabilities[cap].name : text("%d", cap));
    return names;
}

/* The names, or those that are missing: the shorter list says more. */
static const char *look_caps(void) {
    bits have = status_bits(slurp(SELF), "CapEff:");
    int known = atoi(slurp("/proc/sys/kernel/cap_last_cap")) + 1;
    int n = __builtin_popcountll(have);

    if (n == 0 || n == known)
        return n ? text("all %d", n) : "none";
    if (n > known / 2)
        return text("%d, not%s", n, cap_names(~have & (BIT(known) - 1)));
    return text("%d:%s", n, cap_names(have));
}

/* How many filters each call of a process goes through, by its STATUS. */
static int filters(const char *status) {
    const char *number = strstr(status, "\nSeccomp_filters:\t");

    return number ? atoi(number + strlen("\nSeccomp_filters:\t")) : 0;
}

/* Not which calls: a filter can be read by nobody but a tracer with rights. */
static const char *look_seccomp(void) {
    int n = filters(slurp(SELF));

    return n ? text("%d filter%s", n, n > 1 ? "s" : "") : "no filter";
}

/* The limits of our own cgroup, as far as we see them. In a container of ours
 * that is `box`, which has none: they are one step above, out of sight. */
static const char *look_limits(void) {
    const char *out = "", *dir = cgroup_dir();

    for (int i = 0; i < LIMIT_COUNT; i++) {
        const char *value = slurp(text("%s/%s", dir, limits[i].file));
        if (isdigit((unsigned char)*value)) /* "max" is the word for none */
            out = text("%s%s%s %.*s", out, *out ? ", " : "", limits[i].file,
                       (int)strcspn(value, "\n"), value);
    }
    return *out ? out : "none in sight";
}

static const struct isolation {
    const char *name;       /* --NAME, --no-NAME                              */
    int chapter;            /* also of the lesson and of the test             */
    bits needs;             /* rows that it cannot be without                 */
    const char *what;       /* what it isolates                               */
    const char *docker;     /* Docker's words for leaving it out              */
    const char *shell;      /* what does the same in a shell                  */
    const char *peek;       /* worth a look in a second window; %d is the PID */
    const char *probe;      /* what `compare ROW` runs by default             */
    const char *made_by;    /* NULL: a flag, see namespaces[]                 */
    const char *(*look)(void);
} isolations[ROWS] = {
    [LIMITS] = { "limits", 14, 0, "memory, processor, processes", "no --memory",
        "systemd-run --scope -p MemoryMax=", "cat /proc/%d/cgroup",
        "(i=0; while [ $i -lt 99 ]; do sleep 9 & i=$((i+1)); done); set -- /proc/[0-9]*; echo $#",
        "cgroup v2", look_limits },
    [TIME] = { "time", 11, 0, "the clocks that count from boot", "-",
        "unshare --time --boottime -N", "cat /proc/%d/timens_offsets",
        "cat /proc/uptime; date +%F", NULL, look_time },
    [MNT] = { "mnt", 4, 0, "the mount table", "-", "unshare --mount --propagation private",
        "wc -l /proc/%d/mountinfo",
        "mount -t tmpfs none /mnt && grep -o 'none /mnt' /proc/mounts", NULL, look_mnt },
    [USER] = { "user", 7, 0, "user and group numbers", "--userns=host",
        "unshare --user --map-root-user", "cat /proc/%d/uid_map",
        "id -u; hostname oops", NULL, look_user },
    [UTS] = { "uts", 2, 0, "host name and NIS domain name", "--uts=host", "unshare --uts",
        "ls -l /proc/%d/ns/uts", "hostname oops; hostname", NULL, look_uts },
    [NET] = { "net", 9, 0, "interfaces, addresses, ports", "--network=host", "unshare --net",
        "cat /proc/%d/net/dev", "ip addr add 10.0.0.7/8 dev lo; ip -br addr", NULL, look_net },
    [IPC] = { "ipc", 8, 0, "System V objects, POSIX queues", "--ipc=host", "unshare --ipc",
        "ls -l /proc/%d/ns/ipc", "ipcrm --all=msg; ipcs -q", NULL, look_ipc },
    [CGROUP] = { "cgroup", 10, 0, "the view of the cgroup tree", "--cgroupns=host",
        "unshare --cgroup", "cat /proc/%d/cgroup",
        "grep -v ':/$' /proc/self/cgroup || echo 'every path is /'", NULL, look_cgroup },
    [PID] = { "pid", 3, 0, "process numbers", "--pid=host", "unshare --pid --fork",
        "grep NSpid /proc/%d/status", "echo I am $$; kill $(cat /run/victim.pid)",
        NULL, look_pid },
    [ROOT] = { "root", 6, BIT(MNT), "the file tree", "-", "pivot_root . . && umount -l .",
        "ls /proc/%d/root/", "cat /root/diary", "mounts", look_root },
    [PROC] = { "proc", 5, BIT(MNT), "the view in /proc and /sys", "-", "mount -t proc proc /proc",
        "ls /proc/%d/root/proc", "ls -d /proc/[0-9]* | wc -l", "mounts", look_proc },
    [CAPS] = { "caps", 12, 0, "what root may do", "--privileged",
        "setpriv --bounding-set -sys_admin,...", "grep Cap /proc/%d/status",
        "id -u; hostname oops", "capset(2)", look_caps },
    [SECCOMP] = { "seccomp", 13, 0, "which system calls exist", "--security-opt",
        "systemd-run -p SystemCallFilter=~@mount", "grep Seccomp /proc/%d/status",
        "unshare --user id -u", "a BPF filter", look_seccomp },
};

/* The rows in teaching order, by chapter: what is shown to people is in this
 * order, what is done is in the other. */
static const int by_chapter[ROWS] = { UTS, PID, MNT, PROC, ROOT, USER, IPC, NET,
                                      CGROUP, TIME, CAPS, SECCOMP, LIMITS };

/* Other names of rows, as Docker and the man pages have them. */
static const char *const aliases[ROWS] = {
    [MNT] = "mount", [USER] = "userns", [NET] = "network", [CGROUP] = "cgroupns"
};

/* The row called NAME (its own name or another), or -1. */
static int find_row(const char *name) {
    for (int row = 0; row < ROWS; row++)
        if (strcmp(isolations[row].name, name) == 0 ||
            (aliases[row] && strcmp(aliases[row], name) == 0))
            return row;
    return -1;
}

/* What ROW needs, given that the rows of SET are on. A user namespace may
 * mount /proc only for a PID namespace that belongs to it. */
static bits partners(int row, bits set) {
    bool proc_of_user = row == PROC && set & BIT(USER);

    return isolations[row].needs | (proc_of_user ? BIT(PID) : 0);
}

/* "uts,pid,mnt": the rows of SET. */
static const char *list_rows(bits set) {
    const char *list = "";

    for (int i = 0; i < ROWS; i++)
        if (set & BIT(by_chapter[i]))
            list = text("%s%s%s", list, *list ? "," : "",
                        isolations[by_chapter[i]].name);
    return *list ? list : "none";
}

/* Part one, when rows are made: those of SET that are on. */
static void prove(const struct container *c, bits set) {
    for (int row = 0; narrator.explain && row < ROWS; row++)
        if (set & BIT(row) && on(c, row) && row != LIMITS) {
            tell("shell", isolations[row].shell);
            tell("now", text("%s: %s", isolations[row].name,
                             shown(isolations[row].look())));
        }
    /* These are proven by the parent. */
    if (set & BIT(LIMITS) && c->cgroup_fd >= 0)
        tell("now", text("limits: the child stands in %s",
                         shown(own_cgroup(text("%d", c->pid)))));
}

/* For --step: what to look at from outside in CHAPTER; "" if nothing. */
static const char *peek_of(int chapter) {
    bool has_row = chapter >= 2 && chapter < 2 + ROWS;

    return has_row ? isolations[by_chapter[chapter - 2]].peek : "";
}

/* =====================================================================
 * LOOK -- what this very process sees
 * =====================================================================
 * `look` is a program's view from within; compare (below) takes the same of a
 * container. Here is also what all commands share that print to stdout.
 */
struct view { char id[40], sees[500]; };

/* What this process sees of ROW. Its id tells whether two processes share it:
 * the namespace's inode; for proc and root, which are mounts, the device and
 * inode of /proc and /; for limits those of the cgroup; for caps and seccomp,
 * which nobody shares, what there is. */
static struct view look_at(int row) {
    const char *path = row == PROC ? "/proc" : row == ROOT ? "/" : cgroup_dir();
    struct view v = { "-", "" };
    struct stat st;

    if (namespaces[row].flag)
        snprintf(v.id, sizeof v.id, "%ju",
                 (uintmax_t)namespace_id(isolations[row].name));
    else if (row == CAPS)
        snprintf(v.id, sizeof v.id, "%jx",
                 (uintmax_t)status_bits(slurp(SELF), "CapEff:"));
    else if (row == SECCOMP)
        snprintf(v.id, sizeof v.id, "%d", filters(slurp(SELF)));
    else if (stat(path, &st) == 0)
        snprintf(v.id, sizeof v.id, "%ju:%ju", (uintmax_t)st.st_dev,
                 (uintmax_t)st.st_ino);
    snprintf(v.sees, sizeof v.sees, "%.*s", (int)sizeof v.sees - 1,
             shown(isolations[row].look()));
    return v;
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
    int kept = whole ? n : n - 2;

    return text("%-*.*s%s", kept, kept, line, whole ? "" : "..");
}

/* Was --porcelain given? Any other word is refused. */
static bool porcelain(int argc, char **argv) {
    bool plain = argc == 2 && strcmp(argv[1], "--porcelain") == 0;

    if (argc > 1 && !plain)
        refuse("%s takes no argument but --porcelain", argv[0]);
    return plain;
}

/* look: a row for each isolation; for programs two facts a row, one a line. */
static int cmd_look(int argc, char **argv) {
    bool plain = porcelain(argc, argv);

    if (!plain)
        printf("%-8s %-12s %s\n", "", "id", "what this process sees");
    for (int i = 0; i < ROWS; i++) {
        const char *name = isolations[by_chapter[i]].name;
        struct view v = look_at(by_chapter[i]);
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
    for (int n = 0; n < ROWS; n++) {
        const struct isolation *i = &isolations[by_chapter[n]];
        const char *made_by = plain ? "-" : i->made_by;
        if (!i->made_by)
            made_by = namespaces[by_chapter[n]].name;
        printf(fmt, i->chapter, i->name, i->needs ? list_rows(i->needs) : "-",
               made_by, i->docker, i->what);
    }
    return flushed(0);
}

/* =====================================================================
 * SOURCE -- this file, read by itself
 * =====================================================================
 * `source uts` prints a chapter, `source child_side` a function, `source
 * denied` a table. They are found by the way this file is laid out: a title
 * stands between two rulers; a definition begins in the first column, below a
 * blank line and its comment, and ends with a brace in the first column. The
 * lessons name chapters and functions, never line numbers: those change.
 */

/* The chapter called WORDS, or with that number: from the ruler above it to the
 * next chapter's. NULL: there is none. */
static const char *find_chapter(const char *words, const char **end) {
    const char *at = own_source, *pattern = text(
        "^ [*] (%s[.] |([0-9]+[.] )?(THE )?%s([ '][A-Z' ]+)? -- )", words,
        words);

    while ((at = match(at, pattern)) && strncmp(at - 2, "=\n", 2) != 0)
        at = strchr(at, '\n');
    const char *body = at ? match(at, "^ [*] =====") : NULL;
    if (!body)
        return NULL;
    *end = match(body, "^/[*] =====");
    *end = *end ? *end : own_source_end;
    while (strncmp(at, "/*", 2) != 0)
        at--;
    return at;
}

/* Where the definition that begins at AT ends. A function has a parenthesis
 * before its brace; a table may begin with the brace of its struct. */
static const char *end_of(const char *at) {
    const char *brace = at + strcspn(at, "{;");
    bool function = memchr(at, '(', (size_t)(brace - at));
    const char *last = at;

    if (*at != '#')
        last = match(at, function ? "^[}]" : "^[a-z}].*;$|[}];$");
    while (*at == '#' && strchr(last, '\n')[-1] == '\\')
        last = strchr(last, '\n') + 1;
    return last ? strchr(last, '\n') + 1 : own_source_end;
}

/* The first definition whose first line matches PATTERN, with the comment above
 * it. A prototype, which has a semicolon before any brace, is passed over. */
static const char *find_definition(const char *pattern, const char **end) {
    const char *at = own_source;

    while ((at = match(at, pattern)) && !strchr("#t}", *at) &&
           at[strcspn(at, "{;")] == ';')
        at = strchr(at, '\n');
    if (!at)
        return NULL;
    *end = end_of(at);
    while (at > own_source + 2 && strncmp(at - 2, "\n\n", 2) != 0 &&
           strncmp(at - 3, "\n}\n", 3) != 0)
        at--;
    return at;
}

/* Chapter, table, function, struct, enum or macro NAME (the first of these) of
 * our source; END is its end. NULL: no such. */
static const char *find_source(const char *name, const char **end) {
    const char *chapter = name, *found;

    /* It goes into a regular expression: it must not be one itself. */
    if (!*name || match(name, "[^a-z0-9_ ]"))
        return NULL;
    if (isdigit((unsigned char)*name))
        chapter = text("%d", atoi(name)); /* 02 is chapter 2 */
    found = find_chapter(chapter, end);
    if (!found)
        found = find_definition(text("^(static .*[ *]|[}],? )%s[[].*[{]", name),
                                end);
    return found ? found : find_definition(text(
        "^((static|struct|enum|int)( .*)?[ *]%s( [{=]|[(])|"
        "enum [{](.* )?%s[ ,]|(static .*)?[}] %s( =|;)|"
        "(#define|typedef .*) %s[ (;])", name, name, name, name), end);
}

/* Print the source from FROM to END, each line with the number that it has in
 * the file, so that an editor finds it. On a screen of WIDTH columns (0: none)
 * a longer line goes on below, under its own text. TO NULL: nothing is printed.
 * Returns how many lines that are on the screen. */
static int print_source(FILE *to, const char *from, const char *end,
                        size_t width) {
    int printed = 0, number = 1;

    for (const char *p = own_source; p < from; p++)
        number += *p == '\n';
    for (const char *p = from; p < end; p++) {
        const char *head = text("%5d  ", number++);
        do {
            size_t n = width ? fit(p, width - 7) : strcspn(p, "\n");
            if (to)
                fprintf(to, "%-7s%.*s\n", head, (int)n, p);
            printed++;
            head = "";
            p += n + (p[n] == ' ');
        } while (*p != '\n');
    }
    return printed;
}

/* source: what is longer than the terminal goes through a pager. */
static int cmd_source(int argc, char **argv) {
    const char *end = own_source_end, *from = own_source;
    const char *pager = getenv("PAGER");
    struct winsize screen = screen_of(1);
    size_t width = isatty(1) ? screen.ws_col : 0;
    FILE *to = stdout;

    if (argc > 2 || (argc > 1 && !(from = find_source(argv[1], &end))))
        refuse("there is no chapter and no function \"%s\"\n"
               "  try:    minicontainer source uts\n"
               "  try:    minicontainer source child_side",
               shown(argv[argc - 1]));
    int lines = print_source(NULL, from, end, width);
    bool paged = width && lines >= screen.ws_row;
    if (paged) {
        write_line("minicontainer: ", text("%d lines; q leaves the pager",
                                           lines));
        to = popen(pager && *pager ? pager : "more", "w");
        signal(SIGPIPE, SIG_IGN); /* who leaves early: pclose(3) is -1 then */
    }
    if (to)
        print_source(to, from, end, width);
    if (!paged)
        return flushed(0);
    return to && pclose(to) <= 0 ? 0 : OURS;
}

/* =====================================================================
 * WHO IS WHO -- whom 0 inside stands for, if nobody says it
 * =====================================================================
 * For chapter 7: parent_side() asks default_map() before the child is there,
 * write_map() for the lines, and who may write them.
 *
 * If 0 were 0, all that is root's outside would be open to root inside: files,
 * and the switches in /proc/sys. So real root's container gets a range of
 * numbers that nobody owns. Three hand out numbers on a machine: useradd(8),
 * up to 600,100,000, and what it gave is in /etc/subuid and /etc/subgid;
 * systemd, from 524,288 to 1,879,048,191; and an administrator, who writes it
 * into these two files. (Who keeps them elsewhere, in a directory service, is
 * not asked.)
 */
enum { RANGE_FIRST = 1879048192, RANGE_COUNT = 65536 };
#define OWN_MAP "/proc/self/uid_map"

/* Does the user namespace whose MAP this is (the text of a uid_map) know COUNT
 * ids from FIRST on? The machine's own knows all. */
static bool knows_ids(const char *map, unsigned long first,
                      unsigned long count) {
    unsigned long n[3] = { 0, 0, 1 }; /* a line: inside, outside, how many */

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

/* Does the map name nobody but ourselves? That much is free for everybody. */
static bool only_us(const struct container *c) {
    const struct map *m = &c->map[0];

    return c->maps == 1 && m->count == 1 && m->outside == geteuid();
}

/* Has one of LINES (of /etc/subuid: name, first, count) an id of our range, if
 * that begins at FIRST? */
static bool is_owned(const char *lines, unsigned long first) {
    for (char *at = strchr(lines, ':'); at; at = strchr(at, ':')) {
        unsigned long from = strtoul(at + 1, &at, 10);
        unsigned long many = *at == ':' ? strtoul(at + 1, &at, 10) : 0;
        if (from < first + RANGE_COUNT && first < from + many)
            return true;
        at += strcspn(at, "\n");
    }
    return false;
}

/* Real root: the first range that nobody owns. Its count is 0 if it is not ours
 * to use: root of a container, whose namespace knows no such ids. */
static struct map free_range(void) {
    const char *uids = slurp(OWN_MAP), *gids = slurp("/proc/self/gid_map");
    const char *subuid = slurp("/etc/subuid"), *subgid = slurp("/etc/subgid");
    unsigned long first = RANGE_FIRST;

    /* 0 must not become 0 outside only because a file could not be read. */
    if (!*uids || !*gids)
        refuse(OWN_MAP " cannot be read: whom could 0 inside stand for?");
    while (is_owned(subuid, first) || is_owned(subgid, first))
        first += RANGE_COUNT;
    if (first + RANGE_COUNT > UINT_MAX)
        refuse("/etc/subuid and /etc/subgid leave no ids for 0 inside\n"
               "  cure:   --map 0:FIRST:65536, with a range that is yours");
    bool ours = knows_ids(uids, first, RANGE_COUNT) &&
                knows_ids(gids, first, RANGE_COUNT);
    return (struct map){ 0, (unsigned)first, ours ? RANGE_COUNT : 0 };
}

/* Parent, outside. Fill in the map, if --map did not: as real root a range, so
 * long that nobody (65534) and all users of a system are in it; for all others,
 * root of a lab among them, only ourselves. */
static void default_map(struct container *c) {
    bool may = geteuid() == 0 && has_cap(CAP_SETUID) && has_cap(CAP_SETGID);

    if (c->maps == 0) {
        c->map[0] = may ? free_range() : (struct map){ 0 };
        if (c->map[0].count == 0)
            c->map[0] = (struct map){ 0, geteuid(), 1 };
        c->maps = 1;
    }
    for (int i = 0; i < c->maps; i++)
        if (c->map[i].outside == 0 && root_of_machine())
            note("%u inside is 0 outside: what is root's on this machine, its "
                 "files and the switches in /proc/sys, is open to it",
                 c->map[i].inside);
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

/* For others there are newuidmap(1) and newgidmap(1), setuid programs that look
 * into /etc/subuid and /etc/subgid: the one case where we run a program. */
static void map_by_helper(const struct container *c, bool groups) {
    const char *helper = groups ? "newgidmap" : "newuidmap";
    char *shell = text("%s %d %s", helper, c->pid, map_lines(c, groups));

    for (char *p = shell; *p; p++)
        *p = *p == '\n' ? ' ' : *p;
    /* system(3) waits for it, and holds SIGCHLD meanwhile. No word in this line
     * is from outside: numbers, and one of two names. */
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

/* =====================================================================
 * THE LIMITS' WORDS -- what is typed, and why it cannot be had
 * =====================================================================
 * For chapter 14: limit_value() says what a file of the kernel wants for what
 * was typed; no_limits() why there is no place for a cgroup of ours.
 */

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

/* A part of the tree may be ours to write, but without the controller that a
 * limit needs. Ask the highest directory of that part: those below have no
 * more. */
static void refuse_controller(const struct container *c) {
    char dir[PATH_MAX];
    const char *home = NULL;

    snprintf(dir, sizeof dir, "%s", cgroup_dir());
    for (; strlen(dir) >= strlen(CGROUPS); *strrchr(dir, '/') = '\0')
        if (access(text("%s/cgroup.procs", dir), W_OK) == 0)
            home = text("%s/cgroup.controllers", dir);
    for (int i = 0; i < LIMIT_COUNT; i++)
        if (home && c->limit[i] && !has_word(home, limits[i].controller))
            refuse("limits: no --%s here: %s is not delegated to you\n"
                   "  cause:  systemd before 252 gives a user memory and pids "
                   "alone (or the kernel was booted without it)\n"
                   "  cure:   in /etc/systemd/system/user@.service.d/"
                   "delegate.conf the lines [Service] and Delegate=cpu memory "
                   "pids, then log in again", limits[i].option,
                   limits[i].controller);
}

/* Why there can be no limits here: four reasons, four cures. (v1 gives an
 * ordinary user nothing that is safe.) */
static void no_limits(const struct container *c) {
    if (only_v2()) {
        refuse_controller(c);
        refuse("limits: no cgroup here is ours to write, with controllers on\n"
               "  cause:  no delegation: we stand in root's part of the tree\n"
               "  cure:   systemd-run --user --scope -p Delegate=yes "
               "minicontainer run ...");
    }
    if (count(CGROUPS "/*") > 0) /* v1 has a directory for each controller */
        refuse("limits: memory and pids belong to cgroup v1 here\n"
               "  cause:  v1, or both at once (an older system, or WSL 2)\n"
               "  cure:   boot with systemd.unified_cgroup_hierarchy=1; in "
               "WSL: kernelCommandLine=cgroup_no_v1=all");
    refuse("limits: there is no cgroup v2 at " CGROUPS "\n"
           "  cause:  we are in a lab or in a container, or it is not mounted\n"
           "  cure:   try it outside; in a lab no cgroup is ours to mount");
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
    bits named, denied;   /* rows that were switched on, or off, by name     */
    bool only;            /* --only: nothing else is on                      */
    bits given;           /* which of options[] were given                   */
    bits cap_add, cap_drop; /* capabilities, a bit each; and ALL_CAPS        */
    const char *boottime; /* seconds, as typed                               */
    bool init, no_init, explain, step;
    bool always_so;       /* Docker's -i -t --rm                             */
    int envs;             /* how many c.env has                              */
    char **word;          /* the word that is being read                     */
};
/* --cap-add ALL, --cap-drop ALL: a bit that no capability has. */
#define ALL_CAPS BIT(63)
/* How many words our own options may have. */
enum { MOST_WORDS = 10000 };

/* Is WORD one of WORDS? */
static bool is_among(const char *words, const char *word) {
    return strstr(text(" %s ", words), text(" %s ", word));
}

/* How many letters must be changed, added or left out to make A of B:
 * Levenshtein's distance, computed row by row. B is in small letters. */
static int distance(const char *a, const char *b) {
    int row[40], n = (int)strnlen(b, LENGTH(row) - 1);

    for (int j = 0; j <= n; j++)
        row[j] = j;
    /* row[j]: from the letters of A so far to the first j letters of B. */
    for (; *a; a++) {
        int diagonal = row[0]++;
        for (int j = 1; j <= n; j++) {
            int changed = diagonal + (tolower((unsigned char)*a) != b[j - 1]);
            int least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            diagonal = row[j];
            row[j] = least < changed ? least : changed;
        }
    }
    return row[n];
}

/* The one of NAMES, between blanks or commas, that is the fewest slips away. */
static const char *nearest(const char *word, const char *names) {
    char *save, *name = strtok_r(text("%s", names), " ,", &save);
    const char *best = name;

    for (; name; name = strtok_r(NULL, " ,", &save))
        if (distance(word, name) < distance(word, best))
            best = name;
    return best;
}

/* The row called NAME; an unknown one is refused. */
static int need_row(const char *name) {
    const char *all = list_rows(ALL_ROWS);
    int row = find_row(name);

    if (row < 0)
        refuse("there is no isolation \"%s\"; the nearest is %s, and all are "
               "%s\n  try:    minicontainer isolations", shown(name),
               nearest(name, all), all);
    return row;
}

/* DIGITS as a number from 0 to MAX; WHAT is the option, for the message. */
static long long number(const char *digits, const char *what, long long max) {
    char *end;

    errno = 0;
    long long value = strtoll(digits, &end, 10);
    if (end == digits || *end || errno || value < 0 || value > max)
        refuse("%s: \"%s\" is not a number from 0 to %lld", what,
               shown(digits), max);
    return value;
}

/* --only LIST, and --none, which has no list. */
static void set_only(struct request *r, const char *list) {
    char *save, *name = list ? strtok_r(text("%s", list), ",", &save) : NULL;

    r->only = true;
    if (!list || strcmp(list, "none") == 0)
        return;
    if (!name)
        refuse("--only wants a list like user,uts or the word none");
    for (; name; name = strtok_r(NULL, ",", &save))
        r->named |= BIT(need_row(name));
}

/* --env NAME=VALUE. (Docker also takes a bare NAME, and copies the caller's
 * value: here nothing is taken that is not said.) */
static void set_env(struct request *r, const char *pair) {
    if (!strchr(pair, '=') || *pair == '=')
        refuse("--env wants NAME=VALUE, not \"%s\"", shown(pair));
    r->c.env[r->envs++] = (char *)pair;
}

/* --map INSIDE:OUTSIDE:COUNT, up to eight of them. That the lines do not
 * overlap is the kernel's business; it says EINVAL. (scanf(3) takes signs and
 * blanks, and what is too large for the greatest number.) */
static void set_map(struct request *r, const char *line) {
    struct container *c = &r->c;
    unsigned long long in, out, count;
    char more;

    if (line[strspn(line, "0123456789:")] ||
        sscanf(line, "%llu:%llu:%llu%c", &in, &out, &count, &more) != 3 ||
        (in | out | count) > UINT_MAX || count == 0)
        refuse("--map wants INSIDE:OUTSIDE:COUNT, as in 0:1000:1, not \"%s\"",
               line);
    if ((size_t)c->maps == LENGTH(c->map))
        refuse("--map: at most %zu of them", LENGTH(c->map));
    if (c->maps == 0 && in != 0)
        refuse("--map: the first must say who 0 is inside, as in 0:%u:1",
               geteuid());
    c->map[c->maps++] = (struct map){ (unsigned)in, (unsigned)out,
                                      (unsigned)count };
}

/* --volume SRC:DST[:ro]. SRC must be there; DST is looked up by the child, in
 * the new tree. ".." is refused, not followed: what it means could change
 * between two looks. */
static void set_volume(struct request *r, const char *value) {
    /* A copy, cut at the colons; it lives as long as we do. */
    char *src = strdup(value), *dst = src ? strchr(src, ':') : NULL;

    if (!dst || dst == src || dst[1] != '/')
        refuse("--volume wants SRC:/DST or SRC:/DST:ro, with a whole path "
               "behind the colon, not \"%s\"", value);
    *dst++ = '\0';
    char *mode = strchr(dst, ':');
    bool read_only = mode && strcmp(mode, ":ro") == 0;
    if (mode && !read_only && strcmp(mode, ":rw") != 0)
        refuse("--volume: \"%s\" is neither ro nor rw", mode + 1);
    if (mode)
        *mode = '\0';
    /* The place: a whole path, below the root, and one that stays as it is. */
    if (!dst[strspn(dst, "/.")])
        refuse("--volume: %s is the root itself: that is --image", dst);
    if (strstr(text("%s/", dst), "/../"))
        refuse("--volume: no \"..\" in %s: say where it leads", dst);
    if (access(src, F_OK) < 0)
        refuse("--volume: %s: %s", src, strerror(errno));
    r->c.volume[r->c.volumes++] = (struct volume){ src, dst, read_only, -1 };
}

/* --cap-add and --cap-drop NAME, as Docker writes it (NET_ADMIN), or the man
 * pages (CAP_NET_ADMIN); or ALL. Returns its bit. */
static bits cap_bit(const char *option, const char *name) {
    const char *bare = strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name;

    if (strcasecmp(bare, "ALL") == 0)
        return ALL_CAPS;
    for (int i = 0; i < KNOWN_CAPS; i++)
        if (strcasecmp(capabilities[i].name, bare) == 0)
            return BIT(i);
    refuse("%s: there is no capability \"%s\"; the nearest is %s\n"
           "  try:    minicontainer source capabilities", option, shown(name),
           nearest(bare, cap_names(BIT(KNOWN_CAPS) - 1)));
}

/* What is not kept by default is a gift to whoever breaks in: say which. (ALL
 * is not told: it would be all the lines.) */
static void set_cap_add(struct request *r, const char *name) {
    bits bit = cap_bit("--cap-add", name);

    r->cap_add |= bit;
    for (int i = 0; i < KNOWN_CAPS; i++)
        if (bit == BIT(i) && !(DEFAULT_CAPS & bit))
            note("--cap-add %s: who breaks in %s", capabilities[i].name,
                 capabilities[i].attack);
}

static void set_cap_drop(struct request *r, const char *name) {
    r->cap_drop |= cap_bit("--cap-drop", name);
}

/* --privileged: Docker's word for "take down the walls that hold rights back".
 * It is often typed when one right is missing; --cap-add of that one is better.
 * (Docker's also gives all devices and a writable /sys: not here.) */
static void set_privileged(struct request *r, const char *value) {
    (void)value;
    r->denied |= BIT(CAPS) | BIT(SECCOMP);
    r->c.no_mask = true;
}

/* --security-opt: of Docker's words those that mean something here. What names
 * a profile of AppArmor or SELinux, or a file with a filter, is beyond this
 * program, and must not be ignored. */
static void set_security(struct request *r, const char *word) {
    if (strcmp(word, "seccomp=unconfined") == 0)
        r->denied |= BIT(SECCOMP);
    else if (strcmp(word, "systempaths=unconfined") == 0)
        r->c.no_mask = true;
    else if (!is_among("no-new-privileges no-new-privileges:true "
                       "no-new-privileges=true", word))
        refuse("--security-opt: \"%s\" means nothing here; known are "
               "seccomp=unconfined, systempaths=unconfined and "
               "no-new-privileges (it is always so)", word);
}

/* The options that are not isolations. */
#define AT(name) offsetof(struct request, name)
static const struct option_row {
    const char *name;
    char letter;        /* '\0': only the long one                            */
    const char *arg;    /* NULL: takes none                                   */
    int row;            /* belongs to this row; ROWS: to none                 */
    void (*set)(struct request *, const char *value);
    size_t field;       /* set NULL: the value, or true, goes here            */
    char also[4];       /* lab, compare ROW, exec take it too: l, c, e        */
} options[] = {
/*    name, letter, argument, row, set, field, also */
    { "only", 0, "LIST", ROWS, set_only, 0, "" },
    { "none", 0, NULL, ROWS, set_only, 0, "" },
    { "hostname", 0, "NAME", UTS, NULL, AT(c.hostname), "c" },
    { "image", 0, "DIR", ROWS, NULL, AT(c.image), "" },
    { "volume", 'v', "SRC:DST[:ro]", MNT, set_volume, 0, "" },
    { "read-only", 0, NULL, ROOT, NULL, AT(c.read_only), "" },
    /* What the command finds when it begins. */
    { "workdir", 'w', "DIR", ROWS, NULL, AT(c.workdir), "e" },
    { "env", 'e', "NAME=VALUE", ROWS, set_env, 0, "lce" },
    { "map", 0, "IN:OUT:COUNT", USER, set_map, 0, "" },
    { "init", 0, NULL, ROWS, NULL, AT(init), "" },
    { "no-init", 0, NULL, ROWS, NULL, AT(no_init), "" },
    { "boottime", 0, "SECONDS", TIME, NULL, AT(boottime), "c" },
    /* What it may do, and how much. */
    { "cap-add", 0, "CAP", CAPS, set_cap_add, 0, "c" },
    { "cap-drop", 0, "CAP", CAPS, set_cap_drop, 0, "c" },
    { "privileged", 0, NULL, ROWS, set_privileged, 0, "" },
    { "no-mask", 0, NULL, PROC, NULL, AT(c.no_mask), "" },
    { "security-opt", 0, "WORD", ROWS, set_security, 0, "" },
    { "memory", 'm', "SIZE", LIMITS, NULL, AT(c.limit[MEMORY]), "lc" },
    { "cpus", 0, "N", LIMITS, NULL, AT(c.limit[CPUS]), "lc" },
    { "pids-limit", 0, "N", LIMITS, NULL, AT(c.limit[PIDS]), "lc" },
    /* For learners; and Docker's words for what is always so here. */
    { "explain", 0, NULL, ROWS, NULL, AT(explain), "lce" },
    { "step", 0, NULL, ROWS, NULL, AT(step), "lce" },
    { "interactive", 'i', NULL, ROWS, NULL, AT(always_so), "lce" },
    { "tty", 't', NULL, ROWS, NULL, AT(always_so), "lce" },
    { "rm", 0, NULL, ROWS, NULL, AT(always_so), "lce" },
};

/* Docker's words that are not ours: what there is instead, and the lesson. */
static const struct { const char *words, *say, *lesson; } dockers[] = {
    { "-p -P --publish", "no port is published: a container has only lo", "09-net" },
    { "-d --detach", "it ends with who started it: a shell can go on, by &", "01-first-container" },
    { "-h --name", "the name that it can have is --hostname", "02-uts" },
    { "-u", "the user inside is 0; --map says who that is outside", "07-user" },
    { "--entrypoint", "what is started is COMMAND", "01-first-container" },
    { "--mount", "--volume SRC:DST shows a directory", "04-mnt" },
    { "--tmpfs", "/tmp and /run are a tmpfs already", "06-root" },
    { "--restart", "a shell can start it again, in a loop: until ...; done", "01-first-container" },
    { "--device --gpus", "no device is there but null and its like", "06-root" },
    { "--ulimit", "it is limited as a whole: --memory, --cpus, --pids-limit", "14-limits" },
};

/* Nobody knows WORD: say what Docker's users type instead, or the nearest
 * option, unless it is far. */
__attribute__((noreturn))
static void unknown_option(const char *word) {
    const char *name = word + strspn(word, "-"), *all = "";
    const char *no = strncmp(name, "no-", 3) == 0 ? "no-" : "";

    for (size_t i = 0; i < LENGTH(dockers); i++)
        if (is_among(dockers[i].words, word))
            refuse("%s: %s\n  lesson: lessons/%s", word, dockers[i].say,
                   dockers[i].lesson);
    for (int row = 0; row < ROWS; row++)
        all = text("%s %s%s", all, no, isolations[row].name);
    for (size_t i = 0; i < LENGTH(options); i++)
        all = text("%s %s", all, options[i].name);
    const char *best = nearest(name, all);
    bool near = 3 * distance(name, best) <= (int)strlen(name) + 1;
    refuse("there is no option %s here%s%s\n"
           "  try:    minicontainer run --help", shown(word),
           near ? "; the nearest is --" : "", near ? best : "");
}

/* --pid=host means --no-pid; --network=none is what net always is here. NEXT
 * is the next word, or NULL: a value that was not joined. */
static void set_row(struct request *r, int row, bool wanted, const char *value,
                    const char *next) {
    const char *name = isolations[row].name, *word = value ? value : next;
    bool host = word && strcmp(word, "host") == 0;
    bool none = word && row == NET && strcmp(word, "none") == 0;

    if (row == MNT && word && strstr(word, "type=")) /* Docker's --mount */
        unknown_option("--mount");
    if (value && !host && !none)
        refuse("--%s=%s: only \"host\" is known%s", name, shown(value),
               row == NET ? ", and \"none\", as it always is here" : "");
    if (wanted && !value && (host || none))
        refuse("--%s %s: the value must be joined\n"
               "  try:    minicontainer run --%s=%s", name, next, name, next);
    bool digit = word && isdigit((unsigned char)*word);
    if (wanted && !value && row == USER && digit)
        refuse("--user is the user *namespace*; Docker's --user %s is a number "
               "in it\n  cause:  --map says which number outside is 0 inside\n"
               "  try:    minicontainer run --map 0:%u:1", shown(word),
               geteuid());
    *(wanted && !(value && host) ? &r->named : &r->denied) |= BIT(row);
}

/* Option number I with its VALUE; NULL: if it wants one, that is the next. */
static void take_option(struct request *r, size_t i, const char *value) {
    const struct option_row *o = &options[i];
    char *field = (char *)r + o->field;

    r->given |= BIT(i);
    if (value && !o->arg)
        refuse("--%s takes no value", o->name);
    if (o->arg && !value && !(value = *++r->word))
        refuse("--%s wants an argument: %s", o->name, o->arg);
    /* It may come back in a message, or in a prompt; but not behind NAME=. */
    const char *clean = value ? shown(value) : "";
    size_t n = strcspn(clean, o->set == set_env ? "=" : "");
    if (*clean && strncmp(clean, value, n) != 0)
        refuse("--%s: a control character in the value", o->name);
    /* Three kinds: a function takes it, or it is a text, or it is a yes. */
    if (o->set)
        o->set(r, value);
    else if (o->arg)
        memcpy(field, &value, sizeof value);
    else
        *(bool *)field = true;
}

/* --NAME or --NAME=VALUE: an option, or a row by one of its names. The name
 * must be whole. */
static void take_long(struct request *r, const char *word) {
    const char *value = strchr(word, '=');
    const char *name = text("%.*s", (int)strcspn(word + 2, "="), word + 2);
    bool off = strncmp(name, "no-", 3) == 0;
    int row = find_row(off ? name + 3 : name);
    size_t i = 0;

    value = value ? value + 1 : NULL;
    while (i < LENGTH(options) && strcmp(options[i].name, name) != 0)
        i++;
    if (i < LENGTH(options))
        take_option(r, i, value);
    else if (row < 0)
        unknown_option(text("--%s", name));
    else if (off && value)
        refuse("--%s takes no value", name);
    else
        set_row(r, row, !off, value, r->word[1]);
}

/* -v VALUE, -vVALUE, or letters without values: -it. */
static void take_short(struct request *r, const char *letter) {
    for (bool joined = false; *letter && !joined; letter++) {
        size_t i = 0;
        while (i < LENGTH(options) && options[i].letter != *letter)
            i++;
        if (i == LENGTH(options))
            unknown_option(text("-%c", *letter));
        joined = options[i].arg;
        take_option(r, i, joined && letter[1] ? letter + 1 : NULL);
    }
}

/* Read the options of run (and compare, lab, exec) into R, whose container is
 * preset, from word FIRST on. A "--" ends them. Returns the index of the first
 * word that is none: the command; what follows is the command's own. */
static int parse_options(struct request *r, int argc, char **argv, int first) {
    /* No more volumes than words, and no more variables (and a NULL). */
    static struct volume volume[MOST_WORDS + 2];
    static char *env[MOST_WORDS + 2];

    (void)argc;
    r->c.volume = volume;
    r->c.env = env;
    /* (A lone "-" is no option: many programs mean standard input by it.) */
    for (r->word = argv + first; *r->word && **r->word == '-'; r->word++) {
        const char *word = *r->word;
        if (!word[1] || strcmp(word, "--") == 0)
            break;
        if (r->word - argv > MOST_WORDS)
            refuse("more than %d words of options", MOST_WORDS);
        if (word[1] == '-')
            take_long(r, word);
        else
            take_short(r, word + 1);
    }
    narrator.step = r->step;
    narrator.explain = r->explain || r->step;
    r->word += *r->word && strcmp(*r->word, "--") == 0;
    return (int)(r->word - argv);
}

/* lab, exec and `compare ROW` set the isolations themselves: what they cannot
 * honour they refuse. WHICH is their letter in options[]. */
static void only_these(const struct request *r, char which, const char *who) {
    bits others = r->named | r->denied;
    const char *list = "";

    for (size_t i = 0; i < LENGTH(options); i++) {
        bool takes = strchr(options[i].also, which) != NULL;
        others |= takes ? 0 : r->given & BIT(i);
        list = takes ? text("%s --%s", list, options[i].name) : list;
    }
    if (others)
        refuse("%s sets the isolations itself; of run's options it takes only"
               "%s", who, list);
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

/* Those that change what a process may do; all others change what it sees. */
#define RIGHTS (BIT(CAPS) | BIT(SECCOMP) | BIT(LIMITS))
/* What needs no privilege: no_new_privs is enough for a filter, and a cgroup
 * needs a directory that is ours. */
#define FREE (BIT(SECCOMP) | BIT(LIMITS))

/* A container that nothing is said about yet. */
static void preset(struct container *c) {
    memset(c, 0, sizeof *c);
    c->hostname = "box";
    c->caps = DEFAULT_CAPS;
    c->proc_fd = -1;
}

/* ROWS with what they lack, so that all rules are kept. */
static bits completed(bits rows) {
    if (rows & ~FREE && !has_cap(CAP_SYS_ADMIN))
        rows |= BIT(USER);
    for (int row = 0; row < ROWS; row++)
        if (rows & BIT(row))
            rows |= partners(row, rows);
    return rows;
}

/* ROW lacks MISSING. A default gives way; what was named is refused, with the
 * rule, a line to copy that works, and the lesson. */
static void give_way(struct request *r, int row, bits missing) {
    const char *name = isolations[row].name, *list = list_rows(missing);
    const char *rule = missing & BIT(MNT)
        ? "its mounts would be the machine's"
        : "a user namespace mounts /proc only for a PID namespace of its own";

    if (r->named & BIT(row))
        refuse("%s cannot be without %s: %s\n"
               "  try:    minicontainer run --only %s\n"
               "  lesson: lessons/%02d-%s", name, list, rule,
               list_rows(completed(r->c.rows)), isolations[row].chapter, name);
    r->c.rows &= ~BIT(row);
    note("%s gives way: it cannot be without %s", name, list);
}

/* Fills in the rows, or refuses. The first three rules are in partners(), the
 * fourth is the last refusal here. */
static void settle_rows(struct request *r) {
    struct container *c = &r->c;

    if (r->named & r->denied)
        refuse("%s: asked for and denied at once; say one of them",
               list_rows(r->named & r->denied));
    c->rows = r->only ? r->named : ALL_ROWS & ~r->denied;
    for (int row = ROWS - 1; row >= 0; row--) { /* proc before the rest */
        bits missing = partners(row, c->rows) & ~c->rows;
        if (on(c, row) && missing)
            give_way(r, row, missing);
    }
    if (c->rows & ~FREE && !on(c, USER) && !has_cap(CAP_SYS_ADMIN))
        refuse("without privilege only user is free: it gives the right to "
               "the others\n  try:    minicontainer run --only %s\n"
               "  try:    minicontainer lab\n  lesson: lessons/07-user",
               list_rows(completed(c->rows)));
}

/* The command is PID 1 if that is the WISH, and if there is a PID 1. */
static void choose_init(struct container *c, bool wish) {
    c->init = !(wish && on(c, PID));
}

/* --only means nothing else: then the command is PID 1. Where pid is off there
 * is none, and an init ends what is left. */
static void settle_init(struct request *r) {
    if (r->init && r->no_init)
        refuse("init: asked for and denied at once; say one of them");
    if (r->no_init && !on(&r->c, PID))
        refuse("--no-init needs pid: without it somebody must end what the "
               "command leaves behind\n"
               "  try:    minicontainer run --no-init --only %s\n"
               "  lesson: lessons/03-pid",
               list_rows(completed(r->c.rows | BIT(PID))));
    choose_init(&r->c, r->no_init || (r->only && !r->init));
}

/* Refuse an option of a row that is off: it would be silently useless; and
 * values that cannot be. What is left of them goes into the container. */
static void check_options(struct request *r) {
    struct container *c = &r->c;
    bool good = *c->hostname && strlen(c->hostname) <= 64;

    for (size_t i = 0; i < LENGTH(options); i++) {
        int row = options[i].row;
        if (r->given & BIT(i) && row != ROWS && !on(c, row))
            refuse("--%s belongs to the isolation %s, which is off\n"
                   "  cure:   leave --%s out, or switch %s on\n"
                   "  try:    minicontainer run --only %s", options[i].name,
                   isolations[row].name, options[i].name, isolations[row].name,
                   list_rows(completed(c->rows | BIT(row))));
    }
    /* The kernel takes any bytes; a prompt, /etc/hosts and Docker do not. */
    for (const char *p = c->hostname; *p; p++)
        good &= isalnum((unsigned char)*p) || strchr(".-", *p);
    if (!good)
        refuse("--hostname wants 1 to 64 letters, digits, dots and hyphens");
    for (int i = 0; i < LIMIT_COUNT; i++)
        if (c->limit[i] && !limit_value(i, c->limit[i]))
            refuse("--%s: \"%s\" is no such limit; write --memory 50M (at "
                   "least 6M), --cpus 0.5, --pids-limit 100",
                   limits[i].option, c->limit[i]);
    if (r->boottime)
        c->age = number(r->boottime, "--boottime", 1000000000);
    /* ALL first, as Docker reads it, then single ones. What is both added and
     * dropped is dropped (Docker keeps it). */
    c->caps = r->cap_drop & ALL_CAPS ? 0 : DEFAULT_CAPS;
    c->caps |= r->cap_add & ALL_CAPS ? ~(bits)0 : r->cap_add;
    c->caps &= ~r->cap_drop;
}

/* An image is a directory that we may enter. All that is in it is the image's
 * business, but a place for what was named. */
static void check_image(const struct request *r) {
    const struct container *c = &r->c;
    struct stat st;

    if (!c->image)
        return;
    /* (Without mnt it is a chroot(2), for who has the privilege.) */
    if (!on(c, ROOT) &&
        (on(c, MNT) || (!on(c, USER) && !has_cap(CAP_SYS_ADMIN))))
        refuse("--image is the new root, and the isolation root is off\n"
               "  cure:   leave --image out, or switch root on");
    int fd = open(c->image, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || access(c->image, X_OK) < 0)
        refuse("--image: %s: %s", c->image, strerror(errno));
    bool proc = fstatat(fd, "proc", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                S_ISDIR(st.st_mode);
    close(fd);
    if (r->named & BIT(PROC) && !proc)
        refuse("--image: %s has no directory /proc, which --proc needs\n"
               "  cure:   mkdir %s/proc", c->image, c->image);
}

/* The options are read: all that a run and a comparison have in common. */
static void settle(struct request *r) {
    settle_rows(r);
    settle_init(r);
    check_options(r);
    check_image(r);
    if (!r->c.workdir && (on(&r->c, ROOT) || r->c.image))
        r->c.workdir = "/";
}

/* run: the whole of it. Ends with the command's status. */
static void become_a_copy(char **argv);
static int cmd_run(int argc, char **argv) {
    struct request r = { .only = false };

    /* What an image or a volume has under the name of the command may be a link
     * to our own file. So go on as a copy, before anything is said twice. */
    for (char **word = argv; *word; word++)
        if (strncmp(*word, "--image", 7) == 0 || strncmp(*word, "-v", 2) == 0 ||
            strncmp(*word, "--volume", 8) == 0)
            become_a_copy(argv);
    preset(&r.c);
    int first = parse_options(&r, argc, argv, 1);
    r.c.argv = argv[first] ? argv + first : NULL;
    settle(&r);
    if (!on(&r.c, USER) && root_of_machine())
        note("you are root of this machine and it shares %s with COMMAND: what "
             "it changes stays changed; practise in `minicontainer lab`",
             list_rows(ALL_ROWS & ~r.c.rows & ~RIGHTS));
    int status = parent_side(&r.c);
    if (status == 128 + SIGSYS && on(&r.c, SECCOMP))
        note("status %d is that of SIGSYS: most often a program for another "
             "processor (32 bits, or x32): the filter knows one\n"
             "  try:    minicontainer run --no-seccomp\n"
             "  lesson: lessons/13-seccomp", status);
    /* (Nothing of stdio(3) was used: there is nothing to flush.) */
    _exit(status);
}

/* =====================================================================
 * THE COPY -- this program, where nobody can write to it
 * =====================================================================
 * What stands in a container under the name of the command may be a link to
 * /proc/self/exe, or a script with that behind its #!. Then we are what runs in
 * there; and as /proc/PID/exe our own file can be written, or get another mode
 * (set-uid!), since 0 inside may be the user that it belongs to. That hole was
 * in Docker (CVE-2019-5736). So we go on as a copy of our file in memory, which
 * has no path and is sealed; runc does the same. exec, lab, compare and
 * run --image begin so, before they have read an option.
 */

/* MFD_EXEC, of Linux 6.3; some systems ask for it since. */
#define MAY_RUN 0x10U

/* ARGV are the words behind our own name. In the copy that name is the path of
 * the file: what lies beside it is found by that. memfd_create(2), fcntl(2) */
static void become_a_copy(char **argv) {
    const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    static char path[PATH_MAX];
    int self = TRY_BUT(EACCES, open("/proc/self/exe", O_RDONLY | O_CLOEXEC));

    /* Skipped for a file that we may not even read (mode 0711): it is another
     * user's, and whoever we are inside cannot change it, either. */
    if (self < 0)
        return;
    /* The copy comes here, too. */
    if (TRY_BUT(EINVAL, fcntl(self, F_GET_SEALS)) == seals) {
        TRY(prctl(PR_SET_NAME, "minicontainer", 0, 0, 0));
        close(self);
        return;
    }
    int copy = TRY_BUT(EINVAL, memfd_create("minicontainer", flags | MAY_RUN));
    if (copy < 0)
        copy = TRY(memfd_create("minicontainer", flags));
    while (TRY(sendfile(copy, self, NULL, 1 << 20)) > 0)
        continue;
    TRY(fcntl(copy, F_ADD_SEALS, seals));
    TRY(readlink("/proc/self/exe", path, sizeof path - 1));
    argv[-1] = path;
    TRY(fexecve(copy, argv - 1, environ));
}

/* The directory `lessons` beside this program, whatever it was called by. It
 * need not be there. */
static const char *lessons_dir(void) {
    static char path[PATH_MAX];
    ssize_t n = TRY(readlink("/proc/self/exe", path, sizeof path - 16));

    path[n] = '\0';
    if (strncmp(path, "/memfd:", 7) == 0)
        snprintf(path, sizeof path - 16, "%s", title.at);
    char *end = strrchr(path, '/');
    memcpy(end ? end : path, "/lessons", sizeof "/lessons");
    return path;
}

/* A process of ours that stays inside, or runs as another user: its memory must
 * not show what the caller has in the environment (tokens!). */
static void forget_environment(void) {
    for (char **e = environ; e && *e; e++)
        memset(*e, 0, strlen(*e));
    clearenv();
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
 * mounts of its own, so its root may make them writable; then they belong to
 * another user, whom the lab has no number for. Where they do not, furnish()
 * says it.
 */
#define LESSONS "/run/lessons" /* the machine's, until they are copied */

/* Child. A second address on lo, so that the lab's network differs from a new
 * one. (A label behind the name makes an address, not an interface.) */
static void add_address(void) {
    struct ifreq request = { .ifr_name = "lo:0" };
    struct sockaddr_in address = { .sin_family = AF_INET };
    int fd = TRY(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

    inet_pton(AF_INET, "10.0.0.1", &address.sin_addr);
    memcpy(&request.ifr_addr, &address, sizeof address);
    TRY(ioctl(fd, SIOCSIFADDR, &request));
    close(fd);
}

/* Child: start the victim. It does nothing, and may be killed. It is in a
 * session of its own, and has an abstract socket for its stdin: a name without
 * a file, with a zero byte first, which belongs to the network namespace; see
 * unix(7).
 * clean_start() closes what is above 2: so the pipe ends when it is ready. */
static pid_t start_victim(const struct container *c) {
    struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0victim" };
    socklen_t size = offsetof(struct sockaddr_un, sun_path) + sizeof "victim";
    int fd = TRY(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), ready[2];
    char byte;

    TRY(bind(fd, (struct sockaddr *)&name, size));
    TRY(listen(fd, 8));
    TRY(pipe2(ready, O_CLOEXEC));
    pid_t victim = TRY(fork());
    if (victim > 0) {
        close(fd);
        TRY(close(ready[1]));
        TRY(read(ready[0], &byte, 1));
        close(ready[0]);
        return victim;
    }
    narrator.explain = narrator.step = false; /* it is no step of its own */
    setsid();
    forget_environment();
    set_name("victim");
    dup2(fd, 0);
    clean_start(c);
    for (;;)
        pause();
}

/* Copy the machine's lessons: files and directories, what is in them, and
 * whether it can be executed. Then they go out of sight: so they cannot be
 * broken. */
static void copy_lessons(void) {
    static const char *const levels[] = { "", "/*", "/*/*", "/*/*/*" };
    struct stat st;
    glob_t found;

    for (int i = 0; i < 4; i++) {
        int flags = GLOB_ERR | (i ? GLOB_APPEND : 0);
        int result = glob(text(LESSONS "%s", levels[i]), flags, NULL, &found);
        if (result != 0 && result != GLOB_NOMATCH)
            failed("glob(LESSONS, GLOB_ERR)", "", __LINE__);
    }
    if (found.gl_pathc < 2) /* (glob(3) does not tell of readdir(3)'s errors) */
        failed("readdir(3) below " LESSONS, "", __LINE__);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *from = found.gl_pathv[i];
        const char *to = text("/root/lessons%s", from + strlen(LESSONS));
        TRY(stat(from, &st));
        if (S_ISDIR(st.st_mode))
            TRY(mkdir(to, 0755));
        else if (S_ISREG(st.st_mode))
            copy_file(from, to, st.st_mode & 0111 ? 0755 : 0644);
    }
    globfree(&found);
    SYS(umount2(LESSONS, MNT_DETACH));
    TRY(rmdir(LESSONS));
}

/* Child, root of the lab. Is something that is only shown the lab's own? */
static void note_owned(void) {
    static const char *const shows[] = { "/usr", "/nix", "/gnu" };
    struct stat st;

    for (size_t i = 0; i < LENGTH(shows); i++)
        if (stat(shows[i], &st) == 0 && st.st_uid == 0)
            note("your own user owns %s: what the lab breaks there is broken "
                 "(its mount was made in a namespace of our own, so it is not "
                 "locked: root of the lab can make it writable)", shows[i]);
}

/* Child, last: we are root of the new tree, and PID 1. */
static void furnish(struct container *c) {
    struct { long type; char text[40]; } message = { 1, "meet me at noon" };

    say("the practice host gets something for every wall to protect");
    /* Small numbers are often the same in two places: begin at 1001. */
    put_if_allowed("/proc/sys/kernel/ns_last_pid", "1000");
    make_file("/run/victim.pid", 0644, text("%d\n", start_victim(c)));
    make_file("/root/diary", 0600,
              "Dear diary, nobody else shall read this.\n");
    add_address();
    int queue = msgget(0x0d1a21, IPC_CREAT | 0600);
    if (queue >= 0)
        msgsnd(queue, &message, sizeof message.text, IPC_NOWAIT);
    /* The program, its source and the lessons, to be broken: copies. */
    TRY(mkdir("/opt/minicontainer", 0755));
    copy_file("/proc/self/exe", "/opt/minicontainer/minicontainer", 0755);
    make_file("/root/minicontainer.c", 0644, own_source);
    if (c->volumes > 0)
        copy_lessons();
    if (c->instead)
        return;
    note_owned();
    if (!c->argv)
        write_line("minicontainer: ", "a practice host: break what you "
                   "like, exit resets it");
}

/* All views but cgroup (lesson 10 needs a before), all rights (so that
 * containers can be made in it, and broken), an init, ten days of age. */
static void preset_lab(struct container *c) {
    preset(c);
    c->rows = ALL_ROWS & ~RIGHTS & ~BIT(CGROUP);
    c->lab = c->init = true;
    c->hostname = "lab";
    c->workdir = "/root";
    c->age = 864000;
    if (!namespace_id("time")) /* such a kernel: a lab without lesson 11 */
        c->rows &= ~BIT(TIME);
}

/* lab: its isolations are given; the environment is the learner's. */
static int cmd_lab(int argc, char **argv) {
    static struct volume lessons = { NULL, LESSONS, true, -1 };
    struct request asked = { .only = false };
    struct container c;

    become_a_copy(argv);
    preset(&asked.c);
    int first = parse_options(&asked, argc, argv, 1);
    only_these(&asked, 'l', "lab");
    asked.c.rows = BIT(LIMITS);
    check_options(&asked);
    preset_lab(&c);
    c.env = asked.c.env;
    /* For a class on one server: nobody's fork bomb is everybody's. */
    memcpy(c.limit, asked.c.limit, sizeof c.limit);
    c.rows |= limited(&c) ? BIT(LIMITS) : 0;
    c.argv = argv[first] ? argv + first : NULL;
    lessons.src = lessons_dir();
    c.volume = &lessons;
    c.volumes = access(lessons.src, R_OK | X_OK) == 0;
    if (!c.volumes && errno != ENOENT)
        note("no lessons here: %s: %s", lessons.src, strerror(errno));
    return parent_side(&c);
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

/* The rows in whose namespaces process PID is, and we are not. CLOSED, with
 * errno: we may not know. */
#define CLOSED BIT(ROWS)
static bits other_namespaces(pid_t pid) {
    bits rows = 0;
    struct stat st;

    for (int row = 0; row < ROWS; row++) {
        const char *name = isolations[row].name;
        ino_t ours = namespaces[row].flag ? namespace_id(name) : 0;
        if (!ours)
            continue;
        if (stat(text("/proc/%d/ns/%s", pid, name), &st) < 0)
            return CLOSED;
        rows |= st.st_ino != ours ? BIT(row) : 0;
    }
    return rows;
}

/* The first child of process PID, or its LAST; 0: it has none. */
static pid_t child_of(pid_t pid, bool last) {
    char *at = slurp(text("/proc/%d/task/%d/children", pid, pid)), *end;
    pid_t found = 0, next;

    while ((next = (pid_t)strtol(at, &end, 10)) > 0 && (last || !found)) {
        found = next;
        at = end;
    }
    return found;
}

/* Is the user namespace of PROCESS one that we have made, out of our own? That
 * cannot be chosen, as a name can: who names a process "lab" and waits for root
 * shall not have root's terminal. NS_GET_PARENT and NS_GET_OWNER_UID:
 * ioctl_ns(2) */
static bool made_by_us(pid_t process) {
    int fd = open(text("/proc/%d/ns/user", process),
                  O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int above = fd < 0 ? -1 : ioctl(fd, 0xb702);
    uid_t owner;
    struct stat st;
    bool ours = above >= 0 && TRY(fstat(above, &st)) == 0 &&
                st.st_ino == namespace_id("user") &&
                ioctl(fd, 0xb704, &owner) == 0 && owner == geteuid();

    close(above);
    close(fd);
    return ours;
}

/* The PID of a supervisor stands for its container, the newest child. An init
 * of ours is closed to us; its first child, the command, is not. (If it was the
 * init's number, that child must be in one of ours: others are closed, too.) */
static pid_t container_of(pid_t pid) {
    bits rows = other_namespaces(pid), theirs;
    pid_t inner = rows ? pid : child_of(pid, true);

    if (inner > 0 && other_namespaces(inner) == CLOSED)
        inner = child_of(inner, false);
    theirs = inner > 0 ? other_namespaces(inner) : 0;
    if (rows == CLOSED && theirs && !made_by_us(inner))
        return pid;
    return theirs && theirs != CLOSED ? inner : pid;
}

/* The newest PID 1 that calls itself NAME (a lab's init: "lab") and stands in a
 * container of ours; 0: there is none. (Newest: the highest number, until they
 * begin again. A command is PID 1 only with --no-init; else our init is, whose
 * name nobody inside can change.) */
static pid_t find_by_name(const char *name) {
    DIR *dir = opendir("/proc");
    pid_t newest = 0;

    for (struct dirent *e; dir && (e = readdir(dir));) {
        pid_t pid = atoi(e->d_name);
        char *comm = slurp(text("/proc/%s/comm", e->d_name));
        if (pid > newest && strcmp(comm, text("%s\n", name)) == 0 &&
            match(slurp(text("/proc/%d/status", pid)), "^NSpid:.*\t1$") &&
            made_by_us(pid))
            newest = pid;
        if (*comm) /* there may be thousands */
            free(comm);
    }
    if (dir)
        closedir(dir);
    return newest;
}

/* In there, in the place of the command: first into the cgroup of the
 * container, whose list of processes was opened outside; "0" is who writes. Why
 * not CLONE_INTO_CGROUP? We stand in the container's cgroup namespace by then,
 * and where the tree is mounted with nsdelegate the kernel looks for the place
 * that we come from below the root of that: ENOENT. */
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
 * ours. (Setns(2) into a user namespace makes the bounding set full again; and
 * which calls a filter forbids nobody can ask: ours has the default rows for
 * this set.) */
static void take_rights_of(struct container *c, pid_t pid) {
    const char *status = slurp(text("/proc/%d/status", pid));
    const char *cgroup = own_cgroup(text("%d", pid));
    bits bounds = status_bits(status, "CapBnd:");
    int last = atoi(slurp("/proc/sys/kernel/cap_last_cap"));

    if (!strstr(status, "\nCapBnd:"))
        refuse("/proc/%d/status cannot be read", pid);
    if (bounds != BIT(last + 1) - 1) {
        c->rows |= BIT(CAPS);
        c->caps = bounds;
    }
    if (filters(status) > 0)
        c->rows |= BIT(SECCOMP);
    if (strstr(cgroup, "/minicontainer-") &&
        strcmp(cgroup, own_cgroup("self")) != 0) {
        cgroup_procs = TRY(open(text(CGROUPS "%s/cgroup.procs", cgroup),
                                O_WRONLY | O_CLOEXEC));
        c->instead = join_cgroup;
        c->with = c;
    }
}

/* Enter the container of process PID, which PIDFD pins, and run the command
 * there. After setns(2) /proc is another one: so all is read before. */
static int enter_container(struct container *c, pid_t pid, int pidfd,
                           bool named) {
    static char hostname[65];
    bits rows = other_namespaces(pid);
    int flags = 0, way = O_PATH | O_DIRECTORY | O_CLOEXEC;

    if (rows == 0)
        refuse("process %d is in no container: all its namespaces are ours\n"
               "  try:    pgrep -a minicontainer", pid);
    if (rows == CLOSED)
        refuse("/proc/%d/ns: %s\n  cause:  only its owner and root may enter a "
               "container", pid, strerror(errno));
    int root = TRY(open(text("/proc/%d/root", pid), way));
    int cwd = TRY(open(text("/proc/%d/cwd", pid), way));
    say("process %d has other namespaces than we: %s", pid, list_rows(rows));
    take_rights_of(c, pid);
    c->no_setgroups = strstr(slurp(text("/proc/%d/setgroups", pid)), "deny");
    c->proc_fd = TRY(open("/proc", way));
    /* Was all that was read so far about the process that the pidfd means? It
     * is, if that still lives by this number in this /proc. */
    if ((named && !made_by_us(pid)) ||
        !strstr(slurp(text("/proc/self/fdinfo/%d", pidfd)),
                text("\nPid:\t%d\n", pid)))
        refuse("process %d has ended, or became another, while we looked", pid);
    /* Root's groups stay outside. While we still may: inside it can be denied.
     * (An ordinary user enters only their own.) */
    if (has_cap(CAP_SETGID))
        TRY_BUT(EPERM, setgroups(0, NULL));
    TRY(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)); /* until execve(2); see above */
    for (int row = 0; row < ROWS; row++)
        flags |= rows & BIT(row) ? (int)namespaces[row].flag : 0;
    SYSV(setns(pidfd, flags), "%s", list_rows(rows));
    /* Now we are in: who are we here, and where? */
    TRY(gethostname(hostname, sizeof hostname - 1));
    c->hostname = hostname;
    if (rows & BIT(USER))
        become_root(c);
    /* (setns(2) has put us at the root of its mounts, but it may be in a
     * chroot.) */
    TRY(fchdir(root));
    SYS(chroot("."));
    TRY(fchdir(cwd));
    c->own_pids = rows & BIT(PID);
    c->own_root = rows & BIT(MNT);
    c->init = true;
    return parent_side(c);
}

/* exec [PID | NAME] [--] [COMMAND]: the lab, if nothing is said. A number is a
 * process, anything else a name. */
static int cmd_exec(int argc, char **argv) {
    struct request r = { .only = false };

    become_a_copy(argv);
    preset(&r.c);
    int first = parse_options(&r, argc, argv, 1);
    only_these(&r, 'e', "exec");
    const char *who = argv[first] ? argv[first++] : "lab";
    bool named = !isdigit((unsigned char)*who);
    pid_t pid = named ? find_by_name(who)
                      : container_of((pid_t)number(who, "PID", INT_MAX));
    int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    if (pidfd < 0)
        refuse("there is no running container \"%s\": a PID, or the word lab\n"
               "  try:    minicontainer lab\n"
               "  try:    pgrep -a minicontainer", shown(who));
    first += argv[first] && strcmp(argv[first], "--") == 0;
    r.c.argv = argv[first] ? argv + first : NULL;
    return enter_container(&r.c, pid, pidfd, named);
}

/* =====================================================================
 * COMPARE -- without and with
 * =====================================================================
 * Without a ROW: what this process sees, and what a container's sees. A
 * function of ours runs in there in the place of a command (c->instead), though
 * the program is not in the image: the child is a copy of us. It answers
 * through memory that we share with it.
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

/* SIZE bytes, all 0, that our children share with us: no copies. */
static void *shared(size_t size) {
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED)
        failed("mmap(NULL, size, ...)", "", __LINE__);
    return at;
}

/* Run container C with INSTEAD in the place of its command. Returns only if
 * that has come to its end. */
static void ask(struct container *c, int (*instead)(void *), void *with) {
    c->instead = instead;
    c->with = with;
    fflush(stdout); /* or the child would print it a second time */
    int status = parent_side(c);
    if (status != 0)
        leave(status);
}

/* In the child: all rows, to the one who asked. */
static int report_look(void *with) {
    struct view *view = with;

    for (int row = 0; row < ROWS; row++)
        view[row] = look_at(row);
    return 0;
}

/* compare, without a row: this machine and a container of all chosen rows. */
static int compare_all(struct container *c) {
    struct view *there = shared(ROWS * sizeof *there);

    /* First the container: it must not hinder what we look at afterwards. */
    ask(c, report_look, there);
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
               own ? "own" : "shared", column(shown(here.sees), 25),
               column(shown(there[row].sees), 25), on(c, row) ? "--no-" : "--",
               isolations[row].name);
    }
    /* Two lines of explanation: the whole is to fit on one screen. */
    printf("\nown: the container has its own one.  shared: it is the machine's."
           "\nOne row in detail: minicontainer compare ROW, as in compare uts"
           "\n");
    return flushed(0);
}

/* One half of compare ROW. What comes of it is in memory that is shared. */
struct outcome { struct view before, after; int status; };
struct half {
    int row;
    struct container nested; /* the container that runs the command           */
    int input;               /* a file in memory: the command's stdin, or -1  */
    int said;                /* another: its stdout and stderr                */
    struct outcome *out;
};

/* In the nested container: take the files in memory, and become the command.
 * (What the narrator would say of that is no answer of the command's.) */
static int speak(void *with) {
    struct half *h = with;

    narrator.explain = narrator.step = false;
    if (h->input >= 0) {
        TRY(lseek(h->input, 0, SEEK_SET));
        TRY(dup2(h->input, 0));
    }
    TRY(dup2(h->said, 1));
    TRY(dup2(h->said, 2));
    h->nested.instead = NULL;
    start_command(&h->nested);
}

/* In the lab: look at the row, run the command in a container, look again. */
static int compare_side(void *with) {
    struct half *h = with;

    /* We have changed our user without an execve(2), and so the kernel keeps
     * our /proc files from us; the nested container's map is written there. */
    TRY(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
    h->nested.instead = speak;
    h->nested.with = h;
    h->out->before = look_at(h->row);
    h->out->status = parent_side(&h->nested);
    h->out->after = look_at(h->row);
    return 0;
}

/* One half: a lab, and in it a container of just ROWS. In a lab nothing can be
 * limited, but a lab can: so there for that row. Leaves if it was told to end:
 * the other half would begin as if nothing had been said. */
static void run_half(struct half *h, const struct container *c, bits rows) {
    struct container lab;
    int end;

    h->nested = *c;
    h->nested.rows = rows & ~BIT(LIMITS);
    memset(h->nested.limit, 0, sizeof h->nested.limit);
    choose_init(&h->nested, true);
    h->said = TRY(memfd_create("said", MFD_CLOEXEC));
    h->out = shared(sizeof *h->out);
    preset_lab(&lab);
    lab.rows |= rows & BIT(LIMITS);
    if (rows & BIT(LIMITS))
        memcpy(lab.limit, c->limit, sizeof lab.limit);
    ask(&lab, compare_side, h);
    end = told_to_end ? told_to_end : h->out->status - 128;
    if (ends(end)) {
        note("ended by a signal (%s): there is nothing to compare",
             strsignal(end));
        leave(128 + end);
    }
}

/* Both halves read the same: what comes on a stdin that is no terminal (a pipe,
 * a file) is read to its end, into memory, before they begin. (An endless one
 * must not be given.) Returns a descriptor, or -1. */
static int keep_input(void) {
    struct stat st;
    char some[4096];

    TRY(fstat(0, &st));
    if (!S_ISFIFO(st.st_mode) && !S_ISREG(st.st_mode) && !S_ISSOCK(st.st_mode))
        return -1;
    int memory = TRY(memfd_create("input", MFD_CLOEXEC));
    if (poll(&(struct pollfd){ .fd = 0, .events = POLLIN }, 1, 1000) == 0)
        note("reading standard input to its end, for both halves; "
             "</dev/null gives them none");
    for (ssize_t n; (n = TRY(read(0, some, sizeof some))) > 0;)
        TRY(write(memory, some, (size_t)n));
    return memory;
}

/* All that the command has said, as a text: a tab or a zero byte as a blank. */
static const char *all_said(int memory) {
    char *said = read_all(memory);
    struct stat st;

    TRY(fstat(memory, &st));
    for (off_t i = 0; i < st.st_size; i++)
        said[i] = said[i] == '\t' || !said[i] ? ' ' : said[i];
    return said;
}

/* How many bytes of AT go into a half of the screen. (No letter of UTF-8 is
 * torn; and a long line is not measured to its end each time.) */
static size_t part(const char *at) {
    size_t n = fit(text("%.60s", at), 38);

    while (n > 30 && (at[n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* Print two texts side by side, 38 columns each; longer lines go on below. */
static void beside(const char *left, const char *right) {
    while (*left || *right) {
        size_t l = part(left), r = part(right);
        printf("%-38s |%s%s\n", shown(text("%.*s", (int)l, left)),
               r ? " " : "", shown(text("%.*s", (int)r, right)));
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
    static struct half half[2];
    const char *name = isolations[row].name;
    bits without = partners(row, BIT(USER)), with = without | BIT(row);

    /* Nothing is said: the row's own probe, by a shell. */
    probe[2] = (char *)isolations[row].probe;
    char **words = c->argv ? c->argv : probe + 2;
    int input = c->argv ? keep_input() : -1;
    c->argv = c->argv ? c->argv : probe;
    for (int i = 0; i < 2; i++) {
        half[i].row = row;
        half[i].input = input;
        run_half(&half[i], c, i ? with : without);
    }
    printf("$");
    for (; *words; words++)
        printf(" %s", shown(*words));
    printf("\n\n");
    beside(text("without %s: --only %s", name, list_rows(without)),
           text("with %s: --only %s", name, list_rows(with)));
    beside("--------------------------------------",
           "--------------------------------------");
    /* First what the command saw, then what became of the world around it. */
    beside(all_said(half[0].said), all_said(half[1].said));
    beside(text("exit status %d", half[0].out->status),
           text("exit status %d", half[1].out->status));
    printf("\nThe row %s of the lab around it:\n", name);
    beside(became(half[0].out), became(half[1].out));
    return flushed(0);
}

/* compare [ROW] [-- COMMAND]. */
static int cmd_compare(int argc, char **argv) {
    struct request r = { .only = false };

    become_a_copy(argv);
    int row = argc > 1 && argv[1][0] != '-' ? need_row(argv[1]) : -1;
    preset(&r.c);
    int first = parse_options(&r, argc, argv, row < 0 ? 1 : 2);
    r.c.argv = argv[first] ? argv + first : NULL;
    if (row >= 0) {
        only_these(&r, 'c', "compare ROW");
        r.c.rows = partners(row, BIT(USER)) | BIT(row);
        if (row == LIMITS && !limited(&r.c)) /* something to be seen */
            r.c.limit[PIDS] = "64";
        check_options(&r);
        return compare_row(&r.c, row);
    }
    /* Without a row there is nothing to run a command with and without. */
    if (r.c.argv)
        refuse("compare wants a ROW before a command\n"
               "  try:    minicontainer compare uts -- %s", shown(r.c.argv[0]));
    settle(&r);
    return compare_all(&r.c);
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
 * cause that can be named and mostly a cure of one line (`cures`); ten minutes
 * of searching are the price of not naming it.
 */

/* What is tried: rows, or the lab; a limit, for row limits; and as whom. */
struct try { bits rows; bool lab; int limit; bool nobody; };

/* What runs in the place of a command: if this is reached, all has worked. */
static int do_nothing(void *with) {
    (void)with;
    return 0;
}

/* In the child: stderr goes to MEMORY; as nobody, if it is asked. In a session
 * without a terminal, and without the caller's environment: somebody else may
 * run as nobody, too, and look into us. */
__attribute__((noreturn))
static void attempt(const struct try *t, int memory) {
    static const char *const some[LIMIT_COUNT] = { "64M", "0.5", "100" };
    int null = TRY(open("/dev/null", O_RDWR | O_CLOEXEC));
    struct container c;

    for (int fd = 0; fd <= 2; fd++)
        TRY(dup2(fd == 2 ? memory : null, fd));
    TRY(chdir("/"));
    TRY(setsid());
    forget_environment();
    if (t->nobody) {
        TRY(setgroups(0, NULL));
        TRY(setresgid(65534, 65534, 65534));
        TRY(setresuid(65534, 65534, 65534));
        /* Or our own files in /proc would be root's. prctl(2) */
        TRY(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
    }
    /* From here on it is what cmd_run() and cmd_lab() do. */
    preset(&c);
    c.rows = completed(t->rows);
    choose_init(&c, t->rows != ALL_ROWS);
    if (t->lab) {
        preset_lab(&c); /* and what become_a_copy() needs for it */
        TRY_BUT(EINVAL, memfd_create("minicontainer", MAY_RUN));
    }
    if (t->rows == BIT(LIMITS))
        c.limit[t->limit] = some[t->limit];
    c.instead = do_nothing;
    _exit(parent_side(&c));
}

/* Try it, in a child that ends with it: nothing of the attempt, its user, its
 * directory, its namespaces, is left with us. Returns what it said; "": it
 * works. */
static const char *try_it(const struct try *t) {
    int memory = TRY(memfd_create("said", MFD_CLOEXEC)), status = 0;

    fflush(stdout);
    pid_t child = TRY(fork());
    if (child == 0)
        attempt(t, memory);
    TRY(waitpid(child, &status, 0));
    const char *said = read_all(memory);
    close(memory);
    return status == 0 ? "" : *said ? said : "minicontainer: it was killed";
}

/* The rest of the first line with WORD that is no note; "" if there is none. */
static const char *line_after(const char *said, const char *word) {
    const char *at = strstr(said, word);

    while (at && strncmp(at + strlen(word), "note: ", 6) == 0)
        at = strstr(at + 1, word);
    at = at ? at + strlen(word) : "";
    return strndup(at, strcspn(at, "\n"));
}

/* What came of it: for whom a feature is; and if not for all, why, and what to
 * do. If we are no root, we can only say what an ordinary user has. */
enum { MISSING, FOR_ROOT, FOR_ALL };
struct diagnosis { int verdict; const char *cause, *cure; };
static struct diagnosis diagnose(bits rows, bool lab, int limit) {
    bool root = has_cap(CAP_SETUID) && knows_ids(slurp(OWN_MAP), 65534, 1);
    struct try t = { rows, lab, limit, root };
    const char *said = try_it(&t), *cause = line_after(said, "  cause:  ");
    struct diagnosis d = { *said ? MISSING : FOR_ALL, cause,
                           line_after(said, "  cure:   ") };

    if (!*cause) /* then the message itself */
        d.cause = line_after(said, "minicontainer: ");
    t.nobody = false;
    if (*said && root && !*try_it(&t))
        d.verdict = FOR_ROOT;
    /* Root needs no user namespace, except for row user itself. */
    t.rows &= ~BIT(USER);
    if (*said && root && t.rows && !*try_it(&t))
        d.verdict = FOR_ROOT;
    return d;
}

/* For people, or PLAIN, by tabs. The same cause is not said twice in a row.
 * Returns the verdict. */
static int print_diagnosis(const char *name, const struct diagnosis *d,
                           const char *but, bool plain) {
    static const char *const words[] = { "missing", "works only as root",
                                         "works" };
    static const char *last = "";
    bool news = *d->cause && strcmp(last, d->cause) != 0;

    if (plain) {
        printf("%s\t%s\t%s\t%s\n", name, d->verdict == FOR_ROOT ? "root"
               : words[d->verdict], d->cause, d->cure);
        return d->verdict;
    }
    printf("%-12s %s%s\n", name, words[d->verdict], but);
    if (news)
        printf("%13scause: %s\n", "", d->cause);
    if (news && *d->cure)
        printf("%13scure:  %s\n", "", d->cure);
    last = d->cause;
    return d->verdict;
}

/* Row limits is three: memory and pids are often delegated to a user, and cpu
 * is not. For programs limits is --pids-limit, and what is worse follows in a
 * row of its own. Returns for whom all three are. */
static int diagnose_limits(bool plain) {
    struct diagnosis d = diagnose(BIT(LIMITS), false, PIDS), worse = d;
    const char *but = "";

    for (int i = 0; i < PIDS; i++) {
        struct diagnosis other = diagnose(BIT(LIMITS), false, i);
        if (other.verdict >= d.verdict)
            continue;
        but = text("%s --%s", but, limits[i].option);
        worse = other;
    }
    if (plain)
        print_diagnosis("limits", &d, "", plain);
    else
        worse.verdict = d.verdict;
    if (!plain || *but)
        print_diagnosis(plain ? text("limits%s", but) : "limits", &worse,
                        *but ? text(", but not%s", but) : "", plain);
    return *but ? MISSING : d.verdict;
}

/* The programs that lessons run, and the package of Debian that has them. */
static const struct { const char *name, *package; } programs[] = {
    { "cc", "gcc" }, { "findmnt", "util-linux" }, { "hostname", "hostname" },
    { "ip", "iproute2" }, { "ipcs", "util-linux" }, { "ping", "iputils-ping" },
    { "ps", "procps" }, { "python3", "python3" },
};

/* Is there a program of that name, where a container looks for it? */
static bool is_program(const char *name) {
    char *save, *dirs = text("/usr/local/sbin /usr/local/bin /usr/sbin "
                             "/usr/bin /sbin /bin /run/current-system/sw/bin");
    char *dir = strtok_r(dirs, " ", &save);

    while (dir && access(text("%s/%s", dir, name), X_OK) < 0)
        dir = strtok_r(NULL, " ", &save);
    return dir;
}

/* A lesson says on its second line what it needs: <!-- needs: ip ping -->. Name
 * the programs among that which this machine lacks. */
static void name_programs(bool plain) {
    const char *fmt = plain ? "needs\t%.2s\t%s\t%s\n" : "Lesson %.2s needs %s, "
                      "which is not here (Debian's package %s)\n";
    struct dirent **list;
    int n = scandir(lessons_dir(), &list, NULL, alphasort);

    for (int i = 0; i < n; i++) {
        const char *name = list[i]->d_name;
        const char *needs = strstr(slurp(text("%s/%s/README.md", lessons_dir(),
                                              name)), "<!-- needs: ");
        for (size_t p = 0; needs && p < LENGTH(programs); p++) {
            const char *program = programs[p].name;
            if (is_among(needs, program) && !is_program(program))
                printf(fmt, name, program, programs[p].package);
        }
    }
}

/* doctor: exit 0 if a rootless container can be had. */
static int cmd_doctor(int argc, char **argv) {
    bool plain = porcelain(argc, argv);
    const char *lessons = "";
    int works[ROWS];

    /* A row with what it needs (see completed), and with user, from which an
     * ordinary user has the right; but two rows need no right at all. */
    for (int i = 0; i < ROWS; i++) {
        int row = by_chapter[i];
        struct diagnosis d;
        if (row != LIMITS)
            d = diagnose(BIT(row) & FREE ? BIT(row) : BIT(row) | BIT(USER),
                         false, 0);
        works[i] = row == LIMITS ? diagnose_limits(plain)
                   : print_diagnosis(isolations[row].name, &d, "", plain);
    }
    struct diagnosis all = diagnose(ALL_ROWS, false, 0);
    int rootless = print_diagnosis("rootless", &all, "", plain);
    all = diagnose(0, true, 0);
    int lab = print_diagnosis("lab", &all, "", plain);
    /* Lessons are held in the lab; but limits are set on the machine, on a
     * container of all rows. 00 and 01 belong to no row, and want both. */
    for (int i = 0; i < ROWS; i++)
        if (works[i] && (by_chapter[i] == LIMITS ? rootless : lab))
            lessons = text("%s,%02d", lessons,
                           isolations[by_chapter[i]].chapter);
    const char *none = plain || rootless || lab
        ? "none" : "none, as no container starts";
    printf(plain ? "lessons\t%s\n" : "\nLessons that work here: %s\n",
           rootless && lab ? text("00,01%s", lessons)
                           : *lessons ? lessons + 1 : none);
    name_programs(plain);
    return flushed(rootless == FOR_ALL ? 0 : 1);
}

/* =====================================================================
 * THE COMMANDS -- the first word, the help, and main
 * =====================================================================
 * commands[] is all that main() knows of them. Each screen of the help fits
 * 24 x 80, and begins with two examples; a test holds it against the tables.
 */

/* What run takes (and compare without a ROW), lab, exec: r, l, e. */
static const struct { const char *who, *line; } of_options[] = {
    { "r", "All on: uts,pid,mnt,proc,root,user,ipc,net,cgroup,time,caps,seccomp,limits" },
    { "r", "  --X turns X on, --no-X off, --X=host is --no-X" },
    { "r", "  --only LIST, --none            exactly these: user,uts; or none" },
    { "r", "  --hostname NAME                the host name (box)" },
    { "r", "  --image DIR                    this directory is the root" },
    { "r", "  -v, --volume SRC:DST[:ro]      show the machine's SRC as DST" },
    { "r", "  --read-only                    the root cannot be written" },
    { "re", "  -w, --workdir DIR              begin in this directory" },
    { "rle", "  -e, --env NAME=VALUE           add to the environment" },
    { "r", "  --map IN:OUT:COUNT             COUNT ids from IN are OUT's" },
    { "r", "  --init, --no-init              PID 1 is an init of ours, or the command" },
    { "r", "  --boottime SECONDS             the age of its clocks (0)" },
    { "r", "  --cap-add CAP, --cap-drop CAP  one right more, or less; or ALL" },
    { "r", "  --privileged, --no-mask        all rights; all of /proc" },
    { "r", "  --security-opt WORD            seccomp=unconfined ..." },
    { "rl", "  -m, --memory SIZE, --cpus N, --pids-limit N 50M, 0.5, 100" },
    { "rle", "  --explain, --step              tell why, call, proof; and wait" },
    { "r", "  -i, -t, --rm, --interactive, --tty: accepted, always so here" },
    { "r", "Status: the command's own; 125 ours, 126 not executable, 127 not found." },
};

static int cmd_version(int argc, char **argv) {
    (void)argc, (void)argv;
    puts("minicontainer 0.1");
    return flushed(0);
}

static int cmd_help(int argc, char **argv);
static const struct command {
    const char *name, *words, *what; /* a line of the help of all             */
    const char *example[2];
    char options;                    /* its letter in of_options; or none     */
    int (*run)(int argc, char **argv);
} commands[] = {
    { "run", "[OPTION]... [--] [COMMAND [ARG]...]", "start COMMAND in a container",
      { "run                           a shell in a container",
        "run --no-net -- ip -br addr   one isolation less" }, 'r', cmd_run },
    { "compare", "[ROW] [OPTION]... [-- COMMAND...]", "without and with",
      { "compare                       this machine and a container",
        "compare uts -- hostname oops  one row, in two labs" }, 'r', cmd_compare },
    { "lab", "[OPTION]... [COMMAND [ARG]...]", "a practice host: break it",
      { "lab                           root in it; exit resets it",
        "lab minicontainer run --none -- hostname oops" }, 'l', cmd_lab },
    { "exec", "[OPTION]... [PID | lab] [COMMAND...]", "a second window into it",
      { "exec lab                      a shell in another window's lab",
        "exec 4711 -- ps ax            its PID, or that of its `run`" }, 'e', cmd_exec },
    { "look", "[--porcelain]", "what this very process sees",
      { "look                          a row for each isolation",
        "look --porcelain              for programs, by tabs" }, 0, cmd_look },
    { "source", "[CHAPTER | FUNCTION]", "this program's own source",
      { "source uts                    a chapter, by its name or number",
        "source child_side             a function" }, 0, cmd_source },
    { "doctor", "[--porcelain]", "what this machine allows",
      { "doctor                        tries all; cause and cure",
        "doctor --porcelain            for programs, by tabs" }, 0, cmd_doctor },
    { "isolations", "[--porcelain]", "the table of isolations",
      { "isolations                    the table of them",
        "isolations --porcelain        for programs, by tabs" }, 0, cmd_isolations },
    /* Words that every program knows. */
    { "help", NULL, NULL, { NULL, NULL }, 0, cmd_help },
    { "--version", NULL, NULL, { NULL, NULL }, 0, cmd_version },
};

/* COMMAND --help. */
static int help_of(const struct command *c) {
    printf("Usage: minicontainer %s %s\n"
           "  minicontainer %s\n  minicontainer %s\n\n", c->name, c->words,
           c->example[0], c->example[1]);
    for (size_t i = 0; c->options && i < LENGTH(of_options); i++)
        if (strchr(of_options[i].who, c->options))
            puts(of_options[i].line);
    return flushed(0);
}

/* All commands on one screen. */
static int cmd_help(int argc, char **argv) {
    (void)argc, (void)argv;
    puts("Usage: minicontainer COMMAND ...\n"
         "  minicontainer run             a shell in a container\n"
         "  minicontainer compare         what it has of its own\n");
    for (const struct command *c = commands; c->words; c++)
        printf("  %-10s %-36s %s\n", c->name, c->words, c->what);
    puts("\nEach command has --help. It teaches; it is no security product.\n"
         "Lessons: lessons/README.md. The program: minicontainer source.");
    return flushed(0);
}

/* Before anything else, in the state that our caller has left us in. What they
 * ignore or block, hold_signals() sees to; their descriptors above 2 lead out,
 * and are closed where somebody inside could use them. */
static void sane_start(int argc, char **argv) {
    char *last = argv[argc - 1];

    /* 0, 1, 2 must be taken: or a pipe of ours could get such a number, and the
     * command would write into it. */
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            open("/dev/null", O_RDWR);
    umask(022); /* the modes that we write are the modes that we mean */
    /* Ignored, the kernel would reap for us. */
    TRY(signal(SIGCHLD, SIG_DFL) == SIG_ERR ? -1 : 0);
    /* The words of the command line lie behind each other in memory. */
    title.at = argv[0];
    title.size = (size_t)(last - argv[0]) + strlen(last) + 1;
    if (getuid() != geteuid())
        refuse("a container for you would be made with another user's rights\n"
               "  cause:  this file is setuid (or a program that is calls it)\n"
               "  cure:   chmod u-s %s", shown(argv[0]));
    /* Of a file that is setgid, has capabilities, or may not be read, the files
     * in our /proc are root's, and the map of a child could not be written. So:
     * the caller's group again, and the files ours. */
    TRY(setresgid(getgid(), getgid(), getgid()));
    TRY(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

/* Is WORD a wish for help? Everywhere the same two words. */
static bool is_help(const char *word) {
    return word && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0);
}

/* The first word is a command; the rest is the command's business. */
int main(int argc, char **argv) {
    const char *name = argc > 1 && !is_help(argv[1]) ? argv[1] : "help";
    const struct command *c = commands, *end = commands + LENGTH(commands);

    if (argc < 1)
        return OURS;
    sane_start(argc, argv);
    while (c < end && strcmp(c->name, name) != 0)
        c++;
    if (c == end)
        refuse("there is no command \"%s\"\n  try:    minicontainer --help",
               shown(name));
    bool help = c->words && argc > 2 && is_help(argv[2]);
    return help ? help_of(c) : c->run(argc - 1, argv + 1);
}
