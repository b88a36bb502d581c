/* bomb -- a fork bomb with a fuse: every process makes processes, which make processes.
 *
 * It runs in a container of minicontainer only, stops by itself at 400 processes, and all of
 * them end with the first. What it cannot do: go on for ever.
 *
 *     cc -static bomb.c -o bomb        (one file, needs no library)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST = 400 };

/* Seen by all of them. There are `alive`; `done` of them make no more. */
static struct { atomic_int alive, done, refused; } *all;

static void explode(void)
{
    /* A place is taken before the fork, so that there are never more than MOST. */
    while (!all->refused) {
        if (atomic_fetch_add(&all->alive, 1) >= MOST) {
            atomic_fetch_sub(&all->alive, 1);
            break;
        }
        if (fork() < 0) {
            all->refused = errno;
            atomic_fetch_sub(&all->alive, 1);
        }
        /* Parent and child go on here, both of them: that is the bomb. */
    }
    atomic_fetch_add(&all->done, 1);
}

int main(void)
{
    const char *where = getenv("container");
    int fuse[2];
    char c;

    if (!where || strcmp(where, "minicontainer") != 0) {
        fprintf(stderr, "bomb: only in a container of minicontainer\n");
        return 1;
    }
    all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED || pipe(fuse) < 0)
        return 1;
    all->alive = 1;
    pid_t first = getpid();
    explode();
    if (getpid() != first) {
        /* Wait for the end of the first: it closes the pipe by ending. */
        close(fuse[1]);
        return read(fuse[0], &c, 1) != 0;
    }
    for (int i = 0; i < 1000 && all->done < all->alive; i++)
        usleep(10000);
    printf("bomb: %d processes, then: %s\n", all->alive,
           all->refused ? strerror(all->refused) : "I stop by myself");
    return 0;
}
