/* driver.c -- starts commands and measures; bench.bash makes tables of what it prints.
 *
 *   driver times ROUNDS IDLE_MS <ROWS
 *       Each line of ROWS is a command: its words, with tabs between them. A round is all of them in
 *       order and then all of them backwards (A B C C B A), so that no row always follows the same
 *       one and a machine that becomes slower hits all alike. A line for each round: for each row
 *       the microseconds from start to exit, the mean of its two. Before each start IDLE_MS of
 *       nothing: a processor that slept is slower. One round goes before, and is not counted.
 *       A line that begins with a word "after" is a command that follows each start of the row above
 *       it, and is not measured: what the row has made goes.
 *
 *   driver alive ROUNDS LOOKS COUNT... -- HOLD... -- COMMAND...
 *       For each COUNT (they must grow): starts HOLD until COUNT of them live, each of which writes
 *       a byte when it is there; then COMMAND, ROUNDS times (and twenty more before). A line for each COUNT:
 *       how many live, median microseconds of COMMAND, and kilobytes: used by all (what is not free,
 *       and no file's cache), kernel memory of all, our own, resident in the last HOLD. Memory is looked
 *       at twice a second until it stays the same, and no more than LOOKS times.
 *       At the end, and by any signal that ends it, all of them are ended. (No "--" in HOLD and
 *       COMMAND themselves.)
 *
 * stdin and stdout of what is started are /dev/null; stderr is ours. When a command fails, the driver ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { MOST_ROWS = 100, MOST_WORDS = 60, MOST_ALIVE = 10000 };

static pid_t alive[MOST_ALIVE];
static int living;
static volatile sig_atomic_t told; /* the signal that ends us */

static void on_signal(int sig) { told = sig; }

/* Each holder is ended by its own number, and waited for. A supervisor that is killed ends its
 * container; that it has ended is known by the pipe that it held, see hold(). */
static void end_all(void)
{
    for (int i = 0; i < living; i++)
        kill(alive[i], SIGKILL);
    while (living > 0)
        waitpid(alive[--living], NULL, 0);
}

static void fail(const char *what, const char *name)
{
    fprintf(stderr, "driver: %s: %s\n", name, what);
    end_all();
    exit(1);
}

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Start a command; OUT is its stdout. posix_spawn(3) shares our memory with the child until it has
 * become the command, so that our own size costs nothing. */
