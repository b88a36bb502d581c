/* probe.c -- a small program that the tests compile and run inside a container.
 *
 *   probe look [N]              one line: what this process is in, sees, and may
 *                               do; and how many of N forks come off
 *   probe hold [FILE]           write "ready" to FILE, then wait for ever
 *   probe sigwait FILE          fetch signals with sigwait(3), as inits do; tell
 *                               FILE; TERM ends it, with status 100 + 15
 *   probe busy FILE             for 300 ms all signals are blocked, as libc has it
 *                               during a fork; then hold
 *   probe daemon [FILE]         hold, after setsid(2) and two forks; deaf
 *                               to every signal that can be ignored
 *   probe stay [FILE]           like daemon, and the first process stays too
 *   probe strip UID [FILE]      change the user, forget the parent, then stay
 *   probe kill TRIES MOST_US COMMAND...
 *                               start COMMAND, kill -9 one of its processes at
 *                               some moment, and see what is left; TRIES times
 *   probe SIGNAL TRIES MOST_US COMMAND...
 *                               send SIGNAL (TERM, INT, HUP, QUIT) to COMMAND
 *                               itself; all of it must end
 *   probe reap SECONDS COMMAND...
 *                               run COMMAND; when it has ended, nothing that it
 *                               started may be alive
 *   probe tree PID              the live processes below PID, one a line: pid,
 *                               parent, state, group, foreground group of its
 *                               terminal, ticks of CPU time, name
 *   probe start HOW COMMAND...  become COMMAND with a bad inheritance: chld-ign,
 *                               chld-blocked, all-ign, all-blocked
 *
 * It needs nothing but libc, so that it can be linked statically and costs little to start.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void nap_us(long long us)
{
    struct timespec t = { us / 1000000, us % 1000000 * 1000 };

    nanosleep(&t, NULL);
}

/* ------------------------------------------------------------------ look */

static void show_id(const char *name, const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        printf("%s=none ", name);
    else
        printf("%s=%lu:%lu ", name, (unsigned long)st.st_dev, (unsigned long)st.st_ino);
}

/* A set of capabilities as the kernel answers for each: prctl(2). */
static unsigned long long caps_by(int what, int detail)
{
    unsigned long long set = 0;

    for (int cap = 0; cap < 64; cap++)
        if ((what == PR_CAP_AMBIENT ? prctl(what, detail, cap, 0, 0)
                                    : prctl(what, cap, 0, 0, 0)) == 1)
            set |= 1ull << cap;
    return set;
}

static const char *error_name(long result)
{
    return result >= 0 ? "0" : errno == EPERM ? "EPERM" : errno == ENOSYS ? "ENOSYS"
           : errno == EINVAL ? "EINVAL" : "other";
}

/* What this process may do. The filter shows in its mode and in two of its answers. */
static void look_rights(void)
{
    struct { unsigned version; int pid; } who = { 0x20080522, 0 };
    struct { unsigned effective, permitted, inheritable; } set[2] = { { 0, 0, 0 } };
    unsigned long long known = 0;

    syscall(SYS_capget, &who, set);
    for (int cap = 0; cap < 64 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        known |= 1ull << cap;
    printf("known=%llx bounding=%llx ambient=%llx ", known, caps_by(PR_CAPBSET_READ, 0),
           caps_by(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET));
    printf("effective=%llx permitted=%llx inheritable=%llx ",
           (unsigned long long)set[1].effective << 32 | set[0].effective,
           (unsigned long long)set[1].permitted << 32 | set[0].permitted,
           (unsigned long long)set[1].inheritable << 32 | set[0].inheritable);
    printf("nnp=%d seccomp=%d:", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
           prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
    printf("%s:", error_name(syscall(SYS_unshare, 0)));
    printf("%s ", error_name(syscall(435 /* clone3 */, NULL, 0)));
}

/* How many of MOST processes can be beside us? They end before we do. */
static int count_forks(int most)
{
    pid_t pids[256];
    int n = 0;

    while (n < most && n < 256 && (pids[n] = fork()) >= 0) {
        if (pids[n] == 0)
            for (;;)
                pause();
        n++;
    }
    for (int i = 0; i < n; i++)
        kill(pids[i], SIGKILL);
    for (int i = 0; i < n; i++)
        waitpid(pids[i], NULL, 0);
    return n;
}

static int look(int forks)
{
    static const char *const kinds[] = { "uts", "pid", "mnt", "user", "ipc", "net",
                                         "cgroup", "time" };
    char path[64], self[32] = "";

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i]);
        show_id(kinds[i], path);
    }
    show_id("root", "/");
    show_id("proc", "/proc");
    if (readlink("/proc/self", self, sizeof self - 1) < 0)
        strcpy(self, "none");
    /* self is our number as /proc has it, me as the kernel tells us. */
    printf("self=%s me=%d uid=%u ", self, getpid(), geteuid());
    look_rights();
    fflush(stdout); /* or a fork would print it again */
    printf("forks=%d\n", forks ? count_forks(forks) : 0);
    return 0;
}

/* ------------------------------------------------------------------ processes that stay */

