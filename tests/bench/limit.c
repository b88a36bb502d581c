/* limit.c -- how fast could it be? The system calls of `minicontainer run --image DIR -- COMMAND`,
 * one after the other, and nothing else: no options, no checks, no texts, no table.
 *
 *   limit DIR COMMAND...        the time that minicontainer takes more is for checks and for words
 *
 * It is no container for anybody: what fails is only counted, and the status is 125. bench.bash makes
 * filter.h (the instructions of chapter 13) and masks.h (the paths of chapter 5) out of
 * minicontainer.c, so that both programs give the kernel the same work.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct { uint16_t code; uint8_t yes, no; uint32_t k; } filter[] = {
#include "filter.h"
};
static const struct { const char *path; int hidden, directory; } masks[] = {
#include "masks.h"
};
static const uint64_t kept = UINT64_C(0xa80425fb); /* Docker's fourteen */

static int failed, life[2], news[2], root;
static uint64_t all_signals = ~UINT64_C(0), before;
extern char **environ;
#define DO(call) (failed += (call) < 0)

static void put(const char *path, const char *line)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    DO(write(fd, line, strlen(line)));
    close(fd);
}

/* mount_setattr(2): read-only 1, nosuid 2, nodev 4. AT_EMPTY_PATH 0x1000, AT_RECURSIVE 0x8000 */
static void restrict_to(int at, const char *path, unsigned flags, uint64_t set)
{
    struct { uint64_t set, clear, propagation, fd; } attr = { set, 0, 0, 0 };

    DO(syscall(442, at, path, flags, &attr, sizeof attr));
}

/* fsopen, fsconfig, fsmount; openat2 (in the root, no symbolic links), move_mount; and stand in it. */
static void mount_at(const char *type, unsigned attr, const char *const options[][2], const char *path)
{
    struct { uint64_t flags, mode, resolve; } how = { O_PATH | O_CLOEXEC, 0, 0x14 };
    int fs = (int)syscall(430, type, 1);

    for (; options && (*options)[0]; options++)
        DO(syscall(431, fs, 1, (*options)[0], (*options)[1], 0));
    DO(syscall(431, fs, 6, NULL, NULL, 0));
    int fd = (int)syscall(432, fs, 1, attr), at = (int)syscall(437, root, path, &how, sizeof how);
    DO(syscall(429, fd, "", at, "", 0x44));
    DO(fchdir(fd));
    close(fs);
    close(fd);
    close(at);
}

static void show_again(const char *from, const char *name)
{
    DO(mount(from, name, NULL, MS_BIND | MS_REC, NULL));
    restrict_to(AT_FDCWD, name, 0x8000, 1);
}

static void own_clocks(void)
{
    struct timespec t;
    char line[40];

    DO(unshare(0x80));
    clock_gettime(CLOCK_MONOTONIC, &t);
    snprintf(line, sizeof line, "monotonic -%lld 0", (long long)t.tv_sec);
    put("/proc/self/timens_offsets", line);
    clock_gettime(CLOCK_BOOTTIME, &t);
    snprintf(line, sizeof line, "boottime -%lld 0", (long long)t.tv_sec);
    put("/proc/self/timens_offsets", line);
    int fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
    DO(setns(fd, 0x80));
    close(fd);
}

static void own_dev(void)
{
    static const char *const devices[] = { "null", "zero", "full", "random", "urandom", "tty" };
    static const char *const links[][2] = { { "/proc/self/fd", "fd" },
        { "/proc/self/fd/0", "stdin" }, { "/proc/self/fd/1", "stdout" },
        { "/proc/self/fd/2", "stderr" }, { "pts/ptmx", "ptmx" } };
    static const char *const tmpfs[][2] = { { "mode", "755" }, { "size", "64m" }, { NULL, NULL } };
    static const char *const devpts[][2] = { { "ptmxmode", "0666" }, { "mode", "0620" }, { NULL, NULL } };
    char path[32];

    mount_at("tmpfs", 14, tmpfs, "dev");
    for (int i = 0; i < 6; i++) {
        snprintf(path, sizeof path, "/dev/%s", devices[i]);
        DO(mknod(devices[i], S_IFREG | 0644, 0));
        show_again(path, devices[i]);
    }
    for (int i = 0; i < 5; i++)
        DO(symlink(links[i][0], links[i][1]));
    DO(mkdir("pts", 0755));
    DO(mkdir("mqueue", 0755));
    DO(mkdir("shm", 0755));
    DO(chmod("shm", 01777));
    mount_at("devpts", 10, devpts, "dev/pts");
    mount_at("mqueue", 14, NULL, "dev/mqueue");
}

/* We stand in TREE ("proc/", "sys/"). */
static void mask(const char *tree)
{
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        const char *name = masks[i].path + strlen(tree);
        if (strncmp(masks[i].path, tree, strlen(tree)) != 0)
            continue;
        if (!masks[i].hidden)
            show_again(name, name);
        else if (masks[i].directory)
            DO(mount("mask", name, "tmpfs", MS_RDONLY, "size=4k"));
        else
            show_again("/dev/null", name);
    }
}

static void own_proc(void)
{
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;
    struct { uint64_t flags, mode, resolve; } how = { O_PATH | O_CLOEXEC, 0, 0x14 };

    mount_at("proc", 14, NULL, "proc");
    put("sys/net/ipv4/ping_group_range", "0 0");
    mask("proc/");
    mount_at("sysfs", 15, NULL, "sys");
    mask("sys/");
    int at = (int)syscall(437, root, "sys/fs/cgroup", &how, sizeof how);
    DO(fchdir(at));
    mount("cgroup2", ".", "cgroup2", flags, NULL);
    close(at);
}

