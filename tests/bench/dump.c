/* dump.c -- what tests and the benchmark need of minicontainer.c: `dump filter` the instructions of
 * chapter 13 as the default container has them, and `dump masks` the paths of chapter 5 that this
 * machine has, as C for limit.c; `dump caps` names of capabilities, a line each; `dump calls` the
 * calls of denied[]: number, capability or -, errno, and "some" if an argument decides.
 */
#define main own_main
#include "../../minicontainer.c"
#undef main

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    struct container c = preset;
    struct stat st;

    c.rows = ALL_ROWS;
    if (strcmp(what, "filter") == 0) {
        int length = build_filter(&c)->length;
        for (const struct instruction *i = code; i < code + length; i++)
            printf("{ %u, %u, %u, %uu },\n", i->code, i->yes, i->no, i->k);
    } else if (strcmp(what, "masks") == 0) {
        for (size_t i = 0; i < LENGTH(masks); i++)
            for (const char *at = masks[i].names, *name; (name = next_word(&at));) {
                const char *path = text("%s/%s", masks[i].tree, name);
                if (stat(path, &st) == 0)
                    printf("{ \"%s\", %d, %d },\n", path + 1, masks[i].hidden, S_ISDIR(st.st_mode));
            }
    } else if (strcmp(what, "caps") == 0) {
        const char *names = cap_names(c.caps), *name;
        while ((name = next_word(&names)))
            puts(name);
    } else if (strcmp(what, "calls") == 0) {
        for (const struct denied *d = denied; d < denied + LENGTH(denied); d++)
            for (const int *call = d->calls; *call; call++)
                printf("%d\t%s\t%s\t%s\n", *call, d->cap < 0 ? "-" : capabilities[d->cap].name,
                       d->answer == FAIL(EPERM) ? "EPERM" : d->answer == FAIL(ENOSYS) ? "ENOSYS" : "0",
                       d->test == AT_LEAST ? "all" : "some");
    }
    return 0;
}