static pid_t start(char **words, int out)
{
    static posix_spawn_file_actions_t actions;
    static posix_spawnattr_t attributes;
    sigset_t none;
    pid_t pid;

    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int err = posix_spawn(&pid, words[0], &actions, &attributes, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (err)
        fail(strerror(err), words[0]);
    return pid;
}

/* Microseconds from the start of a command to its exit. */
static double once(char **words, int null)
{
    double from = now_us();
    pid_t pid = start(words, null);
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            fail(strerror(errno), words[0]);
    double took = now_us() - from;
    if (told)
        fail("told to end", strsignal(told));
    if (status != 0) {
        for (int i = 0; words[i]; i++)
            fprintf(stderr, "%s ", words[i]);
        fail("failed", WIFEXITED(status) ? "the command" : "a signal: the command");
    }
    return took;
}

static void nap(int ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

    if (ms > 0)
        nanosleep(&t, NULL);
}

/* The words of LINE, cut at its tabs. */
static char **split(char *line)
{
    char **words = calloc(MOST_WORDS, sizeof *words);
    int n = 0;

    for (char *word = strtok(line, "\t\n"); word && n < MOST_WORDS - 1; word = strtok(NULL, "\t\n"))
        words[n++] = word;
    return words;
}

static void times(int rounds, int idle, int null)
{
    char **rows[MOST_ROWS], **behind[MOST_ROWS] = { NULL }, *line = NULL;
    double took[MOST_ROWS];
    size_t size = 0;
    int n = 0;

    while (n < MOST_ROWS && getline(&line, &size, stdin) > 0) {
        char **words = split(line);
        if (n > 0 && words[0] && strcmp(words[0], "after") == 0)
            behind[n - 1] = words + 1;
        else
            rows[n++] = words;
        line = NULL;
    }
    for (int round = -1; round < rounds; round++) {
        for (int i = 0; i < n; i++)
            took[i] = 0;
        for (int i = 0; i < 2 * n; i++) {
            int row = i < n ? i : 2 * n - 1 - i;
            nap(idle);
            took[row] += once(rows[row], null) / 2;
            if (behind[row])
                once(behind[row], null);
        }
        for (int i = 0; round >= 0 && i < n; i++)
            printf("%.1f%c", took[i], i == n - 1 ? '\n' : '\t');
        fflush(stdout);
    }
}

/* A number behind WORD, at the beginning of a line of a file of /proc; they are in kilobytes. */
static long field(const char *path, const char *word)
{
    FILE *f = fopen(path, "re");
    char line[256];
    long n = 0;

    if (!f)
        fail(strerror(errno), path);
    while (fgets(line, sizeof line, f))
        if (strncmp(line, word, strlen(word)) == 0)
            n = atol(line + strlen(word));
    fclose(f);
    return n;
}

/* Kilobytes of the machine: what is used and is no cache of a file; the kernel's part. */
static long used(void)
{
    const char *m = "/proc/meminfo";

    return field(m, "MemTotal:") - field(m, "MemFree:") - field(m, "Buffers:") - field(m, "Cached:") +
           field(m, "Shmem:");
}

static long own(void)
{
    const char *m = "/proc/meminfo";

    return field(m, "AnonPages:") + field(m, "Shmem:");
}

/* The kernel frees some things a while after they are gone: wait until the memory that is used stays
 * the same for a second. */
static long settled(int looks)
{
    long before = used(), now = before;

    for (int i = 0, quiet = 0; i < looks && quiet < 2; i++) {
        nap(500);
        now = used();
        quiet = labs(now - before) < 1024 ? quiet + 1 : 0;
        before = now;
    }
    return now;
}

/* One more that lives. Its stdout is the pipe READY: a byte means that the command runs. */
static void hold(char **words, const int ready[2])
{
    struct pollfd p = { .fd = ready[0], .events = POLLIN };
    char byte;

    alive[living] = start(words, ready[1]);
    living++;
    if (poll(&p, 1, 60000) != 1 || read(ready[0], &byte, 1) != 1 || told)
        fail(told ? "told to end" : "did not begin within a minute", words[0]);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(char **command, int rounds, int null)
{
    double *took = calloc((size_t)rounds, sizeof *took);

    /* (A machine that has waited is slow at first.) */
    for (int i = 0; i < 20; i++)
        once(command, null);
    for (int i = 0; i < rounds; i++)
        took[i] = once(command, null);
    qsort(took, (size_t)rounds, sizeof *took, by_size);
    double m = took[rounds / 2];
    free(took);
    return m;
}

static void measure_alive(int rounds, int looks, char **counts, char **holder, char **command, int null)
{
    char path[64], byte;
    int ready[2];

    if (pipe2(ready, O_CLOEXEC) < 0)
        fail(strerror(errno), "pipe");
    long used_before = settled(looks), own_before = own();
    for (; *counts; counts++) {
        while (living < atoi(*counts) && living < MOST_ALIVE)
            hold(holder, ready);
        long all = settled(looks) - used_before, ours = own() - own_before, resident = 0;
        if (living > 0) {
            snprintf(path, sizeof path, "/proc/%d/status", alive[living - 1]);
            resident = field(path, "VmRSS:");
        }
        printf("%d\t%.0f\t%ld\t%ld\t%ld\t%ld\n", living, median(command, rounds, null), all,
               all - ours, ours, resident);
        fflush(stdout);
    }
    /* The end of the pipe: the last process that held it has ended. */
    end_all();
    close(ready[1]);
    while (read(ready[0], &byte, 1) > 0)
        continue;
}

/* The words up to the next "--", which is cut off; NEXT is what follows. */
static char **part(char **words, char ***next)
{
    char **w = words;

    while (*w && strcmp(*w, "--") != 0)
        w++;
    *next = *w ? w + 1 : w;
    *w = NULL;
    return words;
}

int main(int argc, char **argv)
{
    struct sigaction on = { .sa_handler = on_signal };
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    char **counts, **holder, **command, **end;

    sigaction(SIGINT, &on, NULL);
    sigaction(SIGTERM, &on, NULL);
    sigaction(SIGHUP, &on, NULL);
    if (argc == 4 && strcmp(argv[1], "times") == 0) {
        times(atoi(argv[2]), atoi(argv[3]), null);
        return 0;
    }
    if (argc < 8 || strcmp(argv[1], "alive") != 0)
        fail("times ROUNDS IDLE_MS <ROWS, or alive ROUNDS LOOKS COUNT... -- HOLD... -- COMMAND...", "usage");
    counts = part(argv + 4, &holder);
    part(holder, &command);
    part(command, &end);
    measure_alive(atoi(argv[2]), atoi(argv[3]), counts, holder, command, null);
    return 0;
}
