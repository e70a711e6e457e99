/*
 * command.h - one command from its words to its exit status.
 */
#ifndef WEFT_CLI_COMMAND_H
#define WEFT_CLI_COMMAND_H

/* The whole of `weft ...` but for `weft worker`. Gives the exit status. */
int weft_command_run(int argc, char **argv);

#endif
