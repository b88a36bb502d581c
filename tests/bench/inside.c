/* inside.c -- the command that every start of the benchmark runs: as little as can be.
 *
 *   true            nothing: the status is 0
 *   true hold       write one byte to stdout ("I am here"), then wait for ever
 *
 * It is linked statically, so that what is measured is the start, and not this program.
 */
#include <unistd.h>

int main(int argc, char **argv)
{
    (void)argv;
    if (argc == 1)
        return 0;
    if (write(1, ".", 1) != 1)
        return 1;
    for (;;)
        pause();
}
