/* calls.c -- what a process may do: its capabilities, and which system calls exist for it.
 *
 *   calls list            the calls that a filter must refuse: name, capability, errno, number
 *   calls all             each of them, and some that must stay open: name, answer
 *   calls tty             type into the terminal (TIOCSTI, TIOCLINUX), for real
 *   calls int80           getpid(2) by the door of 32-bit programs
 *   calls children        a thread, fork(3), posix_spawn(3)
 *   calls regain          try to get capabilities back: name, answer
 *   calls hold            say "ready", wait for ever
 *   calls filter PID      (root) run the newest filter of PID for the calls of the list and
 *                         for every number of every family: family, number, instructions
 *                         run, answer, name
 *
 * No call does anything: before it makes one, the probe puts a filter of its own on top,
 * which answers that call with SECCOMP_RET_TRACE. Without a tracer that is ENOSYS, and
 * the call is not made. But where two filters disagree the kernel takes the stricter
 * answer, and SECCOMP_RET_ERRNO is stricter: so ENOSYS means "nobody refused it", and
 * EPERM that another filter did. seccomp(2)
 *
 * libc only; static where that can be.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define HIGH (1L << 32) /* a bit that the kernel does not look at */

struct call {
    const char *name; /* of the call, then what is special: "ioctl TIOCSTI" */
    const char *cap;  /* which --cap-add opens it, - if none; NULL: open always */
    int err;
    long number, first, second;
};

#define NO(name, cap) { #name, cap, EPERM, SYS_##name, -1, -1 }
#define NO_NR(number, name, cap) { #name, cap, EPERM, number, -1, -1 }
#define OPEN(name) { #name, NULL, 0, SYS_##name, -1, -1 }

