/* solution.c -- a container runtime in ten steps: one way to do it, not the only one.
 *
 *     cc solution.c -o solution && NAME=box ROOT=DIR ./solution COMMAND [ARG]...
 * STEPS=N does the steps 1 to N only: so the tests see that each step needs its code. Read main(),
 * then inside(): its lines are in the kernel's order, not in the order of the steps.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The fourteen capabilities that Docker leaves to root. */
#define KEPT 0xa80425fbu

static int steps = 99;
static int on(int step) { return steps >= step; }

static void must(long result, const char *what)
{
    if (result >= 0)
        return;
    fprintf(stderr, "solution: %s: %s\n", what, strerror(errno));
    _exit(125);
}

static void put(const char *path, const char *format, unsigned number)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    must(fd, path);
    must(dprintf(fd, format, number), path);
    close(fd);
}

/* Step 6. One line, our own number: that is all an ordinary user may write. */
static void map_ids(unsigned uid, unsigned gid)
{
    put("/proc/self/uid_map", "0 %u 1", uid);
    put("/proc/self/setgroups", "deny", 0);
    put("/proc/self/gid_map", "0 %u 1", gid);
}

/* Step 7. */
static void lo_up(void)
{
    struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    must(fd, "socket");
    must(ioctl(fd, SIOCSIFFLAGS, &lo), "lo");
    close(fd);
}

/* Bonus. The lower directory is named by a descriptor: then a tmpfs for what is written may lie on
 * top of it, and no other directory is needed. The overlay is in "root/all". */
static void lay_layers(const char *root)
{
    char options[99];
    int lower = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

    must(lower, root);
    must(mount("tmpfs", root, "tmpfs", 0, "mode=755"), "tmpfs");
    must(chdir(root), root);
    must(mkdir("upper", 0755) | mkdir("work", 0755) | mkdir("all", 0755), "mkdir");
    snprintf(options, sizeof options, "lowerdir=/proc/self/fd/%d,upperdir=upper,workdir=work",
        lower);
    must(mount("overlay", "all", "overlay", 0, options), "overlay");
    must(chdir("all"), "all");
    close(lower);
}

/* Step 5. A new root must be a mount of its own. After the pivot the old root lies on top of the
 * new one; it is taken away, and so no name leads there; no descriptor does, either. */
static void own_root(const char *root)
{
    must(mount(root, root, NULL, MS_BIND | MS_REC, NULL), root);
    must(chdir(root), root);
    if (getenv("LAYERS"))
        lay_layers(root);
    must(mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "proc");
    must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    must(umount2(".", MNT_DETACH), "umount");
    must(chdir("/"), "/");
    must(syscall(SYS_close_range, 3u, ~0u, 0u), "close_range");
}

/* Step 8. */
static void clean_start(void)
{
    sigset_t none;

    clearenv();
    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
    setenv("HOME", "/", 1);
    must(syscall(SYS_close_range, 3u, ~0u, 0u), "close_range");
    umask(022);
    for (int sig = 1; sig < NSIG; sig++)
        signal(sig, SIG_DFL); /* not KILL and STOP, which refuse */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    must(chdir("/"), "/");
}

/* Step 9. The bounding set first: to drop from it is a right, too. Then what we hold ourselves. */
static void fewer_rights(void)
{
    unsigned header[] = { 0x20080522, 0 }; /* of <linux/capability.h>: version 3, ourselves */
    unsigned data[] = { KEPT, KEPT, 0, 0, 0, 0 };

    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
        if (cap > 31 || !(KEPT >> cap & 1))
            must(prctl(PR_CAPBSET_DROP, cap), "bounding set");
    must(syscall(SYS_capset, &header, data), "capset");
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

/* We are in the new namespaces, and nobody knows us yet. */
static void inside(char **command, const char *root, const char *name, unsigned uid, unsigned gid)
{
    struct rlimit processes = { 32, 32 };

    if (on(6))
        map_ids(uid, gid);
    if (on(3)) /* number 1 dies with us, and all others with number 1 */
        must(prctl(PR_SET_PDEATHSIG, SIGKILL), "PDEATHSIG");
    if (on(2))
        must(sethostname(name, strlen(name)), "sethostname");
    if (on(7))
        lo_up();
    if (on(4)) /* what is mounted from here on stays here */
        must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
    if (on(5))
        own_root(root);
    else if (on(4))
        must(mount("proc", "/proc", "proc", 0, NULL), "proc");
    if (on(8))
        clean_start();
    if (on(10)) /* counts this user's processes in this user namespace: Linux 5.14 */
        must(setrlimit(RLIMIT_NPROC, &processes), "setrlimit");
    if (on(9))
        fewer_rights();
    execvp(command[0], command);
    fprintf(stderr, "solution: %s: %s\n", command[0], strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

/* Step 1. All signals are blocked: they wait until we ask for the next one. */
static int status_of(pid_t child, const sigset_t *set)
{
    for (int status;;) {
        int sig = sigwaitinfo(set, NULL);

        if (sig > 0 && sig != SIGCHLD)
            kill(child, sig);
        if (sig == SIGCHLD && waitpid(child, &status, WNOHANG) == child)
            return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
}

int main(int argc, char **argv)
{
    char *root = getenv("ROOT"), *name = getenv("NAME"), *limit = getenv("STEPS");
    unsigned long flags = SIGCHLD;
    unsigned uid = getuid(), gid = getgid();
    sigset_t set, old;
    long child;

    if (limit)
        steps = atoi(limit);
    if (argc < 2 || !root || !name) {
        fprintf(stderr, "usage: NAME=NAME ROOT=DIR solution COMMAND [ARG]...\n");
        return 125;
    }
    flags |= (on(2) ? CLONE_NEWUTS : 0u) | (on(3) ? CLONE_NEWPID : 0u) |
        (on(4) ? CLONE_NEWNS : 0u) | (on(6) ? CLONE_NEWUSER : 0u) | (on(7) ? CLONE_NEWNET : 0u);
    signal(SIGCHLD, SIG_DFL); /* ignored, there would be no status */
    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, &old);
    child = syscall(SYS_clone, flags, NULL, NULL, NULL, NULL); /* fork(2), with flags */
    must(child, "clone");
    if (child == 0) {
        sigprocmask(SIG_SETMASK, &old, NULL);
        inside(argv + 1, root, name, uid, gid);
    }
    return status_of((pid_t)child, &set);
}
