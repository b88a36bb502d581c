/* dump.c -- what the benchmark needs of minicontainer.c: `dump filter` the instructions of chapter 13
 * as the default container has them, and `dump masks` the paths of chapter 5 that this machine has,
 * as C for limit.c; `dump caps` and `dump calls`, a name a line, for the configuration of other tools.
 */
#define main own_main
#include "../../minicontainer.c"
#undef main

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    struct container c;
    struct stat st;
    int rows, length;

    preset(&c);
    c.rows = ALL_ROWS;
    if (strcmp(what, "filter") == 0) {
        const struct filter *f = build_filter(&c, &rows, &length);
        for (const struct instruction *i = f->code; i < f->code + length; i++)
            printf("{ %u, %u, %u, %uu },\n", i->code, i->yes, i->no, i->k);
    } else if (strcmp(what, "masks") == 0) {
        for (size_t i = 0; i < LENGTH(masks); i++)
            if (stat(masks[i].path, &st) == 0)
                printf("{ \"%s\", %d, %d },\n", masks[i].path + 1, masks[i].hidden, S_ISDIR(st.st_mode));
    } else if (strcmp(what, "caps") == 0) {
        char *save, *name = strtok_r(text("%s", cap_names(c.caps)), " ", &save);
        for (; name; name = strtok_r(NULL, " ", &save))
            puts(name);
    } else if (strcmp(what, "calls") == 0) {
        /* Those that are refused whatever their arguments. */
        for (const struct denied *d = denied; d < denied + LENGTH(denied); d++)
            if (d->argument < 0 && d->err == EPERM)
                puts(d->name);
    }
    return 0;
}