static const struct call calls[] = {
    NO(init_module, "SYS_MODULE"), NO(finit_module, "SYS_MODULE"),
    NO(delete_module, "SYS_MODULE"), NO(kexec_load, "SYS_BOOT"),
    NO(kexec_file_load, "SYS_BOOT"), NO(reboot, "SYS_BOOT"),
    NO(bpf, "BPF"), NO(perf_event_open, "PERFMON"), NO(userfaultfd, "SYS_PTRACE"),
    NO_NR(425, io_uring_setup, "-"), NO_NR(426, io_uring_enter, "-"),
    NO_NR(427, io_uring_register, "-"),
    NO(add_key, "-"), NO(request_key, "-"), NO(keyctl, "-"),
    NO(unshare, "SYS_ADMIN"), NO(setns, "SYS_ADMIN"),
    { "clone3", "SYS_ADMIN", ENOSYS, 435, 0, 0 },
    { "clone NEWNS", "SYS_ADMIN", EPERM, SYS_clone, CLONE_NEWNS, -1 },
    { "clone NEWUTS", "SYS_ADMIN", EPERM, SYS_clone, CLONE_NEWUTS, -1 },
    { "clone NEWIPC", "SYS_ADMIN", EPERM, SYS_clone, CLONE_NEWIPC, -1 },
    { "clone NEWUSER", "SYS_ADMIN", EPERM, SYS_clone, CLONE_NEWUSER, -1 },
    { "clone NEWPID", "SYS_ADMIN", EPERM, SYS_clone, CLONE_NEWPID, -1 },
    { "clone NEWNET", "SYS_ADMIN", EPERM, SYS_clone, CLONE_NEWNET, -1 },
    { "clone NEWCGROUP", "SYS_ADMIN", EPERM, SYS_clone, CLONE_NEWCGROUP, -1 },
    { "clone NEWUSER|SIGCHLD", "SYS_ADMIN", EPERM, SYS_clone, CLONE_NEWUSER | SIGCHLD, -1 },
    { "clone NEWUSER high", "SYS_ADMIN", EPERM, SYS_clone, CLONE_NEWUSER | HIGH, -1 },
    NO(mount, "SYS_ADMIN"), NO(umount2, "SYS_ADMIN"), NO(pivot_root, "SYS_ADMIN"),
    NO_NR(428, open_tree, "SYS_ADMIN"), NO_NR(429, move_mount, "SYS_ADMIN"),
    NO_NR(430, fsopen, "SYS_ADMIN"), NO_NR(431, fsconfig, "SYS_ADMIN"),
    NO_NR(432, fsmount, "SYS_ADMIN"), NO_NR(433, fspick, "SYS_ADMIN"),
    NO_NR(442, mount_setattr, "SYS_ADMIN"), NO_NR(467, open_tree_attr, "SYS_ADMIN"),
    NO(open_by_handle_at, "DAC_READ_SEARCH"),
    NO(swapon, "SYS_ADMIN"), NO(swapoff, "SYS_ADMIN"), NO(quotactl, "SYS_ADMIN"),
    NO_NR(443, quotactl_fd, "SYS_ADMIN"), NO(fanotify_init, "SYS_ADMIN"),
    NO(acct, "SYS_PACCT"), NO(settimeofday, "SYS_TIME"), NO(clock_settime, "SYS_TIME"),
    NO(adjtimex, "SYS_TIME"), NO(clock_adjtime, "SYS_TIME"), NO(syslog, "SYSLOG"),
    NO(sethostname, "SYS_ADMIN"), NO(setdomainname, "SYS_ADMIN"),
    NO(vhangup, "SYS_TTY_CONFIG"),
    { "ioctl TIOCSTI", "-", EPERM, SYS_ioctl, -1, 0x5412 },
    { "ioctl TIOCSTI high", "-", EPERM, SYS_ioctl, -1, 0x5412 | HIGH },
    { "ioctl TIOCSTI all high", "-", EPERM, SYS_ioctl, -1, 0x5412 | -HIGH },
    { "ioctl TIOCLINUX", "-", EPERM, SYS_ioctl, -1, 0x541c },
    { "ioctl TIOCLINUX high", "-", EPERM, SYS_ioctl, -1, 0x541c | HIGH },
    { "socket VSOCK", "-", EPERM, SYS_socket, 40, 1 },
    { "socket VSOCK high", "-", EPERM, SYS_socket, 40 | HIGH, 1 },
    { "personality NO_RANDOMIZE", "-", EPERM, SYS_personality, 0x40000, -1 },
    { "personality READ_IMPLIES_EXEC", "-", EPERM, SYS_personality, 0x400000, -1 },
    { "personality NO_RANDOMIZE|LINUX32", "-", EPERM, SYS_personality, 0x40008, -1 },
    { "personality NO_RANDOMIZE high", "-", EPERM, SYS_personality, 0x40000 | HIGH, -1 },
    { "socket ALG", "-", EPERM, SYS_socket, 38, 5 },
    { "socket ALG high", "-", EPERM, SYS_socket, 38 | HIGH, 5 },
    NO_NR(438, pidfd_getfd, "SYS_PTRACE"), NO_NR(440, process_madvise, "SYS_PTRACE"),
    NO_NR(450, set_mempolicy_home_node, "SYS_NICE"),
    NO_NR(460, lsm_set_self_attr, "SYS_ADMIN"), NO_NR(470, listns, "SYS_ADMIN"),
    NO(kcmp, "SYS_PTRACE"), NO(move_pages, "SYS_NICE"), NO(migrate_pages, "SYS_NICE"),
    NO(mbind, "SYS_NICE"), NO(set_mempolicy, "SYS_NICE"),
#ifdef __x86_64__
    NO(iopl, "SYS_RAWIO"), NO(ioperm, "SYS_RAWIO"), NO(modify_ldt, "-"),
    NO(lookup_dcookie, "SYS_ADMIN"),
#endif
    /* What must stay open. First the calls whose arguments decide. */
    { "clone SIGCHLD", NULL, 0, SYS_clone, SIGCHLD, -1 },
    { "clone THREAD", NULL, 0, SYS_clone, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
      CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID, -1 },
    { "clone VFORK", NULL, 0, SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, -1 },
    { "ioctl TCGETS", NULL, 0, SYS_ioctl, 0, 0x5401 },
    { "ioctl TIOCSWINSZ", NULL, 0, SYS_ioctl, 0, 0x5414 },
    { "ioctl neighbours", NULL, 0, SYS_ioctl, 0, 0x5411 },
    { "ioctl FIONREAD", NULL, 0, SYS_ioctl, 0, 0x541b },
    { "ioctl fd of that number", NULL, 0, SYS_ioctl, 0x5412, 0x5401 },
    { "socket UNIX", NULL, 0, SYS_socket, 1, 1 }, { "socket INET", NULL, 0, SYS_socket, 2, 1 },
    { "socket INET6", NULL, 0, SYS_socket, 10, 1 },
    { "socket NETLINK", NULL, 0, SYS_socket, 16, 3 },
    { "personality 0", NULL, 0, SYS_personality, 0, -1 },
    { "personality LINUX32", NULL, 0, SYS_personality, 8, -1 },
    { "personality question", NULL, 0, SYS_personality, 0xffffffff, -1 },
    OPEN(read), OPEN(write), OPEN(openat), OPEN(close), OPEN(mmap), OPEN(mprotect), OPEN(execve),
    OPEN(ptrace), OPEN(chroot), OPEN(mknodat), OPEN(fchownat), OPEN(prctl), OPEN(seccomp),
    OPEN(capset), OPEN(kill), OPEN(futex), OPEN(getpid), OPEN(setuid), OPEN(bind), OPEN(sendmsg),
    OPEN(shmget), OPEN(msgget), OPEN(mq_open), OPEN(name_to_handle_at), OPEN(clock_gettime),
    OPEN(get_mempolicy), OPEN(uname), OPEN(umask), OPEN(sync), OPEN(inotify_init1),
};