static void fewer_rights(void)
{
    struct { uint32_t version; int pid; } who = { 0x20080522, 0 };
    struct { uint32_t effective, permitted, inheritable; } set[2] = {
        { (uint32_t)kept, (uint32_t)kept, 0 }, { 0, 0, 0 } };
    struct { unsigned short length; const void *first; } program = {
        sizeof filter / sizeof *filter, filter };

    syscall(SYS_keyctl, 1, NULL);
    DO(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    for (int cap = 0; cap < 64; cap++)
        if (!(kept >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            break;
    DO(syscall(SYS_capset, &who, set));
    DO(syscall(SYS_seccomp, 1, 0, &program));
}

static void die_with_parent(void)
{
    struct pollfd gone = { .fd = life[0] };

    DO(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
    DO(-poll(&gone, 1, 0));
}

/* Wait for CHILD; OTHER is the pipe that is watched besides. */
static int supervise(pid_t child, int other)
{
    struct signalfd_siginfo s;
    int status, fd = (int)syscall(SYS_signalfd4, -1, &all_signals, 8, SFD_CLOEXEC);
    struct pollfd p[] = { { fd, POLLIN, 0 }, { other, POLLIN, 0 } };

    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) != child;) {
        if (pid < 0)
            return 125;
        poll(p, 2, -1);
        if (p[1].revents)
            p[1].fd = -1;
        if (p[0].revents)
            DO(read(fd, &s, sizeof s));
    }
    close(fd);
    return failed || !WIFEXITED(status) ? 125 : WEXITSTATUS(status);
}

/* PID 1; the command is its child. */
static void init(char **argv)
{
    char *environment[] = { "PATH=/bin", NULL };
    int turn[2];

    DO(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
    die_with_parent();
    DO(pipe2(turn, O_CLOEXEC));
    pid_t command = vfork();
    if (command == 0) {
        DO(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
        close(turn[1]);
        DO(setpgid(0, 0));
        DO(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, 8));
        DO(syscall(436, 3, ~0U, 0));
        if (!failed)
            execve(argv[0], argv, environment);
        _exit(125);
    }
    setpgid(command, command); /* EACCES: it was there first */
    DO(prctl(PR_SET_NAME, "init", 0, 0, 0));
    DO(syscall(436, turn[0], ~0U, 0));
    _exit(supervise(command, life[0]));
}

static void child(const char *image, char **argv)
{
    struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
    char go[8];

    close(life[1]);
    close(news[0]);
    DO(read(life[0], go, sizeof go) - 1);
    die_with_parent();
    own_clocks();
    DO(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    root = (int)syscall(428, AT_FDCWD, image, 1 | O_CLOEXEC | 0x8000);
    DO(syscall(SYS_setresgid, 0, 0, 0));
    DO(syscall(SYS_setresuid, 0, 0, 0));
    syscall(SYS_setgroups, 0, NULL); /* refused after "deny" */
    die_with_parent();
    DO(sethostname("box", 3));
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    DO(ioctl(fd, SIOCSIFFLAGS, &lo));
    close(fd);
    DO(syscall(429, root, "", AT_FDCWD, "/tmp", 4));
    DO(fchdir(root));
    restrict_to(root, "", 0x9000, 4);
    own_dev();
    own_proc();
    DO(fchdir(root));
    DO(syscall(SYS_pivot_root, ".", "."));
    DO(umount2(".", MNT_DETACH));
    DO(chdir("/"));
    close(root);
    fewer_rights();
    init(argv);
}

static void write_maps(pid_t pid)
{
    char path[64], line[64];
    const char *const files[] = { "uid_map", "gid_map" };

    for (int i = 0; i < 2; i++) {
        if (geteuid() != 0 && i == 1) {
            snprintf(path, sizeof path, "/proc/%d/setgroups", pid);
            put(path, "deny");
        }
        snprintf(path, sizeof path, "/proc/%d/%s", pid, files[i]);
        if (geteuid() == 0)
            snprintf(line, sizeof line, "0 1879048192 65536");
        else
            snprintf(line, sizeof line, "0 %u 1", i ? getegid() : geteuid());
        put(path, line);
    }
}

/* Go on as a copy in memory that nobody can change. */
static void become_a_copy(char **argv)
{
    const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    if (fcntl(self, F_GET_SEALS) != seals) {
        int copy = memfd_create("limit", MFD_CLOEXEC | MFD_ALLOW_SEALING | 0x10);
        if (copy < 0) /* MFD_EXEC: of Linux 6.3 */
            copy = memfd_create("limit", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        while (sendfile(copy, self, NULL, 1 << 20) > 0)
            continue;
        DO(fcntl(copy, F_ADD_SEALS, seals));
        DO(fexecve(copy, argv, environ));
    }
    close(self);
}

int main(int argc, char **argv)
{
    struct { uint64_t flags, some[3], exit_signal, more[6]; } args = {
        .flags = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                 CLONE_NEWPID | CLONE_NEWNET, .exit_signal = SIGCHLD };

    if (argc < 3)
        return 125;
    become_a_copy(argv);
    DO(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all_signals, &before, 8));
    DO(pipe2(life, O_CLOEXEC));
    DO(pipe2(news, O_CLOEXEC));
    pid_t pid = (pid_t)syscall(435, &args, sizeof args);
    if (pid == 0)
        child(argv[1], argv + 2);
    DO(setpgid(pid, pid));
    write_maps(pid);
    DO(write(life[1], "12345678", 8));
    return supervise(pid, news[0]);
}
