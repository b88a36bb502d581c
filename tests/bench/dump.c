/* dump.c -- what limit.c needs of minicontainer.c, as C: `dump filter` the instructions of chapter 13
 * as the default container has them, `dump masks` the paths of chapter 5 that this machine has.
 */
#define main own_main
#include "../../minicontainer.c"
#undef main

int main(int argc, char **argv) {
    static struct filter f;
    struct container c;
    struct stat st;

    preset(&c);
    c.rows = ALL_ROWS;
    if (argc > 1 && strcmp(argv[1], "filter") == 0) {
        build_filter(&c, &f);
        for (int i = 0; i < f.length; i++)
            printf("{ %u, %u, %u, %uu },\n", f.code[i].code, f.code[i].yes, f.code[i].no, f.code[i].k);
        return 0;
    }
    for (size_t i = 0; i < LENGTH(masks); i++)
        if (stat(masks[i].path, &st) == 0)
            printf("{ \"%s\", %d, %d },\n", masks[i].path + 1, masks[i].hidden, S_ISDIR(st.st_mode));
    return 0;
}