static const char *name_of(int err)
{
    static char number[16];

    switch (err) {
    case 0: return "ok";
    case EPERM: return "EPERM";
    case ENOSYS: return "ENOSYS";
    case EINVAL: return "EINVAL";
    case EIO: return "EIO";
    case ENOTTY: return "ENOTTY";
    }
    snprintf(number, sizeof number, "%d", err);
    return number;
}

/* From now on call NUMBER of this process is not made, and tells who else forbids it. */
static void tripwire(long number)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = { sizeof code / sizeof *code, code };

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0) {
        perror("tripwire");
        _exit(99);
    }
}

/* In a process of its own, which the filter may end. The answer is its exit status. */
static void try_call(const struct call *c)
{
    int status, err;

    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        /* clone3 is refused with ENOSYS itself. So it is made, without a size: EINVAL. */
        if (c->err == ENOSYS) {
            syscall(c->number, NULL, 0);
            _exit(errno == ENOSYS ? ENOSYS : 0);
        }
        tripwire(c->number);
        errno = 0;
        syscall(c->number, c->first, c->second, -1L, -1L, -1L, -1L);
        _exit(errno == ENOSYS ? 0 : errno ? errno : 98);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        exit(99);
    err = WEXITSTATUS(status);
    if (WIFSIGNALED(status))
        printf("%s\tsignal %d\n", c->name, WTERMSIG(status));
    else
        printf("%s\t%s\n", c->name, err ? name_of(err) : "open");
}

/* The terminal on standard input is asked for real. Q is typed, or the answer is an errno. */
static void type_into_terminal(void)
{
    static const struct { const char *name; unsigned long request; } doors[] = {
        { "TIOCSTI", 0x5412 }, { "TIOCSTI high", 0x5412 | HIGH },
        { "TIOCLINUX", 0x541c }, { "TIOCLINUX high", 0x541c | HIGH },
    };

    for (size_t i = 0; i < sizeof doors / sizeof *doors; i++) {
        char letter = 'Q';
        errno = 0;
        syscall(SYS_ioctl, 0, doors[i].request, &letter);
        printf("%s\t%s\n", doors[i].name, name_of(errno));
    }
}

/* On x86-64 every program can ask as a 32-bit one does, where the kernel still listens. */
static void int80(void)
{
#ifdef __x86_64__
    long result = 20; /* getpid, of i386 */

    __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    printf("%s\n", result == getpid() ? "works" : "another answer");
#else
    printf("no such door\n");
#endif
}

static void *in_thread(void *arg)
{
    *(int *)arg = 1;
    return NULL;
}

/* libc asks for clone3(2) first, and must find its way without it. */
static void children(char *self)
{
    char *args[] = { self, "nothing", NULL };
    pthread_t thread;
    int ran = 0, status = -1;
    pid_t pid;

    bool ok = pthread_create(&thread, NULL, in_thread, &ran) == 0 &&
              pthread_join(thread, NULL) == 0 && ran;
    printf("thread %s\n", ok ? "ok" : "failed");
    fflush(stdout);
    if ((pid = fork()) == 0)
        _exit(7);
    ok = pid > 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7;
    printf("fork %s\n", ok ? "ok" : "failed");
    fflush(stdout);
    ok = posix_spawn(&pid, self, NULL, NULL, args, NULL) == 0 &&
         waitpid(pid, &status, 0) == pid && status == 0;
    printf("spawn %s\n", ok ? "ok" : "failed");
}

static void answer(const char *name, long result)
{
    printf("%s\t%s\n", name, name_of(result < 0 ? errno : 0));
}

/* What a program tries that wants its capabilities back. */
static void regain(void)
{
    struct { uint32_t version; int pid; } who = { 0x20080522, 0 };
    struct { uint32_t effective, permitted, inheritable; } set[2] = {
        { UINT32_MAX, UINT32_MAX, UINT32_MAX }, { 0x1ff, 0x1ff, 0x1ff } };

    answer("capset", syscall(SYS_capset, &who, set));
    answer("ambient", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21, 0, 0));
    answer("setresuid", setresuid(0, 0, 0));
    printf("bounding\t%d\n", prctl(PR_CAPBSET_READ, 21, 0, 0, 0));
}

/* ---------------------------------------------------------------- filters */

struct filter { int length; struct sock_filter code[4096]; };

/* Filter NUMBER of process PID (0: the newest), or false. ptrace(2) */
static bool get_filter(pid_t pid, long number, struct filter *f)
{
    long n = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, number, f->code);

    f->length = (int)n;
    return n > 0;
}