static void say_to(const char *file, const char *text)
{
    int fd = file ? open(file, O_WRONLY | O_CREAT | O_APPEND, 0666) : -1;

    if (fd >= 0 && write(fd, text, strlen(text)) < 0)
        exit(1);
    if (fd >= 0)
        close(fd);
}

__attribute__((noreturn))
static void hold(const char *file)
{
    say_to(file, "ready\n");
    for (;;)
        pause();
}

__attribute__((noreturn))
static void busy(const char *file)
{
    sigset_t all, old;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    say_to(file, "blocked\n");
    usleep(300000);
    sigprocmask(SIG_SETMASK, &old, NULL);
    hold(file);
}

static int fetch_signals(const char *file)
{
    char text[32];
    sigset_t all;
    int sig;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    say_to(file, "ready\n");
    do {
        sigwait(&all, &sig);
        snprintf(text, sizeof text, "signal %d\n", sig);
        say_to(file, text);
    } while (sig != SIGTERM);
    return 100 + sig;
}

/* A daemon as the books have it. It ignores what it can. */
static int daemonize(const char *file)
{
    pid_t pid = fork();

    if (pid < 0)
        return 1;
    if (pid > 0)
        return 0;
    setsid();
    if (fork() != 0)
        _exit(0);
    for (int sig = 1; sig < NSIG; sig++)
        signal(sig, SIG_IGN);
    hold(file);
}

static int stay(const char *file)
{
    if (daemonize(file) != 0)
        return 1;
    for (;;)
        pause();
}

/* As a service does that begins as root: change the user, which clears the wish to die with the
 * parent. */
static int strip(unsigned uid, const char *file)
{
    if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0) {
        perror("strip");
        return 1;
    }
    prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
    return stay(file);
}

/* ------------------------------------------------------------------ what is left */

struct process { pid_t pid, parent, group, front; char state, name[20]; unsigned long ticks; };

static int all_processes(struct process *list, int size)
{
    char path[300], buf[600];
    int n = 0;
    DIR *dir = opendir("/proc");

    for (struct dirent *e; dir && n < size && (e = readdir(dir));) {
        if (!isdigit((unsigned char)e->d_name[0]))
            continue;
        snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t got = fd < 0 ? 0 : read(fd, buf, sizeof buf - 1);
        if (fd >= 0)
            close(fd);
        if (got <= 0)
            continue;
        buf[got] = '\0';
        char *open_bracket = strchr(buf, '('), *close_bracket = strrchr(buf, ')');
        if (!open_bracket || !close_bracket)
            continue;
        struct process *p = &list[n++];
        p->pid = atoi(buf);
        snprintf(p->name, sizeof p->name, "%.*s", (int)(close_bracket - open_bracket - 1),
                 open_bracket + 1);
        unsigned long user = 0, kernel = 0;
        sscanf(close_bracket, ") %c %d %d %*d %*d %d %*u %*u %*u %*u %*u %lu %lu", &p->state,
               &p->parent, &p->group, &p->front, &user, &kernel);
        p->ticks = user + kernel;
    }
    if (dir)
        closedir(dir);
    return n;
}

/* Those below ROOT that are alive, to LIST; by generations, so ROOT's children come first. We are
 * a subreaper: whatever has lost its parent is our child. */
static int descendants(pid_t root, struct process *list, int size)
{
    static struct process all[4096];
    int count = all_processes(all, 4096), n = 0;

    for (int i = -1; i < n; i++) {
        pid_t parent = i < 0 ? root : list[i].pid;
        for (int k = 0; k < count && n < size; k++)
            if (all[k].parent == parent && all[k].state != 'Z' && all[k].state != 'X')
                list[n++] = all[k];
    }
    return n;
}

static int tree(pid_t root)
{
    struct process list[64];
    int n = descendants(root, list, 64);

    for (int i = 0; i < n; i++)
        printf("%d %d %c %d %d %lu %s\n", list[i].pid, list[i].parent, list[i].state,
               list[i].group, list[i].front, list[i].ticks, list[i].name);
    return 0;
}

/* Wait until no descendant is left. 0, or -1 at the deadline. STATUS: of MAIN, if it came. */
static int wait_for_all(pid_t main_pid, int *status, long long deadline)
{
    int s;

    for (;;) {
        pid_t pid = waitpid(-1, &s, WNOHANG);
        if (pid == main_pid)
            *status = s;
        if (pid < 0)
            return 0; /* ECHILD: nobody */
        if (pid > 0)
            continue;
        if (now_us() > deadline)
            return -1;
        nap_us(300);
    }
}

/* Say who is left, and end them: a test must not leave them either. */
static void end_survivors(void)
{
    struct process list[64];
    int status, n = descendants(getpid(), list, 64);

    for (int i = 0; i < n; i++) {
        printf("  left: %d %s (state %c, parent %d)\n", list[i].pid, list[i].name,
               list[i].state, list[i].parent);
        kill(list[i].pid, SIGKILL);
    }
    while (waitpid(-1, &status, 0) > 0) {
        n = descendants(getpid(), list, 64);
        for (int i = 0; i < n; i++)
            kill(list[i].pid, SIGKILL);
    }
}