/* Run F for system call DATA, as the kernel would; *RUN: how many instructions. */
static uint32_t run_filter(const struct filter *f, const struct seccomp_data *data, int *run)
{
    uint32_t a = 0, word;

    for (int at = 0; at < f->length; at++) {
        const struct sock_filter *i = &f->code[at];
        ++*run;
        switch (i->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            if (i->k + 4 > sizeof *data)
                exit(98);
            memcpy(&word, (const char *)data + i->k, 4);
            a = word;
            break;
        case BPF_JMP | BPF_JA: at += (int)i->k; break;
        case BPF_JMP | BPF_JEQ | BPF_K: at += a == i->k ? i->jt : i->jf; break;
        case BPF_JMP | BPF_JGE | BPF_K: at += a >= i->k ? i->jt : i->jf; break;
        case BPF_JMP | BPF_JGT | BPF_K: at += a > i->k ? i->jt : i->jf; break;
        case BPF_JMP | BPF_JSET | BPF_K: at += a & i->k ? i->jt : i->jf; break;
        case BPF_ALU | BPF_AND | BPF_K: a &= i->k; break;
        case BPF_RET | BPF_K: return i->k;
        default:
            fprintf(stderr, "an instruction that this does not know: %#x\n", i->code);
            exit(98);
        }
    }
    fprintf(stderr, "the filter has no end\n");
    exit(98);
}

static void tell_number(const char *family, const struct filter *f, uint32_t arch, long number,
                        long first, long second, const char *name)
{
    struct seccomp_data data = { (int)number, arch, 0, { (uint64_t)first, (uint64_t)second } };
    int run = 0;
    uint32_t answer = run_filter(f, &data, &run);

    printf("%s\t%ld\t%d\t%s\t%s\n", family, number, run,
           answer == SECCOMP_RET_ALLOW                  ? "open"
           : answer == SECCOMP_RET_KILL_PROCESS         ? "kill"
           : (answer & 0xffff0000) == SECCOMP_RET_ERRNO ? name_of(answer & 0xffff)
                                                        : "another answer",
           name);
}

static void tell_filter(const struct filter *f)
{
#ifdef __x86_64__
    uint32_t own = AUDIT_ARCH_X86_64, other = AUDIT_ARCH_I386;
#else
    uint32_t own = AUDIT_ARCH_AARCH64, other = AUDIT_ARCH_ARM;
#endif
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        tell_number("call", f, own, calls[i].number, calls[i].first, calls[i].second,
                    calls[i].name);
    /* The arguments are such that no row of the table which looks at them fits. */
    for (long number = 0; number < 1024; number++)
        tell_number("own", f, own, number, 0, 0, "");
    for (long number = 0; number < 1024; number++)
        tell_number("x32", f, own, number | 0x40000000, 0, 0, "");
    for (long number = 0; number < 1024; number++)
        tell_number("other", f, other, number, 0, 0, "");
    tell_number("x32", f, own, -1, 0, 0, "");
}

/* Stop PID, fetch its filters, let it go on. */
static int filters_of(pid_t pid)
{
    static struct filter f;
    long n = 0;

    if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0 || ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0 ||
        waitpid(pid, NULL, __WALL) < 0) {
        perror("ptrace");
        return 1;
    }
    for (; get_filter(pid, n, &f); n++) {
        printf("filter\t%ld\t%d\n", n, f.length);
        if (n == 0)
            tell_filter(&f);
    }
    if (n == 0)
        perror("PTRACE_SECCOMP_GET_FILTER");
    ptrace(PTRACE_DETACH, pid, 0, 0);
    return n == 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    size_t n = sizeof calls / sizeof *calls;

    if (strcmp(what, "list") == 0) {
        for (size_t i = 0; i < n; i++)
            if (calls[i].cap)
                printf("%s\t%s\t%s\t%ld\n", calls[i].name, calls[i].cap, name_of(calls[i].err),
                       calls[i].number);
    } else if (strcmp(what, "all") == 0) {
        for (size_t i = 0; i < n; i++)
            try_call(&calls[i]);
    } else if (strcmp(what, "tty") == 0) {
        type_into_terminal();
    } else if (strcmp(what, "int80") == 0) {
        int80();
    } else if (strcmp(what, "children") == 0) {
        children(argv[0]);
    } else if (strcmp(what, "regain") == 0) {
        regain();
    } else if (strcmp(what, "hold") == 0) {
        printf("ready\n");
        fflush(stdout);
        pause();
    } else if (strcmp(what, "filter") == 0 && argc > 2) {
        return filters_of(atoi(argv[2]));
    } else if (strcmp(what, "nothing") != 0) {
        fprintf(stderr, "calls: see the top of calls.c\n");
        return 2;
    }
    return 0;
}