static pid_t start(char **argv)
{
    pid_t pid = fork();

    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        if (!getenv("PROBE_TALK")) {
            dup2(null, 1);
            dup2(null, 2);
        }
        setsid();
        execvp(argv[0], argv);
        _exit(127);
    }
    return pid;
}

static const char *place(const struct process *p, pid_t main_pid)
{
    return p->pid == main_pid      ? "supervisor"
           : p->parent == main_pid ? "child" : "grandchild";
}

/* One try. SIGKILL goes to number WHICH of those that are there, another signal to the first.
 * Prints who was hit. */
static int hit_one(int which, int sig, long long after_us, char **argv)
{
    struct process list[64];
    int status, n = 0;
    pid_t main_pid = start(argv);

    nap_us(after_us);
    n = descendants(getpid(), list, 64);
    const struct process *victim = n ? &list[sig == SIGKILL ? which % n : 0] : NULL;
    if (victim)
        kill(victim->pid, sig);
    printf("hit %s %s after %lld us, one of %d\n", victim ? place(victim, main_pid) : "nobody",
           victim ? victim->name : "", after_us, n);
    /* The death of the supervisor, or of its child (our init, or a command that is PID 1), must be
     * the end of all. That of the command, or of a process of its own, need not be: then it is
     * ended as a user would. */
    if (victim && victim->pid != main_pid && victim->parent != main_pid) {
        if (wait_for_all(main_pid, &status, now_us() + 5000) == 0)
            return 0;
        kill(main_pid, SIGTERM);
    }
    if (wait_for_all(main_pid, &status, now_us() + 30000000) == 0)
        return 0;
    printf("  alive thirty seconds later:\n");
    end_survivors();
    return 1;
}

/* The moments lie denser at the beginning: there the container comes to be. */
static int hit_many(int sig, int tries, long long most_us, char **argv)
{
    int left = 0;

    for (int i = 0; i < tries; i++) {
        double part = (double)i / tries;
        left += hit_one(i, sig, (long long)(part * part * (double)most_us), argv);
        fflush(stdout);
        if (left == 3) /* enough to see, and each costs its seconds */
            break;
    }
    printf("tries %d, left alive %d\n", tries, left);
    return left != 0;
}

static int signal_named(const char *name)
{
    static const struct { const char *name; int number; } names[] = {
        { "kill", SIGKILL }, { "TERM", SIGTERM }, { "INT", SIGINT }, { "HUP", SIGHUP },
        { "QUIT", SIGQUIT },
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i].name) == 0)
            return names[i].number;
    return 0;
}

static int reap(int seconds, char **argv)
{
    int status = -1;
    pid_t pid, main_pid;

    setenv("PROBE_TALK", "1", 1);
    main_pid = start(argv);
    while ((pid = waitpid(-1, &status, 0)) > 0 && pid != main_pid)
        continue;
    int rc = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (wait_for_all(main_pid, &status, now_us() + seconds * 1000000LL) == 0)
        return rc;
    printf("  alive %d s after the end of the command:\n", seconds);
    end_survivors();
    return 99;
}

/* ------------------------------------------------------------------ a bad inheritance */

static int start_badly(const char *how, char **argv)
{
    sigset_t set;
    int only_chld = strncmp(how, "chld", 4) == 0;

    sigemptyset(&set);
    for (int sig = 1; sig < NSIG; sig++) {
        if (only_chld && sig != SIGCHLD)
            continue;
        if (strstr(how, "ign"))
            signal(sig, SIG_IGN);
        sigaddset(&set, sig);
    }
    if (strstr(how, "blocked"))
        sigprocmask(SIG_BLOCK, &set, NULL);
    execvp(argv[0], argv);
    perror(argv[0]);
    return 127;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "look", *file = argc > 2 ? argv[2] : NULL;

    if (strcmp(what, "look") == 0)
        return look(file ? atoi(file) : 0);
    if (strcmp(what, "hold") == 0)
        hold(file);
    if (strcmp(what, "sigwait") == 0)
        return fetch_signals(file);
    if (strcmp(what, "busy") == 0)
        busy(file);
    if (strcmp(what, "daemon") == 0)
        return daemonize(file);
    if (strcmp(what, "stay") == 0)
        return stay(file);
    if (strcmp(what, "strip") == 0 && argc > 2)
        return strip((unsigned)atoi(argv[2]), argc > 3 ? argv[3] : NULL);
    if (strcmp(what, "tree") == 0 && argc > 2)
        return tree(atoi(argv[2]));
    if (strcmp(what, "start") == 0 && argc > 3)
        return start_badly(argv[2], argv + 3);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    if (signal_named(what) && argc > 4)
        return hit_many(signal_named(what), atoi(argv[2]), atoll(argv[3]), argv + 4);
    if (strcmp(what, "reap") == 0 && argc > 3)
        return reap(atoi(argv[2]), argv + 3);
    fprintf(stderr, "probe: how? see the head of probe.c\n");
    return 2;
}
